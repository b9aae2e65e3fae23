"""What surrounds a rehearsal: the copy of the project, its environment, and the reading of Snakemake's output."""

from pathlib import Path

from larvseg.rehearsal.transcript import seconds_of, transcript_of
from larvseg.rehearsal.tree import PARTS, environment, lay_out

PROJECT = Path(__file__).parents[2]

OUTPUT = """Job stats:
total 3
localrule fetch_coco:
    output: data/rehearse/archives/train2017.zip
    jobid: 7
    benchmark: results/rehearse/benchmarks/fetch/coco.tsv
Finished jobid: 7 (Rule: fetch_coco)
1 of 3 steps (33%) done
localrule derive:
    jobid: 2
    benchmark: results/rehearse/benchmarks/derive/C171.tsv
localrule derive:
    jobid: 3
    benchmark: results/rehearse/benchmarks/derive/A150.tsv
Finished jobid: 3 (Rule: derive)
2 of 3 steps (67%) done
RuleException:
CalledProcessError in file "workflow/rules/datasets.smk", line 20:
Error in rule derive:
    jobid: 2
Logfile results/rehearse/logs/derive/C171.log:
================================================================================
error: train2017.zip: wrong checksum
localrule all:
    jobid: 0
Finished jobid: 0 (Rule: all)
"""


def test_the_transcript_tells_which_jobs_finished():
    transcript = transcript_of(OUTPUT.splitlines())
    assert transcript.finished == {
        "fetch_coco": ["results/rehearse/benchmarks/fetch/coco.tsv"],
        "derive": ["results/rehearse/benchmarks/derive/A150.tsv"],
        "all": [],
    }
    assert (transcript.done, transcript.steps, transcript.last) == (2, 3, "all")
    assert transcript.error == "train2017.zip: wrong checksum"


def test_the_transcript_tells_what_a_crash_said():
    lines = [
        "Traceback (most recent call last):",
        "AttributeError: no attribute 'a'",
        "WorkflowError:",
        "At least one job did not complete.",
    ]
    assert transcript_of(lines).error == "no attribute 'a'"


def test_seconds_of_a_benchmark(tmp_path):
    (tmp_path / "a.tsv").write_text("s\th:m:s\tmax_rss\n12.5\t0:00:12\t3\n")
    assert seconds_of(tmp_path / "a.tsv") == 12.5


def test_the_copy_has_all_parts_and_keeps_what_was_made_in_it(tmp_path):
    lay_out(PROJECT, tmp_path)
    assert all((tmp_path / part).exists() for part in PARTS)
    for file in ("larvseg/rehearsal/run.py", "workflow/config/experiments.yaml"):
        assert (tmp_path / file).read_bytes() == (PROJECT / file).read_bytes()
    (tmp_path / "larvseg/gone.py").touch()
    (tmp_path / "data/rehearse").mkdir()
    lay_out(PROJECT, tmp_path)
    assert not (tmp_path / "larvseg/gone.py").exists() and (tmp_path / "data/rehearse").exists()
    assert not (tmp_path / "data/incoming").exists() and not list(tmp_path.rglob("__pycache__"))


def test_the_environment_leads_nowhere_else(tmp_path, monkeypatch):
    monkeypatch.setenv("LARVSEG_MIRROR", "http://example.org")
    monkeypatch.setenv("HF_HUB_CACHE", "/somewhere")
    monkeypatch.setenv("http_proxy", "http://proxy.example.org:3128")
    found = environment(tmp_path)
    assert "LARVSEG_MIRROR" not in found and "HF_HUB_CACHE" not in found
    assert found["no_proxy"] == found["NO_PROXY"] == "127.0.0.1" and found["PYTHONPATH"] == str(tmp_path)
