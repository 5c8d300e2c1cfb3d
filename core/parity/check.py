"""check_parity: one model, two backends, every stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from isograd.core.base.errors import SpecError
from isograd.core.base.randomness import batch_order, random_upstream
from isograd.core.base.types import Array, Arrays, State
from isograd.core.data.dataset import as_arrays
from isograd.core.engine.batches import check_batch, check_inputs, check_losses
from isograd.core.engine.protocol import Backend, Network
from isograd.core.engine.registry import float_dtype
from isograd.core.graph.composite import Composite
from isograd.core.graph.weights import check_state, initial_state
from isograd.core.learning.losses import Loss, Losses
from isograd.core.learning.optimizers import SGD, Clipping, Optimizer
from isograd.core.parity.matching import NOISE_FACTOR, difference
from isograd.core.parity.pair import Pair, build_in, in_dtype
from isograd.core.parity.report import Culprit, ParityReport, Row
from isograd.core.parity.stages.node import compare_node
from isograd.core.parity.stages.trajectories import Training, free_run, locked_steps, rounded, shaken
from isograd.core.parity.stages.trial import Trial, trial_state


def check_parity(
    model: Composite,
    x: Array | Arrays,
    y: Array | Arrays | None = None,
    *,
    loss: Loss | Sequence[Loss | None] | None = None,
    optimizer: Optimizer | None = None,
    clip: Clipping | None = None,
    steps: int = 20,
    batch_size: int | None = None,
    weights: Mapping[str, Array] | None = None,
    backends: tuple[str | Backend, str | Backend] = ("numpy", "torch"),
    dtypes: Sequence[str] = ("float64", "float32"),
    seed: int = 0,
) -> ParityReport:
    """Do both backends compute the same thing for `model` on the batch (x, y)?

    Stages: every node alone; everything end to end, with a random dy, and through the loss where one is given;
    with an optimizer, `steps` locked steps and a free run, over batches of
    `batch_size` in turn (default: all of x). The report's `passed` is the verdict; its text names the first
    culprit and which side a third witness finds wrong.
    Raises where model, batch, loss or weights do not fit each other.
    """
    inputs = check_inputs(model, as_arrays(x))
    losses: Losses = (loss,) if loss is None or isinstance(loss, Loss) else tuple(loss)
    targets = () if y is None else as_arrays(y)
    if loss is not None:
        check_losses(model, losses)
        check_batch(model, losses, inputs, targets)
    elif optimizer is not None:
        raise SpecError("check_parity(optimizer=…)", wanted="loss= and y", got="none", fix="loss=ig.MSELoss()")
    state = dict(weights) if weights is not None else initial_state(model, seed=seed, dtype=float_dtype("float64"))
    check_state(model, state, "check_parity(weights=…)")
    pair = Pair.named(*backends)
    sizes = f"{sum(np.size(v) for v in state.values()):,} weights, {len(inputs[0])} samples"
    title = f"parity of {model!r}\n{sizes}, {' against '.join(pair.names)}, seed {seed}"
    report = ParityReport(title, pair.names)
    for dtype in dtypes:
        float_dtype(dtype)
        for training in (True, False):
            trials = node_trials(pair, model, state, inputs, dtype=dtype, training=training, seed=seed)
            found = [compare_node(pair, trial) for trial in trials]
            for rows, _ in found:
                report.add(rows)
            report.culprits += in_order_of_computation([culprit for _, culprit in found if culprit is not None])
        if any(row.fault == "raised" for row in report.rows):
            continue  # a node that raises alone would raise in every later stage as well
        report.add(*end_to_end(pair, model, state, inputs, losses if loss else (), targets, dtype, seed, report))
        if optimizer is not None:
            order = batch_order(
                len(inputs[0]), batch_size or len(inputs[0]), seed=seed, epoch=0, shuffle=True, drop_last=False
            )
            batches = [(tuple(v[rows] for v in inputs), tuple(v[rows] for v in targets)) for rows in order]
            run = Training(model, state, batches, losses, optimizer, clip, seed, steps)
            report.add(*locked_steps(pair, run, dtype))
            report.add(free_run(pair, run, dtype))
    return report


def in_order_of_computation(culprits: Sequence[Culprit]) -> list[Culprit]:
    """Culprits given in execution order: first those of the forward, then the gradients' from the end backwards."""
    gradients = [culprit for culprit in culprits if culprit.what.startswith("d")]
    return [culprit for culprit in culprits if culprit not in gradients] + gradients[::-1]


