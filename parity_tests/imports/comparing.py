"""An nn.Module against its imported form: outputs, every gradient and buffer, in training and in evaluation.

The module runs as it is, its own code and autograd. Both sides get the same weights, inputs and random dy, and are
judged as two engines are: against how far each is from itself when it is moved by a unit in the last place, as a share
of what was added up. What is drawn at random is switched off on both sides.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree

import isograd as ig
from isograd.core.base.randomness import generator, random_upstream
from isograd.core.base.types import FLOATS, Array, Arrays, State
from isograd.core.graph.composite import Composite
from isograd.core.graph.weights import declared
from isograd.core.parity.pair import Pair, in_dtype
from isograd.core.parity.stages.end_to_end import BUFFER, Whole
from isograd.core.parity.stages.rounding import Key, Rounding, least_noise
from isograd.core.parity.stages.training import rounded, shaken

DROPPED = ("p", "dropout")
DROPS = (
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "Dropout3d",
    "StochasticDepth",
    "ScaledDotProductAttention",
    "LSTM",
    "GRU",
)


@dataclass(frozen=True)
class Verdict:
    """What a comparison found: how many arrays, and those that differ by more than rounding."""

    arrays: int
    worst: float  # the largest error as a share of its limit
    failed: tuple[str, ...]


class Still(TorchFunctionMode):
    """Nothing is dropped: masks are whole."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = dict(kwargs or {})
        name = getattr(function, "__name__", "")
        if name in ("dropout", "dropout1d", "dropout2d", "dropout3d", "feature_dropout", "alpha_dropout"):
            return args[0]
        if name == "multi_head_attention_forward":  # what it calls in turn is not seen here
            place = list(inspect.signature(function).parameters).index("dropout_p")
            args = (*args[:place], 0.0, *args[place + 1 :])
        if name == "bernoulli_":
            share = args[1] if len(args) > 1 else given["p"]
            return args[0].fill_(float(share))
        if name == "scaled_dot_product_attention":
            args = (*args[:4], 0.0, *args[5:]) if len(args) > 4 else args
            given["dropout_p"] = 0.0
            if len(args) > 4:
                del given["dropout_p"]
        return function(*args, **given)


def without_drops(model: Composite) -> Composite:
    """The imported model with every probability to drop at 0."""
    record = json.loads(model.to_json())
    for layer in record["layers"].values():
        if layer["layer"] in DROPS:
            layer.update({name: 0.0 for name in DROPPED if name in layer})
    return ig.Model.from_json(json.dumps(record))


def moved(module: nn.Module, seed: int = 0) -> nn.Module:
    """Every constant parameter and buffer a little away from what it is: a scale of 0 would hide what is behind it."""
    with torch.no_grad():
        for path, values in (*module.named_parameters(), *module.named_buffers()):
            if values.is_floating_point() and values.numel() and bool((values == values.flatten()[0]).all()):
                drawn = generator(seed, "moved", path).uniform(-0.2, 0.2, tuple(values.shape))
                values.copy_(values + torch.from_numpy(np.asarray(drawn)).to(values.dtype))
    return module


@dataclass
class Original:
    """The module as a side of the comparison."""

    module: nn.Module
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]

    def called(self, inputs: Arrays) -> tuple[list[Tensor], list[Tensor]]:
        """(outputs, inputs as tensors): tensors of the example are replaced in order."""
        leaves, tree = pytree.tree_flatten((self.args, dict(self.kwargs)))
        given = iter(inputs)
        made = [torch.from_numpy(np.array(next(given))) if isinstance(leaf, Tensor) else leaf for leaf in leaves]
        floats = [v.requires_grad_() if isinstance(v, Tensor) and v.is_floating_point() else v for v in made]
        args, kwargs = pytree.tree_unflatten([v.clone() if isinstance(v, Tensor) else v for v in floats], tree)
        with Still():
            y = self.module(*args, **kwargs)
        outputs = [leaf for leaf in pytree.tree_leaves(y) if isinstance(leaf, Tensor)]
        return outputs, [v for v in floats if isinstance(v, Tensor)]

    @contextmanager
    def holding(self, state: State, training: bool) -> Iterator[None]:
        """Inside, the module has these weights and mode; afterwards its own."""
        named = self.named
        held = {path: values.detach().clone() for path, values in named.items()}
        self.module.train(training)
        recurrent = [part for part in self.module.modules() if isinstance(part, nn.RNNBase)]
        shares = [part.dropout for part in recurrent]
        for part in recurrent:
            part.dropout = 0.0
        with torch.no_grad():
            for path, values in named.items():
                if path in state:
                    values.copy_(torch.from_numpy(np.array(state[path])))
        try:
            yield
        finally:
            for part, share in zip(recurrent, shares, strict=True):
                part.dropout = share
            with torch.no_grad():
                for path, values in named.items():
                    values.copy_(held[path])

    @property
    def named(self) -> dict[str, Tensor]:
        return {**dict(self.module.named_parameters()), **dict(self.module.named_buffers())}

    def measured(self, state: State, inputs: Arrays, seed: int, *, training: bool) -> dict[Key, Array]:
        found: dict[Key, Array] = {}
        with self.holding(state, training):
            outputs, given = self.called(inputs)
            for k, y in enumerate(outputs):
                found["model", f"output{k or ''}"] = y.detach().numpy().copy()
            buffers = dict(self.module.named_buffers())
            found |= {(path, BUFFER): values.detach().numpy().copy() for path, values in buffers.items()}
            dys = [torch.from_numpy(dy) for dy in upstream(outputs, seed)]
            wanted = {path: w for path, w in self.module.named_parameters() if w.requires_grad}
            sources = [*wanted.values(), *(x for x in given if x.requires_grad)]
            live = [(y, dy) for y, dy in zip(outputs, dys, strict=True) if y.requires_grad]
            options = {"allow_unused": True, "materialize_grads": True}
            grads = (
                torch.autograd.grad([y for y, _ in live], sources, [dy for _, dy in live], **options) if live else ()
            )
            grads = grads or tuple(map(torch.zeros_like, sources))
            found |= {(path, "gradient"): g.numpy() for path, g in zip(wanted, grads[: len(wanted)], strict=True)}
            dxs = iter(grads[len(wanted) :])
            for k, x in enumerate(given):
                if x.requires_grad:
                    found["input", f"dx{k or ''}"] = next(dxs).numpy()
        return found


