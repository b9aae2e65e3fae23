"""Text tables: written by the stage embed, read by methods, and DenseCLIP, which needs nothing else."""

import pytest
import torch

from larvseg.clip.embed import embed
from larvseg.clip.model import Clip, build_clip, save_clip
from larvseg.config import EvaluateConfig, Evaluation
from larvseg.config.clip import TextConfig
from larvseg.errors import LarvSegError
from larvseg.methods.denseclip.predict import predictor
from larvseg.training.checkpoint import save_tensors
from larvseg.training.text_table import load_text, text_of
from larvseg.vocabulary.datasets import committed
from tests.clip.tiny_clip import RESNET, VIT
from tests.data import load_vocabulary

DATASETS = ("C171", "A150")
EVALUATE = EvaluateConfig(
    run="denseclip",
    method="denseclip",
    profile="smoke",
    seed=0,
    benchmark="A150",
    evaluation=Evaluation(short_side=64, long_side=256, window=64, stride=64),
)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The tables of the drawn classes by a tiny CLIP model, and the model."""
    folder = tmp_path_factory.mktemp("text")
    save_clip(folder / "clip", VIT, build_clip(VIT))
    tables = {dataset: folder / dataset for dataset in DATASETS}
    for dataset, path in tables.items():
        config = TextConfig(clip="tiny", prompts="vild14", dataset=dataset, classes=committed().classes(dataset), drawn=True)
        embed(config, {"clip": folder / "clip"}, {"text": path}, folder / "work")
    return tables | {"clip": folder / "clip"}


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_table_has_a_unit_row_for_each_class(dataset, files):
    table, metadata = load_text(files[dataset])
    names = load_vocabulary(dataset, drawn=True).names
    assert metadata == {"clip": "tiny", "prompts": "vild14", "dataset": dataset, "classes": list(names)}
    assert table.shape == (len(names), 12) and table.dtype == torch.float32
    torch.testing.assert_close(table.norm(dim=1), torch.ones(len(names)))
    assert torch.equal(text_of(files[dataset], names), table)
    torch.testing.assert_close(table[3:5], Clip(VIT, build_clip(VIT)).table(names[3:5], "vild14"))


def test_other_classes_and_other_files_are_refused(files, tmp_path):
    with pytest.raises(LarvSegError, match="the text table of A150 has other classes"):
        text_of(files["A150"], load_vocabulary("C171", drawn=True).names)
    with pytest.raises(LarvSegError, match="clip: not a text table; make it by the stage embed"):
        load_text(files["clip"])
    save_tensors(tmp_path / "short", {"text": torch.zeros(2, 3)}, {"classes": ["one"]})
    with pytest.raises(LarvSegError, match="short: not a text table"):
        load_text(tmp_path / "short")


def test_denseclip_scores_cells_by_the_names_of_the_table(files):
    made = predictor(EVALUATE, {"clip": files["clip"], "text": files["A150"]}, "cpu")
    assert made.names == load_vocabulary("A150", drawn=True).names and made.normalisation == "clip"
    table, _ = load_text(files["A150"])
    for side in (24, 64):  # its own size and another
        windows = torch.randn(2, 3, side, side)
        scores = made.logits(windows)
        assert scores.shape == (2, len(made.names), side // 8, side // 8)
        cell = Clip(VIT, build_clip(VIT)).dense(windows)[1, :, 2, 1]
        torch.testing.assert_close(scores[1, :, 2, 1], table @ cell)


def test_a_cell_gets_the_class_whose_embedding_it_is(files, tmp_path):
    clip = Clip(VIT, build_clip(VIT))
    windows = torch.randn(1, 3, 24, 24)
    planted = clip.dense(windows)[0].flatten(1).T
    save_tensors(tmp_path / "planted", {"text": planted}, {"classes": [f"cell {i}" for i in range(9)], "dataset": "A150"})
    made = predictor(EVALUATE, {"clip": files["clip"], "text": tmp_path / "planted"}, "cpu")
    assert made.logits(windows).argmax(1).flatten().tolist() == list(range(9))


def test_a_table_of_another_model_is_refused(files, tmp_path):
    wide = RESNET.model_copy(update={"architecture": {**RESNET.architecture, "embed_dim": 16}})
    save_clip(tmp_path / "wide", wide, build_clip(wide))
    with pytest.raises(LarvSegError, match="A150: embeddings of 12 numbers, .*wide makes 16"):
        predictor(EVALUATE, {"clip": tmp_path / "wide", "text": files["A150"]}, "cpu")
