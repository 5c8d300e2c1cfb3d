"""L-BFGS: directions from the pairs that it remembers, and a line search by Wolfe's strong conditions.

    rule(spec, lr, w, evaluate, s)      evaluate(w) → (loss, g), all weights as one vector; s = {slot: array}

It changes s in place, and returns (the new w, the loss at the old).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from isograd.backends.numpy_impl.optimizers import OPTIMIZERS
from isograd.core.base.types import Array, State
from isograd.core.learning.searching import LBFGS

Evaluate = Callable[[Array], tuple[float, Array]]
Point = tuple[Any, float, Array, Any]
"""(t, loss, g, g·d) at w + t·d"""
ENOUGH, FLAT, NARROW = 1e-4, 0.9, 1e-9  # Wolfe's constants of decrease and of curvature; a bracket that is a point


@OPTIMIZERS.implements(LBFGS)
def lbfgs(spec: LBFGS, lr: float, w: Array, evaluate: Evaluate, s: State) -> tuple[Array, float]:
    """d ← −H g        w ← w + t d        until max_iter, max_eval, or nothing changes any more"""
    loss, g = first, _ = evaluate(w)
    asked, iteration, flat = 1, 0, bool(np.abs(g).max(initial=0) <= spec.tolerance_grad)
    while not flat and iteration < spec.max_iter:
        iteration += 1
        s["n_iter"] += 1
        begun = s["n_iter"] == 1
        s["d"][...] = -g if begun else direction(s, g)
        s["prev_flat_grad"][...] = g
        d, before = s["d"], loss
        s["t"][...] = min(1.0, 1.0 / np.abs(g).sum()) * lr if begun else lr
        slope = g.dot(d)
        if slope > -spec.tolerance_change:
            break
        if spec.line_search_fn is None:
            w = w + s["t"] * d
            if iteration < spec.max_iter:
                loss, g = evaluate(w)
                asked += 1
        else:
            (t, loss, g, _), more = wolfe(
                lambda t, w=w, d=d: at(evaluate, w, t, d),  # type: ignore[misc]
                (s["t"][()], loss, g, slope),
                np.abs(d).max(),
                spec.evaluations - asked,
            )
            s["t"][...] = t
            w, asked = w + s["t"] * d, asked + more
        flat = bool(np.abs(g).max() <= spec.tolerance_grad)
        still = np.abs(s["t"] * d).max() <= spec.tolerance_change or abs(loss - before) < spec.tolerance_change
        if asked >= spec.evaluations or still:
            break
    return w, first


def direction(s: State, g: Array) -> Array:
    """−H g by the two loops over the pairs; the newest pair, of what the last iteration changed, is added before"""
    y, step = g - s["prev_flat_grad"], s["d"] * s["t"]
    count = int(s["pairs"])
    if y.dot(step) > 1e-10:
        if count == len(s["old_dirs"]):
            for name in ("old_dirs", "old_stps"):
                s[name][:-1] = s[name][1:].copy()
            count -= 1
        s["old_dirs"][count], s["old_stps"][count] = y, step
        count += 1
        s["pairs"][...] = count
    ys, steps = s["old_dirs"][:count], s["old_stps"][:count]
    inverse = [1.0 / y.dot(step) for y, step in zip(ys, steps, strict=True)]
    q, shares = -g, []
    for k in reversed(range(count)):
        share = steps[k].dot(q) * inverse[k]
        q = q - share * ys[k]
        shares.append(share)
    if count:
        q = q * (ys[-1].dot(steps[-1]) / ys[-1].dot(ys[-1]))
    for k, share in enumerate(reversed(shares)):
        q = q + (share - ys[k].dot(q) * inverse[k]) * steps[k]
    return q


def at(evaluate: Evaluate, w: Array, t: Any, d: Array) -> Point:
    """The point at w + t·d."""
    loss, g = evaluate(w + t * d)
    return t, loss, g, g.dot(d)


def wolfe(look: Callable[[Any], Point], start: Point, size: Any, allowed: int) -> tuple[Point, int]:
    """(a point that fulfils Wolfe's strong conditions, or the best of those looked at; how many these were)

    `start` has the first t to look at, and loss, g and slope at 0. First t grows until a bracket holds such a point,
    then the bracket shrinks around it.
    """
    t, loss, g, slope = start
    last: Point = (0, loss, g, slope)
    new, looked, grown = look(t), 1, 0
    bracket = None
    while grown < allowed:
        t = new[0]
        if new[1] > loss + ENOUGH * t * slope or (grown > 1 and new[1] >= last[1]):
            bracket = [last, new]
            break
        if abs(new[3]) <= -FLAT * slope:
            return new, looked
        if new[3] >= 0:
            bracket = [last, new]
            break
        further = cubic(last, new, t + 0.01 * (t - last[0]), t * 10)
        last, new = new, look(further)
        looked, grown = looked + 1, grown + 1
    if bracket is None:
        bracket = [(0, loss, g, slope), new]
    low, more = shrunk(look, bracket, (loss, slope), size, allowed - grown)
    return low, looked + more


def shrunk(
    look: Callable[[Any], Point], bracket: list[Point], start: tuple[float, Any], size: Any, allowed: int
) -> tuple[Point, int]:
    """(the lower end of a bracket that shrinks to a point of the conditions; how many were looked at)"""
    loss, slope = start
    low, high = (0, 1) if bracket[0][1] <= bracket[1][1] else (1, 0)
    slow = False
    for looked in range(allowed):
        left, right = sorted(end[0] for end in bracket)
        if abs(right - left) * size < NARROW:
            return bracket[low], looked
        t = cubic(bracket[0], bracket[1])
        margin = 0.1 * (right - left)
        near = min(right - t, t - left) < margin
        if near and (slow or t >= right or t <= left):
            t = right - margin if abs(t - right) < abs(t - left) else left + margin
            near = False
        slow = near
        new = look(t)
        if new[1] > loss + ENOUGH * t * slope or new[1] >= bracket[low][1]:
            bracket[high] = new
            low, high = (0, 1) if bracket[0][1] <= bracket[1][1] else (1, 0)
            continue
        if abs(new[3]) <= -FLAT * slope:
            return new, looked + 1
        if new[3] * (bracket[high][0] - bracket[low][0]) >= 0:
            bracket[high] = bracket[low]
        bracket[low] = new
    return bracket[low], allowed


def cubic(one: Point, other: Point, lowest: Any = None, highest: Any = None) -> Any:
    """Where the cubic through two losses and slopes is least, within bounds; halfway between them where nowhere"""
    (a, fa, _, ga), (b, fb, _, gb) = sorted((one, other), key=lambda point: float(point[0]))
    if lowest is None:
        lowest, highest = a, b
    mean = ga + gb - 3 * (fa - fb) / (a - b)
    square = mean**2 - ga * gb
    if not square >= 0:
        return (lowest + highest) / 2.0
    root = np.sqrt(square)
    return min(max(b - (b - a) * ((gb + root - mean) / (gb - ga + 2 * root)), lowest), highest)


def joined(arrays: Iterable[Array]) -> Array:
    """All entries, one after the other."""
    return np.concatenate([values.reshape(-1) for values in arrays])


def spread(vector: Array, weights: Mapping[str, Array]) -> None:
    """Write the entries of a vector into the weights that it was joined from."""
    start = 0
    for w in weights.values():
        w[...] = vector[start : start + w.size].reshape(w.shape)
        start += w.size


def together(slots: dict[str, State]) -> State:
    """{slot: that of all weights in one array}, its last axis the entries; the slots become views of it.

    Of single numbers there is one, which all weights share.
    """
    found: State = {}
    for name, axes in {"d": 0, "prev_flat_grad": 0, "old_dirs": 1, "old_stps": 1}.items():
        parts = [held[name] for held in slots.values()]
        flat = [values.reshape(*values.shape[:axes], -1) for values in parts]
        found[name] = np.concatenate(flat, axis=-1)
        ends = np.cumsum([own.shape[-1] for own in flat])[:-1]
        for held, values, view in zip(slots.values(), parts, np.split(found[name], ends, axis=-1), strict=True):
            held[name] = view.reshape(values.shape)
    for name in ("t", "n_iter", "pairs"):
        found[name] = next(iter(slots.values()))[name]
        for held in slots.values():
            held[name] = found[name]
    return found
