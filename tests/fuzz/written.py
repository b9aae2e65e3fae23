"""What people write or bring: YAML, class lists, tables of labels, cookies, WordNet, samples of images with text, addresses of runs."""

from __future__ import annotations

import io
import re
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

from larvseg.config import ClassList, Experiments, Profile, load_yaml, parse
from larvseg.datasets import captions, listing
from larvseg.datasets.listing import Places
from larvseg.miniature.wordnet import pack_wordnet
from larvseg.outside.hub import fetched
from larvseg.pipeline import Project
from larvseg.pipeline.dag import jobs_below
from larvseg.sources.registry import load_registry
from larvseg.sources.secrets import read_cookies, shown
from larvseg.vocabulary.datasets import load_datasets
from larvseg.vocabulary.names import read_csv, read_vocabulary
from larvseg.vocabulary.wordnet import WordNet
from tests.fuzz.archives import tar_of
from tests.fuzz.damage import NAMES, TEXT_TOKENS, changed, damaged
from tests.fuzz.guard import SECRET
from tests.fuzz.kind import Kind
from tests.fuzz.records import CSV_TOKENS

_CONFIG = Path(__file__).parents[2] / "workflow/config"
_BOMB = b"a: &a [x, x]\n" + b"".join(b"%c: &%c [*%c, *%c, *%c, *%c]\n" % (n + 1, n + 1, n, n, n, n) for n in b"abcdefghijklmnopqrstuvw")
_MERGES = b"a: &a {k: v}\n" + b"".join(b"%c: &%c {<<: [*%c, *%c, *%c]}\n" % (n + 1, n + 1, n, n, n) for n in b"abcdefghijklmnopqrstuvw")
_YAML_TOKENS = (
    *TEXT_TOKENS,
    b"&a ",
    b"*a",
    b"<<: *a",
    b"!!python/object/apply:os.system [touch canary]",
    b"? ",
    b"- ",
    b"\t",
    b": ",
    b"2020-99-99",
    b"1:99:99",
    b"0o9",
    b"!!binary x",
    b"%YAML 9.9\n---\n",
    b"---\n",
)


def _documents(name: str, *parts: str) -> list[Any]:
    value = yaml.safe_load((_CONFIG / name).read_text(encoding="utf-8"))
    for part in parts:
        value = value[part]
    return [value]


def _yaml(*documents: Any) -> st.SearchStrategy[bytes]:
    texts = [yaml.safe_dump(each, allow_unicode=True, sort_keys=False).encode() for each in documents]
    return changed(documents).map(_dumped) | damaged(texts, _YAML_TOKENS)


def _dumped(value: Any) -> bytes:
    return yaml.dump(value, Dumper=yaml.SafeDumper, allow_unicode=True, sort_keys=False).encode("utf-8", "surrogatepass")


_OWN = {
    "Own": {"kind": "pixel", "source": "data/incoming/own", "classes": {"file": "own.csv", "id": "id"}, "encoding": "ids"}
    | {"training": {"images": "train/*.jpg", "masks": "train/{stem}.png"}, "validation": {"images": "v/*.jpg", "masks": "v/{stem}.png"}}
}
_ARCHIVE = {"archives": {"a.zip": {"family": "f", "url": "https://x.org/a.zip", "gigabytes": 1.5, "licence": "l", "counts": {"*.jpg": 1}}}}
_SMOKE = _documents("smoke.yaml")[0]
_RUNS = {
    key: dict(list(value.items())[:3]) if isinstance(value, dict) else value for key, value in _documents("experiments.yaml")[0].items()
}


def _datasets(data: bytes, folder: Path) -> None:
    (folder / "d.yaml").write_bytes(data)
    found = load_datasets(folder / "d.yaml")
    for name in found:
        assert found.read(name, True, True) and (found.classes(name) or found.benchmark_of(name))


def _registry(data: bytes, folder: Path) -> None:
    (folder / "s.yaml").write_bytes(data)
    load_registry(folder / "s.yaml")


def _settings(data: bytes, folder: Path) -> None:
    (folder / "p.yaml").write_bytes(data)
    value = load_yaml(folder / "p.yaml")
    parse(Experiments if "runs" in value else Profile, value, folder / "p.yaml")


def _configuration(changed_file: tuple[str, Any], folder: Path) -> None:
    """The jobs of a profile, after a change to one of the files of `workflow/config`."""
    file, content = changed_file
    shutil.copytree(_CONFIG, folder / "config", dirs_exist_ok=True)
    if isinstance(content, dict) and content.get("registry"):
        content["registry"] = "workflow/config/sources.yaml"  # another that a person names is read, wherever it is
    (folder / "config" / file).write_bytes(_dumped(content))
    profile = file.removesuffix(".yaml") if file in ("photos.yaml", "paper.yaml") else "smoke"
    assert len(list(jobs_below(Project(profile, folder / "config")))) > 1


def _classes(data: bytes, folder: Path) -> None:
    (folder / "classes.csv").write_bytes(data)
    read_csv.cache_clear()
    classes = ClassList(file=str(folder / "classes.csv"), id="id", keys={"P": "other"})
    vocabulary = read_vocabulary("Own", classes)
    assert len(set(vocabulary.names)) == len(vocabulary.raw_ids)