def in_floats(values: Any, dtype: str) -> Any:
    """The tensors of a structure, those of floats in this dtype."""

    def cast(leaf: Any) -> Any:
        floats = isinstance(leaf, Tensor) and leaf.is_floating_point()
        return leaf.to(getattr(torch, dtype)) if floats else leaf

    return pytree.tree_map(cast, values)


def upstream(outputs: Sequence[Any], seed: int) -> list[Array]:
    """The random dy of each output."""
    return [
        random_upstream(tuple(y.shape), seed, f"model/{k}", FLOATS["float64" if "64" in str(y.dtype) else "float32"])
        for k, y in enumerate(outputs)
    ]


def imported_side(
    backend: Any, model: Composite, state: State, inputs: Arrays, seed: int, dtype: str, *, training: bool
) -> dict[Key, Array]:
    """What an engine makes of the imported model."""
    net = ig.build(model, backend=backend, weights=in_dtype(state, dtype), dtype=dtype)
    found: dict[Key, Array] = {}
    y = net.forward(*inputs, training=training)
    ys = y if isinstance(y, tuple) else (y,)
    found |= {("model", f"output{k or ''}"): value for k, value in enumerate(ys)}
    buffers = declared(model)[1]
    found |= {(path, BUFFER): values for path, values in net.state_dict().items() if path in buffers}
    dx, dw = net.backward(*upstream(ys, seed))
    found |= {(path, "gradient"): g for path, g in dw.items()}
    dxs = dx if isinstance(dx, tuple) else (dx,)
    return found | {("input", f"dx{k or ''}"): g for k, g in enumerate(dxs) if isinstance(g, np.ndarray)}


def compare(
    module: nn.Module,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any] | None = None,
    *,
    made: tuple[Composite, State] | None = None,
    dtype: str = "float32",
    backend: str = "numpy",
    modes: Sequence[bool] = (False, True),
    seed: int = 0,
) -> Verdict:
    """The module and its imported form on `args`, in both modes; `made`, where it was imported before."""
    args, kwargs = in_floats((args, dict(kwargs or {})), dtype)
    if made is None:
        module = moved(module).to(getattr(torch, dtype))
        made = ig.from_torch(module, args, example_kwargs=kwargs)
    model, weights = without_drops(made[0]), made[1]
    held = {path: np.array(v) for path, v in weights.items()}
    inputs = tuple(leaf.numpy() for leaf in pytree.tree_leaves((args, kwargs)) if isinstance(leaf, Tensor))
    original = Original(module, args, {**kwargs, **({"use_cache": False} if _caches(module, kwargs) else {})})
    pair = Pair.named(backend, "torch")
    count, worst, failed = 0, 0.0, []
    added = Whole(model, held, inputs, (), (), seed).added(pair.right)
    for training in modes:

        def run(side: int, state: State, given: Arrays, training: bool = training) -> dict[Key, Array]:
            if side:
                return original.measured(state, given, seed, training=training)
            return imported_side(backend, model, state, given, seed, dtype, training=training)

        def again(side: int, units: int, draw: int, run: Any = run) -> dict[Key, Array]:
            state, given = shaken(in_dtype(held, dtype), rounded(inputs, dtype), units, draw)
            return dict(run(side, state, given))

        sides = (run(0, held, inputs), run(1, held, inputs))
        rounding = Rounding(pair, sides, least_noise(dtype, ()), again, added)
        for key in {**sides[1], **{k: v for k, v in sides[0].items() if k[0] == "model" or k[1] == "gradient"}}:
            judged = rounding.judge(key)
            count += 1
            worst = max(worst, judged.gap.error / judged.allowed) if not judged.gap.fault else np.inf
            if judged.gap.exceeds(judged.allowed):
                mode = "training" if training else "evaluation"
                told = judged.gap.fault or f"{judged.gap.error:.1e} against {judged.allowed:.1e}"
                failed.append(f"{mode} {key[0]} {key[1]}: {told}")
    return Verdict(count, worst, tuple(failed))


def _caches(module: nn.Module, kwargs: Mapping[str, Any]) -> bool:
    return "use_cache" in inspect.signature(module.forward).parameters and "use_cache" not in kwargs
