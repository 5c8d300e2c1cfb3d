"""What is asked of data and of numbers before a fit, so that nothing is refused in the middle of one."""

from __future__ import annotations

from typing import Any

import numpy as np

from isograd.core.base.description import check_described
from isograd.core.base.errors import DataError, SpecError, shown
from isograd.core.data.dataset import ArrayDataset, Dataset, Rowed, as_dataset, batch_of
from isograd.core.engine.batches import check_batch
from isograd.core.engine.carry import Carrying
from isograd.core.engine.rows import Fewest
from isograd.core.graph.composite import Composite
from isograd.core.learning.losses import Losses
from isograd.core.learning.metrics import Metric
from isograd.core.learning.optimizers import Clipping
from isograd.core.learning.schedules import Schedule
from isograd.core.learning.stopping import EarlyStopping

BATCH_SIZE = 32  # samples, unless asked for otherwise


def check_parts(net: Any, schedule: Any, clip: Any, metrics: Any) -> None:
    """SpecError unless a trainer gets a network, and descriptions for schedule, clipping and metrics."""
    if isinstance(net, type) or not hasattr(net, "learner"):
        raise SpecError(
            "Trainer(net)", wanted="a network, of an engine", got=shown(net), fix="ig.Trainer(ig.build(model), …)"
        )
    check_described("schedule", schedule, Schedule, "schedule=ig.CosineDecay()")
    check_described("clip", clip, Clipping, "clip=ig.ClipNorm(1.0)")
    if not isinstance(metrics, (tuple, list)) or not all(isinstance(metric, Metric) for metric in metrics):
        raise SpecError(
            "metrics", wanted="metric descriptions in a list", got=repr(metrics), fix="metrics=[ig.Accuracy()]"
        )
    known: dict[str, Metric] = {}
    for metric in metrics:
        other = known.setdefault(metric.label, metric)
        if other is not metric:
            wanted, fix = "a label for each: figures are kept under it", "leave one out"
            raise SpecError("metrics", wanted=wanted, got=f"{metric.label!r} of {other!r} and {metric!r}", fix=fix)


def check_watchers(callbacks: Any, early_stopping: Any) -> None:
    """SpecError unless whoever is to look on at a fit can be told of it."""
    if early_stopping is not None and not isinstance(early_stopping, EarlyStopping):
        raise SpecError(
            "fit(early_stopping=…)",
            wanted="a stopping rule, or None",
            got=repr(early_stopping),
            fix="early_stopping=ig.EarlyStopping(patience=5)",
        )
    several = isinstance(callbacks, (tuple, list))
    if not several or any(isinstance(one, type) or not hasattr(one, "fit_starts") for one in callbacks):
        raise SpecError(
            "fit(callbacks=…)",
            wanted="instances of ig.Callback in a list",
            got=repr(callbacks),
            fix="callbacks=[MyCallback()]",
        )


def checked_data(given: Any, name: str, model: Composite, losses: Losses, carrying: Carrying | None) -> Dataset:
    """The data set, all of it checked where it is in memory, else its first sample."""
    data = as_dataset(given)
    if len(data) == 0:
        raise DataError(f"{name} data", wanted="one sample or more", got="none", fix="give some data")
    whole = isinstance(data, ArrayDataset) and data.in_memory
    inputs, targets = (data.inputs, data.targets) if whole else batch_of(data, np.arange(1))  # type: ignore[attr-defined]
    check_batch(model, losses, inputs, targets, carrying)
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


def check_last_batch(fewest: Fewest, samples: int, size: int, drop_last: bool) -> None:
    """SpecError where the last batch of every epoch would be too small for the model: that is known beforehand."""
    left = samples % size
    if drop_last and samples < size:
        return  # there is no batch at all, which is told elsewhere
    last = left if left and not drop_last else size
    if last >= fewest.rows:
        return
    dropped = ["drop_last=True"] if left and samples > size >= fewest.rows else []
    fitting = (n for n in range(size + 1, samples + 1) if min(n, samples % n or n) >= fewest.rows)
    other = [f"batch_size={n}" for n in fitting][:1]
    raise SpecError(
        f"fit(batch_size={size}) of {samples} samples: epoch 1, batch {-(-samples // size)}, the last",
        wanted=f"{fewest.rows} samples or more: {fewest.where} needs more than one value for each channel",
        got=f"{last}",
        fix=", or ".join([*dropped, *other]) or "more data",
    )


def batching(
    what: tuple[Composite, Losses, Carrying | None],
    data: Dataset,
    held_out: Dataset | None,
    batch_size: int | None,
    shuffle: bool | None,
    drop_last: bool,
) -> tuple[int, int | None, bool]:
    """(samples in a batch, in one of validation or None for the usual, whether they are shuffled)"""
    model, _, carrying = what
    if shuffle is not None and not isinstance(shuffle, (bool, np.bool_)):
        raise SpecError(
            f"fit(shuffle={shuffle!r})", wanted="True, False or None", got=repr(shuffle), fix="shuffle=False"
        )
    if carrying is None:
        size = batch_size or BATCH_SIZE
        check_last_batch(Fewest(model), len(data), size, drop_last)
        return size, None, shuffle is None or bool(shuffle)
    if shuffle:
        raise SpecError(
            f'fit(shuffle=True) with carry="{carrying.how}"',
            wanted="batches in order, each going on where the one before ended",
            got="shuffled ones",
            fix="leave shuffle= out",
        )
    size = carrying.batch_size(data, batch_size, "fit(…)", usual=BATCH_SIZE, drop_last=drop_last)
    check_last_batch(Fewest(model), len(data), size, drop_last)
    held_size = size if held_out is not None and not isinstance(held_out, Rowed) else None
    if held_out is not None:
        carrying.batch_size(held_out, held_size, "fit(validation=…)", usual=BATCH_SIZE)
    return size, held_size, False
