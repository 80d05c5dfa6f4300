from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from genconvit.core.errors import DatasetError
from genconvit.data.faceforensics_names import clip_of_listed
from genconvit.data.label_files import reference_list
from genconvit.data.listing import list_dataset

from .conftest import Files, put

FAKES = "manipulated_sequences/{}/{}/videos/{}.mp4"
REALS = "original_sequences/{}/{}/videos/{}.mp4"


@pytest.fixture
def miniature(files: Files) -> Path:
    """Two methods and two compressions, actors, and a mask."""
    stems = ("071_054", "054_071", "001_870")
    fakes = [
        FAKES.format(kind, rate, stem)
        for kind in ("Deepfakes", "Face2Face")
        for rate in ("c23", "c40")
        for stem in stems
    ]
    reals = [REALS.format("youtube", rate, stem) for rate in ("c23", "c40") for stem in ("071", "054", "001")]
    others = [
        REALS.format("actors", "c23", "01__kitchen_pan"),
        FAKES.format("DeepFakeDetection", "c23", "01_02__kitchen_pan__ABCDEFGH"),
        FAKES.format("Deepfakes", "masks", "071_054"),
        "elsewhere/a.mp4",
    ]
    return files(*fakes, *reals, *others)


def test_folders_give_labels_methods_compressions_and_sources(miniature: Path) -> None:
    listing = list_dataset("faceforensics", miniature)
    assert Counter(each.label for each in listing.sources) == {"FAKE": 13, "REAL": 7}
    methods = Counter(each.groups.get("method", "") for each in listing.sources)
    assert methods == {"Deepfakes": 6, "Face2Face": 6, "DeepFakeDetection": 1, "": 7}
    assert Counter(each.groups["compression"] for each in listing.sources) == {"c23": 11, "c40": 9}
    assert Counter(each.groups.get("source", "") for each in listing.sources) == {"youtube": 6, "actors": 1, "": 13}
    assert {each.reason for each in listing.skipped} == {
        "a mask, not a face",
        "below neither original_sequences nor manipulated_sequences",
    }
    assert listing.notes == ("train.json, val.json and test.json are absent: no video has a split",)


@pytest.mark.parametrize("folder", ["", "splits"])
def test_official_files_give_splits_to_all_but_actors(miniature: Path, folder: str) -> None:
    put(miniature / folder / "test.json", [["071", "054"]])
    put(miniature / folder / "train.json", [["001", "870"]])
    tested = list_dataset("faceforensics", miniature, "test")
    assert {Path(each.path).stem for each in tested.sources} == {"071", "054", "071_054", "054_071"}
    assert len(tested.sources) == 12
    assert tested.missing == ()
    trained = list_dataset("faceforensics", miniature, "train")
    assert {Path(each.path).stem for each in trained.sources} == {"001", "001_870"}
    assert "870 (youtube, c40)" in {each.name for each in trained.missing}
    splits = Counter(each.split for each in list_dataset("faceforensics", miniature).sources)
    assert splits == {"test": 12, "train": 6, None: 2}


@pytest.mark.parametrize("content", [{}, 5, ["071", "054"], [["071"]], [[71, 54]], [["a", "b", "c"]]], ids=repr)
def test_a_split_file_of_another_form_is_an_error(miniature: Path, content: object) -> None:
    put(miniature / "test.json", content)
    with pytest.raises(DatasetError, match=r"test.json' is no list of pairs of ids"):
        list_dataset("faceforensics", miniature)


def test_an_id_in_two_splits_and_a_split_without_its_file_are_errors(miniature: Path) -> None:
    with pytest.raises(DatasetError, match=r"lacks val.json, the official list of split 'val'; copy"):
        list_dataset("faceforensics", miniature, "val")
    put(miniature / "test.json", [["071", "054"]])
    put(miniature / "val.json", [["071", "001"]])
    with pytest.raises(DatasetError, match=r"'071' is in test.json and in .*val.json"):
        list_dataset("faceforensics", miniature)


def test_every_listed_name_means_a_clip_of_a_known_kind() -> None:
    clips = [clip_of_listed(name) for name in reference_list("faceforensics")]
    assert Counter((clip.kind, clip.compression) for clip in clips) == {
        ("actors", "c23"): 204,
        ("Deepfakes", "c23"): 53,
        ("Deepfakes", "c40"): 50,
        ("Face2Face", None): 50,
        ("NeuralTextures", None): 50,
    }
    assert Counter(clip.label for clip in clips) == {"REAL": 204, "FAKE": 203}
    assert len(set(clips)) == 407


def test_the_references_list_is_found_in_the_official_layout_c23_first(files: Files) -> None:
    clips = [clip_of_listed(name) for name in reference_list("faceforensics")]
    rates = [clip.compression or rate for clip, rate in zip(clips, ["c40", "raw", "c23"] * 136, strict=False)]
    official = [
        (REALS if clip.label == "REAL" else FAKES).format(clip.kind, rate, clip.stem)
        for clip, rate in zip(clips, rates, strict=True)
    ]
    both = FAKES.format("Face2Face", "c23", "950_836"), FAKES.format("Face2Face", "c40", "950_836")
    listing = list_dataset("faceforensics", files(*official, *both), "reference")
    assert len(listing.sources) == 407
    assert listing.missing == ()
    assert both[0] in {each.name for each in listing.sources}
    assert both[1] not in {each.name for each in listing.sources}


