"""Every profile resolves to jobs whose configurations are those of the paper."""

import shutil
from pathlib import Path

import pytest

from larvseg.audit.tree import Tree
from larvseg.config import parse
from larvseg.errors import LarvSegError
from larvseg.lineage.recipes import Recipe
from larvseg.pipeline import Dag, Project, selected
from larvseg.pipeline.dag import jobs_below
from larvseg.pipeline.jobs.evaluation import figure5_models
from larvseg.pipeline.jobs.methods import clips, made, predictor_inputs
from tests.jobs import job

CONFIG = Path(__file__).parents[2] / "workflow/config"


@pytest.mark.parametrize("profile", ["smoke", "mini", "paper"])
def test_every_profile_resolves_every_job(project, profile):
    jobs = Dag(project(profile)).jobs
    assert len({(each.rule, each.name) for each in jobs}) == len(jobs) > 30
    for each in jobs:
        said = each.config.model_dump(mode="json")
        assert parse(type(each.config), said, "recipe").model_dump(mode="json") == said


@pytest.mark.parametrize(
    ("profile", "settings"),
    [
        ("smoke", {"checkpoint_every": 7, "decoded_mb": 3, "processes": 2}),
        ("paper", {"checkpoint_every": 7, "threads": 3, "processes": 4, "compile": True}),  # on a GPU the loader's threads decide no byte
    ],
)
def test_settings_of_speed_change_no_recipe(project, profile, settings):
    def changed(**updates):
        made = project(profile)
        made.profile = made.profile.model_copy(update={"runtime": made.profile.runtime.model_copy(update=updates)})
        return Dag(made).recipes

    assert changed(**settings) == changed()
    assert changed(precision="float32" if profile == "paper" else "bfloat16") != changed()


def test_jobs_find_the_settings_of_speed_beside_the_recipes(project, tmp_path, monkeypatch):
    dag = Dag(project("smoke"))
    monkeypatch.chdir(tmp_path)
    dag.write_recipes()
    path = Path(dag.recipe_path(dag.jobs[0]))
    assert path.is_file() and Recipe.speed(path) == dag.project.profile.runtime.speed != {}


def test_recipes_that_no_job_has_any_more_go_if_nobody_else_is_at_work(tmp_path, monkeypatch):
    few, many = Dag(Project("smoke", CONFIG, seeds=1)), Dag(Project("smoke", CONFIG, seeds=3))
    other = Path("work/recipes/mini/train/larvseg-a150.seed9.json")
    monkeypatch.chdir(tmp_path)
    other.parent.mkdir(parents=True)
    other.touch()
    many.write_recipes()
    with pytest.raises(LarvSegError, match="would change under a Snakemake that is at work here"):
        few.write_recipes(alone=False)
    assert {path.as_posix() for path in Path("work/recipes/smoke").glob("*/*")} == set(map(many.recipe_path, many.recipes))
    few.write_recipes()
    assert {path.as_posix() for path in Path("work/recipes/smoke").glob("*/*")} == set(map(few.recipe_path, few.recipes))
    assert other.exists(), "it is of another profile"


def test_ranks_are_shared_as_in_the_official_configurations(project):
    two = job(project("mini"), "train", "larvseg-a150.seed0").config
    three = job(project("mini"), "train", "larvseg-a150-i124.seed0").config
    assert [(item.name, item.ranks) for item in two.training_sets] == [("WA150", 4), ("C171", 4)]
    assert [(item.name, item.ranks) for item in three.training_sets] == [("WA150", 3), ("C171", 3), ("I124", 2)]


def test_methods_differ_in_the_attentive_loss_only(project):
    baseline = job(project("mini"), "train", "baseline-a150.seed0").config
    larvseg = job(project("mini"), "train", "larvseg-a150.seed0").config
    assert [item.lambda_aux for item in baseline.training_sets] == [0.0, 0.0]
    assert [item.lambda_aux for item in larvseg.training_sets] == [0.1, 0.0]
    assert [item.lambda_cls for item in baseline.training_sets] == [item.lambda_cls for item in larvseg.training_sets] == [0.1, 0.0]
    assert (baseline.attention.variant, larvseg.attention.variant) == ("none", "cross_image")


