"""The call that makes a module of torch.nn, as a person would write it: what is as by default is left out."""

from __future__ import annotations

import json
from inspect import Parameter, signature
from typing import Any

from torch import Tensor, nn

SAME_ON_EVERY_AXIS = ("kernel_size", "stride", "padding", "dilation", "output_padding", "normalized_shape", "size")
PLACED_ALONE = ("kernel_size", "padding", "output_size", "p", "negative_slope", "alpha", "num_parameters")
"""Arguments that need no name where they come first, though they have a default."""

RECURRENT = ("input_size", "hidden_size", "nonlinearity", "num_layers", "bias", "batch_first", "dropout")
"""The arguments of nn.RNN, nn.GRU and nn.LSTM, whose own signature does not say them, and of the two that follow."""


def base_of(made: nn.Module) -> type[nn.Module]:
    """The class of torch.nn that the module is, or adds to; nn.Module itself where there is none."""
    return next(kind for kind in type(made).__mro__ if kind.__module__.startswith("torch.nn."))


def constructor(made: nn.Module, name: str = "") -> str:
    """The text that makes a module of the same class (or of the class `name`) with the same options.

    >>> constructor(nn.Conv2d(3, 64, 7, 2, 3, bias=False)), constructor(nn.MaxPool2d(3, 3)), constructor(nn.Tanh())
    ('nn.Conv2d(3, 64, kernel_size=7, stride=2, padding=3, bias=False)', 'nn.MaxPool2d(3)', 'nn.Tanh()')
    """
    kind = base_of(made)
    said: list[str] = []
    for place, parameter in enumerate(_parameters(type(made) if kind is nn.Module else kind)):
        value = _option(made, parameter.name)
        required = parameter.default is Parameter.empty
        text = value_text(value, parameter.name)
        if not required and (text == value_text(parameter.default) or value == _implied(made, parameter.name)):
            continue
        bare = place == len(said) and (place < 2 if required else place == 0 and parameter.name in PLACED_ALONE)
        said.append(text if bare else f"{parameter.name}={text}")
    return f"{name or f'nn.{kind.__name__}'}({', '.join(said)})"


def value_text(value: Any, name: str = "") -> str:
    """A number, a text in double quotes, a tuple of them; one number for a tuple of equal ones that `name` allows."""
    if isinstance(value, (tuple, list)):
        if (
            value
            and name in SAME_ON_EVERY_AXIS
            and len(set(value)) == 1
            and (name != "normalized_shape" or len(value) == 1)
        ):
            return value_text(value[0])
        return f"({', '.join(map(value_text, value))}{',' if len(value) == 1 else ''})"
    if (isinstance(value, float) and value in (float("inf"), float("-inf"))) or value != value:
        return f'float("{value}")'
    return json.dumps(value) if isinstance(value, str) else repr(value)


def _parameters(kind: type[nn.Module]) -> list[Parameter]:
    """What the constructor takes, without device, dtype and what modules are given for other purposes."""
    if issubclass(kind, nn.RNNBase):
        known = {**signature(nn.RNNBase.__init__).parameters}
        known["nonlinearity"] = Parameter("nonlinearity", Parameter.KEYWORD_ONLY, default="tanh")
        names = [name for name in RECURRENT if name != "nonlinearity" or kind is nn.RNN]
        return [known[name] for name in (*names, "bidirectional", "proj_size")]
    left_out = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    return [
        p
        for name, p in list(signature(kind.__init__).parameters.items())[1:]
        if p.kind not in left_out and name not in ("device", "dtype") and not name.startswith("_")
    ]


def _option(made: nn.Module, name: str) -> Any:
    """The value of an argument, as the module keeps it."""
    if name == "bias" and isinstance(made, nn.MultiheadAttention):
        return made.in_proj_bias is not None
    if name == "p" and isinstance(made, nn.PairwiseDistance):
        return made.norm
    value = getattr(made, name, None)
    if name == "bias":
        return value if isinstance(value, bool) else value is not None
    if name == "add_bias_kv":
        return made.bias_k is not None
    assert not isinstance(value, Tensor)
    return value


def _implied(made: nn.Module, name: str) -> Any:
    """What an argument that is not given becomes by another one, where there is such a thing."""
    if name == "stride" and "Pool" in type(made).__name__:
        return made.kernel_size
    if name == "bias" and not getattr(made, "affine", True):
        return False
    if name in ("kdim", "vdim"):
        return made.embed_dim
    return ...
