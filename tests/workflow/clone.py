"""Clones of this checkout on the smoke profile, with Snakemake and DVC run in them as a user runs them."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from larvseg.files import replacing

ROOT = Path(__file__).parents[2]
TABLE = "results/table3.csv"
NOTHING = "Nothing to be done"  # Snakemake
UP_TO_DATE = "Data and pipelines are up to date"  # DVC
TARGETS = {"all", "sources", "datasets", "train_all", "evaluate_all", "tables", "report", "total"}
HASHED = ("data/smoke", "results", "reports")  # below these lies what is made
NOT_HASHED = (".run.json", ".tmp", ".log", ".tsv", "README.md")  # these say when and where, or are committed
REPLACED = tuple(f"{folder}/" for folder in (*HASHED, "work/kept", ".dvc/cache"))  # nothing writes into files there
WRITTEN_INTO = (".log", ".tsv")  # but into logs and benchmarks


def jobs_of(output: str) -> dict[str, int]:
    """{rule: number of jobs} of the job tables of every Snakemake that wrote to `output`, targets aside."""
    jobs: Counter[str] = Counter()
    for call in output.split("Building DAG of jobs")[1:]:
        for table in call.split("Job stats:")[1:2]:  # a dry run prints it twice
            rows = re.findall(r"^(\w+)\s+(\d+)$", table.split("\n\n")[0], re.MULTILINE)
            jobs.update({rule: int(count) for rule, count in rows if rule not in TARGETS})
    return dict(jobs)


def final_names(folder: Path) -> list[str]:
    """What lies below `folder` under a final name and is the same in every run."""
    files = (path for made in HASHED for path in sorted((folder / made).rglob("*")) if path.is_file())
    return [path.relative_to(folder).as_posix() for path in files if not path.name.endswith(NOT_HASHED)]


@dataclass
class Clone:
    """A checkout in `folder`, on the smoke profile.

    `variables`: what the environment says beside what it says to the tests; `umask`: -1: as it is; `prefix`: a command that runs others.
    """

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)
    umask: int = -1
    prefix: tuple[str, ...] = ()

    def environment(self) -> dict[str, str]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        # the clone's own code, not that of the editable installation; its own cache and home, so that nothing is shared
        return {
            **os.environ,
            "PATH": path,
            "PYTHONPATH": str(self.folder),
            "XDG_CACHE_HOME": str(self.folder / ".cache"),
            "DVC_NO_ANALYTICS": "1",
            **self.variables,
        }

    def start(self, *command: str, **kwargs) -> subprocess.Popen:
        called = (*self.prefix, *command)
        return subprocess.Popen(called, cwd=self.folder, env=self.environment(), umask=self.umask, text=True, errors="replace", **kwargs)

    def run(self, *command: str, check: bool = True) -> str:
        """Standard output and error of `command`, run in the clone."""
        with self.start(*command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            output, _ = process.communicate()
        assert process.returncode == 0 or not check, f"{' '.join(command)}\n{output}"
        return output

    def snakemake(self, *arguments: str, cores: int = 2, check: bool = True) -> str:
        return self.run("snakemake", "--cores", str(cores), *arguments, check=check)

    def read(self, path: str) -> bytes:
        return (self.folder / path).read_bytes()

    def hashes(self) -> dict[str, str]:
        """Every artifact and record → its sha256."""
        return {path: hashlib.sha256(self.read(path)).hexdigest() for path in final_names(self.folder)}

    def write(self, path: str, content: bytes | str) -> None:
        """Replace the file `path` as an editor does; what it was stays in the clones that share it."""
        with replacing(self.folder / path) as temporary:
            temporary.write_bytes(content.encode() if isinstance(content, str) else content)

    def substitute(self, path: str, old: str, new: str) -> None:
        """Replace the first `old` in the file `path`."""
        text = self.read(path).decode()
        assert old in text, f"{path} has no {old!r}"
        self.write(path, text.replace(old, new, 1))

    def flip(self, path: str) -> None:
        """Flip one bit; size and modification time stay, as after a fault of the disk, and what was kept of the file is gone."""
        file = self.folder / path
        status, content = file.stat(), bytearray(file.read_bytes())
        kept = [other for other in self.folder.glob("work/kept/**/*") if other.is_file() and other.read_bytes() == content]
        content[len(content) // 2] ^= 1
        self.write(path, bytes(content))
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
        for other in kept:
            other.unlink()
            os.link(file, other)

    def copy_to(self, folder: Path) -> Clone:
        """A copy of this clone, times and all; what was made are hard links. What processes note beside their locks stays here."""

        def copy(source: str, target: str) -> None:
            path = Path(source).relative_to(self.folder).as_posix()
            shared = path.startswith(REPLACED) and not path.endswith(WRITTEN_INTO)
            (os.link if shared else shutil.copy2)(source, target)

        shutil.copytree(self.folder, folder, copy_function=copy, ignore=shutil.ignore_patterns("*.flock.*"))
        return Clone(folder)


def clone_to(folder: Path) -> Clone:
    files = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    for file in files:
        if (ROOT / file).is_file():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / file, folder / file)
    (folder / "workflow/config/config.yaml").write_text("profile: smoke\nseeds: 1\n")
    return Clone(folder)
