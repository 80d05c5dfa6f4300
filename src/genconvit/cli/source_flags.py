"""Flags that say what is scored: files, folders, patterns, names on stdin, a manifest, files on other machines."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, TypeVar

import typer

from genconvit.cli.destination import not_written
from genconvit.cli.left_out import LeftOutCount, refuse_left_out, say_each
from genconvit.cli.remote_flags import SOURCES
from genconvit.core.errors import ConfigError
from genconvit.core.text import printable

if TYPE_CHECKING:
    import os

    from genconvit.core.left_out import LeftOut
    from genconvit.inputs.manifest import SourceManifest
    from genconvit.video.names import Source

S = TypeVar("S", bound="str | os.PathLike[str]")

STDIN = "-"
SourcePaths = Annotated[
    list[str] | None,
    typer.Argument(
        help="Files, folders, globs, https://, s3:// or gs:// addresses, - for names on stdin. A folder of frames is "
        "one source.",
        show_default=False,
    ),
]
ManifestFlag = Annotated[
    Path | None,
    typer.Option(
        help="Sources as rows of .csv, .jsonl or .parquet: the column path, and any others, which results carry along.",
        metavar="FILE",
        rich_help_panel=SOURCES,
    ),
]
NullFlag = Annotated[
    bool,
    typer.Option(
        "--null", "-0", help="Names on stdin end with a NUL byte, as by find -print0.", rich_help_panel=SOURCES
    ),
]


@dataclass
class Sources:
    """The sources that a command line means, none of which is held.

    Attributes:
        paths: the arguments.
        manifest: manifest that was given; None without one.
        null: names on stdin end with a NUL byte.
        left_out: files that are left out, once ``survey`` has run.
        count: number of sources; None where it is not known before the end.
    """

    paths: Sequence[str]
    manifest: SourceManifest | None = None
    null: bool = False
    left_out: LeftOutCount = field(default_factory=LeftOutCount)
    count: int | None = None

    @classmethod
    def of(cls, paths: Sequence[str] | None, manifest: Path | None, *, null: bool) -> Sources:
        """The sources of the arguments and of a manifest.

        Raises:
            ConfigError: there is nothing, stdin twice, or ``--null`` without it; the manifest has another suffix.
            DatasetError: the manifest cannot be read.
        """
        from genconvit.inputs.manifest import SourceManifest

        given = list(paths or ())
        if not given and manifest is None:
            raise ConfigError("nothing to score; give a PATH, - for names on stdin, or --manifest FILE")
        if given.count(STDIN) > 1:
            raise ConfigError(f"- is given {given.count(STDIN)} times, and stdin can be read once; give it once")
        if null and STDIN not in given:
            raise ConfigError("--null is about names on stdin; give - as a PATH as well")
        return cls(given, None if manifest is None else SourceManifest(manifest), null)

    def survey(self, output: Path | None, *, strict: bool) -> Sources:
        """Walk the folders and patterns once: count what they hold, and name on stderr what is left out.

        Args:
            output: file that is written, and so may be none of them.
            strict: nothing may be left out.

        Raises:
            ConfigError: the file that is written is one of them.
            GenConViTError: something is left out, and nothing may be.
        """
        from genconvit.inputs.expand import each_source

        named = [path for path in self.paths if path != STDIN]
        given = each_source(named, self._noted if strict else self.left_out.add)
        count = sum(1 for _ in _kept_apart(given, output))
        rows = 0 if self.manifest is None else self.manifest.count
        self.count = None if STDIN in self.paths or rows is None else count + rows
        if strict:
            refuse_left_out(self.left_out)
        for line in self.left_out.lines():
            typer.echo(printable(line), err=True)
        return self

    def read(self, output: Path | None) -> Iterable[Source]:
        """The sources, each when it is asked for; where one file alone is named, a list of it.

        Args:
            output: file that is written; names on stdin and in a manifest are held against it as they come.
        """
        from genconvit.core.addresses import is_remote

        is_one = self.manifest is None and len(self.paths) == self.count == 1 and not is_remote(self.paths[0])
        each = self._each(output)
        one = list(islice(each, 1)) if is_one else []
        return one if one and one == self.paths else chain(one, each)

    def _each(self, output: Path | None) -> Iterator[Source]:
        from genconvit.inputs.expand import each_source
        from genconvit.inputs.names import read_names

        for from_stdin, group in groupby(self.paths, STDIN.__eq__):
            if from_stdin:
                yield from _kept_apart(read_names(_stdin(), null=self.null), output)
            else:
                yield from each_source(list(group))
        yield from _kept_apart(self.manifest or (), output)

    def _noted(self, each: LeftOut) -> None:
        self.left_out.add(each)
        say_each(each)


def _stdin() -> BinaryIO:
    """Bytes of stdin, without its buffer, whose lock a thread that waits for a name would hold to the very end."""
    if sys.stdin is None:
        raise ConfigError("stdin is closed; give names by --manifest FILE")
    raw: BinaryIO = getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)
    return raw


def _kept_apart(sources: Iterable[S], output: Path | None) -> Iterable[S]:
    return sources if output is None else not_written("--output", output, sources)
