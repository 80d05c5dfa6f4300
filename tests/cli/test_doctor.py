"""The doctor finds what is here, and says what to do where something is missing or broken."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from genconvit.core.errors import WeightsError
from genconvit.doctor import EXTRAS, Diagnosis, examine
from genconvit.registry import VIDEO_DECODERS
from genconvit.video.pyav import PyAVDecoder

from .conftest import Run

PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"


def found() -> dict[str, Diagnosis]:
    return {diagnosis.name: diagnosis for diagnosis in examine()}


def test_it_finds_what_every_installation_has() -> None:
    diagnoses = found()
    assert {diagnoses[name].state for name in ("genconvit", "cpu", "pyav", "mtcnn", "embedded (v2_nano)")} == {"ok"}
    assert {diagnosis.kind for diagnosis in diagnoses.values()} == {
        "machine",
        "device",
        "video decoder",
        "face detector",
        "weights",
        "extra",
    }
    assert all(diagnosis.advice for diagnosis in diagnoses.values() if diagnosis.state == "missing")


def test_each_extra_for_users_is_explained() -> None:
    section = PROJECT.read_text().split("[project.optional-dependencies]")[1].split("\n[")[0]
    declared = set(re.findall(r"^(\w+) = ", section, flags=re.MULTILINE))
    assert EXTRAS.keys() == declared - {"all", "docs", "dev"}


def test_an_extra_that_is_not_there_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXTRAS, "plots", (("no_such_module",), "pictures"))
    plots = found()["plots"]
    assert (plots.state, plots.detail) == ("missing", "pictures: no_such_module not installed")
    assert plots.advice == "pip install 'genconvit[plots]'"


def test_an_extra_that_does_not_import_is_broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "half_a_module.py").write_text("raise OSError('libthing.so is not there')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(EXTRAS, "plots", (("half_a_module",), "pictures"))
    plots = found()["plots"]
    assert (plots.state, plots.advice) == ("broken", "pip install 'genconvit[plots]'")
    assert "does not import (OSError: libthing.so is not there)" in plots.detail


def test_a_plugin_that_fails_and_weights_that_are_gone_are_broken(
    run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Blind(PyAVDecoder):
        name = "blind"

        def open(self, path: Path) -> None:  # type: ignore[override]
            raise KeyError(path.name)

    def gone() -> None:
        raise WeightsError("a file of the installation is gone")

    monkeypatch.setitem(VIDEO_DECODERS._registered, "blind", Blind)
    monkeypatch.setattr("genconvit.doctor.all_embedded", gone)
    diagnoses = found()
    assert (diagnoses["blind"].state, diagnoses["blind"].detail) == ("broken", "KeyError: 'clip.mp4'")
    assert (diagnoses["embedded"].state, diagnoses["embedded"].advice) == ("broken", "reinstall genconvit")
    ended = run("doctor")
    assert ended.status == 1
    assert "reinstall genconvit" in ended.out
    assert "genconvit weights download" in ended.out
