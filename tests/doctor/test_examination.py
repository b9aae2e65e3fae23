"""A healthy tree has no errors; each planted fault is found, with what mends it."""

import errno
import fcntl
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from larvseg.datasets.manifest import Manifest, write_manifest
from larvseg.datasets.rejects import KNOWN_BAD
from larvseg.doctor import Finding, datasets, examine, fix, leftovers, report
from larvseg.doctor.environment import usable_cores
from larvseg.doctor.vocabularies import checksums
from larvseg.files import host
from larvseg.lineage.recipes import Recipe
from larvseg.pipeline import Project
from larvseg.sources.archives import members
from tests.datasets.conftest import NARRATIVES, halves, png
from tests.doctor.conftest import ROOT, RUN

ARCHIVES, MANIFESTS = "data/tiny/archives", "data/tiny/manifests"


def only(findings: list[Finding], text: str) -> Finding:
    found = [finding for finding in findings if text in finding.what]
    assert len(found) == 1, report(findings)
    return found[0]


def dead_process() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_a_healthy_tree_has_no_errors(tree):
    findings = examine(tree.project, tree.folder, deep=True)
    assert [finding for finding in findings if finding.level == "error"] == []
    assert {finding.group for finding in findings} == {"environment", "vocabularies", "archives", "data sets", "leftovers"}
    assert [finding.what for finding in findings if finding.group == "leftovers"] == ["none"]
    read = {finding.where: finding.what for finding in findings if "read again" in finding.what}
    assert set(read) == set(tree.project.datasets)
    assert read["C171"] == "4 + 1 images of 171 classes; 5 read again, as the manifest says"
    assert read["LN"] == "3 images with captions; 3 read again, as the manifest says"


def test_a_fresh_clone_has_no_errors(tmp_path):
    findings = examine(Project("smoke", ROOT / "workflow/config"), tmp_path)
    assert [finding for finding in findings if finding.level == "error"] == []
    assert only(findings, "archives are drawn").what.startswith("0 of ")
    assert list(tmp_path.rglob("*")) == [], "looking changes nothing"


def test_looking_changes_nothing(tree):
    tree.path(f"{MANIFESTS}/.C171.arrow.{dead_process()}@{host()}.tmp").write_bytes(b"half")
    before = {path: path.stat().st_mtime_ns for path in tree.folder.rglob("*") if path.is_file()}
    examine(tree.project, tree.folder)
    assert {path: path.stat().st_mtime_ns for path in tree.folder.rglob("*") if path.is_file()} == before


# ---- environment


def test_packages_that_differ_from_the_pinned_ones(tree):
    (tree.folder / "constraints.txt").write_text("numpy==0.1  # too old\nsix==0.2\n# a comment\nnot-installed-anywhere==1.0\n")
    finding = only(tree.examine("environment"), "other versions")
    assert "numpy" in finding.what and "instead of 0.1" in finding.what and "six" in finding.what
    assert finding.level == "warning" and finding.mend.startswith("pip install -c constraints.txt")


def test_a_dependency_that_is_missing(tree, monkeypatch):
    monkeypatch.setattr("larvseg.doctor.environment.metadata.requires", lambda name: ["absent-package>=1", "x ; extra == 'dev'"])
    (tree.folder / "constraints.txt").write_text("Absent_Package==1.0\nx==1\n")
    finding = only(tree.examine("environment"), "not installed")
    assert finding.level == "error" and finding.what == "not installed: Absent_Package"


def test_commands_that_are_not_on_the_path(tree, monkeypatch):
    monkeypatch.setenv("PATH", str(tree.folder))
    finding = only(tree.examine("environment"), "not on the PATH: larvseg, snakemake, dvc")
    assert finding.level == "error" and str(Path(sys.executable).parent) in finding.mend


def test_an_account_without_a_name(tree, monkeypatch):
    assert "has no name" not in report(tree.examine("environment"))
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)
    finding = only(tree.examine("environment"), "this account has no name")
    assert (finding.level, finding.mend) == ("error", "export USER=$(id -u)")


