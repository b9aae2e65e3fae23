"""Faults while the DAG runs, by a seed: `python -m tests.chaos --faults 1000 --seed 0`, or `make chaos`."""
