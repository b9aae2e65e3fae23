"""What Snakemake remembers in `.snakemake/` of jobs that did not end and of others at work, where by itself it forgets some of it.

Before it starts a job it deletes the outputs of last time. If the job then fails or is killed, they are absent. What stands on them is as
it was, and Snakemake has noted the inputs of the failed job as if they had been used (its issues 2966 and 3808): it would say that there is
nothing to be done. When it ends it deletes the folder of all locks, also those of another Snakemake at work. And a damaged file of what it
remembers is none for it only as long as that is text.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


def remember_the_unfinished() -> None:
    """Have Snakemake, in this process, make again each output of a job that it began and that did not end well, also where it is absent."""
    from snakemake.jobs import Job  # it has no setting for this
    from snakemake.persistence import PersistenceBase

    if Job.postprocess.__module__ == __name__:
        return
    postprocess = Job.postprocess

    async def marked(self: Any, *arguments: Any, error: bool = False, **settings: Any) -> None:
        failed = True
        try:
            await postprocess(self, *arguments, error=error, **settings)
            failed = error
        finally:
            if failed:
                self.dag.workflow.persistence.started(self)

    Job.postprocess, PersistenceBase.incomplete = marked, _incomplete


def remember_other_locks() -> None:
    """Have Snakemake, in this process, take away at its end its own locks and no others, nor their folder."""
    from snakemake.persistence.file import FilePersistence

    if FilePersistence._delete_locks.__module__ == __name__:
        return
    delete_all = FilePersistence._delete_locks

    def delete_own(self: Any) -> None:
        if not self._lockfile:  # `snakemake --unlock`
            delete_all(self)
        for path in self._lockfile.values():
            Path(path).unlink(missing_ok=True)
        self._lockfile.clear()

    FilePersistence._delete_locks = delete_own


def forget_the_damaged() -> None:
    """Have Snakemake, in this process, take whatever damaged file it remembers a job by for none."""
    from snakemake.logging import logger
    from snakemake.persistence import MetadataRecord
    from snakemake.persistence.file import FilePersistence

    if FilePersistence._io_read.__module__ == __name__:
        return
    read = FilePersistence._io_read

    def read_sound(self: Any, folder: str, name: str) -> dict[str, Any]:
        try:
            return dict(MetadataRecord.model_validate(found).items()) if (found := read(self, folder, name)) else {}
        except ValueError:  # no text, or values of other types
            logger.warning(f"Ignore the damaged record {self._record_path(folder, name)}.")
            return {}

    FilePersistence._io_read = read_sound


async def _incomplete(self: Any, job: Any) -> list[Any]:
    """The outputs of `job` that are marked as begun; those that are absent only where Snakemake may make them again by itself."""
    begun = self._filter_incomplete_keys([self._get_key(file) for file in job.output])
    again = self.dag.workflow.dag_settings.force_incomplete
    return [file for file in job.output if self._get_key(file) in begun and (again or await file.exists())]
