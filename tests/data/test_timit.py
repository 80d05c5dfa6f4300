from __future__ import annotations

import pytest

from genconvit.core.errors import DatasetError
from genconvit.data.listing import list_dataset

from .conftest import Files

FAKES = ("higher_quality/fadg0/sa1-video-fram1.avi", "lower_quality/fadg0/sa1-video-fram1.avi")


@pytest.mark.parametrize("folder", ["", "DeepfakeTIMIT/"])
def test_both_qualities_are_fake_and_the_lack_of_reals_is_noted(files: Files, folder: str) -> None:
    sound = "higher_quality/fadg0/sa1.wav"
    listing = list_dataset("timit", files(*(f"{folder}{name}" for name in (*FAKES, sound))))
    assert [(each.label, each.groups["quality"]) for each in listing.sources] == [
        ("FAKE", "higher_quality"),
        ("FAKE", "lower_quality"),
    ]
    assert "DeepfakeTIMIT has no real videos" in listing.notes[0]
    assert listing.skipped[0].name == f"{folder}higher_quality/fadg0/"


def test_reals_lie_beside(files: Files) -> None:
    listing = list_dataset("timit", files(*FAKES, "real/fadg0/a.avi", "real/fadg0/sa1/001.jpg", "else/x.avi"))
    assert [each.name for each in listing.sources if each.label == "REAL"] == ["real/fadg0/a.avi", "real/fadg0/sa1"]
    assert listing.notes == ()
    assert "else/x.avi" in {each.name for each in listing.skipped}


def test_reals_alone_are_not_deepfaketimit(files: Files) -> None:
    with pytest.raises(DatasetError, match="neither higher_quality nor lower_quality lies in it"):
        list_dataset("timit", files("real/a.avi"))


def test_a_speaker_is_the_same_one_in_all_qualities_and_in_what_is_real(files: Files) -> None:
    root = files(
        "DeepfakeTIMIT/higher_quality/fadg0/a.avi", "DeepfakeTIMIT/real/FADG0/b.avi", "DeepfakeTIMIT/real/c.avi"
    )
    assert [each.identities for each in list_dataset("timit", root).sources] == [("fadg0",), ("fadg0",), ()]
