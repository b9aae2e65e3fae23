"""Long work in chunks: several processes, a kill in between, and what is left after it."""

import multiprocessing
import os
import select
import signal
from pathlib import Path

import numpy as np
import pytest

from larvseg.datasets import chunks, extraction, listing
from larvseg.datasets import prepare as preparation
from larvseg.datasets.derive import derive
from larvseg.datasets.manifest import Manifest
from larvseg.errors import LarvSegError
from larvseg.files import sha256_of
from larvseg.lineage.inputs import watched
from larvseg.lineage.records import written
from tests.data import derive_config, prepare_config

OUTPUTS = {"manifest": Path("x.arrow"), "rejects": Path("x.csv")}


def counted(function, limit=None):
    """`function` that counts its calls and, after `limit` of them, kills the process that it runs in."""

    def call(*arguments):
        if call.count == limit:
            os.kill(os.getpid(), signal.SIGKILL)
        call.count += 1
        return function(*arguments)

    call.count = 0
    return call


def killed_after(limit, module, stage, *arguments) -> None:
    """Run a stage in a process that is killed when it has decoded `limit` images."""

    def run():
        module.decode_image = counted(module.decode_image, limit)
        stage(*arguments)

    process = multiprocessing.get_context("fork").Process(target=run)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


@pytest.mark.parametrize("dataset", ["C171", "WA150", "I21K"])
def test_same_bytes_for_any_number_of_processes(world, monkeypatch, dataset):
    monkeypatch.setattr(listing, "_CHUNK", 2)
    one = world.derive(dataset).path.read_bytes()
    two = world.derive(dataset, threads=2).path.read_bytes()
    assert one == two and len(Manifest(Path(f"{dataset}.arrow"))) > 1


def test_a_killed_derivation_goes_on_where_it_was(world, monkeypatch):
    inputs = world.archives("I21K")  # 2, 1, 3 and 2 images
    config = derive_config("I21K", drawn=False)
    whole = world.derive("I21K").path.read_bytes()
    killed_after(5, extraction, derive, config, inputs, OUTPUTS, Path("state"))
    assert not OUTPUTS["manifest"].exists()
    decode = counted(extraction.decode_image)
    monkeypatch.setattr(extraction, "decode_image", decode)
    derive(config, inputs, OUTPUTS, Path("state"))
    assert decode.count == 5  # two synsets with three images were finished
    assert OUTPUTS["manifest"].read_bytes() == whole


def test_an_empty_chunk_is_made_again(world):
    """What a machine leaves that loses power just after a file got its name."""
    inputs = world.archives("I21K")
    config = derive_config("I21K", drawn=False)
    derive(config, inputs, OUTPUTS, Path("state"))
    whole = OUTPUTS["manifest"].read_bytes()
    (folder,) = Path("state").iterdir()
    (folder / "chunk-000001.arrow").write_bytes(b"")
    derive(config, inputs, OUTPUTS, Path("state"))
    assert OUTPUTS["manifest"].read_bytes() == whole


def test_chunks_of_another_archive_are_not_used(world):
    world.derive("I21K")
    world.tars["n01983481"] = 1
    assert len(world.derive("I21K")) == 7


def test_a_killed_preparation_goes_on_where_it_was(world, monkeypatch):
    monkeypatch.setattr(listing, "_CHUNK", 1)
    world.add_to_full("ADE_train_00016900", "ADE_train_00016964")
    inputs, config = world.archives("A847"), prepare_config()
    preparation.prepare(config, inputs, {"archive": Path("whole.zip")}, Path("other"))
    killed_after(2, preparation, preparation.prepare, config, inputs, {"archive": Path("x.zip")}, Path("state"))
    decode = counted(preparation.decode_image)
    monkeypatch.setattr(preparation, "decode_image", decode)
    preparation.prepare(config.model_copy(update={"threads": 1}), inputs, {"archive": Path("x.zip")}, Path("state"))
    assert decode.count == 1
    assert Path("x.zip").read_bytes() == Path("whole.zip").read_bytes()


