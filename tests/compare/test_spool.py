from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genconvit.compare import spool as module
from genconvit.compare.spool import FaceSpool
from genconvit.core.cut import Cut, SquareRule
from genconvit.core.errors import GenConViTError, SourceError
from genconvit.core.types import DetectedFace, FaceCrop
from genconvit.pipeline.outcome import Cropped, Outcome, SourceScores
from genconvit.results.quality import FaceQuality

SMALL, LARGE = (Cut(size=size, rule=SquareRule(side=1, shift_down=0)) for size in (4, 6))
Found = Generator[Cropped | Outcome, None, None]


def crop(value: int, size: int, side: float = 9.0) -> FaceCrop:
    face = DetectedFace((1.0, 2.0, 3.0, 4.0), 0.5)
    return FaceCrop(value, value / 10, face, (0.0, 0.0, side, side), np.full((size, size, 3), value, np.uint8))


def source(name: str, *values: int) -> Found:
    scores = SourceScores("pyav", 10, frame_indices=list(values), notes=["a note"])
    outcome = Outcome(name, scores, sha256="f00")
    for value in values:
        yield Cropped((crop(value, 4), crop(value, 6)), scores, outcome, 0)
    yield outcome


def fill(spool: FaceSpool, *found: Found) -> list[Any]:
    return [outcome.source for each in found for outcome in spool.fill(each)]


def replayed(spool: FaceSpool, cut: Cut) -> list[tuple[Any, list[int]]]:
    made, values = [], []
    for item in spool.replay(cut):
        if isinstance(item, Cropped):
            assert np.asarray(item.crop.image).shape == (cut.size, cut.size, 3)
            values.append(int(item.crop.image.max()))
            assert item.crop.frame_index == values[-1]
        else:
            made.append((item.source, values))
            values = []
    return made


def test_what_went_in_comes_out_in_each_cut_and_any_number_of_times() -> None:
    with FaceSpool([SMALL, LARGE]) as spool:
        assert fill(spool, source("a", 1, 2), source("b"), source("c", 7)) == ["a", "b", "c"]
        for cut in (SMALL, LARGE, SMALL):
            assert replayed(spool, cut) == [("a", [1, 2]), ("b", []), ("c", [7])]


def test_cuts_of_one_size_are_kept_apart_with_their_squares() -> None:
    wide = Cut(size=4, rule=SquareRule(side=2, shift_down=0))
    scores = SourceScores("pyav", 10)

    def found() -> Found:
        outcome = Outcome("a", scores)
        yield Cropped((crop(1, 4), crop(2, 4, side=18.0)), scores, outcome, 0)
        yield outcome

    with FaceSpool([SMALL, wide]) as spool:
        fill(spool, found())
        for cut, value, side in ((SMALL, 1, 9.0), (wide, 2, 18.0)):
            item = next(iter(spool.replay(cut)))
            assert isinstance(item, Cropped)
            assert (int(item.crop.image.max()), item.crop.square) == (value, (0.0, 0.0, side, side))


def test_a_face_keeps_what_its_picture_measured() -> None:
    quality = FaceQuality(width_px=9, outside=0, sharpness=0.1, luma=7, clipped=0, yaw_degrees=None)

    def found() -> Found:
        scores = SourceScores("pyav", 10)
        outcome = Outcome("a", scores)
        yield Cropped((crop(1, 4), crop(2, 6)), scores, outcome, 0, quality)
        yield outcome

    with FaceSpool([SMALL, LARGE]) as spool:
        fill(spool, found())
        kept = [item.quality for cut in (SMALL, LARGE) for item in spool.replay(cut) if isinstance(item, Cropped)]
    assert kept == [quality, quality]


def test_each_replay_has_scores_of_its_own() -> None:
    with FaceSpool([SMALL, LARGE]) as spool:
        fill(spool, source("a", 1))
        outcomes = [item for _ in range(2) for item in spool.replay(SMALL) if isinstance(item, Outcome)]
        assert outcomes[0].scores is not None
        outcomes[0].scores.notes.append("the first detector's")
        assert outcomes[1].scores is not None
        assert outcomes[1].scores.notes == ["a note"]
        assert outcomes[1].sha256 == "f00"


def test_what_a_decoder_gave_before_it_started_over_does_not_count() -> None:
    def started_over() -> Found:
        dropped, kept = SourceScores("one", 10), SourceScores("two", 10)
        outcome = Outcome("a", dropped)
        yield Cropped((crop(1, 4),), dropped, outcome, 0)
        outcome.scores = kept
        yield Cropped((crop(2, 4),), kept, outcome, 0)
        yield outcome

    with FaceSpool([SMALL]) as spool:
        fill(spool, started_over())
        assert replayed(spool, SMALL) == [("a", [2])]


def test_a_source_that_cannot_be_read_keeps_its_reason() -> None:
    def unreadable() -> Found:
        scores = SourceScores("one", 10)
        outcome = Outcome("a", scores)
        yield Cropped((crop(1, 4),), scores, outcome, 0)
        outcome.scores, outcome.error = None, SourceError("a", "it is broken")
        yield outcome

    with FaceSpool([SMALL]) as spool:
        fill(spool, unreadable())
        (outcome,) = spool.replay(SMALL)
        assert isinstance(outcome, Outcome)
        assert (outcome.scores, str(outcome.error)) == (None, "a: it is broken")


def test_nothing_is_left_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with FaceSpool([SMALL, LARGE]) as spool:
        fill(spool, source("a", 1))
        assert len(list(tmp_path.rglob("*.rgb"))) == 2
    assert not list(tmp_path.iterdir())


def test_a_disk_that_fills_up_ends_it_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEAST_FREE_BYTES", 1 << 62)
    with FaceSpool([SMALL, LARGE]) as spool, pytest.raises(GenConViTError, match=r"no room left for faces.*TMPDIR"):
        fill(spool, source("a", 1))
