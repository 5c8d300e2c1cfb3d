"""How people spell the names of weights, gradients and options; and an array in the shape that it is kept in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from isograd.core.base.types import Array, Shape

SPELLINGS: dict[str, str] = {
    "weight": "w weights kernel kernels filter filters gamma scale theta param",
    "bias": "b biases beta shift param",
    "weight_ih": "w_ih w_x w_xh w_i wx wxh weight_ih_l0 weight_x",
    "weight_hh": "w_hh w_h u wh whh weight_hh_l0 weight_h",
    "bias_ih": "b_ih b_x b_i bias_ih_l0 bias_x",
    "bias_hh": "b_hh b_h bias_hh_l0 bias_h",
    "running_mean": "moving_mean mean_running",
    "running_var": "moving_var running_variance moving_variance",
}
"""{how PyTorch calls it: how others do}, `_l0` left out at the end; capitals and underscores count nothing."""

OPTIONS: dict[str, str] = {
    "in_features": "input_size in_dim num_in n_in features inputs",
    "out_features": "out_dim output_size num_out n_out neurons units outputs",
    "in_channels": "c_in channels_in",
    "out_channels": "filters num_filters c_out",
    "kernel_size": "kernel size k param_size pool_size",
    "num_features": "features channels",
    "hidden_size": "hidden units hidden_dim h",
    "input_size": "features in_features d",
    "embed_dim": "width e",
    "num_heads": "heads n_heads",
    "lr": "learning_rate rate eta alpha",
    "eps": "epsilon",
    "momentum": "mu beta",
    "weight_decay": "decay l2",
    "alpha": "rho decay_rate beta",
}
"""{an option's name: how others call it}"""


def plain(name: str) -> str:
    """A name as names are compared.

    >>> plain("weight_hh_l0"), plain("W_hh"), plain("out_proj.weight")
    ('weighthh', 'whh', 'outprojweight')
    """
    return name.lower().removesuffix("_l0").replace("_", "").replace(".", "")


def spellings(name: str, table: Mapping[str, str]) -> set[str]:
    """Every way in which a name may be written, plain."""
    return {plain(name), *map(plain, table.get(name.removesuffix("_l0"), "").split())}


def found_among(names: Iterable[str], wanted: str, table: Mapping[str, str] = SPELLINGS) -> str | None:
    """The one of `names` that stands for `wanted`: as PyTorch writes it, else as others do.

    >>> found_among(["x", "W", "b"], "weight"), found_among(["x", "W", "b"], "running_mean")
    ('W', None)
    """
    known = list(names)
    exact = next((name for name in known if plain(name) == plain(wanted)), None)
    return exact or next((name for name in known if plain(name) in spellings(wanted, table)), None)


def gradient_among(names: Iterable[str], spelt: str, wanted: str) -> str | None:
    """The one of `names` that is the gradient of a weight that is called `wanted`, and by its owner `spelt`.

    >>> gradient_among(["x", "dW", "W"], "W", "weight"), gradient_among(["b_grad"], "bias", "bias")
    ('dW', 'b_grad')
    """
    bare = [*dict.fromkeys([plain(spelt), *sorted(spellings(wanted, SPELLINGS))])]
    ways = [way for word in bare for way in (f"d{word}", f"{word}grad", f"grad{word}", f"{word}gradient")]
    by_plain = {plain(name): name for name in names}
    return next((by_plain[way] for way in ways if way in by_plain), None)


def fitted(values: Array, shape: Shape) -> tuple[Array, bool] | None:
    """(the values in that shape, whether transposed): axes of length 1 more or fewer, or the two of a matrix turned.

    >>> import numpy as np
    >>> fitted(np.zeros(3), (1, 3))[0].shape, fitted(np.zeros((2, 3)), (3, 2))[1], fitted(np.zeros(3), (4,))
    ((1, 3), True, None)
    """
    if values.shape == shape:
        return values, False
    if [n for n in values.shape if n != 1] == [n for n in shape if n != 1]:
        return values.reshape(shape), False
    if values.ndim == 2 and values.T.shape == shape:
        return values.T, True
    return None
