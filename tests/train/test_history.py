from __future__ import annotations

from pathlib import Path

import pytest

from genconvit.plots.training import plot_training
from genconvit.train.history import write_curves
from genconvit.train.state import HistoryRow

ROWS = [
    HistoryRow(
        epoch=epoch,
        step=10 * epoch,
        learning_rate=0.1,
        train_loss=1 / epoch,
        valid_loss=2 / epoch,
        accuracy=0.5,
        roc_auc=None if epoch == 2 else 0.7,
        skipped=0,
        seconds=1.0,
    )
    for epoch in (1, 2, 3)
]


def test_curves_are_drawn_with_gaps_where_there_is_no_value(tmp_path: Path) -> None:
    assert write_curves(tmp_path / "curves.png", ROWS) == ()
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_a_curve_of_unseen_fakes_is_drawn_where_there_are_some() -> None:
    columns = {name: [getattr(row, name) for row in ROWS] for name in HistoryRow.model_fields}
    drawn = [curve.get_label() for curve in plot_training(columns).axes[1].lines]
    assert drawn == ["ROC AUC", "accuracy"]
    drawn = [
        curve.get_label() for curve in plot_training({**columns, "roc_auc_unseen": [None, 0.6, 0.5]}).axes[1].lines
    ]
    assert drawn == ["ROC AUC", "accuracy", "ROC AUC unseen"]


def test_without_matplotlib_a_note_says_why_there_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    (note,) = write_curves(tmp_path / "curves.png", ROWS)
    assert "no curves were drawn: a plot needs matplotlib" in note
    assert list(tmp_path.iterdir()) == []