def test_slurm_without_a_plugin_for_snakemake(tree, monkeypatch):
    versions = {}
    monkeypatch.setattr("larvseg.doctor.environment._version", versions.get)
    monkeypatch.setenv("PATH", str(tree.folder))
    assert not [finding for finding in tree.examine("environment") if "Slurm" in finding.what]
    (tree.folder / "sbatch").touch(mode=0o755)
    finding = only(tree.examine("environment"), "there is Slurm here")
    assert finding.level == "warning" and finding.mend == "pip install -c constraints.txt -e '.[slurm]'"
    versions["snakemake-executor-plugin-slurm"] = "2.8.0"
    assert not [finding for finding in tree.examine("environment") if "Slurm" in finding.what]


@pytest.mark.parametrize("value", ["many", "0", str(usable_cores() + 1)])
def test_threads_that_do_not_fit(tree, monkeypatch, value):
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert only(tree.examine("environment"), f"OMP_NUM_THREADS={value}").mend == "unset OMP_NUM_THREADS"


def test_a_cpu_without_avx2(tree, monkeypatch):
    monkeypatch.setattr("larvseg.doctor.environment.kernels.path", lambda kernels: "x86_64 without avx2")
    assert "differ in later decimals" in only(tree.examine("environment"), "CPU: x86_64 without avx2").what
    for path in ("avx2", "avx2 on AuthenticAMD", "native (avx2)", "aarch64"):
        monkeypatch.setattr("larvseg.doctor.environment.kernels.path", lambda kernels, path=path: path)
        assert [finding for finding in tree.examine("environment") if "CPU" in finding.what] == []


def changed(tree, **settings) -> Project:
    tree.project.profile = tree.project.profile.model_copy(update=settings)
    return tree.project


def test_more_threads_and_memory_than_there_are(tree):
    runtime = tree.project.profile.runtime.model_copy(update={"threads": 10_000})
    changed(tree, runtime=runtime, memory_mb=10**9)
    found = tree.examine("environment")
    assert only(found, "10000 threads").where == "workflow/config/tiny.yaml"
    assert "this machine has" in only(found, "asks for 1e+06 GB of memory").what


def test_too_little_disk(tree):
    sources = tree.project.registry.archives
    sources["wordnet.zip"] = sources["wordnet.zip"].model_copy(update={"gigabytes": 1e9})
    (tree.folder / ARCHIVES / "wordnet.zip").unlink()
    finding = only(tree.examine("environment"), "more are needed")
    assert finding.level == "error" and "larvseg plan --profile tiny" in finding.mend


def test_a_place_that_cannot_be_written_to(tree):
    (tree.folder / "data/tiny").rename(tree.folder / "data/moved")
    (tree.folder / "data/tiny").touch()
    finding = only(tree.examine("environment"), "cannot be written to")
    assert finding.level == "error" and finding.mend == f"chmod u+w {tree.folder}/data/tiny"


# ---- vocabularies


def test_the_published_lists_are_those_that_were_committed(tmp_path):
    assert [finding.level for finding in checksums(ROOT / "data/reference")] == ["ok"]
    listed = [line.split()[1] for line in (ROOT / "data/reference/SHA256SUMS").read_text().splitlines()]
    assert {path.relative_to(ROOT / "data/reference").as_posix() for path in (ROOT / "data/reference/published").iterdir()} <= set(listed)
    (tmp_path / "SHA256SUMS").write_text(f"{'0' * 64}  a.csv\n{'0' * 64}  b.csv\n")
    (tmp_path / "a.csv").write_text("changed\n")
    (finding,) = checksums(tmp_path)
    assert finding.level == "error" and finding.what == "missing or changed: a.csv, b.csv" and finding.mend == "git checkout data/reference"


# ---- archives


def test_a_missing_archive_that_is_open(tree):
    (tree.folder / ARCHIVES / "wordnet.zip").unlink()
    finding = only(tree.examine("archives"), "missing (0.0 GB)")
    assert (finding.level, finding.where, finding.mend) == ("warning", "wordnet.zip", "larvseg fetch wordnet.zip")


