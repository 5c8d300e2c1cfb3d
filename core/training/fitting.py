"""A fit that is going on: what was asked for, how far it has come, and who looks on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from functools import cached_property
from time import perf_counter
from typing import Any

import numpy as np

from isograd.core.base.errors import DataError, SpecError
from isograd.core.base.randomness import batch_order
from isograd.core.base.types import Array, State
from isograd.core.data.dataset import Dataset
from isograd.core.learning.stopping import EarlyStopping
from isograd.core.training.belonging import written
from isograd.core.training.history import Epoch, History
from isograd.core.training.places import raise_placed
from isograd.core.training.state import TrainerState, fingerprint, in_folder, parted
from isograd.core.training.watching import Watcher


@dataclass(frozen=True)
class Plan:
    """What a fit was asked to do."""

    epochs: int
    batch_size: int
    validate_every: int
    early_stopping: EarlyStopping | None
    shuffle: bool
    drop_last: bool

    def to_dict(self) -> dict[str, Any]:
        rule = self.early_stopping
        return {**vars(self), "early_stopping": None if rule is None else rule.to_dict()}


class Fit:
    """`epoch` epochs are done, and `step` steps of the one that is running; both start at 0.

    `waiting` are the watchers that have yet to hear of the last step, or, at step 0, of the last epoch.
    """

    def __init__(
        self,
        plan: Plan,
        data: Dataset,
        held_out: Dataset | None,
        validation_size: int | None,
        watchers: Sequence[Watcher],
    ) -> None:
        self.plan, self.data, self.held_out, self.validation_size = plan, data, held_out, validation_size
        self.watchers = list(watchers)
        self.waiting: list[Watcher] = []
        self.history = History()
        self.epoch, self.step = 0, 0
        self.weights: list[float] = []  # of the running epoch's batches: what their losses divide by
        self.seconds = 0.0  # of the running epoch, until the fit was last interrupted
        self.since: float | None = None  # when it began, or was taken up again
        self.known: list[tuple[Watcher, int]] = []  # the watchers that a fit taken up knows, and their places in it

    def order(self, seed: int, epoch: int) -> list[Array]:
        """The sample numbers of each batch of an epoch; SpecError where there is none."""
        size, plan = len(self.data), self.plan
        found = batch_order(
            size, plan.batch_size, seed=seed, epoch=epoch, shuffle=plan.shuffle, drop_last=plan.drop_last
        )
        if not found:
            raise SpecError(
                f"fit(batch_size={plan.batch_size}, drop_last=True)",
                wanted="one whole batch or more",
                got=f"{size} samples",
                fix=f"batch_size={size}, or drop_last=False",
            )
        return found

    @property
    def remains(self) -> bool:
        """Whether there is an epoch to go on with."""
        return self.epoch < self.plan.epochs and self.history.stopped is None

    def begin(self) -> None:
        """The clock of an epoch runs."""
        self.since = perf_counter()

    def pause(self) -> None:
        """The clock stands still."""
        self.seconds, self.since = self.elapsed(), None

    def elapsed(self) -> float:
        """Seconds of the running epoch."""
        return self.seconds + (0.0 if self.since is None else perf_counter() - self.since)

    def next_loss(self, steps: Iterator[float], order: Sequence[Array], epoch: int) -> float | None:
        """The loss of the next step, or None after the last of this epoch's number.

        An error says in which batch it arose, and of which sample.
        """
        try:
            return next(steps, None)
        except Exception as error:
            rows = order[self.step] if self.step < len(order) else np.empty(0, int)
            raise_placed(error, f"epoch {epoch}, batch {self.step + 1} of {len(order)}", rows)

    def stepped(self, loss: float, weight: float) -> None:
        """One more step is made."""
        self.history.step_losses.append(loss)
        self.weights.append(weight)
        self.step += 1
        self.waiting = list(self.watchers)

    def closed(self, epoch: Epoch) -> None:
        """One more epoch is done, and measured."""
        self.history.epochs.append(epoch)
        self.epoch, self.step = self.epoch + 1, 0
        self.seconds, self.since, self.weights = 0.0, None, []
        self.waiting = list(self.watchers)

    def tell(self, trainer: Any) -> None:
        """Tell those who wait of the last step, or of the epoch that it ended.

        Who is being told counts as told: a state taken, or a fit stopped, from there does not tell it again.
        """
        while self.waiting:
            watcher = self.waiting.pop(0)
            if self.step:
                watcher.step_ends(trainer, self.history.step_losses[-1])
            else:
                watcher.epoch_ends(trainer, self.history.epochs[-1])

    @cached_property
    def told_apart(self) -> dict[str, dict[str, Any]]:
        """By what the data sets are known again; reads arrays in memory once."""
        sets = {"train": self.data, "validation": self.held_out}
        return {
            name: {"samples": None if data is None else len(data), "content": fingerprint(data)}
            for name, data in sets.items()
        }

    def taken(self) -> tuple[dict[str, Any], State, dict[str, Any]]:
        """(record, arrays, what the clock said) of this fit, as `take_up` wants them."""
        watchers = []
        losses, weights = (np.array(values, np.float64) for values in (self.history.step_losses, self.weights))
        arrays = {"step_losses": losses, "weights": weights}
        for k, watcher in enumerate(self.watchers):
            kind = type(watcher).__name__
            values, held = parted(f"{kind}.state()", watcher.state())
            heard = not any(watcher is other for other in self.waiting)
            watchers.append({"kind": kind, "heard": heard, "values": values, "arrays": sorted(held)})
            arrays |= in_folder(f"callbacks/{k}", held)
        epochs = [asdict(epoch) for epoch in self.history.epochs]
        seconds = {"epochs": [epoch.pop("seconds") for epoch in epochs], "running": self.elapsed()}
        record = {
            "plan": self.plan.to_dict(),
            "data": deepcopy(self.told_apart),
            "epoch": self.epoch,
            "step": self.step,
            "epochs": epochs,
            "stopped": self.history.stopped,
            "callbacks": watchers,
        }
        return record, arrays, seconds

    def check_same(self, record: dict[str, Any]) -> None:
        """Raise unless this fit, of which nothing is done yet, was asked to do what `record` tells of."""
        plan, mine = record["plan"], self.plan.to_dict()
        where = f"the fit that goes on after step {record['step']} of epoch {record['epoch'] + 1} of {plan['epochs']}"
        other = "trainer.restore(state.without_fit()) begins another"
        for name, wanted in plan.items():
            if mine[name] != wanted:
                raise SpecError(
                    f"fit({name}={written(mine[name])})",
                    wanted=f"{name}={written(wanted)}, as in {where}",
                    got=written(mine[name]),
                    fix=f"{name}={written(wanted)}; or {other}",
                )
        for name, wanted in record["data"].items():
            found = self.told_apart[name]
            if found != wanted:
                raise DataError(
                    f"{name} data",
                    wanted=f"{counted(wanted['samples'])}, as in {where}",
                    got=counted(found["samples"]) + " of other values" * (found["samples"] == wanted["samples"]),
                    fix=f"give the same data; or {other}",
                )
        self.known = self._recognised(record["callbacks"], where, other)

    def _recognised(self, entries: list[dict[str, Any]], where: str, other: str) -> list[tuple[Watcher, int]]:
        """(watcher, place) of those that looked on before: by kind and in order. One without a state may be missing."""
        known, rest = [], list(self.watchers)
        for place, entry in enumerate(entries):
            found = next((k for k, watcher in enumerate(rest) if type(watcher).__name__ == entry["kind"]), None)
            if found is not None:
                known.append((rest[found], place))
                rest = rest[found + 1 :]
            elif entry["values"] or entry["arrays"]:
                given = ", ".join(type(watcher).__name__ for watcher in self.watchers)
                raise SpecError(
                    "fit(callbacks=…)",
                    wanted=f"a {entry['kind']}, which has a state in {where}",
                    got=given or "none",
                    fix=f"give the same callbacks; or {other}",
                )
        return known

    def take_up(self, state: TrainerState) -> None:
        """Stand where the fit of `state` stood; its watchers, who have heard that a fit starts, as they were."""
        record, arrays, seconds = state.record["fit"], state.under("fit"), state.record["seconds"]
        self.epoch, self.step = record["epoch"], record["step"]
        told = zip(record["epochs"], seconds["epochs"], strict=True)
        self.history.epochs = [Epoch(**deepcopy(epoch), seconds=taken) for epoch, taken in told]
        self.history.step_losses, self.weights = arrays["step_losses"].tolist(), arrays["weights"].tolist()
        self.seconds = seconds["running"]
        if self.plan.early_stopping is not None:  # taken as that fit ended: nothing of it remains but the best weights
            self.history.stopped = record["stopped"]
        for watcher, place in self.known:
            entry = record["callbacks"][place]
            values = deepcopy(entry["values"]) | {name: arrays[f"callbacks/{place}/{name}"] for name in entry["arrays"]}
            if values:
                watcher.restore(values)
            if not entry["heard"]:
                self.waiting.append(watcher)


def counted(samples: int | None) -> str:
    return "none" if samples is None else f"{samples} samples"
