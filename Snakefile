configfile: "workflow/config/config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/sources.smk"
include: "workflow/rules/datasets.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/comparators.smk"
include: "workflow/rules/evaluation.smk"
include: "workflow/rules/reporting.smk"
include: "workflow/rules/diagnostics.smk"
include: "workflow/rules/report.smk"


localrules:
    all,
    sources,
    datasets,
    train_all,
    evaluate_all,
    tables,
    report,


rule all:
    default_target: True
    input:
        TABLES,
        CLAIMS,
        "results/metrics.json",
        "reports/vocabulary/i124.csv",
        "reports/vocabulary/i585.csv",
        RENDERINGS,
        FIGURES,
        DIAGNOSTIC_TABLES,
        DIAGNOSTIC_FIGURES,
        "reports/index.html",


# One target for each stage of dvc.yaml.
rule sources:
    input:
        ARCHIVES,


rule datasets:
    input:
        MANIFESTS,


rule train_all:
    input:
        MODELS,


rule evaluate_all:
    input:
        METRICS,
        ZERO_SHOT,
        EXPLORATIONS,


rule tables:
    input:
        TABLES,
        CLAIMS,
        "results/metrics.json",
        DIAGNOSTIC_TABLES,


rule report:
    input:
        "reports/vocabulary/i124.csv",
        "reports/vocabulary/i585.csv",
        RENDERINGS,
        FIGURES,
        DIAGNOSTIC_FIGURES,
        "reports/index.html",
