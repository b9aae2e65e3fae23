"""The table of classes: how often each is seen, and how well it is found."""

import pytest

from larvseg.config.diagnostics import ClassesConfig
from larvseg.errors import LarvSegError
from larvseg.reporting.diagnostics.classes import ClassTable, classes
from larvseg.reporting.tail import thirds


@pytest.fixture
def images(manifest):
    weak = manifest("WA150", ["wall", "sofa", "person", "lamp"], [(0, 1), (0,), (0, 2), (1, 3)])
    objects = manifest("I124", ["lamp", "sofa"], [(0,), (0,), (1,)])
    pixels = manifest("C171", ["wall-brick", "wall-wood", "person"], [(0, 1), (1,), (2,)], ["wall", "wall", "person"])
    benchmark = manifest("A150", ["wall", "sofa", "person", "lamp"], [(3,)], validation=[{0: 60, 1: 20}, {0: 50, 3: 1}, {1: 41}])
    return weak | objects | pixels | benchmark


def write(tmp_path, runs, inputs):
    config = ClassesConfig(profile="mini", benchmark="A150", datasets=("C171", "WA150", "I124"), runs=runs)
    classes(config, inputs, {"table": tmp_path / "classes.csv"}, tmp_path)
    return tmp_path / "classes.csv"


def test_each_class_has_its_kind_frequencies_and_mean_iou(tmp_path, images, evaluated, run):
    inputs = images | evaluated("larvseg", 0, [80, 10.5, 40, None]) | evaluated("larvseg", 1, [81, 11, 40, 2])
    path = write(tmp_path, (run("larvseg", 0, 1), run("lseg", 0)), inputs | evaluated("lseg", 0, [50, 0, 30.128, 1]))
    assert path.read_text().splitlines() == [
        "class,novel_s,novel_p,by_name,images_c171,images_wa150,images_i124,pixels,size,larvseg,lseg,profile,seeds",
        "wall,false,true,false,2,3,0,40,55.00,80.50,50.00,mini,0 1",
        "sofa,true,true,false,0,2,1,30,30.50,10.75,0.00,mini,0 1",
        "person,false,true,false,1,1,0,20,,40.00,30.13,mini,0 1",
        "lamp,true,true,false,0,1,2,10,1.000,,1.00,mini,0 1",
    ]


def test_the_table_is_read_as_it_was_written(tmp_path, images, evaluated, run):
    table = ClassTable(write(tmp_path, (run("larvseg"),), images | evaluated("larvseg", 0, [80, 10.5, None, 2])))
    assert (table.names, table.novel) == (["wall", "sofa", "person", "lamp"], [False, True, False, True])
    assert table.datasets == ["C171", "WA150", "I124"] and table.images("I124") == [0, 1, 0, 2]
    assert table.iou("larvseg") == [80, 10.5, None, 2] and table.sizes == [55, 30.5, None, 1]
    counts = dict(zip(table.names, table.images("WA150"), strict=True))
    assert thirds(counts, [table.listed(table.iou("larvseg"))]) == [((1, 1), [2.0]), ((2, 2), [10.5])]
    assert thirds(counts, [table.listed(table.iou("larvseg"))], novel=False) == [((3, 3), [80.0])]
    with pytest.raises(LarvSegError, match=r"classes.csv: no column 'larvsegg'; did you mean 'larvseg'\?"):
        table.iou("larvsegg")


@pytest.mark.parametrize(
    "changes", [{"benchmark": "A847"}, {"profile": "smoke"}, {"run": "baseline"}, {"seed": 3}], ids=lambda changes: next(iter(changes))
)
def test_metrics_of_something_else_are_refused(tmp_path, images, evaluated, run, changes):
    ((key, value),) = changes.items()
    with pytest.raises(LarvSegError, match=f"larvseg.seed0: {key} is {value!r}, the diagnostic wants"):
        write(tmp_path, (run("larvseg"),), images | evaluated("larvseg", 0, [1, 2, 3, 4], says=changes))


def test_the_manifest_of_another_data_set_is_refused(tmp_path, images, evaluated, run):
    with pytest.raises(LarvSegError, match="I124.arrow: the manifest of I124, not of WA150"):
        write(tmp_path, (run("larvseg"),), images | evaluated("larvseg", 0, [1, 2, 3, 4]) | {"WA150": images["I124"]})
    with pytest.raises(LarvSegError, match="WA150.arrow: the manifest of WA150, not of A150"):
        write(tmp_path, (run("larvseg"),), images | evaluated("larvseg", 0, [1, 2, 3, 4]) | {"A150": images["WA150"]})
