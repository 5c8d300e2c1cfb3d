"""Losses and optimizers of somebody's own, however they are written, and what is said of each fault."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest
import torch

import isograd as ig
from isograd.core.parity.cases import LOSS_CASES
from isograd.core.parity.formulas import LOSS_FORMULAS

Array = np.ndarray[Any, np.dtype[Any]]


class MeanSquaredError:
    """As in the book (Weidman 2019), but for the mean over all entries."""

    def forward(self, prediction: Array, target: Array) -> float:
        self.error = prediction - target
        return float((self.error**2).mean())

    def backward(self) -> Array:
        return 2 * self.error / self.error.size


class Summed(MeanSquaredError):
    def backward(self) -> Array:
        return 2 * self.error


class OfTheBatch(MeanSquaredError):
    def forward(self, prediction: Array, target: Array) -> float:
        return super().forward(prediction, target) * prediction.shape[1]

    def backward(self) -> Array:
        return super().backward() * self.error.shape[1]


class Writing(MeanSquaredError):
    def forward(self, prediction: Array, target: Array) -> float:
        prediction -= target
        self.error = prediction
        return float((prediction**2).mean())


class Squares(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, p: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(p - t)
        return ((p - t) ** 2).mean()

    @staticmethod
    def backward(ctx: Any, *dy: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        (error,) = ctx.saved_tensors
        return 2 * dy[0] * error / error.numel(), None


def log_shares(z: Array) -> Array:
    z = z - z.max(1, keepdims=True)
    return np.asarray(z - np.log(np.exp(z).sum(1, keepdims=True)))


def of_shares(z: Array, t: Array) -> tuple[float, Array]:
    logp = log_shares(z)
    return float(-(t * logp).sum() / len(z)), (np.exp(logp) - t) / len(z)


def cached(p: Array, t: Array) -> tuple[float, Array]:
    return float(((p - t) ** 2).mean()), p - t


RIGHT: dict[str, tuple[Any, Any]] = {
    "a class": (MeanSquaredError, ig.MSELoss()),
    "an object": (MeanSquaredError(), ig.MSELoss()),
    "what makes one": (lambda: MeanSquaredError(), ig.MSELoss()),
    "two functions": ((cached, lambda cache: 2 * cache / cache.size), ig.MSELoss()),
    "one function": (lambda p, t: (((p - t) ** 2).mean(), 2 * (p - t) / p.size), ig.MSELoss()),
    "torch.autograd.Function": (Squares, ig.MSELoss()),
    "targets one-hot": (of_shares, ig.CrossEntropyLoss()),
    "the book's mean": (OfTheBatch, ig.MSELoss(reduction="batchmean")),
}


@pytest.mark.parametrize("way", RIGHT)
def test_a_loss_that_is_right_passes(way: str) -> None:
    mine, like = RIGHT[way]
    report = ig.check_operation(mine, like=like)
    assert report.passed, report
    assert report.notes == (
        ("targets are taken one-hot: isograd and PyTorch take class indices",) if "hot" in way else ()
    )


WRONG = [
    (
        Summed,
        ig.MSELoss(),
        "they differ by the factor N·C (C entries a sample)",
    ),
    (OfTheBatch, ig.MSELoss(), "L is C (entries a sample) times what it should be; value and gradient fit each other"),
    (Writing, ig.MSELoss(), "the prediction written to: work on a copy"),
    (lambda p, t: (((p - t) ** 2).mean(), (p - t) / p.size), ig.MSELoss(), "they differ by the factor 0.5"),
    (lambda p, t: (((p - t) ** 2).mean(), 2 * (t - p) / p.size), ig.MSELoss(), "they differ by the factor −1"),
    (lambda p, t: ((p - t) ** 2).mean(), ig.MSELoss(), "dp is missing"),
    (
        lambda p, t: (((p - t) ** 2).mean(), 1 / 0),
        ig.MSELoss(),
        "forward raises ZeroDivisionError: division by zero (",
    ),
    (lambda p, t: (((p - t) ** 2).mean(), p[:1]), ig.MSELoss(), "dp has shape (1, 3), should be (5, 3)"),
]


@pytest.mark.parametrize(("mine", "like", "told"), WRONG, ids=[told[:50] for *_, told in WRONG])
def test_a_loss_that_is_wrong_is_told_why(mine: Any, like: Any, told: str) -> None:
    report = ig.check_operation(mine, like=like)
    assert [finding for finding in report.findings if told in finding.text], report


def sgd(w: Array, g: Array, state: dict[str, Any], lr: float) -> tuple[Array, dict[str, Any]]:
    v = 0.9 * state["v"] + g if "v" in state else g
    return w - lr * v, {"v": v}


class OfTheBook:
    """Its step() goes through the network that it holds (Weidman 2019)."""

    net: Any

    def __init__(self, lr: float = 0.01) -> None:
        self.lr = lr

    def step(self) -> None:
        for param, param_grad in zip(self.net.params(), self.net.param_grads(), strict=True):
            param -= self.lr * param_grad


class Momentum:
    def __init__(self, lr: float, momentum: float) -> None:
        self.lr, self.mu = lr, momentum
        self.v: dict[str, Any] = {}

    def step(self, params: dict[str, Array], grads: dict[str, Array]) -> dict[str, Array]:
        for name, g in grads.items():
            self.v[name] = self.mu * self.v.get(name, 0.0) - self.lr * g
        return {name: w + self.v[name] for name, w in params.items()}


class Shared(Momentum):
    """One velocity for every weight of one shape, kept by the class."""

    kept: dict[str, Any] = {}

    def __init__(self, lr: float, momentum: float) -> None:
        super().__init__(lr, momentum)
        self.v = self.kept


class Constant(Momentum):
    """Its rate is read once."""

    def __init__(self, lr: float, momentum: float) -> None:
        super().__init__(lr, momentum)
        self.first = lr

    def step(self, params: dict[str, Array], grads: dict[str, Array]) -> dict[str, Array]:
        self.lr = self.first
        return super().step(params, grads)


class OfLists:
    """Its step takes two lists."""

    def __init__(self, lr: float) -> None:
        self.learning_rate = lr

    def step(self, params: list[Array], grads: list[Array]) -> None:
        for w, g in zip(params, grads, strict=True):
            w -= self.learning_rate * g


class OfTorch:
    """PyTorch's own optimizer of the same name."""

    def __init__(self, like: Any) -> None:
        self.like, self.lr = like, like.lr
        self.of: Any = None

    def step(self, params: dict[str, Array], grads: dict[str, Array]) -> dict[str, Array]:
        if self.of is None:
            self.held = {name: torch.tensor(w, requires_grad=True) for name, w in params.items()}
            options = {
                f.name: getattr(self.like, f.name) for f in fields(self.like) if f.name not in ("name", "velocity")
            }
            self.of = getattr(torch.optim, type(self.like).__name__)(self.held.values(), **options)
        for group in self.of.param_groups:
            group["lr"] = self.lr
        for name, w in self.held.items():
            w.grad = torch.tensor(grads[name])
        self.of.step()
        return {name: w.detach().numpy().copy() for name, w in self.held.items()}


