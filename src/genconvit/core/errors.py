"""Every error this library raises on purpose.

Each message states the value it got, the values allowed, and the next step. Each class says what a program needs.
"""

from __future__ import annotations

from typing import ClassVar


class GenConViTError(Exception):
    """Base of every error that this library raises on purpose.

    Attributes:
        code: a word for programs, which stays when a message changes.
        hint: advice that helps with most errors of this class, one sentence.
        exit_status: the program's, where such an error ends it.
    """

    code: ClassVar[str] = "error"
    hint: ClassVar[str] = "read the message: it names the value and the next step"
    exit_status: ClassVar[int] = 1


class ConfigError(GenConViTError, ValueError):
    """An option has a value that is not allowed, or does not exist."""

    code = "config"
    hint = "run the command with --help, or genconvit schema config, for what is allowed"
    exit_status = 2


class PluginError(GenConViTError):
    """A plugin is unknown, broken, of the wrong kind, or claimed by two distributions."""

    code = "plugin"
    hint = "run genconvit plugins --check, which loads each plugin and says why one fails"
    exit_status = 2


class WeightsError(GenConViTError):
    """Weights are missing, damaged, unsafe to read, or do not fit the architecture."""

    code = "weights"
    hint = "run genconvit weights show FILE, or use weights='embedded', which need no file and no network"


class DatasetError(GenConViTError):
    """A data set, its labels or a file of results cannot be read, or is not what it was taken for."""

    code = "dataset"
    hint = "run genconvit datasets check NAME PATH, which lists what is missing and what is left out"


class TooManyFailuresError(GenConViTError):
    """More sources of a run could not be read than it allows."""

    code = "failures"
    hint = "read the reasons in the results; then raise --max-failures, or try again with --resume --retry"
    exit_status = 4


class SourceError(GenConViTError):
    """A video, an image or a folder cannot be read.

    Args:
        source: source that was asked for, as the caller gave it.
        reason: reason why it cannot be read, one sentence without a full stop.
    """

    code = "unreadable"
    hint = "play the file with another program; where that works, convert it with ffmpeg -i FILE copy.mp4"
    exit_status = 3

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"{source}: {reason}")
        self.source = source
        self.reason = reason

    def __reduce__(self) -> tuple[type[SourceError], tuple[str, str]]:
        return type(self), (self.source, self.reason)


class SourceAccessError(SourceError):
    """A path leads nowhere, or may not be read."""

    code = "inaccessible"
    hint = "check the path and the rights of the file"


class UnsupportedSourceError(SourceError):
    """A source is whole, and of a kind that is not read."""

    code = "unsupported"
    hint = "convert it with ffmpeg -i FILE copy.mp4, or a picture to PNG"


class SourceLimitError(SourceError):
    """A source takes more time, memory, pixels or frames than one may."""

    code = "limit"
    hint = "raise --time-limit or --memory-limit where you trust the file, or make it smaller"


class SourceChangedError(SourceError):
    """A source is no longer the file that a result is about."""

    code = "changed"
    hint = "score it again, and use that result; or find the file that was scored"


class DecoderCrashError(SourceError):
    """A decoder ended its process while it read a source."""

    code = "crash"
    hint = "treat the file as hostile or damaged; another decoder may read it (--decoder)"


SOURCE_ERRORS: dict[str, type[SourceError]] = {
    cls.code: cls
    for cls in (
        SourceError,
        SourceAccessError,
        UnsupportedSourceError,
        SourceLimitError,
        SourceChangedError,
        DecoderCrashError,
    )
}
"""Classes of the errors of a source that cannot be read, by code."""


class TrainingError(GenConViTError):
    """A training cannot go on, or cannot be gone on with."""

    code = "training"
    hint = "begin it anew in another folder (--out), or resume it with the crops and options that it began with"


class ServiceError(GenConViTError):
    """A service of ``genconvit serve`` cannot be reached, or refuses a request.

    Args:
        message: message of the error.
        status: status of its response; None where there was none.
        problem: code of the problem that it states, such as ``busy`` or ``limit``; None without one.
        retry_after_seconds: seconds after which it is to be asked again; None where it does not say.

    Attributes:
        status: status of its response; None where there was none.
        problem: code of the problem that it states; None without one.
        retry_after_seconds: seconds after which it is to be asked again; None where it does not say.
    """

    code = "service"
    hint = "check the address and the key, and open the address in a browser: its page says whether it is ready"

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        problem: str | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.problem = problem
        self.retry_after_seconds = retry_after_seconds
