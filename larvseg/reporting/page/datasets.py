"""The data sets: what Table 2 says of each, and the archives that it was derived from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from larvseg.reporting.page.graph import Graph
from larvseg.reporting.tables import read_csv


def datasets_of(table: str, graph: Graph) -> Sequence[dict[str, Any]]:
    """A data set for each row of Table 2 (`table`) that has a manifest: its `row`, the `manifest`, and `archives` by what they came from."""
    manifests = {Path(graph.files[number]["path"]).stem: graph.files[number] for number in graph.job_of(table)["inputs"]}
    found = []
    for row in read_csv(Path(table)):
        if manifest := manifests.get(row["notation"]):
            archives = graph.archives_below(manifest["path"])
            found.append({"row": row, "manifest": manifest, "archives": archives, "size": sum(archive["size"] for archive in archives)})
    return found
