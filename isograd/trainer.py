"""The trainer that users meet: core's, with a progress bar on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from isograd.core.learning.stopping import EarlyStopping
from isograd.core.training.history import History
from isograd.core.training.trainer import Trainer as CoreTrainer
from isograd.core.training.watching import Watcher


class Trainer(CoreTrainer):
    __doc__ = CoreTrainer.__doc__

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
        if progress or (progress is None and sys.stdout.isatty()):
            from isograd.progress import ProgressBar

            callbacks = [*callbacks, ProgressBar()]
        return super().fit(
            train,
            validation=validation,
            epochs=epochs,
            batch_size=batch_size,
            validate_every=validate_every,
            early_stopping=early_stopping,
            shuffle=shuffle,
            drop_last=drop_last,
            callbacks=callbacks,
        )
