"""The experiments as an RO-Crate (Provenance Run Crate 0.5): files with their sha256, the jobs that made them, their software and terms.

Tables, figures, configurations and records are copied into the crate; archives never are, and manifests, counts and checkpoints only up
to a size: the crate names these by their path in the repository, or by the URL they came from, with size and sha256.
"""

from __future__ import annotations

import mimetypes
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rocrate.model import ComputationalWorkflow, ContextEntity, DataEntity, Entity, File, Person
from rocrate.rocrate import ROCrate

import larvseg
from larvseg.audit.tree import Tree
from larvseg.config import load_yaml
from larvseg.errors import LarvSegError
from larvseg.files import sha256_of
from larvseg.lineage.kernels import PIN
from larvseg.lineage.records import read_record, read_run, record_path, verified_hash
from larvseg.pipeline import Dag, Project

HEAVY = (".arrow", ".safetensors")  # manifests and counts, checkpoints
LARGEST = 2**20  # bytes of one of these that is copied into the crate
SNAKEFILE = "workflow/Snakefile"
REPOSITORY = (
    "README.md",
    SNAKEFILE,
    "workflow/**/*.smk",
    "workflow/**/*.yaml",
    "CITATION.cff",
    "LICENSE",
    "constraints.txt",
    "environment.yml",
)
CONFIGURATION = ["workflow/config/config.yaml", "workflow/config/experiments.yaml"]
PRINTS = ("render", "page")  # rules that show once more what others have written
ARCHIVES = ("fetch", "prepare")  # rules whose outputs hold images, under terms of their own
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/ro/wfrun/provenance/0.5": "Provenance Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
BIOSCHEMAS = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
TERMS = {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}  # RO-Crate 1.1, on which these profiles stand, has none
FORMATS = {
    ".arrow": "application/vnd.apache.arrow.file",
    ".cff": "text/yaml",
    ".md": "text/markdown",
    ".safetensors": "application/octet-stream",
    ".smk": "text/plain",
    ".tar": "application/x-tar",
    ".yaml": "text/yaml",
    ".yml": "text/yaml",
}

Files = dict[str, Entity]  # by path in the repository


def export(project: Project, folder: Path, largest: int = LARGEST) -> None:
    """Write the crate of everything that `project` has made to the new folder `folder`. largest: bytes of the largest HEAVY file to copy.

    Two crates of the same tree have the same bytes: times are those of the runs, datePublished is the date-released of CITATION.cff or,
    without one, the day of the last commit. Raises LarvSegError if `folder` is there already, nothing was made yet, or a file is not
    what its record says.
    """
    write_crate([path for path in Tree(Dag(project).recipes).below if record_path(Path(path)).is_file()], project.name, folder, largest)


def write_crate(artifacts: Iterable[str], profile: str, folder: Path, largest: int = LARGEST) -> None:
    """The crate of `artifacts`, paths in the order in which they were made; see `export`."""
    if folder.exists():
        raise LarvSegError(f"{folder}: is there already; name a new folder, or delete it")
    records = {path: read_record(Path(path)) for path in artifacts}
    if not records:
        raise LarvSegError(f"nothing was made in the profile {profile} yet; run `snakemake --cores all` first")
    crate = ROCrate(version="1.1")
    crate.metadata.extra_terms.update(TERMS)
    files: Files = {}
    workflow = _describe(crate, files, profile)
    for path, record in records.items():
        _add_artifact(crate, files, path, record, largest)
    _add_jobs(crate, files, workflow, records)
    temporary = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        crate.write(temporary)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


# ---- the repository: who wrote what, under which terms


def _describe(crate: ROCrate, files: Files, profile: str) -> ComputationalWorkflow:
    """Describe the crate as a whole, and add the files of the repository; returns the workflow."""
    citation = load_yaml(Path("CITATION.cff"))
    crate.name = citation["title"]
    crate.description = f"What the profile {profile} of the pipeline made: each file with the job that made it, and from what."
    crate.datePublished = _date(citation)
    crate.license = _licence(crate, str(citation["license"]))
    authors = [_author(crate, author) for author in citation["authors"]]
    crate.root_dataset["author"] = _compact(authors)
    if revision := _git("describe", "--always", "--dirty", "--abbrev=40"):
        crate.root_dataset["version"] = revision
    if paper := citation.get("preferred-citation"):
        crate.root_dataset["citation"] = _paper(crate, paper)
    workflow = crate.add_workflow(SNAKEFILE, SNAKEFILE, main=True, lang="snakemake")
    workflow["name"], workflow["version"] = crate.name, str(citation["version"])
    workflow["author"], workflow["license"] = _compact(authors), crate.license
    workflow["conformsTo"] = {"@id": BIOSCHEMAS}
    crate.root_dataset["conformsTo"] = [
        crate.add(ContextEntity(crate, uri, {"@type": "CreativeWork", "name": name, "version": uri.rpartition("/")[2]}))
        for uri, name in PROFILES.items()
    ]
    files[SNAKEFILE] = workflow
    for path in sorted({path for pattern in REPOSITORY for path in Path().glob(pattern)}):
        _add_file(crate, files, path.as_posix(), sha256_of(path), path.stat().st_size)
    files["README.md"]["about"] = crate.root_dataset
    return workflow


