"""The histogram counts every probability once, in the bar that it belongs to."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from genconvit.render.histogram import BINS, histogram

SVG = "{http://www.w3.org/2000/svg}"


def bars(*probabilities: float) -> list[tuple[float, str]]:
    """Height and words of each bar."""
    svg = ElementTree.fromstring(histogram(probabilities).text)  # noqa: S314 - our own
    found = svg.findall(f"{SVG}rect[@class='bar']")
    assert len(found) == BINS
    return [(float(bar.attrib["height"]), bar.findtext(f"{SVG}title") or "") for bar in found]


@pytest.mark.parametrize(("probability", "bar"), [(0.0, 0), (0.049, 0), (0.05, 1), (0.5, 10), (0.999, 19), (1.0, 19)])
def test_a_probability_stands_in_its_bar(probability: float, bar: int) -> None:
    assert [number for number, (height, _) in enumerate(bars(probability)) if height] == [bar]


def test_bars_are_as_high_as_their_counts() -> None:
    found = bars(0.11, 0.12, 0.13, 0.14, 0.91)
    assert found[2][0] == 4 * found[18][0] > 0
    assert (found[2][1], found[18][1]) == ("0.10 to 0.15: 4", "0.90 to 0.95: 1")


def test_without_a_probability_there_is_no_bar_to_see() -> None:
    assert not any(height for height, _ in bars())


def test_it_says_what_it_counts() -> None:
    text = histogram([0.5, 0.6], what="calibrated fake probability").text
    assert "<title>Number of videos by calibrated fake probability, 2 in all</title>" in text
