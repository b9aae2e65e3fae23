"""The RO-Crate of a small chain of artifacts: valid, complete, with the hashes of the records, and the same bytes each time."""

import io
import json
import shutil
from pathlib import Path

import pytest
import requests_cache
from requests.adapters import HTTPAdapter
from rocrate import vocabs
from rocrate_validator import services
from rocrate_validator.models import Severity
from urllib3 import HTTPResponse

from larvseg.audit.crate import write_crate
from larvseg.errors import LarvSegError
from larvseg.files import json_text, sha256_of
from larvseg.lineage.recipes import Recipe
from larvseg.lineage.records import record_path, run_path, write_record

ROOT = Path(__file__).parents[2]
ARCHIVES, RUN = "data/smoke/archives", "results/smoke/runs/larvseg-a150/seed0"
UNDATED = "".join(line for line in (ROOT / "CITATION.cff").read_text().splitlines(keepends=True) if not line.startswith("date-released"))
CONFIGS = {
    "coco": {"world": {"seed": 0}},
    "imagenet": {"world": None, "sources": {"{wnid}.tar": {"url": "https://images.test/{wnid}.tar", "licence": "research only"}}},
    "ade_full": {"world": None, "sources": {"ADE20K_2021_17_01.zip": {"url": None, "licence": "on request"}}},
}
REFERENCE = "data/reference/published/table3.csv"
# rule, name, role → path of its outputs, inputs (role, path)
JOBS = [
    ("fetch", "coco", {"train2017.zip": f"{ARCHIVES}/train2017.zip"}, []),
    ("fetch", "imagenet", {"n1.tar": f"{ARCHIVES}/winter21_whole/n1.tar"}, []),
    ("fetch", "ade_full", {"ADE20K_2021_17_01.zip": f"{ARCHIVES}/ADE20K_2021_17_01.zip"}, []),
    ("derive", "C171", {"manifest": "data/smoke/manifests/C171.arrow"}, [("train2017.zip", f"{ARCHIVES}/train2017.zip")]),
    ("derive", "I124", {"manifest": "data/smoke/manifests/I124.arrow"}, [("n1.tar", f"{ARCHIVES}/winter21_whole/n1.tar")]),
    (
        "train",
        "larvseg-a150.seed0",
        {"model": f"{RUN}/model.safetensors", "config": f"{RUN}/config.json"},
        [("C171", "data/smoke/manifests/C171.arrow"), ("I124", "data/smoke/manifests/I124.arrow")],
    ),
    ("table", "table3", {"table": "results/table3.csv"}, [("config", f"{RUN}/config.json"), ("reference", REFERENCE)]),
    ("page", "index", {"page": "reports/index.html"}, [("table/table3/table", "results/table3.csv")]),
]
ARTIFACTS = [path for _, _, outputs, _ in JOBS for path in outputs.values()]


