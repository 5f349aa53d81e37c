"""A leukocyte finder that learns: a small head on the feature maps of EfficientNet-Lite2."""
