"""What one check is made of, as a value: it goes to JSON and back, and gives the same arrays wherever it is checked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from isograd.core.base.description import Description, from_dict
from isograd.core.base.types import Arrays
from isograd.core.engine.protocol import Backend
from isograd.core.graph.model import Model
from isograd.core.learning.losses import Loss
from isograd.core.learning.optimizers import Clipping, Optimizer
from isograd.core.parity.cases import LossCase
from isograd.core.parity.check import check_parity
from isograd.core.parity.loss_arrays import loss_arrays
from isograd.core.parity.report import ParityReport
from isograd.core.parity.suite import DTYPES
from isograd.fuzzing.feeds import Feed, drawn_inputs, drawn_state


@dataclass(frozen=True)
class Taught:
    """What a model is trained on: a loss of one of its outputs, with targets of this kind, and by what."""

    loss: Loss
    targets: str
    output: int
    optimizer: Optimizer | None = None
    clip: Clipping | None = None
    steps: int = 1


@dataclass(frozen=True)
class Drawn:
    """A model, the rows of its batch, the seed of everything that is drawn, what its inputs are drawn from, training.

    `dtypes` are those that it is checked in.
    """

    model: Model
    rows: int
    seed: int
    feeds: Mapping[str, Feed] = field(default_factory=dict)
    taught: Taught | None = None
    dtypes: tuple[str, ...] = DTYPES

    @property
    def inputs(self) -> Arrays:
        return drawn_inputs(self.model, self.feeds, self.rows, self.seed)

    @property
    def asked(self) -> dict[str, Any]:
        """What `check_parity` is asked beside model and inputs."""
        told: dict[str, Any] = {
            "weights": drawn_state(self.model, self.seed),
            "seed": self.seed,
            "dtypes": self.dtypes,
        }
        if self.taught is None:
            return told
        taught, outputs = self.taught, self.model.out_shapes(*self.model.input_shapes)
        shape = (self.rows, *outputs[taught.output])
        _, targets = loss_arrays(LossCase(taught.loss, shape, taught.targets, f"fuzz {self.seed}"))  # type: ignore[arg-type]
        told |= {"y": targets, "loss": [taught.loss if k == taught.output else None for k in range(len(outputs))]}
        if taught.optimizer is not None:
            told |= {"optimizer": taught.optimizer, "clip": taught.clip, "steps": taught.steps}
        return told

    def check(self, backends: Sequence[str | Backend] = ("numpy", "torch")) -> ParityReport:
        """Do the engines compute the same? Raises what the check raises."""
        return check_parity(self.model, self.inputs, backends=backends, **self.asked)

    def to_json(self) -> str:
        record: dict[str, Any] = {"rows": self.rows, "seed": self.seed, "dtypes": list(self.dtypes)}
        if self.feeds:
            record["feeds"] = {name: feed.to_dict() for name, feed in self.feeds.items()}
        if self.taught is not None:
            record["taught"] = {
                name: value.to_dict() if isinstance(value, Description) else value
                for name, value in vars(self.taught).items()
            }
        return json.dumps(record | {"model": self.model.to_dict()}, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Drawn:
        """The inverse of `to_json`."""
        record = json.loads(text)
        model = from_dict(record["model"])
        assert isinstance(model, Model)
        feeds = {name: Feed.from_dict(feed) for name, feed in record.get("feeds", {}).items()}
        told = record.get("taught")
        options: dict[str, Any] = {k: from_dict(v) if isinstance(v, dict) else v for k, v in (told or {}).items()}
        taught = Taught(**options) if told else None
        return cls(model, record["rows"], record["seed"], feeds, taught, tuple(record["dtypes"]))
