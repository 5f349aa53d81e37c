"""Safe decoding, enhancement, image quality and overlays: arrays in, arrays out."""
