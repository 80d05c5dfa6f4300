"""``genconvit credentials``: what files claim of themselves, whether that is intact, and who signed it."""

from __future__ import annotations

import json as json_lines
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genconvit.cli.flags import MemoryLimitFlag, TimeLimitFlag
from genconvit.cli.remote_flags import RemoteFlags, with_remote_flags
from genconvit.core.errors import SourceError
from genconvit.core.text import printable

if TYPE_CHECKING:
    from genconvit.results.credentials import ContentCredentials

Files = Annotated[
    list[str], typer.Argument(help="Images and videos; https://, s3:// or gs:// addresses.", metavar="FILE...")
]
TrustListFlag = Annotated[
    Path | None,
    typer.Option(help="Certificates of authorities, in PEM, whose signers are trusted.", metavar="FILE"),
]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print a JSON list, with source and credentials of each file.")]


@with_remote_flags
def credentials(
    files: Files,
    remote: RemoteFlags,
    trust_list: TrustListFlag = None,
    json: JsonFlag = False,
    time_limit: TimeLimitFlag = None,
    memory_limit: MemoryLimitFlag = None,
) -> None:
    """Read the Content Credentials (C2PA) of files: absent, valid, invalid or unreadable, and what is claimed.

    Credentials that lie elsewhere are named, and not fetched. Without --trust-list signers are not checked, and what
    they claim stands as claimed. Absence proves nothing.

    Exit status: 0 when every file was answered (absent and invalid are answers), 3 when one was unreadable, 2 for a
    wrong option, or where c2pa-python is not installed.
    """
    from genconvit.credentials.reader import CredentialsReader
    from genconvit.isolation.limits import IsolationLimits
    from genconvit.video.names import source_name

    with (
        remote.files() as fetched,
        CredentialsReader(trust_list, IsolationLimits.of(time_limit, memory_limit)) as reader,
    ):
        answers = ((source_name(file), reader.read(file)) for file in fetched.each(files))
        found = _print_json(answers) if json else _print_lines(answers)
    if any(each.state == "unreadable" for each in found):
        sys.exit(SourceError.exit_status)


def _print_lines(answers: Iterator[tuple[str, ContentCredentials]]) -> Sequence[ContentCredentials]:
    found = []
    for name, each in answers:
        first, *others = each.lines()
        typer.echo(f"{printable(name)}: {first}")
        for line in others:
            typer.echo(f"  {line}")
        found.append(each)
    return found


def _print_json(answers: Iterator[tuple[str, ContentCredentials]]) -> Sequence[ContentCredentials]:
    found = list(answers)
    rows = [{"source": name, "credentials": each.model_dump(mode="json")} for name, each in found]
    typer.echo(json_lines.dumps(rows, indent=2))
    return [each for _, each in found]
