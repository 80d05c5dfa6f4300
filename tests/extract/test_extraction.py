from __future__ import annotations

import errno
import shutil
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from genconvit import assemble
from genconvit.core.errors import ConfigError, DatasetError, GenConViTError
from genconvit.core.types import DetectedFace
from genconvit.crops.folder import read_crops
from genconvit.data.base import LabelledSource, Listing
from genconvit.extract import crop_files
from genconvit.extract.extraction import extract
from genconvit.extract.journal import JOURNAL_NAME, Journal
from genconvit.extract.options import ExtractOptions
from genconvit.extract.summary import ExtractSummary
from genconvit.registry import FACE_DETECTORS, VIDEO_DECODERS
from genconvit.train.pairs import find_pairs
from processes import wait_until
from stages import GivesUp
from stubs import WholeFrame, grey_clip, grey_config, grey_listing, register_stubs

SMALL = ExtractOptions(size=32)
VIDEOS = 7
WITH_A_FACE = 5


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert wait_until(lambda: threading.active_count() == before)


@pytest.fixture(autouse=True)
def _stubs(monkeypatch: pytest.MonkeyPatch) -> None:
    register_stubs(monkeypatch)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Listing:
    return grey_listing(tmp_path_factory.mktemp("videos"))


@pytest.fixture
def listing(made: Listing, tmp_path: Path) -> Listing:
    """Videos of its own for each test."""
    shutil.copytree(Path(made.sources[0].path).parent, tmp_path / "videos")
    sources = (each.model_copy(update={"path": str(tmp_path / "videos" / each.name)}) for each in made.sources)
    return made.model_copy(update={"sources": tuple(sources)})


def run(listing: Listing, folder: Path, options: ExtractOptions = SMALL, **config: Any) -> ExtractSummary:
    return extract(listing, grey_config("random", **config), folder, options)


