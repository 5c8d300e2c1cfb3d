"""The trainer: one loop for every backend."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import Any

import numpy as np

from isograd.core.base.errors import DataError, SpecError
from isograd.core.base.randomness import batch_order
from isograd.core.base.types import Array, Arrays
from isograd.core.data.dataset import ArrayDataset, Dataset, Rowed, as_arrays, as_dataset, for_epoch
from isograd.core.engine.batches import check_batch, check_inputs, check_losses
from isograd.core.engine.carry import Carry, Carrying
from isograd.core.engine.protocol import Network
from isograd.core.learning.losses import Loss, Losses
from isograd.core.learning.metrics import Metric
from isograd.core.learning.optimizers import Clipping, Optimizer
from isograd.core.learning.schedules import FixedLR, Schedule
from isograd.core.learning.stopping import EarlyStopping
from isograd.core.training.history import Epoch, History
from isograd.core.training.progress import drawing
from isograd.core.training.watching import BestWeights, StopFit, Watcher

BATCH_SIZE, EVALUATED_AT_ONCE = 32, 256  # samples, unless asked for otherwise


class Trainer:
    """Trains a network: `net`, a loss (or one for each output, None where one is not trained on), an optimizer.

    The order of batches is drawn from (net.seed, epoch): the same in every backend.

    With `carry`, the model's last outputs, which have no loss, are the next batch's last inputs: "detached" hands each
    row its own state, "mean" gives every row the average over the batch, as the book (Weidman 2019) does; no gradient
    flows back into the batch before. Data hold the other inputs alone, and batches come in order (`ig.Streams`). States
    are zeros when training starts, at the start of each epoch and of each evaluation or prediction.
    """

    def __init__(
        self,
        net: Network,
        *,
        loss: Loss | Sequence[Loss | None],
        optimizer: Optimizer,
        schedule: Schedule | None = None,
        clip: Clipping | None = None,
        metrics: Sequence[Metric] = (),
        carry: Carry | None = None,
    ) -> None:
        self.net, self.optimizer, self.metrics = net, optimizer, tuple(metrics)
        self.losses: Losses = tuple(loss) if isinstance(loss, (tuple, list)) else (loss,)  # type: ignore[assignment]
        check_losses(net.model, self.losses)
        if not isinstance(optimizer, Optimizer):
            raise SpecError(
                "optimizer", wanted="an optimizer description", got=repr(optimizer), fix="optimizer=ig.SGD(lr=0.1)"
            )
        self.schedule = schedule or FixedLR()
        self.carrying = Carrying.of(net.model, self.losses, carry)
        self.learner = net.learner(self.losses, optimizer, clip, self.carrying)
        self.epochs_done = 0

    def step(self, x: Array | Arrays, y: Array | Arrays) -> float:
        """One forward, backward and update on one batch at the optimizer's lr; returns the loss before it.

        With `carry`, states go on from the step before; `reset_state` makes them zeros again.
        Raises, with no weight and no state changed, where the batch does not fit or the loss is NaN or infinite.
        """
        return self.learner.step(as_arrays(x), as_arrays(y), self.optimizer.lr)

    def reset_state(self) -> None:
        """Let the next step start from carried states of zeros: before another text."""
        self.learner.reset_state()

    def fit(
        self,
        train: Any,
        *,
        validation: Any = None,
        epochs: int = 1,
        batch_size: int | None = None,
        validate_every: int = 1,
        early_stopping: EarlyStopping | None = None,
        shuffle: bool | None = None,
        drop_last: bool = False,
        callbacks: Sequence[Watcher] = (),
        progress: bool | None = None,
    ) -> History:
        """Train for `epochs` passes over `train`, an (x, y) pair or a Dataset, and tell what happened.

        Batches are of 32, shuffled, unless asked for otherwise; with carried states in order, and as many samples
        as the data set has rows.
        Data in memory is checked whole before the first step; other data batch by batch, each before its
        update. `validation` is measured every `validate_every` epochs and after the last. With
        `early_stopping` the weights of the best validation are put back at the end. `progress` shows a
        bar; None: where the output is a terminal.
        """
        numbers = {"epochs": epochs, "batch_size": batch_size, "validate_every": validate_every}
        for name, number in numbers.items():
            if number is None and name == "batch_size":
                continue
            if not isinstance(number, int) or number < 1:
                raise SpecError(f"fit({name}={number!r})", wanted="1 or more", got=repr(number), fix=f"{name}=1")
        data = self._checked(train, "train")
        held_out = None if validation is None else self._checked(validation, "validation")
        if early_stopping is not None and held_out is None:
            raise SpecError("fit(early_stopping=…)", wanted="validation data", got="none", fix="validation=(x, y)")
        batch_size, validation_size, shuffle = self._batching(data, held_out, batch_size, shuffle, drop_last)
        watchers = [*callbacks, *drawing(progress), *([BestWeights(early_stopping)] if early_stopping else [])]
        history = History()
        steps = len(self._order(data, 0, batch_size, shuffle, drop_last))
        if steps == 0:
            raise SpecError(
                f"fit(batch_size={batch_size}, drop_last=True)",
                wanted="one whole batch or more",
                got=f"{len(data)} samples",
                fix=f"batch_size={len(data)}, or drop_last=False",
            )
        begun: list[Watcher] = []
        try:
            for watcher in watchers:
                watcher.fit_starts(self, epochs, steps)
                begun.append(watcher)
            for k in range(epochs):
                started = perf_counter()
                order = self._order(data, self.epochs_done, batch_size, shuffle, drop_last)
                done = len(history.step_losses)
                self._epoch(for_epoch(data, self.epochs_done), order, k, epochs, watchers, history.step_losses)
                losses = history.step_losses[done:]
                self.epochs_done += 1
                measured = held_out is not None and ((k + 1) % validate_every == 0 or k + 1 == epochs)
                scores = self.evaluate(held_out, batch_size=validation_size) if measured else {}
                weights = [1.0 if self._summed else len(batch) for batch in order]
                epoch = Epoch(
                    number=self.epochs_done,
                    lr=self._lr(k, len(order) - 1, len(order), epochs),
                    train_loss=float(np.average(losses, weights=weights)),
                    validation_loss=scores.pop("loss", None),
                    metrics=scores,
                    seconds=perf_counter() - started,
                )
                history.epochs.append(epoch)
                for watcher in watchers:
                    watcher.epoch_ends(self, epoch)
        except StopFit as stop:
            history.stopped = str(stop)
        finally:
            for watcher in begun:
                watcher.fit_ends(self, history)
        return history

    def evaluate(self, data: Any, *, batch_size: int | None = None) -> dict[str, float]:
        """{"loss": …, metric label: …} of the network on `data`, in evaluation mode.

        In batches of 256 unless asked for otherwise; with carried states, of the data set's rows.
        """
        samples = as_dataset(data)
        order = self._in_order(samples, batch_size, "evaluate(…)")
        loss, outputs, targets = self.learner.evaluate(samples, order)
        trained = next(k for k, spec in enumerate(self.losses) if spec is not None)
        return {"loss": loss} | {m.label: m.value(outputs[trained], targets[0]) for m in self.metrics}

    def predict(self, x: Any, *, batch_size: int | None = None) -> Any:
        """What the network makes of inputs (an array, or a tuple of them) or of a Dataset's: like `net.predict`.

        With carried states batch by batch in order, and the states of each batch among the outputs.
        """
        data = x if isinstance(x, Dataset) else ArrayDataset(as_arrays(x), ())
        parts: list[Arrays] = []
        for rows in self._in_order(data, batch_size, "predict(…)"):
            inputs, _ = data.batch(rows)
            if self.carrying is not None:
                check_inputs(self.net.model, inputs, self.carrying.data_inputs)
                inputs = self.carrying.fed(inputs, self.carrying.kept(parts[-1]) if parts else (), self.net.dtype)
            y = self.net.predict(*inputs, batch_size=len(rows))
            parts.append(y if isinstance(y, tuple) else (y,))
        joined = tuple(np.concatenate(column) for column in zip(*parts, strict=True))
        return joined if len(joined) > 1 else joined[0]

    def _batching(
        self, data: Dataset, held_out: Dataset | None, batch_size: int | None, shuffle: bool | None, drop_last: bool
    ) -> tuple[int, int | None, bool]:
        """(samples in a batch, in one of validation or None for the usual, whether they are shuffled)"""
        if self.carrying is None:
            return batch_size or BATCH_SIZE, None, shuffle is not False
        if shuffle:
            raise SpecError(
                f'fit(shuffle=True) with carry="{self.carrying.how}"',
                wanted="batches in order, each going on where the one before ended",
                got="shuffled ones",
                fix="leave shuffle= out",
            )
        size = self.carrying.batch_size(data, batch_size, "fit(…)", usual=BATCH_SIZE, drop_last=drop_last)
        held_size = size if held_out is not None and not isinstance(held_out, Rowed) else None
        if held_out is not None:
            self.carrying.batch_size(held_out, held_size, "fit(validation=…)", usual=BATCH_SIZE)
        return size, held_size, False

    def _in_order(self, data: Dataset, batch_size: int | None, where: str) -> list[Array]:
        """The sample numbers of each batch of an evaluation."""
        if self.carrying is None:
            size = batch_size or EVALUATED_AT_ONCE
        else:
            size = self.carrying.batch_size(data, batch_size, where, usual=BATCH_SIZE)
        return batch_order(len(data), size, seed=0, epoch=0, shuffle=False, drop_last=False)

    @property
    def _summed(self) -> bool:
        return all(loss is None or loss.reduction == "sum" for loss in self.losses)

    def _epoch(
        self, data: Dataset, order: list[Array], k: int, epochs: int, watchers: Sequence[Watcher], losses: list[float]
    ) -> None:
        for loss in self.learner.epoch(data, order, lambda step: self._lr(k, step, len(order), epochs)):
            losses.append(loss)
            for watcher in watchers:
                watcher.step_ends(self, loss)

    def _lr(self, epoch: int, step: int, steps: int, epochs: int) -> float:
        if self.schedule.per == "epoch":
            return self.schedule.at(epoch, epochs, self.optimizer.lr)
        return self.schedule.at(epoch * steps + step, epochs * steps, self.optimizer.lr)

    def _order(self, data: Dataset, epoch: int, batch_size: int, shuffle: bool, drop_last: bool) -> list[Array]:
        return batch_order(len(data), batch_size, seed=self.net.seed, epoch=epoch, shuffle=shuffle, drop_last=drop_last)

    def _checked(self, given: Any, name: str) -> Dataset:
        """The data set, all of it checked where it is in memory, else its first sample."""
        data = as_dataset(given)
        if len(data) == 0:
            raise DataError(f"{name} data", wanted="one sample or more", got="none", fix="give some data")
        whole = isinstance(data, ArrayDataset) and data.in_memory
        inputs, targets = (data.inputs, data.targets) if whole else data.batch(np.arange(1))  # type: ignore[attr-defined]
        check_batch(self.net.model, self.losses, inputs, targets, self.carrying)
        for what, arrays in {"x": inputs, "y": targets}.items():
            for values in arrays:
                if values.dtype.kind == "f" and not np.isfinite(values).all():
                    first = [int(i) for i in np.argwhere(~np.isfinite(values))[0]]
                    raise DataError(
                        f"{name} data: {what}{first}",
                        wanted="finite numbers",
                        got=f"{values[tuple(first)]}",
                        fix=f"drop or fill the {np.count_nonzero(~np.isfinite(values))} entries; no weight was changed",
                    )
        return data
