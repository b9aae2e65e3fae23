"""Baseline: pixel labels of base categories, and image labels whose logits are averaged over the whole image (Section 3.2)."""

from larvseg.methods.method import Method

METHOD = Method("larvseg.training.segmenters:predictor", maker="train")
