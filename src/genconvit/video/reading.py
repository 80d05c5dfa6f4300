"""A source's frames as a stream of events: it was opened, a frame, a frame, ..."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from genconvit.errors import SourceError
from genconvit.types import Frame
from genconvit.video.base import FrameStream, VideoDecoder
from genconvit.video.names import Source, source_name
from genconvit.video.sampling import FrameChoice, choose_frames
from genconvit.video.sources import open_source


@dataclass(frozen=True)
class SourceOpened:
    """A source was opened, and frames were chosen.

    Attributes:
        decoder: what reads it.
        frame_count: how many frames it has.
        chosen_count: how many of them were chosen.
        notes: decoders that failed before, frames that are missing from the file, a rule that could not be applied.
    """

    decoder: str
    frame_count: int
    chosen_count: int
    notes: tuple[str, ...] = ()


Event = SourceOpened | Frame


def read_source(source: Source, decoders: Sequence[VideoDecoder], choice: FrameChoice) -> Generator[Event, None, None]:
    """Open a source, choose frames and read them.

    The first event is ``SourceOpened``, and a ``Frame`` follows for each chosen frame that decodes. Where a decoder
    gives up in between and another is left, that one starts from the beginning: another ``SourceOpened`` comes, and
    what came before it no longer counts, so that a result rests on one decoder.

    Args:
        source: what to read.
        decoders: tried in turn for a video.
        choice: which frames.

    Raises:
        SourceError: it cannot be read, or none of the chosen frames decodes.
        ConfigError: the source is of another type, or none of the decoders is installed.
    """
    failures: tuple[str, ...] = ()
    while True:
        opened = open_source(source, decoders)
        failures += opened.fallbacks
        try:
            with opened.stream as stream:
                yield from _read_stream(source_name(source), stream, choice, failures)
        except SourceError as error:
            decoders = opened.untried
            if not decoders:
                raise
            failures += (f"{opened.stream.decoder}: {error.reason}",)
        else:
            return


def _read_stream(
    name: str, stream: FrameStream, choice: FrameChoice, failures: tuple[str, ...]
) -> Generator[Event, None, None]:
    chosen = choose_frames(stream, choice)
    announced = stream.announced_count
    cut = announced and f"the file is cut short: {stream.frame_count} of its {announced} frames are there"
    notes = (*failures, *stream.notes, *(note for note in (cut, chosen.note) if note))
    yield SourceOpened(stream.decoder, stream.frame_count, len(chosen.indices), notes)
    decoded = 0
    for frame in stream.read(chosen.indices):
        decoded += 1
        yield frame
    if not decoded:
        raise SourceError(name, f"none of its {len(chosen.indices)} chosen frames can be decoded")
