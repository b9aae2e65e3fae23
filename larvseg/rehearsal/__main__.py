"""`python -m larvseg.rehearsal [--resume]`."""

import sys

from larvseg.errors import LarvSegError
from larvseg.rehearsal import main

if __name__ == "__main__":
    try:
        main(resume="--resume" in sys.argv[1:])
    except LarvSegError as error:
        sys.exit(f"error: {error}")
