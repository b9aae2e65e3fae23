"""A small benchmark, as the diagnostics have it."""

from tests.reporting.diagnostics.conftest import evaluated, manifest, run, trained  # noqa: F401
