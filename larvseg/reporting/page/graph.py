"""The lineage of everything on the page as one graph: files, and the jobs that made them of other files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from larvseg.files import json_text
from larvseg.lineage.records import read_record

# what of a recipe's configuration says most about the step
TOLD = ("dataset", "method", "benchmark", "seed", "steps", "ranks", "images_per_rank", "sample_classes", "optimiser", "attention", "world")


class Graph:
    """Files and jobs by number, as they stand in their records.

    `files`: {path, sha256, size, role, job} and, of an archive that was fetched or drawn, its `origin`. `jobs`: {rule, name, level, config,
    code, inputs, reference}: `inputs` are numbers of files, `reference` is [path, sha256] of committed files, and `level` is greater than
    that of every job that made an input.
    """

    def __init__(self, paths: Iterable[str]):
        records = {path: read_record(Path(path)) for path in paths}
        self.number = {path: number for number, path in enumerate(records)}
        self.files: list[dict[str, Any]] = []
        self.jobs: list[dict[str, Any]] = []
        made: dict[tuple[str, str], int] = {}
        for path, record in records.items():
            job = record["recipe"]["rule"], record["recipe"]["name"]
            if job not in made:
                made[job] = len(self.jobs)
                self.jobs.append(self._job(record))
            artifact = {key: record["artifact"][key] for key in ("sha256", "size", "role")}
            self.files.append({"path": path, **artifact, "job": made[job]})
            if record["recipe"]["rule"] == "fetch":
                self.files[-1]["origin"] = origin(Path(path).name, record["recipe"]["config"])
        for number in range(len(self.jobs)):
            self._level(number)

    def _job(self, record: Mapping[str, Any]) -> dict[str, Any]:
        recipe = record["recipe"]
        made = dict.fromkeys(item["path"] for item in record["inputs"] if item["role"] != "reference")
        return {
            "rule": recipe["rule"],
            "name": recipe["name"],
            "config": recipe["config"],
            "code": summary(recipe["code"]),
            "inputs": [self.number[path] for path in made],
            "reference": [[item["path"], item["sha256"]] for item in record["inputs"] if item["role"] == "reference"],
        }

    def _level(self, number: int) -> int:
        job = self.jobs[number]
        if "level" not in job:
            job["level"] = 1 + max((self._level(self.files[file]["job"]) for file in job["inputs"]), default=-1)
        return job["level"]

    def job_of(self, path: str) -> dict[str, Any]:
        """The job that made `path`."""
        return self.jobs[self.files[self.number[path]]["job"]]

    def archives_below(self, path: str) -> list[dict[str, Any]]:
        """The archives that `path` stands on, those with an `origin`, in the order of the graph."""
        seen, waiting = set(), [self.number[path]]
        for number in waiting:
            if number not in seen:
                seen.add(number)
                waiting += self.jobs[self.files[number]["job"]]["inputs"]
        return [self.files[number] for number in sorted(seen) if "origin" in self.files[number]]


def summary(code: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Of the code behind a step (module → function → hash): how many modules and functions, and the hash of all."""
    digest = hashlib.sha256(json_text(code).encode()).hexdigest()
    return {"modules": len(code), "functions": sum(map(len, code.values())), "sha256": digest}


def origin(file: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Where the archive `file` came from: the registry's entry, or the world that it was drawn from. `config`: that of its recipe."""
    if config.get("world") is not None:
        return {"drawn": config["world"]}
    sources = config.get("sources", {})
    source = sources.get(file) or sources.get("{wnid}.tar", {})
    url = source.get("url")
    return {
        "url": url.replace("{wnid}", Path(file).stem) if url else None,
        "licence": source.get("licence"),
        "access": source.get("access"),
    }
