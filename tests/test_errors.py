"""An error is one line, whatever a file has brought into it."""

import errno
import resource

import pyarrow as pa
import pytest
import torch
from PIL import Image

from larvseg.errors import LONGEST, LarvSegError, in_one_line, lacks_memory, reading
from larvseg.pictures.pictures import read
from larvseg.sources.encodings import UnreadableImage, decode_image
from larvseg.training.checkpoint import load_tensors, save_tensors
from larvseg.training.published import read_published


@pytest.mark.parametrize("kind", [LarvSegError, lambda text: UnreadableImage("a.jpg", text)])
@pytest.mark.parametrize("text", ["two\nlines", "\x1b[2Jgone", "a\rb", "\u202eback", "\u2028", "\ud800", "x" * 10**6])
def test_an_error_is_one_line_for_people(kind, text):
    said = str(kind(f"file.zip: {text}; fetch it again"))
    assert said.isprintable() and len(said) <= LONGEST + 3 and "fetch it again" in said


def test_a_plain_line_stays_as_it_is():
    assert in_one_line("my  file–ünïcode.csv: no such file") == "my  file–ünïcode.csv: no such file"


UNMAPPED = "No such device; its file system cannot map files into memory, so have the folder on another one"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("bad\nnumber"), "x.json: not JSON (bad number); delete it"),
        (KeyError("name"), "x.json: not JSON (no 'name'); delete it"),
        (RecursionError(), "x.json: not JSON (RecursionError); delete it"),
        (FileNotFoundError(), "x.json: no such file; make it"),
        (LarvSegError("of its own"), "of its own"),
        (OSError(errno.EMFILE, "Too many open files"), "x.json: Too many open files"),  # it says nothing of what is in the file
        (OSError(errno.EIO, "Input/output error", "y.bin"), "y.bin: Input/output error"),
        (OSError("Memory mapping file failed: No such device"), f"x.json: {UNMAPPED}"),  # Arrow
        (RuntimeError("I/O error: No such device (os error 19)"), f"x.json: {UNMAPPED}"),  # safetensors
        (OSError(errno.EINVAL, "Invalid argument"), "x.json: not JSON ([Errno 22] Invalid argument); delete it"),  # a place that it names
    ],
)
def test_whatever_goes_wrong_with_a_file_names_it(error, said):
    with pytest.raises(LarvSegError) as caught, reading("x.json", "JSON", "delete it", missing="make it"):
        raise error
    assert str(caught.value) == said


def test_a_checkpoint_that_the_system_does_not_open_is_not_called_missing(tmp_path):
    """safetensors says of each file that may not be read, or is one too many, that there is none."""
    path = tmp_path / "model.safetensors"
    save_tensors(path, {"weight": torch.zeros(1)}, {})
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        with pytest.raises(LarvSegError) as caught:
            load_tensors(path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert str(caught.value) == f"{path}: Too many open files"


def test_to_be_interrupted_is_no_fault_of_the_file():
    with pytest.raises(KeyboardInterrupt), reading("x.json", "JSON", "delete it"):
        raise KeyboardInterrupt


TOO_MUCH = 2**60


def of_numpy():
    return bytearray(TOO_MUCH)


def of_torch():
    return torch.empty(TOO_MUCH, dtype=torch.uint8)


def of_cuda():
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")


def of_a_thread():
    raise RuntimeError("can't start new thread")


def of_arrow():
    raise pa.ArrowException("Unknown error: Failed to launch worker thread: Resource temporarily unavailable")


def of_a_map():
    raise OSError("Memory mapping file failed: Cannot allocate memory")  # Arrow says it without its number


@pytest.mark.parametrize("asks", [of_numpy, of_torch, of_cuda, of_a_thread, of_arrow, of_a_map])
def test_want_of_memory_is_no_fault_of_the_file(asks):
    with pytest.raises(Exception) as caught, reading("x.json", "JSON", "delete it"):
        asks()
    assert lacks_memory(caught.value)


@pytest.mark.parametrize("file", ["a.png", "a.safetensors", "a.pth"])
def test_an_image_or_weights_for_which_there_is_no_memory_are_not_called_damaged(file, tmp_path, monkeypatch):
    """A derived data set leaves an image out that is called damaged."""

    def lacking(*arguments, **options):
        raise MemoryError

    path = tmp_path / file
    if file == "a.png":
        Image.new("RGB", (4, 4)).save(path)
    elif file == "a.pth":
        torch.save({"weight": torch.zeros(1)}, path)
    else:
        path.write_bytes(bytes(8) + b"{}")
    for name in ("PIL.Image.Image.convert", "PIL.ImageFile.ImageFile.load", "torch.load", "larvseg.training.published.load_file"):
        monkeypatch.setattr(name, lacking)
    reads = [lambda: decode_image(path.read_bytes(), file), lambda: read(path)] if file == "a.png" else [lambda: read_published(path)]
    for each in reads:
        with pytest.raises(MemoryError):
            each()
