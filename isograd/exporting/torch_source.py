"""The source of a plain nn.Module for one model: what a PyTorch user would write, and nothing of isograd."""

from __future__ import annotations

from collections.abc import Iterable

from isograd.core.graph.composite import Composite
from isograd.core.graph.weights import declared
from isograd.exporting.torch_carried import IMPORTS, PIECES, carried_for
from isograd.exporting.torch_holders import indented, is_plain, quoted
from isograd.exporting.torch_scope import Classes, Scope, docstring


def module_source(model: Composite, name: str, taken: Iterable[str] = ()) -> str:
    """The classes, and what they need; the last of them, `name`, is the model. None is called as what is `taken`.

    Its state_dict has the names and layouts of isograd's. Raises BackendError, SpecError for what cannot be written.
    """
    graph = model.graph(*model.input_shapes)
    tied = model.tied(*model.input_shapes)
    classes = Classes(tied, {name, *PIECES, *IMPORTS, *taken})
    scope = Scope(classes, graph)
    ends = " → ".join(", ".join(map(str, forms)) for forms in (graph.input_forms, graph.out_forms))
    if scope.planner.is_chain(scope.part):
        made = [scope.chain(scope.part, "super().__init__", told=True)]
        made += second_names(model, classes)
        body = indented(["def __init__(self) -> None:", indented(made)])
        whole = f"class {name}(nn.Sequential):\n    {docstring(ends)}\n\n{body}"
    else:
        writer = scope.writer(scope.part)
        body = writer.body(list(second_names(model, classes)))
        whole = f"class {name}({writer.base}):\n    {docstring(ends)}\n\n{body}"
    text = "\n\n\n".join([*classes.texts(), whole])
    pieces = carried_for(text)
    return "\n\n\n".join([*pieces, text])


def second_names(model: Composite, classes: Classes) -> Iterable[str]:
    """The lines that give weights and buffers their further names."""
    trained, _ = declared(model)
    for name, path in classes.tied.items():
        above, _, last = name.rpartition(".")
        for k in range(above.count(".") + 1 if above else 0):
            folder = ".".join(above.split(".")[: k + 1])
            if folder not in classes.modules:
                classes.modules.add(folder)
                outer, _, inner = folder.rpartition(".")
                yield f"{reached(outer)}.add_module({quoted(inner)}, nn.Module())"
        if path not in trained and path not in classes.frozen:
            yield f"{reached(above)}.register_buffer({quoted(last)}, {value(path)})"
        elif is_plain(last):
            yield f"{reached(above)}.{last} = {value(path)}"
        else:
            yield f"{reached(above)}.register_parameter({quoted(last)}, {value(path)})"


def reached(path: str) -> str:
    """How the whole model reaches one of its modules."""
    if all(map(is_plain, path.split("."))) or not path:
        return ".".join(filter(None, ("self", path)))
    return f"self.get_submodule({quoted(path)})"


def value(path: str) -> str:
    above, _, last = path.rpartition(".")
    return f"{reached(above)}.{last}" if is_plain(last) else f"getattr({reached(above)}, {quoted(last)})"
