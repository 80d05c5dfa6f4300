"""An annotated video has every frame at its time, what was found in its pixels, and the sound."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from genconvit import ConfigError, SourceError, SourceFrames, VideoResult
from genconvit.render.annotate import annotate
from genconvit.render.overlays import Overlays
from genconvit.settings import DetectorConfig
from render.made import face, made_result, with_sound
from support import grey_frames, make_video, rotate_mp4

WIDE = (40.0, 20.0, 120.0, 100.0)
BOXES = Overlays.named(["boxes"])
SIZE = {"width": 160, "height": 120}


def found_in(video: Path, count: int = 20) -> VideoResult:
    return made_result([face(0, box=WIDE), face(count - 1, box=WIDE)], [0, count - 1], source=video)


def written(found: VideoResult, path: Path, overlays: Overlays | None = BOXES) -> tuple[str, ...]:
    with SourceFrames() as frames:
        return annotate(found, path, frames, overlays)


def pictures(path: Path) -> list[tuple[float, npt.NDArray[np.uint8]]]:
    with av.open(str(path)) as container:
        return [
            (float((frame.pts or 0) * (frame.time_base or 0)), np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))
            for frame in container.decode(video=0)
        ]


def sound(path: Path) -> tuple[str, list[tuple[float, bytes]]]:
    """The codec of a video's sound, and the time and the bytes of its packets."""
    with av.open(str(path)) as container:
        (stream,) = container.streams.audio
        packets = [packet for packet in container.demux(stream) if packet.size]
        return stream.codec_context.name, [
            (float((packet.pts or 0) * (packet.time_base or 0)), bytes(packet)) for packet in packets
        ]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_each_frame_has_its_box_and_its_time(tmp_path: Path, suffix: str) -> None:
    video = make_video(tmp_path / "a.mp4", grey_frames(20, **SIZE))
    assert written(found_in(video), tmp_path / f"b{suffix}") == ()
    shown, source = pictures(tmp_path / f"b{suffix}"), pictures(video)
    assert np.allclose([time for time, _ in shown], [time for time, _ in source], atol=0.001)
    for (_, drawn), (_, plain) in zip(shown, source, strict=True):
        assert abs(drawn[60:90, 60:100].astype(int) - plain[60:90, 60:100]).mean() < 3
        assert abs(drawn[20, 60:100].astype(int) - plain[20, 60:100]).mean() > 10


def test_a_variable_frame_rate_stays_one(tmp_path: Path) -> None:
    video = make_video(tmp_path / "a.mkv", grey_frames(12, **SIZE), ticks=lambda number: number * (number + 1))
    written(found_in(video, 12), tmp_path / "b.mp4")
    assert np.allclose(
        [time for time, _ in pictures(tmp_path / "b.mp4")], [time for time, _ in pictures(video)], atol=0.002
    )


def test_a_turned_video_stands_upright(tmp_path: Path) -> None:
    video = rotate_mp4(make_video(tmp_path / "a.mp4", grey_frames(5, **SIZE)), 90)
    written(found_in(video, 5), tmp_path / "b.mp4")
    assert pictures(tmp_path / "b.mp4")[0][1].shape == (160, 120, 3)


def test_an_odd_side_grows_by_a_pixel(tmp_path: Path) -> None:
    video = make_video(tmp_path / "a.mkv", grey_frames(5, 161, 121), codec="ffv1", pix_fmt="bgr0")
    written(found_in(video, 5), tmp_path / "b.mp4")
    assert pictures(tmp_path / "b.mp4")[0][1].shape == (122, 162, 3)


@pytest.mark.parametrize("start", [0, 25])
def test_the_sound_is_copied_and_stays_with_the_picture(tmp_path: Path, start: int) -> None:
    video = with_sound(tmp_path / "a.mkv", grey_frames(25, **SIZE), codec="aac", start=start)
    assert written(found_in(video, 25), tmp_path / "b.mkv") == ()
    (codec, given), (same, copied) = sound(video), sound(tmp_path / "b.mkv")
    assert same == codec
    assert {data for _, data in copied} <= {data for _, data in given}
    assert len(given) - 1 <= len(copied) <= len(given)
    first = {data: time for time, data in given}
    assert all(abs(first[data] - start / 25 - time) < 0.002 for time, data in copied)


def test_sound_that_the_container_cannot_hold_is_encoded_and_that_is_said(tmp_path: Path) -> None:
    video = with_sound(tmp_path / "a.mkv", grey_frames(25, **SIZE), codec="pcm_u8")
    assert written(found_in(video, 25), tmp_path / "b.mp4") == (
        "its sound (pcm_u8) was encoded as AAC, since a file of this kind cannot hold it",
    )
    codec, packets = sound(tmp_path / "b.mp4")
    assert codec == "aac"
    assert 0.8 < packets[-1][0] < 1.2


