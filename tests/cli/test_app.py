from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import av
import pytest

from genconvit.core.version import __version__
from genconvit.data.base import Dataset, Listing
from genconvit.registry import DATASETS
from genconvit.weights.embedded import embedded

from .conftest import Run


def test_version_and_help(run: Callable[..., Run]) -> None:
    assert run("--version").out == f"genconvit {__version__}\n"
    for command in ("predict", "plugins", "weights", "demo"):
        assert command in run("--help").out
        assert run(command, "--help").status == 0


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['genconvit', 'predict', '--help']\n"
        "from genconvit.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'numpy', 'timm', 'av', 'decord', 'PIL', 'huggingface_hub'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_command_leaves_the_files_of_others_alone() -> None:
    code = (
        "import sys; sys.argv = ['genconvit', 'weights', '--help']\n"
        "from genconvit.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "names = ('predict', 'train', 'weights', 'serve')\n"
        "found = [name for name in names if f'genconvit.cli.{name}' in sys.modules]\n"
        "sys.exit(0 if found == ['weights'] else f'imported {found}')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_misspelt_command_is_named(run: Callable[..., Run]) -> None:
    ended = run("predcit")
    assert ended.status == 2
    assert "predict" in ended.err


def test_python_m_is_the_same_program() -> None:
    done = subprocess.run([sys.executable, "-m", "genconvit", "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"genconvit {__version__}\n")


def test_the_program_computes_in_no_more_threads_than_control_groups_allow(
    run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "for the end of the test")
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.setattr("genconvit.core.cores.limited_cores", lambda: 3)
    monkeypatch.setattr("genconvit.core.cores._allowed_cores", lambda: 8)
    run("--version")
    assert os.environ["OMP_NUM_THREADS"] == "3"


def test_no_arguments_show_the_help(run: Callable[..., Run]) -> None:
    ended = run()
    assert ended.status == 2
    assert "Usage" in ended.out + ended.err


def test_plugins_lists_the_built_ins_and_checks_them(run: Callable[..., Run]) -> None:
    listed = run("plugins")
    assert listed.status == 0
    for name in ("original", "v2", "insightface", "mtcnn", "decord", "pyav", "torchcodec", "celeb-df", "timit"):
        assert name in listed.out
    assert "genconvit.architectures" in listed.out
    assert __version__ in listed.out
    checked = run("plugins", "--check")
    assert checked.status == 0
    assert checked.out.count("ok") >= 6


def test_plugins_check_prints_why_one_fails(
    run: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "broken-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text("[genconvit.architectures]\nsick = broken_plugin_module:Nothing\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert run("plugins").status == 0
    checked = run("plugins", "--check")
    assert checked.status == 1
    assert "ModuleNotFoundError" in checked.out


def test_plugins_run_says_what_a_plugin_does_not_keep_to(
    run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Nothing(Dataset):
        summary = "nothing"
        splits = ("all",)

        def listing(self, root: Path, split: str) -> Listing:
            del root
            return Listing(dataset="nothing", split=split, sources=())

    monkeypatch.setattr("genconvit.registry.REGISTRIES", (DATASETS,))
    assert run("plugins", "--check", "--run").status == 0
    monkeypatch.setitem(DATASETS._registered, "nothing", Nothing)
    ended = run("plugins", "--check", "--run")
    assert ended.status == 1
    assert "2 of 3 ok" in ended.out
    assert "failed: refuses a path that is not there: a path that is not there is listed" in ended.out


def test_demo_scores_a_face_and_its_blended_copy_and_keeps_both(run: Callable[..., Run], tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    ended = run("demo", "--keep", clip)
    assert ended.status == 0
    assert ended.out.count(embedded("v2_nano").card.about) == 2
    assert "weights embedded (v2_nano.safetensors)" in ended.out
    real, fake = map(float, re.findall(r"fake probability ([0-9.]+), .*15 faces in 15 frames", ended.out))
    assert real < fake
    for path in (clip, tmp_path / "clip_blended.mp4"):
        with av.open(path) as container:
            assert container.streams.video[0].frames == 24


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("foo.txt", "must end in .mp4"),
        ("nowhere/x.mp4", "cannot be written"),
        ("folder.mp4", "cannot be written"),
        ("/proc/x.mp4", "cannot be written"),
    ],
)
def test_demo_looks_at_keep_first(run: Callable[..., Run], tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "folder.mp4").mkdir()
    ended = run("demo", "--keep", tmp_path / name)
    assert (ended.status, ended.out) == (2, "")
    assert message in ended.err
