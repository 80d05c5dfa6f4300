"""Frames of a result, read again from its source."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from genconvit.assemble import assemble_readers
from genconvit.core.closeable import Closeable
from genconvit.core.errors import ConfigError, SourceChangedError, SourceError
from genconvit.core.types import Frame
from genconvit.isolation.reader_choice import Readers
from genconvit.registry import VIDEO_DECODERS
from genconvit.results.result import VideoResult
from genconvit.settings import DetectorConfig
from genconvit.video.sampling import EVERY_FRAME, FrameChoice
from genconvit.video.sources import file_sha256


class SourceFrames(Closeable):
    """Reads frames of results again, from sources that are still what they were.

    Files are read in worker processes with limits, as those of many sources are, unless the config says otherwise; by
    the decoder that read them before.

    Args:
        config: config with the limits, the decoders and the shape of pixels; None is the default one.

    Attributes:
        config: config that it was made with.
    """

    def __init__(self, config: DetectorConfig | None = None) -> None:
        self.config = config or DetectorConfig()
        self._readers: dict[str, Readers] = {}

    def read(self, result: VideoResult, indices: Sequence[int] | None = None) -> Generator[Frame, None, None]:
        """Yield frames of a result's source, in their order.

        A frame's image may lie in memory that is used again: it holds until the next frame is asked for.

        Args:
            result: answer whose source is read.
            indices: strictly increasing indices of frames, at least one; None is every frame.

        Raises:
            SourceChangedError: the file's SHA-256 is another than the result's.
            SourceError: it cannot be read, or the result has no SHA-256 of it, as of a folder or of frames in memory.
            ConfigError: an index is out of place, or more frames are asked for by index than are read at once.
        """
        check_unchanged(result)
        choice = EVERY_FRAME if indices is None else _given(result, tuple(indices))
        reader = self._readers_for(result).for_many(iter(()))
        with reader.start(result.source, choice) as reading:
            for event in reading:
                if isinstance(event, Frame):
                    yield event

    def close(self) -> None:
        """End the workers."""
        for readers in self._readers.values():
            readers.close()
        self._readers.clear()

    def _readers_for(self, result: VideoResult) -> Readers:
        decoder = result.provenance.decoder
        named = decoder if decoder in VIDEO_DECODERS.names() else self.config.decoder
        if named not in self._readers:
            config = self.config.model_copy(update={"decoder": named})
            self._readers[named] = assemble_readers(config, EVERY_FRAME)
        return self._readers[named]


def _given(result: VideoResult, indices: tuple[int, ...]) -> FrameChoice:
    count = result.provenance.frame_count or 0
    if not indices or list(indices) != sorted(set(indices)) or indices[0] < 0 or indices[-1] >= count:
        raise ConfigError(
            f"indices of frames are {list(indices[:5])}{'...' if len(indices) > 5 else ''}; allowed are strictly "
            f"increasing ones from 0 to {count - 1}: choose among these"
        )
    return FrameChoice("given", indices=indices)


def check_unchanged(result: VideoResult) -> None:
    """Make sure that a result's source is the file that was scored.

    Raises:
        SourceChangedError: the file's SHA-256 is another.
        SourceError: it cannot be read, or the result has no SHA-256 of it.
    """
    expected = result.provenance.source_sha256
    if expected is None:
        raise SourceError(
            result.source,
            "the result has no SHA-256 of it, as of folders and of frames in memory, so nothing tells whether its "
            "frames are still those that were scored; score a file, or draw on frames that you hold",
        )
    found = file_sha256(result.source)
    if found != expected:
        raise SourceChangedError(
            result.source,
            f"it has changed since it was scored: its SHA-256 was {expected[:12]}..., and is {found[:12]}...; score it "
            "again",
        )