@pytest.fixture
def tree(tmp_path, monkeypatch) -> Path:
    """The artifacts of JOBS and the repository's own files; the checkpoint is the largest."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    for name in ("README.md", "LICENSE", "constraints.txt", "environment.yml"):
        shutil.copy(ROOT / name, name)
    shutil.copytree(ROOT / "workflow", "workflow")
    Path("CITATION.cff").write_text(f"{UNDATED}date-released: 2026-01-31\n")
    Path(REFERENCE).parent.mkdir(parents=True)
    Path(REFERENCE).write_text("model,all\n")
    for number, (rule, name, outputs, inputs) in enumerate(JOBS):
        recipe = Recipe(rule, name, CONFIGS.get(name, {}), {}, dict(inputs), outputs)
        for path in map(Path, outputs.values()):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{path}\n" * (1000 if path.suffix == ".safetensors" else 1))
            read = [{"role": role, "path": other, "sha256": sha256_of(Path(other))} for role, other in inputs]
            write_record(path, "output", recipe, read, ["cpu-kernels==native (avx2 avx512f)", "numpy==2.4.6", "torch==2.14.1+cpu"])
            run_path(path).write_text(json_text({"started": 1e9 + 60 * number, "seconds": 30.0}))
    return tmp_path


def exported(folder: str, **options) -> dict[str, dict]:
    """Entities of the crate of ARTIFACTS by @id."""
    write_crate(ARTIFACTS, "smoke", Path(folder), **options)
    return {entity["@id"]: entity for entity in json.loads(Path(folder, "ro-crate-metadata.json").read_text())["@graph"]}


class Context(HTTPAdapter):
    """Answers with the context file of the library rocrate: RO-Crate 1.3, the terms that have moved put back where 1.1 has them."""

    def send(self, request, **options):
        text = json.dumps(vocabs.RO_CRATE).replace("https://bioschemas.org/terms/", "https://bioschemas.org/")
        headers = {"Content-Type": "application/ld+json"}
        return self.build_response(request, HTTPResponse(io.BytesIO(text.encode()), headers, 200, preload_content=False))


@pytest.fixture(scope="module")
def problems(tmp_path_factory):
    """problems(folder): what the validator finds against the profile Provenance Run Crate, without network."""
    cache = tmp_path_factory.mktemp("http") / "cache"
    with requests_cache.CachedSession(str(cache), backend="sqlite", expire_after=-1) as session:
        session.mount("https://w3id.org/", Context())
        session.get("https://w3id.org/ro/crate/1.1/context")

    def validate(folder: str) -> list[str]:
        settings = services.ValidationSettings(
            rocrate_uri=folder,
            profile_identifier="provenance-run-crate",
            requirement_severity=Severity.REQUIRED,
            offline=True,
            cache_path=cache,
            skip_availability_check=True,
        )
        return [issue.message for issue in services.validate(settings).get_issues()]

    return validate


def test_the_crate_is_valid_and_a_damaged_one_is_not(tree, problems):
    exported("crate")
    assert problems("crate") == []
    metadata = Path("crate/ro-crate-metadata.json")
    text = metadata.read_text()
    metadata.write_text(text.replace('"instrument"', '"uninstrument"'))
    Path("crate/results/table3.csv").unlink()
    found = problems("crate")
    assert any("MUST have an instrument" in problem for problem in found)
    assert any("does not include the Data Entity 'results/table3.csv'" in problem for problem in found)


def test_hashes_and_sizes_are_those_of_the_records(tree):
    entities = exported("crate")
    by_name = {entity["name"]: entity for entity in entities.values() if entity["@type"] == "File"}
    for path in ARTIFACTS:
        artifact = json.loads(record_path(Path(path)).read_text())["artifact"]
        assert (by_name[path]["sha256"], by_name[path]["contentSize"]) == (artifact["sha256"], str(artifact["size"]))
        assert entities[str(record_path(Path(path)))]["about"] == {"@id": by_name[path]["@id"]}
    for entity in entities.values():
        if "sha256" in entity and not entity["@id"].startswith(("#", "https:")):
            assert sha256_of(Path("crate", entity["@id"])) == entity["sha256"]


def test_jobs_say_what_they_read_and_wrote_and_when(tree):
    entities = exported("crate")
    train = entities["#job/train/larvseg-a150.seed0"]
    assert train["object"] == [{"@id": f"data/smoke/manifests/{name}.arrow"} for name in ("C171", "I124")]
    assert train["result"] == [{"@id": f"{RUN}/{name}"} for name in ("model.safetensors", "config.json")]
    assert (train["startTime"], train["endTime"]) == ("2001-09-09T01:51:40+00:00", "2001-09-09T01:52:10+00:00")
    assert train["instrument"] == {"@id": "#tool/train"}
    assert entities["#job/table/table3"]["object"] == [{"@id": f"{RUN}/config.json"}, {"@id": REFERENCE}]
    run = entities["#run"]
    assert run["instrument"] == {"@id": "workflow/Snakefile"} and {"@id": REFERENCE} in run["object"]
    assert run["result"][1:] == [{"@id": f"{RUN}/model.safetensors"}, {"@id": "results/table3.csv"}, {"@id": "reports/index.html"}]
    steps = ["#step/fetch", "#step/derive", "#step/train", "#step/table", "#step/page"]
    assert [step["@id"] for step in entities["workflow/Snakefile"]["step"]] == steps
    torch = entities["https://pypi.org/project/torch/2.14.1/"]
    assert torch["softwareVersion"] == "2.14.1+cpu" and {"@id": torch["@id"]} in entities["#tool/train"]["softwareRequirements"]
    for path in map(Path, ARTIFACTS):
        run_path(path).unlink()
    assert "endTime" not in exported("without times")["#job/train/larvseg-a150.seed0"]


def test_archives_and_large_files_are_named_and_not_copied(tree):
    entities = exported("crate", largest=1000)
    drawn, fetched = entities[f"#{ARCHIVES}/train2017.zip"], entities["https://images.test/n1.tar"]
    assert fetched["license"] == "research only" and fetched["name"] == f"{ARCHIVES}/winter21_whole/n1.tar"
    assert drawn["license"] == {"@id": "https://spdx.org/licenses/MIT"}
    assert entities[f"#{ARCHIVES}/ADE20K_2021_17_01.zip"]["license"] == "on request"
    assert "license" not in entities[f"#{RUN}/model.safetensors"]
    copied = {str(path.relative_to("crate")) for path in Path("crate").rglob("*") if path.is_file()}
    assert not {path for path in copied if path.endswith((".zip", ".tar", ".safetensors"))}
    assert {"results/table3.csv", f"{RUN}/config.json", "workflow/config/experiments.yaml", REFERENCE} <= copied


def test_two_exports_have_the_same_bytes(tree):
    first, second = exported("first"), exported("second")
    assert first == second and first["./"]["datePublished"] == "2026-01-31"
    assert Path("first/ro-crate-metadata.json").read_bytes() == Path("second/ro-crate-metadata.json").read_bytes()
    assert str(tree) not in Path("first/ro-crate-metadata.json").read_text()


def test_what_cannot_be_exported(tree):
    Path("there").mkdir()
    with pytest.raises(LarvSegError, match="there: is there already"):
        exported("there")
    with pytest.raises(LarvSegError, match="nothing was made in the profile smoke"):
        write_crate([], "smoke", Path("empty"))
    Path(REFERENCE).write_text("model,novel\n")
    with pytest.raises(LarvSegError, match="published/table3.csv was changed after results/table3.csv was made of it"):
        exported("stale")
    Path(REFERENCE).unlink()
    with pytest.raises(LarvSegError, match="published/table3.csv: missing"):
        exported("incomplete")
    Path("results/table3.csv").write_text("edited")
    with pytest.raises(LarvSegError, match="results/table3.csv was changed after it was made"):
        exported("edited")
    Path("CITATION.cff").write_text(UNDATED)
    with pytest.raises(LarvSegError, match="CITATION.cff: no date-released"):
        exported("undated")
    assert not [path for path in Path().iterdir() if path.name.startswith((".", "stale", "incomplete", "edited", "undated", "empty"))]
