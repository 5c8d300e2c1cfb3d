"""The PyTorch engine: torch.nn modules, autograd, torch.optim, torch.utils.data, as an expert writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch

from isograd.backends.torch_impl import custom  # noqa: F401  (enters its layers and losses)
from isograd.backends.torch_impl.build import module_of
from isograd.backends.torch_impl.initializers import INITIALIZERS
from isograd.backends.torch_impl.layers import LAYERS
from isograd.backends.torch_impl.loader import target_tensors
from isograd.backends.torch_impl.losses import LOSSES
from isograd.backends.torch_impl.network import TORCH_DTYPES, TorchNetwork
from isograd.backends.torch_impl.optimizers import CLIPPINGS, OPTIMIZERS, clipped
from isograd.backends.torch_impl.schedulers import SCHEDULERS
from isograd.core.base.description import Description
from isograd.core.base.errors import BackendError
from isograd.core.base.initializers import Fans, Initializer
from isograd.core.base.types import Array, Shape, State
from isograd.core.graph.composite import Composite
from isograd.core.graph.custom import CustomFunction
from isograd.core.learning.losses import Loss
from isograd.core.learning.optimizers import Clipping
from isograd.core.learning.schedules import Schedule


class TorchBackend:
    """Builds PyTorch networks.

    Options: device="cpu"; compile=False (torch.compile); shared_randomness=False (True: dropout masks of
    isograd's own streams, equal to the NumPy engine's, instead of PyTorch's generator, seeded by (seed, step)).
    """

    name = "torch"
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {"compile": {"compile": True}}
    when_compared: ClassVar[Mapping[str, Any]] = {"shared_randomness": True}
    title = "PyTorch"
    takes_device = True

    def build(
        self, model: Composite, state: State, *, seed: int, dtype: np.dtype[np.floating], **options: Any
    ) -> TorchNetwork:
        device = _device(options.pop("device", "cpu"), TORCH_DTYPES[dtype.name])
        compiled, shared = options.pop("compile", False), options.pop("shared_randomness", False)
        if options:
            raise BackendError(
                'backend="torch"',
                wanted="options among device=, compile=, shared_randomness=",
                got=", ".join(f"{k}={v!r}" for k, v in options.items()),
                fix='drop it, or use backend="numpy"',
            )
        with torch.random.fork_rng(devices=[]):  # modules draw first weights of their own, which are not kept
            module = module_of(model, model.input_shapes, shared_randomness=shared)
        return TorchNetwork(module, model, state, seed=seed, dtype=dtype, device=device, compiled=compiled)

    def source(self, description: Description) -> str:
        if isinstance(description, CustomFunction):
            return f"{description.place()}, on PyTorch's tensors"
        kind = type(description)
        found = [
            table.title for table in (LAYERS, LOSSES, OPTIMIZERS, CLIPPINGS, SCHEDULERS, INITIALIZERS) if kind in table
        ]
        return (
            f"the line of {kind.__name__} in backends/{found[0]}"
            if found
            else f"{kind.__name__}, in backends/torch_impl/build.py"
        )

    def evaluate_loss(self, loss: Loss, prediction: Array, target: Array, dy: Array) -> tuple[Array, Array]:
        dtype = TORCH_DTYPES[prediction.dtype.name]
        p = torch.tensor(prediction, requires_grad=True)
        value = LOSSES[type(loss)](loss).to(dtype)(p, target_tensors([target], dtype)[0])
        (gradient,) = torch.autograd.grad(value, p, torch.tensor(dy, dtype=dtype).expand_as(value))
        return value.detach().numpy(), gradient.numpy()

    def target_gradient(self, loss: Loss, prediction: Array, target: Array, dy: Array) -> Array:
        dtype = TORCH_DTYPES[prediction.dtype.name]
        t = torch.tensor(target, dtype=dtype, requires_grad=True)
        value = LOSSES[type(loss)](loss).to(dtype)(torch.tensor(prediction), t)
        (gradient,) = torch.autograd.grad(value, t, torch.tensor(dy, dtype=dtype).expand_as(value))
        return np.asarray(gradient.numpy())

    def clip_gradients(self, clip: Clipping, gradients: State) -> State:
        given = [torch.tensor(g) for g in gradients.values()]
        return {path: g.numpy() for path, g in zip(gradients, clipped(clip, given), strict=True)}

    def learning_rates(self, schedule: Schedule, lr: float, total: int, measured: Sequence[float] = ()) -> list[float]:
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
        scheduler = SCHEDULERS[type(schedule)](schedule, optimizer, total)
        rates = []
        for t in range(total):
            rates.append(float(optimizer.param_groups[0]["lr"]))
            optimizer.step()
            if schedule.follows is None:
                scheduler.step()
            elif t < len(measured):
                scheduler.step(measured[t])
        return rates

    def draw(self, law: Initializer, shape: Shape, fans: Fans, seed: int) -> Array:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            w = torch.empty(shape, dtype=torch.float64)
            INITIALIZERS[type(law)](law, w, fans)
        return w.numpy()


def _device(name: str, dtype: torch.dtype) -> torch.device:
    """The device of this name, where this machine has it and it computes in `dtype`."""
    try:
        device = torch.device(name)
        return torch.empty(1, device=device, dtype=dtype).device  # with its number, where there may be several
    except TypeError as error:  # mps has no float64
        raise BackendError(
            f"device={name!r}",
            wanted=f"a device that computes in {str(dtype).removeprefix('torch.')}",
            got=str(error).splitlines()[0],
            fix='dtype="float32", or device="cpu"',
        ) from None
    except (RuntimeError, AssertionError) as error:
        have = [
            "cpu",
            *(["cuda"] if torch.cuda.is_available() else []),
            *(["mps"] if torch.backends.mps.is_available() else []),
        ]
        raise BackendError(
            f"device={name!r}",
            wanted=f"a device of this machine: {', '.join(have)}",
            got=f"{name!r}: {str(error).splitlines()[0]}",
            fix='device="cpu"',
        ) from None
