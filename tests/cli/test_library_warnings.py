from __future__ import annotations

import logging
import re
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from genconvit.cli.library_warnings import plain_warnings

from .conftest import Run


@pytest.fixture(autouse=True)
def _shown() -> Iterator[None]:
    """Python's filters as a program has them, rather than those of the tests."""
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        yield


def warn_as(path: str, message: str) -> None:
    warnings.warn_explicit(message, UserWarning, path, 7)


@pytest.mark.parametrize(
    ("path", "library"),
    [
        ("/usr/lib/python3/site-packages/PIL/Image.py", "PIL"),
        ("/usr/lib/python3/dist-packages/six.py", "six"),
        ("/somewhere/src/genconvit/pipeline/scorer.py", "genconvit"),
        ("/home/someone/plugin.py", "plugin"),
        ("<string>", "<string>"),
    ],
)
def test_a_warning_is_one_line_that_names_the_library(
    capsys: pytest.CaptureFixture[str], path: str, library: str
) -> None:
    with plain_warnings():
        warn_as(path, "a tag\n   is \x1b[31mred")
    assert capsys.readouterr().err == f"warning: {library}: a tag is \\x1b[31mred\n"


def test_a_long_warning_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    with plain_warnings():
        warn_as("/usr/lib/python3/site-packages/torch/nn/modules/module.py", "word " * 500)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("warning: torch: word word")
    assert (len(line), line[-3:]) == (len("warning: torch: ") + 300 + 3, "...")


def test_what_a_library_logs_is_one_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    with plain_warnings():
        logging.getLogger("timm.models._builder").warning("two\nlines of %s", "text")
        logging.getLogger("timm.models._builder").info("not of interest")
    assert capsys.readouterr().err == "warning: timm: two lines of text\n"


def test_a_closed_stderr_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", None)
    with plain_warnings():
        warn_as("/usr/lib/python3/site-packages/PIL/Image.py", "nobody reads this")


def test_a_command_shows_its_libraries_warnings_so(run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    shown = warnings.showwarning

    def plugins(_: object) -> list[object]:
        warn_as("/usr/lib/python3/site-packages/facenet_pytorch/models/mtcnn.py", "old\nweights")
        return []

    monkeypatch.setattr("genconvit.registry.Registry.plugins", plugins)
    ended = run("plugins")
    assert (ended.status, set(ended.err.splitlines())) == (0, {"warning: facenet_pytorch: old weights"})
    assert warnings.showwarning is shown


def test_who_calls_the_library_from_python_keeps_its_warnings(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import genconvit.cli, warnings\nwarnings.warn('as ever')\n")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert re.search(r"script\.py:2: UserWarning: as ever", done.stderr)
