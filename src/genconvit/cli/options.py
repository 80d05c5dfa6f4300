"""One flat set of options from flags, ``--set`` and a config file. None is dropped: a clash is an error."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genconvit.cli.flags import MODEL_FLAGS
from genconvit.core.errors import ConfigError
from genconvit.core.values import option_value

if TYPE_CHECKING:
    from genconvit.settings import DetectorConfig

_NETWORK_PATH = re.compile(r"((?:ed|vae)(?:\.backbone)?|backbone)=(.+)", re.DOTALL)
_LONGEST_SHOWN = 80


def parse_weights(values: list[str] | None) -> str | dict[str, str] | None:
    """Read ``--weights``: one value as it is, or ``ed=FILE`` and ``vae=FILE`` as a mapping.

    Examples:
        >>> parse_weights(["ed=a.pth", "vae=b.pth"])
        {'ed': 'a.pth', 'vae': 'b.pth'}
    """
    if not values:
        return None
    matches = [match for match in map(_NETWORK_PATH.fullmatch, values) if match]
    if len(matches) < len(values):
        if len(values) == 1:
            return values[0]
        raise ConfigError(
            f"--weights was given {len(values)} times, as {', '.join(map(repr, values))}; give it once, or once as "
            "ed=FILE and once as vae=FILE"
        )
    named: dict[str, str] = {}
    for match in matches:
        network, path = match.groups()
        if network in named:
            raise ConfigError(
                f"--weights gives {network} twice, as {named[network]!r} and as {path!r}; give it once as ed=FILE and "
                "once as vae=FILE"
            )
        named[network] = path
    return named


def weights_files(spec: str | Mapping[str, str] | None) -> list[str]:
    """The paths that a spec may name."""
    if spec is None:
        return []
    return [spec] if isinstance(spec, str) else list(spec.values())


def parse_extra(values: list[str] | None) -> dict[str, Any]:
    """Read ``NAME=VALUE`` each, the value as JSON where it is JSON and as text elsewhere.

    Raises:
        ConfigError: one has no name or no value, comes twice, or is not a single option.

    Examples:
        >>> parse_extra(["latent=mean", "max_faces=null"])
        {'latent': 'mean', 'max_faces': None}
    """
    found = named_values("--set", values, example="latent=mean")
    if "model" in found:
        raise ConfigError("--set model: give its fields directly, for example --set latent=mean")
    if "arch" in found:
        raise ConfigError("--set arch: give --set architecture=v2 or --arch v2")
    return found


def named_values(flag: str, values: list[str] | None, *, example: str) -> dict[str, Any]:
    """Read ``NAME=VALUE`` each, the value as JSON where it is JSON and as text elsewhere.

    Args:
        flag: flag that they were given by.
        values: texts that were given.
        example: example for messages.

    Raises:
        ConfigError: one has no name or no value, or comes twice.
    """
    texts: dict[str, str] = {}
    for item in values or []:
        name, equals, text = item.partition("=")
        if not (name and equals):
            raise ConfigError(f"{flag} takes NAME=VALUE, got {_short(item)!r}; for example {flag} {example}")
        if name in texts:
            raise ConfigError(f"{flag} {name} is given twice, as {_short(texts[name])} and as {_short(text)}")
        texts[name] = text
    return {name: option_value(f"{flag} {name}", text) for name, text in texts.items()}


def detector_config(file: Path | None, flags: Mapping[str, tuple[str, Any]], extra: list[str] | None) -> DetectorConfig:
    """The config that a file and the command's options make together; see ``detector_options``.

    Raises:
        ConfigError: an option is unknown, given twice, or has a value that is not allowed.
        PluginError: the architecture is unknown or broken.
    """
    from genconvit.settings import DetectorConfig, default_architecture

    options = detector_options(file, flags, extra)
    architecture = options.pop("architecture", default_architecture(options.get("weights")))
    if not isinstance(architecture, str):
        raise ConfigError(f"architecture={_short(repr(architecture))} is no name; give one, for example original or v2")
    _refuse_others(architecture, {name: flags[name][0] for name in MODEL_FLAGS if name in flags})
    return DetectorConfig.from_options(architecture, **options)


def detector_options(
    file: Path | None, flags: Mapping[str, tuple[str, Any]], extra: list[str] | None
) -> dict[str, Any]:
    """One flat set of options from a file and the command's options; an option goes before the file.

    Args:
        file: a ``DetectorConfig`` as JSON.
        flags: for each option that was given, the flag as it was typed and its value.
        extra: the values of ``--set``.

    Raises:
        ConfigError: an option is given twice, or the file is none.
    """
    given = {name: value for name, (_, value) in flags.items()}
    others = parse_extra(extra)
    for name in others:
        if name in given:
            text = next(item for item in extra or [] if item.startswith(f"{name}="))
            raise ConfigError(f"{name} is given both as --set {_short(text)} and as {flags[name][0]}; give one of them")
    return {**(_read_config(file) if file else {}), **given, **others}


def _refuse_others(architecture: str, flags: Mapping[str, str]) -> None:
    """Refuse flags that the command has for other architectures."""
    if not flags:
        return
    from genconvit.registry import ARCHITECTURES

    fields = ARCHITECTURES.load(architecture).config_class.model_fields
    for name, flag in flags.items():
        if name not in fields:
            raise ConfigError(
                f"{flag} does not apply to architecture {architecture!r}, which has no {name} (it has "
                f"{', '.join(fields)}); leave the flag out, or use --arch v2"
            )


def _read_config(file: Path) -> dict[str, Any]:
    """The options of a config file, those of its model among them."""
    from pydantic import ValidationError

    from genconvit.core.config import validation_message
    from genconvit.settings import DetectorConfig

    try:
        config = DetectorConfig.model_validate_json(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"--config {str(file)!r} cannot be read: {error.strerror}; give a JSON file") from error
    except ValueError as error:
        reason = validation_message(error) if isinstance(error, ValidationError) else str(error)
        raise ConfigError(f"--config {str(file)!r}: {reason}") from error
    options = config.model_dump(exclude_unset=True)
    model: dict[str, Any] = options.pop("model", {})
    own = [name for name in model if name in DetectorConfig.model_fields]
    if own:
        raise ConfigError(
            f"--config {str(file)!r}: {', '.join(own)} inside model is the detector's, not its model's; move it out"
        )
    return {**options, **model}


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
