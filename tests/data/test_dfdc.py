from __future__ import annotations

from typing import Any

import pytest

from genconvit.core.errors import DatasetError
from genconvit.data.label_files import reference_list
from genconvit.data.listing import check_dataset, list_dataset

from .conftest import Files, put

FAKE = {"label": "FAKE", "split": "train", "original": "b.mp4"}
REAL = {"label": "REAL", "split": "train"}


def test_the_training_parts_and_a_test_set_are_read_together(files: Files) -> None:
    root = files("dfdc_train_part_0/a.mp4", "dfdc_train_part_1/b.mp4", "test/c.mp4", "validation/d.mp4", "e.mp4")
    put(root / "dfdc_train_part_0" / "metadata.json", {"a.mp4": FAKE, "gone.mp4": REAL})
    put(root / "dfdc_train_part_1" / "metadata.json", {"b.mp4": REAL})
    put(root / "test" / "metadata.json", {"c.mp4": {"is_fake": 1, "augmentations": {}}})
    put(root / "validation" / "labels.csv", "filename,label\nd.mp4,0\n")
    listing = list_dataset("dfdc", root)
    assert [(each.name, each.label, each.split) for each in listing.sources] == [
        ("dfdc_train_part_0/a.mp4", "FAKE", "train"),
        ("dfdc_train_part_1/b.mp4", "REAL", "train"),
        ("test/c.mp4", "FAKE", "test"),
        ("validation/d.mp4", "REAL", "val"),
    ]
    assert [each.name for each in listing.missing] == ["dfdc_train_part_0/gone.mp4"]
    assert [(each.name, each.reason[:8]) for each in listing.skipped] == [("e.mp4", "no label")]
    assert [each.name for each in list_dataset("dfdc", root, "val").sources] == ["validation/d.mp4"]


def test_the_preview_has_methods_and_sets(files: Files) -> None:
    root = files("method_A/1/2/a.mp4", "original_videos/3/b.mp4")
    put(
        root / "dataset.json",
        {
            "method_A/1/2/a.mp4": {"label": "fake", "set": "test", "target_id": 1, "swapped_id": 2},
            "original_videos/3/b.mp4": {"label": "real", "set": "train"},
        },
    )
    assert [(each.label, each.split, each.groups) for each in list_dataset("dfdc", root).sources] == [
        ("FAKE", "test", {"method": "method_A"}),
        ("REAL", "train", {}),
    ]


def test_a_video_that_lies_deeper_is_found_by_its_name_where_there_is_one(files: Files) -> None:
    root = files("videos/a.mp4", "x/b.mp4", "y/b.mp4")
    listing = list_dataset("dfdc", put(root / "metadata.json", {"a.mp4": FAKE, "b.mp4": REAL}).parent)
    assert [each.name for each in listing.sources] == ["videos/a.mp4"]
    assert listing.missing[0].reason == "in 'metadata.json', and 2 times on the disk"


def test_no_label_leads_out_of_the_folder(files: Files) -> None:
    root = files("data/a.mp4", "secret.mp4") / "data"
    names = ["../secret.mp4", str(root.parent / "secret.mp4"), "..\\secret.mp4", "x/../../secret.mp4", "a\0.mp4"]
    listing = list_dataset("dfdc", put(root / "metadata.json", {"a.mp4": FAKE, **dict.fromkeys(names, REAL)}).parent)
    assert [each.name for each in listing.sources] == ["a.mp4"]
    assert [each.name for each in listing.skipped] == names
    assert {each.reason for each in listing.skipped} == {"'metadata.json' names a place outside of its own folder"}


@pytest.mark.parametrize("facts", [None, 7, [], {}, {"label": "MAYBE"}, {"label": ["FAKE"]}, {"is_fake": 2}], ids=repr)
def test_a_label_that_says_nothing_leaves_the_video_out(files: Files, facts: Any) -> None:
    root = files("a.mp4", "b.mp4")
    listing = list_dataset("dfdc", put(root / "metadata.json", {"a.mp4": facts, "b.mp4": FAKE}).parent)
    assert [each.name for each in listing.sources] == ["b.mp4"]
    assert [each.reason for each in listing.skipped] == ["'metadata.json' gives it no label that is FAKE or REAL"]


