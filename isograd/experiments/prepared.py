"""Data ready to train on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from isograd.core.base.randomness import batch_order
from isograd.core.base.types import Array, Arrays, Shape
from isograd.core.data.dataset import Dataset, Selected, first, for_epoch, whole
from isograd.core.data.prepare import Splits, Standardizer
from isograd.experiments.kinds import check_kinds, is_a, maybe
from isograd.experiments.recipe import Recipe


@dataclass(frozen=True)
class Prepared:
    """Data ready to train on.

    `target_scale` leads standardised targets back to their own units; `labels` are the test part's classes
    where its targets are something else. `names` tells, of inputs that hold whole numbers, what each stands for.
    `in_time`: a sample is a window of a series, and the next sample the window one step later. `notes` go into the
    files of trained weights.
    """

    splits: Splits[Dataset]
    target_scale: Standardizer | None = None
    labels: Array | None = None
    names: Mapping[int, Sequence[str]] = field(default_factory=dict)
    in_time: bool = False
    notes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_kinds(
            self,
            splits=("splits, such as ig.split gives", is_a(Splits)),
            target_scale=("a Standardizer, or None", maybe(is_a(Standardizer))),
            names=("names by input", is_a(Mapping)),
            notes=("texts by name", is_a(Mapping)),
        )

    @property
    def input_shape(self) -> Shape:
        (x, *_), _ = self.splits.train.batch(np.arange(1))
        return x.shape[1:]

    @cached_property
    def test(self) -> tuple[Arrays, Arrays]:
        """(inputs, targets) of the whole test part."""
        return whole(self.splits.test)

    @cached_property
    def test_targets(self) -> Array:
        """In their own units."""
        return self.restored(self.test[1][0])

    def restored(self, values: Array) -> Array:
        """Targets or predictions in their own units."""
        return self.target_scale.inverse(values.astype(np.float64)) if self.target_scale else values

    def batch(self, size: int, seed: int, *, shuffle: bool = True) -> tuple[Arrays, Arrays]:
        """The first batch that a trainer with this seed sees."""
        train = for_epoch(self.splits.train, 0)
        order = batch_order(len(train), size, seed=seed, epoch=0, shuffle=shuffle, drop_last=False)
        return train.batch(order[0])

    def seen_by(self, recipe: Recipe) -> Prepared:
        """With the inputs that the recipe's model takes, and no others."""
        if recipe.inputs is None:
            return self
        parts = (self.splits.train, self.splits.validation, self.splits.test)
        names = {k: self.names[place] for k, place in enumerate(recipe.inputs) if place in self.names}
        return replace(self, splits=Splits(*(Selected(part, recipe.inputs) for part in parts)), names=names)

    def limited(self, samples: int) -> Prepared:
        """The first samples of each part, at most so many."""
        parts = (self.splits.train, self.splits.validation, self.splits.test)
        cut = [first(part, samples) for part in parts]
        return replace(self, splits=Splits(*cut), labels=None if self.labels is None else self.labels[:samples])
