"""Why LSTM: how ∂L/∂xₜ shrinks or grows over a hundred steps back, as its recurrent weight is made larger.

python examples/gradients_through_time.py docs/gradients_through_time.png
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

import isograd as ig

Array = np.ndarray[Any, np.dtype[np.float64]]
STEPS, UNITS, SAMPLES = 100, 64, 16
SCALES = (0.5, 0.8, 0.9, 1.0, 1.2, 1.5, 2.0)


def norms(layer: ig.Layer, scale: float, *, remember: float = 0.0) -> Array:
    """‖∂L/∂xₜ‖, mean over samples (T,), of L = Σ c·h at the last step, c random; NumPy engine, float64.

    Every gate's recurrent weight is `scale` times an orthogonal matrix, so that scale 1 keeps lengths;
    `remember` is the bias of LSTM's second gate, the one that forgets.
    """
    rng = np.random.default_rng(0)
    net = ig.build(ig.Sequential([layer, ig.LastStep()], input_shape=(STEPS, 1)), dtype="float64")
    weights = {path: np.zeros_like(values) for path, values in net.state_dict().items()}
    gates = len(weights["0.weight_hh_l0"]) // UNITS
    rotations = [np.linalg.qr(rng.normal(size=(UNITS, UNITS)))[0] for _ in range(gates)]
    weights["0.weight_hh_l0"] = scale * np.concatenate(rotations)
    weights["0.weight_ih_l0"] = rng.normal(size=(gates * UNITS, 1))
    weights["0.bias_ih_l0"][UNITS : 2 * UNITS] = remember
    net.load_state_dict(weights)
    net.forward(rng.normal(0, 0.1, (SAMPLES, STEPS, 1)))
    dx, _ = net.backward(rng.normal(size=(SAMPLES, UNITS)))
    mean: Array = np.linalg.norm(dx, axis=2).mean(0)
    return mean


def main() -> None:
    measured = {
        "RNN": {scale: norms(ig.RNN(UNITS), scale) for scale in SCALES},
        "LSTM, forget gate half open at first": {scale: norms(ig.LSTM(UNITS), scale) for scale in SCALES},
        "LSTM, forget gate open at first (bias 3)": {s: norms(ig.LSTM(UNITS), s, remember=3.0) for s in SCALES},
    }
    for name, lines in measured.items():
        print(name)
        for scale, norm in lines.items():
            print(f"  recurrent weight x {scale:<4g} ‖∂L/∂x‖ over {STEPS - 1} steps back: x {norm[0] / norm[-1]:.0e}")
    kept = {name: {scale: norm[0] / norm[-1] for scale, norm in lines.items()} for name, lines in measured.items()}
    rnn, closed, opened = kept.values()
    assert all(rnn[scale] < 100 * scale ** (STEPS - 1) for scale in SCALES), "a step back multiplies by scale at most"
    assert rnn[0.5] < 1e-25 < 1e5 < rnn[2.0], "an RNN's gradient vanishes or explodes"
    assert all(closed[scale] < 1e-3 for scale in SCALES if scale < 2), "half open, LSTM forgets, and its gradient too"
    assert all(1e-1 < ratio < 1e4 for ratio in opened.values()), "open, LSTM's gradient lives, whatever the scale"
    print("\nEvery claim holds.")
    if sys.argv[1:]:
        from isograd.plots.sequences import gradients

        print(gradients(measured, "Gradients through time, by the scale of the recurrent weight", Path(sys.argv[1])))


if __name__ == "__main__":
    main()
