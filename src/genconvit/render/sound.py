"""The sound of a video, put beside another picture."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from genconvit.video.index import demuxed, index_frames, open_container

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet
    from av.stream import Stream

    Timed = tuple[float, Packet[Any]]
    """A packet behind the second that it is decoded at."""

_ENCODER: Final = "aac"


def add_sound(source: Path, silent: Path, path: Path, *, container: str) -> str | None:
    """Write a silent video again with the sound of another one, which starts when that one's picture does.

    The other one is read in this process; ``genconvit.render.sound_process`` reads it in another. The first audio
    stream, or the one that the file calls the main one, is copied as it is where the container takes its codec, and
    encoded as AAC elsewhere. What of it lies before the picture's start is left out.

    Args:
        source: video whose sound is taken.
        silent: video without sound, which begins at the time 0.
        path: file to write.
        container: FFmpeg's name of the format to write: ``mp4``, ``matroska`` or ``mov``.

    Returns:
        A note where the sound is not a copy, or is missing; else None.

    Raises:
        SourceError: the source cannot be read.
        OSError: the file cannot be written.
    """
    import av

    index = index_frames(source)
    start = float(index.start * index.time_base)
    with (
        open_container(source) as heard,
        av.open(str(silent)) as seen,
        av.open(str(path), "w", format=container) as out,
    ):
        video = seen.streams.video[0]
        picture = out.add_stream_from_template(video)
        audio = heard.streams.best("audio")
        shown = _packets(seen, video, picture, 0.0)
        sound: Iterator[Timed] = iter(())
        codec, note = "an unknown codec", None
        if isinstance(audio, av.AudioStream) and audio.codec_context:
            codec = audio.codec_context.name
            sound, note = _sound(out, heard, audio, start)
        is_heard = False
        for _, packet in heapq.merge(shown, sound, key=lambda timed: timed[0]):
            is_heard = is_heard or packet.stream is not picture
            out.mux(packet)
    if audio is not None and not is_heard:
        return f"its sound ({codec}) cannot be read, so the copy has none"
    return note


def copy_picture(silent: Path, path: Path, *, container: str) -> None:
    """Write a silent video again in another container.

    Args:
        silent: video without sound.
        path: file to write.
        container: FFmpeg's name of the format to write.

    Raises:
        OSError: the file cannot be written.
    """
    import av

    with av.open(str(silent)) as seen, av.open(str(path), "w", format=container) as out:
        video = seen.streams.video[0]
        for _, packet in _packets(seen, video, out.add_stream_from_template(video), 0.0):
            out.mux(packet)


def _sound(
    out: OutputContainer, heard: InputContainer, audio: AudioStream, start: float
) -> tuple[Iterator[Timed], str | None]:
    codec = audio.codec_context.name
    if codec in out.supported_codecs:
        return _packets(heard, audio, out.add_stream_from_template(audio), start), None
    encoded = out.add_stream(_ENCODER, rate=audio.codec_context.sample_rate)
    note = f"its sound ({codec}) was encoded as AAC, since a file of this kind cannot hold it"
    return _encoded(heard, audio, encoded, start), note


def _packets(container: InputContainer, stream: Stream, target: Stream, start: float) -> Iterator[Timed]:
    """Packets of a stream with the time that each is decoded at, counted from a start; damaged ones end it."""
    shift = round(start / stream.time_base) if stream.time_base else 0
    for packet in demuxed(container, stream):
        if packet.pts is None or packet.pts < shift:
            continue
        packet.pts, packet.dts = packet.pts - shift, (packet.pts if packet.dts is None else packet.dts) - shift
        packet.stream = target
        yield float(packet.dts * packet.time_base), packet


def _encoded(container: InputContainer, stream: AudioStream, target: AudioStream, start: float) -> Iterator[Timed]:
    """Packets of a stream's sound in another codec, with the time that each is decoded at."""
    import av

    for packet in demuxed(container, stream):
        try:
            frames = stream.decode(packet)
        except av.FFmpegError:
            continue
        for frame in frames:
            if frame.pts is None or frame.time_base is None or float(frame.pts * frame.time_base) < start:
                continue
            frame.pts -= round(start / frame.time_base)
            yield from _timed(target.encode(frame))
    yield from _timed(target.encode(None))


def _timed(packets: Sequence[Packet[Any]]) -> Iterator[Timed]:
    for packet in packets:
        yield float((packet.dts or 0) * packet.time_base), packet
