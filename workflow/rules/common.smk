# What all rules share: the project of the selected profile, its recipes, and the inputs of its jobs.
import sys

from larvseg.errors import LarvSegError
from larvseg.experiments import TEXT_DATASETS, Project
from larvseg.experiments.order import priorities
from larvseg.experiments.products import products
from larvseg.lineage.process import clear_stale_locks


def refuse(error):
    """One line, no traceback: what is wrong lies in a configuration file, not in the workflow."""
    print(f"error: {error}", file=sys.stderr)
    sys.exit(1)


try:
    unknown = sorted(set(config) - {"profile", "seeds"})
    if unknown:
        told = f"only profile and seeds can be chosen there; edit workflow/config/{config['profile']}.yaml"
        raise LarvSegError(f"--config {unknown[0]}: {told}")
    PROJECT = Project(config["profile"], seeds=config.get("seeds", 1))
    PROJECT.write_recipes(alone=clear_stale_locks())
    PRIORITIES = priorities(PROJECT)
except LarvSegError as error:
    refuse(error)

# A job ends with its shell, which ends with Snakemake: no orphan writes after a kill.
shell.prefix("set -euo pipefail; exec ")

PROFILE = PROJECT.name
MEMORY = PROJECT.profile.memory_mb
MINUTES = PROJECT.profile.minutes
THREADS = PROJECT.profile.runtime.threads
ARCHIVES = [PROJECT.archive(file) for files in PROJECT.families.values() for file in files]
if PROJECT.prepared:
    ARCHIVES.append(f"data/{PROFILE}/archives/ade20k_full_prepared.zip")
MANIFESTS = [PROJECT.manifest(dataset) for dataset in PROJECT.datasets]
MODELS = [PROJECT.run_file(run, seed, "model.safetensors") for run, seed in PROJECT.made]
MODELS += [PROJECT.text_file(clip, dataset) for clip in PROJECT.clips for dataset in TEXT_DATASETS]
EXPLORATIONS = [next(iter(products(PROJECT, job.rule, job.name).values())) for job in PROJECT.embedding_jobs()]
FIGURES = [f"reports/figures/{name}.png" for name in PROJECT.figures]
FIGURES += ["reports/figures/miniature.png", "reports/figures/world.png"] if PROJECT.profile.drawn else []
TABLES = [f"results/{name}.csv" for name in PROJECT.tables]
RENDERINGS = [f"reports/tables/{name}.{suffix}" for name in PROJECT.set_in_type for suffix in ("md", "tex")]
CLAIMS = ["results/claims.csv"] if PROJECT.experiments.claims else []
DIAGNOSTICS = [path for job in PROJECT.diagnostic_jobs() for path in products(PROJECT, job.rule, job.name).values()]
DIAGNOSTIC_TABLES = [path for path in DIAGNOSTICS if path.endswith(".csv")]
DIAGNOSTIC_FIGURES = [path for path in DIAGNOSTICS if path.endswith(".png")]
METRICS = [PROJECT.evaluation_file(run, seed, "metrics.json") for run, seed in PROJECT.trained]

ZERO_SHOT = [PROJECT.zeroshot_file(clip) for clip in PROJECT.clips]


wildcard_constraints:
    dataset="|".join(PROJECT.datasets),
    run="|".join(PROJECT.experiments.runs),
    seed=r"\d+",
    table="|".join(PROJECT.experiments.tables),
    clip="|".join(PROJECT.clips) or "none",
    diagnosed="|".join(PROJECT.diagnosed) or "none",


def runs_made_by(rule):
    """A pattern for the wildcard `run` of the rule that makes the models of these runs; one that fits nothing if there are none."""
    return "|".join(run for run in PROJECT.experiments.runs if PROJECT.maker(run) == rule) or "none"


def priority_of(wildcards, input):
    """Which of the jobs that could start does: see larvseg/experiments/order.py."""
    return PRIORITIES[input.recipe]


def archives_of(wildcards):
    return list(PROJECT.derive(wildcards.dataset).inputs.values())


def training_inputs_of(wildcards):
    return list(PROJECT.train(f"{wildcards.run}.seed{wildcards.seed}").inputs.values())


def evaluations_of(wildcards):
    return list(PROJECT.table(wildcards.table).inputs.values())


def evaluation_inputs_of(wildcards):
    return list(PROJECT.evaluate(f"{wildcards.run}.seed{wildcards.seed}").inputs.values())


def grouping_inputs_of(wildcards):
    return list(PROJECT.explore(f"{wildcards.exploration}.seed{wildcards.seed}").inputs.values())
