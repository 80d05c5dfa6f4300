from __future__ import annotations

from pathlib import Path

import pytest

from genconvit import VideoResult
from killing import kill_again_and_again


@pytest.mark.slow
def test_no_job_is_lost_or_done_twice_by_kills(tmp_path: Path, clip: Path, predicted: VideoResult) -> None:
    audit = kill_again_and_again(tmp_path, clip, predicted, kills=5, jobs=12, longest_seconds=4, seed=0)
    assert audit.kills == 5
    assert len(audit.answered) == 12
    assert audit.is_clean, audit
