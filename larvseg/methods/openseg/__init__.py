"""An OpenSeg-style model: masks that know no classes, and regions grounded in captions.

After Ghiasi et al., Scaling Open-Vocabulary Image Segmentation with Image-Level Labels, ECCV 2022. OpenSeg's training code and weights are
not public, so the row of the paper's Table 3 is quoted in the profile `paper`; this is a small model in its spirit. Departures: a plain
vision transformer, not EfficientNet-B7; a text tower of CLIP, not of ALIGN; masks are learned from C171 alone, jointly with the captions,
and no teacher draws masks on the images with captions; queries and decoder are ZSBaseline's; each segment has a mask of its own, by
Hungarian matching, and the focal loss beside Dice (by Dice with the best of all masks alone, small networks end with masks of everything);
captions do not teach the masks; nouns are words that WordNet knows as nouns, found without a tagger.
"""

from larvseg.methods.method import Method

METHOD = Method("larvseg.methods.openseg.predict:predictor", maker="propose", knows_names=True, text="text")
