"""Backbones that begin with weights from files: ImageNet's where there is no hub, or those of an earlier stage."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from genconvit.core.errors import ConfigError, WeightsError
from genconvit.core.files import sha256_of_file
from genconvit.nn.timm_network import TimmNetwork
from genconvit.results.provenance import WeightsFile
from genconvit.weights.checkpoint import read_tensors
from genconvit.weights.reference import listing

_PART = "backbone"
_PREFIXES = ("", "net.", "backbone.net.")
"""Prefixes that may stand before timm's names: none, or those of an architecture of this library."""
_HEADS = ("head.", "fc.", "classifier.")


def backbone_files(init: str | Mapping[str, str]) -> dict[str, str]:
    """The files for backbones that an init names, by ``backbone`` or ``<branch>.backbone``; none for another init.

    Raises:
        ConfigError: it names such files and others.
    """
    if isinstance(init, str):
        return {}
    files = {key: path for key, path in init.items() if key.split(".")[-1] == _PART}
    if files and len(files) < len(init):
        others = ", ".join(sorted(init.keys() - files.keys()))
        raise ConfigError(
            f"init names files for backbones ({', '.join(files)}) and for {others}; a whole network's file holds its "
            "backbone, so give one kind or the other"
        )
    return files


def start_from_files(model: nn.Module, files: Mapping[str, str]) -> tuple[WeightsFile, ...]:
    """Give the backbones of a model the weights of files with timm's names; the longest matching key decides.

    A head whose shape differs, or that the file lacks, stays random.

    Args:
        model: model whose modules are named.
        files: paths, by the ends of the modules' names: ``backbone`` for all, ``ed.backbone`` for one branch's.

    Returns:
        The files.

    Raises:
        WeightsError: a file cannot be read or does not fit, or a key matches no backbone.
    """
    backbones = {name: module for name, module in model.named_modules() if isinstance(module, TimmNetwork)}
    chosen: dict[str, list[TimmNetwork]] = {key: [] for key in files}
    for name, module in backbones.items():
        keys = [key for key in files if f".{name}".endswith(f".{key}")]
        if keys:
            chosen[max(keys, key=len)].append(module)
    read: list[WeightsFile] = []
    for key, modules in chosen.items():
        if not modules:
            there = listing(backbones) if backbones else "none"
            raise WeightsError(
                f"init {key}={files[key]!r} names no backbone of this model that no longer key names; it has {there}"
            )
        path = Path(files[key])
        tensors = read_tensors(path).tensors
        for module in modules:
            _fill(module, tensors, path)
        read.append(WeightsFile(name=path.name, sha256=sha256_of_file(path)))
    return tuple(read)


def _fill(backbone: TimmNetwork, given: Mapping[str, Tensor], path: Path) -> None:
    own: dict[str, Tensor] = backbone.net.state_dict()
    head = backbone.classifier
    prefix = max(_PREFIXES, key=lambda each: sum(f"{each}{name}" in given for name in own))
    tensors = {name.removeprefix(prefix): value for name, value in given.items() if name.startswith(prefix)}
    # How many batches were seen is of no use to whoever begins, and not every file says.
    needed = {name for name in own if not name.startswith(head) and not name.endswith("num_batches_tracked")}
    lacking = sorted(needed - tensors.keys())
    other = sorted(name for name in tensors if name not in own and not name.startswith((head, *_HEADS)))
    shaped = sorted(name for name in needed & tensors.keys() if tensors[name].shape != own[name].shape)
    for names, what in ((lacking, "lacks"), (other, "has besides"), (shaped, "has in another shape")):
        if names:
            raise WeightsError(
                f"{path} does not fit {backbone.name}: it {what} {listing(names[:4])} ({len(names)} in all); "
                f"give a file with the names and shapes of timm.create_model({backbone.name!r})"
            )
    fits = {name: value for name, value in tensors.items() if name in own and value.shape == own[name].shape}
    with torch.no_grad():
        backbone.net.load_state_dict({**own, **fits})
