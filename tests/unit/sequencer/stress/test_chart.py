"""Charts: round ticks around the data, marks inside the picture, words that break nothing."""

from random import Random
from xml.etree import ElementTree

import pytest

from sequencer.stress import chart
from sequencer.stress.chart import Line, scale_of

HOUR = 3_600_000
TIMES = [1_700_000_000_000 + place * HOUR for place in range(5)]


@pytest.mark.parametrize("seed", range(20))
def test_ticks_are_round_and_hold_the_data(seed: int) -> None:
    random = Random(seed)
    values = [random.uniform(-1, 3) * 10 ** random.randint(-3, 9) for _ in range(6)]
    scale = scale_of(values, from_zero=bool(seed % 2))
    assert scale.low <= min(values) and max(values) <= scale.high
    assert 2 <= len(scale.ticks) <= 7
    leading = f"{scale.step:e}".split("e")[0]
    assert float(leading) in (1, 2, 2.5, 5)


@pytest.mark.parametrize("values", [[], [0.0], [5.0, 5.0], [-3.0]])
def test_data_without_a_span_has_an_axis_too(values: list[float]) -> None:
    scale = scale_of(values, from_zero=False)
    assert scale.low < scale.high


def test_lines_stay_inside_the_picture() -> None:
    series = [Line("a", [1, 5, 2, 8, 3]), Line("b", [-4, 0, 1, 2, 9])]
    picture = svg(chart.lines("Name", TIMES, series, str, from_zero=True))
    marks = picture.findall("polyline")
    assert [mark.get("class") for mark in marks] == ["line s0", "line s1"]
    for mark in marks:
        points = [tuple(map(float, each.split(","))) for each in mark.get("points", "").split()]
        assert len(points) == 5
        assert all(chart.LEFT <= x <= chart.WIDTH - chart.RIGHT for x, _ in points)
        assert all(chart.TOP <= y <= chart.HEIGHT - chart.BOTTOM for _, y in points)


def test_bars_stand_on_zero_and_say_what_they_are() -> None:
    picture = svg(chart.bars("Name", TIMES, "things", [0, 3, 1, 0, 2], lambda v: f"{v:.0f}"))
    marks = picture.findall("rect")
    heights = [float(mark.get("height", "")) for mark in marks]
    assert heights[0] == heights[3] == 0 and heights[1] == pytest.approx(3 * heights[2], abs=0.3)
    titles = [mark.findtext("title") or "" for mark in marks]
    assert titles[1].endswith(": 3") and titles[1].startswith("2023-11-14")


def test_names_are_escaped() -> None:
    drawn = chart.lines("<b>&", TIMES, [Line('"<i>', [0] * 5)], str, from_zero=True)
    assert "<b>" not in drawn and "<i>" not in drawn
    assert svg(drawn).get("aria-label") == "<b>&"


def svg(figure: str) -> ElementTree.Element:
    found = ElementTree.fromstring(figure).find("svg")
    assert found is not None
    return found
