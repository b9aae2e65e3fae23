"""Claims: the differences are those of the metrics, the intervals those of a plain bootstrap, and the verdicts follow from both."""

import statistics
from pathlib import Path

import numpy as np
import pytest

from larvseg.config import RenderConfig
from larvseg.errors import LarvSegError
from larvseg.evaluation.bootstrap import drawn
from larvseg.evaluation.confusion import ConfusionCounts, accumulate, read_confusion
from larvseg.evaluation.metrics import metrics_of
from larvseg.pipeline import Project
from larvseg.reporting.claims import IMAGES, KNOWN_PIXELS, SEEDS, Difference, claims, deciding, verdict
from larvseg.reporting.layout import layout_of
from larvseg.reporting.rendering import as_text, render
from larvseg.reporting.tables import read_csv
from tests.data import novel
from tests.jobs import job
from tests.reporting.toy_runs import NAMES, SEEN, ToyRuns

CONFIG = Path(__file__).parents[2] / "workflow/config"


@pytest.fixture
def world(tmp_path) -> ToyRuns:
    return ToyRuns(tmp_path)


def test_the_difference_is_that_of_the_metrics_paired_by_seed(world):
    line = world.test(world.run("LarvSeg", 0.9, 0.5, 0.7), world.run("Baseline", 0.5, 0.2, 0.3))
    differences = [world.metric("LarvSeg", seed, "novel") - world.metric("Baseline", seed, "novel") for seed in range(3)]
    assert (line["measured"], line["seed_std"]) == (f"{statistics.fmean(differences):+.2f}", f"{statistics.stdev(differences):.2f}")
    assert float(line["low"]) < float(line["measured"]) < float(line["high"])
    assert float(line["detectable"]) == pytest.approx(float(line["measured"]) - float(line["low"]), abs=0.011)
    assert (line["published"], line["seeds"], line["runs"]) == ("+6.0", "0 1 2", "LarvSeg Baseline")
    assert (line["verdict"], line["note"], line["against"]) == ("holds", "", "Baseline")


def students_t(freedom: int) -> np.ndarray:
    return np.random.default_rng((0, SEEDS)).standard_t(freedom, 300)


@pytest.mark.parametrize("measure", ["all", "base", "novel"])
def test_the_interval_is_that_of_a_plain_bootstrap_with_students_t_for_the_seeds(world, measure):
    line = world.test(world.run("LarvSeg", 0.6, 0.5, 0.7), world.run("Baseline", 0.5, 0.4, 0.6), measure=measure, column=measure)
    rows = {key: read_confusion(path)[0] for key, path in world.inputs.items() if key.endswith(".confusion")}

    def under(run: str, seed: int, times: np.ndarray) -> float:
        counts = rows[f"{run}.seed{seed}.confusion"]
        chosen = np.repeat(counts, times[counts[0]].astype(int), axis=1)
        return metrics_of(accumulate(chosen, len(NAMES)), NAMES, novel(NAMES))[measure]

    def differences(times: np.ndarray) -> list[float]:
        return [under("LarvSeg", seed, times) - under("Baseline", seed, times) for seed in range(3)]

    error = statistics.stdev(differences(np.ones(SEEN))) / 3**0.5
    draws = zip(np.concatenate([*drawn(SEEN, 300, (0, IMAGES))]), students_t(2), strict=True)
    plain = [statistics.fmean(differences(times)) + t * error for times, t in draws]
    assert [line["low"], line["high"]] == [f"{value:+.2f}" for value in np.percentile(plain, (2.5, 97.5))]


@pytest.mark.parametrize(
    "skills, expected",
    [
        ((0.9, 0.9, 0.9), "holds"),
        ((0.2, 0.2, 0.2), "does not hold"),
        ((0.52, 0.48, 0.5), "undecided"),
        ((0.9, 0.6, 0.9), "undecided"),  # better with each seed, but seeds differ too much for three to tell
    ],
)
def test_verdicts(world, skills, expected):
    line = world.test(world.run("LarvSeg", *skills), world.run("Baseline", 0.5, 0.5, 0.5))
    assert (line["verdict"], line["note"]) == (expected, "")


