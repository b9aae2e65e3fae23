"""The captions of workflow/report: there for each output that has one, and with the wildcards of its stage."""

import re
from pathlib import Path

import pytest

from larvseg.pipeline.stages import STAGES

FOLDER = Path(__file__).parents[3] / "workflow/report"


@pytest.mark.parametrize("name", [name for name, stage in STAGES.items() if stage.captions])
def test_a_caption_names_the_wildcards_of_its_stage(name):
    for caption in STAGES[name].captions.values():
        text = (FOLDER / f"{caption.file}.rst").read_text(encoding="utf-8")
        assert set(re.findall(r"snakemake\.wildcards\.(\w+)", text)) <= set(STAGES[name].fields), caption.file
