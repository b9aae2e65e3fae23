"""Categories that are novel by name alone: C171 has pixel labels of them under another name, which rule S does not see."""

ALIASES = {
    "windowpane": "window-other",
    "blind": "window-blind",
    "television receiver": "tv",
    "dirt track": "dirt",
    "glass": "wine glass",
}


def has_alias(category: str) -> bool:
    """Whether C171 has pixel labels of `category` (A847 has hyphens in its names) under another name."""
    return category.replace("-", " ") in ALIASES
