"""ReCo: retrieve images of a class by its name, find what they have in common, and look for it (Shin et al., NeurIPS 2022).

Training-free: no annotation of any image is opened. Departures from the paper: CLIP sees images normalised by its own statistics,
not by ImageNet's; no dense CRF; whole images by sliding windows, not centre crops. The paper multiplies CLIP's cosines by 10; here it is
a tenth of the scale that CLIP was trained with, the same for OpenAI's weights. In the miniature the feature network is the pretrained
backbone, and the index are the drawn object images.
"""

from larvseg.methods.method import Method

METHOD = Method(
    "larvseg.methods.reco.predict:predictor",
    maker="retrieve",
    knows_names=True,
    clip="dense",
    text="dense",
    retrieval="retrieval",
    features=True,
)
