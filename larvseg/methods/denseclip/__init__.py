"""DenseCLIP (Zhou et al., Extract Free Dense Labels from CLIP, ECCV 2022, as MaskCLIP): the class whose name is nearest to a cell.

Nothing is trained. Departures from the paper: windows slide as for every other method of the table, where it takes the whole image at
once; its optional refinements (key smoothing, prompt denoising) are off, as in the row that the table quotes.
"""

from larvseg.methods.method import Method

METHOD = Method("larvseg.methods.denseclip.predict:predictor", knows_names=True, clip="dense", text="dense")
