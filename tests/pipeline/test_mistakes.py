"""A mistake in the configuration is answered in one line that names file and key, and the nearest known name."""

import copy
from pathlib import Path

import pytest

from larvseg.config import Profile, parse
from larvseg.errors import LarvSegError
from larvseg.pipeline import Project, selected
from larvseg.pipeline.dag import Dag, jobs_below
from larvseg.pipeline.project import _settings, selection
from tests.jobs import job

CONFIG = Path(__file__).parents[2] / "workflow/config"
CONFIG_HERE = Path("workflow/config/config.yaml")


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("mini.yaml", lambda v: v.update(stepps=1), r"mini.yaml: unknown key 'stepps'; did you mean 'steps'\?"),
        ("mini.yaml", lambda v: v["optimiser"].update(momentun=1), r"unknown key 'optimiser.momentun'; did you mean 'momentum'\?"),
        ("mini.yaml", lambda v: v["optimiser"].update(lrr=v["optimiser"].pop("lr")), r"unknown key 'optimiser.lrr'; did you mean 'lr'\?"),
        ("mini.yaml", lambda v: v.update(windows={"I21": {}}), r"mini.yaml: windows: no data set 'I21'; did you mean 'I21K'\?"),
        (
            "mini.yaml",
            lambda v: v.update(windows={"I21K": {"megabyte": 1}}),
            r"unknown key 'windows.I21K.megabyte'; did you mean 'megabytes'\?",
        ),
        ("mini.yaml", lambda v: v.update(steps="many"), "mini.yaml: steps: Input should be a valid integer"),
        ("mini.yaml", lambda v: v.update(minutes_of={"trains": 9}), r"mini.yaml: minutes_of: no stage 'trains'; did you mean 'train'\?"),
        ("mini.yaml", lambda v: v.update(preset="as_print"), r"no preset 'as_print'; did you mean 'as_printed'\?"),
        (
            "experiments.yaml",
            lambda v: v["runs"]["larvseg-a150"].update(attention={"top_k": None}),
            r"experiments.yaml: run 'larvseg-a150': attention: top_k: Input should be a valid integer",
        ),
        (
            "experiments.yaml",
            lambda v: v["defaults"]["attention"].pop("top_k"),
            "run '.*': attention: top_k: Input should be a valid integer",
        ),
        (
            "experiments.yaml",
            lambda v: v["runs"]["zsbaseline-a150"].update(training_data=["ITPair"]),
            "run 'zsbaseline-a150': training_data: name the data sets that regions are proposed from, too",
        ),
        ("datasets.yaml", lambda v: v["A150"].pop("base"), "datasets.yaml: A150: base: name the data set of the base categories"),
        (
            "experiments.yaml",
            lambda v: v["runs"]["larvseg-a150"].update(metod=1),
            r"unknown key 'runs.larvseg-a150.metod'; did you mean 'method'\?",
        ),
        (
            "experiments.yaml",
            lambda v: v["runs"]["larvseg-a150"].update(training_data=["C170"]),
            "run 'larvseg-a150': no data set 'C170'; did you mean 'C171'",
        ),
        (
            "experiments.yaml",
            lambda v: v["tables"]["table3"]["rows"][0].update(run="larvseg-a15"),
            r"no run 'larvseg-a15'; did you mean 'larvseg-a150'\?",
        ),
        (
            "experiments.yaml",
            lambda v: v["figure3"].update(run="larvseg-a15"),
            r"figure3: no run 'larvseg-a15'; did you mean 'larvseg-a150'\?",
        ),
        (
            "experiments.yaml",
            lambda v: v["figure2"]["models"][0].update(run="segmenter-c17"),
            r"figure2: no run 'segmenter-c17'; did you mean 'segmenter-c171'\?",
        ),
        (
            "experiments.yaml",
            lambda v: v["figure4"]["methods"][0].update(run="reco-a15"),
            r"figure4: no run 'reco-a15'; did you mean 'reco-a150'\?",
        ),
        (
            "experiments.yaml",
            lambda v: v["table1"]["rows"][1].update(run="segmenter-c17"),
            r"table1: no run 'segmenter-c17'; did you mean 'segmenter-c171'\?",
        ),
        (
            "experiments.yaml",
            lambda v: v["figure4"]["methods"][3].update(run="segmenter-c171"),
            "figure4: 'segmenter-c171' is in no table, so that nothing makes it",
        ),
        (
            "experiments.yaml",
            lambda v: v["runs"]["lseg-a847"].update(model_of="segmenter-c171"),
            "run 'lseg-a847': model_of: 'segmenter-c171' is in no table, so that nothing makes it",
        ),
        (
            "experiments.yaml",
            lambda v: v["runs"]["larvseg-a150"].update(training_data=["C171", "ITPair"]),
            "run 'larvseg-a150': larvseg learns from labels, ITPair has captions or images alone",
        ),
        (
            "experiments.yaml",
            lambda v: v["figure1"].update(run="larvseg-a150"),
            "figure1 and figure3 show a single_label data set, which 'larvseg-a150' is not trained on",
        ),
        (
            "experiments.yaml",
            lambda v: v["figure1"].update(run="segmenter-c171"),
            "figure1: 'segmenter-c171' is in no table, so that nothing evaluates it",
        ),
        (
            "experiments.yaml",
            lambda v: v["runs"]["larvseg-a150"].update(switches={"weak_labels": "crop"}),
            "weak_labels holds for a whole profile",
        ),
        ("experiments.yaml", lambda v: v["claims"][4].update(margin=1.0), "claims.4: .*a margin goes with kind not_worse"),
        ("experiments.yaml", lambda v: v["claims"][15].pop("kind"), "claims.15: .*several runs to be better than go with kind best"),
        (
            "experiments.yaml",
            lambda v: v["claims"][4].update(run="larvseg-a15"),
            r"claim 'LarvSeg above Baseline': table3 has no row of 'larvseg-a15'; did you mean 'larvseg-a150'\?",
        ),
        (
            "experiments.yaml",
            lambda v: v["claims"][-2].pop("where"),
            r"table6 has 2 rows of 'larvseg-a150-k40'; `where` chooses one",
        ),
        ("experiments.yaml", lambda v: v["claims"][4].update(table="tabel3"), r"no table 'tabel3'; did you mean 'table3'\?"),
        ("experiments.yaml", lambda v: v["claims"][4].update(than=["lseg-a847"]), "compares runs of A150 and A847"),
        (
            "experiments.yaml",
            lambda v: v["claims"][0].update(run="segmenter-c171"),
            r"table1 has no row of 'segmenter-c171'; did you mean 'segmenter-c171.A\d+'\?",
        ),
    ],
)
def test_a_mistake_is_one_line_that_names_file_and_key(project, file, change, message):
    with pytest.raises(LarvSegError, match=message) as caught:
        list(jobs_below(project("mini", file, change)))
    assert "\n" not in str(caught.value)


