"""The program that serves: uvicorn, on one address."""

from __future__ import annotations

import asyncio
import resource
import socket
from collections.abc import Callable, Sequence

import uvicorn

from genconvit.core.errors import ConfigError
from genconvit.core.text import first_line
from genconvit.serve.api import make_app
from genconvit.serve.config import ServeConfig
from genconvit.serve.protocol import PatientProtocol
from genconvit.serve.service import Service
from genconvit.settings import DetectorConfig

MOST_CONNECTIONS = 1000
"""Connections that are taken at once, or half of the files that may be open; further ones are answered 503."""

_GOODBYE_SECONDS = 5


def serve(config: ServeConfig, detectors: Sequence[DetectorConfig], listening: Callable[[str], object]) -> None:
    """Serve until the program is told to end.

    Args:
        config: options of the service.
        detectors: configs of the detectors, the default one first.
        listening: called with the address once connections are taken.

    Raises:
        ConfigError: an option has a value that is not allowed, the folder is in use, or so is the port.
    """
    with _listen(config) as listener, Service(config, detectors) as service:
        server = uvicorn.Server(
            uvicorn.Config(
                make_app(service),
                http=PatientProtocol,
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=_most_connections(),
                timeout_graceful_shutdown=_GOODBYE_SECONDS,
            )
        )
        host, port = listener.getsockname()[:2]
        listening(f"http://{f'[{host}]' if ':' in host else host}:{port}/")
        asyncio.run(server.serve(sockets=[listener]))


def _most_connections() -> int:
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return MOST_CONNECTIONS if files == resource.RLIM_INFINITY else min(MOST_CONNECTIONS, files // 2)


def _listen(config: ServeConfig) -> socket.socket:
    try:
        family = socket.getaddrinfo(config.host, config.port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((config.host, config.port), family=family, backlog=2048)
    except OSError as error:
        raise ConfigError(
            f"{config.host}:{config.port} cannot be listened on ({first_line(error)}); choose another (--port)"
        ) from error
    return listener
