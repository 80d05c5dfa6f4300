"""A user installs this: the wheel's content and metadata."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from configparser import ConfigParser
from email import message_from_string
from email.message import Message
from pathlib import Path

import pytest

from genconvit.core.version import __version__

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "src" / "genconvit"
FEATURES = ("metrics", "plots", "train", "serve", "ray", "onnx", "openvino", "c2pa", "remote")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel of a copy of the project, built without network."""
    folder = tmp_path_factory.mktemp("package")
    project = folder / "project"
    shutil.copytree(ROOT / "src", project / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "tests" / "plugin", project / "tests" / "plugin")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, project)
    pip = [sys.executable, "-m", "pip", "--isolated", "wheel", "--disable-pip-version-check"]
    offline = ["--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder), str(project)]
    done = subprocess.run([*pip, *offline], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile) -> Message:
    return message_from_string(wheel.read(f"genconvit-{__version__}.dist-info/METADATA").decode())


def test_it_is_a_pure_wheel_of_this_version(wheel: zipfile.ZipFile, metadata: Message) -> None:
    assert Path(wheel.filename or "").name == f"genconvit-{__version__}-py3-none-any.whl"
    assert (metadata["Name"], metadata["Version"]) == ("genconvit", __version__)


def test_it_holds_the_package_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    held = set(wheel.namelist())
    info = f"genconvit-{__version__}.dist-info/"
    wanted = {f"genconvit/{path.relative_to(SOURCES).as_posix()}" for path in SOURCES.rglob("*.py")}
    templates = {path.name for path in SOURCES.glob("render/templates/*")}
    assert templates >= {"base.css", "index.html", "index.js", "page.html", "page.js"}
    wanted |= {f"genconvit/render/templates/{name}" for name in templates}
    assert held >= wanted | {"genconvit/py.typed", f"{info}licenses/LICENSE"}
    assert {name for name in held if not name.startswith(("genconvit/", info))} == set()
    strange = re.compile(r"(^|/)(tests|test_[^/]*|conftest\.py|__pycache__|genconvit_plugin_example)(/|$)")
    assert not [name for name in held if strange.search(name)]


def test_its_licence_is_the_projects(wheel: zipfile.ZipFile, metadata: Message) -> None:
    licence = wheel.read(f"genconvit-{__version__}.dist-info/licenses/LICENSE")
    assert licence == (ROOT / "LICENSE").read_bytes()
    assert metadata["License-Expression"] == "Apache-2.0"


def test_it_is_small(wheel: zipfile.ZipFile) -> None:
    sizes = {entry.filename: entry.file_size for entry in wheel.infolist()}
    assert 1_000_000 < sizes.pop("genconvit/weights/embedded/v2_nano.safetensors") <= 20_000_000
    assert 100_000 < sizes.pop("genconvit/weights/embedded/v2_nano.onnx") <= 600_000
    networks = [sizes.pop(f"genconvit/faces/mtcnn_networks/{name}.onnx") for name in ("pnet", "rnet", "onet")]
    assert 1_000_000 < sum(networks) <= 2_100_000
    assert "genconvit/faces/mtcnn_networks/LICENSE" in sizes
    assert "genconvit/weights/embedded/v2_nano.header.json" in sizes
    assert sum(sizes.values()) < 2_500_000


def test_its_plugins_and_its_program_are_entry_points(wheel: zipfile.ZipFile) -> None:
    entries = ConfigParser()
    entries.read_string(wheel.read(f"genconvit-{__version__}.dist-info/entry_points.txt").decode())
    assert {section: set(entries[section]) for section in entries.sections()} == {
        "console_scripts": {"genconvit"},
        "genconvit.architectures": {"original", "timm", "v2"},
        "genconvit.datasets": {"celeb-df", "csv", "dfdc", "faceforensics", "folder", "timit"},
        "genconvit.face_detectors": {"insightface", "mtcnn"},
        "genconvit.video_decoders": {"decord", "pyav", "torchcodec"},
    }
    for section in entries.sections():
        for value in entries[section].values():
            module = value.partition(":")[0].replace(".", "/")
            assert {f"{module}.py", f"{module}/__init__.py"} & set(wheel.namelist()), f"{value} is not in the wheel"


def test_its_metadata_says_what_it_needs(metadata: Message) -> None:
    assert metadata["Requires-Python"] == ">=3.10"
    assert {*FEATURES, "all"} <= set(metadata.get_all("Provides-Extra", []))
    needs = metadata.get_all("Requires-Dist", [])
    always = {need.split(";")[0].strip() for need in needs if "extra ==" not in need}
    assert "facenet-pytorch==2.5.3" in always
    assert {"torch!=2.13.0,>=2.11", "timm>=1.0.15"} <= always
    assert not [need for need in always if need.startswith(("ray", "gradio", "matplotlib", "tensorboard", "pytest"))]


def test_the_extra_all_brings_every_feature(metadata: Message) -> None:
    needs: dict[str, set[str]] = {extra: set() for extra in (*FEATURES, "all")}
    for need in metadata.get_all("Requires-Dist", []):
        what, _, condition = need.partition(";")
        extra = condition.partition("extra ==")[2].strip(" '\"")
        needs.get(extra, set()).add(what.strip())
    assert all(needs.values())
    assert needs["all"] == set().union(*(needs[extra] for extra in FEATURES))


def test_its_readme_is_its_description(metadata: Message) -> None:
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert str(metadata.get_payload()).strip() == (ROOT / "README.md").read_text(encoding="utf-8").strip()