def crops_in(folder: Path) -> dict[str, bytes]:
    """Every image below a folder, by its place there."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.glob("*/*/*.*")}


def searched_by(work: Any) -> int:
    before = WholeFrame.searched
    work()
    return WholeFrame.searched - before


class Corner(WholeFrame):
    """Sees a face with landmarks in each frame, and another below it."""

    name = "corner"

    def detect(self, images: Sequence[Any]) -> list[list[DetectedFace]]:
        points = np.array([[12, 6], [18, 6], [15, 10], [12, 14], [18, 14]], np.float32)
        return [
            [DetectedFace((10.0, 4.0, 20.0, 14.0), 0.5, points), DetectedFace((10.0, 30.0, 20.0, 40.0), 1.0)]
            for _ in images
        ]


def test_faces_lie_where_the_manifest_says_with_what_is_known_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FACE_DETECTORS._registered, "corner", Corner)
    clip = grey_clip(tmp_path / "a.mp4", 150)
    source = LabelledSource(path=str(clip), name="x/a.mp4", label="FAKE", split="val", groups={"method": "swap"})
    listing = Listing(dataset="made", split="all", sources=(source,))
    summary = run(listing, tmp_path / "out", face_detector="corner")
    found = read_crops(tmp_path / "out")
    assert not found.skipped
    assert {record.crop for record in found.records} == set(crops_in(tmp_path / "out"))
    assert [(each.frame_index, each.track) for each in found.records] == [(0, 0), (0, 1), (3, 0), (3, 1)]
    first = found.records[0]
    assert (first.label, first.split, first.video, first.groups) == (
        "FAKE",
        "valid",
        "made/x/a.mp4",
        {"method": "swap"},
    )
    assert first.crop.startswith("valid/fake/a-")
    assert first.crop.endswith("_frame000000_0.png")
    assert (first.box, first.square, first.confidence) == ((10, 4, 20, 14), (10, 4, 20, 14), 0.5)
    assert first.landmarks == ((6.4, 6.4), (25.6, 6.4), (16.0, 19.2), (6.4, 32.0), (25.6, 32.0))
    assert found.records[1].landmarks == ()
    with Image.open(tmp_path / "out" / first.crop) as image:
        assert (image.format, image.size) == ("PNG", (32, 32))
        assert abs(np.asarray(image).mean() - 150) < 3
    assert (summary.done, summary.kept) == (1, 0)
    assert [(each.videos, each.crops) for each in summary.parts if each.videos] == [(1, 4)]


def test_what_gives_no_crop_is_counted_with_its_reason(listing: Listing, tmp_path: Path) -> None:
    unlabelled = LabelledSource(path="never opened", name="u", label=None)
    summary = run(listing.model_copy(update={"sources": (unlabelled, *listing.sources)}), tmp_path / "out")
    assert (summary.done, summary.unlabelled, summary.no_face) == (VIDEOS, 1, ("black.mp4",))
    assert [each.name for each in summary.unreadable] == ["broken.mp4"]
    assert summary.unreadable[0].reason
    assert sum(each.videos for each in summary.parts) == WITH_A_FACE
    assert sum(each.crops for each in summary.parts) == 2 * WITH_A_FACE == len(crops_in(tmp_path / "out"))


def test_a_second_run_opens_nothing_and_says_the_same(listing: Listing, tmp_path: Path) -> None:
    first = run(listing, tmp_path / "out")
    before = crops_in(tmp_path / "out")
    assert searched_by(lambda: run(listing, tmp_path / "out")) == 0
    second = run(listing, tmp_path / "out")
    assert second == first.model_copy(update={"done": 0, "kept": VIDEOS})
    assert crops_in(tmp_path / "out") == before


def test_what_had_no_face_or_was_unreadable_is_tried_again_on_demand(listing: Listing, tmp_path: Path) -> None:
    run(listing, tmp_path / "out")
    again = run(listing, tmp_path / "out", ExtractOptions(size=32, retry=True))
    assert (again.done, again.kept) == (2, WITH_A_FACE)


@pytest.mark.parametrize("after", [0, 1, 4])
def test_an_interrupted_run_is_gone_on_with_and_ends_like_an_uninterrupted_one(
    listing: Listing, tmp_path: Path, after: int
) -> None:
    def interrupted(items: Iterable[Any], count: int, description: str) -> Iterator[Any]:
        del description
        assert count == VIDEOS
        for number, item in enumerate(items):
            if number == after:
                raise KeyboardInterrupt
            yield item

    run(listing, tmp_path / "whole")
    folder = tmp_path / "cut"
    with pytest.raises(KeyboardInterrupt):
        extract(listing, grey_config("random"), folder, SMALL, interrupted)
    with Journal(folder) as journal:
        finished = len(journal.entries)
    assert finished == after + 1
    assert run(listing, folder).done == VIDEOS - finished
    assert crops_in(folder) == crops_in(tmp_path / "whole")
    assert (folder / "manifest.csv").read_bytes() == (tmp_path / "whole" / "manifest.csv").read_bytes()


def test_what_a_killed_run_left_half_written_is_made_good(listing: Listing, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    run(listing, folder)
    whole, manifest = crops_in(folder), (folder / "manifest.csv").read_bytes()
    lines = (folder / JOURNAL_NAME).read_bytes().splitlines(keepends=True)
    (folder / JOURNAL_NAME).write_bytes(b"".join([*lines[:1], lines[1][:40]]))
    second = sorted(path for path in folder.glob("*/*/f2-*"))
    second[0].write_bytes(second[0].read_bytes()[:100])
    second[1].with_name(second[1].name.replace("_0.png", "_7.jpg")).write_bytes(b"of other options")
    assert run(listing, folder).done == VIDEOS - 1
    assert crops_in(folder) == whole
    assert (folder / "manifest.csv").read_bytes() == manifest


def test_a_source_that_changed_is_done_again_and_its_old_crops_go(listing: Listing, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    run(listing, folder, frames=4)
    before = crops_in(folder)
    grey_clip(tmp_path / "videos" / "f1.mp4", 0)
    summary = run(listing, folder, frames=4)
    assert (summary.done, summary.no_face) == (1, ("f1.mp4", "black.mp4"))
    gone = before.keys() - crops_in(folder).keys()
    assert len(gone) == 4
    assert all("/f1-" in name for name in gone)


@pytest.mark.parametrize(
    ("options", "config"),
    [
        ({"size": 48}, {}),
        ({"size": 32, "image_format": "jpeg"}, {}),
        ({"size": 32}, {"margin": 0.2}),
    ],
)
def test_other_options_do_every_video_again(
    listing: Listing, tmp_path: Path, options: dict[str, Any], config: dict[str, Any]
) -> None:
    folder = tmp_path / "out"
    run(listing, folder)
    assert run(listing, folder, ExtractOptions(**options), **config).done == VIDEOS
    run(listing, tmp_path / "fresh", ExtractOptions(**options), **config)
    assert crops_in(folder) == crops_in(tmp_path / "fresh")
    assert len(read_crops(folder).records) == len(crops_in(folder))


def test_a_crop_that_was_deleted_and_a_label_that_changed_are_made_good(listing: Listing, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    run(listing, folder)
    before = crops_in(folder)
    next(folder.glob("*/real/r1-*")).unlink()
    assert run(listing, folder).done == 1
    assert crops_in(folder) == before
    sources = [each.model_copy(update={"label": "REAL"}) if each.name == "f3.mp4" else each for each in listing.sources]
    assert run(listing.model_copy(update={"sources": tuple(sources)}), folder).done == 1
    assert not list(folder.glob("*/fake/f3-*"))
    assert len(list(folder.glob("*/real/f3-*"))) == 2


def test_other_fractions_move_crops_and_open_no_video(listing: Listing, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    run(listing, folder)
    before = crops_in(folder)
    tested = ExtractOptions(size=32, fractions=(0, 0, 1))
    assert searched_by(lambda: run(listing, folder, tested)) == 0
    after = crops_in(folder)
    assert {name.split("/")[0] for name in after} == {"test"}
    assert sorted(after.values()) == sorted(before.values())
    assert {record.crop for record in read_crops(folder).records} == after.keys()
    assert run(listing, folder, tested).moved == 0
    assert run(listing, folder).moved > 0
    assert crops_in(folder) == before


def test_videos_that_are_added_leave_the_others_in_their_split(listing: Listing, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    few = listing.model_copy(update={"sources": listing.sources[:3]})
    run(few, folder)
    before = crops_in(folder)
    summary = run(listing, folder)
    assert (summary.done, summary.kept, summary.moved) == (VIDEOS - 3, 3, 0)
    assert before.items() <= crops_in(folder).items()


def test_two_data_sets_go_into_one_folder(listing: Listing, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    run(listing, folder)
    summary = run(listing.model_copy(update={"dataset": "other"}), folder)
    assert (summary.done, summary.kept) == (VIDEOS, 0)
    assert sum(each.videos for each in summary.parts) == 2 * WITH_A_FACE
    found = read_crops(folder)
    assert len(found.records) == len(crops_in(folder)) == 4 * WITH_A_FACE
    assert {record.video.split("/")[0] for record in found.records} == {"made", "other"}


def test_a_full_disk_ends_the_run_and_keeps_what_was_finished(
    listing: Listing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save, written = crop_files._save, []

    def full(path: Path, image: Any) -> None:
        written.append(path)
        if len(written) > 5:
            path.write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")
        save(path, image)

    folder = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(crop_files, "_save", full)
        with pytest.raises(GenConViTError, match=r"No space left on device; what was finished is kept: make room"):
            run(listing, folder)
    with Journal(folder) as journal:
        assert 1 <= len(journal.entries) <= 2
    run(listing, folder)
    run(listing, tmp_path / "whole")
    assert crops_in(folder) == crops_in(tmp_path / "whole")


def test_what_a_decoder_gave_before_it_failed_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(VIDEO_DECODERS._registered, "gives_up", GivesUp)
    monkeypatch.setattr(assemble, "resolve_decoders", lambda _: ("gives_up", "pyav"))
    source = LabelledSource(path=str(grey_clip(tmp_path / "a.mp4", 99)), name="a.mp4", label="REAL")
    summary = run(Listing(dataset="made", split="all", sources=(source,)), tmp_path / "out", frames=3)
    assert [each.frame_index for each in read_crops(tmp_path / "out").records] == [0, 1, 3]
    assert len(crops_in(tmp_path / "out")) == 3
    assert any("'a.mp4': gives_up" in note for note in summary.notes)


def test_no_name_leads_out_of_the_folder_or_to_a_terminal(tmp_path: Path) -> None:
    clip = str(grey_clip(tmp_path / "a.mp4", 99))
    names = ("../../a.mp4", "a\x1b[31m.mp4", "/etc/a", "A" * 999, "a b", "a-b", "...", "con")
    sources = tuple(LabelledSource(path=clip, name=name, label="REAL", groups={"k\x1b": name}) for name in names)
    folder = tmp_path / "deep" / "out"
    run(Listing(dataset="made", split="all", sources=sources), folder)
    found = read_crops(folder)
    assert len(found.records) == len(crops_in(folder)) == 2 * len(names)
    assert all(max(map(len, record.crop.split("/"))) < 100 for record in found.records)
    assert b"\x1b" not in (folder / "manifest.csv").read_bytes()
    assert sorted(path.name for path in (tmp_path / "deep").iterdir()) == ["out"]


def test_a_folder_of_other_crops_and_one_in_use_are_refused(listing: Listing, tmp_path: Path) -> None:
    (tmp_path / "mine" / "train" / "fake").mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"holds 'train' and no extract.jsonl.*choose another folder \(--out\)"):
        run(listing, tmp_path / "mine")
    with pytest.raises(ConfigError, match="cannot be written"):
        run(listing, Path(listing.sources[0].path))
    (tmp_path / "out").mkdir()
    with Journal(tmp_path / "out"), pytest.raises(ConfigError, match="another `genconvit extract` is at work"):
        run(listing, tmp_path / "out")


def test_a_damaged_journal_is_an_error_that_names_the_line(listing: Listing, tmp_path: Path) -> None:
    (tmp_path / JOURNAL_NAME).write_bytes(b'{"dataset": "made"}\n')
    with pytest.raises(DatasetError, match=r"extract.jsonl', line 1: .*remove the line"):
        run(listing, tmp_path)


def test_a_listing_without_labels_is_an_error(tmp_path: Path) -> None:
    source = LabelledSource(path="a.mp4", name="a.mp4", label=None)
    with pytest.raises(DatasetError, match="none of 1 sources has a label"):
        run(Listing(dataset="made", split="all", sources=(source,)), tmp_path / "out")


@pytest.mark.parametrize("fractions", [(0.8, 0.1, 0.2), (1.1, -0.1, 0.0), (float("nan"), 0.5, 0.5)])
def test_fractions_that_make_no_whole_are_refused(fractions: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="fractions"):
        ExtractOptions(fractions=fractions)


def paired(tmp_path: Path) -> Listing:
    real, fake = (grey_clip(tmp_path / f"{name}.mp4", grey) for name, grey in (("real", 120), ("fake", 160)))
    return Listing(
        dataset="made",
        split="all",
        sources=(
            LabelledSource(path=str(fake), name="x/fake\x1b.mp4", label="FAKE", original="x/real\x1b.mp4"),
            LabelledSource(path=str(real), name="x/real\x1b.mp4", label="REAL"),
        ),
    )


def test_a_fake_names_the_video_of_its_original_as_the_reals_records_do(tmp_path: Path) -> None:
    run(paired(tmp_path), tmp_path / "out")
    records = read_crops(tmp_path / "out").records
    videos = {record.video for record in records if record.label == "REAL"}
    assert (
        {record.groups["original"] for record in records if record.label == "FAKE"}
        == videos
        == {"made/x/real\\x1b.mp4"}
    )
    assert all(record.groups == {} for record in records if record.label == "REAL")
    assert len({record.split for record in records}) == 1
    pairs = find_pairs(records)
    assert (pairs.alone, [len(partners) for partners in pairs.fakes]) == (0, [1] * len(pairs.reals))


def test_a_folder_of_before_originals_were_known_gets_them_without_a_search(tmp_path: Path) -> None:
    listing = paired(tmp_path)
    unknown = [each.model_copy(update={"original": None, "identities": ("one",)}) for each in listing.sources]
    run(listing.model_copy(update={"sources": tuple(unknown)}), tmp_path / "out")
    assert not any("original" in record.groups for record in read_crops(tmp_path / "out").records)
    assert b"original" not in (tmp_path / "out" / JOURNAL_NAME).read_bytes()
    assert searched_by(lambda: run(listing, tmp_path / "out")) == 0
    assert any("original" in record.groups for record in read_crops(tmp_path / "out").records)
