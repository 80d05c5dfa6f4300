"""Flags of a training: one for each field of its config, from one table."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from inspect import Parameter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from genconvit.cli import flags
from genconvit.cli.model_flags import model_options
from genconvit.cli.options import parse_extra, parse_weights
from genconvit.cli.signature import give_parameters, optional_parameters, own_parameters
from genconvit.core.errors import ConfigError
from genconvit.core.text import first_line

if TYPE_CHECKING:
    from genconvit.train.config import TrainConfig

Flag = tuple[str, str, str]

FLAGS: dict[str, Flag] = {
    "data": ("The folder of crops: what extract made, or train/valid/test with fake/ and real/ in each.", "DIR", ""),
    "out": ("Where everything is written to.", "DIR", "training"),
    "architecture": ("original, v2, timm, or a plugin's; --help with it shows its flags.", "NAME", "original"),
    "init": (
        "The first weights: imagenet (the backbones' alone), random, or published, FILE, a hub id; or twice: ed=FILE, "
        "vae=FILE; or the backbones' from a file: backbone=FILE, ed.backbone=FILE.",
        "NAME",
        "imagenet",
    ),
    "crop_rules": ("How the crops were cut: a file with a rule for each face detector.", "FILE", ""),
    "image_size": ("Side of the examples in pixels while training.", "N", "the network's input"),
    "augment": ("How examples are changed: reference, robust, none, or a file with an AugmentConfig.", "NAME", ""),
    "pairs": ("Show each real beside a fake that was made from it, changed alike.", "", ""),
    "pair_mix": ("How fakes of pairs are mixed with their reals: a file with a PairMixConfig.", "FILE", ""),
    "self_blended": ("Make the fakes from the real faces alone.", "", ""),
    "self_blended_share": ("The share of the fakes that are made from real faces instead.", "X", "0"),
    "hold_out": ("Never show crops of this group of the manifest. May be repeated.", "GROUP=VALUE", ""),
    "blend": ("How such fakes are made: a file with a SelfBlendConfig.", "FILE", ""),
    "balance": ("Show as many fakes as reals.", "", ""),
    "epochs": ("Passes over the training split.", "N", "30"),
    "steps": ("Stop after so many steps instead.", "N", ""),
    "batch_size": ("Crops at once in each process.", "N", "32"),
    "accumulation": ("Batches for each step of the optimiser.", "N", "1"),
    "optimiser": ("How gradients become steps.", "adam|adamw", "adam"),
    "learning_rate": ("The highest rate.", "X", "0.0001"),
    "weight_decay": ("How strongly weights are drawn to zero.", "X", "0.0001"),
    "schedule": ("How the rate falls.", "step|cosine|plateau", "step for original, else cosine"),
    "warmup": ("The share of all steps over which the rate rises.", "X", "0.05 with cosine, else 0"),
    "step_epochs": ("With --schedule step: epochs until the rate falls.", "N", "15"),
    "decay_factor": ("With step or plateau: what the rate is multiplied by then.", "X", "0.1"),
    "plateau_patience": ("With plateau: validations without a lower loss until it falls.", "N", "3"),
    "final_factor": ("With cosine: the share of the rate that is left at the end.", "X", "0.01"),
    "label_smoothing": ("How much of each label is spread over both classes.", "X", "0"),
    "reconstruction_ed": ("Weight of the ED branch's reconstruction error.", "X", "0; 1 where it ends linearly"),
    "reconstruction_vae": ("Weight of the VAE branch's reconstruction error.", "X", "the model's own: 1"),
    "kl_weight": ("Weight of the VAE branch's KL term.", "X", "0"),
    "ema": ("Decay of a moving average of the weights, which is then what is kept.", "X", "0: none"),
    "clip_norm": ("The longest gradient that is used as it is.", "X", "none"),
    "precision": ("Of what lies between the layers; weights stay in fp32.", "fp32|bf16", "fp32"),
    "freeze": (
        "Parameters that do not change, by how their names begin, such as branches. May be repeated.",
        "NAME",
        "",
    ),
    "unfreeze_epoch": ("The epoch, from 0, from which nothing is frozen.", "N", "never"),
    "monitor": ("What the best weights are the best by.", "roc_auc|accuracy|loss", "roc_auc"),
    "patience": ("Stop after so many validations without a better one.", "N", "never"),
    "validate_every": ("Epochs from one validation to the next.", "N", "1"),
    "seed": ("Of everything that is drawn.", "N", "0"),
    "device": ("auto takes a GPU where there is one.", "auto|cpu", "auto"),
    "workers": ("Processes that read images, for each one that trains.", "N", "by the cores"),
    "checkpoint_steps": ("Steps from one saved state to the next.", "N", "each epoch"),
    "checkpoint_minutes": ("The most that a run loses when it is killed.", "X", "10"),
    "tensorboard": ("Write for TensorBoard, where it is installed.", "", ""),
    "wandb": ("The project on Weights & Biases that gets it as well.", "NAME", "none"),
}
"""For each field of a ``TrainConfig`` but ``model``: its flag's help, value and default."""

TITLES = {
    "data": "Data and first weights",
    "image_size": "Examples",
    "epochs": "Optimisation",
    "label_smoothing": "Losses",
    "ema": "Optimisation",
    "monitor": "Validation",
    "seed": "Machine and run",
}
"""Titles under which help shows the flags, by the first flag that each holds for."""

