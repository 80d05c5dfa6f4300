from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

if sys.version_info < (3, 11):
    pytest.skip("needs tomllib, of Python 3.11", allow_module_level=True)

from benchmarks.gpu.install import ROOT, write_metadata

CODE = """
from importlib.metadata import distribution
found = distribution("genconvit")
print(found.version, *sorted(f"{entry.group}/{entry.name}={entry.value}" for entry in found.entry_points))
"""


def test_a_checkout_tells_of_its_plugins_as_if_it_were_installed(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "genconvit"\n[project.scripts]\nrun = "a:b"\n'
        '[project.entry-points."genconvit.architectures"]\nodd = "c.d:E"\n'
    )
    write_metadata(tmp_path, tmp_path / "site")
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
    )
    assert done.stdout.split()[1:] == ["console_scripts/run=a:b", "genconvit.architectures/odd=c.d:E"], done.stderr


def test_the_projects_own_plugins_are_written(tmp_path: Path) -> None:
    write_metadata(ROOT, tmp_path)
    (written,) = tmp_path.rglob("entry_points.txt")
    assert "v2 = genconvit.models.v2:V2" in written.read_text().splitlines()
