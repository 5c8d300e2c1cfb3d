"""When a training has learned enough, described."""

from __future__ import annotations

from isograd.core.base.description import Count, Description, NonNegative, describes


@describes("stopping")
class EarlyStopping(Description):
    """Stop when `monitor` has not improved by more than min_delta in `patience` validations; keep the best weights.

    `monitor` is "validation_loss" or the label of a metric ("accuracy"), whose good direction is known.
    """

    patience: Count = 5
    min_delta: NonNegative = 0.0
    monitor: str = "validation_loss"
