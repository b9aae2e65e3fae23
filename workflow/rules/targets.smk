# What people and the stages of dvc.yaml ask for. The stages of larvseg/pipeline/stages.py say which of these asks for their jobs.


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
        asked_by("tables", "report"),


rule sources:
    input:
        asked_by("sources"),


rule datasets:
    input:
        asked_by("datasets"),


rule train_all:
    input:
        asked_by("train_all"),


rule evaluate_all:
    input:
        asked_by("evaluate_all"),


rule tables:
    input:
        asked_by("tables"),


rule report:
    input:
        asked_by("report"),
