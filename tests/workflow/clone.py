"""Clones of this checkout on the smoke profile, with Snakemake and DVC run in them as a user runs them."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = "results/table3.csv"


@dataclass
class Clone:
    """A checkout in `folder`, on the smoke profile."""

    folder: Path

    def environment(self) -> dict[str, str]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        # the clone's own code, not that of the editable installation; its own cache and home, so that nothing is shared
        return {
            **os.environ,
            "PATH": path,
            "PYTHONPATH": str(self.folder),
            "XDG_CACHE_HOME": str(self.folder / ".cache"),
            "DVC_NO_ANALYTICS": "1",
        }

    def start(self, *command: str, **kwargs) -> subprocess.Popen:
        return subprocess.Popen(command, cwd=self.folder, env=self.environment(), text=True, **kwargs)

    def run(self, *command: str, check: bool = True) -> str:
        """Standard output and error of `command`, run in the clone."""
        done = subprocess.run(command, cwd=self.folder, env=self.environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode == 0 or not check, f"{' '.join(command)}\n{done.stdout}"
        return done.stdout

    def snakemake(self, *arguments: str, cores: int = 2, check: bool = True) -> str:
        return self.run("snakemake", "--cores", str(cores), *arguments, check=check)

    def read(self, path: str) -> bytes:
        return (self.folder / path).read_bytes()


def clone_to(folder: Path) -> Clone:
    files = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    for file in files:
        if (ROOT / file).is_file():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / file, folder / file)
    (folder / "workflow/config/config.yaml").write_text("profile: smoke\n")
    return Clone(folder)
