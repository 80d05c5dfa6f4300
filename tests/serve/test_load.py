from __future__ import annotations

from pathlib import Path

import pytest

from genconvit.data.sample import write_clip
from loading import load
from processes import needs_proc


@pytest.mark.slow
@needs_proc
def test_every_good_upload_gets_its_result_among_hostile_ones(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.mp4", frames=12)
    found = load(tmp_path, tmp_path / "clip.mp4", uploads=20, at_once=5, each_hostile=1, reports="plain")
    assert (found.right, found.wrong, found.alive) == (20, [], True)
    assert found.hostile["two gigabytes declared"] == ["HTTP/1.1 413"]
    assert found.hostile["too much, undeclared"][0] in ("413", "WriteError", "ReadError", "RemoteProtocolError")
    assert found.hostile["a path as a name"] == ["failed unreadable clip.mp4"]
    assert found.hostile["a bomb"][0].startswith("failed limit")
    assert found.hostile["a crash"] == ["failed crash crash.mp4"]
    assert 0 < found.peak_mb < 4096
