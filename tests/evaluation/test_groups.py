from __future__ import annotations

from genconvit.evaluation.groups import MOST_GROUPS, groups_of
from genconvit.evaluation.scored import ScoredVideo
from scored import video


def fake(**groups: str) -> ScoredVideo:
    return video("FAKE", 0.9, groups=groups)


def real(**groups: str) -> ScoredVideo:
    return video("REAL", 0.1, groups=groups)


def members(rows: list[ScoredVideo], by: tuple[str, ...] | None = None) -> dict[str, list[int]]:
    found, _ = groups_of(rows, by)
    return {" ".join(f"{key}={value}" for key, value in group.items()): rows.tolist() for group, rows in found}


def test_a_video_without_a_value_counts_in_each_group_of_that_key() -> None:
    rows = [fake(method="A"), real(), fake(method="B"), real()]
    assert members(rows) == {"method=A": [0, 1, 3], "method=B": [1, 2, 3]}


def test_two_keys_are_crossed() -> None:
    rows = [fake(method="A", c="23"), fake(method="B", c="40"), real(c="23"), real(c="40")]
    assert members(rows) == {
        "method=A": [0, 2, 3],
        "method=B": [1, 2, 3],
        "c=23": [0, 2],
        "c=40": [1, 3],
        "method=A c=23": [0, 2],
        "method=B c=40": [1, 3],
    }


def test_a_key_of_fakes_is_crossed_with_one_of_reals() -> None:
    rows = [fake(method="A"), fake(method="B"), real(source="X"), real(source="Y")]
    assert members(rows)["method=A source=Y"] == [0, 3]
    assert len(members(rows)) == 8


def test_a_crossing_of_fakes_without_reals_stands_alone() -> None:
    rows = [fake(method="A", c="23"), fake(method="A", c="40"), fake(method="B", c="23"), real(c="23")]
    assert members(rows)["method=A c=40"] == [1]


def test_a_key_with_one_value_is_not_crossed() -> None:
    rows = [fake(method="A", c="23"), fake(method="B", c="40"), real(source="X")]
    assert "method=A c=23" in members(rows)
    assert not [name for name in members(rows) if "source" in name and " " in name]


def test_only_the_keys_that_are_asked_for_are_looked_at() -> None:
    rows = [fake(method="A", c="23"), real(c="23")]
    assert list(members(rows, ("c",))) == ["c=23"]
    found, notes = groups_of(rows, ("c", "q\x1b"))
    assert len(found) == 1
    assert notes == ["no video has a group 'q\\\\x1b'"]


def test_the_largest_groups_are_kept_and_the_rest_noted() -> None:
    rows = [fake(method=str(number)) for number in range(MOST_GROUPS + 5)]
    found, notes = groups_of([*rows, fake(method="104")])
    assert len(found) == MOST_GROUPS
    assert found[0][0] == {"method": "104"}
    assert notes == ["5 smaller groups of 'method' are left out"]


def test_crossings_are_limited_too() -> None:
    rows = [fake(a=str(number), b=str(number % 3)) for number in range(99)] + [real(c=str(n)) for n in range(9)]
    found, notes = groups_of(rows)
    assert len(found) == 99 + 3 + 9 + MOST_GROUPS
    assert notes == [f"{99 * 9 - MOST_GROUPS} smaller groups of all keys crossed are left out"]


def test_without_groups_there_are_none() -> None:
    assert groups_of([fake(), real()]) == ([], [])
    assert groups_of([]) == ([], [])
