"""Features of a frozen network, computed once for every image: a trained neck makes a segmenter of them."""
