import csv
import re
import subprocess
import sys

import pytest

from larvseg.config import ClassList
from larvseg.errors import LarvSegError
from larvseg.files import sha256_of
from larvseg.vocabulary import RULES, read_vocabulary, union
from larvseg.vocabulary.names import REFERENCE, read_reference
from larvseg.vocabulary.synsets import imagenet_synsets
from tests.data import base_novel, load_vocabulary

NOVEL_COLUMN = {"S": "novel_hyphen_rule", "P": "novel_processed_rule"}


def reference(name):
    with open(REFERENCE / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("target", "rule", "counts"), [("A150", "S", (58, 92)), ("A150", "P", (63, 87)), ("A847", "S", (92, 755)), ("A847", "P", (94, 753))]
)
def test_base_and_novel_are_those_of_the_reference_columns(target, rule, counts):
    vocabulary = load_vocabulary(target)
    base, novel = base_novel(vocabulary.names, rule)
    assert (len(base), len(novel)) == counts
    assert sorted(base + novel) == list(range(len(vocabulary)))
    rows = reference(f"vocabularies/{target.lower()}.csv")
    assert {vocabulary.names[i] for i in novel} == {row["name"] for row in rows if row[NOVEL_COLUMN[rule]] == "1"}


def test_rule_s_cuts_at_the_first_hyphen_and_rule_p_renames_five_before():
    c171 = load_vocabulary("C171")
    cut = tuple(name.split("-")[0] for name in c171.names)
    assert c171.keys["S"] == cut
    others = {c171.names[i] for i, key in enumerate(c171.keys["P"]) if key != cut[i]}
    assert others == {"wine glass", "tv", "dirt", "window-blind", "window-other"}


def test_rule_p_adds_five_base_categories():
    a150 = load_vocabulary("A150")
    added = set(base_novel(a150.names, "P")[0]) - set(base_novel(a150.names, "S")[0])
    assert {a150.names[i] for i in added} == {"blind", "dirt track", "glass", "television receiver", "windowpane"}


@pytest.mark.parametrize(("target", "rule", "size"), [("A150", "S", 251), ("A847", "S", 914), ("A150", "P", 247), ("A847", "P", 913)])
def test_union_has_one_name_for_each_distinct_key(target, rule, size):
    c171, ade, weak = load_vocabulary("C171"), load_vocabulary(target), load_vocabulary(f"W{target}")
    names, index = union([c171, ade, weak], rule)
    assert len(names) == len(set(names)) == size
    assert tuple(names[i] for i in index["C171"]) == c171.keys[rule]
    assert tuple(names[i] for i in index[target]) == ade.names
    assert index[target] == index[f"W{target}"]


def test_image_sets_add_no_name_to_the_union():
    for target, images in (("A150", "I124"), ("A847", "I585")):
        vocabularies = [load_vocabulary("C171"), load_vocabulary(target)]
        assert union(vocabularies, "S").names == union([*vocabularies, load_vocabulary(images)], "S").names


def test_sizes_order_and_raw_ids():
    assert [len(load_vocabulary(name)) for name in ("C171", "A150", "A847", "I124", "I585")] == [171, 150, 847, 124, 585]
    assert load_vocabulary("A150").raw_ids == tuple(range(1, 151))
    assert load_vocabulary("A847").names[:3] == ("wall", "building", "sky")
    assert load_vocabulary("A847").raw_ids[0] == 2978
    assert load_vocabulary("C171").raw_ids[-1] == 181
    i124, order = load_vocabulary("I124"), load_vocabulary("A150").names
    assert list(i124.names) == sorted(i124.names, key=order.index)
    assert i124.synsets["lamp"] == ("n03636248", "n03636649")
    assert sum(map(len, i124.synsets.values())) == 165
    assert all(len(synsets) == 1 for synsets in load_vocabulary("I585").synsets.values())


@pytest.mark.parametrize("name", ["C171", "A150", "A847", "WA150", "WA847"])
def test_drawn_classes_keep_order_and_raw_values(name):
    full, drawn = load_vocabulary(name), load_vocabulary(name, drawn=True)
    column = name.removeprefix("W").lower()
    assert set(drawn.names) == {row[column] for row in reference("miniature/classes.csv")} - {""}
    kept = [i for i, each in enumerate(full.names) if each in drawn.names]
    assert drawn.names == tuple(full.names[i] for i in kept) and drawn.raw_ids == tuple(full.raw_ids[i] for i in kept)
    assert all(drawn.keys[rule] == tuple(full.keys[rule][i] for i in kept) for rule in full.keys)
    assert drawn.dataset == name


@pytest.mark.parametrize(("images", "target"), [("I124", "A150"), ("I585", "A847")])
def test_drawn_image_sets_have_only_drawn_synsets(images, target):
    drawn = load_vocabulary(images, drawn=True)
    packed = {synset for row in reference("miniature/classes.csv") for synset in row["wnids"].split(";")}
    assert 0 < len(drawn) < len(load_vocabulary(images))
    assert set(drawn.names) <= set(load_vocabulary(target, drawn=True).names)
    assert set(drawn.synsets) == set(drawn.names)
    assert all(synsets and set(synsets) <= packed for synsets in drawn.synsets.values())


@pytest.mark.parametrize("rule", RULES)
def test_restricting_keeps_base_and_novel(rule):
    full, drawn = load_vocabulary("A847"), load_vocabulary("A847", drawn=True)
    base_names = {full.names[i] for i in base_novel(full.names, rule)[0]}
    assert {drawn.names[i] for i in base_novel(drawn.names, rule)[0]} == base_names & set(drawn.names)