MOMENTUM = ig.SGD(0.01, momentum=0.9)
STEPS = ig.SGD(0.01, momentum=0.9, velocity="step")


@pytest.mark.parametrize(
    ("mine", "like"),
    [
        (sgd, MOMENTUM),
        (OfTheBook, ig.SGD(0.01)),
        (OfLists, ig.SGD(0.01)),
        (Momentum, STEPS),
        (lambda: Momentum(0.01, 0.9), STEPS),
    ],
    ids=["a function", "the book's", "lists", "a class", "what makes one"],
)
def test_an_optimizer_that_is_right_passes(mine: Any, like: Any) -> None:
    report = ig.check_operation(mine, like=like)
    assert report.passed, report


@pytest.mark.parametrize(
    "like",
    [
        *(
            ig.SGD(0.1),
            MOMENTUM,
            ig.SGD(0.1, momentum=0.9, nesterov=True),
            ig.Adam(0.01),
            ig.AdamW(0.01),
        ),
        *(ig.RMSprop(0.01), ig.Adagrad(0.01), ig.RAdam(0.01), ig.Adamax(0.01), ig.Adadelta(0.1)),
        *(ig.Rprop(0.01), ig.Adam(0.01, weight_decay=0.1, amsgrad=True), ig.RMSprop(0.01, momentum=0.9, centered=True)),
    ],
    ids=repr,
)
def test_nothing_is_wrong_with_pytorchs_own_optimizers(like: Any) -> None:
    report = ig.check_operation(lambda: OfTorch(like), like=like)
    assert report.passed, str(report)


NUMPY: Any = ig.get_backend("numpy")
PRICED = [cases[0].loss for cases in LOSS_CASES.values() if len(cases[0].shape) == 2]
PRICED = [loss for loss in PRICED if type(loss) in LOSS_FORMULAS]


@pytest.mark.parametrize("like", PRICED, ids=lambda loss: type(loss).__name__)
def test_nothing_is_wrong_with_the_engines_own_losses(like: Any) -> None:
    def mine(p: Array, t: Array) -> Any:
        return NUMPY.evaluate_loss(like, p, t, np.ones((), p.dtype))[:2]

    report = ig.check_operation(mine, like=like)
    assert report.passed, str(report)


def rms(w: Array, g: Array, state: dict[str, Any], lr: float) -> tuple[Array, dict[str, Any]]:
    s = 0.99 * state.get("s", 0.0) + 0.01 * g**2
    return w - lr * g / np.sqrt(s + 1e-8), {"s": s}


STEPPED = [
    (Momentum, MOMENTUM, "the rate stands inside the velocity, it belongs outside: they differ once it changes"),
    (lambda w, g, state, lr: (w - lr * g, state), MOMENTUM, "momentum is left out"),
    (Shared, STEPS, "a second optimizer goes on where the first one was: its state belongs to the class"),
    (Constant, STEPS, "right for a constant rate, wrong once it changes"),
    (rms, ig.RMSprop(0.01), "ε stands inside the root: it belongs outside"),
    (lambda w, g, state, lr: (w + lr * g, state), ig.SGD(0.1), "the step goes uphill: the sign is wrong"),
    (lambda w, g, state, lr: (w * np.float64(1.0) - lr * g.sum(), state), ig.SGD(0.1), "wrong from the first step on"),
    (lambda w, g, state, lr: (w - lr * g * (1 + 1e-7), state), ig.SGD(0.1), "off by 1e-07 of a step"),
    (lambda w, g, state, lr: (w - lr * g, state), ig.SGD(0.1, weight_decay=0.1), "weight decay is left out"),
]


@pytest.mark.parametrize(("mine", "like", "told"), STEPPED, ids=[told[:50] for *_, told in STEPPED])
def test_an_optimizer_that_is_wrong_is_told_why(mine: Any, like: Any, told: str) -> None:
    report = ig.check_operation(mine, like=like)
    assert [finding for finding in report.findings if told in finding.text], report