def _date(citation: Mapping[str, Any]) -> str:
    date = str(citation.get("date-released") or _git("log", "-1", "--format=%cs"))
    if not date:
        raise LarvSegError("CITATION.cff: no date-released, and there is no commit to take the date from; add it")
    return date


def _git(*arguments: str) -> str:
    """What git says; nothing without git, or outside a repository."""
    try:
        return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout.strip()
    except (FileNotFoundError, subprocess.CalledProcessError):
        return ""


def _licence(crate: ROCrate, name: str) -> Entity:
    properties = {"@type": "CreativeWork", "name": name, "description": f"The licence {name} of the code, tables and figures; see LICENSE."}
    return crate.add(ContextEntity(crate, f"https://spdx.org/licenses/{name}", properties))


def _author(crate: ROCrate, author: Mapping[str, str]) -> Entity:
    if "name" in author:
        return crate.add(ContextEntity(crate, f"#{_slug(author['name'])}", {"@type": "Organization", "name": author["name"]}))
    name = f"{author['given-names']} {author['family-names']}"
    identifier = author.get("orcid") or f"#{_slug(name)}"
    return crate.get(identifier) or crate.add(Person(crate, identifier, {"name": name}))


def _paper(crate: ROCrate, paper: Mapping[str, Any]) -> Entity:
    identifier = f"https://doi.org/{paper['doi']}" if "doi" in paper else paper.get("url", "#paper")
    properties = {"@type": "ScholarlyArticle", "name": paper["title"], "datePublished": str(paper["year"])}
    article = crate.add(ContextEntity(crate, identifier, properties))
    article["author"] = _compact([_author(crate, author) for author in paper["authors"]])
    return article


# ---- files


def _add_artifact(crate: ROCrate, files: Files, path: str, record: Mapping[str, Any], largest: int) -> None:
    """Add an artifact and its record, after a check that it is what the record says."""
    sha256, size, recipe = verified_hash(Path(path)), record["artifact"]["size"], record["recipe"]
    if recipe["rule"] in ARCHIVES or (Path(path).suffix in HEAVY and size > largest):
        url, licence = _source(path, recipe["config"])
        entity = _add_file(crate, files, path, sha256, size, url or f"#{path}")
        if licence or recipe["config"].get("world"):  # of what was drawn here, the terms are those of the crate
            entity["license"] = licence or crate.license
    else:
        entity = _add_file(crate, files, path, sha256, size)
    beside = record_path(Path(path))
    _add_file(crate, files, beside.as_posix(), sha256_of(beside), beside.stat().st_size)["about"] = entity


def _add_file(crate: ROCrate, files: Files, path: str, sha256: str, size: int, identifier: str | None = None) -> Entity:
    """Add the file `path`: copied, or known by `identifier` alone."""
    kind = FORMATS.get(Path(path).suffix) or mimetypes.guess_type(path)[0] or "text/plain"
    if path not in files:
        if identifier is None:
            files[path] = crate.add(File(crate, path, path))
        else:
            files[path] = crate.add(DataEntity(crate, identifier, {"@type": "File"}))
        files[path]["name"] = path
    for key, value in {"contentSize": str(size), "encodingFormat": kind, "sha256": sha256}.items():
        files[path][key] = value
    return files[path]


