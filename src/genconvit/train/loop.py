"""The steps of a training, its validations, and the states that are saved between them."""

from __future__ import annotations

import contextlib
import hashlib
import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from genconvit.core.errors import TrainingError
from genconvit.nn.channels_last import images_in_channels_last
from genconvit.train.dataset import Batch
from genconvit.train.feed import Examples, loader, worker_count
from genconvit.train.freeze import freeze, train_unfrozen
from genconvit.train.losses import training_loss
from genconvit.train.parts import TrainingParts
from genconvit.train.sampler import Batches, Key, batches_of_step
from genconvit.train.schedule import rate_factor
from genconvit.train.state import HistoryRow, Running, TrainState
from genconvit.train.validation import Row, Validation, measured, scored


@dataclass(frozen=True)
class TrainStep:
    """One step of a training, for whoever watches it.

    Attributes:
        epoch: number of the epoch, counted from 1.
        step: number of steps that have been taken.
        steps: number of steps that there are to be in all.
        loss: loss of the last step, the mean over the processes.
        parts: parts that add up to the loss, in the same terms.
        learning_rate: learning rate of the last step.
        row: measured values, where this step ended in a validation.
    """

    epoch: int
    step: int
    steps: int
    loss: float
    parts: dict[str, float]
    learning_rate: float
    row: HistoryRow | None = None


class _Own(NamedTuple):
    """Losses and counts of the batches of a step in this process."""

    losses: dict[str, Tensor]
    norm: Tensor
    images: int
    skipped: int


class _Taken(NamedTuple):
    """Values of a step over all processes: means of the losses and of the gradient's norm, sums of the counts."""

    losses: dict[str, float]
    norm: float
    images: int
    skipped: int