def _labels(data: bytes, folder: Path) -> None:
    (folder / "own.tar").write_bytes(tar_of([("labels.csv", b"0", data, "")]))
    found = listing._label_table(Places("Own", {"own.tar": folder / "own.tar"}), "own.tar/labels.csv")
    assert all(isinstance(label, str) for labels in found.values() for label in labels)


def _cookies(data: bytes, folder: Path) -> None:
    (folder / "cookies.txt").write_bytes(data)
    for cookie in read_cookies(folder / "cookies.txt"):
        assert cookie.domain


def _wordnet(data: bytes, folder: Path) -> None:
    (folder / "wordnet.zip").write_bytes(data)
    wordnet = WordNet(folder / "wordnet.zip")
    for wnid in wordnet.find("dog") + wordnet.find("pool_table"):
        assert wordnet.lemmas(wnid) is not None and wordnet.lexicographer_file(wnid) is not None
    wordnet.named("wall.n.01")


def _samples(value: list[tuple[str, bytes, bytes, str]], folder: Path) -> None:
    (folder / "0.tar").write_bytes(tar_of([(name.replace("\0", ""), *rest) for name, *rest in value]))
    images, rejects = captions._paired("ITPair", {"0.tar": folder / "0.tar"})
    assert all(image.text for image in images) and all(reject.reason for reject in rejects)


def _address(text: str, folder: Path) -> None:
    if not re.fullmatch(r"[\w.-]+/[\w.-]+(@.*)?", text):  # one that may be right would be asked for
        fetched(f"hf://{text}")


def _shown(text: str, folder: Path) -> None:
    address = f"https://anna:{SECRET}@example.org/{text.replace('/', '').replace('@', '')}?token={SECRET}"
    assert SECRET not in shown(address)


def _packed() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        pack_wordnet(Path(folder, "w.zip"))
        made = io.BytesIO()
        with zipfile.ZipFile(Path(folder, "w.zip")) as old, zipfile.ZipFile(made, "w") as new:
            for name in old.namelist():
                new.writestr(name, old.read(name))
        return made.getvalue()


_CLASSES = b'name,id,other\nwall,1,wall\n"sofa, couch",2,\nlamp,#c0ffee,x\n'
_LABELS = b"file,label\na.jpg,wall\nb/c.jpg,sofa;lamp\n"
_COOKIES = f"# Netscape HTTP Cookie File\nimage-net.org\tFALSE\t/\tTRUE\t1893456000\tsession\t{SECRET}\n".encode()
_names = st.sampled_from([*NAMES, "a.jpg", "a.txt", "a.TXT", "b.png", "b.txt", "c/d.webp", "c/d.txt", "a.b.txt"])
_tarred = st.lists(st.tuples(_names, st.sampled_from([b"0", b"1", b"2", b"5"]), st.binary(max_size=9), _names), max_size=8)
_texts = st.sampled_from(NAMES) | st.text(max_size=20) | st.just("../" * 30)

_FILES = ("smoke.yaml", "photos.yaml", "paper.yaml", "experiments.yaml", "datasets.yaml", "presets.yaml")
_changed_files = st.sampled_from(_FILES).flatmap(lambda file: changed(_documents(file)).map(lambda value: (file, value)))

KINDS = (
    Kind(
        "datasets.yaml",
        "YAML: values, types, aliases, tags, encodings",
        _yaml(_OWN, {**_OWN, "Two": {**_OWN["Own"], "classes": "Own"}}),
        _datasets,
        "d.yaml",
        (_BOMB, _MERGES),
    ),
    Kind("sources.yaml", "the same; addresses, names, checksums", _yaml(_ARCHIVE), _registry, "s.yaml"),
    Kind("profiles and experiments", "the same", _yaml(_SMOKE, _RUNS), _settings, "p.yaml", share=0.1),
    Kind(
        "configurations",
        "values, types and missing keys of each file, up to the jobs that follow",
        _changed_files,
        _configuration,
        ".yaml",
        (
            ("presets.yaml", {**_documents("presets.yaml")[0], "default": 1.5}),
            ("smoke.yaml", {**_SMOKE, "top_k_scale": 1e308}),
            ("paper.yaml", {**_documents("paper.yaml")[0], "quoted": []}),
        ),
        share=0.1,
    ),
    Kind(
        "class lists",
        "CSV: names, ids, colours, quotes, encodings",
        damaged([_CLASSES], (*CSV_TOKENS, b"#12345g", b"9" * 30, b"-1")),
        _classes,
        "classes.csv",
    ),
    Kind("tables of labels", "the same, in an archive", damaged([_LABELS], CSV_TOKENS), _labels, "labels.csv"),
    Kind(
        "cookies",
        "Netscape's form: fields, ends of lines, encodings",
        damaged([_COOKIES], (*TEXT_TOKENS, b"\t", b"#HttpOnly_", b"9" * 5000, b"-1", b"\x85", b"\x0b")),
        _cookies,
        "cookies.txt",
    ),
    Kind(
        "WordNet",
        "its zip and the files in it",
        damaged([_packed()], (b"\n", b" ", b"9" * 8, b"@", b"00001740", b"PK\x01\x02")),
        _wordnet,
        "wordnet.zip",
        share=0.1,
    ),
    Kind("images with text", "tars of samples: names, kinds, links", _tarred, _samples, "0.tar"),
    Kind("addresses of runs", "letters, ways up, revisions", _texts, _address, "hf://", share=0.3),
    Kind("addresses that are shown", "letters around passwords and tokens", _texts, _shown, "address", share=0.3),
)
