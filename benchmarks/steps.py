"""Training steps and epochs, timed."""

from __future__ import annotations

from typing import Any

import numpy as np
from contenders import Step, checked_steps, require_equal_losses, trainer
from table import Row
from timing import Block, interleaved, timed
from workloads import LR, MOMENTUM, WORKLOADS, Workload

import isograd as ig

EPOCH_BATCHES, EPOCH_BATCH = 50, 60
FASTER = 1.7  # than scikit-learn


def step_rows(workload: Workload, command: str) -> list[Row]:
    """(NumPy engine)/(PyTorch by hand) and (torch engine)/(PyTorch by hand), all three taking turns."""

    def block(step: Step) -> Block:
        def run() -> None:
            for k in range(workload.steps):
                step(k)

        return timed(run)

    seconds = interleaved({name: block(step) for name, step in checked_steps(workload).items()}, rounds=workload.rounds)
    ms = {name: taken / workload.steps * 1e3 for name, taken in seconds.items()}
    hand = ms["PyTorch by hand"]
    return [
        Row(
            workload.title,
            f"{engine} / PyTorch by hand",
            ms[engine] / hand,
            at_most,
            None,
            f"step {ms[engine]:.3f} / {hand:.3f} ms, {workload.rounds} blocks x {workload.steps} steps",
            command,
        )
        for engine, at_most in {"NumPy engine": workload.at_most, "torch engine": 1.05}.items()
    ]


def epoch_rows(command: str, rounds: int = 60) -> list[Row]:
    """scikit-learn's epoch over ours on mlp_small's shape: shuffled, gathered and trained, batch by batch."""
    from sklearn.neural_network import MLPClassifier

    workload = WORKLOADS["mlp_small"]
    draw = np.random.default_rng(0)
    count = EPOCH_BATCHES * EPOCH_BATCH
    x, y = draw.standard_normal((count, 784), np.float32), draw.integers(0, 10, count)
    ours = trainer(workload, "numpy")
    theirs = MLPClassifier(
        (89,),
        activation="tanh",
        solver="sgd",
        alpha=0.0,
        batch_size=EPOCH_BATCH,
        learning_rate_init=LR,
        momentum=MOMENTUM,
        nesterovs_momentum=False,
        random_state=0,
    )
    theirs.partial_fit(x[:EPOCH_BATCH], y[:EPOCH_BATCH], classes=np.arange(10))
    _load(ours, theirs)
    last = slice(count - EPOCH_BATCH, count)
    theirs.partial_fit(x[last], y[last])
    require_equal_losses("epoch", {"isograd": [ours.step(x[last], y[last])], "scikit-learn": [theirs.loss_]})

    def our_epoch() -> None:
        ours.fit((x, y), epochs=1, batch_size=EPOCH_BATCH)

    def their_epoch() -> None:
        order = draw.permutation(count)
        for start in range(0, count, EPOCH_BATCH):
            batch = order[start : start + EPOCH_BATCH]
            theirs.partial_fit(x[batch], y[batch])

    seconds = interleaved({"isograd": timed(our_epoch), "scikit-learn": timed(their_epoch)}, rounds=rounds)
    mine, others = seconds["isograd"] * 1e3, seconds["scikit-learn"] * 1e3
    measured = f"epoch of {EPOCH_BATCHES} batches {others:.1f} / {mine:.1f} ms, {rounds} epochs each"
    return [
        Row(
            workload.title,
            "scikit-learn epoch / NumPy engine's",
            others / mine,
            None,
            FASTER,
            measured,
            command,
        )
    ]


def _load(ours: ig.Trainer, theirs: Any) -> None:
    """Give our network the weights of scikit-learn's, whose matrices are stored (in, out)."""
    net, coefs, intercepts = ours.net, theirs.coefs_, theirs.intercepts_
    if any(values.dtype != np.float32 for values in coefs):
        raise SystemExit("scikit-learn did not keep float32")
    names = [path.removesuffix(".weight") for path in net.state_dict() if path.endswith(".weight")]
    pairs = zip(names, coefs, intercepts, strict=True)
    net.load_state_dict({f"{n}.{kind}": v for n, W, b in pairs for kind, v in (("weight", W.T), ("bias", b))})
