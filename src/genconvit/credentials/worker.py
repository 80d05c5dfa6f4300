"""Program of a process that reads the Content Credentials of one file: without network, and with nothing else open.

It must start fast, so it imports neither torch nor pydantic.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Sequence
from importlib.util import find_spec, module_from_spec
from io import FileIO
from pathlib import Path
from typing import Any

from genconvit.core.errors import SourceError, UnsupportedSourceError
from genconvit.core.text import first_line
from genconvit.credentials.claims import Selection
from genconvit.isolation.confine import limit_memory, open_nothing_more
from genconvit.isolation.messages import Channel, Message
from genconvit.isolation.program import run
from genconvit.results.credential_limits import MAX_REASON

UNSUPPORTED = (
    "its format is not one that credentials are read from, such as JPEG, PNG, WebP, TIFF, AVIF, HEIC, MP4, MOV and AVI"
)
_MEMORY_OF_A_BYTE = 8
"""Bytes of memory that c2pa takes for a byte of credentials: seven were measured for 50 MB of them."""

_ELSEWHERE = re.compile(r"Remote\w*: must fetch remote manifests from url (.*)", re.DOTALL)


def main() -> None:
    """Run the program; its descriptor is that of the file, open for reading."""
    run(_serve)


def _serve(channel: Channel, descriptors: Sequence[int]) -> None:
    (descriptor,) = descriptors
    order = channel.receive()
    anchors = [channel.receive()["pem"] for _ in range(order["anchors"])]
    try:
        c2pa = _load_c2pa()
        context = _context(c2pa, anchors)
    except Exception as error:
        channel.send(_failed("config", f"{type(error).__name__}: {first_line(error)}"))
        return
    with FileIO(descriptor) as file:
        limit_memory(order["memory_limit_mb"])
        open_nothing_more()
        channel.send({"kind": "ready"})
        answer = _answer(c2pa, context, file, has_list=bool(anchors))
        if answer.get("error") == SourceError.code and _is_large(file, order["memory_limit_mb"]):
            answer["reason"] += f"; a file of this size may need more memory than {order['memory_limit_mb']} MB"
        channel.send(answer)


def _load_c2pa() -> Any:  # noqa: ANN401 - a module, which has no types
    """Import c2pa where the first library that it looks for is its own: it begins in the current folder."""
    spec = find_spec("c2pa")
    if spec is None or spec.origin is None or spec.loader is None:
        raise ModuleNotFoundError("No module named 'c2pa'")
    os.chdir(Path(spec.origin).parent)
    module = sys.modules["c2pa"] = module_from_spec(spec)  # by name it might now be one of its own files
    spec.loader.exec_module(module)
    return module


def _context(c2pa: Any, anchors: Sequence[str]) -> Any:  # noqa: ANN401 - of a library without types
    """Settings that fetch nothing, and know no trusted authority but these."""
    settings: dict[str, Any] = {
        "version": 1,
        "verify": {"verify_trust": True, "remote_manifest_fetch": False, "ocsp_fetch": False},
        "core": {"allowed_network_hosts": [], "decode_identity_assertions": False},
    }
    if anchors:
        settings["trust"] = {"trust_anchors": "".join(f"{pem}\n" for pem in anchors)}
    return c2pa.Context(c2pa.Settings.from_dict(settings))


def _answer(c2pa: Any, context: Any, file: FileIO, *, has_list: bool) -> Message:  # noqa: ANN401 - see above
    try:
        with c2pa.Reader(None, file, context=context) as reader:
            store = json.loads(reader.json())
        return {"kind": "read", "found": Selection().findings(store, has_list=has_list)}
    except MemoryError:
        raise
    except c2pa.C2paError.Io as error:
        if "out of memory" in str(error):
            raise MemoryError from error
        return _unparsed(error)
    except c2pa.C2paError.ManifestNotFound:
        return {"kind": "read", "found": {"state": "absent"}}
    except c2pa.C2paError.NotSupported:
        return _failed(UnsupportedSourceError.code, UNSUPPORTED)
    except Exception as error:  # whatever a library comes up with for a hostile file
        elsewhere = _ELSEWHERE.fullmatch(str(error))
        if elsewhere:
            return {"kind": "remote", "url": Selection().text(elsewhere[1])}
        return _unparsed(error)


def _is_large(file: FileIO, memory_limit_mb: int) -> bool:
    """Tell whether c2pa may have lacked memory and not said so, which it does for some parts of a file."""
    return os.fstat(file.fileno()).st_size * _MEMORY_OF_A_BYTE > memory_limit_mb << 20


def _unparsed(error: Exception) -> Message:
    return _failed(SourceError.code, f"they cannot be parsed ({first_line(error)})")


def _failed(error: str, reason: str) -> Message:
    return {"kind": "failed", "error": error, "reason": reason[:MAX_REASON]}
