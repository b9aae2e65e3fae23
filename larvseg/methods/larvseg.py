"""LarvSeg: as Baseline, but image labels supervise where the category-wise attentive classifier finds the category (Section 3.3)."""

from larvseg.methods.method import Method

METHOD = Method("larvseg.training.segmenters:predictor", maker="train", attends=True)
