"""What a profile will cost before it starts: gigabytes to fetch, disk, hours of each table."""

from larvseg.plan.overview import plan

__all__ = ["plan"]
