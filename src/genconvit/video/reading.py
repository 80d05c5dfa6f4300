"""A source's frames as a stream of events: it was opened, a frame, a frame, ..."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

from genconvit.core.errors import SourceError
from genconvit.core.types import Frame
from genconvit.video.base import FrameStream, VideoDecoder
from genconvit.video.names import Source, source_name
from genconvit.video.sampling import FrameChoice, choose_frames
from genconvit.video.sources import open_source
from genconvit.video.square_pixels import square_note, squared


@dataclass(frozen=True)
class SourceOpened:
    """A source was opened, and frames were chosen.

    Attributes:
        decoder: name of what reads it.
        frame_count: number of frames.
        chosen_count: number of frames that were chosen.
        notes: decoders that failed before, what the file lacks or says wrongly and what was done about it, a rule that
            could not be applied.
        duration_seconds: duration in seconds; None where it is unknown.
    """

    decoder: str
    frame_count: int
    chosen_count: int
    notes: tuple[str, ...] = ()
    duration_seconds: float | None = None


Event = SourceOpened | Frame


def read_source(
    source: Source, decoders: Sequence[VideoDecoder], choice: FrameChoice, *, square_pixels: bool = True
) -> Generator[Event, None, None]:
    """Open a source, choose frames and read them.

    The first event is ``SourceOpened``, and a ``Frame`` follows for each chosen frame that decodes. Where a decoder
    gives up in between and another is left, that one starts from the beginning: another ``SourceOpened`` comes, and
    what came before it no longer counts, so that a result rests on one decoder.

    Args:
        source: source to read.
        decoders: tried in turn for a video.
        choice: choice of frames.
        square_pixels: stretch the frames of a video whose pixels are not square.

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
                yield from _read_stream(source_name(source), stream, choice, failures, square_pixels)
        except SourceError as error:
            decoders = opened.untried
            if not decoders:
                raise
            failures += (f"{opened.stream.decoder}: {error.reason}",)
        else:
            return


def _read_stream(
    name: str, stream: FrameStream, choice: FrameChoice, failures: tuple[str, ...], square_pixels: bool
) -> Generator[Event, None, None]:
    chosen = choose_frames(stream, choice)
    announced, aspect = stream.announced_count, stream.pixel_aspect
    cut = announced and f"the file is cut short: {stream.frame_count} of its {announced} frames are there"
    square = square_note(aspect, stretched=square_pixels)
    notes = (*failures, *stream.notes, *(note for note in (cut, square, chosen.note) if note))
    yield SourceOpened(stream.decoder, stream.frame_count, len(chosen.indices), notes, stream.duration_seconds)
    decoded = 0
    for frame in stream.read(chosen.indices):
        image = squared(frame.image, aspect) if square_pixels else frame.image
        if image is not None:
            decoded += 1
            yield frame if image is frame.image else replace(frame, image=image)
    if not decoded:
        raise SourceError(name, f"none of its {len(chosen.indices)} chosen frames can be decoded")
