from __future__ import annotations

from pathlib import Path

import pytest

from genconvit.core.errors import ConfigError
from genconvit.serve.files import PARTIAL, DataFolder, client_name, known_suffix
from genconvit.serve.problems import Problem
from genconvit.serve.roots import AllowedRoot


def test_an_upload_has_its_name_once_it_is_whole(tmp_path: Path) -> None:
    with DataFolder(tmp_path) as folder:
        upload = folder.upload("id", "../../Clip.MP4", 100)
        upload.write(b"abc")
        assert not upload.path.exists()
        upload.finish()
        assert upload.path == tmp_path / "uploads" / "id.mp4"
        assert upload.path.read_bytes() == b"abc"
        assert upload.path.stat().st_mode & 0o077 == 0
        assert folder.is_upload(upload.path)


def test_an_upload_that_is_too_large_or_dropped_leaves_nothing(tmp_path: Path) -> None:
    with DataFolder(tmp_path) as folder:
        upload = folder.upload("id", "a.mp4", 1 << 20)
        upload.write(b"x" * (1 << 20))
        with pytest.raises(Problem, match="larger than 1 MiB"):
            upload.write(b"x")
        upload.drop()
        upload.drop()
        assert list((tmp_path / "uploads").iterdir()) == []


def test_what_nobody_knows_is_deleted(tmp_path: Path) -> None:
    with DataFolder(tmp_path) as folder:
        for job_id in ("kept", "gone"):
            upload = folder.upload(job_id, "a.mp4", 100)
            upload.write(b"abc")
            upload.finish()
            folder.write_report(job_id, "<p>")
        (tmp_path / "uploads" / f"kept.mp4{PARTIAL}").write_bytes(b"half")
        folder.keep_only({"kept"})
        left = [path.name for part in ("uploads", "reports") for path in (tmp_path / part).iterdir()]
        assert sorted(left) == ["kept.html", "kept.mp4"]


def test_a_folder_belongs_to_one_service_at_a_time(tmp_path: Path) -> None:
    with DataFolder(tmp_path), pytest.raises(ConfigError, match="is in use by another service"):
        DataFolder(tmp_path)
    DataFolder(tmp_path).close()


def test_only_uploads_are_deleted_as_uploads(tmp_path: Path) -> None:
    file = tmp_path / "theirs.mp4"
    file.touch()
    with DataFolder(tmp_path / "data") as folder:
        folder.delete_upload(file)
    assert file.exists()


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("clip.mp4", "clip.mp4"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\a.mp4", "a.mp4"),
        ("..", "upload"),
        ("", "upload"),
        ("a\x1b[31m\n.mp4", "a\\x1b[31m\\n.mp4"),
        ("\udcff.mp4", "\\udcff.mp4"),
        ("<b>.mp4", "<b>.mp4"),
    ],
)
def test_a_clients_name_is_a_last_part_that_can_be_printed(given: str, shown: str) -> None:
    assert client_name(given) == shown
    assert client_name("a" * 500) == "a" * 200


def test_a_suffix_is_one_that_is_known() -> None:
    assert [known_suffix(name) for name in ("a.MOV", "a.sh", "a", ".mp4/../x")] == [".mov", "", "", ""]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with a clip, beside a secret, and links to both."""
    folder = tmp_path / "root"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "clip.mp4").touch()
    (tmp_path / "secret.mp4").touch()
    (tmp_path / "root2").mkdir()
    (tmp_path / "root2" / "clip.mp4").touch()
    (folder / "inside.mp4").symlink_to(folder / "sub" / "clip.mp4")
    (folder / "outside.mp4").symlink_to(tmp_path / "secret.mp4")
    (folder / "up").symlink_to(tmp_path)
    (folder / "circle").symlink_to(folder / "circle")
    return folder


def test_a_path_below_the_root_is_found(root: Path) -> None:
    allowed = AllowedRoot(root, without=root / "data")
    clip = root / "sub" / "clip.mp4"
    assert [allowed.find(given) for given in ("sub/clip.mp4", str(clip), "inside.mp4", "./sub/clip.mp4")] == [clip] * 4


@pytest.mark.parametrize(
    "given",
    [
        "",
        "none.mp4",
        "sub",
        "../secret.mp4",
        "sub/../../secret.mp4",
        "sub/../sub/clip.mp4",
        "outside.mp4",
        "up/secret.mp4",
        "circle",
        "/etc/passwd",
        "a\0b",
        "a" * 5000,
        "file:///etc/passwd",
        "http://localhost/clip.mp4",
        "../root2/clip.mp4",
    ],
)
def test_every_other_path_is_refused_alike(root: Path, given: str) -> None:
    with pytest.raises(Problem, match="is no file below the folder that is allowed") as caught:
        AllowedRoot(root, without=root / "data").find(given)
    assert (caught.value.status, caught.value.code) == (404, "inaccessible")


def test_a_folder_beside_the_root_with_a_like_name_is_outside(root: Path) -> None:
    with pytest.raises(Problem):
        AllowedRoot(root, without=root / "data").find(str(root.parent / "root2" / "clip.mp4"))


def test_a_root_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is no folder"):
        AllowedRoot(tmp_path / "none", without=tmp_path)


@pytest.mark.parametrize("given", ["sub/clip.mp4", "inside.mp4"])
def test_the_services_own_files_are_not_named_although_they_lie_below_the_root(root: Path, given: str) -> None:
    with pytest.raises(Problem, match="is no file below the folder"):
        AllowedRoot(root, without=root / "sub").find(given)


def test_a_report_that_is_open_is_read_to_its_end_although_it_is_deleted(tmp_path: Path) -> None:
    with DataFolder(tmp_path) as folder:
        folder.write_report("a", "x" * 200_000)
        page = folder.open_report("a")
        assert page is not None
        folder.delete_report("a")
        assert (page.size, b"".join(page.pieces())) == (200_000, b"x" * 200_000)
        assert folder.open_report("a") is None
