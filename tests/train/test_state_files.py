from __future__ import annotations

from pathlib import Path

import pytest
import torch

from genconvit.core.errors import TrainingError
from genconvit.train.config import TrainConfig
from genconvit.train.state import TrainState
from genconvit.train.state_files import has_state, read_state, read_state_tensors, save_state
from limits import at_most
from support import cut_short

TENSORS = {"model.a": torch.arange(4.0), "model.count": torch.tensor(3)}


def state(step: int) -> TrainState:
    return TrainState(
        library_version="0",
        config=TrainConfig(data="d"),
        architecture_config={},
        fingerprint="f",
        processes=1,
        step=step,
    )


def test_a_state_comes_back_as_it_was(tmp_path: Path) -> None:
    written = save_state(tmp_path, state(5), TENSORS)
    assert has_state(tmp_path)
    assert read_state(tmp_path) == written
    found = read_state_tensors(tmp_path, written)
    assert found.keys() == TENSORS.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in TENSORS.items())


def test_only_the_last_state_is_kept_and_nothing_half_written(tmp_path: Path) -> None:
    save_state(tmp_path, state(5), TENSORS)
    (tmp_path / "state" / f".genconvit-{0:016x}.partial").write_bytes(b"half")
    (tmp_path / "state" / "step-000000006.safetensors").write_bytes(b"not named by anyone")
    save_state(tmp_path, state(7), TENSORS)
    names = {path.name for path in (tmp_path / "state").iterdir()}
    assert names == {"state.json", "step-000000007.safetensors"}


def test_a_kill_between_the_two_files_leaves_the_state_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = save_state(tmp_path, state(5), TENSORS)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("genconvit.train.state_files.write_text", killed)
    with pytest.raises(KeyboardInterrupt):
        save_state(tmp_path, state(6), {"model.a": torch.zeros(4)})
    assert read_state(tmp_path) == before
    assert torch.equal(read_state_tensors(tmp_path, before)["model.a"], TENSORS["model.a"])


def test_a_full_disk_is_an_error_and_the_state_before_is_still_good(tmp_path: Path) -> None:
    before = save_state(tmp_path, state(5), TENSORS)
    with at_most(2000), pytest.raises(TrainingError, match=r"after step 6: .*make room, then go on with resume=True"):
        save_state(tmp_path, state(6), {"model.a": torch.zeros(1000)})
    assert read_state(tmp_path) == before
    assert read_state_tensors(tmp_path, before).keys() == TENSORS.keys()
    assert {path.name for path in (tmp_path / "state").iterdir()} == {"state.json", "step-000000005.safetensors"}


def test_a_folder_without_a_state_says_so(tmp_path: Path) -> None:
    assert not has_state(tmp_path)
    with pytest.raises(TrainingError, match=r"state\.json cannot be read .*no training to resume"):
        read_state(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "{}", "[1]", '{"format": 1, "step": -1}', "\ud800"])
def test_a_damaged_state_names_its_file(tmp_path: Path, text: str) -> None:
    save_state(tmp_path, state(5), TENSORS)
    (tmp_path / "state" / "state.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(TrainingError, match=r"state/state\.json"):
        read_state(tmp_path)


@pytest.mark.parametrize("name", ["../../secret.safetensors", "step-5.pt", "/etc/passwd", ""])
def test_a_state_names_no_file_outside_its_folder(tmp_path: Path, name: str) -> None:
    written = save_state(tmp_path, state(5), TENSORS)
    text = written.model_copy(update={"tensors": name}).model_dump_json()
    (tmp_path / "state" / "state.json").write_text(text)
    with pytest.raises(TrainingError, match=r"tensors .*step-NUMBER\.safetensors"):
        read_state(tmp_path)


def test_tensors_that_are_cut_short_gone_or_overwritten_name_their_file(tmp_path: Path) -> None:
    written = save_state(tmp_path, state(5), TENSORS)
    path = tmp_path / "state" / written.tensors
    path.write_bytes(bytes(written.tensors_bytes))
    with pytest.raises(TrainingError, match=r"step-000000005\.safetensors is damaged"):
        read_state_tensors(tmp_path, written)
    cut_short(path, 0.5)
    with pytest.raises(TrainingError, match=r"step-000000005\.safetensors is damaged: it has \d+ bytes instead of \d+"):
        read_state_tensors(tmp_path, written)
    path.unlink()
    with pytest.raises(TrainingError, match="it is not there"):
        read_state_tensors(tmp_path, written)
