"""The flags of files on other machines, given to every command that reads videos."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from genconvit.cli.signature import give_parameters, optional_parameters, own_parameters
from genconvit.core.errors import ConfigError

if TYPE_CHECKING:
    from genconvit.inputs.fetch import RemoteFiles
    from genconvit.inputs.options import RemoteOptions

SOURCES = "Sources"
"""Title under which help shows the flags."""

AllowHostFlag = Annotated[
    list[str] | None,
    typer.Option(
        help="A host that may have a private address, and be asked by plain http://; repeat it for several.",
        metavar="HOST",
        rich_help_panel=SOURCES,
    ),
]
RemoteCacheFlag = Annotated[
    Path | None,
    typer.Option(
        help="Where fetched files are kept, for later runs too.",
        metavar="DIR",
        show_default="in ~/.cache",
        rich_help_panel=SOURCES,
    ),
]
RemoteCacheLimitFlag = Annotated[
    float | None,
    typer.Option(help="How much is kept there.", metavar="GB", show_default="20", rich_help_panel=SOURCES),
]
RemoteSizeLimitFlag = Annotated[
    float | None,
    typer.Option(help="How long a fetched file may be.", metavar="GB", show_default="4", rich_help_panel=SOURCES),
]
RemoteTimeLimitFlag = Annotated[
    float | None,
    typer.Option(
        help="How long fetching a file may take.", metavar="SECONDS", show_default="600", rich_help_panel=SOURCES
    ),
]

FLAGS = {
    "allow_host": AllowHostFlag,
    "remote_cache": RemoteCacheFlag,
    "remote_cache_limit": RemoteCacheLimitFlag,
    "remote_size_limit": RemoteSizeLimitFlag,
    "remote_time_limit": RemoteTimeLimitFlag,
}
"""For each parameter of a command the type that typer reads its flag by."""


@dataclass(frozen=True)
class RemoteFlags:
    """The flags as they were given; None where one was not.

    Attributes:
        allow_host: hosts that may be private.
        remote_cache: folder of what was fetched.
        remote_cache_limit: gigabytes that are kept there.
        remote_size_limit: gigabytes of one file.
        remote_time_limit: seconds for one file.
    """

    allow_host: list[str] | None = None
    remote_cache: Path | None = None
    remote_cache_limit: float | None = None
    remote_size_limit: float | None = None
    remote_time_limit: float | None = None

    def options(self) -> RemoteOptions:
        """The options that the flags mean.

        Raises:
            ConfigError: a value is not allowed.
        """
        from pydantic import ValidationError

        from genconvit.core.config import validation_message
        from genconvit.inputs.options import RemoteOptions

        given = {
            "allow_hosts": tuple(self.allow_host or ()),
            "cache": None if self.remote_cache is None else str(self.remote_cache),
            "cache_bytes": _bytes("--remote-cache-limit", self.remote_cache_limit),
            "most_bytes": _bytes("--remote-size-limit", self.remote_size_limit),
            "total_seconds": self.remote_time_limit,
        }
        try:
            return RemoteOptions.model_validate({name: value for name, value in given.items() if value is not None})
        except ValidationError as error:
            raise ConfigError(validation_message(error)) from error

    def files(self) -> RemoteFiles:
        """Open what fetches files.

        Raises:
            ConfigError: a value is not allowed.
        """
        from genconvit.inputs.fetch import RemoteFiles

        return RemoteFiles(self.options())


def with_remote_flags(command: Callable[..., None]) -> Callable[..., None]:
    """A command that has the flags of files elsewhere behind its own, and gets them as one argument ``remote``.

    Args:
        command: a function with a parameter ``remote: RemoteFlags``.
    """

    @functools.wraps(command)
    def run(**arguments: Any) -> None:  # noqa: ANN401 - whatever typer parsed
        remote = RemoteFlags(**{name: arguments.pop(name) for name in FLAGS})
        command(**arguments, remote=remote)

    give_parameters(run, [*own_parameters(command, without="remote"), *optional_parameters(FLAGS)])
    return run


def _bytes(flag: str, gigabytes: float | None) -> int | None:
    if gigabytes is not None and not 1e-9 <= gigabytes <= 1e9:
        raise ConfigError(f"{flag} is {gigabytes}; allowed are gigabytes above 0, for example 0.5")
    return None if gigabytes is None else int(gigabytes * 1e9)
