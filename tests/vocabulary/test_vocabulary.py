import csv
import subprocess
import sys

import pytest

from larvseg.errors import LarvSegError
from larvseg.files import sha256_of
from larvseg.vocabulary import RULES, base_novel, c171_key, load_vocabulary, union
from larvseg.vocabulary.names import REFERENCE, read_reference
from larvseg.vocabulary.synsets import c171_synsets, imagenet_synsets

NOVEL_COLUMN = {"S": "novel_hyphen_rule", "P": "novel_processed_rule"}


def reference(name):
    with open(REFERENCE / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("target", "rule", "counts"), [("A150", "S", (58, 92)), ("A150", "P", (63, 87)), ("A847", "S", (92, 755)), ("A847", "P", (94, 753))]
)
def test_base_and_novel_are_those_of_the_reference_columns(target, rule, counts):
    vocabulary = load_vocabulary(target)
    base, novel = base_novel(vocabulary, load_vocabulary("C171"), rule)
    assert (len(base), len(novel)) == counts
    assert sorted(base + novel) == list(range(len(vocabulary)))
    rows = reference(f"vocabularies/{target.lower()}.csv")
    assert {vocabulary.names[i] for i in novel} == {row["name"] for row in rows if row[NOVEL_COLUMN[rule]] == "1"}


@pytest.mark.parametrize("rule", RULES)
def test_the_rules_reproduce_the_reference_keys(rule):
    c171 = load_vocabulary("C171")
    assert tuple(c171_key(name, rule) for name in c171.names) == c171.keys(rule)


def test_rule_p_adds_five_base_categories():
    a150, c171 = load_vocabulary("A150"), load_vocabulary("C171")
    added = set(base_novel(a150, c171, "P")[0]) - set(base_novel(a150, c171, "S")[0])
    assert {a150.names[i] for i in added} == {"blind", "dirt track", "glass", "television receiver", "windowpane"}


@pytest.mark.parametrize(("target", "rule", "size"), [("A150", "S", 251), ("A847", "S", 914), ("A150", "P", 247), ("A847", "P", 913)])
def test_union_has_one_name_for_each_distinct_key(target, rule, size):
    c171, ade, weak = load_vocabulary("C171"), load_vocabulary(target), load_vocabulary(f"W{target}")
    names, index = union([c171, ade, weak], rule)
    assert len(names) == len(set(names)) == size
    assert tuple(names[i] for i in index["C171"]) == c171.keys(rule)
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
    assert drawn.categories == tuple(category for category in full.categories if category.name in drawn.names)
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
    full, drawn, c171 = load_vocabulary("A847"), load_vocabulary("A847", drawn=True), load_vocabulary("C171")
    base_names = {full.names[i] for i in base_novel(full, c171, rule)[0]}
    base, _ = base_novel(drawn, load_vocabulary("C171", drawn=True), rule)
    assert {drawn.names[i] for i in base} == base_names & set(drawn.names)
    assert base_novel(drawn.names, c171, rule)[0] == base


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
    with pytest.raises(LarvSegError, match="'correct'.*corrected"):
        load_vocabulary("A847", synsets="correct")


def test_unknown_names_are_answered_with_the_known_ones():
    with pytest.raises(LarvSegError, match="A1500.*A150"):
        load_vocabulary("A1500")
    with pytest.raises(LarvSegError, match="Cityscapes.*C171"):
        load_vocabulary("Cityscapes")
    with pytest.raises(LarvSegError, match="rule 'Q'"):
        load_vocabulary("C171").keys("Q")
    with pytest.raises(LarvSegError, match="rule 'Q'"):
        c171_key("wall-brick", "Q")


def test_works_from_any_folder_without_heavy_modules(tmp_path):
    heavy = {"torch", "pandas", "numpy", "nltk"}
    code = f"import sys, larvseg.vocabulary as v; v.load_vocabulary('I585', True); assert not {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(REFERENCE.parents[1])}, check=True)


def test_every_synset_of_c171_is_one_of_imagenet_and_the_one_that_ade_means():
    corrected = {
        name: wnid for images in ("I124", "I585") for name, (wnid,) in load_vocabulary(images, synsets="corrected").synsets.items()
    }
    names = load_vocabulary("C171").names
    assert [row["name"] for row in read_reference("vocabularies/c171_synsets.csv")] == list(names)
    assert set(c171_synsets()) < set(names) and set(c171_synsets().values()) < set(imagenet_synsets())
    keys = {name: c171_key(name, "P") for name in names}
    assert all(c171_synsets()[name] == corrected[key] for name, key in keys.items() if key in corrected)
