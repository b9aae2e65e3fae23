"""LSeg (Li et al., Language-driven Semantic Segmentation, ICLR 2022), as the paper's authors reproduced it: a segmenter of C171 whose
classifier holds fixed embeddings of the class names; those of another vocabulary take their place for its classes.

Departures from LSeg itself, all of that reproduction: our backbone, training and cosine classifier (projections, LayerNorm over the
classes) instead of a DPT decoder and CLIP's fixed scale.
"""

from larvseg.methods.method import Method

METHOD = Method("larvseg.methods.lseg.predict:predictor", maker="train", knows_names=True, text="text")
