"""torch.export of a module in one mode, and what it would lose silently."""

from __future__ import annotations

import random
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch import Tensor, fx, nn
from torch.export import Dim, ExportedProgram, ShapesCollection
from torch.utils import _pytree as pytree

from isograd.core.base.errors import SpecError, shortened

PACKAGE = str(Path(torch.__file__).parent)
DRAWS = (
    "random",
    "uniform",
    "randint",
    "randrange",
    "choice",
    "choices",
    "shuffle",
    "sample",
    "gauss",
    "normalvariate",
)
NUMPY_DRAWS = ("rand", "random", "randn", "randint", "uniform", "normal", "choice", "permutation", "shuffle")


@dataclass(frozen=True)
class Example:
    """What the module is called with: tensors of one batch, each of its own, and whatever else it takes."""

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    rows: int

    @property
    def tensors(self) -> list[Tensor]:
        return [leaf for leaf in pytree.tree_leaves((self.args, dict(self.kwargs))) if isinstance(leaf, Tensor)]

    @property
    def shapes(self) -> ShapesCollection:
        """Axis 0 of every tensor is the batch."""
        batch, made = Dim("batch"), ShapesCollection()  # type: ignore[no-untyped-call]
        for tensor in self.tensors:
            made[tensor] = {0: batch}
        return made


def example_of(args: Any, kwargs: Mapping[str, Any] | None) -> Example:
    """The example's tensors copied (one that is given twice is two inputs), a batch of one repeated.

    torch.export takes one tensor for one value wherever it stands, and a size of 1 for a constant.
    """
    row = (args,) if isinstance(args, (Tensor, Mapping)) else tuple(args)
    tensors = [leaf for leaf in pytree.tree_leaves((row, dict(kwargs or {}))) if isinstance(leaf, Tensor)]
    where = "from_torch(example_inputs)"
    if not tensors:
        raise SpecError(where, wanted="a tensor at least", got="none", fix="(torch.randn(2, 3, 224, 224),)")
    rows = {tuple(t.shape)[:1] for t in tensors}
    if len(rows) != 1 or rows == {()}:
        raise SpecError(
            where,
            wanted="tensors of one batch, batch first",
            got=", ".join(str(tuple(t.shape)) for t in tensors),
            fix="give every tensor its batch axis, or hold what has none in the module: register_buffer",
        )
    ((size,),) = rows
    if size == 0:
        raise SpecError(where, wanted="a batch of one or more", got="0 rows", fix="give a sample")

    def own(leaf: Any) -> Any:
        if not isinstance(leaf, Tensor):
            return leaf
        copy = leaf.detach().clone()
        return torch.cat([copy, copy]) if size == 1 else copy

    return Example(pytree.tree_map(own, row), pytree.tree_map(own, dict(kwargs or {})), max(size, 2))


def exported(module: nn.Module, example: Example, *, training: bool) -> ExportedProgram:
    """The functional graph of the module in one mode; SpecError for what it cannot hold, with module and line."""
    modes = {part: part.training for part in module.modules()}
    with watched(module) as found:
        try:
            module.train(training)
            program = torch.export.export(
                module, example.args, dict(example.kwargs), dynamic_shapes=example.shapes, strict=False
            )
            for _, submodule in program.graph_module.named_modules():
                if isinstance(submodule, fx.GraphModule):
                    detach_what_has_no_gradient(submodule)
            functional: ExportedProgram = program.run_decompositions({})
        except SpecError:
            raise
        except Exception as error:
            raise told(module, error) from None
        finally:
            for part, mode in modes.items():
                part.training = mode
    if found:
        raise found[0]
    return functional


@contextmanager
def watched(module: nn.Module) -> Iterator[list[SpecError]]:
    """Collects what the export would lose without a word: own backwards, hooks on gradients, draws of Python's."""
    found: list[SpecError] = []
    check_hooks(module)

    def refusing(function: Callable[..., Any], wanted: str, fix: str) -> Callable[..., Any]:
        def called(*args: Any, **kwargs: Any) -> Any:
            frame = traceback.walk_stack(None)
            where = place_in(module, [(f, n) for f, n in frame])
            if where is not None:
                found.append(SpecError(where, wanted=wanted, got=_named(function, args), fix=fix))
            return function(*args, **kwargs)

        return called

    own = "operations whose gradients PyTorch knows"
    own_fix = "write its forward with operations of torch, or keep this part in PyTorch"
    applied = vars(torch.autograd.Function)["apply"]

    def apply(kind: type, *args: Any, **kwargs: Any) -> Any:
        return applied.__get__(None, kind)(*args, **kwargs)

    patches: list[Any] = [
        mock.patch.object(torch.autograd.Function, "apply", classmethod(refusing(apply, own, own_fix))),
        mock.patch.object(
            Tensor,
            "register_hook",
            refusing(Tensor.register_hook, "gradients that no hook changes", "remove the hook before the import"),
        ),
    ]
    drawn, fix = (
        "a forward that draws nothing from Python's or NumPy's generator",
        "draw with torch, or import model.eval()",
    )
    patches += [mock.patch.object(random, n, refusing(getattr(random, n), drawn, fix)) for n in DRAWS]
    patches += [mock.patch.object(np.random, n, refusing(getattr(np.random, n), drawn, fix)) for n in NUMPY_DRAWS]
    before = random.getstate(), _legacy_state()
    with ExitStack() as stack:
        for patch in patches:
            stack.enter_context(patch)
        yield found
    if not found and (random.getstate(), _legacy_state()) != before:
        found.append(SpecError(type(module).__name__, wanted=drawn, got="one that does", fix=fix))