@pytest.mark.parametrize(
    "intervals, margin, expected",
    [
        ([(0.1, 2.0)], 0.0, "holds"),
        ([(0.0, 2.0)], 0.0, "undecided"),
        ([(-2.0, -0.1)], 0.0, "does not hold"),
        ([(-0.9, 0.3)], 1.0, "holds"),
        ([(-1.1, 0.3)], 1.0, "undecided"),
        ([(-3.0, -1.1)], 1.0, "does not hold"),
        ([(0.1, 2.0), (0.2, 1.0)], 0.0, "holds"),
        ([(0.1, 2.0), (-0.2, 1.0)], 0.0, "undecided"),
        ([(-0.1, 2.0), (-0.2, -0.1)], 0.0, "does not hold"),
    ],
)
def test_the_rule(intervals, margin, expected):
    assert verdict([Difference("rival", 0.0, (0.0,), low, high) for low, high in intervals], margin) == expected


def test_noise_of_the_seeds_alone_rarely_decides(world):
    """Three seeds of two runs that are equally good: about one in twenty sets of them is decided, as the interval says."""
    chance = np.random.default_rng(0)
    side = world.grouping("segmenter.A150", *[[0.0]] * 3), world.grouping("supervised.A150", *[[0.0]] * 3, data="A150")
    decided = 0
    for _ in range(200):
        for run, data in (("segmenter.A150", "C171"), ("supervised.A150", "A150")):
            world.grouping(run, *[[value] for value in chance.normal(40, 1, 3)], data=data)
        decided += world.test(*side, **GROUPING)["verdict"] != "undecided"
    assert 1 <= decided <= 20


def test_not_worse_allows_the_margin(world):
    sides = world.run("LarvSeg", 0.52, 0.48), world.run("Baseline", 0.5, 0.5)
    assert world.test(*sides)["verdict"] == "undecided"
    line = world.test(*sides, kind="not_worse", margin=40.0)
    assert (line["verdict"], line["margin"]) == ("holds", "40.0")


def test_of_several_rivals_all_decide_and_the_one_that_does_is_shown(world):
    own, weak, near = world.run("LarvSeg", 0.7, 0.7), world.run("LSeg", 0.1, 0.1), world.run("Baseline", 0.7, 0.68)
    line = world.test(own, weak, near, kind="best")
    assert (line["against"], line["verdict"], line["runs"]) == ("Baseline", "undecided", "LarvSeg LSeg Baseline")
    assert line["published"] == "+6.0"  # to the same rival: LSeg, 20.0 points below in the paper, would be
    line = world.test(own, world.run("LSeg", 0.7, 0.68), world.run("Baseline", 0.1, 0.1), kind="best")
    assert (line["against"], line["published"]) == ("LSeg", "+20.0")
    assert world.test(own, world.run("LSeg", 0.1, 0.1), kind="best")["verdict"] == "holds"
    assert world.test(near, weak, world.run("LarvSeg", 0.99, 0.99), kind="best")["verdict"] == "does not hold"


@pytest.mark.parametrize(
    "rivals, shown",  # value, low, high
    [
        ({"near": (0.5, 0.4, 0.6), "noisy": (2.0, -1.0, 5.0)}, "noisy"),
        ({"near": (0.5, 0.1, 0.9), "far": (2.0, 1.0, 3.0)}, "near"),
        ({"noisy": (-2.0, -5.0, 1.0), "above": (-0.5, -0.6, -0.4)}, "above"),
    ],
)
def test_what_is_shown_has_the_verdict_of_all(rivals, shown):
    differences = [Difference(name, value, (value,), low, high) for name, (value, low, high) in rivals.items()]
    assert deciding(differences).against == shown
    assert verdict([deciding(differences)]) == verdict(differences)


def test_one_seed_decides_nothing_where_something_is_trained(world):
    line = world.test(world.run("LarvSeg", 0.9), world.run("Baseline", 0.1))
    assert (line["verdict"], line["note"], line["seed_std"]) == ("undecided", "one seed", "") and float(line["low"]) > 0


def test_what_trains_nothing_is_paired_with_every_seed(world):
    untrained = world.run("LSeg", 0.3).model_copy(update={"trained": False})
    line = world.test(world.run("LarvSeg", 0.75, 0.76), untrained)
    differences = [world.metric("LarvSeg", seed, "novel") - world.metric("LSeg", 0, "novel") for seed in (0, 1)]
    assert (line["measured"], line["seeds"], line["verdict"]) == (f"{statistics.fmean(differences):+.2f}", "0 1", "holds")
    other = world.run("Baseline", 0.9).model_copy(update={"trained": False})
    line = world.test(other, untrained)
    assert (line["verdict"], line["note"], line["seeds"]) == ("holds", "", "0")


GROUPING = {"measure": "grouping", "published": "table1", "table": "table1", "column": "a150_minus_c171_miou"}