def test_a_missing_licence(tree):
    (tree.folder / ARCHIVES / "ADE20K_2021_17_01.zip").unlink()
    finding = only(tree.examine("archives"), "research only")
    assert finding.level == "error" and finding.where == "ADE20K_2021_17_01.zip"
    assert finding.mend == "ask for access at https://example.org/request, then put it at data/incoming/ADE20K_2021_17_01.zip"


def test_a_login_is_an_error_until_there_are_cookies(tree):
    source = tree.project.registry.archives["{wnid}.tar"]
    tree.project.registry.archives["{wnid}.tar"] = source.model_copy(update={"access": "login", "request": "https://example.org/login"})
    finding = only(tree.examine("archives"), "of 628 missing")
    assert finding.level == "error" and "https://example.org/login" in finding.mend and "cookies.txt" in finding.mend
    tree.path("data/incoming/image-net.org.cookies.txt").write_text("# Netscape HTTP Cookie File\n")
    assert only(tree.examine("archives"), "of 628 missing").level == "warning"


def test_what_lies_in_incoming_is_not_missing(tree):
    (tree.folder / ARCHIVES / "ADE20K_2021_17_01.zip").rename(tree.path("data/incoming/ADE20K_2021_17_01.zip"))
    assert not [finding for finding in tree.examine("archives") if finding.where == "ADE20K_2021_17_01.zip"]


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


@pytest.mark.parametrize("deep", [False, True])
def test_a_damaged_archive(tree, deep):
    truncate(tree.folder / ARCHIVES / "val2017.zip")
    finding = only(tree.examine("archives", deep), "whole zip archive")
    path = tree.folder / ARCHIVES / "val2017.zip"
    assert finding.level == "error" and finding.mend == f"rm {path} && larvseg fetch val2017.zip"


@pytest.mark.parametrize("deep", [False, True])
def test_a_damaged_file_of_narratives(tree, deep):
    path = tree.folder / ARCHIVES / NARRATIVES[1]
    truncate(path)
    finding = only(tree.examine("archives", deep), "1: not a line of JSON")
    assert finding.level == "error" and finding.mend == f"rm {path} && larvseg fetch {path.name}"


def test_a_web_page_under_the_name_of_an_archive(tree):
    (tree.folder / ARCHIVES / "val2017.zip").write_text("<html>403 Forbidden</html>" * 40)
    assert only(tree.examine("archives"), "a web page").level == "error"


def test_another_number_of_files_and_another_size(tree):
    sources = tree.project.registry.archives
    sources["train2017.zip"] = sources["train2017.zip"].model_copy(update={"counts": {"train2017/*.jpg": 118_287}})
    sources["val2017.zip"] = sources["val2017.zip"].model_copy(update={"size": 12})
    found = tree.examine("archives")
    assert only(found, "holds 4 files train2017/*.jpg, the official archive 118287").level == "error"
    assert only(found, "expected 12 bytes").mend.endswith("larvseg fetch val2017.zip")


def test_another_checksum_is_found_by_a_deep_examination(tree):
    sources = tree.project.registry.archives
    sources["val2017.zip"] = sources["val2017.zip"].model_copy(update={"md5": "0" * 32})
    assert not [finding for finding in tree.examine("archives") if finding.level == "error"]
    assert only(tree.examine("archives", deep=True), "expected md5 " + "0" * 32).level == "error"


