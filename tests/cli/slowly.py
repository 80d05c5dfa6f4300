"""The program with the stubs, in a process that is to be stopped: MARK, then the command line.

It touches the file MARK once two items are done, and then takes its time. Signals are as a terminal's program has them.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGTERM, signal.SIG_DFL)
if "--nohup" not in sys.argv:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

from genconvit.cli import main  # noqa: E402
from genconvit.registry import ARCHITECTURES, FACE_DETECTORS  # noqa: E402
from genconvit.train.fit import fit  # noqa: E402
from stubs import Grey, WholeFrame  # noqa: E402
from train.small import register  # noqa: E402

SECONDS = 120.0


def run(mark: Path, command: str) -> None:
    """Let the command be slow from its third item on, and run it."""
    register()
    ARCHITECTURES._registered["grey"] = Grey
    FACE_DETECTORS._registered["whole_frame"] = WholeFrame
    slow = slowed(mark)
    if command == "calibrate":
        replace("genconvit.evaluation.calibrate", "fit_map", slow)
    elif command == "bench":
        replace("genconvit.bench.benchmark", "run_fresh", slow)  # a fresh process would not know the stubs
    elif command == "train":
        replace("genconvit.train.fit", "fit", lambda config, **options: fit(config, **{**options, "tell": told(slow)}))
    else:
        replace(f"genconvit.cli.{command}", "progress_bar", slow_progress(slow))
    main()


def slowed(mark: Path) -> Callable[..., None]:
    def wait(*_: Any, **__: Any) -> None:
        mark.touch()
        time.sleep(SECONDS)

    return wait


def slow_progress(slow: Callable[[], None]) -> Callable[..., Iterator[Any]]:
    def items(given: Iterable[Any], _: int, description: str, *__: Any) -> Iterator[Any]:
        for done, item in enumerate(given):
            if done == 2 and not description.startswith("finding"):
                slow()
            yield item

    return items


def told(slow: Callable[[], None]) -> Callable[[Any], None]:
    return lambda moment: slow() if moment.step == 3 else None


def replace(module: str, name: str, value: Any) -> None:
    setattr(import_module(module), name, value)


if __name__ == "__main__":
    mark_file, *rest = [argument for argument in sys.argv[1:] if argument != "--nohup"]
    sys.argv[1:] = rest
    run(Path(mark_file), rest[0])
