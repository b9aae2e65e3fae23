"""The methods that Table 3 compares with: DenseCLIP, ReCo, ZSBaseline, LSeg, OpenSeg, and the CLIP models they are built on."""
