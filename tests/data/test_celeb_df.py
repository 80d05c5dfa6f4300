from __future__ import annotations

from pathlib import Path

import pytest

from genconvit.core.errors import DatasetError
from genconvit.data.label_files import reference_list
from genconvit.data.listing import list_dataset

from .conftest import Files, put

NAMES = ("Celeb-real/id0_0000.mp4", "Celeb-synthesis/id0_id1_0000.mp4", "YouTube-real/00000.mp4", "YouTube-real/1.mp4")
LIST = "1 YouTube-real/00000.mp4\n0 Celeb-synthesis/id0_id1_0000.mp4\n\n1 Celeb-real/id9_0000.mp4\n"


@pytest.fixture
def miniature(files: Files) -> Path:
    root = files(*NAMES, "other/a.mp4")
    put(root / "List_of_testing_videos.txt", LIST)
    return root


def test_the_official_list_is_the_test_split_and_the_default(miniature: Path) -> None:
    listing = list_dataset("celeb-df", miniature)
    assert [(each.name, each.label, each.groups) for each in listing.sources] == [
        (NAMES[1], "FAKE", {}),
        (NAMES[2], "REAL", {"source": "YouTube-real"}),
    ]
    assert [each.name for each in listing.missing] == ["Celeb-real/id9_0000.mp4"]
    assert {each.name: each.reason for each in listing.skipped}["Celeb-real/id0_0000.mp4"] == "of split train"
    assert [each.name for each in list_dataset("celeb-df", miniature, "train").sources] == [NAMES[0], NAMES[3]]
    assert [each.name for each in list_dataset("celeb-df", miniature, "all").sources] == list(NAMES)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0 YouTube-real/00000.mp4", "line 1: 'YouTube-real/00000.mp4' is called FAKE, which its folder contradicts"),
        ("YouTube-real/00000.mp4", "line 1: .* is not a digit, 1 for real or 0 for fake, and a path"),
        ("2 YouTube-real/00000.mp4", "line 1: .* is not a digit"),
        ("1", "line 1: .* is not a digit"),
    ],
)
def test_a_damaged_list_is_an_error_that_names_the_line(miniature: Path, line: str, message: str) -> None:
    put(miniature / "List_of_testing_videos.txt", line)
    with pytest.raises(DatasetError, match=message):
        list_dataset("celeb-df", miniature)


def test_a_list_leads_nowhere_else_and_names_each_once(miniature: Path) -> None:
    put(miniature / "List_of_testing_videos.txt", f"1 {NAMES[2]}\n1 ../secret.mp4\n1 /etc/x.mp4\n1 {NAMES[2]}\n")
    listing = list_dataset("celeb-df", miniature)
    assert [each.name for each in listing.sources] == [NAMES[2]]
    assert [each.reason for each in listing.skipped[:3]] == [
        "List_of_testing_videos.txt, line 2: a place outside of the data set",
        "List_of_testing_videos.txt, line 3: a place outside of the data set",
        "List_of_testing_videos.txt, line 4: named again; line 1 counts",
    ]


def test_without_the_list_there_is_all_and_the_references_list(files: Files) -> None:
    root = files(*NAMES)
    with pytest.raises(DatasetError, match=r"lacks List_of_testing_videos.txt.*take --split reference or --split all"):
        list_dataset("celeb-df", root)
    listing = list_dataset("celeb-df", root, "all")
    assert [each.split for each in listing.sources] == [None] * 4
    assert listing.notes == ("List_of_testing_videos.txt is absent: no video has a split",)


def test_the_references_list_is_found_with_its_one_damaged_name(files: Files) -> None:
    names = [f"{name}4" if name.endswith(".mp") else name for name in reference_list("celeb_df")]
    listing = list_dataset("celeb-df", files(*names[1:], *NAMES[:1]), "reference")
    assert [each.name for each in listing.sources] == names[1:]
    assert [each.name for each in listing.missing] == names[:1]
    assert "Celeb-synthesis/id17_id2_0003.mp4" in names[1:]


def test_the_celebrities_in_a_name_are_its_identities(files: Files) -> None:
    root = files("Celeb-real/id0_0000.mp4", "Celeb-synthesis/id0_id12_0000.mp4", "YouTube-real/00000.mp4")
    identities = [each.identities for each in list_dataset("celeb-df", root, "all").sources]
    assert identities == [("id0",), ("id0", "id12"), ()]


def test_the_original_of_a_swap_is_the_video_of_the_celebrity_whose_face_was_replaced(files: Files) -> None:
    root = files(
        "Celeb-real/id0_0000.mp4",
        "Celeb-real/id1_0000.mp4",
        "Celeb-synthesis/id0_id1_0000.mp4",
        "Celeb-synthesis/id1_id0_0003.mp4",
        "YouTube-real/00000.mp4",
    )
    originals = {each.name: each.original for each in list_dataset("celeb-df", root, "all").sources if each.original}
    assert originals == {"Celeb-synthesis/id0_id1_0000.mp4": "Celeb-real/id0_0000.mp4"}


@pytest.mark.parametrize("form", ["{}/frames/{}/000.png", "{}/videos/{}.mp4"])
def test_the_list_names_clips_wherever_they_lie(files: Files, form: str) -> None:
    folders = [name.removesuffix(".mp4").split("/") for name in NAMES]
    root = files(*(form.format(*parts) for parts in folders), "Celeb-synthesis/masks/id0_id1_0000/000.png")
    put(root / "List_of_testing_videos.txt", LIST)
    listing = list_dataset("celeb-df", root)
    names = [form.format(*parts).removesuffix("/000.png") for parts in folders]
    assert [each.name for each in listing.sources] == names[1:3]
    assert [each.name for each in list_dataset("celeb-df", root, "train").sources] == [names[0], names[3]]
    assert [each.name for each in listing.missing] == ["Celeb-real/id9_0000.mp4"]
    assert listing.sources[0].original == names[0]
