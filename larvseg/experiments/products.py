"""What each job writes: role → path. The rules of the Snakefile write the same paths out, and records name them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larvseg.experiments.comparators import TEXT_DATASETS
from larvseg.experiments.diagnostics import DIAGNOSTIC_FIGURES
from larvseg.experiments.setup import PREPARED

if TYPE_CHECKING:
    from larvseg.experiments.project import Project

MODEL_FILES = {"model": "model.safetensors", "config": "config.json", "curves": "curves.csv", "card": "card.md"}
WANTED = ("table", "render", "table1", "table2", "metrics", "claims", "vocabulary", "figure", "world")
WANTED += ("figure1", "figure2", "figure3", "figure4", "figure5", "classes", "shares", *DIAGNOSTIC_FIGURES, "page")


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
            return {"model": {"backbone": project.backbone, "features": project.feature_network}[name]}
        case "clip":
            return {role: project.clip_file(name, file) for role, file in MODEL_FILES.items()}
        case "embed":
            return {dataset: project.text_file(name, dataset) for dataset in TEXT_DATASETS}
        case "zeroshot":
            return {"accuracy": project.zeroshot_file(name)}
        case "index":
            return {"embeddings": project.index_file(name)}
        case "train" | "propose":
            return {role: project.run_file(run, int(seed), file) for role, file in MODEL_FILES.items()}
        case "retrieve":
            return {role: project.run_file(run, int(seed), file) for role, file in MODEL_FILES.items() if role != "curves"}
        case "evaluate":
            files = {"confusion": "confusion.arrow", "metrics": "metrics.json"}
            return {role: project.evaluation_file(run, int(seed), file) for role, file in files.items()}
        case "table":
            return {"table": f"results/{name}.csv", "cells": f"results/{project.name}/{name}.cells.jsonl"}
        case "explore":
            return {"grouping": project.grouping_file(run, int(seed))}
        case "respond":
            return {"responses": project.response_file(name)}
        case "predict":
            return {"predictions": project.prediction_file(name)}
        case "recognise":
            return {"recognitions": project.recognition_file(name)}
        case "showcase":
            return {"showcase": project.showcase_file(name)}
        case "attend":
            return {"attentions": project.attention_file(name)}
        case "table1":
            return {"table": f"results/{name}.csv", "cells": f"results/{project.name}/{name}.cells.jsonl"}
        case "figure1" | "figure2" | "figure3" | "figure4" | "figure5":
            return {"figure": f"reports/figures/{name}.png"}
        case "table2":
            return {"table": f"results/{name}.csv"}
        case "render":
            return {"markdown": f"reports/tables/{name}.md", "latex": f"reports/tables/{name}.tex"}
        case "metrics":
            return {"metrics": "results/metrics.json"}
        case "claims":
            return {"claims": f"results/{name}.csv"}
        case "classes":
            return {"table": project.class_table(name)}
        case "shares":
            return {"table": project.share_table(name)}
        case _ if rule in DIAGNOSTIC_FIGURES:
            return {"figure": project.diagnostic_figure(rule, name)}
        case "page":
            return {"page": "reports/index.html"}
        case "figure" | "world":
            return {"figure": f"reports/figures/{name}.png"}
    raise ValueError(f"no rule {rule!r}")


def wanted(project: Project, rule: str, name: str) -> bool:
    """The job writes something that `snakemake all` asks for."""
    return rule in WANTED
