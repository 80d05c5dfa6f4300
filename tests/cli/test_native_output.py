"""What libraries write to the standard streams by themselves goes into a file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import logging, os, sys
from pathlib import Path
from genconvit.cli.native_output import native_output_in

logging.basicConfig()
print("before")
for _ in range(2):
    with native_output_in(Path(sys.argv[1])):
        print("from a library")
        os.write(2, b"from C\\n")
        logging.error("from a handler")
        print("ours \\udcff", file=sys.stderr)
        os.system("echo from a child")
print("after")
print("after, too", file=sys.stderr)
raise SystemExit("the end")
"""


def test_only_what_is_ours_is_shown(tmp_path: Path) -> None:
    log = tmp_path / "folder" / "native.log"
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(log)], capture_output=True, text=True, check=False)
    assert done.stdout == "before\nafter\n"
    assert done.stderr == "ours \\udcff\n" * 2 + "after, too\nthe end\n"
    said = log.read_text(encoding="utf-8")
    for line in ("from a library", "from C", "ERROR:root:from a handler", "from a child"):
        assert said.count(line) == 2
    assert "ours" not in said
