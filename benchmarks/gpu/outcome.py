"""Keeps what the parts of gpu.sh find, a JSON line for each finding, in the file that it grows in.

gpu.sh runs it at a part's end: python -m benchmarks.gpu.outcome STATUS SECONDS
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

_ENDINGS = {0: "ok", 124: "out of time", 137: "out of time"}


def tell(**finding: Any) -> None:  # noqa: ANN401 - whatever JSON holds
    """Write a finding of this part to the file, and print it."""
    line = json.dumps({"part": os.environ["GENCONVIT_PART"], **finding})
    with Path(os.environ["GENCONVIT_OUTCOMES"]).open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    print(line)


def main() -> None:
    """Write how a part ended."""
    status, seconds = int(sys.argv[1]), int(sys.argv[2])
    tell(ended=_ENDINGS.get(status, "failed"), status=status, seconds=seconds)


if __name__ == "__main__":
    main()
