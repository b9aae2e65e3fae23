"""What each job writes: role → path. The rules of the Snakefile write the same paths out, and records name them."""

from __future__ import annotations

from larvseg.experiments import PREPARED, Project


def products(project: Project, rule: str, name: str) -> dict[str, str]:
    """The outputs of the job `name` of `rule`."""
    run, _, seed = name.rpartition(".seed")
    match rule:
        case "fetch":
            return {file: project.archive(file) for file in project.families[name]}
        case "prepare":
            return {"archive": project.archive(PREPARED)}
        case "vocabulary":
            return {role: f"reports/vocabulary/{role}.csv" for role in ("i124", "i585")}
        case "derive":
            return {"manifest": project.manifest(name), "rejects": project.rejects(name)}
        case "pretrain":
            return {"model": project.backbone}
        case "train":
            files = {"model": "model.safetensors", "config": "config.json", "curves": "curves.csv", "card": "card.md"}
            return {role: project.run_file(run, int(seed), file) for role, file in files.items()}
        case "evaluate":
            files = {"confusion": "confusion.arrow", "metrics": "metrics.json"}
            return {role: project.evaluation_file(run, int(seed), file) for role, file in files.items()}
        case "table":
            return {"table": f"results/{name}.csv", "cells": f"results/{project.name}/{name}.cells.jsonl"}
        case "table2":
            return {"table": f"results/{name}.csv"}
        case "metrics":
            return {"metrics": "results/metrics.json"}
        case "compare":
            return {"comparisons": f"results/{name}.csv"}
        case "figure":
            return {"figure": f"reports/figures/{name}.png"}
    raise ValueError(f"no rule {rule!r}")


def wanted(project: Project, rule: str, name: str) -> bool:
    """The job writes something that `snakemake all` asks for. Tables with seeds of their own, and comparisons, are made on demand."""
    if rule == "table":
        return project.experiments.tables[name].seeds is None
    return rule in ("table2", "metrics", "vocabulary", "figure")
