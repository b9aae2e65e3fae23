"""The stages of the DAG. Nothing else in the project says what a stage writes, what its command is called or what it needs."""

from __future__ import annotations

from dataclasses import replace

from larvseg import config as c
from larvseg.pipeline.stage import Caption, Needs, Stage

ARCHIVE = "data/{profile}/archives/"
MANIFEST = "data/{profile}/manifests/{dataset}"
RUN = "results/{profile}/runs/{run}/seed{seed}/"
CLIP = "results/{profile}/clip/{clip}/"
EVALUATION = "results/{profile}/evaluations/{run}/seed{seed}/"
TABLE = "{tables}/"
FIGURE = "{reports}/figures/"
STYLE = ("larvseg/figures/style.mplstyle",)
A_RUN = "{run}.seed{seed}"

MODEL = {"model": "model.safetensors", "config": "config.json", "curves": "curves.csv", "card": "card.md"}
SMALL = Needs("one", memory_mb=500, minutes=5, local=True)
DRAWING = Needs("one", memory_mb=1000, minutes=10, local=True)
LARGE_DRAWING = Needs("one", memory_mb=2000, minutes=10, local=True)
CURVES = Caption("training", "Curves", {"model": "{run}", "seed": "{seed}"})


def _in(folder: str, files: dict[str, str], *roles: str) -> dict[str, str]:
    return {role: f"{folder}{file}" for role, file in files.items() if role in (roles or files)}


def _table(name: str) -> Caption:
    return Caption(name, "Tables", {"table": name})


def _figure(name: str, help: str, config: type[c.Model] = c.FigureConfig, needs: Needs = DRAWING) -> Stage:
    """A figure, <reports>/figures/<name>.png, which larvseg.figures.<name> draws."""
    return Stage(
        help=help,
        step=("Figure", "Drawn of what the steps below found."),
        config=config,
        function=f"larvseg.figures.{name}:figure",
        job=name,
        outputs={"figure": f"{FIGURE}{name}.png"},
        target="report",
        needs=needs,
        captions={"figure": Caption(name, "Figures", {"figure": name})},
        torch=False,
        reference=STYLE,
    )


def _diagnosis(help: str, name: str, config: type[c.Model], file: str, caption: str, what: str, *, verb: str | None = None) -> Stage:
    """A table (<tables>/<file>.csv) or figure of one benchmark, which `file` has as a field."""
    table = file.startswith(TABLE)
    role = "table" if table else "figure"
    return Stage(
        help=help,
        step=("Table", "Counted over all validation images.") if table else ("Figure", "Drawn of what the steps below found."),
        config=config,
        function=f"larvseg.reporting.diagnostics.{name}:{name}" if table else f"larvseg.figures.{name}:figure",
        job="{benchmark}",
        outputs={role: file},
        target="tables" if table else "report",
        needs=LARGE_DRAWING if name == "gains" else DRAWING,
        captions={role: Caption(caption, "Diagnostics", {"what": what, "benchmark": "{benchmark}"})},
        verb=f"diagnose {verb or name}",
        torch=False,
        reference=() if table else STYLE,
    )


