"""What is wrong with an installation, its archives and its data sets, and the command that mends it."""

from larvseg.doctor.examination import examine, fix, report
from larvseg.doctor.finding import Finding

__all__ = ["Finding", "examine", "fix", "report"]
