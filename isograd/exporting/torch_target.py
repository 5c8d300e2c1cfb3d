"""The whole file of a torch export, and how what was written is run in this process."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from isograd.backends.torch_impl.build import module_of
from isograd.backends.torch_impl.gradients import differentiable, gradients_of
from isograd.backends.torch_impl.randomness import draws
from isograd.core.base.types import Array, Arrays, State
from isograd.core.graph.composite import Composite
from isograd.exporting import torch_selftest
from isograd.exporting.carried.selftest import MODES
from isograd.exporting.torch_carried import with_imports
from isograd.exporting.torch_holders import quoted
from isograd.exporting.torch_source import module_source

DOC = '''"""One model as an nn.Module of plain PyTorch, which is all that it needs: written by isograd.

python model.py runs the self-test: it computes the stored example again, and compares.

>>> from model import load                              # doctest: +SKIP
>>> model = load()                                      # with the weights beside this file
>>> y = model.eval()(x)
"""'''
LOAD = '''HERE = Path(__file__).resolve().parent


def load(path: Path | str = HERE / "weights.safetensors", *, dtype: torch.dtype | None = None) -> Model:
    """The model with the weights of a safetensors file, in the dtype that they have there or in another one"""
    weights, _ = read_tensors(Path(path)){ties}
    dtypes = [values.dtype for values in weights.values() if values.is_floating_point()]
    model = Model().to(dtype or next(iter(dtypes), torch.float32))
    model.load_state_dict(weights)
    return model'''
RUN = """if __name__ == "__main__":
    raise SystemExit(self_test(load, HERE))
"""
TIES = """
    other_names = {{
{ties}    }}
    weights |= {{name: weights[path] for name, path in other_names.items() if name not in weights}}"""
TEST = ("read_tensors", "numbered", "sampled", "apart", "measured", "gradient", "self_test")


def write_source(model: Composite, weights: State, inputs: Arrays) -> str:
    """The text of model.py: the class `Model` and what it needs, load(), the self-test."""
    tied = model.tied(*model.input_shapes)
    ties = "".join(f"        {quoted(name)}: {quoted(path)},\n" for name, path in tied.items())
    tests = inspect.getsource(torch_selftest)
    constants = re.findall(r"^(?:KEPT|MODES|DTYPES) \|?= .*$", tests, re.MULTILINE)
    text = "\n\n\n".join(
        [
            module_source(model, "Model", taken={"HERE", "load", "Path", *vars(torch_selftest)}),
            LOAD.format(ties=TIES.format(ties=ties) if ties else ""),
            f"# The self-test {'-' * 104}\n\n" + "\n".join(constants),
            *(inspect.getsource(getattr(torch_selftest, name)).rstrip() for name in TEST),
            RUN,
        ]
    )
    return f"{DOC}\n\n{with_imports(text)}"


def modes(model: Composite) -> tuple[str, ...]:
    """Training too, where nothing is drawn in it: PyTorch's own generators draw other masks than isograd's."""
    with torch.device("meta"):
        module = module_of(model, model.input_shapes, shared_randomness=False)
    return MODES[:1] if any(map(draws, module.modules())) else MODES


class Opened:
    """A module as isograd's networks are: arrays in and out."""

    def __init__(self, module: nn.Module, weights: Mapping[str, Array]) -> None:
        self.module = module
        named = dict(module.named_parameters(remove_duplicate=False))
        self.weights = {name: named[name] for name in weights if name in named and named[name].requires_grad}
        self.dtype = next((v.dtype for v in module.state_dict().values() if v.is_floating_point()), torch.float32)
        self.load_state_dict(weights)
        self._inputs: tuple[Tensor, ...] = ()
        self._outputs: tuple[Tensor, ...] = ()

    def forward(self, *x: Array, training: bool = False) -> Any:
        self._inputs = differentiable(tuple(torch.from_numpy(np.array(v)) for v in x))
        y = self.module.train(training)(*self._inputs)
        self._outputs = y if isinstance(y, tuple) else (y,)
        arrays = tuple(v.detach().numpy().copy() for v in self._outputs)
        return arrays if isinstance(y, tuple) else arrays[0]

    def backward(self, *dy: Array) -> tuple[Any, State]:
        upstream = tuple(torch.from_numpy(np.array(v)) for v in dy)
        dx, dw = gradients_of(self._outputs, self._inputs, [*self.weights.values()], upstream)
        found = {name: g.numpy() for name, g in zip(self.weights, dw, strict=True)}
        return dx if len(dx) > 1 else dx[0], found

    def state_dict(self) -> State:
        return {name: v.detach().numpy().copy() for name, v in self.module.state_dict().items()}

    def load_state_dict(self, weights: Mapping[str, Array]) -> None:
        self.module.load_state_dict({name: torch.from_numpy(np.array(v)) for name, v in weights.items()}, strict=False)


def opened(module: ModuleType, weights: Mapping[str, Array], dtype: str, seed: int) -> Opened:
    """The executed module's model with these weights."""
    with torch.random.fork_rng(devices=[]):  # what modules draw first is replaced
        made = module.Model()
    return Opened(made.to(getattr(torch, dtype)), weights)