def test_a_repeated_name_counts_once_and_may_not_contradict_itself(files: Files) -> None:
    root = files("a.mp4")
    put(root / "metadata.json", '{"a.mp4": {"label": "FAKE"}, "a.mp4": {"label": "FAKE"}}')
    listing = list_dataset("dfdc", root)
    assert len(listing.sources) == len(listing.skipped) == 1
    put(root / "labels.csv", "filename,label\na.mp4,0\n")
    with pytest.raises(DatasetError, match=r"'a.mp4' is FAKE in 'metadata.json' and REAL in 'labels.csv'"):
        list_dataset("dfdc", root)


def test_the_references_list_is_found_wherever_its_videos_lie(files: Files) -> None:
    names = reference_list("dfdc")
    root = files(*(f"part_{number % 3}/{name}" for number, name in enumerate(names[:-1])), "part_0/other.mp4")
    for part in range(3):
        put(root / f"part_{part}" / "metadata.json", dict.fromkeys([*names[part:-1:3], "other.mp4"], FAKE))
    listing = list_dataset("dfdc", root, "reference")
    assert len(listing.sources) == 399
    assert listing.sources[0].path.endswith(names[0])
    assert names[-1] in {each.name for each in listing.missing}
    assert "part_0/other.mp4" in {each.name for each in listing.skipped}


def test_what_is_not_dfdc_is_an_error(files: Files) -> None:
    root = files("a.mp4")
    with pytest.raises(DatasetError, match=r"none of metadata.json, labels.csv, dataset.json lies in it"):
        check_dataset("dfdc", root)
    with pytest.raises(DatasetError, match="holds no object of videos"):
        check_dataset("dfdc", put(root / "metadata.json", []).parent)


def test_a_fake_and_its_original_share_an_identity(files: Files) -> None:
    root = files("deeper/a.mp4", "b.mp4", "c.mp4")
    put(root / "metadata.json", {"a.mp4": FAKE, "b.mp4": {**REAL, "original": None}, "c.mp4": REAL})
    identities = {each.name: each.identities for each in list_dataset("dfdc", root).sources}
    assert identities == {"deeper/a.mp4": ("b.mp4",), "b.mp4": ("b.mp4",), "c.mp4": ("c.mp4",)}


def test_the_preview_knows_its_actors(files: Files) -> None:
    root = files("method_A/a.mp4", "original_videos/b.mp4")
    known = {
        "method_A/a.mp4": {"label": "fake", "set": "test", "target_id": 1, "swapped_id": "2"},
        "original_videos/b.mp4": {"label": "real", "set": "test", "target_id": 2, "swapped_id": None},
    }
    put(root / "dataset.json", known)
    assert [each.identities for each in list_dataset("dfdc", root).sources] == [("actor 1", "actor 2"), ("actor 2",)]


def test_the_original_of_a_fake_is_found_by_its_bare_name(files: Files) -> None:
    root = files("part_0/a.mp4", "part_0/c.mp4", "part_0/d.mp4", "part_0/e.mp4", "part_1/b.mp4")
    facts = {"a.mp4": FAKE, "c.mp4": {**FAKE, "original": "gone.mp4"}, "d.mp4": {**FAKE, "original": "a.mp4"}}
    put(root / "part_0" / "metadata.json", {**facts, "e.mp4": {**FAKE, "original": 7}})
    put(root / "part_1" / "metadata.json", {"b.mp4": REAL})
    originals = {each.name: each.original for each in list_dataset("dfdc", root).sources if each.original}
    assert originals == {"part_0/a.mp4": "part_1/b.mp4"}
    with_two = list_dataset("dfdc", files("part_0/b.mp4"))
    assert {each.original for each in with_two.sources} == {None}


def test_a_label_names_a_clip_also_where_its_frames_alone_are_there(files: Files) -> None:
    root = files("part/frames/a/0.png", "part/faces/a/0.png", "part/b.mp4", "part/frames/b/0.png")
    put(root / "part" / "metadata.json", {"a.mp4": {**FAKE, "original": "b.mp4"}, "b.mp4": REAL, "c.mp4": REAL})
    listing = list_dataset("dfdc", root)
    assert [(each.name, each.original) for each in listing.sources] == [
        ("part/frames/a", "part/b.mp4"),
        ("part/b.mp4", None),
    ]
    assert [each.name for each in listing.missing] == ["part/c.mp4"]
    assert {each.name for each in listing.skipped} == {"part/faces/a", "part/frames/b"}
