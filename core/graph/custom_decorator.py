"""`ig.custom`: a function written once becomes a layer or a loss of both engines."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Literal, get_type_hints, overload

from isograd.core.base.description import REGISTRY, Int, describes, validator
from isograd.core.base.errors import SpecError, shown
from isograd.core.base.initializers import Initializer
from isograd.core.graph.custom import CustomLayer, CustomLoss, Function

Kind = Literal["layer", "loss", "class loss"]
BASES: dict[str, tuple[type[CustomLayer] | type[CustomLoss], str]] = {
    "layer": (CustomLayer, "layer"),
    "loss": (CustomLoss, "loss"),
    "class loss": (CustomLoss, "loss"),
}
"""What each kind derives from, and the built-in family whose names it must leave alone."""


@overload
def custom(function: Function, /) -> Callable[..., CustomLayer]: ...


@overload
def custom(
    *,
    kind: Literal["layer"] = "layer",
    weights: Function | None = None,
    init: Mapping[str, Initializer] | None = None,
    integers: Mapping[str, int | range] | None = None,
) -> Callable[[Function], Callable[..., CustomLayer]]: ...


@overload
def custom(*, kind: Literal["loss", "class loss"]) -> Callable[[Function], Callable[..., CustomLoss]]: ...


def custom(
    function: Function | None = None,
    /,
    *,
    kind: Kind = "layer",
    weights: Function | None = None,
    init: Mapping[str, Initializer] | None = None,
    integers: Mapping[str, int | range] | None = None,
) -> Any:
    """Make a function a layer or a loss that runs and differentiates in both engines.

        @ig.custom
        def swish(ops, x, *, beta: float = 1.0):
            return x * ops.sigmoid(beta * x)

        @ig.custom(weights=lambda x: {"scale": x[-1:]})
        def rms_norm(ops, x, w, *, eps: float = 1e-6):
            return x / ops.sqrt(ops.mean(x * x, axis=-1, keepdims=True) + eps) * w["scale"]

        @ig.custom(kind="loss")
        def log_cosh(ops, prediction, target): …return one number

    `ops` is the array namespace (`isograd.core.base.arrays`); keyword-only parameters, which need a type, are the
    layer's options; a parameter `w` gets the weights by name. `weights` maps one sample's shape of each input (and
    those options that it has as parameters) to {name: shape}, `init` a weight's name to its initial law. `integers`
    names the inputs that are whole numbers (words, places): {"words": 65} for 0…64, or a range. A "class
    loss" gets whole-number targets. Decorating a function of the same name again replaces it.
    Raises SpecError for a signature that cannot be, and for the name of a built-in layer or loss.
    """
    if function is None:
        return lambda given: _describe(given, kind, weights, init, integers)
    return _describe(function, kind, weights, init, integers)


def _refuse(function: Function, wanted: str, got: str, fix: str) -> SpecError:
    return SpecError(f"ig.custom: {getattr(function, '__name__', shown(function))}", wanted=wanted, got=got, fix=fix)


def _mapping(function: Function, option: str, given: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if given is not None and not isinstance(given, Mapping):
        raise _refuse(function, f"{option}= as a mapping", shown(given), f"{option}={{name: …}}")
    return given or {}


def _checked(
    function: Function,
    weights: Function | None,
    laws: Mapping[str, Initializer] | None,
    integers: Mapping[str, int | range] | None,
) -> tuple[Mapping[str, Initializer], Mapping[str, int | range]]:
    """(init=, integers=) of `custom`, which are mappings, and weights= a function."""
    laws, integers = _mapping(function, "init", laws), _mapping(function, "integers", integers)
    if not all(isinstance(law, Initializer) for law in laws.values()):
        raise _refuse(
            function, "init={weight's name: initial law}", shown(dict(laws)), "init={'scale': ig.init.Ones()}"
        )
    if weights is not None and not callable(weights):
        raise _refuse(function, "weights= that takes shapes", shown(weights), "weights=lambda x: {'scale': x[-1:]}")
    return laws, integers


def _describe(
    function: Function,
    kind: Kind,
    weights: Function | None,
    laws: Mapping[str, Initializer] | None,
    integers: Mapping[str, int | range] | None,
) -> Any:
    """The description class of a function."""
    laws, integers = _checked(function, weights, laws, integers)
    if not isinstance(kind, str) or kind not in BASES:
        raise _refuse(function, f"kind= among {', '.join(BASES)}", shown(kind), 'kind="layer"')
    if not inspect.isfunction(function) or not function.__name__.isidentifier():
        raise _refuse(function, "a function with a name", type(function).__name__, "write it with def")
    base, family = BASES[kind]
    if function.__name__ in REGISTRY[family]:
        raise _refuse(function, "a name of its own", f"the name of a built-in {family}", "rename the function")
    inputs, options, many = _parameters(function, base, kind, weights, integers)
    places = _places(function, inputs, integers, weights is not None)
    defaults = {p.name: p.default for p in options if p.default is not p.empty}
    members: dict[str, Any] = {
        "__doc__": inspect.getdoc(function),
        "__module__": function.__module__,
        "__qualname__": function.__qualname__,
        "__annotations__": _types(function, options),
        "function": staticmethod(function),
        "options": tuple(p.name for p in options),
        **defaults,
    }
    if base is CustomLayer:
        shapes = staticmethod(weights) if weights is not None else None
        members |= {
            "takes_weights": shapes is not None,
            "shapes_of_weights": shapes,
            "laws": dict(laws),
            "integers": places,
        }
        members |= {"min_inputs": len(inputs) - many or 1, "max_inputs": None if many else len(inputs)}
    else:
        members["labels"] = kind == "class loss"
    cls: Any = type(function.__name__, (base,), members)
    try:
        describes(base.family, abstract=True)(cls)
        validator(cls)
        if len(defaults) == len(options):
            cls(**defaults).to_json()  # pydantic takes defaults unseen
    except SpecError:
        raise
    except Exception as error:
        raise _refuse(
            function,
            "options of types that are kept in JSON",
            f"{type(error).__name__}: {error}",
            "float, int, bool, str, Literal[…] or a tuple of them",
        ) from error
    REGISTRY[base.family][function.__name__] = cls  # a notebook's cell that is run again replaces the function
    return cls


def _parameters(
    function: Function,
    base: type[CustomLayer] | type[CustomLoss],
    kind: Kind,
    weights: Function | None,
    integers: Mapping[str, int | range],
) -> tuple[list[inspect.Parameter], list[inspect.Parameter], bool]:
    """(inputs, options, whether the last input stands for any number of them) of a function that may be described"""
    parameters = list(inspect.signature(function).parameters.values())[1:]
    options = [p for p in parameters if p.kind is p.KEYWORD_ONLY and p.name != "w"]
    inputs = [p for p in parameters if p.kind is not p.KEYWORD_ONLY and p.name != "w"]
    many = any(p.kind is p.VAR_POSITIONAL for p in inputs)
    takes_weights = any(p.name == "w" for p in parameters)
    loose = [p for p in inputs if p.kind is p.VAR_KEYWORD or p.default is not p.empty]
    if loose or not inputs:
        raise _refuse(
            function,
            "a signature (ops, x, …, *, option: type = default, …)",
            f"{inspect.signature(function)}",
            "name every option after a *",
        )
    if base is CustomLoss and (many or takes_weights or len(inputs) != 2):
        raise _refuse(
            function,
            "a signature (ops, prediction, target, *, …)",
            f"{inspect.signature(function)}",
            "a loss has no weights",
        )
    if takes_weights != (weights is not None):
        got = "w without weights=" if takes_weights else "weights= without w"
        raise _refuse(function, "a parameter w and weights=, or neither", got, "@ig.custom(weights=lambda x: {…})")
    if base is CustomLoss and integers:
        raise _refuse(function, "integers= for layers alone", f"integers= of a {kind}", 'kind="class loss"')
    taken = [
        p.name
        for p in options
        if (hasattr(base, p.name) and p.name != "reduction") or p.name in {*REGISTRY, "function"}
    ]
    if taken:
        raise _refuse(function, "options of other names", f"{taken[0]}=", "rename it: descriptions use that name")
    return inputs, options, many


def _places(
    function: Function, inputs: list[inspect.Parameter], integers: Mapping[str, int | range], takes_weights: bool
) -> dict[int, range]:
    """{place of an input: the whole numbers that may stand in it}"""
    names = [p.name for p in inputs if p.kind is not p.VAR_POSITIONAL]
    places = {}
    for name, numbers in integers.items():
        allowed = range(numbers) if type(numbers) is int else numbers
        if name not in names or not isinstance(allowed, range) or allowed.step != 1 or not allowed:
            raise _refuse(
                function,
                f"integers= of inputs, {', '.join(names)}, each with a number or a range",
                f"{shown(name)}: {shown(numbers)}",
                f"integers={{{names[0] if names else 'name'!r}: 65}}",
            )
        places[names.index(name)] = allowed
    if integers and len(places) == len(inputs) and not takes_weights:
        raise _refuse(
            function,
            "floats to compute with: weights, or another input",
            "whole numbers alone",
            "look them up in a weight; for rows of the identity there is ig.OneHot",
        )
    return places


def _types(function: Function, options: list[inspect.Parameter]) -> dict[str, Any]:
    """The types of the options, written as text or not."""
    untyped = [p.name for p in options if p.annotation is p.empty]
    if untyped:
        raise _refuse(function, "a type for every option", f"{untyped[0]} without one", f"{untyped[0]}: float = …")
    stub = type("Options", (), {"__annotations__": {p.name: p.annotation for p in options}})
    try:
        types = get_type_hints(stub, globalns=function.__globals__, localns={}, include_extras=True)
        return {name: Int if kind is int else kind for name, kind in types.items()}
    except NameError as error:
        raise _refuse(function, "types that can be looked up", str(error), "import them beside the function") from error
