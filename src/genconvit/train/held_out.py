"""Manipulations that a training never sees, and how much worse they are told than those that it does."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from genconvit.core.config import did_you_mean
from genconvit.core.errors import ConfigError
from genconvit.crops.record import CropRecord
from genconvit.train.state import HistoryRow

HoldOut = Mapping[str, tuple[str, ...]]
"""Values that are held out, by the group of a manifest, without ``group_``."""

_MOST_SHOWN = 20


@dataclass(frozen=True)
class Parted:
    """The crops of two splits, without what is held out.

    Attributes:
        train: records of the training split that are shown.
        valid: records of the valid split that are not held out, and all of its reals.
        unseen: the fakes of the valid split that are.
        left_out: number of records of the training split that are not shown.
    """

    train: list[CropRecord]
    valid: list[CropRecord]
    unseen: list[CropRecord]
    left_out: int


def without_held_out(hold_out: HoldOut, train: Sequence[CropRecord], valid: Sequence[CropRecord]) -> Parted:
    """Part the crops of both splits; one that belongs to any of the named groups is held out.

    Args:
        hold_out: groups and values to hold out; may be empty.
        train: the training split, with both classes.
        valid: the valid split, with both classes.

    Raises:
        ConfigError: no crop is of a group or has a value of it, or what is left of a split lacks a class.
    """
    _refuse_unknown(hold_out, [*train, *valid])
    shown = [record for record in train if not _is_held_out(record, hold_out)]
    unseen = [record for record in valid if record.label == "FAKE" and _is_held_out(record, hold_out)]
    gone = {record.crop for record in unseen}
    seen = [record for record in valid if record.crop not in gone]
    for split, kept, labels in (("training", shown, ("FAKE", "REAL")), ("valid", seen, ("FAKE",))):
        lacking = [label for label in labels if all(record.label != label for record in kept)]
        if hold_out and lacking:
            raise ConfigError(
                f"hold_out holds out {named(hold_out)}, and no crop of the {split} split that is {lacking[0]} is left; "
                "hold out less (--hold-out), or add crops"
            )
    return Parted(shown, seen, unseen, len(train) - len(shown))


def comparison(row: HistoryRow, hold_out: HoldOut) -> str | None:
    """A sentence where the fakes that were held out are told less well than the others; None elsewhere."""
    if row.roc_auc is None or row.roc_auc_unseen is None or row.roc_auc_unseen >= row.roc_auc:
        return None
    return (
        f"fakes that the training never saw ({named(hold_out)}) are told from reals less well than those that it saw: "
        f"ROC AUC {row.roc_auc_unseen:.4f} against {row.roc_auc:.4f}, over the valid split after step {row.step}"
    )


def named(hold_out: HoldOut) -> str:
    """Name what is held out, as the flags do.

    Examples:
        >>> named({"method": ("FaceSwap", "Deepfakes")})
        'method=FaceSwap, method=Deepfakes'
    """
    return ", ".join(f"{group}={value}" for group, values in hold_out.items() for value in values)


def _is_held_out(record: CropRecord, hold_out: HoldOut) -> bool:
    return any(record.groups.get(group) in values for group, values in hold_out.items())


def _refuse_unknown(hold_out: HoldOut, records: Sequence[CropRecord]) -> None:
    for group, values in hold_out.items():
        there = {record.groups[group] for record in records if group in record.groups}
        if not there:
            groups = {name for record in records for name in record.groups}
            raise ConfigError(
                f"hold_out names the group {group!r}, which no crop of the training and valid splits has"
                f"{did_you_mean(group, groups)}; the groups are: {_shown(groups)}"
            )
        for value in values:
            if value not in there:
                raise ConfigError(
                    f"hold_out={group}={value}: no crop of the training and valid splits has this value"
                    f"{did_you_mean(value, there)}; those of {group!r} are: {_shown(there)}"
                )


def _shown(names: Collection[str]) -> str:
    first = sorted(names)[:_MOST_SHOWN]
    more = f" and {len(names) - len(first)} more" if len(names) > len(first) else ""
    return f"{', '.join(first)}{more}" if first else "none, for the manifest has no column group_..."
