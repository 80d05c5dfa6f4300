"""A check of which sources of a data set can be read: one frame of each is decoded, in worker processes."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Sequence
from contextlib import closing
from itertools import islice

from genconvit.assemble import assemble_readers
from genconvit.core.errors import SourceError
from genconvit.core.left_out import LeftOut
from genconvit.data.base import LabelledSource
from genconvit.inputs.fetch import RemoteFiles
from genconvit.settings import DetectorConfig
from genconvit.video.given import GivenSource
from genconvit.video.names import Source
from genconvit.video.readers import Reader, Reading
from genconvit.video.sampling import FrameChoice


def unreadable(sources: Sequence[LabelledSource], files: RemoteFiles) -> Generator[LeftOut, None, None]:
    """Each source that cannot be read, with its reason, in their order.

    Several are read at the same time, as many as the readers allow.

    Args:
        sources: the sources.
        files: fetches those on other machines.

    Raises:
        ConfigError: no decoder can be used.
    """
    with closing(assemble_readers(DetectorConfig(device="cpu"), FrameChoice("spaced", 1))) as readers:
        reader = readers.for_many([source.path for source in sources])
        given = zip(sources, files.each(source.path for source in sources), strict=True)
        started = ((source.name, _start(reader, each)) for source, each in given)
        waiting = deque(islice(started, reader.at_once))
        while waiting:
            name, reading = waiting.popleft()
            error = reading if isinstance(reading, SourceError) else _failure(reading)
            if error:
                yield LeftOut(name=name, reason=error.reason)
            waiting.extend(islice(started, 1))


def _start(reader: Reader, source: Source) -> Reading | SourceError:
    if isinstance(source, GivenSource) and source.error is not None:
        return source.error
    try:
        return reader.start(source)
    except SourceError as error:
        return error


def _failure(reading: Reading) -> SourceError | None:
    with reading:
        try:
            deque(reading, maxlen=0)
        except SourceError as error:
            return error
    return None
