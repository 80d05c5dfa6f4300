"""A service in a process of its own, as the program starts it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError

from processes import wait_until

QUICK = ("--weights", "embedded", "--frames", "2", "--device", "cpu", "--workers", "2")

_PATH = os.pathsep.join(filter(None, (str(Path(__file__).parent), os.environ.get("PYTHONPATH"))))
"""Modules of the tests are found as well, by the process and by its workers."""


class Server:
    """A process of ``genconvit serve`` on loopback.

    Args:
        data: folder of its jobs.
        flags: further flags.
        port: port; 0 takes a free one.
        program: what runs it, after the interpreter.

    Attributes:
        process: the process.
        said: what it printed on stderr so far.
    """

    def __init__(
        self, data: Path, *flags: str, port: int = 0, program: Sequence[str] = ("-m", "genconvit", "serve")
    ) -> None:
        command = [sys.executable, *program, *QUICK, "--port", str(port), "--data", str(data), *flags]
        self.process = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": _PATH}
        )
        self.said: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def url(self) -> str:
        """Address of the service, once it is there."""
        assert wait_until(lambda: self._address() is not None or self.process.poll() is not None)
        address = self._address()
        assert address is not None, "".join(self.said)
        return address

    def await_ready(self) -> None:
        """Wait until the networks are loaded."""
        assert wait_until(self._is_ready), "".join(self.said)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it by a signal, and give its exit status."""
        self.process.send_signal(number)
        status = self.process.wait(timeout=300)
        self._reader.join(60)
        if self.process.stderr is not None:
            self.process.stderr.close()
        return status

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=60) as response:  # noqa: S310 - our own
                return bool(response.status == 200)
        except (URLError, ConnectionError, TimeoutError):
            return False

    def _address(self) -> str | None:
        found = re.search(r"serving at (\S+)/ ", "".join(self.said))
        return found[1] if found else None

    def _read(self) -> None:
        if self.process.stderr is not None:
            for line in self.process.stderr:
                self.said.append(line)


@contextmanager
def server(data: Path, *flags: str) -> Iterator[Server]:
    """A service that is ready, and is ended with the block."""
    made = Server(data, *flags)
    try:
        made.await_ready()
        yield made
    finally:
        if made.process.poll() is None:
            made.end(signal.SIGKILL)