def test_a_data_set_in_windows_changes_its_own_runs_alone(project):
    before = Dag(project("mini")).recipes
    after = Dag(project("mini", "mini.yaml", lambda v: v.update(windows={"I21K": {"megabytes": 2}}))).recipes
    changed = {recipe.name for recipe, other in zip(before, after, strict=True) if recipe.config != other.config}
    assert changed == {"i21k-larvseg.seed0", "index"}  # and the page, which shows every recipe
    (found,) = [recipe.config for recipe in after if (recipe.rule, recipe.name) == ("train", "i21k-larvseg.seed0")]
    windows = {item["name"]: item.get("windows") for item in found["training_sets"]}
    assert windows == {"C171": None, "I21K": {"megabytes": 2, "lanes": 8, "open": 16}}


def test_what_has_no_windows_says_nothing_of_them(project):
    config = job(project("mini"), "train", "larvseg-a150.seed0").config
    assert "windows" not in str(config.model_dump(mode="json"))  # which a trained model keeps beside it


def test_top_k_is_mapped_to_the_patch_grid_of_the_profile(project):
    assert job(project("mini"), "train", "larvseg-a150.seed0").config.attention.top_k == 4
    assert job(project("paper"), "train", "larvseg-a150.seed0").config.attention.top_k == 20


def test_as_released_preset_raises_lambda_and_top_k(project):
    released = project("paper", "paper.yaml", lambda value: value.update(preset="as_released"))
    config = job(released, "train", "larvseg-a150-i124.seed0").config
    assert config.attention.top_k == 40 and [item.lambda_cls for item in config.training_sets] == [0.2, 0.0, 0.2]
    assert [item.lambda_cls for item in job(released, "train", "larvseg-a150.seed0").config.training_sets] == [0.1, 0.0]
    assert [item.lambda_cls for item in job(released, "train", "larvseg-a847.seed0").config.training_sets] == [0.2, 0.0]


def test_as_printed_preset_starts_from_the_printed_weights(project):
    printed = project("paper", "paper.yaml", lambda value: value.update(preset="as_printed"))
    assert job(printed, "pretrain", "backbone").config.backbone.weights == "timm:vit_base_patch16_224.augreg_in21k"


def test_the_presets_of_paper_and_code_are_in_single_precision(project):
    def precisions(preset):
        changed = project("paper", "paper.yaml", lambda value: (value.update(preset=preset), value["runtime"].update(tf32=True)))
        runtimes = [each.config.runtime for each in jobs_below(changed) if hasattr(each.config, "runtime")]
        return {(runtime.precision, runtime.tf32) for runtime in runtimes}

    assert precisions("default") == {("bfloat16", True)}
    assert precisions("as_printed") == precisions("as_released") == {("float32", False)}


def test_every_output_is_written_by_one_job(project):
    for profile in ("smoke", "paper"):
        outputs = [path for each in Dag(project(profile)).jobs for path in each.outputs.values()]
        assert len(outputs) == len(set(outputs))


def test_methods_of_the_paper_have_its_settings(project):
    paper = project("paper")
    lseg, masks = job(paper, "train", "lseg-a150.seed0").config, job(paper, "propose", "zsbaseline-a150.seed0").config
    assert [(item.name, item.ranks) for item in lseg.training_sets] == [("C171", 8)] and lseg.images_per_rank == 2
    assert (masks.ranks, masks.images_per_rank, masks.steps, masks.clip_norm) == (1, 32, 60_000, 0.01)
    assert masks.optimiser.lr * masks.optimiser.head_factor == pytest.approx(1e-4)
    (c171,) = masks.training_sets
    assert [c171.augmentation.short_side * s for s in c171.augmentation.scale] == [320, 960] and c171.augmentation.crop == 640
    assert set(masks.classification.ensemble) == {"A150", "A847"}
    reco = job(paper, "retrieve", "reco-a847.seed0").config
    assert (reco.retrieved, reco.image_size, reco.features.name) == (50, 224, "deit_small_distilled_patch16_224")
    assert [run for run in paper.experiments.runs if paper.quoted(run)] == ["openseg-a150", "openseg-a847"]
    assert job(paper, "embed", "ViT-L-14.A150").config.prompts == "vild14"


