"""Prompt sets: the sentences that a class name is put into before it is embedded (data/reference/prompts/, one template a line)."""

from __future__ import annotations

from functools import cache

from larvseg.config import nearest
from larvseg.errors import LarvSegError, reading
from larvseg.vocabulary.names import REFERENCE

PLACE = "{}"  # of the class name
_FOLDER = REFERENCE / "prompts"


@cache
def load_prompts(name: str) -> tuple[str, ...]:
    """The templates of the prompt set `name`, in the order of its file.

    "name": the name alone; "vild14": the 14 sentences that later work calls ViLD's; "openai80": those of CLIP's ImageNet evaluation;
    "maskclip85": these and MaskCLIP's five. Raises LarvSegError for an unknown set, for a file that is no text in UTF-8, and
    for a line without one place for the name.
    """
    path = _FOLDER / f"{name}.txt"
    if not path.is_file():
        raise LarvSegError(f"no prompt set {name!r}{nearest(name, [file.stem for file in _FOLDER.glob('*.txt')])}")
    with reading(path, "text in UTF-8", "save it in that encoding"):
        templates = tuple(path.read_text(encoding="utf-8").splitlines())
    for number, template in enumerate(templates, 1):
        if template.count(PLACE) != 1:
            raise LarvSegError(f"{path}:{number}: {template!r} needs one {PLACE} where the class name goes")
    return templates


def sentences(template: str, names: list[str]) -> list[str]:
    """Each of `names` in `template`; hyphens, which some vocabularies have for spaces, are spaces."""
    return [template.replace(PLACE, name.replace("-", " ")) for name in names]
