"""Toy runs with everything that claims are tested on."""

import json
from pathlib import Path

import numpy as np

from larvseg.config import ClaimsConfig, ResolvedClaim, Side
from larvseg.evaluation.confusion import ConfusionCounts
from larvseg.evaluation.metrics import metrics_of
from larvseg.files import json_text
from larvseg.reporting.claims import claims
from larvseg.reporting.tables import read_csv
from tests.data import novel

NAMES = ["wall", "sky", "person", "lamp", "sofa", "radiator"]  # three base, three novel
TEXTS = {"benchmark": "A150", "training_data": "C171, WA150"}
PUBLISHED = {run: {"model": run, **TEXTS} for run in ("Baseline", "LarvSeg")}
PUBLISHED |= {"LSeg": {"model": "LSeg", "benchmark": "A150", "training_data": "C171"}}
SEEN = 12


class ToyRuns:
    """Runs over the same images; a run is right at a pixel of a novel class with the probability `skill`."""

    def __init__(self, folder: Path):
        self.folder, self.inputs = folder, {}
        chance = np.random.default_rng(0)
        self.masks = [chance.integers(-1, len(NAMES), (8, 8)) for _ in range(SEEN)]

    def run(self, run: str, *skills: float, masks=None, **head) -> Side:
        """Evaluate `run` with as many seeds as there are skills."""
        for seed, skill in enumerate(skills):
            chance = np.random.default_rng([seed, *run.encode()])
            counts = ConfusionCounts(len(NAMES))
            for image, mask in enumerate(masks or self.masks):
                prediction = np.where(chance.random(mask.shape) < np.where(mask > 2, skill, 0.8), mask, chance.integers(0, 6, mask.shape))
                counts.add(image, mask, prediction)
            key = f"{run}.seed{seed}"
            self.inputs |= {key: self.folder / f"{key}.json", f"{key}.confusion": self.folder / f"{key}.arrow"}
            counts.write(self.inputs[f"{key}.confusion"])
            about = {"run": run, "seed": seed, "profile": "toy", "benchmark": "A150"} | head
            self.inputs[key].write_text(json_text(about | metrics_of(counts.matrix(), NAMES, novel(NAMES))))
        return Side(run=run, seeds=tuple(range(len(skills))), trained=True, published=PUBLISHED[run])

    def grouping(self, run: str, *draws: list[float], data: str = "C171") -> Side:
        """A row of Table 1 with as many seeds as there are lists of draws."""
        for seed, values in enumerate(draws):
            head = {"run": run, "seed": seed, "profile": "toy", "benchmark": "A150", "rule": "P", "rules": {"P": {"draws": values}}}
            self.inputs[f"{run}.seed{seed}"] = self.folder / f"{run}.seed{seed}.json"
            self.inputs[f"{run}.seed{seed}"].write_text(json_text(head))
        trained = data != "ITPair"
        published = {"model": "Basic Segmenter" if trained else "DenseCLIP", "training_data_a150": data}
        return Side(run=run, seeds=tuple(range(len(draws))), trained=trained, published=published)

    def metric(self, run: str, seed: int, measure: str) -> float:
        return json.loads(self.inputs[f"{run}.seed{seed}"].read_text())[measure]

    def claim(self, *sides: Side, resamples: int = 300, **settings) -> ClaimsConfig:
        """The claim that the first of `sides` is above the others."""
        seeds = max((side.seeds for side in sides), key=len)
        claim = {"statement": "a claim", "source": "Table 3", "table": "table3", "published": "table3", "benchmark": "A150"}
        claim |= {"run": sides[0].run, "than": tuple(side.run for side in sides[1:]), "sides": sides, "measure": "novel", "column": "novel"}
        return ClaimsConfig(profile="toy", seeds=seeds, claims=(ResolvedClaim(**claim | settings),), resamples=resamples)

    def test(self, *sides: Side, **settings) -> dict[str, str]:
        """The line of that claim."""
        claims(self.claim(*sides, **settings), self.inputs, {"claims": self.folder / "claims.csv"}, self.folder)
        return read_csv(self.folder / "claims.csv")[0]
