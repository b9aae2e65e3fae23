"""CLIP: the models, their training, their dense features, and the text tables of class names."""
