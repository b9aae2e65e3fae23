"""What all sections share: no unknown keys, and errors that name the nearest known one."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from larvseg.errors import LarvSegError, reading

LARGEST = 2**20  # bytes of a YAML file, and values in it
DEEPEST = 100  # brackets in one another; PyYAML looks at all of them at each token


class Model(BaseModel):
    """A configuration section: immutable, no unknown keys, no silent conversion of types, finite numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


LAST_SEED = 2**32 - 1  # that every generator of random numbers takes
Seed = Annotated[int, Field(ge=0, le=LAST_SEED)]
Seeds = Annotated[int, Field(ge=1, le=100)]  # how many; each has recipes of its own, which are written before anything is made

# They stand in paths and in Markdown as they are.
Name = Annotated[str, StringConstraints(pattern=r"^[^\W_][\w.+-]*$")]
Title = Annotated[str, StringConstraints(pattern=r"^[^\p{C}<>&|`*_~\[\]\\]*$")]


def load_yaml(path: Path) -> dict[str, Any]:
    """The mapping in the YAML file `path`; LarvSegError names the file and line of what is wrong."""
    with reading(path, "valid YAML", "see what stands there", missing="put it there, or restore it from version control"):
        data = path.read_bytes()
        if len(data) > LARGEST:
            raise LarvSegError(f"{path}: more than {LARGEST} bytes of YAML; nobody writes so much")
        try:
            value = parse_yaml(data.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            raise LarvSegError(f"{path}:{line}: a letter that is not of UTF-8; save the file in that encoding") from None
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f"{path}:{mark.line + 1}" if mark else str(path)
            raise LarvSegError(f"{where}: not valid YAML: {getattr(error, 'problem', error)}") from None
    if not isinstance(value, dict):
        raise LarvSegError(f"{path}: expected keys and values, found {'nothing' if value is None else type(value).__name__}")
    if odd := [key for key in value if not isinstance(key, str)]:
        raise LarvSegError(f"{path}: the key {odd[0]!r} is no text; put it in quotes")
    return value


def parse_yaml(text: str) -> Any:
    """What `text` says in YAML: plain values alone.

    Raises YAMLError, also where aliases stand for more than LARGEST values, and where a section has a key twice.
    """
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        if _values_in(node, {}) > LARGEST:
            raise yaml.YAMLError(f"its aliases stand for more than {LARGEST} values")
        return loader.construct_document(node)
    finally:
        loader.dispose()


class _Loader(yaml.SafeLoader):
    """Of a key that stands twice, YAML takes the last one without a word: a run that was pasted in would replace another.

    Thousands of brackets in one another would take it seconds.
    """

    def fetch_flow_collection_start(self, token: type[yaml.Token]) -> None:
        if self.flow_level >= DEEPEST:
            raise yaml.MarkedYAMLError(problem=f"more than {DEEPEST} brackets in one another", problem_mark=self.get_mark())
        super().fetch_flow_collection_start(token)

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        seen: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"the key {key.value!r} stands twice in its section", problem_mark=key.start_mark)
            seen.add(key.value)
        return node


def _values_in(node: yaml.Node, known: dict[int, float]) -> float:
    """How many values `node` is, with each alias in full; endlessly many where it holds itself."""
    if id(node) not in known:
        known[id(node)] = float("inf")
        if isinstance(node, yaml.ScalarNode):
            inner = []
        else:
            inner = [each for pair in node.value for each in pair] if isinstance(node, yaml.MappingNode) else node.value
        known[id(node)] = 1 + sum(_values_in(each, known) for each in inner)
    return known[id(node)]


def parse(model: type[Model], value: Any, where: str | Path) -> Any:
    """`value` as a `model`; LarvSegError is one line that names `where`, the key and, for an unknown key, the nearest known one."""
    try:
        return conform(model, value)
    except ValueError as error:
        raise LarvSegError(f"{where}: {error}") from None


def conform(model: type, value: Any) -> Any:
    """`value` as a `model`, or a dataclass of pydantic; ValueError names the key that is wrong, for readers that say where it stands."""
    try:
        # JSON mode lets lists stand for tuples; types are strict all the same
        return TypeAdapter(model).validate_json(_json(value))
    except ValidationError as error:
        # a misspelt key is also a missing one: say the former
        problem = min(error.errors(), key=lambda problem: problem["type"] not in _UNKNOWN)
        raise ValueError(_describe(model, problem)) from None


@contextmanager
def building(where: str | Path) -> Iterator[None]:
    """What the block builds of the files of `where` fits its section, or LarvSegError is one line that names `where`, section and key."""
    try:
        yield
    except ValidationError as error:
        problem = error.errors()[0]
        raise LarvSegError(f"{where}: {error.title}: {'.'.join(map(str, problem['loc']))}: {problem['msg']}") from None


_UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")  # what pydantic calls an unknown key: of a model, of a dataclass
_LISTED = 60  # names that an error lists at the most


def nearest(name: str, known: list[str]) -> str:
    """ "; did you mean …?" for the known name nearest to `name`, or the list of the known ones, of very many the first."""
    spelled = {each.lower(): each for each in known}
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if not close:  # other capitals alone
        close = [spelled[each] for each in difflib.get_close_matches(name.lower(), spelled, n=1, cutoff=0.8)]
    if close:
        return f"; did you mean {close[0]!r}?"
    more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
    return f"; known: {', '.join(sorted(known)[:_LISTED])}{more}"


def _json(value: Any) -> str:
    import json

    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, RecursionError) as error:  # a set, say, or a section within itself
        raise ValueError(str(error)) from None


def _describe(model: type, problem: dict[str, Any]) -> str:
    location = ".".join(str(part) for part in problem["loc"])
    if problem["type"] not in _UNKNOWN:
        return f"{location}: {problem['msg']}"
    key = str(problem["loc"][-1])
    return f"unknown key {location!r}{nearest(key, _keys_at(model, problem['loc'][:-1]))}"


def _keys_at(model: type, location: tuple) -> list[str]:
    """The keys of the section of `model` at `location`."""
    for part in location:
        field = model.__pydantic_fields__.get(part) if isinstance(part, str) else None
        if field is None:
            continue
        candidates = [field.annotation, *getattr(field.annotation, "__args__", ())]
        candidates += [inner for outer in candidates for inner in getattr(outer, "__args__", ())]
        model = next((c for c in candidates if isinstance(c, type) and hasattr(c, "__pydantic_fields__")), model)
    return list(model.__pydantic_fields__)