STAGES = {
    # Archives and data sets
    "fetch": Stage(
        help="Fetch the archives of a family; where the profile draws its world, draw them.",
        step=("Archives", "As they were fetched or drawn; nothing is unpacked."),
        config=c.FetchConfig,
        function="larvseg.datasets.fetch:fetch",
        job="{family}",
        outputs=None,
        target="sources",
        needs=Needs("drawing", memory_mb=2000),
        torch=False,
    ),
    "prepare": Stage(
        help="Make the archive of A847 as published: smaller images, compressed again.",
        step=("Prepared archive", "Smaller images, after the published preparation."),
        config=c.PrepareConfig,
        function="larvseg.datasets.prepare:prepare",
        job="ade20k_full",
        outputs={"archive": f"{ARCHIVE}ade20k_full_prepared.zip"},
        target="sources",
        needs=Needs("deriving", memory_mb=2000, memory_mb_of_a_thread=500),
        torch=False,
    ),
    "vocabulary": Stage(
        help="Resolve the synsets of I124 and I585 again and compare them with the committed lists.",
        step=("Synsets", "Each category with the synset that was chosen for it, and why."),
        config=c.VocabularyConfig,
        function="larvseg.vocabulary.report:vocabulary",
        job="synsets",
        outputs={role: f"{{reports}}/vocabulary/{role}.csv" for role in ("i124", "i585")},
        target="report",
        needs=Needs("one", memory_mb=4000),
        captions={role: Caption("vocabulary", "Data", {"data set": role.upper()}) for role in ("i124", "i585")},
        verb="vocab resolve",
        torch=False,
    ),
    "derive": Stage(
        help="Derive the manifest of a data set from its archives.",
        step=("Manifest", "One row an image: where its bytes lie in which archive, and its labels."),
        config=c.DeriveConfig,
        function="larvseg.datasets.derive:derive",
        job="{dataset}",
        outputs={"manifest": f"{MANIFEST}.arrow", "rejects": f"{MANIFEST}.rejects.csv"},
        target="datasets",
        # the list of a zip with a million members, and an image of 20 megapixels with its mask in each process
        needs=Needs("deriving", memory_mb=1000, memory_mb_of_a_thread=500),
        torch=False,
    ),
    # Models
    "freeze": Stage(
        help="Take the weights of the frozen network whose features runs are trained on.",
        step=("Frozen network", "Sees the images; nothing of it is trained."),
        config=c.FreezeConfig,
        function="larvseg.training.freeze:freeze",
        job="backbone",
        outputs={"model": "results/{profile}/backbone/frozen.safetensors"},
        target="train_all",
        needs=SMALL,
    ),
    "extract": Stage(
        help="Compute the features of the images of a family of archives by the frozen network, once.",
        step=("Features", "Of each image, as it is and mirrored, computed once."),
        config=c.ExtractConfig,
        function="larvseg.training.extract:extract",
        job="{family}.{view}",
        outputs=None,
        target="train_all",
    ),
    "pretrain": Stage(
        help="Make the backbone that every run starts from.",
        step=("Backbone", "What every run starts from."),
        config=c.PretrainConfig,
        function="larvseg.training.pretrain:pretrain",
        job="{network}",
        outputs=None,
        target="train_all",
        needs=Needs("pretraining"),
    ),
    "train": Stage(
        help="Train a run.",
        step=("Training", "From data sets and the backbone to a checkpoint."),
        config=c.TrainConfig,
        function="larvseg.training.train:train",
        job=A_RUN,
        outputs=_in(RUN, MODEL),
        target="train_all",
        captions={"curves": CURVES},
        processes=True,
    ),
    "clip": Stage(
        help="Train or load a CLIP model.",
        step=("CLIP model", "Knows images by what is said of them."),
        config=c.ClipConfig,
        function="larvseg.clip.training:clip",
        job="{clip}",
        outputs=_in(CLIP, MODEL),
        target="train_all",
        needs=Needs(foundation=True),
        captions={"curves": Caption("training", "Curves", {"model": "CLIP {clip}", "seed": "0"})},
    ),
    "embed": Stage(
        help="Embed the class names of a data set by a CLIP model.",
        step=("Class names", "Embedded by a CLIP model."),
        config=c.TextConfig,
        function="larvseg.clip.embed:embed",
        job="{clip}.{dataset}",
        outputs={"text": f"{CLIP}text/{{dataset}}.safetensors"},
        target="train_all",
    ),
    "index": Stage(
        help="Embed the images that ReCo retrieves from.",
        step=("Index", "Images to retrieve from, as a CLIP model sees them."),
        config=c.IndexConfig,
        function="larvseg.methods.reco.retrieve:index",
        job="{dataset}",
        outputs={"embeddings": "results/{profile}/index/{dataset}.safetensors"},
        target="train_all",
    ),
    "retrieve": Stage(
        help="Make ReCo's reference of each class from retrieved images.",
        step=("References", "Of each class, from retrieved images."),
        config=c.RecoConfig,
        function="larvseg.methods.reco.retrieve:reco",
        job=A_RUN,
        outputs=_in(RUN, MODEL, "model", "config", "card"),
        target="train_all",
    ),
    "propose": Stage(
        help="Train the mask proposals of ZSBaseline or OpenSeg.",
        step=("Training", "A network that proposes masks."),
        config=c.ProposeConfig,
        function="larvseg.masks.propose:propose",
        job=A_RUN,
        outputs=_in(RUN, MODEL),
        target="train_all",
        captions={"curves": CURVES},
        verb="train-masks",
    ),
    # What models do with images
    "zeroshot": Stage(
        help="Measure how well a CLIP model knows object images by the names of the classes.",
        step=("Evaluation", "How well a CLIP model knows object images."),
        config=c.ZeroShotConfig,
        function="larvseg.clip.zeroshot:zeroshot",
        job="{clip}",
        outputs={"accuracy": "results/{profile}/evaluations/clip/{clip}.json"},
        target="evaluate_all",
    ),
    "evaluate": Stage(
        help="Evaluate a run on its benchmark.",
        step=("Evaluation", "Confusion counts of each validation image, and the mIoU that follows from them."),
        config=c.EvaluateConfig,
        function="larvseg.evaluation.evaluate:evaluate",
        job=A_RUN,
        outputs={"confusion": f"{EVALUATION}confusion.arrow", "metrics": f"{EVALUATION}metrics.json"},
        target="evaluate_all",
    ),
    "explore": Stage(
        help="Group pixels by the embeddings of one row of Table 1.",
        step=("Grouping", "What embeddings of pixels group."),
        config=c.GroupingConfig,
        function="larvseg.evaluation.explore:explore",
        job="{explored}.seed{seed}",
        outputs={"grouping": "results/{profile}/groupings/{explored}/seed{seed}.json"},
        target="evaluate_all",
        verb="group-pixels",
    ),
    "respond": Stage(
        help="Make the response maps of one model of Figure 2.",
        step=("Response maps", "Where else is what one pixel shows."),
        config=c.ResponsesConfig,
        function="larvseg.evaluation.responses:responses",
        job="{explored}",
        outputs={"responses": "results/{profile}/responses/{explored}.safetensors"},
        target="evaluate_all",
        verb="response-maps",
    ),
    "predict": Stage(
        help="Make the label maps of one method of Figure 4.",
        step=("Label maps", "Predictions on a few images."),
        config=c.PredictConfig,
        function="larvseg.evaluation.predict:predict",
        job="{run}",
        outputs={"predictions": "results/{profile}/predictions/{run}.safetensors"},
        target="evaluate_all",
    ),
    "compare": Stage(
        help="Make the label maps of one method on the images that another one changes.",
        step=("Label maps", "Predictions on the images that a method gains and loses most on."),
        config=c.CompareConfig,
        function="larvseg.evaluation.predict:compare",
        job="{run}",
        outputs={"predictions": "results/{profile}/predictions/gains/{run}.safetensors"},
        target="evaluate_all",
        verb="predict-changes",
    ),
    "recognise": Stage(
        help="Make the label maps of one model of Figure 5 over all its synsets.",
        step=("Label maps", "Predictions over all synsets on a few images."),
        config=c.RecogniseConfig,
        function="larvseg.evaluation.recognise:recognise",
        job="{run}",
        outputs={"recognitions": "results/{profile}/predictions/synsets/{run}.safetensors"},
        target="evaluate_all",
    ),
    "showcase": Stage(
        help="Segment the image of Figure 1.",
        step=("Label map", "The prediction on one image."),
        config=c.EvaluateConfig,
        function="larvseg.evaluation.showcase:showcase",
        job="{run}",
        outputs={"showcase": "results/{profile}/showcase/{run}.safetensors"},
        target="evaluate_all",
    ),
    "attend": Stage(
        help="Make the maps of the category-wise attention of Figure 3.",
        step=("Attention maps", "Where the classifier attends in one training image."),
        config=c.AttentionsConfig,
        function="larvseg.evaluation.attentions:attentions",
        job="{run}",
        outputs={"attentions": "results/{profile}/attentions/{run}.safetensors"},
        target="evaluate_all",
    ),
    # Tables
    "table1": Stage(
        help="Write Table 1.",
        step=("Table", "Means over the draws of the known pixels."),
        config=c.Table1Config,
        function="larvseg.reporting.table1:table1",
        job="table1",
        outputs={"table": f"{TABLE}table1.csv", "cells": "results/{profile}/table1.cells.jsonl"},
        target="tables",
        needs=SMALL,
        captions={"table": _table("table1")},
        torch=False,
    ),
    "table2": Stage(
        help="Count the data sets (Table 2).",
        step=("Table", "Counted in the manifests."),
        config=c.Table2Config,
        function="larvseg.reporting.table2:table2",
        job="table2",
        outputs={"table": f"{TABLE}table2.csv"},
        target="tables",
        needs=SMALL,
        captions={"table": _table("table2")},
        torch=False,
    ),
    "table": Stage(
        help="Write a table of the paper.",
        step=("Table", "Means over seeds, beside the published values."),
        config=c.TableConfig,
        function="larvseg.reporting.tables:table",
        job="{table}",
        outputs={"table": f"{TABLE}{{table}}.csv", "cells": "results/{profile}/{table}.cells.jsonl"},
        target="tables",
        needs=SMALL,
        captions={"table": Caption("table", "Tables", {"table": "{table}"})},
        torch=False,
    ),
    "metrics": Stage(
        help="Gather the metrics of all runs in one file.",
        step=("Metrics", "Those of all runs, in one file."),
        config=c.MetricsConfig,
        function="larvseg.reporting.metrics:metrics",
        job="metrics",
        outputs={"metrics": f"{TABLE}metrics.json"},
        target="tables",
        needs=SMALL,
        torch=False,
    ),
    "claims": Stage(
        help="Test what the paper claims.",
        step=("Claims", "Differences of the paper beside ours, each with its interval."),
        config=c.ClaimsConfig,
        function="larvseg.reporting.claims:claims",
        job="claims",
        outputs={"claims": f"{TABLE}claims.csv"},
        target="tables",
        needs=Needs("one", memory_mb=2000, minutes=20),
        captions={"claims": Caption("claims", "Claims", {"claims": "all"})},
        torch=False,
    ),
    "render": Stage(
        help="Set a table in Markdown and LaTeX.",
        step=("Typeset table", "In Markdown and LaTeX."),
        config=c.RenderConfig,
        function="larvseg.reporting.rendering:render",
        job="{table}",
        outputs={"markdown": "{reports}/tables/{table}.md", "latex": "{reports}/tables/{table}.tex"},
        target="report",
        needs=SMALL,
        torch=False,
    ),
    # Why the numbers of Table 3 are what they are
    "classes": _diagnosis(
        "Write the table of classes: base or novel, how often seen, IoU of each run.",
        "classes",
        c.ClassesConfig,
        f"{TABLE}classes_{{benchmark}}.csv",
        "class_map",
        "classes (table)",
    ),
    "shares": _diagnosis(
        "Write the table of where the pixels of novel and base categories go.",
        "shares",
        c.SharesConfig,
        f"{TABLE}confusion_{{benchmark}}.csv",
        "confusion",
        "confusion (table)",
    ),
    "class_map": _diagnosis(
        "Draw the IoU of each class and run.",
        "class_map",
        c.RunsFigureConfig,
        f"{FIGURE}classes_{{benchmark}}.png",
        "class_map",
        "every class",
        verb="map",
    ),
    "tail": _diagnosis(
        "Draw the IoU of each class over how often training sees it.",
        "tail",
        c.RunsFigureConfig,
        f"{FIGURE}tail_{{benchmark}}.png",
        "tail",
        "tail",
    ),
    "gains": _diagnosis(
        "Draw what each class gains from attention over how often the memory bank saw it.",
        "gains",
        c.GainsConfig,
        f"{FIGURE}gains_{{benchmark}}.png",
        "gains",
        "gains",
    ),
    "curves": _diagnosis(
        "Draw losses, memory bank and attention over training.",
        "curves",
        c.RunsFigureConfig,
        f"{FIGURE}training_{{benchmark}}.png",
        "curves",
        "training",
    ),
    "confusion": _diagnosis(
        "Draw what novel and base categories are taken for.",
        "confusion",
        c.ConfusionConfig,
        f"{FIGURE}confusion_{{benchmark}}.png",
        "confusion",
        "confusion",
    ),
    # Figures and the report
    "figure1": _figure("figure1", "Draw Figure 1.", c.Figure1Config, LARGE_DRAWING),
    "figure2": _figure("figure2", "Draw Figure 2.", c.Figure2Config, LARGE_DRAWING),
    "figure3": _figure("figure3", "Draw Figure 3.", c.Figure3Config, LARGE_DRAWING),
    "figure4": _figure("figure4", "Draw Figure 4.", c.Figure4Config, LARGE_DRAWING),
    "figure5": _figure("figure5", "Draw Figure 5.", c.Figure5Config, LARGE_DRAWING),
    "overlays": replace(
        _figure("overlays", "Draw the images that a method gains and loses most on.", c.OverlaysConfig, LARGE_DRAWING),
        outputs={"figure": f"{FIGURE}overlays.png", "maps": f"{FIGURE}overlays_maps.png"},
    ),
    "miniature": _figure("miniature", "Draw images of the miniature world.", needs=LARGE_DRAWING),
    "world": _figure("world", "Draw the drawn ADE20K beside the real one.", c.WorldConfig),
    "page": Stage(
        help="Write the report: one page with everything that was made.",
        step=("Report", "This page."),
        config=c.PageConfig,
        function="larvseg.reporting.page.build:page",
        job="index",
        outputs={"page": "{reports}/index.html"},
        target="report",
        needs=LARGE_DRAWING,
        torch=False,
    ),
}

# Those whose outputs people ask for themselves, not only for what is made of them.
WANTED = frozenset(name for name, stage in STAGES.items() if stage.target in ("tables", "report"))