class Loop:
    """A training from one state to its end.

    Args:
        parts: parts that it works with, in the state's condition.
        state: state that it begins from.
        save: function called in every process with the state after a validation, and with those in between that are
            due.
        keep: function called in every process when a validation was the best so far.
        tell: function called in every process after each step.
    """

    def __init__(
        self,
        parts: TrainingParts,
        state: TrainState,
        *,
        save: Callable[[TrainState], None],
        keep: Callable[[TrainState], None],
        tell: Callable[[TrainStep], None],
    ) -> None:
        self.parts = parts
        self.state = state
        self._save, self._keep, self._tell = save, keep, tell
        self._workers = worker_count(parts.config.workers, parts.accelerator.num_processes)
        self._frozen: tuple[str, ...] | None = None
        self._since_row = self._since_save = time.monotonic()

    def run(self) -> TrainState:
        """Take the steps that are left.

        Raises:
            TrainingError: the loss or its gradient is not finite, or no image can be read.
        """
        parts = self.parts
        steps, rank = parts.steps, parts.accelerator.process_index
        keys = Batches(parts.sampler, rank, parts.config.accumulation, self.state.step, steps)
        stream = iter(self._loader(parts.train, keys)) if not self.state.finished and len(keys) else iter(())
        while not self.state.finished and self.state.step < steps:
            taken = self._step(stream)
            self.state = self.state.model_copy(update={"step": self.state.step + 1})
            row = self._measured(taken) if self._is_due() else None
            self._tell(taken if row is None else TrainStep(**{**vars(taken), "row": row}))
            if row is not None or self._should_save():
                self._save(self.state)
                self._since_save = time.monotonic()
        if not self.state.finished:
            self.state = self.state.model_copy(update={"finished": True})
            self._save(self.state)
        return self.state

    def _step(self, stream: Iterator[Batch]) -> TrainStep:
        parts, step = self.parts, self.state.step
        epoch = step // parts.epoch_steps
        self._prepare(epoch)
        rate = self._set_rate(epoch)
        taken = self._over_processes(self._backward(stream))
        self._refuse_nonfinite(epoch, rate, taken)
        self._update()
        loss = sum(taken.losses.values())
        self._gather(loss, taken)
        return TrainStep(epoch + 1, step + 1, parts.steps, loss, taken.losses, rate)

    def _set_rate(self, epoch: int) -> float:
        """Give the optimiser the learning rate of this step, and return it."""
        parts, config, step = self.parts, self.parts.config, self.state.step
        losses = [row.valid_loss for row in self.state.history]
        rate = config.learning_rate * rate_factor(config, step=step, steps=parts.steps, epoch=epoch, losses=losses)
        for group in parts.optimiser.param_groups:
            group["lr"] = rate
        return rate

    def _backward(self, stream: Iterator[Batch]) -> _Own:
        """Gather the gradients of this step's batches; processes exchange theirs with the last one alone."""
        parts, config, step = self.parts, self.parts.config, self.state.step
        batches = batches_of_step(parts.sampler, config.accumulation, step)
        losses: dict[str, Tensor] = {}
        images = skipped = 0
        for number in batches:
            batch = next(stream)
            images, skipped = images + len(batch.labels), skipped + batch.skipped
            torch.manual_seed(seed_of(config.seed, step, number, parts.accelerator.process_index))
            alone = contextlib.nullcontext() if number == batches[-1] else parts.accelerator.no_sync(parts.wrapped)
            with alone:
                found = {name: part / len(batches) for name, part in self._losses(batch).items()}
                parts.accelerator.backward(torch.stack(list(found.values())).sum())
            for name, part in found.items():
                losses[name] = losses.get(name, 0) + part.detach()
        norm = parts.accelerator.clip_grad_norm_(parts.wrapped.parameters(), config.clip_norm or math.inf)
        return _Own(losses, norm, images, skipped)

    def _update(self) -> None:
        """Move the weights, and the moving average after them."""
        self.parts.optimiser.step()
        self.parts.optimiser.zero_grad(set_to_none=True)
        if self.parts.average is not None:
            self.parts.average.update_parameters(self.parts.model)

    def _prepare(self, epoch: int) -> None:
        """Freeze and unfreeze what this epoch asks for, and be in training mode, from which a validation takes it."""
        parts, config = self.parts, self.parts.config
        thawed = config.unfreeze_epoch is not None and epoch >= config.unfreeze_epoch
        frozen = parts.frozen_parameters if thawed else (*parts.frozen_parameters, *config.freeze)
        if frozen != self._frozen:
            freeze(parts.model, frozen)
        if frozen != self._frozen or not parts.model.training:
            train_unfrozen(parts.model, frozen)
        self._frozen = frozen

    def _losses(self, batch: Batch) -> dict[str, Tensor]:
        """The parts of the loss.

        A batch without an image is a grey one that counts nothing: the other processes wait for its gradients.
        """
        device, size = self.parts.accelerator.device, self.parts.model.input_size
        counts = float(len(batch.labels) > 0)
        images = batch.images if counts else torch.full((1, 3, size, size), 128, dtype=torch.uint8)
        labels = batch.labels if counts else torch.zeros(1, dtype=torch.int64)
        images, labels = (each.to(device, non_blocking=True) for each in (images, labels))
        faces = images_in_channels_last(self.parts.model.preprocess(images.permute(0, 2, 3, 1)))
        output = self.parts.wrapped(faces)
        parts = training_loss(output, faces, labels, self.parts.loss_weights)
        return {name: part * counts for name, part in parts.items()}

    def _over_processes(self, own: _Own) -> _Taken:
        """Join the values of all processes, in one exchange."""
        device, processes = self.parts.accelerator.device, self.parts.accelerator.num_processes
        # One vector for one exchange, in this order on every process: the losses by the names' order, the gradient's
        # norm, images, skipped. The sums of the first two become means; counts stay sums.
        values = [*own.losses.values(), own.norm, own.images, own.skipped]
        packed = torch.stack([torch.as_tensor(each, dtype=torch.float32, device=device).detach() for each in values])
        *measured, images, skipped = self.parts.accelerator.reduce(packed, reduction="sum").tolist()
        *losses, norm = (value / processes for value in measured)
        return _Taken(dict(zip(own.losses, losses, strict=True)), norm, int(images), int(skipped))

    def _refuse_nonfinite(self, epoch: int, rate: float, taken: _Taken) -> None:
        if all(map(math.isfinite, (*taken.losses.values(), taken.norm))):
            return
        shown = ", ".join(f"{name} {value:.4g}" for name, value in taken.losses.items())
        raise TrainingError(
            f"the loss is not finite in step {self.state.step + 1}, epoch {epoch + 1}: {shown}, gradient "
            f"{taken.norm:.4g}, at learning rate {rate:.3g}. The weights before this step are kept. Begin again with a "
            "lower learning_rate (--learning-rate), with clip_norm=1 (--clip-norm 1), or with precision='fp32'; "
            "init=FILE goes on from the best weights so far"
        )

    def _gather(self, loss: float, taken: _Taken) -> None:
        was = self.state.running
        running = Running(
            loss=was.loss + loss,
            steps=was.steps + 1,
            images=was.images + taken.images,
            skipped=was.skipped + taken.skipped,
        )
        self.state = self.state.model_copy(update={"running": running})

    def _is_due(self) -> bool:
        """Tell whether a validation follows the step that was just taken."""
        step, config = self.state.step, self.parts.config
        if step == self.parts.steps:
            return True
        epoch, rest = divmod(step, self.parts.epoch_steps)
        return not rest and not epoch % config.validate_every

    def _measured(self, taken: TrainStep) -> HistoryRow:
        """Validate, and let the state know."""
        parts, running = self.parts, self.state.running
        if not running.images:
            raise TrainingError(
                f"not one image of epoch {taken.epoch} could be read ({running.skipped} were tried); look at the "
                f"folder {parts.config.data!r}"
            )
        found = self._validation()
        row = HistoryRow(
            epoch=taken.epoch,
            step=taken.step,
            learning_rate=taken.learning_rate,
            train_loss=running.loss / running.steps,
            valid_loss=found.loss,
            accuracy=found.accuracy,
            roc_auc=found.roc_auc,
            roc_auc_unseen=found.roc_auc_unseen,
            skipped=running.skipped,
            seconds=round(time.monotonic() - self._since_row, 3),
        )
        best = self.state.best.after(row, parts.config.monitor)
        stop = parts.config.patience is not None and best.waited >= parts.config.patience
        history = (*self.state.history, row)
        self.state = self.state.model_copy(
            update={"history": history, "running": Running(), "best": best, "finished": stop}
        )
        if best.step == row.step:
            self._keep(self.state)
        self._since_row = time.monotonic()
        return row

    def _validation(self) -> Validation:
        from accelerate.utils import broadcast

        parts = self.parts
        # Each process has seen other batches, so its running statistics of batch normalisation are its own. The first
        # process's are saved; all have to validate with those, or the rows of one validation were of several models.
        for buffer in parts.kept.buffers():
            broadcast(buffer)
        found = measured(self._scored(parts.valid), self._scored(parts.unseen) if parts.unseen else [])
        parts.model.eval()  # the next step puts it back, knowing what is frozen
        return found

    def _scored(self, examples: Examples) -> list[Row]:
        parts = self.parts
        rank, processes = parts.accelerator.process_index, parts.accelerator.num_processes
        own = list(range(len(examples.labels)))[rank::processes]
        size = parts.config.batch_size
        keys = [[(0, index) for index in own[start : start + size]] for start in range(0, len(own), size)]
        return scored(parts.kept, self._loader(examples, keys), parts.loss_weights, parts.accelerator)

    def _loader(self, examples: Examples, keys: Iterable[list[Key]]) -> Iterable[Batch]:
        return loader(examples, keys, self._workers, pin=self.parts.accelerator.device.type == "cuda")

    def _should_save(self) -> bool:
        config = self.parts.config
        by_steps = config.checkpoint_steps is not None and not self.state.step % config.checkpoint_steps
        return by_steps or time.monotonic() - self._since_save > 60 * config.checkpoint_minutes


def seed_of(seed: int, step: int, batch: int, rank: int) -> int:
    """The seed of everything that a network draws for a batch, so that a run that is resumed draws the same."""
    digest = hashlib.sha256(f"{seed}/{step}/{batch}/{rank}".encode()).digest()
    return int.from_bytes(digest[:7], "big")
