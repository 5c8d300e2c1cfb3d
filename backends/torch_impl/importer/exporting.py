"""torch.export of a module in one mode, and what it says when it cannot."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.export import Dim, ExportedProgram, ShapesCollection
from torch.export.graph_signature import InputKind
from torch.utils import _pytree as pytree

from isograd.backends.torch_impl.importer.places import PACKAGE, frames_of, line_of, place_in
from isograd.backends.torch_impl.importer.plan import Place
from isograd.backends.torch_impl.importer.watching import (
    Watch,
    check_hooks,
    generators_of,
    states_of,
    watched,
    who_draws,
)
from isograd.core.base.errors import SpecError, shortened

ANY_ROWS = "a forward for batches of any size"
ATTRIBUTES = "assigned during export"  # of tensors: torch warns of each


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
        with torch.inference_mode(False):
            copy = leaf.detach().clone()
        return torch.cat([copy, copy]) if size == 1 else copy

    return Example(pytree.tree_map(own, row), pytree.tree_map(own, dict(kwargs or {})), max(size, 2))


def exported(module: nn.Module, example: Example, *, training: bool) -> ExportedProgram:
    """The functional graph of the module in one mode; SpecError for what it cannot hold, with module and line."""
    check_hooks(module)
    generators = generators_of(module)
    before = states_of(generators)
    with as_it_was(module), watched(module) as watch, warnings.catch_warnings(record=True) as told_of:
        warnings.simplefilter("always")
        module.train(training)
        try:
            program = _program(module, example)
        except Exception as error:
            if watch.refused:
                raise watch.refused[0] from None
            raise error if isinstance(error, SpecError) else told(watch, error, example.rows) from None
    if watch.refused:
        raise watch.refused[0]
    where = watch.narrowed(example.rows, own=True)
    if where is not None and not _same_for_one_row(module, example, program, training=training):
        got = "one that asks for the size of the batch, and goes another way for others"
        raise SpecError(where, wanted=ANY_ROWS, got=got, fix="compute the same for every size")
    if states_of(generators) != before:
        with as_it_was(module):
            module.train(training)
            raise who_draws(module, lambda: _program(module, example))
    _check_attributes(module, program, [str(each.message) for each in told_of])
    for each in told_of:
        if ATTRIBUTES not in str(each.message) and not each.filename.startswith(PACKAGE):
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
    return program


def _program(module: nn.Module, example: Example) -> ExportedProgram:
    shapes, kwargs = example.shapes, dict(example.kwargs)
    with torch.inference_mode(False), torch.enable_grad():
        program = torch.export.export(module, example.args, kwargs, dynamic_shapes=shapes, strict=False)
    for _, part in program.graph_module.named_modules():
        if isinstance(part, fx.GraphModule):
            detach_what_has_no_gradient(part)
    functional: ExportedProgram = program.run_decompositions({})
    return functional


def _same_for_one_row(module: nn.Module, example: Example, program: ExportedProgram, *, training: bool) -> bool:
    """Whether of a single row, which an export leaves out, the graph computes what the module does, to the last bit.

    What has no answer for one row, as a BatchNorm that trains, has none that could differ.
    """
    args, kwargs = pytree.tree_map(
        lambda leaf: leaf[:1] if isinstance(leaf, Tensor) else leaf, (example.args, dict(example.kwargs))
    )
    buffers = {path: values.clone() for path, values in module.named_buffers()}

    def ran(forward: Any) -> list[Any]:
        try:
            with torch.random.fork_rng(devices=[]), torch.no_grad():
                torch.manual_seed(0)
                return [y for y in pytree.tree_leaves(forward(*args, **kwargs)) if isinstance(y, Tensor)]
        finally:
            for path, values in module.named_buffers():
                values.data.copy_(buffers[path])

    with as_it_was(module):
        module.train(training)
        try:
            wanted = ran(module)
        except Exception:
            return True
        found = ran(program.module(check_guards=False))
    return len(found) == len(wanted) and all(
        y.shape == same.shape and torch.allclose(y, same, rtol=0, atol=0, equal_nan=True)
        for y, same in zip(found, wanted, strict=True)
    )


@contextmanager
def as_it_was(module: nn.Module) -> Iterator[None]:
    """Inside, the module may change its mode and attributes; afterwards they are what they were.

    A BatchNorm that averages over all batches divides by their number, which an export cannot say: it gets a momentum.
    """
    held = [(part, dict(vars(part)), dict(part._parameters), dict(part._buffers)) for part in module.modules()]
    try:
        for part, *_ in held:
            if isinstance(part, nn.modules.batchnorm._BatchNorm) and part.momentum is None:
                part.momentum = 0.1
        yield
    finally:
        for part, attributes, parameters, buffers in held:
            vars(part).clear()
            vars(part).update(attributes)
            part._parameters.clear()
            part._parameters.update(parameters)
            part._buffers.clear()
            part._buffers.update(buffers)


def _check_attributes(module: nn.Module, program: ExportedProgram, warned: Sequence[str]) -> None:
    """SpecError for tensors that forward keeps for its next call, where it reads them."""
    named = {name for text in warned if ATTRIBUTES in text for name in re.findall(r"self\.([\w.\[\]]*[\w\]])", text)}
    changed = sorted(name for name in named if "_flat_weights[" not in name)
    nodes = {node.name: node for node in program.graph.nodes}
    read = {
        str(spec.target): next(iter(nodes[spec.arg.name].users))
        for spec in program.graph_signature.input_specs
        if spec.kind == InputKind.CONSTANT_TENSOR and nodes[spec.arg.name].users
    }
    for name in changed:
        if name in read or "[" in name:
            line = line_of(read[name].meta) if name in read else ""
            raise SpecError(
                ", ".join(filter(None, [name.rpartition(".")[0] or type(module).__name__, line])),
                wanted="tensors that stay from call to call, but for the statistics of a BatchNorm",
                got=f"self.{name}, which forward assigns",
                fix="give it as an input, and return what follows",
            )


def detach_what_has_no_gradient(graph: fx.GraphModule) -> None:
    """What comes out of torch.no_grad() is detached: the functional form forgets the region."""
    for node in list(graph.graph.nodes):
        kind = str(node.target) if node.op == "call_function" else ""
        if "wrap_with_autocast" in kind and node.args[2]:
            raise SpecError(
                _place_within(graph, node),
                wanted="one floating dtype throughout",
                got=f"torch.autocast({node.args[0]!r}, {node.args[1]})",
                fix="import the module without autocast",
            )
        if "wrap_with_set_grad_enabled" not in kind or node.args[0]:
            continue
        for user in list(node.users):
            value = user.meta.get("val")
            if isinstance(value, Tensor) and value.is_floating_point():
                with graph.graph.inserting_after(user):
                    held = graph.graph.call_function(torch.ops.aten.detach.default, (user,))
                held.meta = {k: v for k, v in user.meta.items() if k != "unbacked_bindings"}
                user.replace_all_uses_with(held, delete_user_cb=lambda other, held=held: other is not held)
    graph.recompile()


def _place_within(graph: fx.GraphModule, region: fx.Node) -> str:
    """Path and line of the first operation in a region, which is a graph of its own."""
    parts = [getattr(graph, str(arg.target)) for arg in region.all_input_nodes if arg.op == "get_attr"]
    metas = [node.meta for part in parts for node in part.graph.nodes if node.meta.get("nn_module_stack")]
    stack, line = (metas[0]["nn_module_stack"], line_of(metas[0])) if metas else ({}, "")
    path = list(stack.values())[-1][0] if stack else ""
    return str(Place(path, line))


def told(watch: Watch, error: Exception, rows: int) -> SpecError:
    """An error of torch.export in four lines."""
    where = place_in(watch.module, frames_of(error.__traceback__))
    text = " ".join(str(error).split())
    got = f"{type(error).__name__}: {shortened(text, 200)}"
    if "GuardOnDataDependent" in type(error).__name__ or "data-dependent" in text:
        wanted, got = "a forward that takes the same way for all values", f"one that asks: {text.split('. ')[0]}"
        fix = "compute both ways and choose with torch.where, or import the part without this branch"
    elif "batch" in text and ("onstraint" in text or "specializ" in text):
        where, wanted = where or watch.narrowed(rows, own=False), ANY_ROWS
        got, fix = "one that fixes its size, or cuts it", "take the size from x.shape[0], not from len(x) or a number"
    elif "fake tensor" in text and watch.data:
        where, wanted, got, fix = watch.data, "values that a graph can follow", "x.data", "x.detach()"
    else:
        wanted, fix = "a module that torch.export takes", "mend what it names"
    return SpecError(where or type(watch.module).__name__, wanted=wanted, got=got, fix=fix)
