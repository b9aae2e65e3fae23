"""Recipes (why something reruns) and records (where something came from)."""
