"""Program of a process that puts the sound of a hostile file beside a picture, with a limit of memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from genconvit.core.errors import SourceError
from genconvit.core.text import first_line
from genconvit.isolation.confine import limit_memory
from genconvit.isolation.messages import Channel
from genconvit.isolation.program import run
from genconvit.render.sound import add_sound


def main() -> None:
    """Run the program; it has no descriptor but that of the connection."""
    run(_serve)


def _serve(channel: Channel, descriptors: Sequence[int]) -> None:
    del descriptors
    order = channel.receive()
    limit_memory(order["memory_limit_mb"])
    source, silent, path = (Path(order[name]) for name in ("source", "silent", "path"))
    try:
        note = add_sound(source, silent, path, container=order["container"])
    except MemoryError:
        raise
    except Exception as error:  # whatever a library comes up with for a hostile file
        reason = error.reason if isinstance(error, SourceError) else f"{type(error).__name__}: {first_line(error)}"
        channel.send({"kind": "failed", "reason": reason[:200]})
    else:
        channel.send({"kind": "done", "note": note})