def test_groupings_are_resampled_by_their_draws(world):
    ours, theirs = world.grouping("segmenter.A150", [39.0, 40.0, 38.0, 41.0]), world.grouping("denseclip.A150", [24.5], data="ITPair")
    line = world.test(ours, theirs, **GROUPING)
    assert (line["measured"], line["published"], line["seed_std"]) == ("+15.00", "+27.0", "")
    assert (line["verdict"], line["note"]) == ("undecided", "one seed")
    assert -1.5 < float(line["low"]) - 15 < -0.5 and 0.5 < float(line["high"]) - 15 < 1.5
    other = world.grouping("supervised.A150", [40.0, 41.0, 39.0, 42.0], data="A150")
    line = world.test(ours, other, **GROUPING)  # the same draws of the same pixels
    assert (line["low"], line["measured"], line["high"], line["published"]) == ("-1.00", "-1.00", "-1.00", "-0.4")


def test_groupings_of_several_seeds_are_resampled_by_seeds_and_draws(world):
    draws = {"segmenter.A150": ([39.0, 40.0], [36.0, 41.0], [44.0, 38.5]), "supervised.A150": ([41.0, 41.5], [39.0, 40.0], [42.0, 44.0])}
    draws["denseclip.A150"] = ([14.5],)
    data = {"segmenter.A150": "C171", "supervised.A150": "A150", "denseclip.A150": "ITPair"}
    ours, *rivals = (world.grouping(run, *draws[run], data=data[run]) for run in draws)
    known = [np.concatenate([*drawn(2, 300, (0, KNOWN_PIXELS, seed))]).astype(int) for seed in range(3)]
    for rival in rivals:
        line = world.test(ours, rival, **GROUPING)
        theirs = draws[rival.run] if rival.trained else draws[rival.run] * 3

        def mean(values, at, seed):
            return statistics.fmean(np.repeat(values, known[seed][at])) if len(values) > 1 else values[0]

        by_seed = [statistics.fmean(a) - statistics.fmean(b) for a, b in zip(draws[ours.run], theirs, strict=True)]
        error = statistics.stdev(by_seed) / 3**0.5
        plain = [
            statistics.fmean(mean(draws[ours.run][seed], at, seed) - mean(theirs[seed], at, seed) for seed in range(3)) + t * error
            for at, t in enumerate(students_t(2))
        ]
        assert (line["measured"], line["seed_std"]) == (f"{statistics.fmean(by_seed):+.2f}", f"{statistics.stdev(by_seed):.2f}")
        assert [line["low"], line["high"]] == [f"{value:+.2f}" for value in np.percentile(plain, (2.5, 97.5))]
        assert (line["seeds"], line["note"]) == ("0 1 2", "")
        assert line["verdict"] == ("undecided" if rival.trained else "holds")


def test_what_cannot_be_measured_says_why(world):
    sides = world.run("LarvSeg", 0.9, 0.9), world.run("Baseline", 0.1, 0.1)
    line = world.test(*sides, quoted=("Baseline",))
    assert (line["verdict"], line["note"], line["measured"]) == ("not measured", "Baseline: not run in this profile", "")
    assert line["published"] == "+6.0"


def test_a_measure_without_a_category_is_not_measured(world):
    masks, sides = [np.zeros((4, 4), int) for _ in range(3)], []
    for run in ("LarvSeg", "Baseline"):
        counts = ConfusionCounts(len(NAMES))
        for image, mask in enumerate(masks):
            counts.add(image, mask, mask)
        sides.append(world.run(run, 0.5, 0.5))
        for seed in (0, 1):
            counts.write(world.inputs[f"{run}.seed{seed}.confusion"])
    line = world.test(*sides)
    assert (line["verdict"], line["note"]) == ("not measured", "no novel category is in the images")
    assert world.test(*sides, measure="base", column="base")["measured"] == "+0.00"


def test_what_does_not_belong_together_is_refused(world):
    own = world.run("LarvSeg", 0.9, 0.9)
    with pytest.raises(LarvSegError, match=r"Baseline.seed0.arrow: counts of other images or masks than those of LarvSeg.seed0"):
        world.test(own, world.run("Baseline", 0.5, 0.5, masks=world.masks[1:]))
    with pytest.raises(LarvSegError, match="profile is 'mini', a claim wants 'toy'"):
        world.test(own, world.run("Baseline", 0.5, 0.5, profile="mini"))
    stranger = world.run("Baseline", 0.5, 0.5).model_copy(update={"published": {"model": "Baselin", "benchmark": "A150"}})
    with pytest.raises(LarvSegError, match=r"table3.csv: 0 rows fit that of 'Baseline' \(Baselin, A150\) instead of one"):
        world.test(own, stranger)