def node_trials(
    pair: Pair, model: Composite, state: Mapping[str, Array], inputs: Arrays, *, dtype: str, training: bool, seed: int
) -> list[Trial]:
    """A trial for every node, fed with what the right side computed up to it."""
    (_, net) = pair.build(model, state, seed=seed, dtype=dtype)
    seen = net.activations(*inputs, training=training)
    return [
        Trial(path, node.layer, tuple(_wide(v) for v in fed), trial_state(state, owner, dtype), dtype, training, seed)
        for path, owner, node, fed in _feeds(model, inputs, seen)
    ]


def _wide(x: Array) -> Array:
    return x.astype(np.float64) if x.dtype.kind == "f" else x


def _feeds(model: Composite, inputs: Arrays, seen: Mapping[str, Arrays], path: str = "", owner: str = "") -> Any:
    """(path, weights' path, node, its inputs) of every node that is no graph itself, in execution order."""
    graph = model.graph(*(x.shape[1:] for x in inputs))
    values: dict[int, Array] = dict(enumerate(inputs))
    for node in graph.nodes:
        fed = tuple(values[k] for k in node.reads)
        if isinstance(node.layer, Composite):
            yield from _feeds(node.layer, fed, seen, f"{path}{node.name}.", f"{owner}{node.owner}.")
        else:
            yield f"{path}{node.name}", f"{owner}{node.owner}", node, fed
        values |= dict(zip(node.writes, seen[f"{path}{node.name}"], strict=True))


def end_to_end(
    pair: Pair,
    model: Composite,
    state: Mapping[str, Array],
    inputs: Arrays,
    losses: Losses,
    targets: Arrays,
    dtype: str,
    seed: int,
    report: ParityReport,
) -> tuple[list[Row], Culprit | None]:
    """Everything together: node outputs, gradients for a random dy, loss and its gradients.

    Errors are held against the noise floor, which is never below the largest error of a node alone. One that
    exceeds it is inherited where a node before it is at fault by itself; if none is, the walk through the graph
    is, and the model as a whole is judged.
    """
    nets = pair.build(model, state, seed=seed, dtype=dtype)
    left, right = (_measure(net, inputs, losses, targets, seed) for net in nets)
    moved_state, moved = shaken(in_dtype(state, dtype), rounded(inputs, dtype))
    noisy = _measure(build_in(pair.left, model, moved_state, seed, dtype), moved, losses, targets, seed)
    alone = [row.error for row in report.rows if (row.stage, row.dtype) == ("node", dtype) and not row.failed]
    least = max([float(np.finfo(nets[0].dtype).eps), *alone])
    rows = []
    for key in {**right, **left}:
        gap = difference(left.get(key), right.get(key))
        noise = max(difference(noisy.get(key), left.get(key)).error, least)
        first = report.culprit.path if report.culprit else None
        own = first is not None and f"{key[0]}.".startswith(f"{first}.")
        origin = "the graph's own walk" if first is None else "own" if own else f"inherited from {first}"
        note = f"noise floor {noise:.1e}" + (f"; {origin}" if gap.exceeds(NOISE_FACTOR * noise) else "")
        rows.append(Row("end to end", dtype, *key, gap.error, NOISE_FACTOR * noise, gap.fault, note))
    if any(row.failed for row in rows) and report.culprit is None:
        whole = Trial("the whole graph", model, tuple(map(_wide, inputs)), dict(state), dtype, True, seed)
        return rows, compare_node(pair, whole)[1]
    return rows, None


def _measure(net: Network, inputs: Arrays, losses: Losses, targets: Arrays, seed: int) -> dict[tuple[str, str], Array]:
    """{(path, what): array} of one network in training mode, in the order of computation."""
    found: dict[tuple[str, str], Array] = {}
    for path, outputs in net.activations(*inputs, training=True).items():
        found |= {(path, f"output{k or ''}"): value for k, value in enumerate(outputs)}
    y = net.forward(*inputs, training=True)
    ys = y if isinstance(y, tuple) else (y,)
    found |= {("model", f"output{k or ''}"): value for k, value in enumerate(ys)}
    dys = [random_upstream(v.shape, seed, f"model/{k}", net.dtype) for k, v in enumerate(ys)]
    dx, dw = net.backward(*dys)
    found |= _gradients(dw, dx if isinstance(dx, tuple) else (dx,), "")
    if losses:
        loss, dxs, grads = net.learner(losses, SGD()).gradients(inputs, targets)
        found["loss", "value"] = np.asarray(loss, net.dtype)
        found |= _gradients(grads, dxs, " of the loss")
    return found


def _gradients(dw: State, dxs: Sequence[Any], label: str) -> dict[tuple[str, str], Array]:
    named = {(path, f"gradient{label}"): g for path, g in reversed(dw.items())}
    return named | {("input", f"dx{k or ''}{label}"): g for k, g in enumerate(dxs) if isinstance(g, np.ndarray)}
