from __future__ import annotations

from genconvit.data.listing import list_dataset

from .conftest import Files


def test_real_and_fake_count_in_any_case_and_at_any_depth(files: Files) -> None:
    root = files("Real/a.mp4", "deep/down/FAKE/more/b.avi", "original/c.mp4", "real/fake/d.mp4", "e.mp4")
    listing = list_dataset("folder", root)
    assert {source.name: source.label for source in listing.sources} == {
        "Real/a.mp4": "REAL",
        "deep/down/FAKE/more/b.avi": "FAKE",
    }
    assert {each.name: each.reason for each in listing.skipped} == {
        "e.mp4": "below neither real/ nor fake/",
        "original/c.mp4": "below neither real/ nor fake/",
        "real/fake/d.mp4": "below both real/ and fake/",
    }


def test_the_folder_above_gives_the_split(files: Files) -> None:
    root = files("train/real/a.mp4", "Validation/fake/b.mp4", "test/fake/c.mp4", "test/x/real/d.mp4")
    splits = {source.name: source.split for source in list_dataset("folder", root).sources}
    assert splits == {
        "train/real/a.mp4": "train",
        "Validation/fake/b.mp4": "val",
        "test/fake/c.mp4": "test",
        "test/x/real/d.mp4": None,
    }
    tested = list_dataset("folder", root, "test")
    assert [source.name for source in tested.sources] == ["test/fake/c.mp4"]
    assert {each.name: each.reason for each in tested.skipped}["train/real/a.mp4"] == "of split train"


def test_images_right_in_a_labelled_folder_are_sources_and_deeper_ones_are_frames(files: Files) -> None:
    root = files("real/1.jpg", "real/2.jpg", "fake/clip.mp4/1.png", "fake/clip.mp4/2.png")
    listing = list_dataset("folder", root)
    assert [source.name for source in listing.sources] == ["fake/clip.mp4", "real/1.jpg", "real/2.jpg"]


def test_a_clip_counts_once_and_the_listing_says_which_copy(files: Files) -> None:
    root = files("real/a.mp4", "real/a/1.png", "faces/fake/b/0/1.png", "videos/fake/b.mp4", "fake/frames/c/1.png")
    listing = list_dataset("folder", root)
    assert [each.name for each in listing.sources] == ["fake/frames/c", "real/a.mp4", "videos/fake/b.mp4"]
    assert {each.name: each.reason for each in listing.skipped} == {
        "faces/fake/b/0": "a copy of videos/fake/b.mp4, which is used",
        "real/a": "a copy of real/a.mp4, which is used",
    }
