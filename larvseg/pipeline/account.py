"""An account that the machine has no name for, as `docker run --user` and clusters of containers give one."""

import getpass
import os


def name_account() -> None:
    """Give an account without a name its number for one, to this process and its children; Snakemake ends in a traceback without."""
    if not has_name():
        os.environ["USER"] = str(os.getuid())


def has_name() -> bool:
    try:
        return bool(getpass.getuser())
    except (KeyError, OSError):  # Python 3.13 says OSError
        return False
