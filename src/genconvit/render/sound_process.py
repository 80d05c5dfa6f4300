"""Process with limits in which the sound of a hostile file is put beside a picture."""

from __future__ import annotations

from pathlib import Path

from genconvit.core.text import printable
from genconvit.isolation.child import START_SECONDS, ChildProcess
from genconvit.isolation.limits import FRAMES_PER_TIME_LIMIT, IsolationLimits
from genconvit.isolation.messages import MessageError
from genconvit.render.sound import copy_picture

_PROGRAM = "genconvit.render.sound_program"
_MOST_TOLD = 200


def add_sound_with_limits(
    source: Path, silent: Path, path: Path, *, container: str, limits: IsolationLimits, frames: int
) -> str | None:
    """Write a silent video again with the sound of another one, which is read in a process with limits.

    What that process does not finish is a video without sound, with a note that says why.

    Args:
        source: video whose sound is taken.
        silent: video without sound, which begins at the time 0.
        path: file to write.
        container: FFmpeg's name of the format to write: ``mp4``, ``matroska`` or ``mov``.
        limits: limits of the process; it has the time of a file that delivers these frames.
        frames: number of frames of the silent video, at least 1.

    Returns:
        A note where the sound is not a copy, or is missing; else None.

    Raises:
        OSError: the file cannot be written, or the system starts no process.
    """
    process = ChildProcess(_PROGRAM, [], role="the reader of its sound", memory_limit_mb=limits.memory_limit_mb)
    seconds = limits.time_limit_seconds * max(1, -(-frames // FRAMES_PER_TIME_LIMIT))
    order = {"source": str(source.absolute()), "silent": str(silent.absolute()), "path": str(path.absolute())}
    try:
        process.send({"kind": "add", **order, "container": container, "memory_limit_mb": limits.memory_limit_mb})
        answer = process.receive(START_SECONDS + seconds)
        note, reason = answer.get("note"), answer.get("reason") if answer["kind"] != "done" else None
    except TimeoutError:
        note, reason = None, f"its reader did not end within the time limit of {seconds:g} s"
    except EOFError:
        note, reason = None, process.end_of()[1]
    except MessageError:
        note, reason = None, "its reader sent what is not allowed"
    finally:
        process.close()
    if reason is None:
        return None if note is None else printable(str(note)[:_MOST_TOLD])
    copy_picture(silent, path, container=container)
    return f"its sound is missing: {printable(str(reason)[:_MOST_TOLD])}"
