"""The index shows every result once, as data, and holds all that it shows."""

from __future__ import annotations

import pytest

from genconvit.render.index_page import IndexRow, index_page
from genconvit.results.credentials import ContentCredentials
from genconvit.results.decision import CalibrationInfo, Decision
from genconvit.results.quality import PoorFaces
from genconvit.results.result import UNTRAINED, VideoResult
from render.made import face, made_result
from render.pages import Page, check_closed
from scored import result

HOSTILE = (
    "<script>window.hacked = 1</script>.mp4",
    "\u202egpj.exe",
    "two\nlines\x1b[31m.mp4",
    "\"><img src=x onerror='window.hacked = 1'>",
    "{{ 7 * 7 }}{% raw %}</style></title>",
    "x" * 4000,
    "\udcff.mp4",
)


def unreadable(source: str, reason: str) -> VideoResult:
    return result(source, None, status="unreadable", reason=reason)


def page_of(*results: VideoResult, page: str | None = "a.html") -> Page:
    html = index_page(IndexRow.of(each, page) for each in results)
    check_closed(html)
    return Page(html)


def cells(page: Page, name: str) -> list[str]:
    return [each.text for each in page.all("td", class_=name)]


def heads(page: Page) -> list[str]:
    return [each.text for each in page.all("th")]


def test_each_result_is_a_row_in_the_order_given() -> None:
    found = made_result([face(0), face(10, track=1)], [0, 10, 20], source="b.mp4")
    page = page_of(found, result("a.mp4", None), unreadable("c.mp4", "it is empty"))
    assert cells(page, "source") == ["b.mp4", "a.mp4", "c.mp4"]
    assert cells(page, "verdict") == ["FAKE", "no face", "unreadable"]
    assert cells(page, "fake") == ["0.750", "", ""]
    assert cells(page, "faces") == ["2", "0", "0"]
    assert cells(page, "people") == ["2", "0", "0"]
    assert cells(page, "frames") == ["3 of 40", "", ""]
    assert cells(page, "notes") == ["", "", "it is empty"]
    assert heads(page) == ["Source", "Verdict", "Fake probability", "Faces", "People", "Frames", "Notes"]


def test_columns_that_nothing_fills_are_left_out_and_others_are_not() -> None:
    calibration = CalibrationInfo(name="c.json", sha256="0" * 64, method="temperature")
    decision = Decision(threshold=0.5, threshold_from="default", calibration=calibration)
    poor = PoorFaces(counted=2, poor=2, kinds={"blurred": 2}, words="2 of 2 faces are poor")
    full = made_result([face(0)], [0], decision=decision, calibrated_probability=0.6, poor_faces=poor)
    credentials = ContentCredentials(state="absent")
    page = page_of(full, result("b.mp4", 0.25, credentials=credentials))
    assert heads(page)[3] == "Calibrated"
    assert cells(page, "calibrated") == ["0.600", ""]
    assert cells(page, "poor") == ["2 of 2", ""]
    assert cells(page, "credentials") == ["", "none in the file"]
    assert cells(page, "notes") == ["2 of 2 faces are poor", ""]


def test_a_duration_has_hours_always_so_that_texts_sort_by_it() -> None:
    provenance = result("a.mp4", 0.9).provenance
    made = [
        result(f"{seconds}.mp4", 0.9, provenance=provenance.model_copy(update={"duration_seconds": seconds}))
        for seconds in (2.0, 75.4, 3675.0, None)
    ]
    page = page_of(*made)
    assert cells(page, "duration") == ["0:00:02", "0:01:15", "1:01:15", ""]
    assert "Duration" in heads(page)


def test_untrained_weights_give_no_number_anywhere() -> None:
    page = page_of(result("a.mp4", 0.913, trained=False))
    assert cells(page, "verdict") == [UNTRAINED]
    assert cells(page, "fake") == [""]
    assert not page.all("svg")


def test_the_summary_counts_each_verdict() -> None:
    page = page_of(*(result(f"{n}.mp4", p) for n, p in enumerate((0.9, 0.8, 0.1))), result("d.mp4", None))
    assert [each.text for each in page.all("dt")] == ["FAKE", "REAL", "no face"]
    assert [each.text for each in page.all("dd")] == ["2", "1", "1"]
    assert [each.text for each in page.all("option")] == ["all", "FAKE (2)", "REAL (1)", "no face (1)"]
    assert [each.text for each in page.all("title") if each.within[-1:] == ("svg",)] == [
        "Number of videos by fake probability, 3 in all"
    ]


