"""Figures of the paper and of diagnostics. Each is a folder or a module with a function `figure`, which its stage names.

A user's settings of matplotlib have no part in them.

"""

import os
from pathlib import Path

# Before matplotlib is imported, which reads them once and refuses backends that it does not know, as notebooks hand them down.
os.environ["MPLBACKEND"] = "agg"
os.environ["MATPLOTLIBRC"] = str(Path(__file__).with_name("style.mplstyle"))
