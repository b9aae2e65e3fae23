"""What the page of the demo shows of a segmented picture: regions that answer the pointer, and a table; names are text in both."""

from xml.etree import ElementTree

import numpy as np
import pytest

from larvseg.demo.regions import regions_of, svg, table
from larvseg.pictures.result import Segmentation

HOSTILE = "<script>alert(1)</script>&\"'"


@pytest.fixture
def found():
    """A sky above two lamps that touch neither each other nor the border."""
    labels = np.zeros((40, 60), np.int64)
    labels[10:20, 5:15] = labels[10:20, 40:50] = 2
    scores = np.where(labels == 2, 0.25, 0.75).astype(np.float32)
    return Segmentation(labels, ("sky", "sofa", HOSTILE), scores, np.full((40, 60, 3), 200, np.uint8))


def test_each_connected_part_is_a_region(found):
    regions = list(regions_of(found))
    assert [(region.label, int(region.pixels.sum())) for region in regions] == [(0, 2200), (2, 100), (2, 100)]
    assert [region.score for region in regions] == pytest.approx([0.75, 0.25, 0.25])


def test_regions_cover_their_pixels_and_say_class_and_score(found):
    drawn = ElementTree.fromstring(svg(found))  # which a name that is not escaped would break
    groups = drawn.findall("g")
    assert [group.findtext("title") for group in groups] == ["sky 0.75", f"{HOSTILE} 0.25", f"{HOSTILE} 0.25"]
    assert [group.findtext("text") for group in groups] == [group.findtext("title") for group in groups]
    assert groups[1].find("path").get("d") == "M5 10H15V20H5Z"
    assert drawn.findall(".//script") == []


def test_the_table_has_the_largest_classes_first(found):
    rows = [[cell.text for cell in row] for row in ElementTree.fromstring(table(found, 30))]
    assert [row[1:] for row in rows] == [["class", "area", "score"], ["sky", "91.7%", "0.75"], [HOSTILE, "8.3%", "0.25"]]
    assert len(ElementTree.fromstring(table(found, 1))) == 2