def _source(path: str, config: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """URL and licence of an archive that `config` says how to fetch; no URL where it is personal."""
    sources, name = config.get("sources", {}), Path(path).name
    source = sources.get(name) or sources.get("{wnid}.tar" if name.endswith(".tar") else "") or {}
    url = source.get("url")
    return url and url.replace("{wnid}", Path(path).stem), source.get("licence")


# ---- jobs


def _add_jobs(crate: ROCrate, files: Files, workflow: ComputationalWorkflow, records: Mapping[str, Mapping[str, Any]]) -> None:
    """Add the rules as steps and tools of `workflow`, each job as an action, and all of them together as the run of the workflow."""
    jobs: dict[tuple[str, str], list[str]] = {}
    for path, record in records.items():
        jobs.setdefault((record["recipe"]["rule"], record["recipe"]["name"]), []).append(path)
    rules = list(dict.fromkeys(rule for rule, _ in jobs))
    tools = {rule: _add_tool(crate, rule, [records[paths[0]] for (of, _), paths in jobs.items() if of == rule]) for rule in rules}
    steps = [
        crate.add(ContextEntity(crate, f"#step/{rule}", {"@type": "HowToStep", "name": rule, "position": str(position)}))
        for position, rule in enumerate(rules, 1)
    ]
    for step, tool in zip(steps, tools.values(), strict=True):
        step["workExample"] = tool
    workflow.properties()["@type"] = [*workflow.type, "HowTo"]
    workflow["step"], workflow["hasPart"] = steps, list(tools.values())
    actions = [_add_action(crate, files, tools[rule], rule, name, paths, records[paths[0]]) for (rule, name), paths in jobs.items()]
    crate.root_dataset["mentions"] = [_add_run(crate, files, workflow, records), *actions]


def _add_tool(crate: ROCrate, rule: str, records: Iterable[Mapping[str, Any]]) -> Entity:
    """`larvseg <rule>`, with the packages that its jobs ran with."""
    packages = sorted({package for record in records for package in record["recipe"]["environment"]})
    properties = {"@type": "SoftwareApplication", "name": f"larvseg {rule}", "softwareVersion": larvseg.__version__}
    tool = crate.add(ContextEntity(crate, f"#tool/{rule}", properties))
    tool["softwareRequirements"] = [_add_package(crate, *package.split("==")) for package in packages]
    return tool


def _add_package(crate: ROCrate, name: str, version: str) -> Entity:
    url = f"https://pypi.org/project/{name}/{version.partition('+')[0]}/"
    properties = {"@type": "SoftwareApplication", "name": name, "softwareVersion": version}
    if name == PIN:  # the part of the libraries that computed: nothing that one could install
        url = f"#{PIN}/{quote(version)}"
    else:
        properties["url"] = url
    return crate.get(url) or crate.add(ContextEntity(crate, url, properties))


def _add_action(crate: ROCrate, files: Files, tool: Entity, rule: str, name: str, results: list[str], record: Mapping[str, Any]) -> Entity:
    """One job, from what it read to what it wrote."""
    properties = {
        "@type": "CreateAction",
        "name": f"{rule} {name}",
        "description": f"larvseg {rule} with the configuration and code that are in the records of its results",
        "actionStatus": "http://schema.org/CompletedActionStatus",
        **_times(results[0]),
    }
    action = crate.add(ContextEntity(crate, f"#job/{rule}/{name}", properties))
    action["instrument"] = tool
    action["object"] = _compact(list(_inputs(crate, files, record)))
    action["result"] = _compact([files[path] for path in results])
    return action


def _inputs(crate: ROCrate, files: Files, record: Mapping[str, Any]) -> Iterator[Entity]:
    for item in record["inputs"]:
        path, sha256 = item["path"], item["sha256"]
        if path not in files:  # a committed file, which has no record
            if not Path(path).is_file():
                raise LarvSegError(f"{path}: missing, and {record['artifact']['path']} was made of it; run `snakemake --cores all` again")
            _add_file(crate, files, path, sha256_of(Path(path)), Path(path).stat().st_size)
        if files[path]["sha256"] != sha256:
            raise LarvSegError(f"{path} was changed after {record['artifact']['path']} was made of it; run snakemake again")
        yield files[path]


def _add_run(crate: ROCrate, files: Files, workflow: ComputationalWorkflow, records: Mapping[str, Mapping[str, Any]]) -> Entity:
    """The run of the whole workflow: from the committed files to what no job reads, but to print it again."""
    read = {item["path"] for record in records.values() for item in record["inputs"]}
    used = {item["path"] for record in records.values() if record["recipe"]["rule"] not in PRINTS for item in record["inputs"]}
    results = [path for path in records if path not in used]
    times = [_times(path) for path in records]
    whole = {key: choose(t[key] for t in times) for key, choose in (("startTime", min), ("endTime", max)) if all(times)}
    properties = {
        "@type": "CreateAction",
        "name": "snakemake all",
        "description": "The run of the workflow, which may have been several",
        "actionStatus": "http://schema.org/CompletedActionStatus",
        **whole,
    }
    action = crate.add(ContextEntity(crate, "#run", properties))
    action["instrument"] = workflow
    action["object"] = [files[path] for path in [*CONFIGURATION, *sorted(read - set(records))]]
    action["result"] = _compact([files[path] for path in results])
    return action


def _times(path: str) -> dict[str, str]:
    """When the job that wrote `path` started and ended; nothing where this was not kept (X.run.json is not shared with the artifacts)."""
    run = read_run(Path(path))
    if run is None:
        return {}
    moments = {"startTime": run.started, "endTime": run.started + run.seconds}
    return {key: datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds") for key, moment in moments.items()}


def _compact(entities: list[Entity]) -> list[Entity] | Entity:
    """A list of one as that one, as RO-Crate recommends."""
    return entities[0] if len(entities) == 1 else entities


def _slug(name: str) -> str:
    return "-".join(name.split())