def test_half_a_download_can_go_on_and_is_left_alone_while_somebody_fetches(tree):
    part = tree.path("data/incoming/val2017.zip.part")
    part.write_bytes(b"PK")
    finding = only(tree.examine("archives"), "half fetched")
    assert finding.level == "warning" and "larvseg fetch val2017.zip" in finding.mend and finding.remedy is None
    with open(part, "ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert not [finding for finding in tree.examine("archives") if "half fetched" in finding.what]


def test_links_may_stand_for_archives_but_not_lead_nowhere(tree):
    archive = tree.folder / ARCHIVES / "val2017.zip"
    archive.rename(tree.folder / "elsewhere.zip")
    archive.symlink_to(tree.folder / "elsewhere.zip")
    assert not [finding for finding in tree.examine("archives") if finding.level == "error"]
    (tree.folder / "elsewhere.zip").unlink()
    finding = only(tree.examine("archives"), "where nothing is")
    assert finding.level == "error" and finding.mend == f"rm {archive}"


# ---- data sets


def test_a_damaged_manifest(tree):
    truncate(tree.folder / MANIFESTS / "C171.arrow")
    finding = only(tree.examine("data sets"), "not a manifest")
    path = f"{MANIFESTS}/C171.arrow"
    assert finding.level == "error" and finding.mend == f"rm {path} && snakemake --config profile=tiny --cores all {path}"


def test_a_manifest_under_another_name(tree):
    (tree.folder / MANIFESTS / "WA150.arrow").write_bytes((tree.folder / MANIFESTS / "A150.arrow").read_bytes())
    assert only(tree.examine("data sets"), "is the manifest of A150").where == f"{MANIFESTS}/WA150.arrow"


def test_an_archive_that_is_gone_or_another_than_when_it_was_derived(tree):
    (tree.folder / ARCHIVES / "val2017.zip").unlink()
    truncate(tree.folder / ARCHIVES / "ADEChallengeData2016.zip")
    found = tree.examine("data sets")
    assert only(found, "val2017.zip is missing").level == "error"
    assert {finding.where for finding in found if "when it was derived" in finding.what} == {
        f"{MANIFESTS}/A150.arrow",
        f"{MANIFESTS}/WA150.arrow",
    }


def alter(tree, dataset: str, index: int = 0, header: dict | None = None, **changes) -> None:
    """Write the manifest of `dataset` again with another row `index`, or another header."""
    path = tree.folder / tree.project.manifest(dataset)
    manifest = Manifest(path)
    rows = [manifest.row(i) for i in range(len(manifest))]
    rows[index] |= changes
    write_manifest(path, rows, manifest.header | (header or {}))


def test_an_image_that_is_not_what_the_manifest_says(tree):
    alter(tree, "I124", 0, width=9)
    finding = only(tree.examine("data sets"), "the manifest says 9×40")
    assert finding.level == "error" and finding.where == f"{MANIFESTS}/I124.arrow"
    assert finding.mend.endswith(f"snakemake --config profile=tiny --cores all {MANIFESTS}/I124.arrow")


@pytest.mark.parametrize("changes", [{"labels": [0, 169]}, {"pixels": [1, 2]}])
def test_labels_that_are_not_those_of_the_mask(tree, changes):
    alter(tree, "C171", 0, **changes)
    finding = only(tree.examine("data sets"), "the mask of 000000000001 holds the labels [0, 170]")
    assert finding.level == "error" and finding.where == f"{MANIFESTS}/C171.arrow"


def test_a_label_outside_the_encoding(tree):
    masks = tree.folder / ARCHIVES / "stuffthingmaps_trainval2017.zip"
    with zipfile.ZipFile(masks, "a") as archive:
        archive.writestr(zipfile.ZipInfo("train2017/bad.png"), png(halves(2, 25)))
    (bad,) = (member for member in members(masks) if member.name.endswith("bad.png"))
    name = f"{ARCHIVES}/{masks.name}"
    location = {"archive": name, "member": bad.name} | {key: getattr(bad, key) for key in ("offset", "length", "method", "size")}
    sizes = Manifest(tree.folder / MANIFESTS / "C171.arrow").header["archive_sizes"]
    alter(tree, "C171", 1, {"archive_sizes": sizes | {name: masks.stat().st_size}}, mask=location)
    assert only(tree.examine("data sets"), "label id 25 is outside the encoding coco-stuff").level == "error"


def test_image_labels_that_are_not_those_of_the_masks(tree):
    alter(tree, "WA150", 1, labels=[3])
    finding = only(tree.examine("data sets"), "has other labels than in data/tiny/manifests/A150.arrow")
    assert finding.level == "error" and finding.where == f"{MANIFESTS}/WA150.arrow"


def test_another_vocabulary(tree):
    classes = list(Manifest(tree.folder / MANIFESTS / "A847.arrow").header["classes"])
    alter(tree, "A847", header={"classes": classes[::-1]})
    assert only(tree.examine("data sets"), "other classes than the vocabulary of A847").level == "error"


def test_counts_classes_without_validation_images_and_categories_without_archives(tree):
    found = tree.examine("data sets")
    said = [finding.what for finding in found]
    assert "C171 has 4 + 1 images and 0 rejects, expected 118287 + 5000" in said
    assert "LN has 3 + 0 images and 0 rejects, expected 118287 + 0" in said
    assert only(found, "148 of 150 classes are in no validation image").level == "warning"
    absent = [finding for finding in found if "categories have no archive" in finding.what]
    assert [(finding.where, finding.what.split()[0]) for finding in absent] == [("I124", "122"), ("I585", "583")]
    assert absent[0].mend.startswith("larvseg fetch n")


def test_categories_that_imagenet_does_not_offer_are_no_warning(tree):
    source = tree.project.registry.archives["{wnid}.tar"]
    absent = tuple(wnid for wnids in tree.project.vocabulary("I124").synsets.values() for wnid in wnids)
    tree.project.registry.archives["{wnid}.tar"] = source.model_copy(update={"absent": absent})
    findings = [finding for finding in datasets.check(tree.project, tree.folder, False) if finding.where == "I124"]
    assert only(findings, "without categories that ImageNet does not offer: ").level == "ok"
    assert not any("have no archive" in finding.what for finding in findings)


def test_rejects(tree):
    path = tree.folder / tree.project.path("derive", "rejects", dataset="I124")
    path.write_text(f"name,split,archive,member,reason\nx_1,training,x.tar,x_1.JPEG,{KNOWN_BAD}\n")
    findings = list(datasets.check(tree.project, tree.folder, False))
    assert only(findings, "1 of 6 images cannot be used").level == "ok"
    path.write_text("name,split,archive,member,reason\nx_1,training,data/x.tar,x_1.JPEG,not a readable image (broken)\n")
    finding = only(tree.examine("data sets"), "1 of 6 images cannot be used")
    assert (
        finding.level == "error"
        and "x_1: not a readable image (broken)" in finding.what
        and "larvseg doctor --profile tiny --deep" in finding.mend
    )
    path.write_text("nothing\nof that\n")
    assert only(tree.examine("data sets"), "not a table of rejects").level == "error"


def test_what_a_file_system_lacks(tree, monkeypatch):
    monkeypatch.setattr(os, "link", lambda *_: _refuse())
    monkeypatch.setattr(fcntl, "flock", lambda *_: _refuse())
    finding = only(tree.examine("environment"), "the file system has no hard links, no file locks")
    assert finding.level == "warning"
    tree.path("data/incoming/val2017.zip.part").write_bytes(b"PK")
    only(tree.examine("archives"), "half fetched")
    tree.path("work/snakemake.flock").touch()
    tree.path(".snakemake/locks/0.input.lock").touch()
    only(tree.examine("leftovers"), "a lock that no living Snakemake holds")


def _refuse():
    raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))


