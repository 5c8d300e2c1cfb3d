"""A walk over the exported graph: every operation becomes steps of a Plan, what depends on shapes alone is computed."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.export import ExportedProgram
from torch.export.graph_signature import ConstantArgument, InputKind, OutputKind

from isograd.backends.torch_impl.importer import (  # noqa: F401  (enter the operations)
    arithmetic,
    layers,
    making,
    moving,
    nonlinear,
    products,
    recurrences,
    reductions,
    statistics,
)
from isograd.backends.torch_impl.importer.known import SHAPE_ONLY, draws, filled, still
from isograd.backends.torch_impl.importer.places import line_of
from isograd.backends.torch_impl.importer.plan import (
    Census,
    Fixed,
    Given,
    Moved,
    Norms,
    Out,
    Place,
    Plan,
    Ref,
    State,
    Step,
    needed,
)
from isograd.backends.torch_impl.importer.table import entry_of
from isograd.core.base.errors import SpecError, shortened
from isograd.core.base.forms import Form, Kind, Rows, Size
from isograd.core.layers.base import Layer, Misfit

NARROW = (torch.uint8, torch.int8, torch.int16)


class Unsupported(Exception):
    """What an operation cannot be said as, raised by the table's entries."""


@dataclass(frozen=True)
class Broken:
    """Stands for what an operation without a layer would have made."""