def test_clip_of_the_paper_is_loaded_and_each_model_has_its_role(project):
    paper = project("paper")
    assert {name: job(paper, "clip", name).inputs for name in clips(paper)} == {
        "RN50x64": {"weights": "data/paper/archives/RN50x64.pt"},
        "ViT-L-14-336": {"weights": "data/paper/archives/ViT-L-14-336px.pt"},
        "ViT-B-16": {"weights": "data/paper/archives/ViT-B-16.pt"},
        "ViT-L-14": {"weights": "data/paper/archives/ViT-L-14.pt"},
    }
    text = {run: predictor_inputs(paper, run, 0)["text"].split("/")[3] for run in ("denseclip-a150", "zsbaseline-a847", "lseg-a847")}
    assert text == {"denseclip-a150": "RN50x64", "zsbaseline-a847": "ViT-B-16", "lseg-a847": "ViT-L-14"}
    inputs = job(paper, "retrieve", "reco-a150.seed0").inputs
    assert inputs["retrieval_text"].split("/")[3] == inputs["retrieval"].split("/")[3] == "ViT-L-14-336"
    assert inputs["text"].split("/")[3] == inputs["clip"].split("/")[3] == "RN50x64"
    assert job(paper, "index", "I1K").inputs["retrieval"] == inputs["retrieval"]


def test_reco_sees_with_its_own_network_where_it_has_one(project, monkeypatch):
    monkeypatch.chdir(CONFIG.parents[1])
    paper, mini = project("paper"), project("mini")
    network = job(paper, "pretrain", "features")
    assert network.inputs == {"weights": "data/paper/archives/deit_s_sin_dist.pth"}
    assert network.config.backbone == paper.features_config
    assert network.outputs == {"model": "results/paper/backbone/features.safetensors"} == {"model": paper.feature_network}
    assert paper.feature_network != paper.backbone == "results/paper/backbone/model.safetensors"
    for given in (job(paper, "retrieve", "reco-a150.seed0").inputs, predictor_inputs(paper, "reco-a847", 0)):
        assert given["features"] == paper.feature_network
    tree = Tree(Dag(paper).recipes)  # what audit, crate and doctor go through
    assert tree.recipe(paper.feature_network).title == "pretrain features" and paper.feature_network in tree.below
    reached = tree.above([paper.feature_network])
    assert paper.path("retrieve", "model", run="reco-a847", seed=0) in reached and "results/table3.csv" in reached
    assert paper.path("evaluate", "metrics", run="lseg-a150", seed=0) not in reached
    assert paper.families["weights"][:2] == ("vit_base_patch16_384.augreg_in21k_ft_in1k.safetensors", "deit_s_sin_dist.pth")
    assert mini.feature_network == mini.backbone
    assert ("pretrain", "features") not in {(each.rule, each.name) for each in jobs_below(mini)}
    assert predictor_inputs(mini, "reco-a150", 0)["features"] == mini.backbone


def test_features_may_be_a_file_of_the_users(project):
    own = project("paper", "paper.yaml", lambda v: v["comparators"]["reco"]["features"].update(weights="own/features.safetensors"))
    network = job(own, "pretrain", "features")
    assert (network.inputs, network.reference) == ({}, ("own/features.safetensors",)) and "deit_s_sin_dist.pth" not in own.families[
        "weights"
    ]


def test_the_rehearsal_has_stand_ins_for_networks_alone(project, tmp_path):
    shutil.copy(CONFIG / "sources.yaml", tmp_path / "sources.yaml")
    rehearse = project("rehearse", "rehearse.yaml", lambda v: v.update(registry=str(tmp_path / "sources.yaml")))
    paper = project("paper", "paper.yaml", lambda v: v.update(whole_imagenet=True))  # the rehearsal has it, in small
    ours, theirs = ({(each.rule, each.name) for each in jobs_below(project)} for project in (rehearse, paper))
    assert ours == theirs
    assert rehearse.families == paper.families
    ours, theirs = (job(each, "propose", "zsbaseline-a150.seed0").config for each in (rehearse, paper))
    assert (ours.backbone, ours.head, ours.training_sets) == (theirs.backbone, theirs.head, theirs.training_sets)
    sizes = [{name: model.image_size for name, model in each.comparators.clip.items()} for each in (rehearse, paper)]
    assert sizes[0] == sizes[1] and rehearse.comparators.roles == paper.comparators.roles
    assert all("stand-in" in model.title for model in rehearse.comparators.clip.values())


