"""Frame of a worker's program: it serves the process that started it, and ends with it."""

from __future__ import annotations

import os
import socket
import sys
import traceback
from collections.abc import Callable, Sequence

from genconvit.isolation.confine import OUT_OF_MEMORY, end_with_parent
from genconvit.isolation.messages import Channel


def run(serve: Callable[[Channel, Sequence[int]], None]) -> None:
    """Serve until the connection ends, and end the process.

    Its arguments are the descriptor of the connection, and those that it was given besides.

    Args:
        serve: function that gets the connection and the other descriptors.
    """
    status = 0
    try:
        end_with_parent()
        connection, *descriptors = map(int, sys.argv[1:])
        del sys.argv[1:]
        serve(Channel(socket.socket(fileno=connection)), descriptors)
    except EOFError:
        pass
    except MemoryError:
        status = OUT_OF_MEMORY
    except BaseException:
        traceback.print_exc()
        status = 1
    os._exit(status)  # libraries' threads may be in any state