def test_sound_that_cannot_be_read_is_missing_and_that_is_said(tmp_path: Path) -> None:
    video = with_sound(tmp_path / "a.mkv", grey_frames(25, **SIZE), codec="pcm_u8")
    video.write_bytes(video.read_bytes().replace(b"A_PCM/INT/LIT", b"A_XYZ/INT/LIT"))
    assert written(found_in(video, 25), tmp_path / "b.mp4") == (
        "its sound (an unknown codec) cannot be read, so the copy has none",
    )
    assert len(pictures(tmp_path / "b.mp4")) == 25


@pytest.mark.parametrize("isolate", [None, False])
def test_sound_is_the_same_with_limits_and_without(tmp_path: Path, isolate: bool | None) -> None:
    video = with_sound(tmp_path / "a.mkv", grey_frames(25, **SIZE), codec="aac")
    with SourceFrames(DetectorConfig(isolate=isolate)) as frames:
        assert annotate(found_in(video, 25), tmp_path / "b.mp4", frames) == ()
    assert sound(tmp_path / "b.mp4")[0] == "aac"


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("import os; os.abort()", "the reader of its sound crashed (SIGABRT)"),
        ("raise SystemExit(3)", "the reader of its sound ended its process (exit status 1)"),
        ("raise MemoryError", "it needs more memory than the limit of 2048 MB"),
        ("raise ValueError('odd')", "ValueError: odd"),
    ],
)
def test_sound_that_crashes_its_reader_costs_the_copy_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, reason: str
) -> None:
    places = tmp_path / "places"
    places.mkdir()
    (places / "spoilt_sound.py").write_text(
        "from genconvit.render import sound_program\n\n\n"
        f"def spoilt(*_, **__):\n    {program}\n\n\n"
        "def main():\n    sound_program.add_sound = spoilt\n    sound_program.main()\n"
    )
    monkeypatch.syspath_prepend(str(places))
    monkeypatch.setattr("genconvit.render.sound_process._PROGRAM", "spoilt_sound")
    video = with_sound(tmp_path / "a.mkv", grey_frames(5, **SIZE), codec="aac")
    (note,) = written(found_in(video, 5), tmp_path / "b.mkv")
    assert note == f"its sound is missing: {reason}"
    assert len(pictures(tmp_path / "b.mkv")) == 5


def test_what_was_there_stays_where_writing_fails(tmp_path: Path) -> None:
    video = make_video(tmp_path / "a.mp4", grey_frames(5, **SIZE))
    found = found_in(video, 5)
    (tmp_path / "b.mp4").write_bytes(b"before")
    make_video(video, grey_frames(6, **SIZE))
    with pytest.raises(SourceError, match="it has changed"):
        written(found, tmp_path / "b.mp4")
    assert (tmp_path / "b.mp4").read_bytes() == b"before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "b.mp4"]


def test_a_name_that_no_container_has_is_refused(tmp_path: Path) -> None:
    video = make_video(tmp_path / "a.mp4", grey_frames(5, **SIZE))
    with pytest.raises(ConfigError, match=r"ends in \.mp4, \.mkv, \.mov; got .*b\.avi"):
        written(found_in(video, 5), tmp_path / "b.avi")
    with pytest.raises(ConfigError, match="cannot be written"):
        written(found_in(video, 5), tmp_path / "missing" / "b.mp4")


def test_frames_whose_size_changes_are_refused(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuvj420p"
        for number, size in enumerate(((160, 120), (80, 60))):
            encoder = av.CodecContext.create("mjpeg", "w")
            encoder.width, encoder.height, encoder.pix_fmt = *size, "yuvj420p"
            encoder.time_base = Fraction(1, 25)
            frame = av.VideoFrame.from_ndarray(grey_frames(1, *size)[0], format="rgb24").reformat(format="yuvj420p")
            for packet in encoder.encode(frame):
                packet.pts = packet.dts = number
                packet.time_base, packet.stream = Fraction(1, 25), stream
                container.mux(packet)
    with pytest.raises(SourceError, match="its frames change their size, from 160 x 120 to 80 x 60"):
        written(found_in(tmp_path / "a.mkv", 2), tmp_path / "b.mp4")


def test_every_frame_is_watched(tmp_path: Path) -> None:
    video = make_video(tmp_path / "a.mp4", grey_frames(8, **SIZE))
    seen = []
    with SourceFrames() as frames:
        annotate(
            found_in(video, 8),
            tmp_path / "b.mp4",
            frames,
            watch=lambda each: (seen.append(frame.index) or frame for frame in each),  # type: ignore[func-returns-value]
        )
    assert seen == list(range(8))
