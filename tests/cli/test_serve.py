"""Flags of ``genconvit serve``, ``keys`` and ``submit``, and what is refused before anything is served."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from genconvit import DetectorConfig
from genconvit.serve.config import ServeConfig
from genconvit.serve.keys import read_keys

from .conftest import Run


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[ServeConfig, list[DetectorConfig]]]:
    """What would be served."""
    calls: list[Any] = []

    def serve(config: ServeConfig, detectors: list[DetectorConfig], listening: object) -> None:
        del listening
        calls.append((config, detectors))

    monkeypatch.setattr("genconvit.serve.server.serve", serve)
    return calls


def test_the_defaults_are_safe(run: Callable[..., Run], served: list[Any]) -> None:
    assert run("serve", "--weights", "embedded").status == 0
    ((config, (detector,)),) = served
    assert config == ServeConfig()
    assert config.is_loopback
    assert (config.root, config.webhook_hosts, config.keys) == (None, (), None)
    assert detector == DetectorConfig.from_options(weights="embedded")


def test_flags_become_options(run: Callable[..., Run], served: list[Any], tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text(json.dumps({"architecture": "original", "weights": "random"}))
    flags = ("--weights", "embedded", "--frames", "3", "--also", other, "--threshold-choice", "0.7", "--queue", "5")
    more = ("--host", "0.0.0.0", "--auth", "k.json", "--origin", "https://a.example", "--keep-result", "1")  # noqa: S104
    rest = ("--webhook-host", "b.example", "--reports", "plain", "--most-upload", "7")
    assert run("serve", *flags, *more, *rest).status == 0
    ((config, detectors),) = served
    assert [each.architecture for each in detectors] == ["v2", "original"]
    assert (detectors[0].frames, config.queue, config.thresholds, config.reports) == ("3", 5, ("0.7",), "plain")
    assert (config.host, config.keys, config.origin) == ("0.0.0.0", Path("k.json"), "https://a.example")  # noqa: S104
    assert (config.most_upload_mb, config.webhook_hosts, config.keep_result_hours) == (7, ("b.example",), 1.0)


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--host", "0.0.0.0"), "takes keys (--auth FILE"),  # noqa: S104
        (("--host", "0.0.0.0", "--auth", "keys.json"), "and an origin"),  # noqa: S104
        (("--auth", "none.json"), "holds no key"),
        (("--no-isolate",), "leave out --no-isolate"),
        (("--root", "none"), "is no folder"),
        (("--threshold-choice", "much"), "neither a number from 0 to 1"),
        (("--webhook-host", "https://a.example/"), "is no host"),
        (("--reports", "nice"), "reports='nice'"),
        (("--queue", "0"), "queue=0"),
    ],
)
def test_what_is_not_allowed_is_refused(
    run: Callable[..., Run], tmp_path: Path, flags: tuple[str, ...], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = run("serve", "--weights", "embedded", "--port", "0", *flags)
    assert (ended.status, ended.out) == (2, "")
    assert says in ended.err


def test_a_missing_package_is_told(run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    ended = run("serve", "--weights", "embedded")
    assert ended.status == 2
    assert "pip install 'genconvit[serve]'" in ended.err


def test_keys_are_made_listed_and_revoked(run: Callable[..., Run], tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    made = run("keys", "add", "anna", "--file", file).out
    assert made.startswith("key: gcv_")
    assert read_keys(file)[0].webhook_secret in made
    assert run("keys", "list", "--file", file).out.endswith("  anna\n")
    assert run("keys", "add", "anna", "--file", file).status == 2
    assert run("keys", "revoke", "anna", "--file", file).status == 0
    assert read_keys(file) == ()


def test_submit_refuses_what_it_would_overwrite_and_a_key_that_is_not_there(
    run: Callable[..., Run], tmp_path: Path
) -> None:
    file = tmp_path / "a.mp4"
    file.touch()
    to = ("--to", "http://localhost:1")
    assert "is also read" in run("submit", file, *to, "--output", file, "--format", "json").err
    assert "is for a single file, got 2" in run("submit", file, file, *to, "--report", "a.html").err
    assert "cannot be read" in run("submit", file, *to, "--key-file", tmp_path / "none").err