def test_a_note_that_all_have_stands_below_and_once() -> None:
    page = page_of(*(result(f"{n}.mp4", 0.9, notes=("slow disk", f"note {n}")) for n in range(3)))
    assert cells(page, "notes") == ["note 0", "note 1", "note 2"]
    assert [each.text for each in page.all("li") if "slow disk" in each.text] == ["all of them: slow disk"]


def test_a_note_of_all_faces_stands_below_though_other_files_have_none() -> None:
    page = page_of(
        *(result(f"{n}.mp4", 0.9, notes=("slow disk",)) for n in range(2)), unreadable("c.mp4", "it is empty")
    )
    assert cells(page, "notes") == ["", "", "it is empty"]
    assert [each.text for each in page.all("li") if "slow disk" in each.text] == ["all that have faces: slow disk"]


def test_what_the_weights_say_of_themselves_is_said_once() -> None:
    weights = result("a.mp4", 0.9).provenance.weights.model_copy(update={"about": "trained on a"})
    provenance = result("a.mp4", 0.9).provenance.model_copy(update={"weights": weights})
    page = page_of(*(result(f"{n}.mp4", 0.9, notes=("trained on a",), provenance=provenance) for n in range(2)))
    assert [each.text for each in page.all("li") if "trained on a" in each.text] == ["trained on a"]


def test_what_looked_stands_below_once_and_not_without_end() -> None:
    page = page_of(result("a.mp4", 0.9), result("b.mp4", 0.1))
    (line,) = page.all("li")
    assert line.text.startswith("genconvit 1: original (ed)")
    many = [result(f"{n}.mp4", 0.9, decision=Decision(threshold=n / 100, threshold_from="given")) for n in range(1, 41)]
    lines = page_of(*many).all("li")
    assert len(lines) == 13
    assert lines[-1].text == "and 29 more, which the results name"


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_texts_of_files_are_data(text: str) -> None:
    plain = page_of(unreadable("a.mp4", "why"))
    page = page_of(unreadable(text, text), page=text)
    assert [each.tag for each in page.elements] == [each.tag for each in plain.elements]
    assert all(each.isprintable() for field in ("source", "notes") for each in cells(page, field))
    if text.isprintable():
        assert cells(page, "source") == cells(page, "notes") == [text]


@pytest.mark.parametrize(
    ("path", "link"),
    [
        ("pages/a.html", "pages/a.html"),
        ("a b#c?d.html", "a%20b%23c%3Fd.html"),
        ("javascript:alert(1)", "javascript%3Aalert%281%29"),
        ("\u05d0\u202e.html", "%D7%90%E2%80%AE.html"),
    ],
)
def test_a_link_leads_to_the_page_and_nowhere_else(path: str, link: str) -> None:
    page = page_of(result("a.mp4", 0.9), page=path)
    assert [each.attributes["href"] for each in page.all("a")] == [link]


def test_without_a_page_there_is_no_link() -> None:
    page = page_of(result("a.mp4", 0.9), page=None)
    assert not page.all("a")
    assert cells(page, "source") == ["a.mp4"]


@pytest.mark.parametrize("path", ["/etc/passwd", "//host/a.html", "\\\\host\\a.html", ""])
def test_a_page_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="is relative to the index; got"):
        IndexRow.of(result("a.mp4", 0.9), path)


def test_without_results_there_is_still_a_page() -> None:
    page = page_of()
    assert [each.text for each in page.all("h1")] == ["0 results"]
    assert not page.all("td")


def test_what_needs_scripting_is_hidden_without_it() -> None:
    page = page_of(result("a.mp4", 0.9))
    assert "hidden" in page.all("form")[0].attributes
    assert ["hidden" in each.attributes for each in page.all("button")] == [True]


def test_a_row_takes_half_a_kilobyte_at_most() -> None:
    row = IndexRow.of(result("clip.mp4", 0.9), "clip.html")
    assert len(index_page([row] * 1001)) - len(index_page([row])) < 500 * 1000