# ---- leftovers


def test_what_other_hosts_left_is_told_and_not_touched(tree):
    half = tree.path("results/tiny/.x.csv.7@node7.tmp")
    half.write_bytes(b"half")
    finding = only(tree.examine("leftovers"), "half written by processes of other hosts: .x.csv.7@node7.tmp")
    assert finding.mend == "if nothing works there any more: rm results/tiny/.x.csv.7@node7.tmp" and finding.remedy is None
    lock, note = tree.path(".snakemake/locks/0.input.lock"), tree.path("work/snakemake.flock.7@node7")
    lock.touch()
    note.touch()
    (finding,) = tree.examine("leftovers")
    assert "a Snakemake of node7 may be at work" in finding.what and finding.mend == f"if it is gone: rm {note}"
    fix([finding])
    assert half.exists() and lock.exists() and note.exists()


def test_a_stale_lock_and_half_written_files_are_mended(tree):
    lock, half = tree.path(".snakemake/locks/0.input.lock"), tree.path(f"results/tiny/.x.csv.{dead_process()}@{host()}.tmp")
    lock.touch()
    half.write_bytes(b"half")
    findings = tree.examine("leftovers")
    assert {finding.mend for finding in findings} == {"larvseg doctor --fix"} and len(findings) == 2
    assert "the same command with --fix mends 2" in report(findings)
    mended = fix(findings)
    assert not lock.exists() and not half.exists()
    assert {finding.level for finding in mended} == {"ok"} and all(finding.what.startswith("mended: ") for finding in mended)


