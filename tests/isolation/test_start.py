"""Workers that cannot be had, and decoders that they cannot load."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

import hostile
from genconvit.core.errors import ConfigError, PluginError
from genconvit.isolation.decoders import why_not_isolated
from genconvit.video.base import VideoDecoder
from genconvit.video.decord import DecordDecoder
from genconvit.video.pyav import PyAVDecoder
from isolation.conftest import MakeReader

NO_GUARD = "isolate=False (--no-isolate) reads without"


def decoder_of(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> VideoDecoder:
    """A decoder in a module that this process alone knows."""
    cls: type[VideoDecoder] = type("Made", (hostile.Sound,), {"__module__": module.__name__})
    monkeypatch.setattr(module, "Made", cls, raising=False)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return cls()


def test_the_built_in_decoders_can_be_isolated() -> None:
    assert why_not_isolated([PyAVDecoder(), DecordDecoder()]) is None


def test_a_decoder_of_the_main_module_cannot_be_isolated(monkeypatch: pytest.MonkeyPatch) -> None:
    why = why_not_isolated([PyAVDecoder(), decoder_of(sys.modules["__main__"], monkeypatch)])
    assert why == "video decoder '__main__:Made' is defined where another process cannot import it; move it to a module"


def test_a_decoder_that_was_replaced_cannot_be_isolated(monkeypatch: pytest.MonkeyPatch) -> None:
    decoder = decoder_of(ModuleType("reloaded"), monkeypatch)
    decoder_of(sys.modules["reloaded"], monkeypatch)
    assert "is not what another process finds under that name" in str(why_not_isolated([decoder]))
    monkeypatch.delitem(sys.modules, "reloaded")
    assert "is not what another process finds under that name" in str(why_not_isolated([decoder]))


def test_a_decoder_with_values_of_its_own_cannot_be_isolated() -> None:
    decoder = hostile.Sound()
    decoder.device = "cuda:1"  # type: ignore[attr-defined]
    why = why_not_isolated([decoder])
    assert why == (
        "video decoder 'hostile:Sound' holds values of its own (device), which another process would not have"
    )


@pytest.mark.parametrize(
    ("what", "value", "why"),
    [
        ("os.name", "nt", "worker processes need a POSIX system"),
        ("sys.platform", "emscripten", "this one is 'emscripten'"),
        ("sys.executable", "", "the path of the Python interpreter is not known"),
        ("sys.frozen", True, "this program is frozen into one executable"),
    ],
)
def test_a_platform_without_workers_says_so(
    monkeypatch: pytest.MonkeyPatch, make_reader: MakeReader, what: str, value: object, why: str
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(what, value, raising=False)
        assert why in str(why_not_isolated([]))
        with pytest.raises(ConfigError) as refused:
            make_reader()
    assert "isolate=False (--no-isolate)" in str(refused.value)


def test_a_decoder_that_a_worker_cannot_import_is_a_broken_plugin(
    monkeypatch: pytest.MonkeyPatch, make_reader: MakeReader, good: Path
) -> None:
    reader = make_reader(decoder_of(ModuleType("only_here"), monkeypatch))
    for _ in range(2):
        with pytest.raises(PluginError) as failed, reader.start(good) as reading:
            list(reading)
        assert str(failed.value).startswith(
            "video decoder 'only_here:Made' cannot be loaded by a worker process (ModuleNotFoundError: No module named "
        )
        assert NO_GUARD in str(failed.value)


def test_workers_import_from_where_this_process_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_reader: MakeReader, good: Path
) -> None:
    tmp_path.joinpath("added_later.py").write_text("from hostile import Sound as Base\n\nclass Added(Base): pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    import added_later  # type: ignore[import-not-found]

    with make_reader(added_later.Added()).start(good) as reading:
        assert len(list(reading)) == 5


@pytest.mark.parametrize(
    ("program", "said"),
    [("#!/bin/sh\necho one >&2\nprintf 'no \\033[31mlibrary\\n' >&2", r"no \x1b[31mlibrary"), ("#!/bin/sh", "nothing")],
)
def test_an_interpreter_that_does_not_start_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_reader: MakeReader, good: Path, program: str, said: str
) -> None:
    interpreter = tmp_path / "python"
    interpreter.write_text(program)
    interpreter.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(interpreter))
    with pytest.raises(ConfigError) as failed, make_reader(hostile.Sound()).start(good) as reading:
        list(reading)
    assert "a worker process does not start (" in str(failed.value)
    assert said in str(failed.value)
    assert NO_GUARD in str(failed.value)


def test_an_interpreter_that_is_gone_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_reader: MakeReader, good: Path
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    reader = make_reader(hostile.Sound())
    for _ in range(2):
        with pytest.raises(ConfigError, match=r"a worker process cannot be started \(No such file or directory\)"):
            reader.start(good)
