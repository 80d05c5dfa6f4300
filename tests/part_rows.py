"""Rows of a run over many machines, as its networks give them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


def rows(*keys: int, status: str = "ok") -> pa.Table:
    import pyarrow as pa

    return pa.table(
        {
            "key": list(keys),
            "source": [f"{key}.mp4" for key in keys],
            "status": [status] * len(keys),
            "reason": [None if status == "ok" else "why"] * len(keys),
            "fake_probability": [0.5] * len(keys),
            "result": [json.dumps({"source": f"{key}.mp4"}) for key in keys],
        }
    )
