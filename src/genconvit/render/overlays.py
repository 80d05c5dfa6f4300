"""Choice of what is drawn over a frame."""

from __future__ import annotations

from collections.abc import Iterable

from genconvit.core.config import FrozenConfig, did_you_mean
from genconvit.core.errors import ConfigError
from genconvit.results.heat_maps import ResultHeatMaps


class Overlays(FrozenConfig):
    """Parts that are drawn over a frame; each can be left out."""

    boxes: bool = True
    """Boxes around the faces, in the colour of the person."""

    people: bool = True
    """Numbers of the people, counted from 1, where there is more than one."""

    probabilities: bool = True
    """Fake probability of each face; the word ``untrained`` in its place where the weights are."""

    legend: bool = True
    """Verdict, and the meaning of lines, numbers and colours, in a corner."""

    heat_maps: bool = False
    """Heat maps of the faces, which are made beforehand and handed over."""

    @classmethod
    def named(cls, names: Iterable[str]) -> Overlays:
        """Overlays of these names alone.

        Raises:
            ConfigError: a name is unknown.

        Examples:
            >>> Overlays.named(["boxes"]).legend
            False
        """
        chosen = set(names)
        for name in sorted(chosen - cls.model_fields.keys()):
            raise ConfigError(
                f"unknown overlay {name!r}{did_you_mean(name, list(cls.model_fields))}; allowed are "
                f"{', '.join(cls.model_fields)}: choose among these"
            )
        return cls(**{name: name in chosen for name in cls.model_fields})

    def drawn_of(self, heat_maps: ResultHeatMaps | None) -> ResultHeatMaps | None:
        """Heat maps that are drawn: those that are at hand, where they are chosen.

        Args:
            heat_maps: heat maps at hand, or None.

        Raises:
            ConfigError: they are chosen, and there are none at hand.
        """
        if self.heat_maps and heat_maps is None:
            raise ConfigError(
                "the overlay 'heat_maps' draws heat maps, and got none; make them with genconvit.grad_cam_maps(result, "
                "detector, frames) and give them as heat_maps=..., or leave the overlay out"
            )
        return heat_maps if self.heat_maps else None
