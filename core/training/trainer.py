"""The trainer: one loop for every backend."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from functools import cached_property
from typing import Any

import numpy as np

from isograd.core.base.errors import IsogradError, SpecError
from isograd.core.base.randomness import batch_order
from isograd.core.base.types import Array, Arrays
from isograd.core.data.dataset import ArrayDataset, Dataset, as_arrays, as_dataset, batch_of, for_epoch
from isograd.core.engine.batches import check_inputs, check_losses, first_evaluated
from isograd.core.engine.carry import Carry, Carrying
from isograd.core.engine.memory import check_memory
from isograd.core.engine.protocol import Network
from isograd.core.engine.rows import counted
from isograd.core.learning.losses import Loss, Losses
from isograd.core.learning.metrics import Metric
from isograd.core.learning.optimizers import Clipping, Optimizer
from isograd.core.learning.schedules import FixedLR, Schedule
from isograd.core.learning.stopping import EarlyStopping
from isograd.core.training.belonging import check_described, described
from isograd.core.training.checks import BATCH_SIZE, batching, check_parts, check_watchers, checked_data
from isograd.core.training.fitting import Fit, Plan
from isograd.core.training.history import Epoch, History
from isograd.core.training.interrupts import Interrupts, interrupts
from isograd.core.training.places import evaluated
from isograd.core.training.progress import drawing
from isograd.core.training.rates import check_schedule, rates
from isograd.core.training.state import TrainerState, in_folder
from isograd.core.training.watching import BestWeights, StopFit, Watcher
from isograd.core.training.weighing import Weighed, joined

EVALUATED_AT_ONCE = 256  # samples, unless asked for otherwise


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
        check_parts(net, schedule, clip, metrics)
        self.net, self.optimizer, self.metrics = net, optimizer, tuple(metrics)
        self.losses: Losses = tuple(loss) if isinstance(loss, (tuple, list)) else (loss,)  # type: ignore[assignment]
        check_losses(net.model, self.losses)
        if not isinstance(optimizer, Optimizer):
            raise SpecError(
                "optimizer", wanted="an optimizer description", got=repr(optimizer), fix="optimizer=ig.SGD(lr=0.1)"
            )
        self.schedule = schedule or FixedLR()
        self.carrying = Carrying.of(net.model, self.losses, carry)
        self.clip = clip
        self.learner = net.learner(self.losses, optimizer, clip, self.carrying)
        self.epochs_done = 0
        self._running = False  # whether a fit is: of this trainer
        self._fit: Fit | None = None  # the one that is running, or that was interrupted
        self._restored: TrainerState | None = None  # whose fit the next one goes on with

    def step(self, x: Array | Arrays, y: Array | Arrays) -> float:
        """One forward, backward and update on one batch at the optimizer's lr; returns the loss before it.

        With `carry`, states go on from the step before; `reset_state` makes them zeros again.
        Raises, with no weight and no state changed, where the batch does not fit or the loss is NaN or infinite.
        """
        loss = self.learner.step(as_arrays(x), as_arrays(y), self.optimizer.lr)
        if not self._running:
            self._fit = self._restored = None  # a fit that was interrupted is not gone on with from here
        return loss

    @property
    def steps_of_fit(self) -> int:
        """The steps done of the fit that is running, or was interrupted; of one gone on with, those before it too."""
        return 0 if self._fit is None else len(self._fit.history.step_losses)

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
        After `restore` of a state that was taken inside a fit, the same call does what remains of that fit.
        """
        self._check_idle("fit(…)")
        epochs, validate_every = counted("fit", "epochs", epochs), counted("fit", "validate_every", validate_every)
        batch_size = None if batch_size is None else counted("fit", "batch_size", batch_size)
        check_watchers(callbacks, early_stopping)
        what = (self.net.model, self.losses, self.carrying)
        data = checked_data(train, "train", *what)
        held_out = None if validation is None else checked_data(validation, "validation", *what)
        if early_stopping is not None and held_out is None:
            raise SpecError("fit(early_stopping=…)", wanted="validation data", got="none", fix="validation=(x, y)")
        size, validation_size, shuffle = batching(what, data, held_out, batch_size, shuffle, drop_last)
        plan = Plan(epochs, size, validate_every, early_stopping, shuffle, drop_last)
        best = None if early_stopping is None else BestWeights(early_stopping)
        fit = Fit(plan, data, held_out, validation_size, [*callbacks, *drawing(progress), *([best] if best else [])])
        if self._restored is not None:
            fit.check_same(self._restored.record["fit"])
        failed = self._run(fit)
        if best is not None:
            best.put_back(self, fit.history)
        if best is not None or fit.history.stopped is None:
            self._fit = None  # one that a callback stopped can still be gone on with
        if failed is not None:
            raise failed
        return fit.history

    def state(self) -> TrainerState:
        """Everything that decides what comes next, as a value: to be taken between any two steps, by callbacks too.

        After a fit that Ctrl-C, an error or a callback's StopFit ended early, the state inside it, after its last step.
        """
        memory = self.learner.state_dict()
        record: dict[str, Any] = {
            "training": deepcopy(self._described),
            "epochs_done": self.epochs_done,
            "steps_done": int(memory.pop("step")),
            "fit": None,
            "seconds": None,
        }
        arrays = in_folder("weights", self.net.state_dict()) | in_folder("memory", memory)
        if self._restored is not None:
            record |= {name: deepcopy(self._restored.record[name]) for name in ("fit", "seconds")}
            arrays |= in_folder("fit", self._restored.under("fit"))
        elif self._fit is not None:
            record["fit"], held, record["seconds"] = self._fit.taken()
            arrays |= in_folder("fit", held)
        return TrainerState(record, arrays)

    def restore(self, state: TrainerState) -> None:
        """Go on where `state` was taken, by this trainer or one like it, in either engine; it is left as it is.

        On the engine that it was taken from, all that follows is the same to the last bit. Where it was taken inside
        a fit, that fit's call, repeated, does what remains of it. SpecError or WeightsError, with nothing changed,
        where the state is of another training.
        """
        self._check_idle("restore(…)")
        if not isinstance(state, TrainerState):
            raise SpecError(
                "restore(…)", wanted="what trainer.state() gave", got=type(state).__name__, fix="trainer.restore(state)"
            )
        check_described(state.record["training"], self._described)
        memory = {"step": np.asarray(state.record["steps_done"]), **state.under("memory")}
        check_memory("restore(state): memory", memory, self.net, self.optimizer, self.carrying)
        self.net.load_state_dict(state.under("weights"))
        self.learner.load_state_dict(memory)
        self.epochs_done = state.record["epochs_done"]
        self._fit, self._restored = None, state if state.record["fit"] else None

    def evaluate(self, data: Any, *, batch_size: int | None = None) -> dict[str, float]:
        """{"loss": …, metric label: …} of the network on `data`, in evaluation mode.

        In batches of 256 unless asked for otherwise; with carried states, of the data set's rows.
        """
        samples = as_dataset(data)
        loss, outputs, targets = evaluated(self.learner, samples, self._in_order(samples, batch_size, "evaluate"))
        trained = first_evaluated(self.net.model, self.losses)
        return {"loss": loss} | {m.label: m.value(outputs[trained], targets[0]) for m in self.metrics}

    def predict(self, x: Any, *, batch_size: int | None = None) -> Any:
        """What the network makes of inputs (an array, or a tuple of them) or of a Dataset's: like `net.predict`.

        With carried states batch by batch in order, and the states of each batch among the outputs.
        """
        data = x if isinstance(x, Dataset) else ArrayDataset(as_arrays(x), ())
        parts: list[Arrays] = []
        for rows in self._in_order(data, batch_size, "predict"):
            inputs, _ = batch_of(data, rows)
            if self.carrying is not None:
                check_inputs(self.net.model, inputs, self.carrying.data_inputs)
                inputs = self.carrying.fed(inputs, self.carrying.kept(parts[-1]) if parts else (), self.net.dtype)
            y = self.net.predict(*inputs, batch_size=len(rows))
            parts.append(y if isinstance(y, tuple) else (y,))
        joined = tuple(np.concatenate(column) for column in zip(*parts, strict=True))
        return joined if len(joined) > 1 else joined[0]

    @cached_property
    def _described(self) -> dict[str, Any]:
        """What is trained, and how: a state is restored by a trainer of the same alone."""
        how = None if self.carrying is None else self.carrying.how
        return described(self.net, self.losses, self.optimizer, self.schedule, self.clip, self.metrics, how)

    def _check_idle(self, where: str) -> None:
        if self._running:
            raise SpecError(
                where,
                wanted="no fit of this trainer to be running",
                got="a call from one of its callbacks",
                fix="raise ig.StopFit(…), and call it when fit has returned",
            )

    def _run(self, fit: Fit) -> BaseException | None:
        """What remains of a fit, its watchers told of its start and its end; the first error of those told of that."""
        begun, failed = list[Watcher](), list[BaseException]()
        steps = len(fit.order(self.net.seed, self.epochs_done))
        check_schedule(self.schedule, self.optimizer.lr, fit, steps, self.metrics)
        self._running = True
        self._fit = None  # what was interrupted before this fit is over
        try:
            for watcher in fit.watchers:
                watcher.fit_starts(self, fit.plan.epochs, steps)
                begun.append(watcher)
            if self._restored is not None:
                fit.take_up(self._restored)
            self._fit, self._restored = fit, None
            with interrupts() as ctrl_c:
                fit.tell(self)
                while fit.remains:
                    self._epoch(fit, ctrl_c)
        except StopFit as stop:
            fit.history.stopped = str(stop)
        finally:
            fit.pause()
            for watcher in begun:
                try:
                    watcher.fit_ends(self, fit.history)
                except BaseException as error:  # the others hear of it all the same
                    failed.append(error)
            self._running = False
        return failed[0] if failed else None

    def _epoch(self, fit: Fit, ctrl_c: Interrupts) -> None:
        """What remains of an epoch: steps, validation, and what is told of them."""
        fit.begin()
        order, done = fit.order(self.net.seed, self.epochs_done), fit.step
        if done == 0:
            self.learner.reset_state()
        data = Weighed(for_epoch(fit.data, self.epochs_done), self.losses)
        ctrl_c.hold()
        lr = rates(self.schedule, self.optimizer.lr, fit, len(order))
        steps = self.learner.epoch(data, order[done:], lambda k: lr(done + k))
        while (loss := fit.next_loss(steps, order, self.epochs_done + 1)) is not None:
            fit.stepped(loss, data.weight)
            ctrl_c.release()
            fit.tell(self)
            ctrl_c.hold()
        ctrl_c.release()
        epoch = self._measured(fit, order, lr(len(order) - 1))
        ctrl_c.hold()
        self.epochs_done += 1
        fit.closed(epoch)
        ctrl_c.release()
        fit.tell(self)

    def _measured(self, fit: Fit, order: list[Array], lr: float) -> Epoch:
        """What there is to say of an epoch whose steps are done."""
        number, plan, held_out = fit.epoch + 1, fit.plan, fit.held_out
        measured = held_out is not None and (number % plan.validate_every == 0 or number == plan.epochs)
        scores = self._validated(held_out, fit) if held_out is not None and measured else {}
        return Epoch(
            number=self.epochs_done + 1,
            lr=lr,
            train_loss=joined(self.losses, fit.history.step_losses[-len(order) :], fit.weights),
            validation_loss=scores.pop("loss", None),
            metrics=scores,
            seconds=fit.elapsed(),
        )

    def _in_order(self, data: Dataset, batch_size: int | None, call: str) -> list[Array]:
        """The sample numbers of each batch of an evaluation."""
        asked = None if batch_size is None else counted(call, "batch_size", batch_size)
        size = asked or EVALUATED_AT_ONCE
        if self.carrying is not None:
            size = self.carrying.batch_size(data, asked, f"{call}(…)", usual=BATCH_SIZE)
        return batch_order(len(data), size, seed=0, epoch=0, shuffle=False, drop_last=False)

    def _validated(self, held_out: Dataset, fit: Fit) -> dict[str, float]:
        try:
            return self.evaluate(held_out, batch_size=fit.validation_size)
        except IsogradError as error:
            raise error.within(f"validation of epoch {self.epochs_done + 1}") from error.__cause__

    def __getstate__(self) -> dict[str, Any]:
        """A copy, or what is pickled, knows of an interrupted fit what `restore` knows: no data and no callbacks."""
        restored = self.state() if self._fit is not None else self._restored
        return vars(self) | {"_running": False, "_fit": None, "_restored": restored}
