"""`python -m larvseg.bench.open_manifest MANIFEST SAMPLES`: what opening a manifest costs a process that has done nothing else, as JSON."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

from larvseg.datasets.manifest import Manifest


def anonymous_mb() -> float:
    """Memory of this process that no file backs."""
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Anonymous:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise OSError("/proc/self/smaps_rollup: no line about anonymous memory")


def measure(path: Path, samples: int) -> dict[str, float]:
    """See larvseg.bench.datasets.large_manifest."""
    memory, start = anonymous_mb(), time.perf_counter()
    manifest = Manifest(path)
    opened, opened_mb = time.perf_counter() - start, anonymous_mb() - memory
    chosen = np.random.default_rng(0).integers(len(manifest), size=samples).tolist()
    start = time.perf_counter()
    for row in chosen:
        manifest.row(row)
    rows = time.perf_counter() - start
    memory, start = anonymous_mb(), time.perf_counter()
    listed = manifest.split("training")
    split, split_mb = time.perf_counter() - start, anonymous_mb() - memory
    assert len(listed) == len(manifest)
    return {
        "open_seconds": opened,
        "anonymous_mb": opened_mb,
        "row_ms": rows / samples * 1000,
        "split_seconds": split,
        "split_mb": split_mb,
    }


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), int(sys.argv[2]))))
