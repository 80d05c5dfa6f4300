"""Sources of predict: names on stdin, manifests, files of other machines, and what they must not become."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from genconvit import VideoResult
from genconvit.core.addresses import address_name
from inputs.remote_server import Served, Site
from stubs import grey_clip

from .conftest import FakeDetector, Run

RANDOM = ("--weights", "random", "--format", "jsonl")
REAL = ("--weights", "embedded", "--frames", "1", "--format", "jsonl")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A clip without a face."""
    return grey_clip(tmp_path / "grey.mp4", 90)


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Let stdin hold some bytes."""

    def hold(content: bytes) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))

    return hold


def found(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def names(out: str) -> list[str]:
    return [each["source"] for each in found(out)]


def test_names_come_from_stdin_in_their_place(
    run: Callable[..., Run], fake: FakeDetector, stdin: Callable[[bytes], None], tmp_path: Path
) -> None:
    assert not fake.configs
    (tmp_path / "c.mp4").touch()
    stdin(b"x 1.mp4\nx 1.mp4\n\ny.mp4")
    assert names(run("predict", "a.mp4", "-", tmp_path, *RANDOM).out) == [
        "a.mp4",
        "x 1.mp4",
        "x 1.mp4",
        "y.mp4",
        str(tmp_path / "c.mp4"),
    ]
    stdin(b"x\n1.mp4\0y.mp4\0")
    assert names(run("predict", "-", "-0", *RANDOM).out) == ["x\n1.mp4", "y.mp4"]
    stdin(b"")
    assert run("predict", "-", *RANDOM).out == ""


def test_a_manifests_columns_are_in_the_results(run: Callable[..., Run], clip: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "m.jsonl"
    rows = [{"path": clip.name, "id": 7, "who": "ü"}, {"id": 8}, {"path": "gone.mp4", "id": 9}]
    manifest.write_text("".join(json.dumps(row) + "\n" for row in rows))
    ended = run("predict", "--manifest", manifest, *REAL)
    assert ended.status == 3
    results = [VideoResult.model_validate_json(line) for line in ended.out.splitlines()]
    assert [each.status for each in results] == ["no_face", "unreadable", "unreadable"]
    assert [each.manifest for each in results] == [{"id": 7, "who": "ü"}, None, {"id": 9}]
    assert [each.source for each in results] == [
        str(clip),
        f"row 2 of {str(manifest)!r}",
        str(tmp_path / "gone.mp4"),
    ]
    assert (results[1].reason, results[1].error_code) == ("it has no path", "inaccessible")
    assert json.loads(str(results[0].to_row()["manifest"])) == {"id": 7, "who": "ü"}
    assert results[1].to_row()["manifest"] is None


def test_a_file_elsewhere_is_scored_as_if_it_were_here(
    run: Callable[..., Run], web: Site, clip: Path, tmp_path: Path
) -> None:
    web.answers["/v/grey.mp4"] = [Served(clip.read_bytes(), headers={"ETag": '"x"'})]
    web.answers["/gone.mp4"] = [Served(status=404)]
    url = web.url("/v/grey.mp4")
    names = [address_name(f"{web.url(path)}?sig=secret") for path in ("/v/grey.mp4", "/gone.mp4")]
    flags = ("--allow-host", "127.0.0.1", "--remote-cache", tmp_path / "cache")
    ended = run("predict", f"{url}?sig=secret", web.url("/gone.mp4?sig=secret"), clip, *flags, *REAL)
    remote, gone, local = found(ended.out)
    assert (ended.status, ended.err) == (3, "")
    assert [remote["source"], gone["source"]] == names
    assert (gone["status"], gone["reason"]) == ("unreadable", "not found (status 404)")
    assert remote["provenance"].pop("remote") == {
        "url": names[0],
        "etag": '"x"',
        "size": clip.stat().st_size,
        "modified": None,
    }
    assert local["provenance"].pop("remote") is None
    assert {**remote, "source": ""} == {**local, "source": ""}
    assert "secret" not in ended.out
    again = run("predict", url, "--remote-cache", tmp_path / "cache", *REAL)
    assert "http:// is not encrypted" in found(again.out)[0]["reason"]


def test_a_whole_cache_of_one_file_serves_many(run: Callable[..., Run], web: Site, clip: Path, tmp_path: Path) -> None:
    size = clip.stat().st_size
    content = clip.read_bytes()
    web.answers.update({f"/{number}.mp4": [Served(content, headers={"ETag": f'"{number}"'})] for number in range(12)})
    limit = f"{size / 1e9:.9f}"
    flags = ("--allow-host", "127.0.0.1", "--remote-cache", tmp_path / "cache")
    limits = ("--remote-cache-limit", limit, "--remote-size-limit", limit)
    urls = [web.url(f"/{number}.mp4") for number in range(12)]
    ended = run("predict", *urls, *flags, *limits, *REAL)
    assert (ended.status, names(ended.out)) == (0, urls)
    assert len(list((tmp_path / "cache").glob("*.mp4"))) == 1


@pytest.mark.parametrize("way", ["named", "stdin", "manifest", "the manifest itself"])
def test_no_input_is_written_over(
    run: Callable[..., Run], fake: FakeDetector, stdin: Callable[[bytes], None], tmp_path: Path, way: str
) -> None:
    assert not fake.configs
    video, other, manifest = (tmp_path / name for name in ("video.jsonl", "other.mp4", "m.csv"))
    video.write_bytes(b"a video")
    manifest.write_text(f"path\n{other}\n{video}\n")
    stdin(os.fsencode(f"{other}\n{video}\n"))
    given = {"named": (other, video), "stdin": ("-",)}.get(way, ("--manifest", manifest))
    output = manifest if way == "the manifest itself" else video
    before = output.read_bytes()
    ended = run("predict", *given, *RANDOM, "--output", output)
    assert ended.status == 2
    assert "is also read" in ended.err
    assert output.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "nothing to score; give a PATH, - for names on stdin, or --manifest FILE"),
        (("-", "-"), "- is given 2 times"),
        (("a.mp4", "--null"), "--null is about names on stdin"),
        (("--manifest", "clip.mp4"), "none of the suffixes .csv, .jsonl, .parquet"),
        (("a.mp4", "--allow-host", "https://host/"), "'https://host/' is no host"),
        (("a.mp4", "--remote-cache-limit", "nan"), "--remote-cache-limit is nan; allowed are gigabytes above 0"),
        (("a.mp4", "--remote-size-limit", "-1"), "--remote-size-limit is -1.0"),
        (("a.mp4", "--remote-cache-limit", "1"), "most_bytes is 4000000000 and cache_bytes 1000000000"),
        (("a.mp4", "--remote-time-limit", "0"), "total_seconds=0.0: Input should be greater than 0"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    run: Callable[..., Run], fake: FakeDetector, arguments: tuple[str, ...], message: str
) -> None:
    ended = run("predict", *arguments, *RANDOM)
    assert (ended.status, fake.template.status) == (2, "ok")
    assert message in ended.err


def test_sources_are_asked_for_as_they_are_scored(
    run: Callable[..., Run], fake: FakeDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A producer that waits for each answer gets it."""
    assert not fake.configs
    reading, writing = os.pipe()
    stdin = os.fdopen(reading)
    monkeypatch.setattr("sys.stdin", stdin)
    answered: list[str] = []

    class Answers(io.StringIO):
        """Stdout, each of whose lines lets the next name be written."""

        def write(self, text: str) -> int:
            answered.extend(names(text))
            if len(answered) < 3:
                os.write(writing, b"%d.mp4\n" % len(answered))
            elif len(answered) == 3:
                os.close(writing)
            return len(text)

    monkeypatch.setattr(sys, "stdout", Answers())
    os.write(writing, b"0.mp4\n")
    with stdin:
        assert run("predict", "-", *RANDOM).status == 0
    assert answered == ["0.mp4", "1.mp4", "2.mp4"]
