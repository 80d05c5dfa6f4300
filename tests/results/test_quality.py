"""Findings about faces at their exact thresholds, and what is said of the faces that count."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from genconvit.results.quality import (
    KIND_WORDS,
    LEAST_LUMA,
    LEAST_SHARPNESS,
    LEAST_WIDTH_PX,
    MOST_LUMA,
    MOST_OUTSIDE,
    MOST_YAW_DEGREES,
    FaceQuality,
    FindingKind,
    PoorFaces,
    findings_of,
    poor_faces,
)

A_BIT = 0.0001
PAGE = Path(__file__).parents[2] / "docs" / "face_quality.md"


def quality(**values: Any) -> FaceQuality:
    good = {"width_px": 200, "outside": 0.0, "sharpness": 0.2, "luma": 120.0, "clipped": 0.0, "yaw_degrees": 3.0}
    return FaceQuality(**{**good, **values})


@pytest.mark.parametrize(
    ("field", "threshold", "beyond", "kind"),
    [
        ("width_px", LEAST_WIDTH_PX, -1, "too_small"),
        ("sharpness", LEAST_SHARPNESS, -A_BIT, "blurred"),
        ("luma", LEAST_LUMA, -0.1, "too_dark"),
        ("luma", MOST_LUMA, 0.1, "too_bright"),
        ("yaw_degrees", MOST_YAW_DEGREES, 0.1, "in_profile"),
        ("yaw_degrees", -MOST_YAW_DEGREES, -0.1, "in_profile"),
        ("outside", MOST_OUTSIDE, A_BIT, "cut_off"),
    ],
)
def test_a_value_at_its_threshold_is_fine_and_beyond_it_a_finding(
    field: str, threshold: float, beyond: float, kind: FindingKind
) -> None:
    assert findings_of(quality(**{field: threshold})) == ()
    (finding,) = findings_of(quality(**{field: threshold + beyond}))
    assert (finding.kind, finding.threshold) == (kind, abs(threshold))
    assert finding.measured == abs(threshold + beyond)
    assert finding.words.startswith(f"{KIND_WORDS[kind]}: ")


def test_words_state_both_numbers() -> None:
    bad = quality(width_px=31, sharpness=0.0012, luma=12.5, yaw_degrees=-61.2, outside=0.333)
    assert [finding.words for finding in findings_of(bad)] == [
        f"too small: 31 pixels wide, fewer than {LEAST_WIDTH_PX}",
        f"blurred: sharpness 0.0012, below {LEAST_SHARPNESS:g}",
        f"too dark: mean luma 12.5 of 255, below {LEAST_LUMA:g}",
        f"in profile: turned 61.2 degrees to the left, more than {MOST_YAW_DEGREES:g}",
        f"cut by the frame's edge: 33.3% of it lies outside, more than {MOST_OUTSIDE:.0%}",
    ]


def test_the_page_states_the_thresholds() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    assert f"| `too_small` | fewer than {LEAST_WIDTH_PX} pixels wide |" in rows
    assert f"| `blurred` | sharpness below {LEAST_SHARPNESS:g} |" in rows
    assert f"| `too_dark`, `too_bright` | mean luma below {LEAST_LUMA:g}, above {MOST_LUMA:g} |" in rows
    assert f"| `in_profile` | turned by more than {MOST_YAW_DEGREES:g} degrees to either side |" in rows
    assert f"| `cut_off` | more than {100 * MOST_OUTSIDE:g} % of the box outside of the frame |" in rows


def test_what_was_not_measured_is_no_finding() -> None:
    nothing = quality(sharpness=None, luma=None, clipped=None, yaw_degrees=None)
    assert findings_of(nothing) == findings_of(None) == ()


SMALL, DARK_AND_SMALL = quality(width_px=20), quality(width_px=20, luma=3.0)
FINE = quality()


def test_poor_faces_are_counted_by_kind() -> None:
    said = poor_faces(map(findings_of, [FINE, SMALL, DARK_AND_SMALL]))
    assert said == PoorFaces(
        counted=3,
        poor=2,
        kinds={"too_small": 2, "too_dark": 1},
        words="2 of 3 faces that the score rests on are poor: 2 too small, 1 too dark",
    )
    assert (said.share, said.are_many) == (2 / 3, True)


@pytest.mark.parametrize(("poor", "fine", "many"), [(0, 2, False), (1, 1, False), (2, 1, True), (1, 0, True)])
def test_more_than_half_are_many(poor: int, fine: int, many: bool) -> None:
    said = poor_faces(map(findings_of, [SMALL] * poor + [FINE] * fine))
    assert said is not None
    assert said.are_many == many


def test_faces_that_were_not_measured_count_neither_way() -> None:
    assert poor_faces([]) is poor_faces([None, None]) is None
    said = poor_faces([None, findings_of(SMALL)])
    assert said is not None
    assert (said.counted, said.poor) == (1, 1)
    none = poor_faces([findings_of(FINE)])
    assert none is not None
    assert none.words == "0 of 1 faces that the score rests on are poor"


@pytest.mark.parametrize(
    "counts",
    [
        {"counted": 1, "poor": 2, "kinds": {"blurred": 2}},
        {"counted": 3, "poor": 1, "kinds": {"blurred": 2}},
        {"counted": 3, "poor": 2, "kinds": {"blurred": 1}},
        {"counted": 3, "poor": 1, "kinds": {}},
        {"counted": 3, "poor": 1, "kinds": {"blurred": 1, "too_dark": 0}},
        {"counted": 0, "poor": 0, "kinds": {}},
        {"counted": 1, "poor": 1, "kinds": {"ugly": 1}},
    ],
    ids=str,
)
def test_counts_cannot_contradict_one_another(counts: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PoorFaces(words="", **counts)


@pytest.mark.parametrize(
    "values",
    [{"width_px": 0}, {"outside": 1.1}, {"sharpness": -1}, {"luma": 256}, {"yaw_degrees": float("nan")}],
    ids=str,
)
def test_a_measured_value_stays_in_its_range(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        quality(**values)
