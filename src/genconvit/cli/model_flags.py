"""Commands with the flags of the architecture that their other flags name: one for each field of its config.

``--help`` alone shows those of ``flags.MODEL_FLAGS``, and so needs no network library.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperOption

from genconvit.cli.field_flags import field_flags
from genconvit.cli.flags import MODEL, MODEL_FLAGS
from genconvit.compare import DEFAULT_VARIANTS
from genconvit.core.errors import GenConViTError
from genconvit.core.values import option_value

Given = Mapping[str, Any]
"""For each flag that a command line has, its value as it was typed."""

ModelOptions = dict[str, tuple[str, Any]]
"""For each field of an architecture's config, the flag that gives it, and its value."""

_KEY = "genconvit.cli.model_flags"
_EMBEDDED = "embedded"


@dataclass
class _Own:
    """The flags of the architectures that a command line names.

    Attributes:
        names: the architectures.
        options: for each field of their configs, its flag.
        given: options that the command line gives by them.
    """

    names: Sequence[str]
    options: Mapping[str, TyperOption]
    given: ModelOptions = field(default_factory=dict)


def model_options(context: typer.Context) -> ModelOptions:
    """Options that a command line gives by the flags of an architecture's own."""
    own: _Own | None = context.meta.get(_KEY)
    return own.given if own else {}


class ModelCommand(TyperCommand):
    """A command with the flags of the architecture of ``--arch`` or of a config file."""

    default: Sequence[str] = ("original",)
    """The architectures where nothing names one."""

    def named(self, given: Given) -> Sequence[str]:
        """The architectures that a command line names; none where it names none."""
        if "--arch" in given:
            return [given["--arch"]]
        return _named_in(Path(given["--config"])) if "--config" in given else []

    def get_params(self, ctx: typer.Context) -> list[Any]:  # type: ignore[override] # typer's own types are private
        """The flags and arguments, with the architecture's own in the place of those that help shows without one."""
        params: list[Any] = super().get_params(ctx)
        own: _Own | None = ctx.meta.get(_KEY)
        if own is None:
            return params
        place = next((at for at, each in enumerate(params) if each.name in MODEL_FLAGS), len(params))
        others = [
            _hidden(each) if each.name in MODEL_FLAGS else each
            for each in params
            if each.name not in MODEL_FLAGS or each.name not in own.options
        ]
        return [*others[:place], *own.options.values(), *others[place:]]

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override] # as above
        """Read the flags, those of the architecture's own among them."""
        own = self._own(ctx, args)
        if own is None:
            return super().parse_args(ctx, args)
        ctx.meta[_KEY] = own
        if not ctx.resilient_parsing:
            self._refuse_unknown(ctx, args, own)
        rest = super().parse_args(ctx, args)
        replaced = own.options.keys() & MODEL_FLAGS.keys() & {each.name for each in self.params}
        ctx.params.update(dict.fromkeys(replaced))  # or typer would give the command its value of an earlier call
        for name, option in own.options.items():
            value = ctx.params.pop(str(option.name), None)
            if value is not None:
                flag = option.secondary_opts[0] if value is False else option.opts[0]
                own.given[name] = flag, value if isinstance(value, bool) else option_value(flag, value)
        return rest

    def _own(self, ctx: typer.Context, args: Sequence[str]) -> _Own | None:
        """The flags of the named architectures; None where the command line and its help do without."""
        given, unknown = self._look(ctx, args)
        for_help = ctx.resilient_parsing or any(name in given for name in ctx.help_option_names)
        used = for_help or unknown or any(f"--{name}" in given for name in MODEL_FLAGS)
        try:
            names = (self.named(given) if used else ()) or (self.default if unknown else ())
            return _own_flags(list(dict.fromkeys(names)), super().get_params(ctx)) if names else None
        except GenConViTError:
            if ctx.resilient_parsing:  # a shell that completes a word has no place for an error
                return None
            raise

    def _look(self, ctx: typer.Context, args: Sequence[str]) -> tuple[Given, list[str]]:
        """The flags that a command line has, and those of its words that look like a flag and are none."""
        parser = self.make_parser(ctx)
        parser.ignore_unknown_options = True
        words = list(args)[: args.index("--")] if "--" in args else list(args)
        values, rest, _ = parser.parse_args(args=words)
        params = [each for each in self.get_params(ctx) if values.get(each.name) is not None]
        given = {flag: values[each.name] for each in params for flag in _flags_of(each)}
        arguments = [values[each.name] for each in params if each.param_type_name == "argument"]
        others = [word for value in arguments for word in (value if isinstance(value, (list, tuple)) else [value])]
        found = [word for word in (*rest, *others) if isinstance(word, str) and word.startswith("--")]
        return given, [word.partition("=")[0] for word in found]

    def _refuse_unknown(self, ctx: typer.Context, args: Sequence[str], own: _Own) -> None:
        from genconvit.core.config import did_you_mean

        _, unknown = self._look(ctx, args)
        if unknown:
            known = [flag for each in self.get_params(ctx) for flag in _flags_of(each)]
            names, flags = " or ".join(map(repr, own.names)), ", ".join(each.opts[0] for each in own.options.values())
            ctx.fail(
                f"No such option: {unknown[0]}{did_you_mean(unknown[0], known)}; the flags of architecture {names} are "
                f"{flags}"
            )