def test_the_references_list_is_found_under_its_own_names(files: Files) -> None:
    names = reference_list("faceforensics")
    tops = {"REAL": "original_sequences", "FAKE": "manipulated_sequences/any"}
    listing = list_dataset(
        "faceforensics", files(*(f"{tops[clip_of_listed(name).label]}/{name}" for name in names[1:])), "reference"
    )
    assert [Path(each.path).name for each in listing.sources] == names[1:]
    assert [each.name for each in listing.missing] == names[:1]
    methods = Counter(each.groups.get("method") for each in listing.sources)
    assert methods == {None: 203, "Deepfakes": 103, "Face2Face": 50, "NeuralTextures": 50}


def test_what_no_name_tells_is_unknown_and_a_contradiction_is_left_out(files: Files) -> None:
    listing = list_dataset(
        "faceforensics", files("manipulated_sequences/mine/a.mp4", "original_sequences/Deepfakes/c23/videos/b.mp4")
    )
    assert listing.sources[0].groups == {"method": "unknown", "compression": "unknown"}
    assert [each.reason for each in listing.skipped] == ["Deepfakes, below original_sequences"]
    with pytest.raises(DatasetError, match=r"is not FaceForensics\+\+"):
        list_dataset("faceforensics", files("x.mp4") / "original_sequences" / "Deepfakes")


def test_a_fake_shares_identities_with_the_two_videos_that_it_was_made_of(files: Files) -> None:
    root = files(
        "manipulated_sequences/Deepfakes/c23/videos/071_054.mp4",
        "manipulated_sequences/DeepFakeDetection/c23/videos/01_02__talking__A1.mp4",
        "original_sequences/actors/c23/videos/01__talking.mp4",
        "original_sequences/youtube/c23/videos/054.mp4",
        "original_sequences/youtube/c23/videos/mine.mp4",
    )
    identities = {Path(each.name).stem: each.identities for each in list_dataset("faceforensics", root, "all").sources}
    assert identities == {
        "071_054": ("youtube/071", "youtube/054"),
        "01_02__talking__A1": ("actors/01", "actors/02"),
        "01__talking": ("actors/01",),
        "054": ("youtube/054",),
        "mine": (),
    }


def test_the_original_of_a_fake_is_its_target_in_the_same_compression(miniature: Path) -> None:
    sources = list_dataset("faceforensics", miniature, "all").sources
    originals = {each.name: each.original for each in sources}
    for rate in ("c23", "c40"):
        assert originals[FAKES.format("Face2Face", rate, "071_054")] == REALS.format("youtube", rate, "071")
        assert originals[FAKES.format("Deepfakes", rate, "054_071")] == REALS.format("youtube", rate, "054")
    actor = FAKES.format("DeepFakeDetection", "c23", "01_02__kitchen_pan__ABCDEFGH")
    assert originals[actor] == REALS.format("actors", "c23", "01__kitchen_pan")
    assert {each.original for each in sources if each.label == "REAL"} == {None}
    (miniature / REALS.format("youtube", "c23", "071")).unlink()
    again = {each.name: each.original for each in list_dataset("faceforensics", miniature, "all").sources}
    assert again[FAKES.format("Face2Face", "c23", "071_054")] is None
    assert again[FAKES.format("Face2Face", "c40", "071_054")] == REALS.format("youtube", "c40", "071")


def test_a_clip_that_lies_there_as_video_frames_and_masks_counts_once(files: Files) -> None:
    fake = "manipulated_sequences/Deepfakes/c23/{}/071_054{}"
    real = "original_sequences/youtube/c23/{}/071{}"
    copies = ("images", "frames", "faces", "masks", "landmarks")
    names = [place.format(copy, "/0000.png") for place in (fake, real) for copy in copies]
    videos = [place.format("videos", ".mp4") for place in (fake, real)]
    listing = list_dataset("faceforensics", files(*names, *videos))
    assert [each.name for each in listing.sources] == videos
    assert listing.sources[0].original == videos[1]
    reasons = {each.name: each.reason for each in listing.skipped}
    for copy in copies:
        assert reasons[fake.format(copy, "")] == f"a copy of {videos[0]}, which is used"
    first = fake.format("faces", "")
    assert listing.notes[0] == (
        f"a clip in several copies counts once: 10 left out, the first {first!r}; {videos[0]!r} is used"
    )


def test_frames_stand_for_a_clip_whose_video_is_not_there(files: Files) -> None:
    root = files(
        "manipulated_sequences/Deepfakes/c23/frames/071_054/0.png",
        "manipulated_sequences/Deepfakes/c23/masks/071_054/0.png",
        "original_sequences/youtube/c23/frames/071/0.png",
        "original_sequences/youtube/c23/videos/054.mp4",
    )
    put(root / "test.json", [["071", "054"]])
    listing = list_dataset("faceforensics", root, "test")
    assert [(each.name, each.original) for each in listing.sources] == [
        ("manipulated_sequences/Deepfakes/c23/frames/071_054", "original_sequences/youtube/c23/frames/071"),
        ("original_sequences/youtube/c23/frames/071", None),
        ("original_sequences/youtube/c23/videos/054.mp4", None),
    ]
    assert [each.name for each in listing.missing] == ["054_071 (Deepfakes, c23)"]
