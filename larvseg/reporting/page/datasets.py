"""The data sets: what Table 2 says of each, and the archives that it was derived from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from larvseg.reporting.page.graph import Graph
from larvseg.reporting.tables import read_csv


def datasets_of(table: str, graph: Graph) -> Sequence[dict[str, Any]]:
    """A data set for each manifest that Table 2 (`table`) counts, in its order, then those that the paper's table has not.

    {row (of the table, may be empty), notation, manifest, archives that it stands on, size (of them, bytes)}
    """
    manifests = {Path(graph.files[number]["path"]).stem: graph.files[number] for number in graph.job_of(table)["inputs"]}
    rows = {row["notation"]: row for row in read_csv(Path(table)) if row["notation"] in manifests}
    found = []
    for notation in [*rows, *(notation for notation in manifests if notation not in rows)]:
        archives = graph.archives_below(manifests[notation]["path"])
        about = {"row": rows.get(notation, {}), "notation": notation, "manifest": manifests[notation]}
        found.append({**about, "archives": archives, "size": sum(archive["size"] for archive in archives)})
    return found
