"""Files of object stores, ``s3://`` and ``gs://``, by fsspec."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from genconvit.core.errors import ConfigError, SourceAccessError, SourceError
from genconvit.core.optional import require
from genconvit.core.text import first_line
from genconvit.inputs.answer import Answer, Question, RetryError
from genconvit.inputs.deadline import Deadline
from genconvit.inputs.options import RemoteOptions

_PACKAGES = {"s3": "s3fs", "gs": "gcsfs"}
_BLOCK = 8 << 20
_PERMANENT = ("NoCredentialsError", "ParamValidationError", "InvalidRegionError", "DefaultCredentialsError")


class ObjectStores:
    """Asks object stores, with the credentials and the endpoint that their own libraries find on this machine.

    Args:
        options: time limits.
    """

    def __init__(self, options: RemoteOptions) -> None:
        self._options = options
        self._opened: dict[str, Any] = {}
        self._opening = threading.Lock()

    @contextmanager
    def answer(self, question: Question, deadline: Deadline) -> Iterator[Answer]:
        """Ask once; the bytes come in several questions, each for the same version of the file.

        Raises:
            RetryError: another attempt may do better.
            SourceError: none will.
        """
        del deadline  # each question has a time limit of its own
        name, target = question.address.name, question.address.target
        try:
            store = self._store(question.address.scheme)
            with store.open(target, "rb", block_size=_BLOCK, cache_type="none") as file:
                etag = _etag(file.details)
                if question.known is not None and etag == question.known:
                    yield Answer(etag, is_unchanged=True)
                    return
                is_rest = bool(question.start) and etag is not None and etag == question.etag
                file.seek(question.start if is_rest else 0)
                yield Answer(etag, is_rest=is_rest, size=int(file.size), blocks=_blocks(store, file, target, etag))
        except (RetryError, SourceError):
            raise
        except ConfigError as error:
            raise SourceAccessError(name, str(error)) from error
        except FileNotFoundError as error:
            raise SourceAccessError(name, "not found") from error
        except PermissionError as error:
            raise SourceAccessError(name, "access refused") from error
        except Exception as error:  # of three libraries, with types of their own
            if isinstance(error, OSError) and str(error).startswith("Forbidden"):  # gcsfs
                raise SourceAccessError(name, "access refused") from error
            if type(error).__name__ in _PERMANENT:
                raise SourceAccessError(name, first_line(error)) from error
            raise RetryError(f"the object store fails ({type(error).__name__}: {first_line(error)})") from error

    def _store(self, scheme: str) -> Any:  # noqa: ANN401 - they have no types
        with self._opening:
            if scheme not in self._opened:
                package = _PACKAGES[scheme]
                require(package, package=package, extra="remote", purpose=f"reading {scheme}://")
                self._opened[scheme] = self._open(scheme)
            return self._opened[scheme]

    def _open(self, scheme: str) -> Any:  # noqa: ANN401 - as above
        import fsspec

        limits = self._options
        kept = {"use_listings_cache": False, "skip_instance_cache": True}
        if scheme == "gs":
            return fsspec.filesystem("gs", requests_timeout=limits.read_seconds, **kept)
        times = {"connect_timeout": limits.connect_seconds, "read_timeout": limits.read_seconds}
        store = fsspec.filesystem("s3", config_kwargs={**times, "retries": {"max_attempts": 1}}, **kept)
        store.retries = 1  # those of a fetch are counted elsewhere
        return store


def _blocks(store: Any, file: Any, target: str, etag: str | None) -> Iterator[bytes]:  # noqa: ANN401 - as above
    """The bytes of an open file, up to its end, all of them of one version.

    Raises:
        RetryError: the object has changed meanwhile. s3fs asks for each part by its ETag; gcsfs does not.
    """
    yield from iter(lambda: file.read(_BLOCK), b"")
    if target.startswith("gs:") and _etag(store.info(target)) != etag:
        raise RetryError("it changed while it was read")


def _etag(details: dict[str, Any]) -> str | None:
    etag = details.get("ETag") or details.get("etag")
    return str(etag)[:200] if etag else None
