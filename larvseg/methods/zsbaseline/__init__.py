"""ZSBaseline: propose masks, let the network and CLIP classify each, join both.

After Xu et al., A Simple Baseline for Open-Vocabulary Semantic Segmentation with Pre-trained Vision-Language Model, ECCV 2022. Departures:
the backbone is a plain vision transformer with a simple feature pyramid (Table 3 says ViT-B/16, the paper has ResNet-101c); all classes of
C171 are trained on; class names go through fixed prompts, none is learned; images are segmented window by window; unlabelled pixels count
neither for nor against a mask. λ and the threshold are those of the setting across data sets, where every class counts as unseen.
"""

from larvseg.methods.method import Method

METHOD = Method("larvseg.methods.zsbaseline.predict:predictor", maker="propose", knows_names=True, clip="crops", text="crops")