def test_a_misspelt_switch_or_attention_key_is_named(project):
    with pytest.raises(LarvSegError, match=r"unknown key 'memory'; did you mean 'memory_size'\?"):
        wrong = project("mini", "experiments.yaml", lambda v: v["runs"]["larvseg-a150"].update(attention={"memory": 5}))
        job(wrong, "train", "larvseg-a150.seed0")


@pytest.mark.parametrize("seeds", [0, -1, 1.5, "3", True, [0, 1], 101, 10**30])
def test_seeds_are_counted(seeds):
    with pytest.raises(LarvSegError, match="^what is selected: seeds: Input should be "):
        Project("mini", CONFIG, seeds=seeds)


def test_elsewhere_one_is_told_where_to_run(tmp_path):
    with pytest.raises(LarvSegError, match="no profiles there; run snakemake and larvseg in the folder of the project$"):
        Project("mini", tmp_path)


def test_an_unknown_profile_names_the_nearest(project):
    with pytest.raises(LarvSegError, match=r"no profile 'minni'; did you mean 'mini'\?"):
        project("minni")


@pytest.mark.parametrize(("weights", "reason"), [("own/weights.pth", "No such file or directory"), (".", "Is a directory")])
def test_weights_of_ones_own_that_cannot_be_read_are_not_sought_in_version_control(project, weights, reason):
    own = project("mini", "mini.yaml", lambda v: v["backbone"].update(weights=weights))
    with pytest.raises(LarvSegError, match=f"^{weights}: cannot be read .{reason}.; put it there, or say in the profile where it lies$"):
        Dag(own)


