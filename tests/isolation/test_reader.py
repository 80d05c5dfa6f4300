"""An isolated reader yields what a reader in this process yields."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

import hostile
from genconvit.core.errors import ConfigError, GenConViTError, SourceError
from genconvit.core.types import Frame, on_host
from genconvit.video.base import VideoDecoder
from genconvit.video.pyav import PyAVDecoder
from genconvit.video.readers import Reader, ThreadReader
from genconvit.video.reading import SourceOpened
from genconvit.video.sampling import FrameChoice, parse_frames
from isolation.conftest import MakeReader
from processes import LONG_SECONDS, wait_until
from support import cut_short, grey_frames, make_video, shared

Seen = SourceOpened | tuple[int, float | None, npt.NDArray[np.uint8]]


def events(reader: Reader, source: Any) -> list[Seen]:
    with reader.start(source) as reading:
        return [
            (event.index, event.pts_seconds, on_host(event.image).copy()) if isinstance(event, Frame) else event
            for event in reading
        ]


def assert_same(first: list[Seen], second: list[Seen]) -> None:
    assert len(first) == len(second)
    for one, other in zip(first, second, strict=True):
        if isinstance(one, SourceOpened) or isinstance(other, SourceOpened):
            assert one == other
        else:
            assert one[:2] == other[:2]
            assert np.array_equal(one[2], other[2])


def video(folder: Path) -> Path:
    return make_video(folder / "a.mp4", grey_frames(40))


def damaged(folder: Path) -> Path:
    return cut_short(make_video(folder / "a.mkv", grey_frames(40)), 0.7)


def image(folder: Path) -> Path:
    path = folder / "a.png"
    Image.fromarray(np.arange(60 * 80 * 3, dtype=np.uint8).reshape(60, 80, 3)).save(path)
    return path


def folder_of_frames(folder: Path) -> Path:
    for number in range(4):
        Image.fromarray(grey_frames(5, 64 + number, 48)[number]).save(folder / f"f{number}.png")
    (folder / "f2.png").write_bytes(b"no picture")
    return folder


@pytest.mark.parametrize("make", [video, damaged, image, folder_of_frames])
@pytest.mark.parametrize("frames", [6, "all"])
def test_the_events_are_those_of_a_thread(
    tmp_path: Path, make_reader: MakeReader, make: Callable[[Path], Path], frames: int | str
) -> None:
    source = make(tmp_path)
    isolated = events(make_reader(PyAVDecoder(), frames=frames), source)
    assert_same(isolated, events(ThreadReader([PyAVDecoder()], parse_frames(frames)), source))
    assert len(isolated) > 1


def test_the_events_of_a_real_clip_are_those_of_a_thread(make_reader: MakeReader) -> None:
    clip = shared("videos", "0017_fake.mp4")
    thread = ThreadReader([PyAVDecoder()], parse_frames(15))
    assert_same(events(make_reader(PyAVDecoder()), clip), events(thread, clip))


@pytest.mark.parametrize("source", ["none.mp4", "", "a\0b.mp4", "x" * 5000, "\U0001f600" * 50_000, "a\udcff.mp4", "."])
def test_what_cannot_be_read_has_the_reason_of_a_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_reader: MakeReader, source: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError) as isolated:
        events(make_reader(PyAVDecoder()), source)
    with pytest.raises(SourceError) as thread:
        events(ThreadReader([PyAVDecoder()], parse_frames(15)), source)
    assert (isolated.value.source, isolated.value.reason) == (thread.value.source, thread.value.reason)


def test_the_next_decoder_takes_over_and_a_note_says_so(make_reader: MakeReader, bad: Path) -> None:
    reader = make_reader(hostile.RunsOutOfMemoryInside(), hostile.Sound())
    assert events(reader, bad)[0] == SourceOpened("hostile", 4, 4, ("hostile: the library cannot go on",))


def test_frames_in_memory_stay_in_this_process(make_reader: MakeReader) -> None:
    array = np.stack(grey_frames(3))
    reader = make_reader(hostile.Crashes())
    assert_same(events(reader, array), events(ThreadReader([], parse_frames(15)), array))


def test_a_source_of_another_type_is_refused(make_reader: MakeReader) -> None:
    with pytest.raises(ConfigError, match="a source is of type int"):
        events(make_reader(hostile.Sound()), 7)


def test_an_error_of_options_keeps_its_type(make_reader: MakeReader, good: Path) -> None:
    with pytest.raises(ConfigError, match="decoders is empty"):
        events(make_reader(), good)


def test_frames_of_many_sizes_arrive_whole(make_reader: MakeReader, good: Path) -> None:
    reader = make_reader(hostile.ManySizes())
    for _ in range(2):
        seen = events(reader, good)[1:]
        assert [frame[2].shape[:2] for frame in seen if not isinstance(frame, SourceOpened)] == [
            (48, 64),
            (2000, 3000),
            (1, 1),
            (5000, 5000),
        ]
        for number, frame in enumerate(seen):
            assert not isinstance(frame, SourceOpened)
            assert frame[2].min() == frame[2].max() == 10 + number


def test_an_image_is_a_view_that_nobody_can_write_to(make_reader: MakeReader, good: Path) -> None:
    with make_reader(hostile.Sound()).start(good) as reading:
        frame = next(event for event in reading if isinstance(event, Frame))
        image = on_host(frame.image)
        assert not image.flags.owndata
        with pytest.raises(ValueError, match="read-only"):
            image[0, 0, 0] = 1


def test_an_image_stays_readable_after_the_reader_is_closed(make_reader: MakeReader, good: Path) -> None:
    reader = make_reader(hostile.Sound())
    with reader.start(good) as reading:
        frame = next(event for event in reading if isinstance(event, Frame))
    reader.close()
    assert on_host(frame.image).shape == (48, 64, 3)


def test_a_relative_path_is_read_from_where_this_process_is_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_reader: MakeReader
) -> None:
    reader = make_reader(hostile.Tells())
    for name in ("one", "two"):
        tmp_path.joinpath(name).mkdir()
        tmp_path.joinpath(name, "a.bin").write_text(name)
        monkeypatch.chdir(tmp_path / name)
        opened = events(reader, "a.bin")[0]
        assert isinstance(opened, SourceOpened)
        assert json.loads(opened.decoder)["content"] == name


def test_a_relative_path_without_a_folder_to_start_from_is_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_reader: MakeReader
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(SourceError, match="no such file; the current folder is gone"):
        make_reader(hostile.Sound()).start("a.bin")


def test_several_threads_share_the_workers(tmp_path: Path, make_reader: MakeReader) -> None:
    paths = [make_video(tmp_path / f"{number}.mp4", grey_frames(5 + number)) for number in range(6)]
    reader = make_reader(PyAVDecoder(), workers=2)
    found: dict[tuple[int, int], int] = {}

    def read(thread: int) -> None:
        for number, path in enumerate(paths):
            found[thread, number] = len(events(reader, path)) - 1

    threads = [threading.Thread(target=read, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG_SECONDS)
    assert found == {(thread, number): 5 + number for thread in range(3) for number in range(6)}


def test_readings_go_on_side_by_side_and_ahead(make_reader: MakeReader, tmp_path: Path) -> None:
    reader = make_reader(hostile.WaitsBehindTwoFrames(), workers=2, frames=6)
    paths = [tmp_path / "one.bin", tmp_path / "other.bin"]
    for path in paths:
        path.write_bytes(b"good")
    with reader.start(paths[0]) as first, reader.start(paths[1]) as second:
        one, other = iter(first), iter(second)
        next(one), next(other)
        assert wait_until(lambda: all(map(hostile.is_ahead, paths)))  # of a consumer who asked for no frame
        for path in paths:
            hostile.let_go_on(path)
        assert [len(list(each)) for each in (one, other)] == [6, 6]


def test_start_waits_for_an_idle_worker(make_reader: MakeReader, good: Path) -> None:
    reader = make_reader(hostile.Sound())
    first = reader.start(good)
    closing = threading.Timer(0.5, first.close)
    start = time.monotonic()
    closing.start()
    assert len(events(reader, good)) == 5
    assert time.monotonic() - start >= 0.5
    closing.join()


def test_a_closed_reader_starts_nothing(make_reader: MakeReader, good: Path) -> None:
    reader = make_reader(hostile.Sound())
    events(reader, good)
    reader.close()
    reader.close()
    with pytest.raises(GenConViTError, match="the reader is closed"):
        reader.start(good)


def test_a_reading_is_over_after_its_end_and_after_close(make_reader: MakeReader, good: Path) -> None:
    reader = make_reader(hostile.Sound())
    with reader.start(good) as reading:
        assert len(list(reading)) == 5
        assert list(reading) == []
    with reader.start(good) as reading:
        iterator = iter(reading)
        next(iterator)
    assert list(iterator) == []
    reading.close()


@pytest.mark.parametrize("workers", [0, -1])
def test_there_is_at_least_one_worker(make_reader: MakeReader, workers: int) -> None:
    with pytest.raises(ConfigError, match=f"workers is {workers}; allowed are 1 and above"):
        make_reader(hostile.Sound(), workers=workers)


def test_a_decoder_that_another_process_cannot_make_is_refused(make_reader: MakeReader) -> None:
    class Local(hostile.Sound):
        pass

    with pytest.raises(ConfigError, match=r"move it to a module; isolate=False \(--no-isolate\)"):
        make_reader(Local())


def test_images_need_no_decoder(tmp_path: Path, make_reader: MakeReader) -> None:
    decoders: list[VideoDecoder] = []
    assert len(events(make_reader(*decoders), image(tmp_path))) == 2


def test_a_reading_may_choose_frames_of_its_own(make_reader: MakeReader, tmp_path: Path) -> None:
    path, choice = video(tmp_path), FrameChoice("given", indices=(1, 7))
    reader = make_reader(PyAVDecoder(), frames=3)
    with reader.start(path, choice) as reading:
        assert [event.index for event in reading if isinstance(event, Frame)] == [1, 7]
    assert [event[0] for event in events(reader, path) if not isinstance(event, SourceOpened)] == [0, 19, 39]