_SWITCHES = {"pairs", "self_blended", "balance", "tensorboard"}
_LISTS = {"freeze", "init", "hold_out"}
_NAMES = {"architecture": "arch"}

ExtraFlag = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Any field of the model, such as variational=true.",
        rich_help_panel=flags.MODEL,
    ),
]
ConfigFlag = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="A training's config as JSON; flags go before it.",
        metavar="FILE",
        rich_help_panel="Data and first weights",
    ),
]


@dataclass(frozen=True)
class TrainFlags:
    """The flags as they were given; None where one was not."""

    given: dict[str, Any]
    model: dict[str, Any]
    file: Path | None = None

    def config(self, *, resume: bool = False) -> TrainConfig:
        """The config that the flags and ``--config`` make.

        Args:
            resume: take what is not given from the training that is resumed, rather than from the defaults.

        Raises:
            ConfigError: a field is unknown or has a value that is not allowed, or a file cannot be read.
        """
        from pydantic import ValidationError

        from genconvit.core.config import validation_message
        from genconvit.train.config import TrainConfig

        own = {name: value for name, value in self.given.items() if value is not None}
        if "init" in own:
            own["init"] = parse_weights(own["init"])
        if "hold_out" in own:
            own["hold_out"] = _groups(own["hold_out"])
        for name in ("augment", "blend", "crop_rules", "pair_mix"):
            if name in own and own[name].endswith(".json"):
                own[name] = _json_of("--" + name.replace("_", "-"), Path(own[name]))
        kept = Path(own.get("out", "training"), "config.json")
        file = self.file or (kept if resume and kept.exists() else None)
        base = _json_of("--config", file) if file else {}
        model = {**_mapping(base.get("model", {})), **self.model}
        if "data" not in base and "data" not in own:
            if resume and not self.file:
                raise ConfigError(
                    f"no training lies in {str(kept.parent)!r}, so there is none to resume; give the folder of one as "
                    "--out, or --data DIR to begin one there"
                )
            raise ConfigError(
                "nothing to train on; give --data DIR, a folder of crops such as `genconvit extract` makes"
            )
        try:
            return TrainConfig.model_validate({**base, **own, **({"model": model} if model else {})})
        except ValidationError as error:
            raise ConfigError(validation_message(error)) from error


def with_train_flags(command: Callable[..., None]) -> Callable[..., None]:
    """A command that has the flags of a training beside its own, and gets them as one argument ``training``.

    Args:
        command: a function with a parameter ``training: TrainFlags``.
    """

    @functools.wraps(command)
    def run(**arguments: Any) -> None:  # noqa: ANN401 - whatever typer parsed
        given = {name: arguments.pop(_NAMES.get(name, name)) for name in FLAGS}
        typed = {name: arguments.pop(name) for name in flags.MODEL_FLAGS}
        model = {name: value for name, value in typed.items() if value is not None}
        model |= {name: value for name, (_, value) in model_options(arguments.pop("context")).items()}
        extra = parse_extra(arguments.pop("extra"))
        twice = [name for name in extra if name in model]
        if twice:
            raise ConfigError(f"{twice[0]} is given both as --set and as a flag of its own; give one of them")
        file = arguments.pop("file")
        command(**arguments, training=TrainFlags(given, {**model, **extra}, file))

    added = {
        **{_NAMES.get(name, name): _option(name) for name in FLAGS},
        **flags.MODEL_FLAGS,
        "extra": ExtraFlag,
        "file": ConfigFlag,
    }
    context = Parameter("context", Parameter.KEYWORD_ONLY, annotation=typer.Context)
    give_parameters(run, [context, *optional_parameters(added), *own_parameters(command, without="training")])
    return run


def _title(name: str) -> str:
    names = list(FLAGS)
    return TITLES[next(each for each in reversed(names[: names.index(name) + 1]) if each in TITLES)]


def _option(name: str) -> object:
    text, metavar, default = FLAGS[name]
    shared: dict[str, Any] = {"help": text, "rich_help_panel": _title(name)}
    flag = f"--{_NAMES.get(name, name).replace('_', '-')}"
    if name in _SWITCHES:
        return Annotated[bool | None, typer.Option(f"{flag}/--no-{flag[2:]}", show_default=False, **shared)]
    kind = list[str] | None if name in _LISTS else str | None
    return Annotated[kind, typer.Option(flag, metavar=metavar, show_default=default or False, **shared)]


def _groups(given: list[str]) -> dict[str, list[str]]:
    """Read ``--hold-out``: for each group its values."""
    groups: dict[str, list[str]] = {}
    for item in given:
        group, equals, value = item.partition("=")
        if not (group and equals and value):
            raise ConfigError(f"--hold-out takes GROUP=VALUE, got {item!r}; for example --hold-out method=FaceSwap")
        groups.setdefault(group, []).append(value)
    return groups


def _json_of(flag: str, path: Path) -> dict[str, Any]:
    import json

    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or first_line(error)
        raise ConfigError(f"{flag} {str(path)!r} cannot be read: {reason}; give a JSON file") from error
    if not isinstance(value, dict):
        raise ConfigError(f"{flag} {str(path)!r} holds no JSON object; give one with the fields of the config")
    return value


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
