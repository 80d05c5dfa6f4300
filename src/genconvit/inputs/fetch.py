"""Sources whose files are elsewhere, fetched in the background before they are needed, in the order of the sources."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

from genconvit.core.addresses import address_name, is_remote
from genconvit.core.ahead import Ahead
from genconvit.core.closeable import Closeable
from genconvit.core.errors import ConfigError, SourceAccessError, SourceError
from genconvit.core.optional import require
from genconvit.core.text import first_line
from genconvit.inputs.address import Address, parse_address
from genconvit.inputs.answer import Server
from genconvit.inputs.asking import Asking
from genconvit.inputs.cache import Copy, RemoteCache
from genconvit.inputs.deadline import Deadline
from genconvit.inputs.download import Download
from genconvit.inputs.object_store import ObjectStores
from genconvit.inputs.options import RemoteOptions
from genconvit.results.provenance import RemoteObject
from genconvit.results.result import ManifestCell
from genconvit.video.given import GivenSource, RemoteState
from genconvit.video.names import Source, path_of, source_name

_ASKED_AT_ONCE = 16
"""Number of servers that are asked for the state of their files at the same time."""

_TIDY_EACH = 16
"""Number of new files after which the cache is looked through."""


class RemoteFiles(Closeable):
    """Fetches files of other machines; safe to call from several threads.

    Args:
        options: limits.

    Raises:
        ConfigError: the cache's folder cannot be made, or holds less than one file may have.
    """

    def __init__(self, options: RemoteOptions | None = None) -> None:
        self._options = options or RemoteOptions()
        if self._options.most_bytes > self._options.cache_bytes:
            raise ConfigError(
                f"most_bytes is {self._options.most_bytes} and cache_bytes {self._options.cache_bytes}; the cache must "
                "hold at least one file: raise cache_bytes (--remote-cache-limit), or lower most_bytes"
            )
        self._plain = frozenset(self._options.allow_hosts)
        self._pool = ThreadPoolExecutor(self._options.at_once, thread_name_prefix="genconvit-fetch")
        self._asking_pool = ThreadPoolExecutor(_ASKED_AT_ONCE, thread_name_prefix="genconvit-ask")
        self._changing = threading.Lock()
        self._servers: dict[str, Server] = {}
        self._cache: RemoteCache | None = None
        self._deadlines: set[Deadline] = set()
        self._new = 0
        self._is_closed = False

    def each(self, sources: Iterable[Source]) -> Iterator[Source]:
        """The sources in their order, with a local copy or an error in place of each address.

        A few files are fetched ahead of the one that is asked for; a source without an address costs nothing.
        """
        with Ahead(self._begun(sources), "remote", room=self._options.at_once) as begun:
            for each in begun:
                yield each.result() if isinstance(each, Future) else each

    def told(self, sources: Iterable[Source], wanted: Callable[[Source], bool] = bool) -> Generator[Source, None, None]:
        """The sources in their order, each address with its state as far as its server tells it.

        Several servers are asked at the same time, ahead of the source that is asked for. No file is fetched.

        Args:
            sources: the sources.
            wanted: tells whether the state of an address is asked for; left out, that of all.
        """
        with Ahead(self._asked(sources, wanted), "remote-states", room=_ASKED_AT_ONCE) as asked:
            for source, state in asked:
                yield source if state is None else _with_state(source, state.result())

    def state(self, given: str) -> RemoteState | None:
        """The state of an address; None where its server does not tell."""
        try:
            address = parse_address(given, self._plain)
            with self._deadline() as deadline:
                options = self._options.model_copy(update={"retries": min(self._options.retries, 1)})
                return Asking(address, self._server(address.scheme), options, deadline).state()
        except (SourceError, ConfigError, OSError, ValueError):
            return None

    def here(self, given: str) -> str | GivenSource:
        """A path as it is; the local copy of an address, or the error that says why there is none."""
        return self.fetch(given) if is_remote(given) else given

    def fetch(self, given: str, manifest: dict[str, ManifestCell] | None = None) -> GivenSource:
        """The local copy of an address, or the error that says why there is none.

        Args:
            given: address, ``https://``, ``s3://`` or ``gs://``.
            manifest: columns that the source brings along.
        """
        name = address_name(given)
        try:
            copy = self._copy(parse_address(given, self._plain))
        except SourceError as error:
            return GivenSource("", name, manifest, error=error)
        except ConfigError as error:
            return GivenSource("", name, manifest, error=SourceAccessError(name, str(error)))
        except (OSError, ValueError) as error:
            what = "the cache fails" if isinstance(error, OSError) else "not an address"
            return GivenSource("", name, manifest, error=SourceAccessError(name, f"{what} ({first_line(error)})"))
        record = copy.record
        remote = RemoteObject(url=name, etag=record.etag, size=record.size, modified=record.modified)
        return GivenSource(str(copy.path), name, manifest, remote, lease=copy.lease)

    def close(self) -> None:
        """End what is under way; what is there stays in the cache."""
        with self._changing:
            self._is_closed = True
            for each in self._deadlines:
                each.cut()
        for pool in (self._pool, self._asking_pool):
            pool.shutdown(cancel_futures=True)
        if self._cache is not None:
            self._cache.tidy()

    def _begun(self, sources: Iterable[Source]) -> Generator[Source | Future[GivenSource], None, None]:
        for source in sources:
            given = path_of(source)
            if given is None or not is_remote(given) or (isinstance(source, GivenSource) and source.error):
                yield source
                continue
            columns = dict(source.manifest) if isinstance(source, GivenSource) and source.manifest is not None else None
            yield self._pool.submit(self.fetch, given, columns)

    def _asked(
        self, sources: Iterable[Source], wanted: Callable[[Source], bool]
    ) -> Generator[tuple[Source, Future[RemoteState | None] | None], None, None]:
        for source in sources:
            given = path_of(source)
            is_asked = given is not None and is_remote(given) and wanted(source)
            yield source, self._asking_pool.submit(self.state, str(given)) if is_asked else None

    def _copy(self, address: Address) -> Copy:
        cache, server = self._opened_cache(), self._server(address.scheme)
        with self._deadline() as deadline, cache.turn(address, deadline):
            old = cache.find(address)
            known = old.record.etag if old else None
            with cache.new(address) as file:
                download = Download(Asking(address, server, self._options, deadline), file, known)
                if not download.run() and old is not None:
                    return old
                copy = cache.keep(address, file, download.etag, download.modified)
            if old is not None:
                outdated, old = old.path, None  # and with it its lease
                cache.remove(outdated)
        self._count(cache)
        return copy

    @contextmanager
    def _deadline(self) -> Iterator[Deadline]:
        with Deadline(self._options.total_seconds) as deadline:
            with self._changing:
                self._deadlines.add(deadline)
                if self._is_closed:
                    deadline.cut()
            try:
                yield deadline
            finally:
                with self._changing:
                    self._deadlines.discard(deadline)

    def _opened_cache(self) -> RemoteCache:
        with self._changing:
            if self._cache is None:
                self._cache = RemoteCache(self._options.cache_folder, self._options.cache_bytes)
                self._cache.tidy()  # what a dead run has left may fill the disk
            return self._cache

    def _server(self, scheme: str) -> Server:
        with self._changing:
            kind = "web" if scheme.startswith("http") else "store"
            if kind not in self._servers:
                self._servers[kind] = self._web() if kind == "web" else ObjectStores(self._options)
            return self._servers[kind]

    def _web(self) -> Server:
        require("httpcore", package="httpcore", extra="remote", purpose="reading https://")
        from genconvit.inputs.web import Web

        return Web(self._options)

    def _count(self, cache: RemoteCache) -> None:
        with self._changing:
            self._new += 1
            is_due = self._new % _TIDY_EACH == 0
        if is_due:
            cache.tidy()


def _with_state(address: Source, state: RemoteState | None) -> GivenSource:
    given = address if isinstance(address, GivenSource) else GivenSource(str(path_of(address)), source_name(address))
    return replace(given, state=state)