class Reader:
    """One exported graph, read from its first node to its last."""

    def __init__(
        self,
        module: nn.Module,
        program: ExportedProgram,
        states: Mapping[str, str],
        held: Mapping[str, Tensor],
        dtype: torch.dtype,
        census: Census,
        *,
        training: bool,
        norms: Norms,
    ) -> None:
        self.module, self.program, self.states, self.held = module, program, states, held
        self.dtype, self.census, self.training, self.norms = dtype, census, training, norms
        self.paths = dict(module.named_modules(remove_duplicate=False))
        self.made: dict[fx.Node, Any] = {}
        self.steps: list[Step] = []
        self.inputs: list[tuple[str, Form]] = []
        self.place = Place("", "")
        self.like: Given | None = None
        self.symbol: Any = None

    def plan(self) -> Plan:
        """The module's steps; what cannot be said is in the census."""
        specs = {spec.arg.name: spec for spec in self.program.graph_signature.input_specs}
        live = self._live()
        for node in self.program.graph.nodes:
            if node.op == "placeholder":
                self.made[node] = self._entrance(node, specs[node.name])
            elif node.op == "call_function" and node in live:
                self.made[node] = self._called(node)
        outputs = self._outputs()
        return Plan(needed(self.steps, outputs), outputs)

    def _live(self) -> set[fx.Node]:
        """What the module's outputs depend on: the functional form has no other effects."""
        wanted = {
            spec.arg.name
            for spec in self.program.graph_signature.output_specs
            if spec.kind == OutputKind.USER_OUTPUT and hasattr(spec.arg, "name")
        }
        found: set[fx.Node] = set()
        waiting = [node for node in self.program.graph.nodes if node.name in wanted]
        while waiting:
            node = waiting.pop()
            if node not in found:
                found.add(node)
                waiting.extend(node.all_input_nodes)
        return found

    def _entrance(self, node: fx.Node, spec: Any) -> Any:
        match spec.kind:
            case InputKind.PARAMETER | InputKind.BUFFER:
                return State(self.states[spec.target])
            case InputKind.CONSTANT_TENSOR:
                return Fixed(self.program.constants[spec.target], Place("", ""))
            case InputKind.USER_INPUT if not isinstance(spec.arg, ConstantArgument):
                value = node.meta["val"]
                self.symbol = self.symbol or value.shape[0].node.expr
                self.inputs.append((node.name, self.form_of(value)))
                made = Given(len(self.inputs) - 1)
                self.like = self.like or made
                return made
            case InputKind.USER_INPUT:
                return spec.arg.value
        raise SpecError("from_torch", wanted="tensors", got=f"{spec.kind}", fix="import a part without it")

    def _outputs(self) -> list[Ref]:
        nodes = {node.name: node for node in self.program.graph.nodes}
        found: list[Ref] = []
        for spec in self.program.graph_signature.output_specs:
            if isinstance(spec.arg, ConstantArgument):
                continue
            node = nodes[spec.arg.name]
            place = self._place(node)
            if spec.kind == OutputKind.BUFFER_MUTATION and not self._moves(node, str(spec.target)):
                why = f"{spec.target}, which no BatchNorm moves on as a statistic of its own"
                self.lacks("a buffer that forward changes", why, place)
            if spec.kind == OutputKind.PARAMETER_MUTATION:
                self.lacks("a parameter that forward changes", str(spec.target), place)
            if spec.kind == OutputKind.USER_OUTPUT and not isinstance(made := self.made[node], Broken):
                found += self._output(made, place)
        return found

    def _output(self, made: Any, place: Place) -> list[Ref]:
        try:
            return [self.ref(made)]
        except Unsupported as why:
            self.lacks("an output", str(why), place)
            return []

    def changes(self, state: State) -> bool:
        """Whether the forward writes to a buffer."""
        specs = self.program.graph_signature.output_specs
        return any(s.kind == OutputKind.BUFFER_MUTATION and self.states[str(s.target)] == state.path for s in specs)

    def _moves(self, node: fx.Node, path: str) -> bool:
        """Whether a buffer ends as a BatchNorm leaves its statistics, or its count of batches."""
        state = State(self.states[path])
        if node.target is operator.getitem and isinstance(made := self.made.get(node.args[0]), list):  # type: ignore[arg-type]
            return made[node.args[1]] == Moved(state)  # type: ignore[index, no-any-return]
        count = 0
        while node.op == "call_function" and str(node.target) == "aten.add.Tensor" and node.args[1:] == (1,):
            node, count = node.args[0], count + 1  # type: ignore[assignment]
        held = [step for step in self.steps if state in step.weights.values()]
        return count > 0 and self.made.get(node) == state and count == len(held)

    def _place(self, node: fx.Node) -> Place:
        stack = node.meta.get("nn_module_stack") or {}
        path = list(stack.values())[-1][0] if stack else ""
        return Place(path if path in self.paths else "", line_of(node.meta))

    def _called(self, node: fx.Node) -> Any:
        self.place = self._place(node)
        if node.target is operator.getitem:
            held = self.made[node.args[0]]  # type: ignore[index]
            return held if isinstance(held, Broken) else held[node.args[1]]
        value = node.meta.get("val")
        if isinstance(value, (int, float, bool, torch.SymInt)):
            return self.size(value) if isinstance(value, torch.SymInt) else value
        name = str(node.target).removeprefix("aten.")
        self.census.found[name] += 1
        held = [self.made[arg] for arg in node.all_input_nodes]
        if any(isinstance(each, Broken) for each in held):
            return Broken()
        try:
            return self._read(node, name, value, held)
        except (Unsupported, Misfit, SpecError) as why:
            told = str(why) if isinstance(why, Unsupported) else f"{why.wanted}; it has {why.got}"
            self.lacks(name, told, self.place)
            return Broken()

    def _read(self, node: fx.Node, name: str, value: Any, held: Sequence[Any]) -> Any:
        base = name.partition(".")[0]
        if still(value) and not draws(node) and base not in ("empty", "new_empty"):
            if base in SHAPE_ONLY:
                return Fixed(filled(node, base, value), self.place)
            if all(isinstance(each, (Fixed, int, float)) for each in held):
                return self._computed(node)
        entry = entry_of(name)
        if entry is None:
            raise Unsupported("no layer computes it")
        made = entry(self, self._arguments(node))
        if isinstance(value, Tensor) and value.dtype in NARROW and not entry.__module__.endswith(".moving"):
            raise Unsupported(f"it computes in {value.dtype}, which runs over where no layer does")
        self._check(made, value)
        return made

    def _computed(self, node: fx.Node) -> Any:
        """What depends on shapes alone, by PyTorch itself."""
        args, kwargs = torch.utils._pytree.tree_map(self._concrete, (node.args, node.kwargs))
        with torch.no_grad():
            made = node.target(*args, **kwargs)  # type: ignore[operator]
        if isinstance(made, Tensor):
            return Fixed(made, self.place)
        return [Fixed(each, self.place) if isinstance(each, Tensor) else each for each in made]

    def _concrete(self, arg: Any) -> Any:
        made = self.made[arg] if isinstance(arg, fx.Node) else arg
        return made.values if isinstance(made, Fixed) else made

    def _arguments(self, node: fx.Node) -> SimpleNamespace:
        given = dict(node.kwargs)
        schema = node.target._schema.arguments  # type: ignore[union-attr]
        for k, argument in enumerate(schema):
            if k < len(node.args):
                given[argument.name] = node.args[k]
            else:
                given.setdefault(argument.name, argument.default_value if argument.has_default_value() else None)
        found = {("input" if name == "self" else name): self._argument(arg) for name, arg in given.items()}
        value = node.meta.get("val")
        first = value[0] if isinstance(value, (tuple, list)) and value else value
        form = self.form_of(first) if isinstance(first, Tensor) else None
        return SimpleNamespace(**found, node=node, form=form)

    def _argument(self, arg: Any) -> Any:
        if isinstance(arg, fx.Node):
            return self.made[arg]
        if isinstance(arg, (list, tuple)):
            return [self._argument(each) for each in arg]
        return arg

    def _check(self, made: Any, value: Any) -> None:
        """What the layers say of their outputs must be what PyTorch says of the operation's."""
        for one, seen in zip(
            made if isinstance(made, (list, tuple)) else [made],
            value if isinstance(value, (list, tuple)) else [value],
            strict=False,
        ):
            if isinstance(one, (Given, State, Fixed, Out)) and isinstance(seen, Tensor):
                claimed, wanted = self.form(one), self.form_of(seen)
                if claimed != wanted:
                    raise Unsupported(f"its layer makes {claimed} where PyTorch makes {wanted}")

    def apply(self, layer: Layer, *inputs: Any, weights: Mapping[str, Any] | None = None) -> Any:
        """A step for the layer: a ref to its output, or a list of them."""
        refs = tuple(map(self.ref, inputs))
        given = tuple(map(self.form, refs))
        forms = layer.checked_forms(*given)
        held = {name: self.ref(value) for name, value in (weights or {}).items() if value is not None}
        step = Step(layer, refs, held, self.place, given, forms)
        self.steps.append(step)
        outs = [Out(step, k) for k in range(len(forms))]
        return outs[0] if len(outs) == 1 else outs

    def ref(self, value: Any) -> Ref:
        """The value as something that a step can read; numbers become arrays."""
        if isinstance(value, (Given, State, Fixed, Out)):
            return value
        if isinstance(value, (bool, int, float)):
            dtype = torch.bool if isinstance(value, bool) else torch.int64 if isinstance(value, int) else self.dtype
            return Fixed(torch.tensor(value, dtype=dtype), self.place)
        if isinstance(value, Moved):
            raise Unsupported(f"it reads {value.state.path} after a BatchNorm has moved it on")
        raise Unsupported(f"it reads {type(value).__name__}, which is no tensor")

    def form(self, ref: Ref) -> Form:
        if isinstance(ref, Out):
            return ref.step.forms[ref.index]
        if isinstance(ref, Given):
            return self.inputs[ref.index][1]
        return self.form_of(self.tensor_of(ref))

    def tensor_of(self, ref: State | Fixed) -> Tensor:
        """The array of a state or of a constant."""
        if isinstance(ref, Fixed):
            return ref.values
        return self.held[ref.path]

    def form_of(self, value: Tensor) -> Form:
        return Form(tuple(self.size(size) for size in value.shape), self.kind_of(value.dtype))

    def kind_of(self, dtype: torch.dtype) -> Kind:
        if dtype == torch.bool:
            return "boolean"
        if dtype == self.dtype:
            return "float"
        if dtype.is_floating_point or dtype.is_complex:
            raise Unsupported(f"it computes in {dtype}, the module in {self.dtype}")
        return "integer"

    def size(self, value: Any) -> Size:
        """An int, or times·N."""
        if isinstance(value, int):
            return value
        expression = value.node.expr
        if expression.is_number:
            return int(expression)
        times: Any = expression.coeff(self.symbol) if self.symbol is not None else 0
        if times == 0 or not times.is_Integer or expression != times * self.symbol:
            raise Unsupported(f"an axis has {expression} places: no number, and no multiple of the batch")
        return Rows(int(times))

    def lacks(self, name: str, why: str, place: Place) -> None:
        places = self.census.lacking.setdefault((name, shortened(why, 200)), [])
        places += [place] if place not in places else []