def numbers(value, path=()):
    """Where the numbers of a file are."""
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from numbers(part, (*path, key))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path


@pytest.mark.parametrize("number", [-1, float("nan"), float("inf")], ids=["below zero", "nan", "inf"])
@pytest.mark.parametrize("profile", ["mini", "paper", "photos"])
def test_numbers_out_of_range_are_one_line_that_names_the_key(profile, number):
    settings = _settings(CONFIG, profile)
    places = [path for path in numbers(settings) if not {"arguments", "architecture", "grounding"} & {*path}]  # read later
    assert len(places) > 30
    accepted = []
    for *path, last in places:
        changed = copy.deepcopy(settings)
        section = changed
        for key in path:
            section = section[key]
        section[last] = number
        try:
            parse(Profile, changed, f"{profile}.yaml")
            accepted.append((*path, last))
        except LarvSegError as error:
            assert "\n" not in str(error) and str(error).startswith(f"{profile}.yaml: ")
    assert not accepted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "expected keys and values, found nothing$"),
        (b"- mini\n", "expected keys and values, found list$"),
        (b"profile: mini\n# gr\xf6\xdfe\n", r"config.yaml:2: a letter that is not of UTF-8; save the file in that encoding$"),
        (b"seeds: 3\n", "config.yaml: profile: Field required$"),
        (b"profile: 12\n", "config.yaml: profile: Input should be a valid string$"),
        (b"profile:\n", "config.yaml: profile: Input should be a valid string$"),
        (b"profile: mini\nseed: 3\n", r"config.yaml: unknown key 'seed'; did you mean 'seeds'\?$"),
        (b"profile: mini\nseeds: 0\n", "config.yaml: seeds: Input should be greater than or equal to 1$"),
        (b"profile: mini\nseeds: 3\nseeds: 2\n", r"config.yaml:3: not valid YAML: the key 'seeds' stands twice in its section$"),
        (b"profile: [mini\n", r"config.yaml:\d: not valid YAML"),
    ],
)
def test_a_selection_that_is_none_is_one_line(tmp_path, monkeypatch, text, message):
    monkeypatch.chdir(tmp_path)
    CONFIG_HERE.parent.mkdir(parents=True)
    CONFIG_HERE.write_bytes(text)
    with pytest.raises(LarvSegError, match=message) as caught:
        selected()
    assert "\n" not in str(caught.value)


def test_a_mark_of_the_byte_order_is_no_fault(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    CONFIG_HERE.parent.mkdir(parents=True)
    CONFIG_HERE.write_bytes(b"\xef\xbb\xbfprofile: smoke\nseeds: 2\n")
    assert (selection().profile, selection({"profile": "mini"}).profile, selection().seeds) == ("smoke", "mini", 2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"profile": 12}, "profile: Input should be a valid string"),
        ({"profile": None}, "profile: Input should be a valid string"),
        ({"seeds": 0}, "seeds: Input should be greater than or equal to 1"),
        ({"seeds": 1000000}, "seeds: Input should be less than or equal to 100"),
        ({"seeds": "three"}, "seeds: Input should be a valid integer"),
        ({"steps": 3}, "--config steps: only profile and seeds can be chosen there; edit workflow/config/mini.yaml"),
    ],
)
def test_what_config_may_say_of_one_call(changes, message, monkeypatch):
    monkeypatch.chdir(CONFIG.parents[1])
    with pytest.raises(LarvSegError, match=message) as caught:
        selection(changes)
    assert "\n" not in str(caught.value) and str(caught.value).startswith("--config")