def test_the_same_again_has_the_same_bytes(world):
    sides = world.run("LarvSeg", 0.9, 0.7), world.run("Baseline", 0.5, 0.6)
    world.test(*sides)
    first = (world.folder / "claims.csv").read_bytes()
    world.test(*sides)
    assert (world.folder / "claims.csv").read_bytes() == first


# ---- the claims of experiments.yaml

EFFECTS = {  # as published: (benchmark, measure) → differences, in the order of the file
    ("A150", "grouping"): ["-0.4", "+27.0"],
    ("A847", "grouping"): ["-1.7", "+24.9"],
    ("A150", "all"): ["+3.9"],
    ("A150", "base"): ["+0.4", "+0.6"],
    # LarvSeg 6.0 and 3.5, ImageNet 4.5 and 2.0, language-guided, Supervised, Table 4, Table 5, Table 6
    ("A150", "novel"): ["+6.0", "+3.5", "+4.5", "+2.0", "+18.3", "+14.9", "+1.3", "+2.9", "+0.6", "+2.0", "+0.5", "+0.6"],
    ("A847", "novel"): ["+2.1", "+1.2", "+3.3", "+2.4", "+6.6"],
}


def test_published_differences_follow_from_the_published_tables(tmp_path):
    config = job(Project("mini", CONFIG), "claims", "claims").config
    unmeasured = [claim.model_copy(update={"quoted": (claim.run,)}) for claim in config.claims]
    claims(config.model_copy(update={"claims": tuple(unmeasured)}), {}, {"claims": tmp_path / "claims.csv"}, tmp_path)
    found: dict[tuple[str, str], list[str]] = {}
    for line in read_csv(tmp_path / "claims.csv"):
        found.setdefault((line["benchmark"], line["measure"]), []).append(line["published"])
    assert found == EFFECTS
    text = as_text(layout_of(tmp_path / "claims.csv"))
    assert (
        "24 claims: 24 not measured\n" in text
        and "(K = 40): published as 26.7 in one half of the table" in text
        and max(map(len, text.splitlines())) <= 140
    )


def test_printed_claims_count_verdicts(world):
    line = world.test(world.run("LarvSeg", 0.9, 0.9, 0.9), world.run("Baseline", 0.5, 0.5, 0.5), kind="not_worse", margin=1.5)
    layout = layout_of(world.folder / "claims.csv")
    text = as_text(layout).splitlines()
    assert text[4].endswith("holds") and "> −1.5" in text[4]
    assert f"{line['measured']} ± {line['seed_std']}" in text[4] and f"{line['low']} … {line['high']}" in text[4]
    assert "1 claim: 1 holds" in text and "profile toy, seeds 0 1 2" in text


def test_claims_are_set_in_type(world):
    line = world.test(world.run("LarvSeg", 0.4, 0.4, 0.4), world.run("Baseline", 0.5, 0.5, 0.5), kind="not_worse", margin=60.0)
    outputs = {"markdown": world.folder / "claims.md", "latex": world.folder / "claims.tex"}
    render(RenderConfig(table="claims", profile="toy"), {"table": world.folder / "claims.csv"}, outputs, world.folder)
    markdown, latex = (path.read_text(encoding="utf-8") for path in outputs.values())
    ours, low, high = (line[column].replace("-", "−") for column in ("measured", "low", "high"))
    assert ours[0] == "−"
    row = [cell.strip() for cell in markdown.splitlines()[4].strip("|").split("|")]
    condition = "> −60.0"
    assert row == [
        "Table 3",
        "a claim",
        "A150 novel",
        "+6.0",
        f"{ours} ± {line['seed_std']}",
        f"{low} … {high}",
        line["detectable"],
        condition,
        "holds",
    ]
    for text in (ours, rf"{low} \ldots{{}} {high}", condition):
        assert text.replace("−", "$-$").replace(">", "$>$") in latex
    assert r"\label{tab:claims}" in latex and latex.isascii()


def test_claims_are_tested_on_what_a_profile_has():
    for profile in ("mini", "paper"):
        one, three = (job(Project(profile, CONFIG, seeds=seeds), "claims", "claims") for seeds in (1, 3))
        seeds = {side.run: side.seeds for claim in three.config.claims for side in claim.sides}
        assert seeds["larvseg-a150"] == seeds["segmenter-c171.A150"] == seeds["supervised-a847.A847"] == (0, 1, 2)
        assert seeds["denseclip-a150"] == seeds["denseclip.A150"] == (0,)
        assert one.inputs.items() < three.inputs.items() and len(one.config.claims) == len(three.config.claims) == 24
