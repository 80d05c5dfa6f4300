"""Files on disk for what a user says about weights."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from genconvit.core.ahead import begun
from genconvit.core.errors import WeightsError
from genconvit.core.files import sha256_of_file
from genconvit.models.reference_files import Network
from genconvit.results.provenance import WeightsFile
from genconvit.weights import hub
from genconvit.weights.embedded import embedded_path

WeightsSpec = str | os.PathLike[str] | Mapping[str, str | os.PathLike[str]]
"""``"published"``, ``"embedded"``, ``"random"``, a path, a hub id ``owner/name`` or ``owner/name@revision``, or a path
for each network."""

LIBRARY_FILE = "model.safetensors"
"""Name of the library's own weights file in a hub repository."""

_SUFFIXES = (".safetensors", ".pth", ".pt", ".ckpt", ".bin")
_begun: dict[tuple[Path, int, int], Future[str]] = {}
"""The hash that was begun last, of which nobody has asked yet."""

_HUB_ID = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?")


@dataclass(frozen=True)
class LocatedFile:
    """A weights file on disk.

    Attributes:
        path: path of the file.
        described: gives name, hash and origin of the file, once a file on disk is hashed, in a thread.
        network: network that it belongs to, where the user said so.
    """

    path: Path
    described: Callable[[], WeightsFile]
    network: Network | None = None

    @property
    def file(self) -> WeightsFile:
        """Name, hash and origin of the file for the result; ask after its tensors are read.

        Raises:
            WeightsError: it cannot be read.
        """
        return self.described()


def locate(spec: WeightsSpec, networks: tuple[Network, ...], embedded: str | None = None) -> list[LocatedFile]:
    """The files that a spec other than ``"random"`` names.

    Args:
        spec: a spec, see ``WeightsSpec``.
        networks: the original's networks that are needed; none where the architecture reads no files of them.
        embedded: name of the library's own weights that ``"embedded"`` stands for.

    Raises:
        WeightsError: it names nothing that is there; the message says what is allowed.
    """
    if isinstance(spec, Mapping):
        return _locate_each(spec, networks)
    if spec == "published":
        return [_from_hub(hub.PUBLISHED_REPOSITORY, hub.PUBLISHED_FILES[name], name) for name in networks]
    if spec == "embedded" and embedded is not None:
        return [_on_disk(embedded_path(embedded))]
    text = os.fspath(spec)
    if isinstance(spec, os.PathLike) or _looks_like_a_path(text) or os.path.lexists(text):
        return [_on_disk(text)]
    hub_id = _HUB_ID.fullmatch(text)
    if hub_id:
        return _hub_repository(hub_id["repository"], hub_id["revision"], networks)
    raise WeightsError(
        f"weights={text!r} is neither a file here nor a hub id; give 'published', 'embedded', 'random', "
        "a path (.safetensors, or the reference's .pth), {'ed': PATH, 'vae': PATH}, or a hub id 'owner/name' or "
        "'owner/name@revision'"
    )


def hash_ahead(spec: WeightsSpec | None) -> None:
    """Begin to hash a file on disk that a spec names, in a thread, for whoever locates it next."""
    _begun.clear()
    if not isinstance(spec, (str, os.PathLike)):
        return
    try:
        path = Path(spec).expanduser()
        if path.suffix in _SUFFIXES and path.is_file():
            _begun[_state(path)] = _begin(path)
    except (OSError, RuntimeError, ValueError):  # whoever locates it says what is wrong
        return


def _locate_each(spec: Mapping[str, str | os.PathLike[str]], networks: tuple[Network, ...]) -> list[LocatedFile]:
    if set(spec) != set(networks):
        raise WeightsError(
            f"weights name {_names(spec)}, but this mode runs {_names(networks)}; give one file for each of them, "
            "or choose the mode with mode='ed' or mode='vae' (--mode)"
        )
    return [_on_disk(spec[name], name) for name in networks]


def _on_disk(given: str | os.PathLike[str], network: Network | None = None) -> LocatedFile:
    try:
        path = Path(given).expanduser()
        if path.is_file():
            return LocatedFile(path, _hashed_meanwhile(path), network)
        problem = "is a folder" if path.is_dir() else "does not exist"
    except (OSError, RuntimeError, ValueError) as error:
        problem = f"cannot be read ({getattr(error, 'strerror', None) or error})"
    raise WeightsError(
        f"weights file {os.fspath(given)!r} {problem}; give the path of a .safetensors file or of the reference's "
        ".pth, or 'published' to download the original's"
    )


def _hashed_meanwhile(path: Path) -> Callable[[], WeightsFile]:
    hashing = _begun.pop(_state(path), None) or _begin(path)

    def described() -> WeightsFile:
        try:
            return WeightsFile(name=path.name, sha256=hashing.result())
        except OSError as error:
            raise WeightsError(f"{path} cannot be read: {error.strerror}; copy it again") from error

    return described


def _begin(path: Path) -> Future[str]:
    return begun(lambda: sha256_of_file(path), "hash")


def _state(path: Path) -> tuple[Path, int, int]:
    """Give what a file has to keep, for a hash that was begun to be its own still."""
    state = path.stat()
    return path, state.st_mtime_ns, state.st_size


def _from_hub(
    repository: str, filename: str, network: Network | None = None, revision: str | None = None
) -> LocatedFile:
    found = hub.download(repository, filename, revision=revision)
    file = WeightsFile(name=filename, sha256=found.sha256, repository=repository, revision=found.revision)
    return LocatedFile(found.path, lambda: file, network)


def _hub_repository(repository: str, revision: str | None, networks: tuple[Network, ...]) -> list[LocatedFile]:
    files = hub.list_files(repository, revision)
    if LIBRARY_FILE in files:
        return [_from_hub(repository, LIBRARY_FILE, revision=revision)]
    wanted = {name: hub.PUBLISHED_FILES[name] for name in networks}
    if wanted and set(wanted.values()) <= set(files):
        return [_from_hub(repository, filename, name, revision) for name, filename in wanted.items()]
    missing = f"neither {LIBRARY_FILE} nor {' and '.join(wanted.values())}" if wanted else f"no {LIBRARY_FILE}"
    raise WeightsError(
        f"hub repository {repository!r} holds {missing}; `genconvit weights convert` writes {LIBRARY_FILE}"
    )


def _looks_like_a_path(text: str) -> bool:
    return (
        text.endswith(_SUFFIXES)
        or text.startswith((".", "~"))
        or Path(text).is_absolute()
        or text.count("/") > 1
        or "\\" in text
    )


def _names(networks: Mapping[str, object] | tuple[str, ...]) -> str:
    return " and ".join(repr(name) for name in networks) or "no network"
