"""The classes of each benchmark: what every run reaches on them, what attention gains, and in which figures they can be seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from safetensors import safe_open

from larvseg.datasets.manifest import Manifest
from larvseg.errors import reading
from larvseg.lineage.records import read_record
from larvseg.reporting.cells import Source
from larvseg.reporting.diagnostics.classes import ClassTable
from larvseg.reporting.page.graph import Graph
from larvseg.reporting.page.numbers import Recount

SEEN = ("predict", "compare")  # rules that write label maps of single images


def classes_of(graph: Graph, recount: Recount, figures: Mapping[str, tuple[str, str]]) -> list[dict[str, Any]]:
    """A benchmark for each table of the rule `classes`, in the order of the graph. `figures`: path → (its id on the page, its title).

    {benchmark, table, names, novel and alone (0 or 1; alone: novel by its name alone), images (data set → training images that show the
    class), runs, pairs, shown}; all lists are in the order of the classes. A run: {run, title, data, iou (percent, the mean over seeds, or
    None), files (metrics.json of each seed), counted (for each seed the IoU as the confusion counts give it again, or None)}. A pair:
    {title, run, without}, positions in `runs`. `shown`: {id, title, classes}, positions of the classes in the masks of the images of which
    a figure shows label maps. `map`: the id of the figure with every class and every run, or None.
    Raises LarvSegError for an IoU in metrics.json that does not follow from its confusion counts.
    """
    jobs = [job for job in graph.jobs if job["rule"] == "classes"]
    return [_benchmark(job["config"], _table_of(job, graph), graph, recount, figures) for job in jobs]


def _table_of(job: Mapping[str, Any], graph: Graph) -> str:
    return next(file["path"] for file in graph.files if graph.jobs[file["job"]] is job)


def _benchmark(
    config: Mapping[str, Any], path: str, graph: Graph, recount: Recount, figures: Mapping[str, tuple[str, str]]
) -> dict[str, Any]:
    table, benchmark = ClassTable(Path(path)), config["benchmark"]
    made_of = {item["role"]: item["path"] for item in read_record(Path(path))["inputs"]}
    runs = []
    for run in config["runs"]:
        files = [made_of[f"{run['run']}.seed{seed}"] for seed in run["seeds"]]
        counted = [[_short(recount(Source(file, f"/classes/{number}/iou", ""))) for number in range(len(table.names))] for file in files]
        about = {"run": run["run"], "title": run["title"], "data": run["training_data"]}
        runs.append(about | {"iou": table.iou(run["run"]), "files": files, "counted": counted})
    return {
        "benchmark": benchmark,
        "table": path,
        "names": table.names,
        "novel": list(map(int, table.novel)),
        "alone": list(map(int, table.by_name)),
        "images": {dataset: table.images(dataset) for dataset in table.datasets},
        "runs": runs,
        "pairs": _pairs(benchmark, [run["run"] for run in runs], graph),
        "shown": list(_shown(benchmark, table.names, graph, figures)),
        "map": next((figure for file, (figure, _) in figures.items() if _is(graph.job_of(file), ("class_map",), benchmark)), None),
    }


def _short(number: float | None) -> float | None:
    """To six digits: more than a table has, fewer than a page of a thousand classes can carry."""
    return None if number is None else float(f"{number:.6g}")


def _pairs(benchmark: str, runs: Sequence[str], graph: Graph) -> list[dict[str, Any]]:
    """The runs that the figure of gains compares, as far as the table has both."""
    pairs = [pair for job in graph.jobs if _is(job, ("gains",), benchmark) for pair in job["config"]["pairs"]]
    named = [(pair["title"], pair["run"]["run"], pair["without"]["run"]) for pair in pairs]
    return [{"title": title, "run": runs.index(run), "without": runs.index(to)} for title, run, to in named if {run, to} <= set(runs)]


def _is(job: Mapping[str, Any], rules: Sequence[str], benchmark: str) -> bool:
    return job["rule"] in rules and job["config"].get("benchmark") == benchmark


def _shown(benchmark: str, names: Sequence[str], graph: Graph, figures: Mapping[str, tuple[str, str]]) -> Iterable[dict[str, Any]]:
    for path, (identity, title) in figures.items():
        job = graph.job_of(path)
        if seen := _seen(job, benchmark, graph):
            yield {"id": identity, "title": title, "classes": [number for number, name in enumerate(names) if name in seen]}


def _seen(job: Mapping[str, Any], benchmark: str, graph: Graph) -> set[str]:
    """The names of the classes in the masks of the validation images of which the figure that `job` drew shows label maps."""
    inputs = [graph.files[number] for number in job["inputs"]]
    maps = [file["path"] for file in inputs if _is(graph.jobs[file["job"]], SEEN, benchmark)]
    manifests = [file["path"] for file in inputs if file["role"] == "manifest"]
    if not maps or len(manifests) != 1:
        return set()
    with reading(maps[0], "a readable safetensors file", "delete it and make it again"), safe_open(maps[0], framework="np") as file:
        rows = sorted(map(int, file.keys()))
    manifest = Manifest(Path(manifests[0]))
    return {manifest.header["classes"][label] for row in rows for label in manifest.row(row)["labels"]}
