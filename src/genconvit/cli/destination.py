"""Destinations of results: stdout, a device, or a file that is replaced whole once they are there."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO, TypeVar

from genconvit.core.errors import ConfigError, GenConViTError
from genconvit.core.files import partial_beside
from genconvit.video.suffixes import IMAGE_SUFFIXES

S = TypeVar("S", bound="str | os.PathLike[str]")


class AlsoReadError(ConfigError):
    """A file that is to be written is also read."""


FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


def check_writable(option: str, path: Path) -> None:
    """Make sure that a file can be written, by writing a temporary one beside it; the file itself stays as it is.

    Raises:
        ConfigError: it cannot.
    """
    partial, stream = _open_beside(option, path, _target(option, path))
    stream.close()
    partial.unlink()


def refuse_inputs(option: str, path: Path, inputs: Iterable[str | Path]) -> None:
    """Make sure that a file to be written is none of those that are read, whatever they are called.

    Raises:
        AlsoReadError: it is one of them, or a frame in one that is a folder.
    """
    for _ in not_written(option, path, inputs):
        pass


def not_written(option: str, path: Path, inputs: Iterable[S]) -> Iterator[S]:
    """The inputs, each once it is known that it is not the file to be written, whatever it is called.

    Raises:
        AlsoReadError: it is, or the file is a frame in it.
    """
    own = [_Same(path), *([_Same(path.parent)] if path.suffix.lower() in IMAGE_SUFFIXES else [])]
    for each in inputs:
        if any(same.is_same(each) for same in own):
            raise AlsoReadError(f"{option} {str(path)!r} is also read, as {str(Path(each))!r}; choose another path")
        yield each


@contextmanager
def opened(output: Path | None, *, keep_partial: bool) -> Iterator[TextIO]:
    """The stream that results go to.

    A file gets its new content at the end, all at once; until then it is as it was before.

    Args:
        output: a file or a device; None is stdout.
        keep_partial: keep what was written so far, if anything was, where an error or an interruption ends it.

    Raises:
        ConfigError: it cannot be written.
        GenConViTError: there is no room for the rest.
    """
    try:
        if output is None:
            yield _stdout()
        elif _is_device(output):
            with _open_device(output) as stream:
                yield stream
        else:
            with _replacing(output, keep_partial=keep_partial) as stream:
                yield stream
    except OSError as error:
        if error.errno not in FULL:
            raise
        where = "stdout" if output is None else f"--output {str(output)!r}"
        raise GenConViTError(f"{where} cannot be written: {error.strerror}") from error


def _stdout() -> TextIO:
    stream: TextIO | None = sys.stdout  # None where the caller closed it
    if stream is None:
        raise ConfigError("stdout is closed; give --output FILE")
    return stream


def _open_device(output: Path) -> TextIO:
    try:
        return output.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise _refusal("--output", output, error) from error


@contextmanager
def _replacing(output: Path, *, keep_partial: bool) -> Iterator[TextIO]:
    target = _target("--output", output)
    partial, stream = _open_beside("--output", output, target)
    try:
        yield stream
        stream.close()
        partial.replace(target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            stream.close()
        if keep_partial and not isinstance(error, AlsoReadError) and partial.exists() and partial.stat().st_size:
            partial.replace(target)
        raise
    finally:
        partial.unlink(missing_ok=True)


def _target(option: str, path: Path) -> Path:
    """The file itself, where the path is a link."""
    try:
        target = path.resolve()
        exists = _mode(target) is not None
    except (OSError, RuntimeError, ValueError) as error:
        raise _refusal(option, path, error) from error
    if target.is_dir():
        raise _refusal(option, path, "it is a folder")
    if exists and not os.access(target, os.W_OK):
        raise _refusal(option, path, "permission denied")
    return target


def _open_beside(option: str, path: Path, target: Path) -> tuple[Path, TextIO]:
    partial = partial_beside(target)
    try:
        stream = partial.open("x", encoding="utf-8", newline="")
        if target.exists():
            shutil.copymode(target, partial)
    except OSError as error:
        raise _refusal(option, path, error) from error
    return partial, stream


def _refusal(option: str, path: Path, reason: Exception | str) -> ConfigError:
    why = (isinstance(reason, OSError) and reason.strerror) or str(reason)
    return ConfigError(f"{option} {str(path)!r} cannot be written: {why}; choose another path")


class _Same:
    """Tells whether paths lead to one file or folder, which need not be there."""

    def __init__(self, path: Path) -> None:
        self._state = _state(path)
        self._resolved = None if self._state else _resolved(path)

    def is_same(self, other: str | os.PathLike[str]) -> bool:
        """Tell whether another path leads there; one that is there is not resolved, for there may be a million."""
        state = _state(other)
        if state is None or self._state is None:
            return state is self._state and self._resolved is not None and _resolved(other) == self._resolved
        return os.path.samestat(state, self._state)


def _state(path: str | os.PathLike[str]) -> os.stat_result | None:
    try:
        return os.stat(path)  # noqa: PTH116 - there may be a million
    except (OSError, ValueError):
        return None


def _resolved(path: str | os.PathLike[str]) -> Path | None:
    try:
        return Path(path).resolve()
    except (OSError, RuntimeError, ValueError):
        return None


def _mode(path: Path) -> int | None:
    """The kind of what lies there, or None for nothing."""
    try:
        return stat.S_IFMT(path.stat().st_mode)
    except FileNotFoundError:
        return None


def _is_device(path: Path) -> bool:
    try:
        return _mode(path) not in (None, stat.S_IFREG, stat.S_IFDIR)
    except (OSError, ValueError):
        return False