def test_a_chunk_of_an_input_that_was_changed_is_not_gone_on_from(world, monkeypatch):
    """The job that read it is killed before it can say so, and the input is put back."""
    monkeypatch.setattr(listing, "_CHUNK", 1)
    world.add_to_full("ADE_train_00016900", "ADE_train_00016964")
    inputs, config = world.archives("A847"), prepare_config()
    archive = next(iter(inputs.values()))
    preparation.prepare(config, inputs, {"archive": Path("whole.zip")}, Path("other"))
    sound, decode = archive.read_bytes(), preparation.decode_image

    def meddled(content, name):
        image = decode(content, name)
        archive.write_bytes(sound + b"!")  # after the first image
        return image

    with watched({str(archive): (sha256_of(archive), written(archive))}, "the test", Path("state")):
        monkeypatch.setattr(preparation, "decode_image", meddled)
        with pytest.raises(LarvSegError, match=f"^{archive} was changed while the test ran, so what that made of it is dropped"):
            preparation.prepare(config.model_copy(update={"threads": 1}), inputs, {"archive": Path("x.zip")}, Path("state"))
        assert not list(Path("state").glob("*/*"))
        archive.write_bytes(sound)
        monkeypatch.setattr(preparation, "decode_image", decode)
        preparation.prepare(config, inputs, {"archive": Path("x.zip")}, Path("state"))  # the same content again is no change
    assert Path("x.zip").read_bytes() == Path("whole.zip").read_bytes()


def test_results_come_in_the_order_of_the_jobs():
    jobs = [3, 1, 2, 5, 4]
    assert list(chunks.in_order(_square, jobs, 1)) == list(chunks.in_order(_square, jobs, 3)) == [9, 1, 4, 25, 16]


def test_jobs_are_asked_for_as_they_are_done():
    for threads, ahead in ((1, 1), (2, 2 * (1 + chunks._AHEAD))):
        asked = []
        results = chunks.in_order(_square, (asked.append(job) or job for job in range(40)), threads)
        assert [next(results) for _ in range(5)] == [0, 1, 4, 9, 16] and 5 <= len(asked) <= 5 + ahead
        assert list(results) == [job**2 for job in range(5, 40)]


def test_the_first_error_in_the_order_of_the_jobs_is_raised():
    for threads in (1, 2):
        with pytest.raises(LarvSegError, match="job 2"):
            list(chunks.in_order(_fail, [1, 2, 4, 6], threads))


def test_a_worker_that_is_killed_is_one_clear_error():
    with pytest.raises(LarvSegError, match="a worker process was killed.*what is finished is kept"):
        list(chunks.in_order(_die, [1, 2, 3], 2))


def test_workers_die_with_their_parent():
    alive, held = os.pipe()  # the reading end ends when all that hold the other end are dead
    started, starting = os.pipe()

    def parent():
        list(chunks.in_order(_wait, [starting, starting], 2))

    process = multiprocessing.get_context("fork").Process(target=parent)
    process.start()
    os.close(held)
    assert os.read(started, 1) + os.read(started, 1) == b".."
    process.kill()
    process.join()
    assert select.select([alive], [], [], 30)[0] and os.read(alive, 1) == b""


def _wait(starting: int) -> None:
    os.write(starting, b".")
    signal.pause()


def _square(number: int) -> int:
    return number * number


def _fail(number: int) -> int:
    if number % 2 == 0:
        raise LarvSegError(f"job {number}")
    return number


def _die(number: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_progress_counts_images(tmp_path, capsys):
    parts = [range(2), range(3)]
    for _ in range(2):
        found = list(chunks.finished(_write, parts, tmp_path, ".npy", Path.is_file, 1, "counting"))
    assert [np.load(path).tolist() for path in found] == [[0, 1], [0, 1, 2]]
    shown = capsys.readouterr().err
    assert "counting" in shown and "5/5" in shown and "image/s" in shown and "<" in shown  # rate, time left


def _write(part: range, path: Path) -> None:
    with open(path, "wb") as file:
        np.save(file, np.array(part))
