from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from genconvit.files import sha256_of_file


def test_a_file_is_hashed_whole(tmp_path: Path) -> None:
    content = bytes(range(256)) * 12_000
    (tmp_path / "a").write_bytes(content)
    assert sha256_of_file(tmp_path / "a") == hashlib.sha256(content).hexdigest()
    with pytest.raises(OSError, match="missing"):
        sha256_of_file(tmp_path / "missing")
