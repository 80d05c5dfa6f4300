"""From what a caller names to a stream of frames, and from arguments to the list of sources they mean."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path

from genconvit.errors import ConfigError, SourceError
from genconvit.files import sha256_of_file
from genconvit.text import first_line
from genconvit.video.base import FrameStream, VideoDecoder
from genconvit.video.images import open_folder, open_image
from genconvit.video.names import Source, is_array, is_folder, path_of, source_name
from genconvit.video.signatures import picture_of
from genconvit.video.suffixes import IMAGE_SUFFIXES, VIDEO_SUFFIXES

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
        stream: its frames; ``stream.decoder`` says what reads them.
        fallbacks: for each decoder that was tried before and failed, its name and why, as ``"decord: reason"``.
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
        source: what to open.
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
    name, path = source_name(given), Path(given)
    if _checked_mode(name, path) == stat.S_IFDIR:
        return OpenedSource(open_folder(path))
    if _is_image(name, path):
        return OpenedSource(open_image(path))
    return _open_video(name, path, decoders)


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
        raise SourceError(name, _os_reason(error)) from error


def source_sha256(source: Source) -> str | None:
    """The SHA-256 of a source that is a file; None for folders, arrays, tensors, and what is not there.

    Raises:
        SourceError: the file cannot be read.
    """
    path = path_of(source)
    return file_sha256(path) if path is not None and Path(path).is_file() else None


def expand_paths(paths: Sequence[str | Path]) -> list[str]:
    """The sources that a list of files, folders and patterns means, each once, in the order of first mention.

    - A file stands for itself, whatever its suffix. So does an empty path, to be reported.
    - A pattern (``*``, ``?``, ``[...]``, ``**`` for any depth) stands for what it matches, sorted; a file that has
      literally that name goes first, and a pattern without a match stays as it is, to be reported as missing.
    - A folder is walked, sorted, without following links to folders: each video in it, by suffix, is a source, and a
      folder with images and no video is one source, a folder of frames. Images beside videos are left alone, and so
      is everything hidden. A folder with neither anywhere below stays as it is, to be reported.
    - What may not be listed is passed over.
    """
    found: dict[str, None] = {}
    for given in paths:
        for path in _matches(os.fspath(given)):
            found.update(dict.fromkeys(_walk(path) if is_folder(path) else [path]))
    return list(found)


def _is_image(name: str, path: Path) -> bool:
    try:
        return path.suffix.lower() in IMAGE_SUFFIXES or picture_of(path) is not None
    except OSError as error:
        raise SourceError(name, _os_reason(error)) from error


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
    raise SourceError(name, reason) from failures[-1]


def _named_reasons(decoders: Sequence[VideoDecoder], failures: Sequence[SourceError | ConfigError]) -> list[str]:
    return [f"{decoder.name}: {_reason(failure)}" for decoder, failure in zip(decoders, failures, strict=False)]


def _reason(failure: SourceError | ConfigError) -> str:
    return failure.reason if isinstance(failure, SourceError) else str(failure)


def _checked_mode(name: str, path: Path, *, empty_is_fine: bool = False) -> int:
    """The kind of a path, a regular file or a directory, after making sure that it can be read."""
    if not name:
        raise SourceError(name, "the path is empty")
    try:
        status = path.stat()
        kind = stat.S_IFMT(status.st_mode)
        if kind not in (stat.S_IFREG, stat.S_IFDIR):
            raise SourceError(name, "neither a file nor a directory, but a pipe, a socket or a device")
        if kind == stat.S_IFREG:
            with path.open("rb"):
                pass
    except OSError as error:
        raise SourceError(name, _os_reason(error)) from error
    except ValueError as error:
        raise SourceError(name, f"not a path ({first_line(error)})") from error
    if kind == stat.S_IFREG and not status.st_size and not empty_is_fine:
        raise SourceError(name, "the file is empty")
    return kind


def _os_reason(error: OSError) -> str:
    return _REASONS.get(error.errno or 0) or f"it cannot be read ({error.strerror or first_line(error)})"


def _matches(given: str) -> list[str]:
    if not has_magic(given) or os.path.lexists(given):
        return [given]
    found = glob(given, recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
    return sorted(found) or [given]


def _walk(folder: str) -> list[str]:
    """The videos and the folders of frames below a folder, or the folder itself where there are none."""
    found: list[str] = []
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        suffixes = {each: Path(each).suffix.lower() for each in sorted(files) if not each.startswith(".")}
        videos = [str(Path(place, each)) for each, suffix in suffixes.items() if suffix in VIDEO_SUFFIXES]
        is_folder_of_frames = not videos and not IMAGE_SUFFIXES.isdisjoint(suffixes.values())
        found += [place] if is_folder_of_frames else videos
    return found or [folder]
