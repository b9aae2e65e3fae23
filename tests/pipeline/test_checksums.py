"""Snakemake gets the checksums that it would compute by itself, and reads a large file for them once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SNAKEFILE = """
from larvseg.files import sha256_of
from larvseg.lineage import records
from larvseg.pipeline.checksums import remember_checksums

def read(path):
    print(f"read {path}", flush=True)
    return sha256_of(path)

records.SMALL, records.sha256_of = 0, read  # every file counts as a large one
remember_checksums()

rule manifest:
    input: "archive.zip"
    output: "manifest.arrow", "rejects.csv"
    shell: "cp {input} {output[0]} && touch {output[1]}"
"""
NOTHING = "Nothing to be done"


@pytest.fixture
def snakemake(tmp_path):
    """A function that calls Snakemake on a rule of one archive and two outputs, and returns what it said."""
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    (tmp_path / "archive.zip").write_bytes(b"one")

    def call(*options: str) -> str:
        command = [sys.executable, "-m", "snakemake", "--cores", "1", *options, "manifest.arrow"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode == 0, done.stdout
        return done.stdout

    return call


def newer(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    after = path.with_name("manifest.arrow").stat().st_mtime + 5
    os.utime(path, (after, after))


def test_an_archive_is_read_once_until_it_is_edited(snakemake, tmp_path):
    assert snakemake().count("read archive.zip") == 1
    newer(tmp_path / "archive.zip", b"one")
    output = snakemake()
    assert NOTHING in output and output.count("read archive.zip") == 1
    assert "read archive" not in snakemake()
    newer(tmp_path / "archive.zip", b"two")
    snakemake()
    assert (tmp_path / "manifest.arrow").read_bytes() == b"two"


def test_what_snakemake_computed_by_itself_before_still_counts(snakemake, tmp_path):
    (tmp_path / "Snakefile").write_text(SNAKEFILE.replace("\nremember_checksums()", ""))
    assert "read archive" not in snakemake()
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    newer(tmp_path / "archive.zip", b"one")
    assert NOTHING in snakemake()


def test_what_is_larger_than_snakemake_should_read_is_not_read(snakemake, tmp_path):
    assert "read archive" not in snakemake("--max-checksum-file-size", "2")
