"""`compare_modules`: an original and its port, with the same weights, on the same inputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np
import torch
from torch import nn

from isograd.backends.torch_impl.foreign.calling import copied, with_gradients
from isograd.backends.torch_impl.foreign.casting import casts_inside
from isograd.backends.torch_impl.foreign.judging import NARROW
from isograd.backends.torch_impl.importer.entrance import may_cache
from isograd.backends.torch_impl.importer.places import told
from isograd.backends.torch_impl.porting.alignment import Alignment, Half
from isograd.backends.torch_impl.porting.comparing import NAMES, Comparison
from isograd.backends.torch_impl.porting.orientation import fits
from isograd.backends.torch_impl.porting.pairing import alignment_of
from isograd.backends.torch_impl.porting.report import PortReport
from isograd.backends.torch_impl.porting.side import WHOLE, Side, numbers
from isograd.backends.torch_impl.porting.stepping import Steps
from isograd.backends.torch_impl.porting.structures import Inputs, tensors_in
from isograd.backends.torch_impl.porting.writing import written
from isograd.core.base.description import check_described
from isograd.core.base.errors import IsogradError, SpecError, shown
from isograd.core.base.numbers import whole_number
from isograd.core.engine.batches import aligned
from isograd.core.engine.registry import float_dtype
from isograd.core.engine.rows import counted
from isograd.core.learning.losses import Loss
from isograd.core.learning.optimizers import Optimizer
from isograd.core.parity.report import NotJudged

CALL = "compare_modules"


@with_gradients
def compare_modules(
    theirs: nn.Module,
    mine: nn.Module,
    inputs: Any,
    *,
    kwargs: Mapping[str, Any] | None = None,
    mine_kwargs: Mapping[str, Any] | None = None,
    rename: Mapping[str, str] | None = None,
    targets: Any = None,
    loss: Loss | Sequence[Loss | None] | None = None,
    optimizer: Optimizer | None = None,
    steps: int = 3,
    dtype: str = "float64",
    seed: int = 0,
) -> PortReport:
    """Does the port `mine` compute what the original `theirs` does, with theirs' weights, on `inputs`?

    `inputs`: a tensor or array, or a tuple of what both are called with; `kwargs` what they take by name
    (`mine_kwargs`: mine, where it is not the same; a cache of keys and values is not asked for). Copies in `dtype` are
    compared (in float32, where one casts to fewer digits inside), in evaluation and in training: the outputs of every
    part that both have and of the whole, every gradient for a random dy, statistics, and with `loss`, `targets` and
    `optimizer` the weights after each of `steps` steps from theirs' state. Dropout on both sides draws the same masks.

    Parts and weights stand for each other by path, else by order and shape; the report's `alignment` shows how, and
    `rename`, {a path of theirs, or its beginning: mine's}, corrects it. A matrix that fits only the other way round is
    transposed on the way. Buffers of two axes or more (masks, tables) are not copied: making them is the module's own
    doing.

    The report's `passed` is the verdict on the whole; its culprits are the parts that differ from theirs though they
    are given the same, the first in execution order first, each with what differs in words (`because`).
    Raises where an argument is none of these, no weight of one fits the other, or a side refuses the inputs.
    """
    for name, module in (("theirs", theirs), ("mine", mine)):
        if not isinstance(module, nn.Module):
            fix = "give the module itself"
            raise SpecError(f"{CALL}({name})", wanted="an nn.Module", got=shown(module), fix=fix)
    kind = float_dtype(dtype).name
    seed = whole_number(seed, f"{CALL}(seed={shown(seed)})", fix="seed=0")
    steps = counted(CALL, "steps", steps)
    called = Called((theirs, mine), inputs, (kwargs, kwargs if mine_kwargs is None else mine_kwargs))
    casts = called.casts() if kind != NARROW else []
    kind = NARROW if casts else kind
    floats = getattr(torch, kind)
    given, copies = called.given(floats), called.copies(floats)
    halves = Half(copies[0]), Half(copies[1])
    alignment = alignment_of(copies[0], copies[1], checked(halves, rename or {}))
    _check_aligned(halves, alignment)
    comparison = _comparison(halves, alignment, given, kind, seed)
    training = _training(loss, targets, optimizer, steps, floats)
    for mode in (False, True):
        _begin(comparison, training=mode)
    comparison.share_draws()
    _begin(comparison, training=True)
    if training is not None:
        _check_targets(comparison, training)
    report = written(comparison, training)
    report.not_judged[:0] = casts
    return report


@dataclass(frozen=True)
class Called:
    """Both modules, and what they are called with."""

    modules: tuple[nn.Module, nn.Module]
    inputs: Any
    kwargs: tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]

    def given(self, dtype: torch.dtype) -> tuple[Inputs, Inputs]:
        """What each is called with, floats in the dtype."""
        (theirs, mine), (a, b) = self.modules, self.kwargs
        return _inputs(theirs, self.inputs, a, dtype), _inputs(mine, self.inputs, b, dtype)

    def copies(self, dtype: torch.dtype) -> list[nn.Module]:
        return [copied(module).to(device="cpu", dtype=dtype) for module in self.modules]

    def casts(self) -> list[NotJudged]:
        """Each side that computes with fewer digits inside: in float64 it cannot be judged."""
        found = []
        for name, copy, x in zip(NAMES, self.copies(torch.float64), self.given(torch.float64), strict=True):
            given, module = x.cloned(), copy.eval()
            why = casts_inside(module, lambda module=module, given=given: module(*given.args, **given.kwargs))  # type: ignore[misc]
            found += [NotJudged(name, "end to end", "float64", 1, f"{name} {why}")] if why else []
        return found


def _comparison(
    halves: tuple[Half, Half], alignment: Alignment, inputs: tuple[Inputs, Inputs], dtype: str, seed: int
) -> Comparison:
    """Both sides, and theirs' weights as the common state."""
    theirs, mine = halves
    weights = alignment.weights
    sides = (
        Side(
            "theirs",
            theirs,
            {match.theirs: match.mine for match in alignment.modules},
            {path: (path, False) for path in theirs.weights},
            {match.theirs: match.mine for match in weights},
            dtype,
            seed,
            frozenset(match.theirs for match in weights if match.transposed),
        ),
        Side(
            "mine",
            mine,
            {match.mine: match.mine for match in alignment.modules},
            {match.mine: (match.theirs, match.transposed) for match in weights},
            {match.mine: match.mine for match in weights},
            dtype,
            seed,
        ),
    )
    state = {path: numbers(theirs.weight(path)) for path in theirs.weights}
    return Comparison(*sides, alignment, state, inputs, dtype, seed)


def _begin(comparison: Comparison, *, training: bool) -> None:
    """The first run of both; SpecError where one refuses."""
    mode = "training" if training else "evaluation"
    for side, inputs in zip(comparison.sides, comparison.inputs, strict=True):
        kind = type(side.half.module).__name__
        try:
            side.load(comparison.state)
            ran = side.run("", inputs, training=training)
        except Exception as error:
            at = f", at `{side.running[-1]}`" if side.running[-1] != WHOLE else ""
            raise SpecError(
                f"{CALL}({side.name}: {kind}), in {mode}{at}",
                wanted="inputs that both modules take",
                got=told(error),
                fix="give what it takes by name: kwargs=… for both, mine_kwargs=… for mine alone",
            ) from error
        if not ran.outputs:
            fix = "return what it computes"
            raise SpecError(f"{CALL}({side.name}: {kind})", wanted="a tensor among the outputs", got="none", fix=fix)
        other = next((y.dtype for y in ran.outputs if y.is_complex()), None)
        if other is not None:
            fix = "return torch.view_as_real(y)"
            raise SpecError(f"{CALL}({side.name}: {kind})", wanted="outputs of real numbers", got=str(other), fix=fix)
        comparison.begun(side, ran, training=training)


def _inputs(module: nn.Module, inputs: Any, kwargs: Mapping[str, Any] | None, dtype: torch.dtype) -> Inputs:
    """What a side is called with: arrays as tensors, floats in the dtype; SpecError where there is no tensor."""
    args = inputs if isinstance(inputs, tuple) else (inputs,)
    named = dict(kwargs or {})
    if may_cache(module, len(args), named):
        named["use_cache"] = False
    made = Inputs(_tensors(args), dict(_tensors(named))).in_dtype(dtype)
    if not made.tensors:
        wanted = "a tensor or array at least"
        raise SpecError(f"{CALL}(inputs)", wanted=wanted, got=shown(inputs), fix="torch.randn(2, 3, 224, 224)")
    return made


def _tensors(value: Any) -> Any:
    """Arrays as tensors, wherever they stand."""
    if isinstance(value, np.ndarray):
        return torch.from_numpy(np.array(value))
    if isinstance(value, (tuple, list)) and not hasattr(value, "_fields"):
        return type(value)(map(_tensors, value))
    return {key: _tensors(each) for key, each in value.items()} if type(value) is dict else value


def checked(halves: tuple[Half, Half], rename: Mapping[str, str]) -> Mapping[str, str]:
    """The renaming; SpecError where it is no mapping of paths, or names what is not there or does not fit."""
    where = f"{CALL}(rename=…)"
    if not isinstance(rename, Mapping):
        fix = 'rename={"layer1": "stage1"}'
        raise SpecError(where, wanted="{path of theirs: path of mine}", got=shown(rename), fix=fix)
    for theirs, mine in rename.items():
        for name, half, path in zip(("theirs", "mine"), halves, (theirs, mine), strict=True):
            known = [each for each in (*half.parts, *half.weights) if each]
            if path not in known:
                near = get_close_matches(str(path), known, 3, 0.0)
                fix = f"one of {', '.join(near)}, or another of named_modules()"
                raise SpecError(where, wanted=f"a path of {name}", got=shown(path), fix=fix)
        _check_fits(where, halves, theirs, mine)
    twice = next((mine for mine, count in Counter(rename.values()).items() if count > 1), None)
    if twice is not None:
        wanted, fix = "every path of mine once", "name the parts inside one by one"
        raise SpecError(where, wanted=wanted, got=f"{twice!r} twice", fix=fix)
    return rename


def _check_fits(where: str, halves: tuple[Half, Half], theirs: str, mine: str) -> None:
    """SpecError unless both are parts, or both weights of one shape."""
    pair = [(path, half) for path, half in zip((theirs, mine), halves, strict=True)]
    shapes = [tuple(half.weight(path).shape) if path in half.weights else None for path, half in pair]
    told = ["a part" if shape is None else str(shape) for shape in shapes]
    if (shapes[0] is None) != (shapes[1] is None):
        wanted, fix = "a part for a part, a weight for a weight", "name both sides' parts, or both sides' weights"
    elif shapes[0] is None or fits(halves[0].weight(theirs), halves[1].weight(mine)):
        return
    else:
        wanted, fix = "weights of one shape, or of matrices the other way round", "name weights that fit"
    raise SpecError(where, wanted=wanted, got=f"{theirs} {told[0]}, {mine} {told[1]}", fix=fix)


def _check_aligned(halves: tuple[Half, Half], alignment: Alignment) -> None:
    """SpecError where both hold weights and none of theirs fits any of mine."""
    if halves[0].weights and halves[1].weights and not alignment.weights:
        shapes = [", ".join(f"{p} {tuple(h.weight(p).shape)}" for p in h.weights[:3]) for h in halves]
        raise SpecError(
            CALL,
            wanted="weights of theirs that fit mine, by path, or by order and shape",
            got=f"theirs {shapes[0]}, …; mine {shapes[1]}, …",
            fix="compare modules of one size, or say what stands for what: rename={…}",
        )


def _check_targets(comparison: Comparison, steps: Steps) -> None:
    """The loss's own error for targets that do not fit the outputs of theirs."""
    outputs = next(call.outputs for call in comparison.calls[True]["theirs"] if not call.label)
    for k, (loss, target) in enumerate(zip(steps.losses, steps.targets, strict=True)):
        if loss is None or target is None:
            continue
        if k >= len(outputs):
            wanted, fix = f"a loss for each of {len(outputs)} outputs at most", "loss=ig.MSELoss()"
            raise SpecError(f"{CALL}(loss=…)", wanted=wanted, got=str(len(steps.losses)), fix=fix)
        try:
            loss.check(tuple(outputs[k].shape[1:]), target.numpy())
        except IsogradError as error:
            raise error.within(f"{CALL}(targets=…)") from None


def _training(loss: Any, targets: Any, optimizer: Optimizer | None, steps: int, dtype: torch.dtype) -> Steps | None:
    """How both are trained; SpecError where one of loss, targets and optimizer is missing."""
    check_described(f"{CALL}(optimizer=…)", optimizer, Optimizer, "optimizer=ig.SGD(0.1)")
    losses = tuple(loss) if isinstance(loss, (tuple, list)) else (loss,)
    for each in losses:
        check_described(f"{CALL}(loss=…)", each, Loss, "loss=ig.MSELoss()")
    given = {"loss=": loss, "targets=": targets, "optimizer=": optimizer}
    lacking = [name for name, value in given.items() if value is None]
    if len(lacking) == len(given):
        return None
    if lacking or optimizer is None:
        fix = "loss=ig.MSELoss(), targets=y, optimizer=ig.SGD(0.1)"
        raise SpecError(CALL, wanted="loss, targets and optimizer, or none of them", got=f"no {lacking[0]}", fix=fix)
    if optimizer.searches:
        raise SpecError(
            f"{CALL}(optimizer=…)",
            wanted="an optimizer that keeps a memory of each weight by itself",
            got=repr(optimizer),
            fix="optimizer=ig.SGD(0.1)",
        )
    tensors = tensors_in(_tensors(targets if isinstance(targets, (tuple, list)) else (targets,)))
    made = [t.detach().cpu().to(dtype if t.is_floating_point() else torch.int64) for t in tensors]
    if len(made) != sum(each is not None for each in losses):
        wanted = "a tensor or array of targets for each loss"
        count = f"{len(made)} of {sum(each is not None for each in losses)}"
        raise SpecError(f"{CALL}(targets=…)", wanted=wanted, got=count, fix="targets=y")
    return Steps(losses, aligned(losses, made), optimizer, steps)
