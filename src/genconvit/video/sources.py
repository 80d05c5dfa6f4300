"""Stream of frames from what a caller names."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from genconvit.core.errors import ConfigError, SourceAccessError, SourceError, UnsupportedSourceError
from genconvit.core.files import sha256_of_file
from genconvit.core.text import first_line
from genconvit.core.types import is_array
from genconvit.video.base import FrameStream, VideoDecoder
from genconvit.video.images import open_folder, open_image
from genconvit.video.names import Source, path_of, source_name
from genconvit.video.signatures import mistaken_image, picture_of
from genconvit.video.suffixes import IMAGE_SUFFIXES

_REASONS = {
    errno.ENOENT: "no such file; check the path",
    errno.ENOTDIR: "no such file; a part of the path is not a directory",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.ENAMETOOLONG: "the path is too long",
    errno.ELOOP: "its symbolic links lead in a circle",
}


@dataclass(frozen=True)
class OpenedSource:
    """A source that a stream was found for.

    Attributes:
        stream: stream of its frames; ``stream.decoder`` says what reads them.
        fallbacks: name and reason of each decoder that was tried before and failed, as ``"decord: reason"``.
        untried: the decoders that are left, for a caller who starts again when reading the frames fails.
    """

    stream: FrameStream
    fallbacks: tuple[str, ...] = ()
    untried: tuple[VideoDecoder, ...] = ()


def open_source(source: Source, decoders: Sequence[VideoDecoder]) -> OpenedSource:
    """Open an array, an image, a folder of frames or a video.

    A path is an image by its suffix, or by its first bytes where a video decoder would take it for a video; a folder of
    frames when it is a directory; and else a video, for which the decoders are tried in their order.

    Args:
        source: source to open.
        decoders: the decoders to try on a video, at least one.

    Raises:
        SourceError: the path is missing, empty, not readable or no file; or no decoder can open it, with each one's
            reason.
        ConfigError: the source is of another type, there is no decoder, or none of them is installed.
    """
    if is_array(source):
        from genconvit.video.arrays import ArrayStream

        return OpenedSource(ArrayStream(source))
    given = path_of(source)
    if given is None:
        raise ConfigError(
            f"a source is of type {type(source).__name__}; allowed are a path (str or os.PathLike of str) and "
            "frames as a numpy array or torch tensor: give one of these"
        )
    name, path = source_name(source), Path(given)
    if _checked_mode(name, path) == stat.S_IFDIR:
        return OpenedSource(open_folder(path))
    if _is_image(name, path):
        return OpenedSource(open_image(path))
    return _open_video(name, path, decoders)


def open_file(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a regular file for reading.

    Raises:
        SourceError: it is missing, empty, not readable or no file.
    """
    name = source_name(path)
    if _checked_mode(name, Path(path)) == stat.S_IFDIR:
        raise UnsupportedSourceError(name, "a directory is no file")
    try:
        return Path(path).open("rb")
    except OSError as error:
        raise SourceAccessError(name, _os_reason(error)) from error


def file_sha256(path: str | os.PathLike[str]) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal, read piece by piece.

    Raises:
        SourceError: the file cannot be read, or is not a regular file.
    """
    name = source_name(path)
    if _checked_mode(name, Path(path), empty_is_fine=True) == stat.S_IFDIR:
        raise SourceError(name, "a directory has no checksum")
    try:
        return sha256_of_file(path)
    except OSError as error:
        raise SourceAccessError(name, _os_reason(error)) from error


def source_sha256(source: Source) -> str | None:
    """The SHA-256 of a source that is a file; None for folders, arrays, tensors, and what is not there.

    Raises:
        SourceError: the file cannot be read.
    """
    path = path_of(source)
    return file_sha256(path) if path is not None and Path(path).is_file() else None


def _is_image(name: str, path: Path) -> bool:
    try:
        return path.suffix.lower() in IMAGE_SUFFIXES or picture_of(path) is not None
    except OSError as error:
        raise SourceAccessError(name, _os_reason(error)) from error


def _open_video(name: str, path: Path, decoders: Sequence[VideoDecoder]) -> OpenedSource:
    if not decoders:
        raise ConfigError("decoders is empty; give at least one video decoder, for example 'pyav'")
    failures: list[SourceError | ConfigError] = []
    for number, decoder in enumerate(decoders):
        try:
            stream = decoder.open(path)
        except (SourceError, ConfigError) as error:
            failures.append(error)
            continue
        fallbacks = tuple(_named_reasons(decoders, failures))
        return OpenedSource(stream, fallbacks, tuple(decoders[number + 1 :]))
    reasons = {_reason(failure) for failure in failures}
    reason = reasons.pop() if len(reasons) == 1 else "; ".join(_named_reasons(decoders, failures))
    if all(isinstance(failure, ConfigError) for failure in failures):
        raise ConfigError(reason) from failures[-1]
    mistaken = mistaken_image(path)
    if mistaken:
        raise UnsupportedSourceError(name, mistaken) from failures[-1]
    kinds = {type(failure) for failure in failures if isinstance(failure, SourceError)}
    raise (kinds.pop() if len(kinds) == 1 else SourceError)(name, reason) from failures[-1]


def _named_reasons(decoders: Sequence[VideoDecoder], failures: Sequence[SourceError | ConfigError]) -> list[str]:
    return [f"{decoder.name}: {_reason(failure)}" for decoder, failure in zip(decoders, failures, strict=False)]


def _reason(failure: SourceError | ConfigError) -> str:
    return failure.reason if isinstance(failure, SourceError) else str(failure)


def _checked_mode(name: str, path: Path, *, empty_is_fine: bool = False) -> int:
    """The kind of a path, a regular file or a directory, after making sure that it can be read."""
    if not name:
        raise SourceAccessError(name, "the path is empty")
    try:
        status = path.stat()
        kind = stat.S_IFMT(status.st_mode)
        if kind not in (stat.S_IFREG, stat.S_IFDIR):
            raise UnsupportedSourceError(name, "neither a file nor a directory, but a pipe, a socket or a device")
        if kind == stat.S_IFREG:
            with path.open("rb"):
                pass
    except OSError as error:
        raise SourceAccessError(name, _os_reason(error)) from error
    except ValueError as error:
        raise SourceAccessError(name, f"not a path ({first_line(error)})") from error
    if kind == stat.S_IFREG and not status.st_size and not empty_is_fine:
        raise SourceError(name, "the file is empty")
    return kind


def _os_reason(error: OSError) -> str:
    return _REASONS.get(error.errno or 0) or f"it cannot be read ({error.strerror or first_line(error)})"
