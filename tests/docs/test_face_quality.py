"""The page on face quality says what was measured, and the thresholds follow from it or the page says why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from genconvit.results.quality import FindingKind
from recipes.quality.plot import AXES
from recipes.quality.steps import MOST_LOSS, Figures

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "face_quality.md").read_text(encoding="utf-8")
FIGURES = Figures.model_validate_json((ROOT / "recipes" / "quality" / "measured.json").read_bytes())


def test_the_page_holds_every_measured_row() -> None:
    rows = [line for line in FIGURES.tables().splitlines() if line.startswith("|")]
    assert len(rows) > 30
    assert [row for row in rows if row not in PAGE] == []


@pytest.mark.parametrize("kind", ["too_small", "blurred", "too_dark", "cut_off"])
def test_a_threshold_stands_where_the_loss_is_reached(kind: FindingKind) -> None:
    measured = FIGURES.at_loss[kind]
    assert measured is not None
    assert AXES[kind][1] == pytest.approx(measured, rel=0.1)


def test_beyond_the_thresholds_that_stand_elsewhere_more_is_lost() -> None:
    threshold = AXES["too_bright"][1]
    beyond = [step.loss for step in FIGURES.ways["too_bright"] if step.value > threshold]
    assert beyond
    assert min(loss or 0 for loss in beyond) > 2 * MOST_LOSS
    turned = FIGURES.ways["in_profile"]
    best = max(step.roc_auc for step in turned)
    assert all(best - step.roc_auc > 2 * MOST_LOSS for step in turned if step.strength >= AXES["in_profile"][1])
