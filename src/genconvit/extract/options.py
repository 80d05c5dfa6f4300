"""Options by which crops are kept, and a checksum that shows whether what was done before still holds."""

from __future__ import annotations

import hashlib
import json
import math

from pydantic import Field, field_validator

from genconvit.assemble import Finding
from genconvit.core.cut import CropRules, Cut
from genconvit.core.input_spec import CropSpec
from genconvit.crops.record import SPLITS
from genconvit.extract.crop_files import ImageFormat
from genconvit.extract.split import DEFAULT_FRACTIONS
from genconvit.journal.identity import identity_of
from genconvit.pipeline.find import PipelineOptions
from genconvit.settings import DetectorConfig


class ExtractOptions(CropSpec):
    """Options by which faces are cut and crops kept. What is looked at is the detector's: ``frames``, ``max_faces``."""

    size: int = Field(default=224, ge=16, le=2048)
    """Size of the crops' sides in pixels."""

    crop_rules: CropRules = Field(default_factory=dict)
    """Rules for the squares that the crops show, by face detector, for example those of weights that are to be trained
    further (``weights.crop_rules``); the others' are as their own rule says."""

    image_format: ImageFormat = "png"
    """``"png"``, exact; or ``"jpeg"`` of quality 95 with full chroma, a fifth of the size."""

    fractions: tuple[float, float, float] = DEFAULT_FRACTIONS
    """Fractions of the sources for train, valid and test, for those without a split of their own; they sum to 1."""

    seed: int = Field(default=0, ge=0, lt=2**32)
    """Seed of the splits."""

    retry: bool = False
    """Try again what had no face or could not be read."""

    @field_validator("fractions")
    @classmethod
    def _sum_to_one(cls, fractions: tuple[float, float, float]) -> tuple[float, float, float]:
        if min(fractions) < 0 or not math.isclose(sum(fractions), 1, abs_tol=1e-6):
            raise ValueError(f"fractions for {', '.join(SPLITS)} are at least 0 and sum to 1, for example 0.8,0.1,0.1")
        return fractions

    def cut(self, finding: Finding) -> Cut:
        """Give the cut of faces that this finds."""
        return Cut.of(self, finding.square_rule(self.crop_rules))

    @property
    def plan(self) -> str:
        """Text that splits go by."""
        return f"{','.join(map(repr, self.fractions))} seed {self.seed}"


def options_checksum(finding: Finding, config: DetectorConfig, options: ExtractOptions) -> str:
    """Give a checksum that is the same for runs that would make the same crops of a video."""
    cut = options.model_dump(mode="json", include={"scale", "shift_down", "aligned"}, exclude_defaults=True)
    relevant = {
        "crops": options.model_dump(mode="json", include={"size", "image_format"}) | cut,
        "pipeline": config.model_dump(mode="json", include=set(PipelineOptions.model_fields)),
        "decoder": config.decoder,
        "face_detector": [finding.info.name, finding.info.model_sha256, options.cut(finding).rule.model_dump()],
    }
    return _checksum(json.dumps(relevant, sort_keys=True))


def file_state(path: str) -> str | None:
    """The size and time of a file, or of the files in a folder; None where nothing can be read."""
    identity = identity_of(path)
    known = [identity.size, identity.mtime_ns, identity.sha256 and identity.sha256[:16]]
    return "-".join(str(each) for each in known if each is not None) or None


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
