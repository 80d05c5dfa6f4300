from __future__ import annotations

import tracemalloc

from genconvit.journal.done import Done, DoneEntry
from genconvit.journal.identity import Identity
from genconvit.results.result import Status


def entry(source: str, size: int, status: Status = "ok", reason: str | None = None) -> DoneEntry:
    identity = Identity(size=size, mtime_ns=1)
    return DoneEntry(source=source, identity=identity, status=status, reason=reason, length=10, crc32=0)


def test_the_last_entry_of_a_source_counts() -> None:
    done = Done()
    done.add(entry("a", 1, "unreadable", "broken"))
    done.add(entry("b", 1, "no_face"))
    done.add(entry("a", 2))
    assert (done.tally.done, done.tally.failed, done.superseded) == (2, 0, 1)
    assert not done.answers("a", Identity(size=1, mtime_ns=1))
    assert done.answers("a", Identity(size=2, mtime_ns=1))
    assert not done.answers("c", Identity(size=1, mtime_ns=1))
    assert +done.tally.by_reason == {}


def test_failures_are_open_again_once_only() -> None:
    done, same = Done(), Identity(size=1, mtime_ns=1)
    done.add(entry("a", 1, "unreadable", "broken"))
    done.reopen_failures()
    assert (done.tally.done, done.answers("a", same)) == (0, False)
    done.add(entry("a", 1, "unreadable", "still broken"))
    assert (done.tally.done, done.answers("a", same), done.superseded) == (1, True, 1)
    assert +done.tally.by_reason == {"still broken": 1}


def test_a_source_takes_at_most_200_bytes_of_memory_whatever_its_name() -> None:
    done, count = Done(), 20_000
    entries = (entry(f"{'long name ' * 20}{number}", number) for number in range(count))
    tracemalloc.start()
    try:
        for each in entries:
            done.add(each)
        assert tracemalloc.get_traced_memory()[0] / count < 200
    finally:
        tracemalloc.stop()