class DetectorCommand(ModelCommand):
    """A command with a detector's flags."""

    def named(self, given: Given) -> Sequence[str]:
        """The architecture of ``--arch``, ``--set`` or the file, or that of the weights that ship with the library."""
        found = super().named(given)
        for item in given.get("--set", ()):
            name, _, text = item.partition("=")
            if name == "architecture" and "--arch" not in given:
                found = [text]
        if not found and given.get("--weights") == [_EMBEDDED]:
            from genconvit.settings import default_architecture

            found = [default_architecture(_EMBEDDED)]
        return found


class CompareCommand(ModelCommand):
    """A command with the flags of several detectors."""

    default = tuple(dict.fromkeys(spec.partition(":")[0] for spec in DEFAULT_VARIANTS))

    def named(self, given: Given) -> Sequence[str]:
        """The architectures of the variants."""
        return [spec.partition(":")[0] for spec in given.get("--variant", ())]


class TrainCommand(ModelCommand):
    """A command with a training's flags."""

    def named(self, given: Given) -> Sequence[str]:
        """The architecture of ``--arch`` or of the file, or that of the training that is resumed."""
        kept = Path(given.get("--out", "training"), "config.json")
        return super().named(given) or (_named_in(kept) if "--resume" in given else [])


def _named_in(file: Path) -> list[str]:
    """The architecture that a config file names; none where it cannot be read, which is told when it is used."""
    try:
        name = json.loads(file.read_text(encoding="utf-8"))["architecture"]
    except (OSError, ValueError, RecursionError, LookupError, TypeError):
        return []
    return [name] if isinstance(name, str) else []


def _own_flags(names: Sequence[str], params: Iterable[Any]) -> _Own:
    """The flags of architectures, but those that a command has for something else: these fields are left to ``--set``.

    Raises:
        PluginError: an architecture is unknown or broken.
    """
    from genconvit.registry import ARCHITECTURES

    configs = [ARCHITECTURES.load(name).config_class for name in names]
    taken = {flag for each in params if each.name not in MODEL_FLAGS for flag in _flags_of(each)}
    options = field_flags(configs, MODEL)
    return _Own(names, {name: option for name, option in options.items() if taken.isdisjoint(_flags_of(option))})


def _flags_of(param: TyperOption | TyperArgument) -> set[str]:
    return {flag for flag in (*param.opts, *param.secondary_opts) if flag.startswith("-")}


def _hidden(option: TyperOption) -> TyperOption:
    """A flag that is read, so that its error says what it is of, and not shown."""
    hidden = copy.copy(option)
    hidden.hidden = True
    return hidden
