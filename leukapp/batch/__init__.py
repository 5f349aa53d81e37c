"""A batch, image by image, resumable, in this process or on the nodes of a Ray cluster."""