def test_runs_that_train_nothing_have_the_first_seed_alone(project):
    one, three = project("mini"), Project("mini", CONFIG, seeds=3)
    assert one.seeds == (0,) and three.seeds == (0, 1, 2)
    assert {seed for _, seed in one.trained} == {0}
    seeds = {run: [seed for other, seed in three.trained if other == run] for run, _ in three.trained}
    untrained = {run for run in seeds if three.experiments.runs[run].method in ("denseclip", "reco")}
    assert untrained == {"denseclip-a150", "denseclip-a847", "reco-a150", "reco-a847"}
    assert untrained == {run for run, found in seeds.items() if found == [0]}
    assert all(found == [0, 1, 2] for run, found in seeds.items() if run not in untrained)
    table = job(three, "table", "table3")
    assert set(table.inputs) == {f"{row.run}.seed{seed}" for row in table.config.rows for seed in seeds[row.run]}
    assert len(job(three, "metrics", "metrics").inputs) == len(three.trained) + len(clips(three))


def test_what_segmenters_group_is_looked_at_with_every_seed(project):
    three = Project("mini", CONFIG, seeds=3)
    segmenters = {("segmenter-c171", "A150"), ("segmenter-c171", "A847"), ("supervised-a150", "A150"), ("supervised-a847", "A847")}
    wanted = {(f"{run}.{benchmark}", seed) for run, benchmark in segmenters for seed in range(3)}
    wanted |= {(f"{source}.{benchmark}", 0) for source in ("denseclip", "backbone") for benchmark in ("A150", "A847")}
    jobs = [each for each in jobs_below(three) if each.rule == "explore"]
    assert {(each.config.run, each.config.seed) for each in jobs} == wanted and len(jobs) == len(wanted)
    written = {f"{each.config.run}.seed{each.config.seed}": each.outputs["grouping"] for each in jobs}
    assert job(three, "table1", "table1").inputs == written and job(three, "table1", "table1").config.seeds == (0, 1, 2)
    for each in jobs:
        if each.config.embedding.source == "segmenter":
            run, seed = each.config.run.rpartition(".")[0], each.config.seed
            assert each.inputs["model"] == three.path("train", "model", run=run, seed=seed)
            assert (run, seed) in made(three)
    rules = ("respond", "predict", "recognise", "showcase", "attend")  # for figures
    shown = [each for each in jobs_below(three) if each.rule in rules]
    assert {each.rule for each in shown} == set(rules) and {each.config.seed for each in shown} == {0}
    assert [each.name for each in shown] == [each.name for each in jobs_below(project("mini")) if each.rule in rules]


def test_both_front_doors_read_the_selection(monkeypatch, tmp_path):
    shutil.copytree(CONFIG, tmp_path / "workflow/config")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "workflow/config/config.yaml").write_text("profile: smoke\nseeds: 2\n")
    assert selected().choice == ("profile=smoke", "seeds=2")
    assert selected("mini").choice == ("profile=mini", "seeds=2")
    assert selected(seeds=3).choice == ("profile=smoke", "seeds=3")
    with pytest.raises(LarvSegError, match="seeds: Input should be greater than or equal to 1"):
        selected(seeds=0)


def test_all_of_imagenet_21k_where_a_fetched_profile_asks_for_it(project):
    without = project("paper")
    assert without.object_runs == () and not figure5_models(without) and {"I21K", "IN11K"}.isdisjoint(without.datasets)
    assert "imagenet_whole" not in without.families and without.runs_over_synsets == ("in11k-baseline", "i21k-larvseg")


def test_what_comes_with_all_of_imagenet_21k(project):
    whole = project("paper", "paper.yaml", lambda value: value.update(whole_imagenet=True))
    assert whole.object_runs == whole.runs_over_synsets and figure5_models(whole)
    assert whole.archives_of("I21K") == whole.archives_of("IN11K") == ("data/paper/archives/winter21_whole.tar",)
    assert all("winter21_whole/" in path for path in whole.archives_of("I585"))
    assert {"I21K", "IN11K"} < set(whole.datasets) and job(whole, "derive", "IN11K").config.larger_than == 500
    assert ("i21k-larvseg", 0) in made(whole) and ("i21k-larvseg", 0) not in whole.trained
    fetch = job(whole, "fetch", "imagenet_whole").config
    assert fetch.licensed["winter21_whole.tar"] == ("winter21_whole.tar",) and fetch.sources["winter21_whole.tar"].url is None


def test_figure_5_shows_the_classes_that_its_synsets_are(project):
    config = job(project("mini"), "recognise", "i21k-larvseg").config
    assert config.dataset == "I21K" and config.training == ("IN11K", "I21K") and config.scenes["n03452741"] == "grand-piano"
    assert job(project("mini"), "recognise", "in11k-baseline").config.objects == config.objects
