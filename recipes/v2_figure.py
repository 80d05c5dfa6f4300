"""Draw V2 as its config makes it: blocks appear and vanish with the fields, and sizes are those of the built model.

Run it: python -m recipes.v2_figure docs/v2.svg
        python -m recipes.v2_figure nano.svg '{"size": "nano", "attention": false}'
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from genconvit.models.v2 import V2, V2Config
from genconvit.nn.branches import BranchOutput, VAEBranch
from genconvit.nn.swiglu import SwiGLUFusion, SwiGLUFusionConfig

WIDTH = 560
MARGIN, GAP, ARROW = 16, 24, 30
TITLE, LINE = 22, 18
NAMES = {"ed": "ED branch", "vae": "VAE branch"}
STYLE = (
    "text{font-family:system-ui,sans-serif;font-size:13px;fill:#3c4b5a;text-anchor:middle}"
    ".t{font-weight:600;font-size:15px;fill:#1b2733}"
    "rect{fill:#fff;stroke:#7b8da0;stroke-width:1.2}.new{fill:#e6f0fb;stroke:#0b5cad}"
    "path{stroke:#0b5cad;stroke-width:1.6;fill:none}"
)


class Drawing:
    """Rows of boxes from top to bottom, an arrow from each to the next."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.bottom = MARGIN
        self._columns = 0

    def row(self, *boxes: Sequence[str], new: bool = False) -> None:
        """Add boxes of equal width beside each other, each a title and lines; new ones are V2's own."""
        columns = len(boxes)
        height = 16 + TITLE + LINE * (max(map(len, boxes)) - 1)
        width = (WIDTH - 2 * MARGIN - GAP * (columns - 1)) / columns
        if self._columns:
            self._arrows(max(columns, self._columns))
        for number, (title, *lines) in enumerate(boxes):
            left, top = MARGIN + number * (width + GAP), self.bottom
            mark = ' class="new"' if new else ""
            self.parts.append(
                f'<rect{mark} x="{left:g}" y="{top:g}" width="{width:g}" height="{height:g}" rx="6"/>'
                f'<text class="t" x="{left + width / 2:g}" y="{top + TITLE:g}">{escape(title)}</text>'
            )
            self.parts += [
                f'<text x="{left + width / 2:g}" y="{top + TITLE + LINE * place:g}">{escape(line)}</text>'
                for place, line in enumerate(lines, 1)
            ]
        self.bottom += height
        self._columns = columns

    def svg(self, label: str) -> str:
        """Give the picture; the label is what it shows, in words."""
        height = self.bottom + MARGIN
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" role="img" '
            f'aria-label="{escape(label)}">\n<style>{STYLE}</style>\n'
            '<defs><marker id="m" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
            '<path d="M0 0 L8 4 L0 8 z" style="fill:#0b5cad;stroke:none"/></marker></defs>\n'
            f'<rect width="{WIDTH}" height="{height:g}" style="fill:#fff;stroke:none"/>\n'
            + "\n".join(self.parts)
            + "\n</svg>\n"
        )

    def _arrows(self, count: int) -> None:
        for number in range(count):
            x = MARGIN + (WIDTH - 2 * MARGIN) * (2 * number + 1) / (2 * count)
            self.parts.append(f'<path d="M{x:g} {self.bottom} v{ARROW}" marker-end="url(#m)"/>')
        self.bottom += ARROW


def draw(config: V2Config) -> str:
    """Draw the network of a config as SVG."""
    with torch.device("meta"):  # shapes alone; the kind of noise changes none, and this one needs no values
        model = V2(config.model_copy(update={"latent": "mean"})).eval()
        side = model.input_spec.size
        readings = model.read(torch.zeros(1, 3, side, side))
        hidden = model.join({name: reading.maps for name, reading in readings.items()})
        logits = model.conclude(readings, hidden).logits
    drawing = Drawing()
    drawing.row(("Face", f"3 x {side} x {side}, normalised"))
    drawing.row(*(_generative(model, name, reading) for name, reading in readings.items()))
    drawing.row(*(_backbone(model, name, reading) for name, reading in readings.items()))
    if model.exchange is not None:
        drawing.row(_attention(config, readings), new=True)
    drawing.row(*(_head(model, name, hidden[name]) for name in readings))
    if model.fusion is not None:
        drawing.row(_fusion(config, cast("SwiGLUFusion", model.fusion.module).config), new=True)
    drawing.row(*(("Logits", f"{logits[name].shape[1]}: fake, real") for name in readings))
    parameters = sum(each.numel() for each in model.parameters())
    label = f"V2, mode {config.mode}, size {config.size}: {parameters:,} parameters"
    drawing.row(("Score of the face", "mean over the branches" if len(readings) > 1 else "of this branch", label))
    return drawing.svg(label)


def _generative(model: V2, name: str, reading: BranchOutput) -> tuple[str, ...]:
    branch = model.branch(name)
    if isinstance(branch, VAEBranch):
        kind, slope = f"latent {_size(branch.config.vae.latent_shape)}", model.config.vae_slope
    else:
        kind, slope = "autoencoder", model.config.ed_slope
    return NAMES[name], f"{kind}, LeakyReLU {slope:g}", f"reconstruction {_shape(reading.reconstruction)}"


def _backbone(model: V2, name: str, reading: BranchOutput) -> tuple[str, ...]:
    kinds = ("reconstruction", "image") if name == "ed" else ("image", "reconstruction")
    maps = (f"{kind}: maps {_shape(each)}" for kind, each in zip(kinds, reading.maps, strict=True))
    return f"Backbone {model.branch(name).backbone.config.name}", *maps


def _attention(config: V2Config, readings: dict[str, BranchOutput]) -> tuple[str, ...]:
    tokens = {name: sum(each[0, 0].numel() for each in reading.maps) for name, reading in readings.items()}
    width = config.attention_channels
    inside = f"width {width}" if width == config.map_dim else f"{config.map_dim} projected to {width}, and back"
    return (
        "Cross-attention",
        f"{tokens['ed']} tokens of ED ask {tokens['vae']} of VAE, and the other way round",
        f"{width // config.attention_head_dim} heads of {config.attention_head_dim}, {inside}",
        _joins(config, "maps"),
    )


def _head(model: V2, name: str, hidden: Tensor) -> tuple[str, ...]:
    head = model.branch(name).head
    acts = "GELU" if name == "ed" else f"LeakyReLU {model.config.vae_head_slope:g}"
    return "Head", f"pooled: {head.config.in_dim} to {hidden.shape[1]}", acts


def _fusion(config: V2Config, fusion: SwiGLUFusionConfig) -> tuple[str, ...]:
    widths = f"{sum(fusion.dims)} to {fusion.hidden_dim}, gated, to {fusion.out_dim}"
    return "SwiGLU fusion", widths, _joins(config, "hidden layers")


def _joins(config: V2Config, what: str) -> str:
    if config.residual:
        return f"added to the {what} through gates that start at zero"
    return f"takes the place of the {what}"


def _shape(tensor: Tensor) -> str:
    return _size(tensor.shape[1:])


def _size(sizes: Sequence[int]) -> str:
    return " x ".join(map(str, sizes))


if __name__ == "__main__":
    path, *fields = sys.argv[1:]
    config = V2Config.model_validate(json.loads(fields[0]) if fields else {})
    Path(path).write_text(draw(config), encoding="utf-8")
