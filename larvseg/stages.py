"""The stages of the DAG: for each rule its configuration model and the function behind it. Imports none of them."""

from dataclasses import dataclass

from larvseg import config


@dataclass(frozen=True)
class Stage:
    """`module`:`function`(config, inputs, outputs, work) makes what the rule declares."""

    config: type[config.Model]
    module: str
    function: str


STAGES = {
    "fetch": Stage(config.FetchConfig, "larvseg.sources.fetch", "fetch"),
    "prepare": Stage(config.PrepareConfig, "larvseg.datasets.prepare", "prepare"),
    "vocabulary": Stage(config.VocabularyConfig, "larvseg.vocabulary.report", "vocabulary"),
    "derive": Stage(config.DeriveConfig, "larvseg.datasets.derive", "derive"),
    "pretrain": Stage(config.PretrainConfig, "larvseg.training.pretrain", "pretrain"),
    "train": Stage(config.TrainConfig, "larvseg.training.train", "train"),
    "evaluate": Stage(config.EvaluateConfig, "larvseg.evaluation.evaluate", "evaluate"),
    "table": Stage(config.TableConfig, "larvseg.reporting.tables", "table"),
    "table2": Stage(config.Table2Config, "larvseg.reporting.table2", "table2"),
    "metrics": Stage(config.MetricsConfig, "larvseg.reporting.metrics", "metrics"),
    "compare": Stage(config.CompareConfig, "larvseg.reporting.comparisons", "compare"),
    "figure": Stage(config.FigureConfig, "larvseg.reporting.miniature_figure", "figure"),
}
