from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support import grey_frames, make_video

from .conftest import Run


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--address", "host:1"), "--address is for --engine ray; give that as well"),
        (("--ray", "networks=2"), "--ray is for --engine ray; give that as well"),
        (("--engine", "ray"), "--engine ray writes into files; give --output FILE"),
        (("--engine", "ray", "--output", "x.jsonl", "--ray", "netwroks=2"), "did you mean 'networks'?"),
        (("--engine", "ray", "--output", "x.jsonl", "--ray", "networks"), "--ray takes NAME=VALUE, got 'networks'"),
        (("--engine", "ray", "--output", "x.jsonl", "--ray", "networks=0"), "networks"),
        (("--engine", "ray", "--output", "x.jsonl", "--retry"), "--retry is for runs with --resume"),
        (("--engine", "dask"), "dask"),
    ],
)
def test_a_mistake_is_one_message(
    run: Callable[..., Run], tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    pytest.importorskip("ray", reason="the extra ray is not installed")
    clip = make_video(tmp_path / "a.mp4", grey_frames(2))
    found = run("predict", clip, "--weights", "embedded", *arguments)
    assert found.status == 2
    assert message in " ".join(found.err.split())
    assert not list(tmp_path.glob("*.parts"))
