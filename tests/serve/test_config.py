from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from genconvit.serve.config import ServeConfig

KEYS: dict[str, Any] = {"keys": Path("keys.json"), "origin": "https://check.example.org"}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.9.1"])
def test_loopback_needs_neither_keys_nor_an_origin(host: str) -> None:
    assert ServeConfig(host=host).is_loopback


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "check.example.org"])  # noqa: S104
def test_elsewhere_keys_and_an_origin_are_needed(host: str) -> None:
    assert not ServeConfig(host=host, **KEYS).is_loopback
    for lacking in KEYS:
        with pytest.raises(ValidationError, match=r"takes keys .* and an origin"):
            ServeConfig(host=host, **{name: value for name, value in KEYS.items() if name != lacking})


@pytest.mark.parametrize("origin", ["check.example.org", "https://a.example/", "ftp://a.example", "*", "null", ""])
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(ValidationError, match="an origin is a scheme and a host"):
        ServeConfig(origin=origin)


@pytest.mark.parametrize("options", [{"thresholds": ("much",)}, {"port": 70000}, {"queue": 0}, {"reports": "nice"}])
def test_what_is_not_allowed_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ServeConfig.model_validate(options)
