"""Quality of a face's picture: measured values, and findings where one is beyond its threshold.

Findings change neither a score nor a label. The thresholds were drawn from data, as docs/face_quality.md says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from pydantic import Field, model_validator

from genconvit.core.config import FrozenConfig

LEAST_WIDTH_PX = 48
"""Width in pixels below which a face is too small."""

LEAST_SHARPNESS = 0.018
"""Sharpness below which a face is blurred."""

LEAST_LUMA = 48.0
"""Mean luma below which a face is too dark."""

MOST_LUMA = 180.0
"""Mean luma above which a face is too bright."""

MOST_YAW_DEGREES = 30.0
"""Turn of the head, to either side, above which a face is in profile."""

MOST_OUTSIDE = 0.17
"""Share of the canonical face box outside of the frame above which a face is cut by the frame's edge."""

MANY_POOR = 0.5
"""Share of poor faces, among those that count, above which a verdict says in words that it rests on them."""

FindingKind = Literal["too_small", "blurred", "too_dark", "too_bright", "in_profile", "cut_off"]

KIND_WORDS: dict[FindingKind, str] = {
    "too_small": "too small",
    "blurred": "blurred",
    "too_dark": "too dark",
    "too_bright": "too bright",
    "in_profile": "in profile",
    "cut_off": "cut by the frame's edge",
}
"""Words for each kind of finding, in the order in which they are named."""


class FaceQuality(FrozenConfig):
    """Measured values of a face's picture: of the canonical face box in the frame as it is shown."""

    width_px: int = Field(ge=1)
    """Width of the canonical face box in pixels of the frame as it is shown."""

    outside: float = Field(ge=0, le=1)
    """Share of the canonical face box that lies outside of the frame, in [0, 1]."""

    sharpness: float | None = Field(ge=0)
    """Variance of the Laplacian over the variance of the luma, at a width of at most 96 pixels; 0 for a flat picture,
    None where no pixel of the box lies in the frame."""

    luma: float | None = Field(ge=0, le=255)
    """Mean luma (ITU-R BT.601), from 0 to 255; None where no pixel of the box lies in the frame."""

    clipped: float | None = Field(ge=0, le=1)
    """Share of pixels whose luma is at most 5 or at least 250; None where no pixel of the box lies in the frame."""

    yaw_degrees: float | None = Field(ge=-90, le=90)
    """Estimate of the head's turn about its upright axis in degrees, positive towards the right of the frame as it is
    shown; None without landmarks that tell."""


class QualityFinding(FrozenConfig):
    """A measured value of a face that is beyond its threshold."""

    kind: FindingKind
    """Kind: ``too_small``, ``blurred``, ``too_dark``, ``too_bright``, ``in_profile`` or ``cut_off`` by the frame's
    edge."""

    measured: float
    """Measured value; of a head in profile, the turn without its sign."""

    threshold: float
    """Threshold that the measured value is beyond."""

    words: str
    """Finding in words, with both numbers."""


class PoorFaces(FrozenConfig):
    """The faces with findings among those that a score rests on."""

    counted: int = Field(ge=1)
    """Number of faces that the score rests on and that were measured."""

    poor: int = Field(ge=0)
    """Number of these faces with at least one finding."""

    kinds: dict[FindingKind, int]
    """Number of these faces with each kind of finding; kinds that none has are left out."""

    words: str
    """Count in words."""

    @model_validator(mode="after")
    def _counts_agree(self) -> PoorFaces:
        most = max(self.kinds.values(), default=0)
        if not most <= self.poor <= min(self.counted, sum(self.kinds.values())) or 0 in self.kinds.values():
            raise ValueError(f"{self.poor} poor of {self.counted} faces do not go with the kinds {self.kinds}")
        return self

    @property
    def share(self) -> float:
        """Share of poor faces among those that count, in [0, 1]."""
        return self.poor / self.counted

    @property
    def are_many(self) -> bool:
        """True where more than half of the faces that count are poor."""
        return self.share > MANY_POOR


def findings_of(quality: FaceQuality | None) -> tuple[QualityFinding, ...]:
    """The findings about a face, in the order of ``KIND_WORDS``; none where it was not measured.

    Examples:
        >>> small = FaceQuality(
        ...     width_px=31,
        ...     outside=0,
        ...     sharpness=0.2,
        ...     luma=120,
        ...     clipped=0,
        ...     yaw_degrees=None,
        ... )
        >>> [finding.words for finding in findings_of(small)]
        ['too small: 31 pixels wide, fewer than 48']
    """
    return () if quality is None else tuple(_findings(quality))


def _findings(quality: FaceQuality) -> Iterator[QualityFinding]:
    width, sharpness, luma, outside = quality.width_px, quality.sharpness, quality.luma, quality.outside
    if width < LEAST_WIDTH_PX:
        yield _finding("too_small", width, LEAST_WIDTH_PX, f"{width} pixels wide, fewer than {LEAST_WIDTH_PX}")
    if sharpness is not None and sharpness < LEAST_SHARPNESS:
        yield _finding("blurred", sharpness, LEAST_SHARPNESS, f"sharpness {sharpness:g}, below {LEAST_SHARPNESS:g}")
    if luma is not None and luma < LEAST_LUMA:
        yield _finding("too_dark", luma, LEAST_LUMA, f"mean luma {luma:g} of 255, below {LEAST_LUMA:g}")
    if luma is not None and luma > MOST_LUMA:
        yield _finding("too_bright", luma, MOST_LUMA, f"mean luma {luma:g} of 255, above {MOST_LUMA:g}")
    if quality.yaw_degrees is not None and abs(quality.yaw_degrees) > MOST_YAW_DEGREES:
        yaw, side = abs(quality.yaw_degrees), "left" if quality.yaw_degrees < 0 else "right"
        yield _finding(
            "in_profile", yaw, MOST_YAW_DEGREES, f"turned {yaw:g} degrees to the {side}, more than {MOST_YAW_DEGREES:g}"
        )
    if outside > MOST_OUTSIDE:
        yield _finding(
            "cut_off", outside, MOST_OUTSIDE, f"{outside:.1%} of it lies outside, more than {MOST_OUTSIDE:.0%}"
        )


def _finding(kind: FindingKind, measured: float, threshold: float, words: str) -> QualityFinding:
    return QualityFinding(kind=kind, measured=measured, threshold=threshold, words=f"{KIND_WORDS[kind]}: {words}")


def poor_faces(findings: Iterable[Sequence[QualityFinding] | None]) -> PoorFaces | None:
    """Count the poor faces; None where no face was measured.

    Args:
        findings: findings about each face that the score rests on; None for a face that was not measured.
    """
    measured = [each for each in findings if each is not None]
    if not measured:
        return None
    counts = Counter(finding.kind for each in measured for finding in each)
    kinds = {kind: counts[kind] for kind in KIND_WORDS if counts[kind]}
    poor = sum(map(bool, measured))
    named = ", ".join(f"{number} {KIND_WORDS[kind]}" for kind, number in kinds.items())
    words = f"{poor} of {len(measured)} faces that the score rests on are poor" + (f": {named}" if named else "")
    return PoorFaces(counted=len(measured), poor=poor, kinds=kinds, words=words)
