"""The classes in a text such as "sofa, lamp"."""

from __future__ import annotations

from collections.abc import Sequence


def classes_in(text: str, names: Sequence[str]) -> list[str]:
    """The classes in `text`, between commas. Names have commas, too: of several readings the one with the longest known name counts."""
    parts, known, found = [part.strip() for part in text.split(",") if part.strip()], set(names), []
    while parts:
        longest = next((end for end in range(len(parts), 1, -1) if ", ".join(parts[:end]) in known), 1)
        found.append(", ".join(parts[:longest]))
        parts = parts[longest:]
    return found
