"""The chain of one printed number: cell, metrics, confusion counts, checkpoint, configuration, manifests, archives."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from larvseg.config import nearest
from larvseg.errors import LarvSegError
from larvseg.files import json_text
from larvseg.lineage.records import known_hash, read_record, record_path
from larvseg.reporting.cells import Cell, Source, pointed, read_cells, rows_of
from larvseg.reporting.page.graph import TOLD, origin, summary


def show(table: Path, where: Mapping[str, str], column: str, as_json: bool = False) -> str:
    """The chain of the cell in `column` of the row of `table` whose cells are `where`, as text or JSON.

    Lists the rows if several fit. Raises LarvSegError, naming the nearest, if no row, value or column fits.
    """
    cells = read_cells(_cells_path(table))
    rows = rows_of(cells)
    fitting = _fitting(table, rows, where)
    if column not in rows[0]:
        raise LarvSegError(f"{table}: no column {column!r}{nearest(column, list(rows[0]))}")
    if len(fitting) > 1:
        return _listing(table, rows, fitting, column, as_json)
    (cell,) = (cell for cell in cells if cell.row == fitting[0] and cell.column == column)
    steps = _steps([table.as_posix(), *(source.path for source in cell.sources)] if cell.aggregate else [table.as_posix()], cell)
    chain = {"table": table.as_posix(), "row": cell.row, "key": dict(cell.key), "column": column, "value": cell.value, "raw": cell.raw}
    sources = [vars(source) | {"recounted": _recounted(source) if cell.aggregate else None} for source in cell.sources]
    chain |= {"aggregate": cell.aggregate, "sources": sources, "steps": steps}
    return json_text(chain).rstrip() if as_json else _text(chain)


def _recounted(source: Source) -> Any:
    """The value at `source` computed again from the confusion counts beside it; None if they do not give it."""
    from larvseg.evaluation.metrics import load_metrics  # numpy and pyarrow
    from larvseg.evaluation.recompute import recomputed

    metrics = Path(source.path)
    try:
        counts = recomputed(metrics.with_name("confusion.arrow"), load_metrics(metrics))
        return pointed(counts, source.pointer)
    except (LarvSegError, OSError, ValueError, TypeError, LookupError):
        return None


def _cells_path(table: Path) -> Path:
    if not table.is_file():
        raise LarvSegError(f"{table}: no such file; `snakemake --cores all {table}` makes it")
    profile = read_record(table)["recipe"]["config"].get("profile")
    path = Path("results", str(profile), f"{table.stem}.cells.jsonl")
    if not path.is_file():
        raise LarvSegError(f"{table}: {path} is missing; this table is audited as a whole: larvseg audit verify")
    return path


def _fitting(table: Path, rows: Sequence[Mapping[str, str]], where: Mapping[str, str]) -> list[int]:
    fitting = list(range(len(rows)))
    for column, value in where.items():
        if column not in rows[0]:
            raise LarvSegError(f"{table}: --where {column}: no such column{nearest(column, list(rows[0]))}")
        left = [row for row in fitting if rows[row][column] == value]
        if not left:
            raise LarvSegError(f"{table}: --where {column}={value}: no such row{nearest(value, [rows[row][column] for row in fitting])}")
        fitting = left
    return fitting


def _listing(table: Path, rows: Sequence[Mapping[str, str]], fitting: Sequence[int], column: str, as_json: bool) -> str:
    if as_json:
        return json_text([{"row": row, **rows[row]} for row in fitting]).rstrip()
    differing = [name for name in rows[0] if len({rows[row][name] for row in fitting}) > 1 and not name.startswith("published_")]
    texts = [
        f"  {column} {rows[row][column]:>5}   {_where({name: rows[row][name] for name in _identifying(differing)})}" for row in fitting
    ]
    return "\n".join([f"{len(fitting)} rows of {table} fit; say more --where:", *texts])


def _identifying(columns: Sequence[str]) -> list[str]:
    """Columns of text; numbers do not identify a row."""
    return [name for name in columns if name not in ("all", "base", "novel") and not name.endswith("_std")]


def _where(row: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in row.items())


def _steps(starts: Sequence[str], cell: Cell) -> list[dict[str, Any]]:
    """The artifacts behind the cell, each once, from the table down to the archives."""
    # a table is made of the metrics of all its rows: only those of this cell belong to its chain
    behind = {source.path for source in cell.sources}
    seen: dict[str, dict[str, Any]] = {}
    waiting = list(starts)
    for path in waiting:
        if path in seen or not record_path(Path(path)).is_file() and path != starts[0]:
            continue
        record = read_record(Path(path))
        seen[path] = _step(path, record)
        made_of = [item["path"] for item in record["inputs"] if item["role"] != "reference"]
        siblings = [file.as_posix() for file in _siblings(Path(path), record)] if path in behind else []
        waiting += [other for other in made_of if path != starts[0] or other in behind] + siblings
    return sorted(seen.values(), key=lambda step: (RANK.get(step["rule"], len(RANK)), step["rule"] == "fetch"))


# from the number to the archives
RANK = {rule: number for number, rule in enumerate(("table", "evaluate", "train", "pretrain", "derive", "prepare", "fetch"))}


def _siblings(path: Path, record: Mapping[str, Any]) -> list[Path]:
    """The other outputs of the job that wrote `path`, in its folder."""
    made = {key: record["recipe"][key] for key in ("rule", "name")}
    found = []
    for other in sorted(path.parent.glob("*.lineage.json")):
        artifact = other.with_name(other.name.removesuffix(".lineage.json"))
        theirs = read_record(artifact)["recipe"]
        if artifact != path and {key: theirs[key] for key in made} == made:
            found.append(artifact)
    return found


def _step(path: str, record: Mapping[str, Any]) -> dict[str, Any]:
    artifact, recipe = record["artifact"], record["recipe"]
    return {
        "path": path,
        "rule": recipe["rule"],
        "name": recipe["name"],
        "role": artifact["role"],
        "sha256": artifact["sha256"],
        "size": artifact["size"],
        "state": _state(Path(path), artifact),
        "config": recipe["config"],
        "origin": origin(Path(path).name, recipe["config"]) if recipe["rule"] == "fetch" else None,
        "code": summary(recipe["code"]),
        "environment": recipe["environment"],
        "inputs": record["inputs"],
    }


def _state(path: Path, artifact: Mapping[str, Any]) -> str:
    """Whether the bytes were compared with the record just now; large files that would have to be read first are not."""
    if not path.is_file():
        return "MISSING"
    if path.stat().st_size != artifact["size"]:
        return "MODIFIED"
    found = known_hash(path)
    return "recorded" if found is None else "checked" if found == artifact["sha256"] else "MODIFIED"


def _text(chain: Mapping[str, Any]) -> str:
    steps = chain["steps"]
    lines = [f"{chain['table']}, row {chain['row'] + 1}: {_where(chain['key'])}", f"  {chain['column']} = {chain['value'] or '(empty)'}"]
    if chain["raw"] is not None:
        several = f", {chain['aggregate']} of {len(chain['sources'])}" if len(chain["sources"]) > 1 else ""
        lines[1] += f"   (unrounded {chain['raw']!r}{several})"
    for source in chain["sources"]:
        recounted = f": {source['recounted']!r} counted again" if source["recounted"] is not None else ""
        lines.append(f"  from {source['path']}, {source['pointer']}{recounted}")
    if not chain["sources"]:
        lines.append("  from the configuration of the table")
    last = None
    for step in steps:
        made_by = (step["rule"], step["name"])
        if made_by != last:
            lines += ["", f"{step['rule']} {step['name']}", *_about(step)]
        last = made_by
        lines.append(f"  {step['state']:<8}  {step['sha256']}  {step['path']} ({step['size']:,} bytes)")
        if step["origin"] and "url" in step["origin"]:
            lines.append(f"            {step['origin']['url'] or 'personal link'}, {step['origin']['licence']}")
    packages = sorted({package for step in steps for package in step["environment"]})
    lines += ["", f"environment: {', '.join(packages)}"]
    return "\n".join(lines)


def _about(step: Mapping[str, Any]) -> list[str]:
    config = {key: value for key, value in step["config"].items() if key in TOLD and value is not None}
    texts = [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in config.items()]
    lines = [f"  config    {', '.join(texts)}"] if texts else []
    code = step["code"]
    lines.append(f"  code      {code['sha256']}  {code['functions']} functions of {code['modules']} modules")
    references = [item for item in step["inputs"] if item["role"] == "reference"]
    return lines + [f"  reference {item['sha256']}  {item['path']}" for item in references]
