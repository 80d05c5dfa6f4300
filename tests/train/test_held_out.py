from __future__ import annotations

from typing import Any

import pytest

from genconvit.core.errors import ConfigError
from genconvit.crops.record import CropRecord, Split
from genconvit.results.result import Label
from genconvit.train.held_out import comparison, named, without_held_out
from genconvit.train.state import HistoryRow


def crop(name: str, label: Label, split: Split, **groups: str) -> CropRecord:
    return CropRecord(crop=name, label=label, split=split, video=name, groups=groups)


def split_of(split: Split) -> list[CropRecord]:
    return [
        crop("r", "REAL", split),
        crop("q", "REAL", split, source="actors"),
        crop("s", "FAKE", split, method="FaceSwap"),
        crop("d", "FAKE", split, method="Deepfakes"),
        crop("u", "FAKE", split),
    ]


TRAIN, VALID = split_of("train"), split_of("valid")


def names(records: list[CropRecord]) -> str:
    return "".join(record.crop for record in records)


def test_nothing_is_held_out_where_nothing_is_named() -> None:
    parted = without_held_out({}, TRAIN, VALID)
    assert (parted.train, parted.valid, parted.unseen, parted.left_out) == (TRAIN, VALID, [], 0)


def test_what_belongs_to_a_named_group_is_not_shown_and_its_fakes_are_measured_apart() -> None:
    parted = without_held_out({"method": ("FaceSwap",)}, TRAIN, VALID)
    assert (names(parted.train), names(parted.valid), names(parted.unseen)) == ("rqdu", "rqdu", "s")
    assert parted.left_out == 1
    both = without_held_out({"method": ("FaceSwap", "Deepfakes")}, TRAIN, VALID)
    assert (names(both.train), names(both.valid), names(both.unseen)) == ("rqu", "rqu", "sd")


def test_held_out_reals_are_not_shown_and_stay_in_validation() -> None:
    parted = without_held_out({"source": ("actors",), "method": ("FaceSwap",)}, TRAIN, VALID)
    assert (names(parted.train), names(parted.valid), names(parted.unseen)) == ("rdu", "rqdu", "s")


@pytest.mark.parametrize(
    ("hold_out", "message"),
    [
        ({"methd": ("FaceSwap",)}, r"group 'methd', which no crop .* \(did you mean 'method'\?\); .*: method, source$"),
        (
            {"method": ("Faceswap",)},
            r"method=Faceswap: no crop .* \(did you mean 'FaceSwap'\?\).*: Deepfakes, FaceSwap$",
        ),
    ],
)
def test_an_unknown_group_or_value_lists_those_there_are(hold_out: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        without_held_out(hold_out, TRAIN, VALID)


def test_a_manifest_without_groups_says_so() -> None:
    bare = [record.model_copy(update={"groups": {}}) for record in TRAIN]
    with pytest.raises(ConfigError, match="the groups are: none, for the manifest has no column group_"):
        without_held_out({"method": ("a",)}, bare, bare)


def test_many_values_are_not_all_listed() -> None:
    many = [*TRAIN, *(crop(f"m{number}", "FAKE", "train", method=f"m{number:03}") for number in range(50))]
    with pytest.raises(ConfigError, match=r"m017 and 32 more$"):
        without_held_out({"method": ("none",)}, many, VALID)


@pytest.mark.parametrize(("split", "word"), [("train", "training"), ("valid", "valid")])
def test_holding_out_every_fake_of_a_split_is_an_error(split: str, word: str) -> None:
    kept = {"train": TRAIN, "valid": VALID}
    kept[split] = [record for record in kept[split] if record.crop in "rqs"]
    with pytest.raises(ConfigError, match=f"holds out method=FaceSwap, and no crop of the {word} split that is FAKE"):
        without_held_out({"method": ("FaceSwap",)}, kept["train"], kept["valid"])


def test_holding_out_every_real_is_an_error() -> None:
    train = [record for record in TRAIN if record.crop != "r"]
    with pytest.raises(ConfigError, match="no crop of the training split that is REAL is left"):
        without_held_out({"source": ("actors",)}, train, VALID)


def row(seen: float | None, unseen: float | None) -> HistoryRow:
    return HistoryRow(
        epoch=1, step=40, learning_rate=0.1, train_loss=1, valid_loss=1, accuracy=0.5,
        roc_auc=seen, roc_auc_unseen=unseen, skipped=0, seconds=1,
    )  # fmt: skip


def test_a_sentence_says_where_unseen_fakes_are_told_less_well() -> None:
    assert comparison(row(0.93, 0.712), {"method": ("FaceSwap",)}) == (
        "fakes that the training never saw (method=FaceSwap) are told from reals less well than those that it saw: "
        "ROC AUC 0.7120 against 0.9300, over the valid split after step 40"
    )
    for other in (row(0.9, 0.95), row(0.9, None), row(None, 0.3)):
        assert comparison(other, {"method": ("FaceSwap",)}) is None


def test_several_groups_are_named_as_flags_name_them() -> None:
    assert named({"method": ("a", "b"), "source": ("c",)}) == "method=a, method=b, source=c"
