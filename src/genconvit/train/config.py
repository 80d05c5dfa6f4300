"""Everything that a training is made of, in one config."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    Field,
    JsonValue,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    field_validator,
    model_validator,
)

from genconvit.core.config import FrozenConfig
from genconvit.core.cut import CropRules
from genconvit.core.device import TorchPrecision
from genconvit.train.augment import AugmentConfig
from genconvit.train.pair_mix import PairMixConfig
from genconvit.train.self_blended import SelfBlendConfig

Schedule = Literal["step", "cosine", "plateau"]
Monitor = Literal["roc_auc", "accuracy", "loss"]

NON_IDENTITY_FIELDS = (
    "data",
    "out",
    "device",
    "workers",
    "checkpoint_steps",
    "checkpoint_minutes",
    "tensorboard",
    "wandb",
)
"""Fields that say where and how a training runs, not what comes of it; they may change when it is resumed."""


class TrainConfig(FrozenConfig):
    """A training; the defaults are the reference's training, as far as it is known. Round-trips through JSON."""

    data: str
    """The folder of crops: one that `genconvit extract` made, or train/valid/test with fake/ and real/ in each."""

    out: str = "training"
    """The folder that everything is written to; it is made where it is absent."""

    architecture: str = "original"
    """Architecture: original, v2, timm (a network of timm's alone), or a plugin's; the original is what most
    results are published for."""

    model: dict[str, JsonValue] = Field(default_factory=dict)
    """Fields of the architecture's own config, such as mode and size; its defaults where they are left out."""

    init: str | dict[str, str] = "imagenet"
    """Start of the weights: imagenet (the backbones from timm, the rest random: the reference's start), random, or
    weights as a detector takes them: published, a file, a hub id, or ed=FILE and vae=FILE. backbone=FILE takes the
    backbones alone from a file with timm's names, such as that of a training of architecture timm; ed.backbone=FILE and
    vae.backbone=FILE one branch's."""

    crop_rules: CropRules = Field(default_factory=dict)
    """Rules by which the crops were cut out of their frames, by face detector, where that is not its own rule. The
    weights keep them, so that faces are cut alike at prediction. By default those of the first weights."""

    image_size: PositiveInt | None = Field(default=None, le=1024)
    """The side of the examples in pixels while training, where the architecture takes any; by default its input. A
    window of each crop (see augment) at a smaller size costs less, and is as sharp as the whole crop in validation."""

    augment: AugmentConfig = Field(default_factory=AugmentConfig)
    """Changes of examples while training, in full or as reference, robust or none; by default the reference's.
    Validation sees examples as they are."""

    pairs: bool = False
    """Show each real beside one of the fakes that were made from it, changed alike, so that nothing but the
    manipulation tells them apart. Needs the manifest's column group_original; fakes without their original are not
    shown, and reals without a fake are shown alone."""

    pair_mix: PairMixConfig = Field(default_factory=PairMixConfig)
    """Options by which fakes of pairs are mixed with their own reals, so that each epoch has other ones; by default
    they are not mixed."""

    self_blended: bool = False
    """Make the fakes from the real faces alone; the fakes of the training split are not looked at."""

    self_blended_share: float = Field(default=0.0, ge=0, lt=1)
    """The share of the fakes that are made from real faces instead, drawn anew in each epoch; with pairs, each real
    without a fake gets one as well. Where crops have no landmarks, they are found before the first step, once."""

    hold_out: dict[str, Annotated[tuple[str, ...], Field(min_length=1)]] = Field(default_factory=dict)
    """Groups of the manifest that are never shown, a value or several each: {"method": "FaceSwap"}. The fakes of the
    valid split that belong to one are measured apart, and decide nothing."""

    blend: SelfBlendConfig = Field(default_factory=SelfBlendConfig)
    """Options by which self-blended fakes are made, by default as their paper says."""

    balance: bool = False
    """Show as many fakes as reals in each epoch, the rarer ones several times; off, as in the reference. Pairs are
    balanced as they are."""

    epochs: PositiveInt = 30
    """Passes over the training split: with the default schedule, 15 at the full rate and 15 at a tenth of it."""

    steps: PositiveInt | None = None
    """Stop after so many steps instead, wherever in an epoch that is."""

    batch_size: PositiveInt = Field(default=32, le=65536)
    """Examples at once in each process, a pair being one; the reference's."""

    accumulation: PositiveInt = 1
    """Batches for each step of the optimiser: more where the memory does not hold the batch that is meant."""

    optimiser: Literal["adam", "adamw"] = "adam"
    """Optimiser: adam, the reference's, whose weight decay is a part of the gradient; or adamw, where it is not."""

    learning_rate: PositiveFloat = 1e-4
    """The highest rate; the reference's."""

    weight_decay: NonNegativeFloat = 1e-4
    """Weight decay of every parameter; the reference's."""

    schedule: Schedule | None = None
    """Schedule of the learning rate: step, cosine or plateau; by default the reference's steps for original, cosine for
    others."""

    warmup: float | None = Field(default=None, ge=0, lt=1)
    """The share of all steps over which the rate rises from zero; by default 0.05 with cosine, which new layers need
    most, else 0."""

    step_epochs: PositiveInt = 15
    """Number of epochs until the rate falls, with schedule step; the reference's."""

    decay_factor: float = Field(default=0.1, gt=0, lt=1)
    """Factor by which the rate is multiplied when it falls, with schedule step or plateau; the reference's."""

    plateau_patience: PositiveInt = 3
    """Number of validations without a lower loss until the rate falls, with schedule plateau; fewer would follow
    noise."""

    final_factor: float = Field(default=0.01, ge=0, lt=1)
    """Share of the rate that is left at the end, with schedule cosine; not quite 0, so that no step is wasted."""

    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    """Share of each label that is spread over both classes; none, as in the reference."""

    reconstruction_ed: NonNegativeFloat | None = None
    """Weight of the ED branch's reconstruction error. By default 0 where its decoder ends in an activation, as in the
    reference (it cannot reach negative pixels), and 1 where it ends linearly, as V2's does."""

    reconstruction_vae: NonNegativeFloat | None = None
    """Weight of the VAE branch's reconstruction error; by default 1, the reference's."""

    kl_weight: NonNegativeFloat = 0.0
    """Weight of the KL term; none, as in the reference, and then the layer that only this term uses is not built."""

    ema: float = Field(default=0.0, ge=0, lt=1)
    """Decay of a moving average of the weights, which is then what is validated and kept; 0 is none. 0.999 suits runs
    of some thousand steps."""

    clip_norm: PositiveFloat | None = None
    """The longest gradient that is used as it is; longer ones are scaled down to it. None, as in the reference."""

    precision: TorchPrecision = "fp32"
    """Precision: fp32, or bf16: half the memory of what lies between the layers, and faster where the hardware computes
    in it. The weights and the optimiser stay in fp32."""

    freeze: tuple[str, ...] = ()
    """Parameters that do not change, by how their names begin: `branches` leaves only V2's new layers to train."""

    unfreeze_epoch: PositiveInt | None = None
    """The epoch, counted from 0, from which nothing is frozen; None is never."""

    monitor: Monitor = "roc_auc"
    """Measure by which the best weights are chosen, over the valid split without what is held out: roc_auc, which no
    threshold decides, accuracy, or loss."""

    patience: PositiveInt | None = None
    """Stop after so many validations without a better one; None is not to, as in the reference."""

    validate_every: PositiveInt = 1
    """Epochs from one validation to the next; more where an epoch is short."""

    seed: NonNegativeInt = Field(default=0, lt=1 << 31)
    """Seed of everything that is drawn: the first weights, the order, the augmentation, the noise."""

    device: Literal["auto", "cpu"] = "auto"
    """Device: auto takes the GPU that accelerate finds; cpu does not."""

    workers: NonNegativeInt | None = Field(default=None, le=256)
    """Processes that read images, for each process that trains; 0 reads them in between. By default one for each core
    that is there for it, at most 8."""

    checkpoint_steps: PositiveInt | None = None
    """Steps from one saved state to the next; one is saved after each epoch and validation in any case."""

    checkpoint_minutes: PositiveFloat = 10.0
    """The most that a killed run loses, where its epochs are longer than this."""

    tensorboard: bool = True
    """Write what is measured for TensorBoard, where it is installed."""

    wandb: str | None = None
    """The project on Weights & Biases that gets it as well; nothing is sent anywhere unless this is given."""

    @field_validator("augment", mode="before")
    @classmethod
    def _by_name(cls, value: object) -> object:
        return AugmentConfig.preset(value) if isinstance(value, str) else value

    @field_validator("hold_out", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {group: (values,) if isinstance(values, str) else values for group, values in value.items()}

    @model_validator(mode="after")
    def _goes_together(self) -> TrainConfig:
        if self.unfreeze_epoch is not None and not self.freeze:
            raise ValueError(
                f"unfreeze_epoch={self.unfreeze_epoch} has nothing to unfreeze; give freeze as well, such as branches"
            )
        if self.self_blended and (self.pairs or self.self_blended_share):
            raise ValueError(
                f"self_blended makes every fake from a real, so pairs={self.pairs} and "
                f"self_blended_share={self.self_blended_share:g} have nothing to do; leave one or the other out"
            )
        if self.pair_mix.share and not self.pairs:
            raise ValueError(
                f"pair_mix.share={self.pair_mix.share:g} mixes fakes of pairs with their reals, and pairs is off; give "
                "pairs as well, or leave pair_mix out"
            )
        if self.self_blended and self.hold_out:
            raise ValueError(
                f"self_blended shows no fake of the data set, so hold_out={self.hold_out} holds out nothing; leave one "
                "or the other out"
            )
        return self

    @property
    def chosen_schedule(self) -> Schedule:
        """The schedule, or the architecture's default."""
        return self.schedule or ("step" if self.architecture == "original" else "cosine")

    @property
    def chosen_warmup(self) -> float:
        """The share of warm-up steps, or the schedule's default."""
        if self.warmup is not None:
            return self.warmup
        return 0.05 if self.chosen_schedule == "cosine" else 0.0

    def identity_fields(self) -> dict[str, JsonValue]:
        """Every field on which the weights depend: two runs that agree in them end alike."""
        return self.model_dump(mode="json", exclude=set(NON_IDENTITY_FIELDS))
