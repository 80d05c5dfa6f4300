"""The program: its commands, and what an error looks like."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import Annotated, Any, TextIO

import typer
from typer.core import TyperGroup

from genconvit.cli.commands import Commands
from genconvit.cli.library_warnings import plain_warnings
from genconvit.cli.stopping import StopSignals
from genconvit.core.cores import keep_threads_within_limits
from genconvit.core.errors import GenConViTError
from genconvit.core.files import FULL
from genconvit.core.text import printable
from genconvit.core.version import __version__

LINE_BREAK = "\n"
EXIT_FAILED = 1
EXIT_INTERRUPTED = 130
EXIT_NO_READER = 141


class Program(TyperGroup):
    """The commands; an interruption and a reader of stdout that went away end each of them without a traceback."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - typer's own
        super().__init__(**{**settings, "commands": Commands()})

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override] # typer's own type is private
        """Give the names of the commands, none of which is built for that."""
        del ctx
        return list(self.commands)

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override] # typer's own type is private
        """Run the command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise typer.Exit(EXIT_INTERRUPTED) from None
        except BrokenPipeError:
            _drop_stdout()
            raise typer.Exit(EXIT_NO_READER) from None


app = typer.Typer(
    name="genconvit",
    cls=Program,
    help="Tell whether the faces in a video are real or manipulated, and what that answer rests on.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"genconvit {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    del version


def main() -> None:
    """Run the program; an error of the library is one message on stderr and an exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # an encoding without a character must not end the program
    keep_threads_within_limits()
    status: str | int | None = 0
    with plain_warnings(), StopSignals() as signals:
        try:
            status = _run()
            status = _flush_stdout() or status
        except (Exception, KeyboardInterrupt):
            if signals.number is None:
                raise
            # What a signal interrupts fails in any way: a process that it ended as well, a terminal that is gone.
        if signals.number is not None or status == EXIT_INTERRUPTED:
            _print_line(signals.told)
            _flush_stdout()
    sys.exit(signals.exit_status or status)


def _run() -> str | int | None:
    """Run the command, and return its exit status."""
    try:
        app()
    except GenConViTError as error:
        _print_error(str(error))
        return error.exit_status
    except OSError as error:
        if error.errno not in FULL:
            raise
        _drop_stdout()
        _print_error(f"{error.filename or 'stdout'} cannot be written: {error.strerror}")
        return EXIT_FAILED
    except SystemExit as ended:
        return ended.code
    return 0


def _flush_stdout() -> int:
    """Write what is left in the buffer, while there is still a way to say that this failed; 0, or an exit status."""
    try:
        if sys.stdout:
            sys.stdout.flush()
    except BrokenPipeError:
        _drop_stdout()
        return EXIT_NO_READER
    except OSError as error:
        _drop_stdout()
        _print_error(f"stdout cannot be written: {error.strerror}")
        return EXIT_FAILED
    return 0


def _drop_stdout() -> None:
    """Send what is still in stdout's buffer nowhere, or the interpreter would complain about it at its end."""
    _drop(sys.stdout)


def _drop(stream: TextIO) -> None:
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _print_error(message: str) -> None:
    _print_line(f"error: {printable(message, keep=LINE_BREAK)}")


def _print_line(line: str) -> None:
    try:
        typer.echo(line, err=True)
    except OSError:  # its terminal is gone
        _drop(sys.stderr)
