from __future__ import annotations

from pathlib import Path

import pytest

from genconvit.core.errors import ConfigError
from genconvit.faces.models_on_disk import find_insightface_model

HOW_TO_GET_ONE = r'.*non-commercial research only\) from https://github\.com/\S+ .*face_detector="mtcnn"'


@pytest.fixture
def packs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the packs in a home of its own, not there yet; the working folder is another one."""
    home = tmp_path / "home"
    work = tmp_path / "work"
    home.mkdir()
    work.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(work)
    return home / ".insightface" / "models"


def put(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"")
    return folder


def test_without_packs_nothing_is_found(packs: Path) -> None:
    assert find_insightface_model(None) is None
    put(packs / "buffalo_l", "2d106det.onnx", "w600k_r50.onnx", "det_10g.onnx.part", "det_10g.txt")
    (packs / "buffalo_m" / "det_2.5g.onnx").mkdir(parents=True)
    put(packs, "det_10g.onnx")
    assert find_insightface_model(None) is None


def test_packs_are_taken_in_a_fixed_order(packs: Path) -> None:
    others = [("zeta", "scrfd_x.onnx"), ("alpha", "det_x.onnx")]
    known = [
        ("antelopev2", "scrfd_10g_bnkps.onnx"),
        ("buffalo_sc", "det_500m.onnx"),
        ("buffalo_s", "det_500m.onnx"),
        ("buffalo_m", "det_2.5g.onnx"),
        ("buffalo_l", "det_10g.onnx"),
    ]
    for pack, model in others + known:
        put(packs / pack, model)
        assert find_insightface_model(None) == packs / pack / model


def test_a_pack_is_found_by_its_name(packs: Path) -> None:
    put(packs / "buffalo_l", "det_10g.onnx", "1k3d68.onnx", "genderage.onnx")
    put(packs / "mine", "SCRFD_small.ONNX")
    assert find_insightface_model("buffalo_l") == packs / "buffalo_l" / "det_10g.onnx"
    assert find_insightface_model("mine") == packs / "mine" / "SCRFD_small.ONNX"


def test_a_pack_that_unzipped_into_itself_is_found(packs: Path) -> None:
    put(packs / "antelopev2" / "antelopev2", "scrfd_10g_bnkps.onnx")
    expected = packs / "antelopev2" / "antelopev2" / "scrfd_10g_bnkps.onnx"
    assert find_insightface_model("antelopev2") == find_insightface_model(None) == expected


@pytest.mark.parametrize(
    ("names", "best"),
    [
        (["scrfd_10g.onnx", "det_10g.onnx", "det_2.5g.onnx"], "det_10g.onnx"),
        (["det_500m.onnx", "det_2.5g.onnx", "a.onnx"], "det_2.5g.onnx"),
        (["scrfd_b.onnx", "scrfd_a.onnx"], "scrfd_a.onnx"),
    ],
)
def test_of_several_models_in_a_folder_the_largest_is_taken(tmp_path: Path, names: list[str], best: str) -> None:
    folder = put(tmp_path / "folder", *names)
    assert find_insightface_model(folder) == find_insightface_model(str(folder)) == folder / best


def test_a_path_to_a_file_is_taken_whatever_its_name(packs: Path) -> None:
    folder = put(packs.parents[1], "any.onnx")
    assert find_insightface_model(folder / "any.onnx") == folder / "any.onnx"
    assert find_insightface_model("~/any.onnx") == folder / "any.onnx"
    put(Path.cwd(), "here.onnx")
    assert find_insightface_model("here.onnx") == Path("here.onnx")


def test_a_pack_that_is_not_there_is_an_error(packs: Path) -> None:
    with pytest.raises(ConfigError, match=f"no insightface pack 'buffalo_l' .* in {packs}; {HOW_TO_GET_ONE}"):
        find_insightface_model("buffalo_l")
    put(Path.cwd() / "buffalo_l", "det_10g.onnx")
    with pytest.raises(ConfigError, match=r"write '\./buffalo_l' for the folder of that name here"):
        find_insightface_model("buffalo_l")
    assert find_insightface_model("./buffalo_l") == Path("buffalo_l/det_10g.onnx")


@pytest.mark.parametrize("spec", ["", " ", "no\0pe", "x" * 5000])
def test_a_strange_pack_name_is_an_error(packs: Path, spec: str) -> None:
    put(packs, "det_10g.onnx")
    with pytest.raises(ConfigError, match="no insightface pack"):
        find_insightface_model(spec)


@pytest.mark.parametrize("spec", ["..", "../secret", "buffalo_l/../../secret", "."])
def test_a_name_with_separators_is_a_path_from_the_working_folder(packs: Path, spec: str) -> None:
    put(packs.parent / "secret", "det_10g.onnx")
    put(packs.parent, "det_10g.onnx")
    packs.mkdir()
    with pytest.raises(ConfigError, match=r"does not exist|holds no detection model"):
        find_insightface_model(spec)


def test_paths_that_cannot_be_used_are_errors(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="none.onnx does not exist; " + HOW_TO_GET_ONE):
        find_insightface_model(tmp_path / "none.onnx")
    put(tmp_path, "det.txt")
    with pytest.raises(ConfigError, match=r"det\.txt does not end with \.onnx"):
        find_insightface_model(tmp_path / "det.txt")
    with pytest.raises(ConfigError, match=r"holds no detection model.*give the \.onnx file itself"):
        find_insightface_model(tmp_path)
    with pytest.raises(ConfigError, match="cannot be looked up"):
        find_insightface_model("~nobody-of-that-name/det_10g.onnx")
    with pytest.raises(ConfigError, match="does not exist"):
        find_insightface_model("x" * 5000 + ".onnx")
