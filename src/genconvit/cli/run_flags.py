"""The flags of long runs, with their help, and what they mean together."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from genconvit.cli.output import Format
from genconvit.cli.watch import Ending, FailureLimit, LogFormat
from genconvit.core.errors import ConfigError
from genconvit.core.optional import require
from genconvit.journal.resuming import Resuming, has_journal

LONG_RUNS = "Long runs"
"""Title under which help shows the flags."""

ResumeFlag = Annotated[
    bool,
    typer.Option(
        "--resume/--no-resume",
        help="Keep each result for good as it is finished, and do only what is missing: the same command begins and "
        "goes on.",
        rich_help_panel=LONG_RUNS,
    ),
]
RetryFlag = Annotated[
    bool,
    typer.Option(
        "--retry/--no-retry", help="With --resume: try again what could not be read.", rich_help_panel=LONG_RUNS
    ),
]
IdentityFlag = Annotated[
    str | None,
    typer.Option(
        help="With --resume: a file has changed where its size or time is another, or only where its content is.",
        metavar="stat|sha256",
        show_default="stat",
        rich_help_panel=LONG_RUNS,
    ),
]
MaxFailuresFlag = Annotated[
    str | None,
    typer.Option(
        help="Stop with exit status 4 after more unreadable files than this number or share; a share counts from 100 "
        "results on, and at the end.",
        metavar="N|X%",
        show_default="any number",
        rich_help_panel=LONG_RUNS,
    ),
]
LogFlag = Annotated[
    LogFormat,
    typer.Option(
        help="What is said on stderr meanwhile: a progress bar, or a JSON object a line for each event.",
        rich_help_panel=LONG_RUNS,
    ),
]


def resuming_of(identity: str | None, *, resume: bool, retry: bool) -> Resuming | None:
    """The way in which flags let a run go on; None for one that begins anew.

    Raises:
        ConfigError: a flag has a value that is not allowed, or is for ``--resume`` alone.
    """
    if not resume and (identity is not None or retry):
        raise ConfigError(f"{'--retry' if retry else '--identity'} is for runs with --resume; give that as well")
    if identity not in (None, "stat", "sha256"):
        raise ConfigError(f"--identity {identity!r} is unknown; give stat or sha256")
    return Resuming("sha256" if identity == "sha256" else "stat", retry) if resume else None


@dataclass(frozen=True)
class RunOptions:
    """Meaning of the flags of a long run together.

    Attributes:
        resuming: way of going on where another run ended; None for one that begins anew.
        limit: the most failures; None for any number.
        log: format of what is said meanwhile.
    """

    resuming: Resuming | None
    limit: FailureLimit | None
    log: LogFormat

    @classmethod
    def of(
        cls, *, resume: bool, retry: bool, identity: str | None, max_failures: str | None, log: LogFormat
    ) -> RunOptions:
        """The options that flags make.

        Raises:
            ConfigError: a flag has a value that is not allowed, or is for ``--resume`` alone.
        """
        resuming = resuming_of(identity, resume=resume, retry=retry)
        return cls(resuming, FailureLimit.parse(max_failures) if max_failures else None, log)

    def check_output(self, output: Path | None, form: Format | None) -> None:
        """Make sure that results can be written as they are asked for.

        Raises:
            ConfigError: they cannot, or pyarrow is missing.
        """
        is_parquet = (form or Format.of(output)) is Format.parquet
        if is_parquet:
            require("pyarrow", package="pyarrow", extra="parquet", purpose="a Parquet file")
        if is_parquet and output is None:
            raise ConfigError("--format parquet is no text for a terminal or a pipe; give --output FILE.parquet")
        if output is not None and not self.resuming and has_journal(output):
            raise ConfigError(
                f"--output {str(output)!r} holds what runs with --resume have finished; give --resume as well, or "
                "another file"
            )
        if self.resuming and not _is_resumable(output, form):
            got = "no --output" if output is None else f"--output {str(output)!r}"
            kind = f" and --format {form.value}" if form else ""
            raise ConfigError(
                f"--resume keeps results as lines of JSON, got {got}{kind}; give --output FILE.jsonl, and --format "
                "parquet for FILE.parquet beside it at the end"
            )

    def endings_with_a_summary(self, output: Path | None) -> Collection[Ending]:
        """Endings of a run at which a summary is printed: none where the results themselves are seen."""
        if self.resuming:
            return ("finished", "too many failures", "interrupted")
        return ("finished", "too many failures") if output else ()


def _is_resumable(output: Path | None, form: Format | None) -> bool:
    is_lines = output is not None and output.suffix.lower() == ".jsonl"
    return is_lines and form in (None, Format.jsonl, Format.parquet)
