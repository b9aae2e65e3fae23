"""Folders of the Hugging Face Hub: hf://owner/name, or hf://owner/name@revision."""

from __future__ import annotations

import re
from pathlib import Path

from larvseg.errors import LarvSegError
from larvseg.outside.checks import CONFIG_BYTES, MODEL_BYTES

SCHEME = "hf://"
FILES = {"config.json": CONFIG_BYTES, "model.safetensors": MODEL_BYTES}
FROZEN = "frozen.safetensors"  # of a neck: the network in front of it
_NAME = r"[A-Za-z0-9][\w.-]{0,95}"


def fetched(address: str) -> Path:
    """The folder in the Hub's cache with the files of `address`; what is there and unchanged is not fetched again.

    No other file of the repository is fetched, and no code of it is run.

    Raises:
        LarvSegError: no such address, no network, no package huggingface_hub, or a file that is larger than any model of this project.
    """
    match = re.fullmatch(rf"{SCHEME}({_NAME}/{_NAME})(?:@([\w./-]{{1,200}}))?", address)
    if not match:
        raise LarvSegError(f"{address}: expected {SCHEME}owner/name, or {SCHEME}owner/name@revision")
    repository, revision = match.groups()
    try:
        from huggingface_hub import errors
    except ImportError:
        raise LarvSegError(f"{address}: needs the package huggingface_hub: pip install huggingface_hub; or give a folder") from None
    try:
        folder = [_file(repository, name, revision, size) for name, size in FILES.items()][0].parent
        try:
            _file(repository, FROZEN, revision, MODEL_BYTES)
        except errors.EntryNotFoundError:
            pass  # only a neck has one; loading says so where it is wanted
    except errors.LocalEntryNotFoundError:
        raise LarvSegError(f"{address}: not fetched before, and the Hub cannot be reached; get its files and give their folder") from None
    except errors.EntryNotFoundError as error:
        raise LarvSegError(f"{address}: {_line(error)}; a run of this project has {' and '.join(FILES)}") from None
    except LarvSegError:
        raise
    except Exception as error:  # what is raised where a connection breaks depends on the client that huggingface_hub has
        raise LarvSegError(f"{address}: {_line(error)}; see whether the address is right, or give a folder") from None
    return folder


def _file(repository: str, name: str, revision: str | None, largest: int) -> Path:
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url
    from huggingface_hub.errors import HfHubHTTPError

    try:
        size = get_hf_file_metadata(hf_hub_url(repository, name, revision=revision)).size
    except HfHubHTTPError:  # the answer of the Hub
        raise
    except Exception:  # of the client, as above: without a network what was fetched before will do
        size = None
    if size is not None and size > largest:
        raise LarvSegError(f"{SCHEME}{repository}: {name} has {size} bytes, more than the {largest} that are read")
    return Path(hf_hub_download(repository, name, revision=revision))


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
