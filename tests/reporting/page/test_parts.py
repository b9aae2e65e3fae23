"""The parts of the page one by one: curves, claims, rows at a glance, model cards."""

from larvseg.lineage.recipes import Recipe
from larvseg.lineage.records import write_record
from larvseg.reporting.page.cards import as_html
from larvseg.reporting.page.claims import MARGIN, WIDTH, claims_of
from larvseg.reporting.page.curves import POINTS, curves_of
from larvseg.reporting.page.overview import overview_of
from larvseg.reporting.tables import write_csv
from tests.reporting.page.conftest import CLAIM


def test_long_curves_keep_their_last_line_and_no_column_of_nothing(tmp_path):
    lines = [f"{step},0.1,{1 / step:.6g},0,{'' if step < 900 else 0.5}" for step in range(1, 1001)]
    (tmp_path / "curves.csv").write_text("\n".join(["step,learning_rate,loss,loss_aux,contrast", *lines]) + "\n")
    curves = curves_of(tmp_path / "curves.csv")
    assert list(curves) == ["step", "loss", "contrast"]
    assert POINTS / 2 < len(curves["step"]) <= POINTS and curves["step"][-1] == 1000
    assert curves["loss"][-1] == 0.001 and curves["contrast"][0] is None and curves["contrast"][-1] == 0.5


def test_claims_are_drawn_around_0_and_what_lies_beyond_stands_at_the_edge(tmp_path):
    numbers = [("+6.0", "+1.50", "+0.50", "+2.50", ""), ("+3.0", "-4.00", "-4.50", "-3.50", "1.0"), ("+31.2", "", "", "", "")]
    rows = [CLAIM | dict(zip(("published", "measured", "low", "high", "margin"), each, strict=True)) for each in numbers]
    path = tmp_path / "claims.csv"
    write_csv(path, rows)
    inputs = [
        {"role": f"{run}.seed0{rest}", "path": f"{run}{rest}", "sha256": ""}
        for run in ("larvseg-a150", "other")
        for rest in ("", ".confusion")
    ]
    write_record(path, "claims", Recipe("claims", "claims", {}, {}, {}, {}), inputs, [])
    claims = claims_of(path.as_posix())
    middle, edge = WIDTH / 2, WIDTH - MARGIN
    assert claims.limit == 10 and claims.counts == {"holds": 3} and claims.counted("holds") == "hold"
    first, second, third = (claim.drawn for claim in claims.claims)
    assert middle < first.low < first.measured < first.high < first.published < edge and first.margin is None
    assert second.low < second.measured < second.high < second.margin < middle < second.published
    assert (third.published, third.measured) == (edge, None)
    assert claims.claims[0].files == ["larvseg-a150", "larvseg-a150.confusion"]


def test_rows_at_a_glance_say_what_tells_them_apart(tmp_path):
    row = {"model": "LarvSeg", "pooling": "as printed", "backbone": "ViT", "benchmark": "A150", "training_data": "C171, WA150"}
    row |= {"all": "30.0", "base": "52.7", "novel": "14.0", "published_base": "", "published_novel": ""}
    write_csv(tmp_path / "table3.csv", [row, row | {"pooling": ""}, row | {"benchmark": "A847"}])
    overview = overview_of(str(tmp_path / "table3.csv"))
    assert [(each.model, each.about) for each in overview.rows] == [("LarvSeg", "as printed; C171, WA150"), ("LarvSeg", "C171, WA150")]
    assert overview.limit == 60 and overview.rows[0].text == "base 52.7, novel 14.0"


def test_images_and_html_of_a_model_card_are_not_those_of_the_page():
    html = as_html("# A\n\n<img src=x> ![spy](https://images.test/spy.png) [run](javascript:alert(1))\n")
    assert "&lt;img src=x&gt;" in html and "<img" not in html and 'href="javascript' not in html
