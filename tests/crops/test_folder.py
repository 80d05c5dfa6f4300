from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path

import pytest

from genconvit.core.errors import DatasetError
from genconvit.crops.folder import need, read_crops
from genconvit.crops.record import CropRecord
from support import shared


def files(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"not decoded: {name}".encode())
    return root


def manifest(root: Path, *lines: str) -> Path:
    (root / "manifest.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root


def test_a_bare_tree_is_read_as_it_is(tmp_path: Path) -> None:
    root = files(
        tmp_path,
        *("train/fake/a_frame12.jpg", "train/fake/a_frame_13_0.PNG", "train/real/deeper/b_1.webp"),
        *("val/real/c.jpg", "Test/FAKE/d_frames.jpg", "test2/fake/e.jpg"),
    )
    assert [(each.crop, each.split, each.label, each.video) for each in read_crops(root).records] == [
        ("Test/FAKE/d_frames.jpg", "test", "FAKE", "d_frames"),
        ("train/fake/a_frame12.jpg", "train", "FAKE", "a"),
        ("train/fake/a_frame_13_0.PNG", "train", "FAKE", "a"),
        ("train/real/deeper/b_1.webp", "train", "REAL", "b_1"),
        ("val/real/c.jpg", "valid", "REAL", "c"),
    ]


def test_what_is_no_crop_of_a_tree_is_skipped_with_its_reason(tmp_path: Path) -> None:
    root = files(tmp_path, "train/fake/a.jpg", "train/fake/notes.txt", "train/other/b.jpg", "train/real/.hidden.jpg")
    os.mkfifo(root / "train" / "real" / "pipe.png")
    (root / "train" / "real" / "lost.png").symlink_to("nowhere.png")
    (root / "train" / "real" / "circle").symlink_to(root / "train" / "real")
    os.close(os.open(os.fsencode(root / "train" / "real") + b"/\xff.png", os.O_CREAT))
    found = read_crops(root)
    assert [each.crop for each in found.records] == ["train/fake/a.jpg"]
    assert sorted((each.name, each.reason) for each in found.skipped) == [
        ("train/fake/", "1 file that is no image"),
        ("train/other", "neither fake/ nor real/"),
        ("train/real/\\xff.png", "its name is not UTF-8; rename it"),
        ("train/real/lost.png", "no regular file"),
        ("train/real/pipe.png", "no regular file"),
    ]


def test_the_dfdc_crops_overlap_between_their_splits_and_are_accepted_without_what_does(tmp_path: Path) -> None:
    root = shared("faces", "dfdc")
    with pytest.raises(DatasetError, match=r"holds \d+ crops of one split in another as well, the first '.*' as '.*'"):
        read_crops(root)
    shutil.copytree(root / "train", tmp_path / "train")
    found = read_crops(tmp_path)
    assert Counter(each.label for each in found.records) == {"FAKE": 16, "REAL": 13}
    assert not found.skipped


def test_the_same_crop_in_two_splits_is_refused_whatever_its_name(tmp_path: Path) -> None:
    root = files(tmp_path, "train/fake/a.png", "train/real/b.png", "valid/real/c.png", "test/fake/d.jpg")
    (root / "train" / "fake" / "again.png").write_bytes((root / "train" / "fake" / "a.png").read_bytes())
    assert len(read_crops(root).records) == 5, "twice in one split is fine"
    (root / "valid" / "real" / "deeper").mkdir()
    (root / "valid" / "real" / "deeper" / "e.jpg").symlink_to(root / "train" / "real" / "b.png")
    (root / "test" / "fake" / "f.png").write_bytes((root / "train" / "fake" / "a.png").read_bytes())
    with pytest.raises(DatasetError, match=r"holds 3 crops of one split in another as well, .*, byte for byte"):
        read_crops(root)
    rows = "train/fake/a.png,fake,train\ntest/fake/d.jpg,fake,test\n"
    (root / "manifest.csv").write_text(f"crop,label,split\n{rows}", encoding="utf-8")
    assert len(read_crops(root).records) == 2, "a copy that the manifest does not name is of no split"


def test_a_folder_that_is_no_folder_of_crops_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"holds neither manifest.csv nor .* nor folders \{train,valid,test\}/"):
        read_crops(files(tmp_path, "fake/a.jpg"))
    with pytest.raises(DatasetError, match="cannot be listed: No such file"):
        read_crops(tmp_path / "nowhere")


def test_a_manifest_goes_before_the_tree_and_what_it_names_must_be_there(tmp_path: Path) -> None:
    root = files(tmp_path / "crops", "x/a.png", "train/fake/unnamed.png", "real/b.png")
    files(tmp_path, "secret.png", "outside/c.png")
    (root / "x" / "link.png").symlink_to(tmp_path / "secret.png")
    (root / "x" / "fine.png").symlink_to(root / "x" / "a.png")
    (root / "out").symlink_to(tmp_path / "outside")
    os.mkfifo(root / "x" / "pipe.png")
    names = ("x/a.png", "./real/b.png", "x/gone.png", "x/link.png", "x/fine.png", "out/c.png", "x/pipe.png", "x/a.png")
    rows = [f"{name},fake,val,thing" for name in names]
    found = read_crops(manifest(root, "crop,label,split,mine", *rows))
    assert [(each.crop, each.split, each.video) for each in found.records] == [
        ("x/a.png", "valid", "x/a.png"),
        ("real/b.png", "valid", "real/b.png"),
        ("x/fine.png", "valid", "x/fine.png"),
    ]
    assert [(each.name, each.reason) for each in found.skipped] == [
        ("x/gone.png", "no such file"),
        ("x/link.png", "no file below the manifest's folder"),
        ("out/c.png", "its folder is not there, or a link that leads out of the manifest's"),
        ("x/pipe.png", "no file below the manifest's folder"),
        ("x/a.png", "named again"),
    ]


def test_two_labels_of_a_crop_or_two_splits_of_a_video_are_an_error(tmp_path: Path) -> None:
    root = files(tmp_path, "a.png", "b.png")
    header = "crop,label,split,video"
    with pytest.raises(DatasetError, match=r"line 3: 'a.png' has another label or split in .*line 2; correct one"):
        read_crops(manifest(root, header, "a.png,FAKE,train,v", "a.png,REAL,train,v"))
    with pytest.raises(DatasetError, match="line 3: video 'v' is in test and in train"):
        read_crops(manifest(root, header, "a.png,FAKE,train,v", "b.png,FAKE,test,v"))


def record(split: str, label: str) -> CropRecord:
    return CropRecord.model_validate({"crop": f"{split}/{label}", "label": label, "split": split, "video": label})


def test_a_split_or_class_that_is_empty_is_said_with_what_there_is() -> None:
    records = [record("train", "FAKE"), record("train", "REAL"), record("valid", "REAL")]
    assert need(records, "train") == records[:2]
    assert need(records, "valid", ["REAL"]) == records[2:]
    with pytest.raises(DatasetError, match=r"split valid has no crop that is FAKE.*2 in train, 1 in valid, 0 in test"):
        need(records, "valid")
    with pytest.raises(DatasetError, match="split test has no crop, and needs FAKE and REAL"):
        need(records, "test")