def test_published_synsets_are_exactly_the_authors():
    sums = dict(reversed(line.split("  ")) for line in (REFERENCE / "SHA256SUMS").read_text(encoding="utf-8").splitlines())
    for name, size, column in (("I124", 124, "candidate_wnids"), ("I585", 585, "wnids")):
        list_of = f"vocabularies/{name.lower()}_published.csv"
        assert sha256_of(REFERENCE / list_of) == sums[list_of]
        vocabulary = load_vocabulary(name, synsets="published")
        assert vocabulary == load_vocabulary(name) and len(vocabulary) == size
        assert vocabulary.synsets == {row["name"]: tuple(row[column].split(";")) for row in reference(list_of)}


@pytest.mark.parametrize(("images", "target"), [("I124", "A150"), ("I585", "A847")])
def test_corrected_synsets_are_one_each_in_official_order(images, target):
    corrected, order = load_vocabulary(images, synsets="corrected"), load_vocabulary(target).names
    assert list(corrected.names) == sorted(corrected.names, key=order.index) and set(corrected.synsets) == set(corrected.names)
    assert all(len(wnids) == 1 for wnids in corrected.synsets.values())
    assert corrected.synsets["wall"] == ("n04546855",)
    drawn = load_vocabulary(images, drawn=True, synsets="corrected")
    assert 0 < len(drawn) < len(corrected) and all(drawn.synsets[name] == corrected.synsets[name] for name in drawn.names)


def test_the_list_of_synsets_matters_to_image_sets_only():
    assert load_vocabulary("A847", synsets="corrected") == load_vocabulary("A847")
    with pytest.raises(LarvSegError, match="'correct'.*corrected"):
        load_vocabulary("I124", synsets="correct")


def test_unknown_names_are_answered_with_the_known_ones():
    with pytest.raises(LarvSegError, match="A1500.*A150"):
        load_vocabulary("A1500")
    with pytest.raises(LarvSegError, match="Cityscapes.*C171"):
        load_vocabulary("Cityscapes")
    with pytest.raises(LarvSegError, match="C171 has no names under the alignment rule 'Q'; it has S, P, synset"):
        union([load_vocabulary("C171")], "Q")
    with pytest.raises(LarvSegError, match="I21K has no class list"):
        load_vocabulary("I21K")


@pytest.mark.parametrize(
    ("text", "settings", "message"),
    [
        ("name,id\nsky,1\nsky,2\n", {"id": "id"}, "the class 'sky' stands there twice"),
        ("name,id\nsky,1\nsea,1\n", {"id": "id"}, "the value 1 stands there twice"),
        ("name,id\nsky,blue\n", {"id": "id"}, "id 'blue' is neither a number nor a colour like #c0ffee"),
        ("name,id\nsky,#00f\n", {"id": "id"}, "id '#00f' is neither a number nor a colour like #c0ffee"),
        ("name,idd\nsky,1\n", {"id": "id"}, "no column 'id'; did you mean 'idd'?"),
        ("title\nsky\n", {}, "no column 'name'; known: title"),
    ],
)
def test_a_class_list_that_cannot_be_used(tmp_path, text, settings, message):
    file = tmp_path / "classes.csv"
    file.write_text(text)
    with pytest.raises(LarvSegError, match=re.escape(message)):
        read_vocabulary("mine", ClassList(file=str(file), **settings))
    with pytest.raises(LarvSegError, match="other.csv: no such file"):
        read_vocabulary("mine", ClassList(file=str(tmp_path / "other.csv")))


def test_a_class_list_of_ones_own(tmp_path):
    file = tmp_path / "classes.csv"
    file.write_text("\ufeffname,colour,like\nsky,#0000ff,\ncow,#00FF01,animal\n", encoding="utf-8")
    found = read_vocabulary("mine", ClassList(file=str(file), id="colour", keys={"S": "like"}))
    assert (found.names, found.raw_ids) == (("sky", "cow"), (255, 256 * 255 + 1))
    assert found.keys == {"S": ("sky", "animal"), "P": ("sky", "cow")}


def test_works_from_any_folder_without_heavy_modules(tmp_path):
    heavy = {"torch", "pandas", "numpy", "nltk"}
    code = "import sys; from larvseg.vocabulary.datasets import committed; committed().vocabulary('I585', True);"
    code += f"assert not {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(REFERENCE.parents[1])}, check=True)


def test_every_synset_of_c171_is_one_of_imagenet_and_the_one_that_ade_means():
    corrected = {
        name: wnid for images in ("I124", "I585") for name, (wnid,) in load_vocabulary(images, synsets="corrected").synsets.items()
    }
    c171, rows = load_vocabulary("C171"), read_reference("vocabularies/c171_synsets.csv")
    synsets = {row["name"]: row["wnid"] for row in rows if row["wnid"]}
    assert [row["name"] for row in rows] == list(c171.names)
    assert set(synsets.values()) < set(imagenet_synsets())
    assert all(synsets[name] == corrected[key] for name, key in zip(c171.names, c171.keys["P"], strict=True) if key in corrected)
    assert c171.keys["synset"] == tuple(synsets.get(name, name) for name in c171.names)


@pytest.mark.parametrize("name", ["", "a\x1b[2Jb", "a\u202eb", "a\u2028b", "a\nb"])
def test_a_class_whose_name_cannot_be_shown_is_refused(tmp_path, name):
    with open(tmp_path / "c.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("id", "name"), (1, "wall"), (2, name)])
    with pytest.raises(LarvSegError, match="c.csv: the class .* has letters that cannot be shown, or none; give it another name"):
        read_vocabulary("Own", ClassList(file=str(tmp_path / "c.csv"), id="id"))
