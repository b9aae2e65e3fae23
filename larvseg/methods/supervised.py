"""Supervised: the segmenter trained on pixel labels of the benchmark itself, the upper bound of Table 3."""

from larvseg.methods.method import Method

METHOD = Method("larvseg.training.segmenters:predictor", maker="train")
