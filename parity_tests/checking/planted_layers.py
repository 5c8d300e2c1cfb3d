"""Layers of all shapes that people write them in, right but for one thing each."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

import isograd as ig

Array = np.ndarray[Any, np.dtype[Any]]


class Planted(NamedTuple):
    diagnosis: str
    mine: Any
    like: Any
    told: str


def pointwise(forward: Callable[[Array], Array], backward: Callable[[Array, Array], Array]) -> tuple[Any, Any]:
    """A pair of functions that remembers its input."""
    return lambda x: (forward(x), (x,)), lambda dy, cache: backward(dy, cache[0])


def linear(
    y: Callable[..., Any] = lambda x, w, b: x @ w.T + b,
    dx: Callable[..., Any] = lambda dy, x, w: dy @ w,
    dw: Callable[..., Any] = lambda dy, x, w: dy.T @ x,
    db: Callable[..., Any] = lambda dy, x, w: dy.sum(0),
) -> tuple[Any, Any]:
    """The pair of functions of a Linear, one of its lines another."""

    def forward(x: Array, w: Array, b: Array) -> tuple[Any, tuple[Array, Array]]:
        return y(x, w, b), (x, w)

    def backward(dy: Array, cache: tuple[Array, Array]) -> tuple[Any, Any, Any]:
        x, w = cache
        return dx(dy, x, w), dw(dy, x, w), db(dy, x, w)

    return forward, backward


def refuses(*_: Any) -> Any:
    raise RuntimeError("no room")


def pool(share: Callable[[Array], Array]) -> tuple[Any, Any]:
    """MaxPool1d(2), each window's gradient shared among its equal largest."""

    def forward(x: Array) -> tuple[Array, tuple[Array, int]]:
        n, c, length = x.shape
        windows = x[:, :, : length // 2 * 2].reshape(n, c, -1, 2)
        return windows.max(-1), (windows, length)

    def backward(dy: Array, cache: tuple[Array, int]) -> Array:
        windows, length = cache
        dx = np.zeros((*dy.shape[:2], length), dy.dtype)
        mask = share(windows == windows.max(-1, keepdims=True))
        dx[:, :, : 2 * dy.shape[2]] = (mask * dy[..., None]).reshape(*dy.shape[:2], -1)
        return dx

    return forward, backward


def convolution(read: Callable[[Array], Array]) -> tuple[Any, Any]:
    """Conv1d(2, 3) whose dx reads its kernel through a function."""

    def forward(x: Array, w: Array, b: Array) -> tuple[Array, Any]:
        windows = np.lib.stride_tricks.sliding_window_view(x, 3, axis=2)
        return np.einsum("nclu,ocu->nol", windows, w) + b[:, None], (x, w, windows)

    def backward(dy: Array, cache: Any) -> tuple[Array, Array, Array]:
        x, w, windows = cache
        dx = np.zeros_like(x)
        for u in range(3):
            dx[:, :, u : u + dy.shape[2]] += np.einsum("nol,oc->ncl", dy, read(w)[:, :, u])
        return dx, np.einsum("nol,nclu->ocu", dy, windows), dy.sum((0, 2))

    return forward, backward


def mixed(dy: Array, x: Array, w: Array) -> Array:
    return dy.reshape(dy.shape[::-1]) @ x


def lazy_softmax(x: Array) -> Array:
    e = np.exp(x)
    return np.asarray(e / e.sum(-1, keepdims=True))


def softmax(x: Array) -> Array:
    return lazy_softmax(x - x.max(-1, keepdims=True))


def softmax_backward(dy: Array, x: Array) -> Array:
    y = softmax(x)
    return np.asarray(y * (dy - (dy * y).sum(-1, keepdims=True)))


def tanh_backward(dy: Array, x: Array) -> Array:
    return np.asarray(dy * (1 - np.tanh(x) ** 2))


class Averaging:
    """BatchNorm1d without weights of its own: the mode is an attribute, and nobody asks for it."""

    def __init__(self, wrong: bool) -> None:
        self.wrong = wrong
        self.training = True
        self.weight = self.bias = self.running_mean = self.running_var = np.zeros(2)

    def forward(self, x: Array) -> Array:
        mean, var = x.mean(0), x.var(0)
        if self.training:
            self.running_mean = 0.9 * self.running_mean + 0.1 * mean
            self.running_var = 0.9 * self.running_var + 0.1 * var * len(x) / (len(x) - 1)
        elif not self.wrong:
            mean, var = self.running_mean, self.running_var
        self.root, self.fixed = np.sqrt(var + 1e-5), not self.training
        self.z = (x - mean) / self.root
        return self.weight * self.z + self.bias

    def backward(self, dy: Array) -> tuple[Array, Array, Array]:
        g = dy * self.weight
        whole = g if self.fixed else g - g.mean(0) - self.z * (g * self.z).mean(0)
        return whole / self.root, (dy * self.z).sum(0), dy.sum(0)


class Recurrence:
    """RNN(2) with the state that each step starts from, and what goes back, as they are told."""

    def __init__(self, weight_ih: Array, weight_hh: Array, bias_ih: Array, bias_hh: Array) -> None:
        self.Wx, self.Wh, self.bx, self.bh = weight_ih, weight_hh, bias_ih, bias_hh

    carried, back = 1.0, 1.0

    def forward(self, x: Array) -> Array:
        self.x, self.h = x, [np.zeros((len(x), 2), x.dtype)]
        for t in range(x.shape[1]):
            before = x.dtype.type(self.carried) * self.h[-1]
            self.h.append(np.tanh(x[:, t] @ self.Wx.T + self.bx + before @ self.Wh.T + self.bh))
        return np.stack(self.h[1:], 1)

    def backward(self, dy: Array) -> Array:
        kept = {name: np.zeros_like(getattr(self, name)) for name in ("Wx", "Wh", "bx", "bh")}
        dx, dh = np.zeros_like(self.x), np.zeros_like(dy[:, 0])
        for t in reversed(range(dy.shape[1])):
            da = (dh + dy[:, t]) * (1 - self.h[t + 1] ** 2)
            dx[:, t], dh = da @ self.Wx, dy.dtype.type(self.back) * da @ self.Wh
            for name, g in (
                ("Wx", da.T @ self.x[:, t]),
                ("Wh", da.T @ self.h[t]),
                ("bx", da.sum(0)),
                ("bh", da.sum(0)),
            ):
                kept[name] += g
        self.dWx, self.dWh, self.dbx, self.dbh = kept.values()
        return dx


class Forgetful(Recurrence):
    carried = 0.0


class Cut(Recurrence):
    back = 0.0


class Doubled(Recurrence):
    back = 0.5


PLANTED = [
    Planted(
        "raised",
        linear(dx=refuses),
        ig.Linear(3),
        "backward raises RuntimeError: no room (parity_tests/checking/",
    ),
    Planted("missing", linear(db=lambda *_: None), ig.Linear(3), "db is nowhere: return it from backward"),
    Planted("no array", linear(db=lambda *_: "nothing"), ig.Linear(3), "db is a str in place of an array"),
    Planted(
        "shape", linear(db=lambda dy, x, w: dy), ig.Linear(3), "db has shape (4, 3), should be (3,) (for a batch of 4)"
    ),
    Planted(
        "shape",
        linear(dw=lambda dy, x, w: x.T @ dy),
        ig.Linear(3),
        "dw has shape (4, 3), should be (3, 4): transpose it",
    ),
    Planted("overflow", pointwise(lazy_softmax, softmax_backward), ig.Softmax(), "subtract the largest first"),
    Planted("NaN", linear(y=lambda x, w, b: 0 * x @ w.T / 0), ig.Linear(3), "y is NaN for a batch of 1"),
    Planted(
        "mask always true",
        pointwise(lambda x: x, lambda dy, x: dy),
        ig.ReLU(),
        "y: the mask is always true: negative inputs pass",
    ),
    Planted(
        "path through time cut",
        Cut,
        ig.RNN(2),
        "dx: the gradient to earlier steps is exactly 0: the recurrent path is cut",
    ),
    Planted("exactly 0", linear(dw=lambda dy, x, w: 0 * w), ig.Linear(3), "dw is exactly 0"),
    Planted("little", pointwise(lambda x: np.tanh(x) + 1e-7, tanh_backward), ig.Tanh(), "y is off by"),
    Planted(
        "altered",
        linear(dw=lambda dy, x, w: dy[-1:].T @ x[-1:]),
        ig.Linear(3),
        "dw: dy of the last sample alone counts",
    ),
    Planted("dy ignored", pointwise(np.tanh, lambda dy, x: 1 - np.tanh(x) ** 2), ig.Tanh(), "dx does not depend on dy"),
    Planted(
        "dy itself",
        pointwise(np.tanh, lambda dy, x: dy),
        ig.Tanh(),
        "dx is dy itself: the layer's own derivative is left out",
    ),
    Planted("factor", linear(db=lambda dy, x, w: len(dy) * dy.sum(0)), ig.Linear(3), "db is N times too large"),
    Planted("factor", linear(db=lambda dy, x, w: dy.mean(0)), ig.Linear(3), "db is divided by N"),
    Planted("factor", linear(dx=lambda dy, x, w: -dy @ w), ig.Linear(3), "dx has the wrong sign"),
    Planted(
        "batch mixed up",
        linear(dw=mixed),
        ig.Linear(3),
        "dw is right for batch 1, wrong for batch 4: samples and features",
    ),
    Planted("one step", Doubled, ig.RNN(2), "dx is right for one step, wrong for 4: a path through time is lost"),
    Planted("one step", Forgetful, ig.RNN(2), "y is right for one step, wrong for 4: the state is not carried on"),
    Planted("ones", linear(db=lambda dy, x, w: (dy**2).sum(0)), ig.Linear(3), "db is right for dy of ones alone"),
    Planted(
        "symmetric",
        convolution(lambda w: (w + w[:, :, ::-1]) / 2),
        ig.Conv1d(2, 3),
        "dx is right for symmetric kernels",
    ),
    Planted(
        "positive",
        pointwise(np.abs, lambda dy, x: dy),
        ig.ReLU(),
        "y is right for positive inputs, wrong where some are neg",
    ),
    Planted(
        "negative",
        pointwise(lambda x: 2 * np.maximum(x, 0) * x, lambda dy, x: dy * (x > 0)),
        ig.ReLU(),
        "y is right for negative",
    ),
    Planted(
        "ties",
        pool(lambda mask: mask),
        ig.MaxPool1d(2),
        "dx is wrong where values are equal: each of them gets the whole",
    ),
    Planted(
        "zeros",
        pointwise(lambda x: np.maximum(x, 0), lambda dy, x: dy * np.where(x, x > 0, 5)),
        ig.ReLU(),
        "dx at 0 is",
    ),
    Planted(
        "zero inputs",
        pointwise(lambda x: np.where(x, np.tanh(x), 1), tanh_backward),
        ig.Tanh(),
        "y is wrong for inputs of 0",
    ),
    Planted("evaluation", lambda: Averaging(True), ig.BatchNorm1d(), "y is right in training, wrong in evaluation"),
]

RIGHT = [
    ("a pair of functions with a cache", linear(), ig.Linear(3)),
    (
        "one with the inputs again",
        (lambda x, w: x @ w.T, lambda dy, x, w: (dy @ w, dy.T @ x)),
        ig.Linear(3, bias=False),
    ),
    ("equal values share", pool(lambda mask: mask / mask.sum(-1, keepdims=True)), ig.MaxPool1d(2)),
    ("another slope at 0", pointwise(lambda x: np.maximum(x, 0), lambda dy, x: dy * (x >= 0)), ig.ReLU()),
    ("gradients kept as attributes", Recurrence, ig.RNN(2)),
    ("a factory, buffers and a mode", lambda: Averaging(False), ig.BatchNorm1d()),
    ("a module of functions", SimpleNamespace(forward=np.tanh, backward=lambda dy, x: tanh_backward(dy, x)), ig.Tanh()),
    ("a kernel read the right way", convolution(lambda w: w), ig.Conv1d(2, 3)),
    ("softmax", pointwise(softmax, softmax_backward), ig.Softmax()),
]