def test_nothing_is_touched_while_a_process_works_there(tree):
    tree.path(".snakemake/locks/0.input.lock").touch()
    half = tree.path(f"results/tiny/.x.csv.{os.getpid()}@{host()}.tmp")
    half.touch()
    assert half.name not in report(tree.examine("leftovers"))
    with open(tree.path("work/snakemake.flock"), "w") as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        assert tree.examine("leftovers") == []


def test_artifacts_without_a_record_and_records_without_an_artifact(tree):
    (tree.folder / f"{RUN}.lineage.json").unlink()
    gone = tree.folder / MANIFESTS / "C171.rejects.csv"
    gone.unlink()
    found = tree.examine("leftovers")
    artifact = only(found, "no record says how these were made")
    folder = RUN.rpartition("/")[0]
    assert (artifact.level, artifact.where) == ("error", folder)
    assert artifact.mend == f"rm {RUN} && snakemake --config profile=tiny --cores all {RUN}"
    record = only(found, "records of files that are gone: C171.rejects.csv.lineage.json")
    assert (record.level, record.mend) == ("warning", "larvseg doctor --profile tiny --fix")
    fix([record])
    assert not (gone.parent / "C171.rejects.csv.lineage.json").exists()


def test_many_artifacts_without_a_record_are_one_finding(tree):
    for path in (tree.folder / ARCHIVES / "winter21_whole").glob("*.lineage.json"):
        path.unlink()
    finding = only(tree.examine("leftovers"), "no record")
    assert finding.what.endswith("n03636248.tar, n03636649.tar, n04256520.tar")


def test_an_artifact_that_was_edited(tree):
    path = tree.folder / RUN
    path.write_text("step,lost\n")
    assert tree.examine("leftovers") == []
    assert only(tree.examine("leftovers", deep=True), "another sha256").level == "error"
    path.write_text("step,loss\n1,2\n")
    assert only(tree.examine("leftovers"), "was changed after it was made: 14 bytes instead of 10").where == RUN


def test_results_and_data_that_nothing_asks_for(tree):
    tree.path("results/tiny/evaluations/gone/seed0/.keep").touch()
    tree.path("results/tiny/evaluations/clip/.keep").touch()
    wnid = tree.folder / ARCHIVES / "winter21_whole/n00000001.tar"
    wnid.write_bytes(b"x")
    wnid.with_name("n00000001.tar.lineage.json").write_text(
        json.dumps({"schema": "larvseg.lineage/1", "artifact": {"size": 1, "sha256": ""}})
    )
    found = tree.examine("leftovers")
    assert only(found, "names no run").mend == "rm -r results/tiny/evaluations/gone"
    assert only(found, "the profile does not use").what.endswith("n00000001.tar")


def test_resumable_state_of_jobs_that_are_no_more(tree):
    recipe = Recipe("train", "x", {}, {}, {}, {})
    recipe.write(tree.path("work/recipes/tiny/train/x.json"))
    tree.path(f"work/{recipe.hash}/state").write_bytes(bytes(10))
    tree.path(f"work/{'0' * 20}/state").write_bytes(bytes(10))
    tree.path("work/recipes/tiny/train/broken.json").write_text("{")
    findings = list(leftovers.check(tree.project, tree.folder, False))
    assert only(findings, "from which an unfinished job goes on").level == "ok"
    assert only(findings, "configuration or code has changed").mend == f"rm -r work/{'0' * 20}"
    assert only(findings, "not a recipe").mend == "rm work/recipes/tiny/train/broken.json"


def test_the_report_is_grouped_and_counts():
    findings = [
        Finding("ok", "fine", group="a"),
        Finding("error", "broken", "x", "rm x", "b"),
        Finding("warning", "odd", "y", "mv y z", "b"),
    ]
    assert report(findings).splitlines() == [
        "a",
        "  ok       fine",
        "b",
        "  error    x: broken",
        "           → rm x",
        "  warning  y: odd",
        "           → mv y z",
        "1 error, 1 warning",
    ]
