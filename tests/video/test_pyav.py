from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import pytest
from av.video.frame import VideoFrame

from genconvit.core.errors import SourceError
from genconvit.video.base import VideoDecoder
from genconvit.video.index import index_frames
from genconvit.video.sampling import evenly_spaced
from support import cut_short, grey_frames, index_of, make_video, remux, rotate_mp4

needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc to list open files")


def open_files(path: Path) -> int:
    files = [entry for entry in Path("/proc/self/fd").iterdir() if entry.exists()]
    return sum(os.path.realpath(file) == str(path.resolve()) for file in files)


def test_keeps_the_good_frames_of_a_file_cut_short_behind_its_index(tmp_path: Path, pyav: VideoDecoder) -> None:
    options = {"movflags": "faststart"}
    path = make_video(tmp_path / "front.mp4", grey_frames(300), container_options=options)
    cut_short(path, 0.6)
    with pyav.open(path) as stream:
        assert 50 < stream.frame_count < 250
        frames = list(stream.read(range(stream.frame_count)))
    assert len(frames) >= stream.frame_count - 4
    assert all(index_of(frame.image) == frame.index % 50 for frame in frames[:-4])


def test_goes_on_behind_frames_that_cannot_be_decoded(tmp_path: Path, pyav: VideoDecoder) -> None:
    whole = make_video(tmp_path / "whole.mp4", grey_frames(100), gop=20)
    path = remux(whole, tmp_path / "damaged.mkv", replace=dict.fromkeys(range(40, 60), b"\xff" * 40))
    with pyav.open(path) as stream:
        assert stream.frame_count == 100
        got = [frame.index for frame in stream.read(range(100))]
        assert not set(got) & set(range(42, 58))
        assert set(range(60, 100)) <= set(got)
        assert [frame.index for frame in stream.read([10, 50, 90])] == [10, 90]


def test_frames_before_the_start_of_an_edit_list_do_not_count(tmp_path: Path, pyav: VideoDecoder) -> None:
    whole = make_video(tmp_path / "whole.mp4", grey_frames(50))
    path = remux(whole, tmp_path / "trimmed.mp4", shift=5 * 512)
    with pyav.open(path) as stream:
        assert stream.frame_count == 45
        frames = list(stream.read(evenly_spaced(45, 5)))
    assert [index_of(frame.image) for frame in frames] == [index + 5 for index in evenly_spaced(45, 5)]
    assert frames[0].pts_seconds == 0.0


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi"])
def test_the_last_frame_belongs_to_the_duration(tmp_path: Path, pyav: VideoDecoder, suffix: str) -> None:
    with pyav.open(make_video(tmp_path / f"a{suffix}", grey_frames(50))) as stream:
        assert stream.duration_seconds == pytest.approx(2.0, abs=0.002)


def test_a_video_of_a_single_frame_has_no_known_duration(tmp_path: Path, pyav: VideoDecoder) -> None:
    with pyav.open(make_video(tmp_path / "a.mp4", grey_frames(1))) as stream:
        assert stream.duration_seconds is None


def test_decord_refuses_a_file_whose_frames_it_counts_differently(tmp_path: Path, decord: VideoDecoder) -> None:
    whole = make_video(tmp_path / "whole.mp4", grey_frames(50))
    with pytest.raises(SourceError, match="decord counts 50 frames where the file shows 45"):
        decord.open(remux(whole, tmp_path / "trimmed.mp4", shift=5 * 512))


def test_times_of_a_file_without_times_follow_its_rate(tmp_path: Path, pyav: VideoDecoder) -> None:
    with pyav.open(make_video(tmp_path / "a.avi", grey_frames(10))) as stream:
        assert [frame.pts_seconds for frame in stream.read([0, 5])] == [0.0, 0.2]


def test_times_start_at_the_streams_start(tmp_path: Path, pyav: VideoDecoder) -> None:
    with pyav.open(make_video(tmp_path / "a.ts", grey_frames(10))) as stream:
        assert [frame.pts_seconds for frame in stream.read([0, 5])] == [0.0, 0.2]


@needs_proc
def test_no_file_stays_open(tmp_path: Path, pyav: VideoDecoder) -> None:
    path = make_video(tmp_path / "a.mp4", grey_frames(50))
    stream = pyav.open(path)
    assert open_files(path) == 0
    frames = stream.read(range(50))
    next(frames)
    assert open_files(path) == 1
    stream.close()
    stream.close()
    assert open_files(path) == 0
    assert list(frames) == []


@needs_proc
def test_an_abandoned_read_and_a_failed_open_leave_no_file_open(tmp_path: Path, pyav: VideoDecoder) -> None:
    path = make_video(tmp_path / "a.mp4", grey_frames(50))
    for _ in pyav.open(path).read(range(50)):
        break
    assert open_files(path) == 0
    text = tmp_path / "text.mp4"
    text.write_text("hello")
    with pytest.raises(SourceError):
        pyav.open(text)
    assert open_files(text) == 0


def test_a_frame_leaves_the_memory_with_its_last_user(tmp_path: Path, pyav: VideoDecoder) -> None:
    path = rotate_mp4(make_video(tmp_path / "a.mp4", grey_frames(50)), 90)
    gc.collect()
    gc.disable()
    others = {id(each) for each in frames_in_memory()}
    try:
        with pyav.open(path) as stream:
            for _ in stream.read(range(50)):
                pass
        assert [each for each in frames_in_memory() if id(each) not in others] == []
    finally:
        gc.enable()


def frames_in_memory() -> list[VideoFrame]:
    return [each for each in gc.get_objects() if type(each) is VideoFrame]


def test_two_reads_do_not_disturb_each_other(tmp_path: Path, pyav: VideoDecoder) -> None:
    with pyav.open(make_video(tmp_path / "a.mp4", grey_frames(50))) as stream:
        pairs = list(zip(stream.read(range(10)), stream.read(range(30, 40)), strict=True))
    assert [(index_of(one.image), index_of(other.image)) for one, other in pairs] == [(n, n + 30) for n in range(10)]


@pytest.mark.skipif(sys.platform == "win32", reason="file names are Unicode there")
def test_a_name_that_is_no_utf8(tmp_path: Path, pyav: VideoDecoder) -> None:
    made = make_video(tmp_path / "a.mp4", grey_frames(5))
    path = made.rename(tmp_path / os.fsdecode(b"b\xff.mp4"))
    with pyav.open(path) as stream:
        assert len(list(stream.read(range(5)))) == 5


@pytest.mark.parametrize(
    "playlist",
    ["ffconcat version 1.0\nfile secret.mp4\n", "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:2.0,\nsecret.mp4\n"],
    ids=["concat", "hls"],
)
def test_a_file_that_names_another_file_is_not_followed(tmp_path: Path, playlist: str) -> None:
    make_video(tmp_path / "secret.mp4", grey_frames(4))
    upload = tmp_path / "upload.mp4"
    upload.write_text(playlist)
    with pytest.raises(SourceError, match=r"playlists, which name other files, are not followed|not a video"):
        index_frames(upload)


def test_the_index_knows_the_key_frames_in_display_order(tmp_path: Path) -> None:
    closed = index_frames(make_video(tmp_path / "closed.mp4", grey_frames(50)))
    assert (list(closed.keys), closed.keys_in_order) == ([0, 12, 24, 36, 48], True)
    mixed = make_video(tmp_path / "open.mp4", grey_frames(50), codec="mpeg4", options={"bf": "2"})
    assert not index_frames(mixed).keys_in_order
