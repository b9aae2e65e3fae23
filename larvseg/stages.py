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
    "clip": Stage(config.ClipConfig, "larvseg.comparators.clip_training", "clip"),
    "embed": Stage(config.TextConfig, "larvseg.comparators.embedding", "embed"),
    "zeroshot": Stage(config.ZeroShotConfig, "larvseg.comparators.zeroshot", "zeroshot"),
    "index": Stage(config.IndexConfig, "larvseg.comparators.reco", "index"),
    "retrieve": Stage(config.RecoConfig, "larvseg.comparators.reco", "reco"),
    "propose": Stage(config.ProposeConfig, "larvseg.comparators.masks.propose", "propose"),
    "evaluate": Stage(config.EvaluateConfig, "larvseg.evaluation.evaluate", "evaluate"),
    "explore": Stage(config.GroupingConfig, "larvseg.evaluation.explore", "explore"),
    "respond": Stage(config.ResponsesConfig, "larvseg.evaluation.responses", "responses"),
    "predict": Stage(config.PredictConfig, "larvseg.evaluation.predict", "predict"),
    "recognise": Stage(config.RecogniseConfig, "larvseg.evaluation.recognise", "recognise"),
    "showcase": Stage(config.EvaluateConfig, "larvseg.evaluation.showcase", "showcase"),
    "attend": Stage(config.AttentionsConfig, "larvseg.evaluation.attentions", "attentions"),
    "table1": Stage(config.Table1Config, "larvseg.reporting.table1", "table1"),
    "figure1": Stage(config.Figure1Config, "larvseg.reporting.figure1", "figure1"),
    "figure2": Stage(config.Figure2Config, "larvseg.reporting.figure2", "figure2"),
    "figure3": Stage(config.Figure3Config, "larvseg.reporting.figure3", "figure3"),
    "figure4": Stage(config.Figure4Config, "larvseg.reporting.figure4", "figure4"),
    "figure5": Stage(config.Figure5Config, "larvseg.reporting.figure5", "figure5"),
    "table": Stage(config.TableConfig, "larvseg.reporting.tables", "table"),
    "table2": Stage(config.Table2Config, "larvseg.reporting.table2", "table2"),
    "render": Stage(config.RenderConfig, "larvseg.reporting.rendering", "render"),
    "metrics": Stage(config.MetricsConfig, "larvseg.reporting.metrics", "metrics"),
    "claims": Stage(config.ClaimsConfig, "larvseg.reporting.claims", "claims"),
    "classes": Stage(config.ClassesConfig, "larvseg.reporting.diagnostics.classes", "classes"),
    "class_map": Stage(config.RunsFigureConfig, "larvseg.reporting.diagnostics.class_map", "class_map"),
    "tail": Stage(config.RunsFigureConfig, "larvseg.reporting.diagnostics.tail", "tail"),
    "gains": Stage(config.GainsConfig, "larvseg.reporting.diagnostics.gains", "gains"),
    "curves": Stage(config.RunsFigureConfig, "larvseg.reporting.diagnostics.curves", "curves"),
    "shares": Stage(config.SharesConfig, "larvseg.reporting.diagnostics.shares", "shares"),
    "confusion": Stage(config.ConfusionConfig, "larvseg.reporting.diagnostics.confusion", "confusion"),
    "page": Stage(config.PageConfig, "larvseg.reporting.page.build", "page"),
    "figure": Stage(config.FigureConfig, "larvseg.reporting.miniature_figure", "figure"),
    "world": Stage(config.FigureConfig, "larvseg.reporting.world", "world"),
}
