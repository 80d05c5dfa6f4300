"""Files of a web server that does what it should not."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest

from genconvit.core.addresses import address_name
from genconvit.core.errors import ConfigError, SourceAccessError
from genconvit.inputs.fetch import RemoteFiles
from genconvit.inputs.options import RemoteOptions
from genconvit.video.given import GivenSource, RemoteState
from genconvit.video.names import Source, source_name

from .conftest import Remote
from .remote_server import Served, Site

CONTENT = bytes(range(256)) * 40
TAG = {"ETag": '"one"'}


def content(source: GivenSource) -> bytes:
    assert source.error is None, source.error
    return Path(source.path).read_bytes()


def reason(source: GivenSource) -> str:
    assert source.error is not None
    assert (source.path, source.remote) == ("", None)
    return source.error.reason


def test_a_file_is_fetched_once_and_then_only_asked_for(web: Site, remote: Remote) -> None:
    web.answers["/a/clip.MP4"] = [Served(CONTENT, headers=TAG)]
    url = web.url("/a/clip.MP4?X-Amz-Signature=secret#x")
    source = remote().fetch(url, {"id": 7})
    assert content(source) == CONTENT
    assert source.name == web.url("/a/clip.MP4")
    assert source.remote is not None
    assert source.remote.model_dump() == {"url": source.name, "etag": '"one"', "size": len(CONTENT), "modified": None}
    assert (source.manifest, Path(source.path).suffix) == ({"id": 7}, ".mp4")
    again = remote().fetch(url)
    assert (content(again), again.remote, again.path) == (CONTENT, source.remote, source.path)
    assert web.asked_headers("if-none-match") == [None, '"one"']
    assert web.asked_headers("accept-encoding") == ["identity"] * 2


def test_a_new_version_takes_the_old_ones_place(web: Site, remote: Remote) -> None:
    web.answers["/a.mp4"] = [Served(b"old", headers=TAG), Served(b"newer", headers={"ETag": '"two"'})]
    path = Path(remote().fetch(web.url("/a.mp4")).path)
    source = remote().fetch(web.url("/a.mp4"))
    assert content(source) == b"newer"
    assert source.remote is not None
    assert source.remote.etag == '"two"'
    assert not path.exists()


def test_without_a_tag_nothing_is_taken_for_unchanged(web: Site, remote: Remote) -> None:
    web.answers["/a"] = [Served(b"old"), Served(b"new")]
    assert [content(remote().fetch(web.url("/a"))) for _ in range(2)] == [b"old", b"new"]
    assert web.asked_headers("if-none-match") == [None, None]


def test_a_dropped_connection_goes_on_where_it_was(web: Site, remote: Remote) -> None:
    web.answers["/a.mp4"] = [Served(CONTENT, headers=TAG, cut=cut) for cut in (5000, 3000)] + [
        Served(CONTENT, headers=TAG)
    ]
    assert content(remote().fetch(web.url("/a.mp4"))) == CONTENT
    assert web.asked_headers("range") == [None, "bytes=5000-", "bytes=8000-"]
    assert web.asked_headers("if-range") == [None, '"one"', '"one"']


def test_a_file_that_changes_between_attempts_begins_anew(web: Site, remote: Remote) -> None:
    other = CONTENT[::-1]
    web.answers["/a.mp4"] = [Served(CONTENT, headers=TAG, cut=5000), Served(other, headers={"ETag": '"two"'})]
    source = remote().fetch(web.url("/a.mp4"))
    assert content(source) == other
    assert source.remote is not None
    assert source.remote.etag == '"two"'


@pytest.mark.parametrize("tag", ['W/"weak"', ""])
def test_without_a_strong_tag_no_rest_is_asked_for(web: Site, remote: Remote, tag: str) -> None:
    headers = {"ETag": tag} if tag else {}
    web.answers["/a"] = [Served(CONTENT, headers=headers, cut=5000), Served(CONTENT, headers=headers)]
    assert content(remote().fetch(web.url("/a"))) == CONTENT
    assert web.asked_headers("range") == [None, None]


def test_a_part_that_was_not_asked_for_is_not_taken(web: Site, remote: Remote) -> None:
    wrong = {**TAG, "Content-Range": f"bytes 0-9/{len(CONTENT)}"}
    web.answers["/a"] = [
        Served(CONTENT, headers=TAG, cut=5000),
        Served(CONTENT[:10], status=206, headers=wrong),
        Served(CONTENT, headers=TAG),
    ]
    assert content(remote().fetch(web.url("/a"))) == CONTENT


def test_fewer_bytes_than_were_announced_are_no_file(web: Site, remote: Remote) -> None:
    web.answers["/a"] = [Served(CONTENT, headers={"Content-Length": str(2 * len(CONTENT))})]
    found = reason(remote(retries=2).fetch(web.url("/a")))
    assert found.startswith("not fetched in 3 attempts: ")
    assert len(web.asked) == 3


def test_of_more_bytes_than_were_announced_the_rest_is_no_part_of_the_file(web: Site, remote: Remote) -> None:
    web.answers["/a"] = [Served(CONTENT, headers={"Content-Length": "100"})]
    source = remote().fetch(web.url("/a"))
    assert content(source) == CONTENT[:100]
    web.answers["/b"] = [Served(b"b")]
    assert content(remote().fetch(web.url("/b"))) == b"b"


@pytest.mark.parametrize("headers", [{}, {"Content-Length": ""}], ids=["announced", "not announced"])
def test_a_file_that_is_too_long_is_not_read_to_its_end(web: Site, remote: Remote, headers: dict[str, str]) -> None:
    web.answers["/a"] = [Served(CONTENT, headers=headers)]
    source = remote(most_bytes=1000).fetch(web.url("/a"))
    assert reason(source) == "longer than the 1000 bytes that are fetched of one file"
    assert source.error is not None
    assert source.error.code == "limit"
    assert len(web.asked) == 1


@pytest.mark.parametrize(
    ("status", "message"),
    [(403, "access refused (status 403)"), (404, "not found (status 404)"), (418, "the server answers (status 418)")],
)
def test_a_refusal_is_asked_for_once(web: Site, remote: Remote, status: int, message: str) -> None:
    web.answers["/a"] = [Served(status=status)]
    assert reason(remote().fetch(web.url("/a"))) == message
    assert len(web.asked) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_that_is_busy_is_asked_again(web: Site, remote: Remote, status: int) -> None:
    web.answers["/a"] = [Served(status=status), Served(status=status, headers={"Retry-After": "0"}), Served(CONTENT)]
    assert content(remote().fetch(web.url("/a"))) == CONTENT
    web.answers["/b"] = [Served(status=status)]
    assert reason(remote(retries=1).fetch(web.url("/b"))) == (
        f"not fetched in 2 attempts: the server answers with status {status}"
    )


@pytest.mark.parametrize("wait", ["7200", "Fri, 01 Jan 2100 00:00:00 GMT"])
def test_a_wait_that_is_longer_than_the_time_there_is_is_not_waited(web: Site, remote: Remote, wait: str) -> None:
    web.answers["/a"] = [Served(status=429, headers={"Retry-After": wait})]
    found = reason(remote().fetch(web.url("/a")))
    assert found.startswith("not fetched in one attempt: the server answers with status 429, and asks to wait ")


def test_a_wait_that_a_server_asks_for_is_waited(web: Site, remote: Remote) -> None:
    web.answers["/a"] = [Served(status=503, headers={"Retry-After": "1"}), Served(CONTENT)]
    start = time.monotonic()
    assert content(remote().fetch(web.url("/a"))) == CONTENT
    assert time.monotonic() - start >= 1


def test_a_server_that_stops_sending_is_left_at_the_time_limit(web: Site, remote: Remote) -> None:
    pause = threading.Event()
    web.answers["/a"] = [Served(CONTENT, pause=pause)]
    assert "the server does not answer in time" in reason(remote(retries=0, read_seconds=0.2).fetch(web.url("/a")))
    found = reason(remote(read_seconds=50, total_seconds=0.5).fetch(web.url("/a")))
    assert "the time for one file is over" in found
    pause.set()


def test_closing_ends_what_is_under_way(web: Site, remote: Remote) -> None:
    pause = threading.Event()
    web.answers["/a"] = [Served(CONTENT, pause=pause)]
    files = remote()
    found: list[GivenSource] = []
    thread = threading.Thread(target=lambda: found.append(files.fetch(web.url("/a"))))
    thread.start()
    while not web.asked:
        time.sleep(0.01)
    files.close()
    thread.join(20)
    pause.set()
    assert not thread.is_alive()
    assert found[0].error is not None


def test_no_other_host_than_those_that_were_named_is_private(web: Site, remote: Remote) -> None:
    files = remote(allow_hosts=("localhost",))
    assert "http:// is not encrypted" in reason(files.fetch(web.url("/a")))
    found = reason(files.fetch(f"https://127.0.0.1:{web.port}/a"))
    assert found.startswith("127.0.0.1 has the address 127.0.0.1, which is not public; where that is meant")
    assert web.asked == []
    web.answers["/a"] = [Served(CONTENT)]
    assert content(files.fetch(f"http://localhost:{web.port}/a")) == CONTENT


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("https://169.254.169.254/latest/meta-data", "169.254.169.254, which is not public"),
        ("https://[::ffff:10.0.0.1]/a", "which is not public"),
        ("http://localhost/a", "it redirects to what is not allowed: http:// is not encrypted"),
        ("file:///etc/passwd", "it redirects to what is not allowed: addresses of file:// are not read"),
        ("s3://bucket/key", "it redirects to s3://, which is not followed"),
        ("https://me:pw@127.0.0.1/a", "it redirects to what is not allowed: it names a user"),
        ("/again", "more than 5 redirects"),
        ("", "a redirect that leads nowhere"),
    ],
)
def test_a_redirect_is_checked_as_an_address_is(web: Site, remote: Remote, target: str, message: str) -> None:
    for path in ("/a", "/again"):
        web.answers[path] = [Served(status=302, headers={"Location": target})]
    found = reason(remote().fetch(web.url("/a")))
    assert message in found
    assert "pw" not in found


def test_a_redirect_to_an_allowed_host_is_followed(web: Site, remote: Remote) -> None:
    web.answers["/a"] = [Served(status=307, headers={"Location": "/b?token=secret"})]
    web.answers["/b"] = [Served(CONTENT, headers=TAG)]
    source = remote().fetch(web.url("/a"))
    assert (content(source), source.name) == (CONTENT, web.url("/a"))
    assert "secret" not in repr(source)


def test_what_is_sent_compressed_is_refused(web: Site, remote: Remote) -> None:
    web.answers["/a"] = [Served(CONTENT, headers={"Content-Encoding": "gzip"})]
    assert reason(remote().fetch(web.url("/a"))) == "the server sends it in another form than asked for ('gzip')"


@pytest.mark.parametrize("tag", ['"\xe9"', '"' + "x" * 300 + '"', "a\tb"])
def test_a_tag_that_cannot_be_sent_back_is_none(web: Site, remote: Remote, tag: str) -> None:
    web.answers["/a"] = [Served(CONTENT, headers={"ETag": tag})]
    for _ in range(2):
        source = remote().fetch(web.url("/a"))
        assert content(source) == CONTENT
        assert source.remote is not None
        assert source.remote.etag is None
    assert web.asked_headers("if-none-match") == [None, None]


@pytest.mark.parametrize(
    "given",
    [
        "https://" + "a" * 70 + ".invalid/x",
        "https://\u00fc\u0000/x",
        "https://.../x",
        "https://%00/x",
        "https://-/x",
        "https://host:0/x",
        "https://[::1%25lo]/x",
        "https://1.1.1.1:99999/x",
        "http://2130706433/x",
        "https://0x7f.1/x",
        "https://\udcff/x",
        "s3://b/../x",
        "https:///@/x",
        "https://",
    ],
)
def test_an_odd_address_is_a_reason(remote: Remote, given: str) -> None:
    files = remote(retries=0, connect_seconds=0.2, total_seconds=2)
    assert reason(files.fetch(given))
    assert [each for each in files.each([given]) if isinstance(each, GivenSource) and each.error]


def test_nobody_answers(remote: Remote) -> None:
    assert "not fetched in 2 attempts: the connection fails" in reason(remote(retries=1).fetch("http://127.0.0.1:9/a"))


def test_sources_keep_their_order_and_those_here_stay_as_they_are(web: Site, remote: Remote) -> None:
    web.answers["/slow"] = [Served(b"slow", pause=None), Served(b"slow")]
    web.answers["/fast"] = [Served(b"fast")]
    broken = GivenSource("", "row 1", error=SourceAccessError("row 1", "no path"))
    given: list[Source] = [
        "a.mp4",
        web.url("/slow"),
        "",
        web.url("/fast"),
        broken,
        GivenSource(web.url("/fast"), "x", {"id": 1}),
    ]
    found = list(remote().each(given))
    assert (found[0], found[2], found[4]) == ("a.mp4", "", broken)
    fetched = [each for each in found if isinstance(each, GivenSource) and each is not broken]
    assert [content(each) for each in fetched] == [b"slow", b"fast", b"fast"]
    assert [each.manifest for each in fetched] == [None, None, {"id": 1}]


def test_only_a_few_are_fetched_ahead(web: Site, remote: Remote) -> None:
    web.answers["/a"] = [Served(b"a")]
    taken = []

    def sources() -> Iterator[Source]:
        for number in range(100):
            taken.append(number)
            yield web.url("/a")

    each = remote(at_once=2).each(sources())
    next(iter(each))
    time.sleep(0.2)
    assert len(taken) <= 6


def test_the_cache_is_bounded_and_what_is_read_stays(web: Site, remote: Remote, tmp_path: Path) -> None:
    for name in "abcd":
        web.answers[f"/{name}"] = [Served(name.encode() * 1000, headers=TAG)]
    files = remote(cache_bytes=2500, most_bytes=1000)
    kept = files.fetch(web.url("/a"))
    for name in "bcd":
        path = Path(files.fetch(web.url(f"/{name}")).path)
        os.utime(path, (ord(name), ord(name)))
    files.close()
    assert content(kept) == b"a" * 1000
    assert {each.read_bytes()[:1] for each in (tmp_path / "cache").glob("*.bin")} == {b"a", b"d"}
    assert len(list((tmp_path / "cache").glob("*.json"))) == 2


def test_a_damaged_copy_is_fetched_again(web: Site, remote: Remote) -> None:
    web.answers["/a"] = [Served(CONTENT, headers=TAG)]
    first = remote().fetch(web.url("/a"))
    Path(first.path).write_bytes(b"cut")
    assert content(remote().fetch(web.url("/a"))) == CONTENT


def test_two_processes_share_a_cache(web: Site, remote: Remote, tmp_path: Path) -> None:
    web.answers["/a"] = [Served(CONTENT, headers=TAG)]
    program = f"""
        from genconvit.inputs.fetch import RemoteFiles
        from genconvit.inputs.options import RemoteOptions

        with RemoteFiles(RemoteOptions(allow_hosts=("127.0.0.1",), cache={str(tmp_path / "cache")!r})) as files:
            for _ in range(20):
                source = files.fetch({web.url("/a")!r})
                assert open(source.path, "rb").read() == bytes(range(256)) * 40, source
        """
    run = [sys.executable, "-c", textwrap.dedent(program)]
    others = [subprocess.Popen(run) for _ in range(2)]
    files = remote()
    for _ in range(20):
        assert content(files.fetch(web.url("/a"))) == CONTENT
    assert [each.wait(100) for each in others] == [0, 0]
    assert web.asked_headers("if-none-match").count(None) == 1
    assert not list((tmp_path / "cache").glob("*.partial"))


def test_a_killed_run_leaves_nothing_that_stays(web: Site, remote: Remote, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "x.partial").touch()
    web.answers["/a"] = [Served(CONTENT)]
    files = remote()
    files.fetch(web.url("/a"))
    files.close()
    assert not list((tmp_path / "cache").glob("*.partial"))


def test_a_cache_that_cannot_be_written_is_a_reason(web: Site, remote: Remote, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert reason(remote(cache=str(tmp_path / "file")).fetch(web.url("/a"))).startswith("the cache fails (")


def test_a_cache_smaller_than_a_file_is_refused() -> None:
    with pytest.raises(ConfigError, match="most_bytes is 20 and cache_bytes 10"):
        RemoteFiles(RemoteOptions(cache_bytes=10, most_bytes=20))


CHANGED = {"Last-Modified": "Sat, 28 Nov 2026 10:00:00 GMT"}


def test_a_state_is_what_the_server_tells(web: Site, remote: Remote) -> None:
    web.answers["/tag"] = [Served(CONTENT, headers={**TAG, **CHANGED})]
    web.answers["/time"] = [Served(CONTENT, headers={**CHANGED, "ETag": "x" * 300})]
    web.answers["/nothing"] = [Served(CONTENT, headers={"Content-Length": "", "Last-Modified": "yesterday"})]
    web.answers["/busy"] = [Served(status=503), Served(CONTENT)]
    web.answers["/away"] = [Served(status=503)]
    files = remote()
    time_of = datetime(2026, 11, 28, 10, tzinfo=timezone.utc)
    size = len(CONTENT)
    assert files.state(web.url("/tag")) == RemoteState('"one"', time_of, size)
    assert files.state(web.url("/time")) == RemoteState(None, time_of, size)
    assert files.state(web.url("/nothing")) == RemoteState(None, None, None)
    assert files.state(web.url("/busy")) == RemoteState(None, None, size)
    assert [files.state(each) for each in (web.url("/away"), web.url("/none"), "https://[", "ftp://h/a")] == [None] * 4
    source = files.fetch(web.url("/time"))
    assert source.remote is not None
    assert (source.remote.etag, source.remote.modified) == (None, time_of)


def test_no_bytes_are_read_for_a_state(web: Site, remote: Remote, tmp_path: Path) -> None:
    pause = threading.Event()
    web.answers["/a"] = [Served(CONTENT, headers=TAG, pause=pause)]
    assert remote().state(web.url("/a")) == RemoteState('"one"', None, len(CONTENT))
    pause.set()
    assert not (tmp_path / "cache").exists()


def test_those_that_are_wanted_are_asked_for_at_the_same_time_in_their_order(web: Site, remote: Remote) -> None:
    web.answers.update({f"/{number}": [Served(headers={"ETag": f'"{number}"'})] for number in range(40)})
    web.answers["/0"] = [Served(status=302, headers={"Location": "/1"})]
    given: list[Source] = ["a.mp4", *(web.url(f"/{number}?t={number}") for number in range(40)), b"odd"]  # type: ignore[list-item]
    found = list(remote().told(given, lambda source: not source_name(source).startswith(web.url("/7"))))
    assert [found[0], found[-1]] == [given[0], given[-1]]
    states = [each.state if isinstance(each, GivenSource) else None for each in found[1:-1]]
    tags = [f'"{number}"' if number != 7 else None for number in range(40)]
    assert [state and state.etag for state in states] == ['"1"', *tags[1:]]
    assert [source_name(each) for each in found[1:-1]] == [address_name(str(each)) for each in given[1:-1]]


def test_what_dead_runs_have_left_is_gone_before_anything_is_fetched(web: Site, remote: Remote, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    left, written = cache / "x.0.partial", cache / ".genconvit-0123456789abcdef.partial"
    left.write_bytes(CONTENT)
    written.touch()
    web.answers["/a"] = [Served(CONTENT)]
    files = remote()
    assert content(files.fetch(web.url("/a"))) == CONTENT
    assert (left.exists(), written.exists()) == (False, True)  # another process may be at its record
    os.utime(written, (1, 1))
    files.close()
    assert not written.exists()
