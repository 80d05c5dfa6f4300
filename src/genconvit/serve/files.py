"""Files of the service, all under names of its own: uploads and reports, in a folder that one service holds."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO

from genconvit.core.closeable import Closeable
from genconvit.core.errors import ConfigError
from genconvit.core.files import written_whole
from genconvit.core.locks import Lock, locked
from genconvit.core.text import first_line, printable
from genconvit.serve.problems import Problem
from genconvit.video.suffixes import IMAGE_SUFFIXES, VIDEO_SUFFIXES

PARTIAL = ".partial"
_LONGEST_NAME = 200
_PIECE_BYTES = 1 << 16


class DataFolder(Closeable):
    """A folder that belongs to one service at a time.

    Args:
        folder: path of the folder, which is made where it is not there.

    Attributes:
        database: path of the database of jobs.
        feedback: path of what people said of the results.

    Raises:
        ConfigError: it cannot be made, or another service uses it.
    """

    def __init__(self, folder: Path) -> None:
        folder = Path(os.path.abspath(folder))  # noqa: PTH100 - resolving follows links
        self.database = folder / "jobs.sqlite3"
        self.feedback = folder / "feedback.jsonl"
        self._folder = folder
        self._uploads, self._reports = folder / "uploads", folder / "reports"
        try:
            for each in (folder, self._uploads, self._reports):
                each.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = (folder / "lock").open("w")
        except OSError as error:
            raise ConfigError(f"--data {str(folder)!r} cannot be used: {first_line(error)}; give another") from error
        if not locked(self._lock.fileno(), Lock.EXCLUSIVE, wait=False, without_locks=False):
            self._lock.close()
            raise ConfigError(
                f"--data {str(folder)!r} is in use by another service, or on a file system without locks; end that "
                "service, or give another folder"
            )

    def close(self) -> None:
        """Let another service have the folder; more than once is fine."""
        self._lock.close()

    def upload(self, job_id: str, name: str, most_bytes: int) -> Upload:
        """Begin to write an upload.

        Args:
            job_id: id of the job.
            name: name that the client gave it, of whose suffix a known one is kept.
            most_bytes: bytes that it may have.
        """
        return Upload(self._uploads / f"{job_id}{known_suffix(name)}", most_bytes)

    def is_upload(self, path: Path) -> bool:
        """Tell whether a path is one of the uploads."""
        return path.parent == self._uploads

    def uploads(self) -> list[tuple[str, Path]]:
        """Ids of the jobs of which uploads are kept or arrive, and their paths."""
        return [(path.name.partition(".")[0], path) for path in self._uploads.iterdir()]

    def report(self, job_id: str) -> Path:
        """Path of a job's report."""
        return self._reports / f"{job_id}.html"

    def open_report(self, job_id: str) -> Page | None:
        """Open a job's report, which can be read from then on although it is deleted; None where it is not there."""
        try:
            return Page(self.report(job_id))
        except FileNotFoundError:
            return None

    def write_report(self, job_id: str, html: str) -> None:
        """Keep a job's report."""
        with written_whole(self.report(job_id)) as path:
            path.write_text(html, encoding="utf-8")

    def secret(self) -> str:
        """The secret that webhooks are signed with where there are no keys, made at its first use."""
        path = self._folder / "webhook_secret"
        if not path.exists():
            with written_whole(path, durable=True) as partial:
                partial.write_text(secrets.token_urlsafe(32), encoding="ascii")
            path.chmod(0o600)
        return path.read_text(encoding="ascii")

    def delete_upload(self, path: Path) -> None:
        """Delete an upload, where it is there."""
        if self.is_upload(path):
            path.unlink(missing_ok=True)

    def delete_report(self, job_id: str) -> None:
        """Delete a job's report, where it is there."""
        self.report(job_id).unlink(missing_ok=True)

    def keep_only(self, job_ids: set[str]) -> None:
        """Delete the files of all other jobs, and what was being written when the service ended."""
        for path in (*self._uploads.iterdir(), *self._reports.iterdir()):
            if path.name.partition(".")[0] not in job_ids or path.name.endswith(PARTIAL):
                path.unlink(missing_ok=True)


class Page:
    """A report that is open.

    Args:
        path: path of its file.

    Attributes:
        size: bytes that it has.

    Raises:
        FileNotFoundError: it is not there.
    """

    def __init__(self, path: Path) -> None:
        self._stream = path.open("rb")
        self.size = os.fstat(self._stream.fileno()).st_size

    def pieces(self) -> Iterator[bytes]:
        """Yield its bytes, and close it."""
        with self._stream as stream:
            while piece := stream.read(_PIECE_BYTES):
                yield piece


class Upload:
    """A file that is written piece by piece, and has its name once it is whole and on the disk.

    Args:
        path: path of the file.
        most_bytes: bytes that it may have.

    Attributes:
        path: path of the file.
        size: bytes that were written.
    """

    def __init__(self, path: Path, most_bytes: int) -> None:
        self.path = path
        self.size = 0
        self._most_bytes = most_bytes
        self._partial = path.with_name(path.name + PARTIAL)
        descriptor = os.open(self._partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._stream: IO[bytes] = os.fdopen(descriptor, "wb")

    def write(self, piece: bytes) -> None:
        """Write a piece.

        Raises:
            Problem: the file is larger than it may be.
            OSError: the disk is full, or another fault of it.
        """
        self.size += len(piece)
        if self.size > self._most_bytes:
            raise too_large(self._most_bytes)
        self._stream.write(piece)

    def finish(self) -> None:
        """Let the file be on the disk, under its name."""
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()
        self._partial.replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def drop(self) -> None:
        """Delete what was written; more than once is fine."""
        with suppress(OSError):
            self._stream.close()
        self._partial.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)


def too_large(most_bytes: int) -> Problem:
    """The problem of a file that is larger than it may be."""
    return Problem(413, "limit", f"the upload is larger than {most_bytes >> 20} MiB; send a smaller file")


def no_room(error: OSError) -> Problem:
    """The problem of a file that the disk does not take."""
    return Problem(507, "limit", f"the service cannot keep the file ({error.strerror}); try later")


def known_suffix(name: str) -> str:
    """The suffix of a name where it is one of a video or an image, else none.

    Examples:
        >>> known_suffix("CLIP.MP4"), known_suffix("../../x.sh")
        ('.mp4', '')
    """
    suffix = PurePosixPath(name).suffix.lower()
    return suffix if suffix in VIDEO_SUFFIXES or suffix in IMAGE_SUFFIXES else ""


def client_name(name: str) -> str:
    r"""A name from outside as results show it: the last part of a path, printable, and not too long.

    Examples:
        >>> (
        ...     client_name("../../etc/passwd"),
        ...     client_name("C:\\clips\\a.mp4"),
        ...     client_name(""),
        ... )
        ('passwd', 'a.mp4', 'upload')
    """
    last = PureWindowsPath(PurePosixPath(name).name).name  # knows both kinds of slashes
    shown = printable(last.encode("utf-8", "backslashreplace").decode())
    return shown[-_LONGEST_NAME:] if shown not in ("", ".", "..") else "upload"