def _legacy_state() -> str:
    return repr(np.random.get_state())


def _named(function: Callable[..., Any], args: tuple[Any, ...]) -> str:
    of = args[0].__name__ if args and isinstance(args[0], type) else ""
    return f"{of}.apply, with a backward of its own" if of else f"{function.__module__}.{function.__name__}"


def check_hooks(module: nn.Module) -> None:
    """SpecError for hooks that change gradients: no graph of a forward holds them."""
    for path, part in module.named_modules():
        if part._backward_hooks or part._backward_pre_hooks:
            raise SpecError(
                path or type(module).__name__,
                wanted="gradients that no hook changes",
                got="a backward hook",
                fix="remove it before the import",
            )


def detach_what_has_no_gradient(graph: fx.GraphModule) -> None:
    """What comes out of torch.no_grad() is detached: the functional form forgets the region."""
    for node in list(graph.graph.nodes):
        kind = str(node.target) if node.op == "call_function" else ""
        if "wrap_with_autocast" in kind and node.args[2]:
            raise SpecError(
                line_of(node.meta) or "the module itself",
                wanted="one floating dtype throughout",
                got=f"torch.autocast({node.args[0]!r}, {node.args[1]})",
                fix="import the module without autocast",
            )
        if "wrap_with_set_grad_enabled" not in kind:
            continue
        if node.args[0]:
            raise SpecError(
                line_of(node.meta) or "the module itself",
                wanted="torch.no_grad() around whole parts",
                got="torch.enable_grad() inside",
                fix="move it out of torch.no_grad()",
            )
        for user in list(node.users):
            value = user.meta.get("val")
            if isinstance(value, Tensor) and value.is_floating_point():
                with graph.graph.inserting_after(user):
                    held = graph.graph.call_function(torch.ops.aten.detach.default, (user,))
                held.meta = {k: v for k, v in user.meta.items() if k != "unbacked_bindings"}
                user.replace_all_uses_with(held, delete_user_cb=lambda other, held=held: other is not held)
    graph.recompile()


def line_of(meta: Mapping[str, Any]) -> str:
    """The last line of a node's stack that is no torch.nn's own: "swin.py:123"."""
    lines = [line.strip() for line in str(meta.get("stack_trace") or "").splitlines()]
    frames = [line for line in lines if line.startswith("File ")]
    own = [line for line in frames if PACKAGE not in line] or frames
    if not own:
        return ""
    name, number = own[-1].split('"')[1], own[-1].split("line ")[1].split(",")[0]
    return f"{Path(name).name}:{number}"


def place_in(module: nn.Module, frames: Sequence[tuple[FrameType, int]]) -> str | None:
    """Path and line of the innermost frame that runs in one of the module's parts; None outside of all."""
    paths = {id(part): path for path, part in module.named_modules()}
    for frame, line in frames:
        held = frame.f_locals.get("self")
        inside = isinstance(held, nn.Module) and id(held) in paths
        if inside and not frame.f_code.co_filename.startswith(str(Path(PACKAGE) / "nn" / "modules" / "module.py")):
            path = paths[id(held)] or type(module).__name__
            return f"{path}, {Path(frame.f_code.co_filename).name}:{line}"
    return None


def told(module: nn.Module, error: Exception) -> SpecError:
    """An error of torch.export in four lines."""
    frames = list(traceback.walk_tb(error.__traceback__))[::-1]
    where = place_in(module, frames) or type(module).__name__
    text = " ".join(str(error).split())
    if "GuardOnDataDependent" in type(error).__name__ or "data-dependent" in text:
        wanted = "a forward that takes the same way for all values"
        fix = "compute both ways and choose with torch.where, or import the part without this branch"
    elif "batch" in text and ("onstraint" in text or "specializ" in text):
        wanted = "a forward for batches of any size"
        fix = "take the batch size from x.shape[0], not from len(x) or a number"
    else:
        wanted, fix = "a module that torch.export takes", "mend what it names"
    return SpecError(where, wanted=wanted, got=f"{type(error).__name__}: {shortened(text, 300)}", fix=fix)
