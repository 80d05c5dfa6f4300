from __future__ import annotations

from genconvit.extract.summary import PartCount, lopsided


def test_a_split_of_one_class_is_named_with_the_way_on() -> None:
    parts = [
        PartCount(split="train", label="REAL", videos=3, crops=5),
        PartCount(split="train", label="FAKE", videos=0, crops=0),
        PartCount(split="valid", label="REAL", videos=0, crops=0),
        PartCount(split="valid", label="FAKE", videos=1, crops=2),
        PartCount(split="test", label="REAL", videos=0, crops=0),
        PartCount(split="test", label="FAKE", videos=0, crops=0),
    ]
    fakes, reals = lopsided(parts)
    assert fakes.startswith("train holds no FAKE crop")
    assert "--self-blended" in fakes
    assert reals == "valid holds no REAL crop, and a training needs both classes there"
