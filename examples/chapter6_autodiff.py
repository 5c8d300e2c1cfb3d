"""The sixth chapter of the book (Weidman 2019), executable: numbers and arrays that remember how they were computed."""

from __future__ import annotations

from typing import Any

import numpy as np

import isograd as ig
from isograd.backends.numpy_impl.autodiff import Tensor, gradients
from isograd.backends.numpy_impl.namespace import RECORDING as ops


def claim(text: str, stated: Any, found: Any) -> None:
    """Print what is claimed, and fail where it does not hold."""
    error = float(np.abs(np.asarray(stated) - found).max())
    print(f"{text:<74} largest error {error:.0e}")
    assert error < 1e-12, f"{text}: {stated} is not {found}"


@ig.custom(weights=lambda x: {"weight": (x[-1], x[-1])})
def gated(ops: Any, x: Any, w: Any, *, beta: float = 1.0) -> Any:
    """y = x ⊙ σ(β x W)"""
    return x * ops.sigmoid(beta * (x @ w["weight"]))


@ig.custom(kind="loss")
def smooth_error(ops: Any, prediction: Any, target: Any) -> Any:
    """L = mean log cosh(p − t): like a square near 0, like |p − t| − log 2 far away"""
    e = ops.abs(prediction - target)
    return ops.mean(e + ops.log1p(ops.exp(-2 * e))) - float(np.log(2))


def main() -> None:
    print("A number used twice gets the sum of two gradients")
    a = Tensor(3.0)
    b = a * 4
    c = b + 3
    d = c * (a + 2)  # (4a + 3)(a + 2) = 4a² + 11a + 6
    da, db = gradients(d, [a, b])
    claim("dd/da = 8a + 11, by hand (4a + 3) + 4(a + 2)", 8 * 3 + 11, da)
    claim("dd/db = a + 2", 3 + 2, db)

    print("\nOne weight through ten time steps: no formula for the whole is needed")
    w, x = Tensor(0.9), np.linspace(-1, 1, 10)
    h: Any = 0.0
    for value in x:
        h = w * h + value  # h = Σ w^(9−t) x[t], so dh/dw = Σ (9−t) w^(8−t) x[t]
    (dw,) = gradients(h, [w])
    claim("h ← w h + x:  dh/dw = Σ k w^(k−1) x[9−k]", sum(k * 0.9 ** (k - 1) * x[9 - k] for k in range(10)), dw)

    print("\nArrays: the rules of the first chapter come out by themselves")
    rng = np.random.default_rng(0)
    X, W = Tensor(rng.normal(size=(3, 4))), Tensor(rng.normal(size=(4, 2)))
    S = ops.sigmoid(X @ W)
    dX, dW = gradients(ops.sum(S), [X, W])
    dN = S.values * (1 - S.values)
    claim("L = Σ σ(X W):  ∂L/∂X = σ′(XW) Wᵀ", dN @ W.values.T, dX)
    claim("               ∂L/∂W = Xᵀ σ′(XW)", X.values.T @ dN, dW)

    print("\nA function of one's own, written once, is a layer or a loss of the NumPy engine")
    model = ig.Sequential([ig.Linear(6), gated(beta=2.0), ig.Linear(1)], input_shape=(4,))
    x = rng.normal(size=(64, 4))
    y = np.sin(x[:, :1]) * x[:, 1:2]
    print(ig.check_gradients(model, x[:3], y[:3], loss=smooth_error()))
    trainer = ig.Trainer(ig.build(model), loss=smooth_error(), optimizer=ig.Adam(0.02))
    losses = [epoch.train_loss for epoch in trainer.fit((x, y), epochs=60, batch_size=16).epochs]
    print(f"loss {losses[0]:.3f} → {losses[-1]:.3f}")
    assert losses[-1] < 0.3 * losses[0]
    print("\nEvery claim holds.")


if __name__ == "__main__":
    main()
