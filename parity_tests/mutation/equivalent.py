"""Changes that change nothing, each with the reason why: they are not faults, so nothing can catch them."""

from __future__ import annotations

EQUIVALENT = {
    ("__call__", "self.graph.slots - len(x)", "self.graph.slots + len(x)"): "spare slots are never read",
    ("__call__", "self.graph.slots - len(x)", "self.graph.slots"): "spare slots are never read",
    ("padded_sizes", "a.out - 1", "a.out + 1"): "room that no window reads",
    ("padded_sizes", "a.out - 1", "a.out"): "room that no window reads",
    ("adaptive_max_pool", "stops - starts", "stops + starts"): "repeats each window's last place more often",
    ("adaptive_max_pool", "stops - starts", "stops"): "repeats each window's last place more often",
    ("buffers", "lines.reshape(shape)", "lines.reshape(shape, order='F')"): "only axes of length one come and go",
    ("pieces", "row * count", "row"): "the size of a block of images",
    ("pieces", "row * count", "count"): "the size of a block of images",
    ("convolve_dx", "COPIES_FOR_AN_ADD * channels", "COPIES_FOR_AN_ADD"): "two ways to the same dx",
    ("convolve_dx", "COPIES_FOR_AN_ADD * channels", "channels"): "two ways to the same dx",
    **{
        (function, before, f"{before[:-1]}, order='F')"): "a vector has one reading order"
        for function, before in [
            ("class_weights", "weights.reshape(-1, *[1] * (p.ndim - 2))"),
            ("chosen", "np.arange(p.shape[1]).reshape(-1, *[1] * (p.ndim - 2))"),
        ]
    },
}
"""{(function, text before, text after): why}"""

FASTER = "the same values, later or sooner"
SPARED = "what is spared is a gradient that nobody asked for"
WITHOUT_EFFECT: dict[str, dict[str, str]] = {
    "torch_impl.attention.Positions.__init__": {
        "0": "what PyTorch draws there is overwritten by isograd's own weights",
        "torch.empty(x).normal_(0, 0.02)": "likewise",
    },
    "torch_impl.optimizers._sgd": {
        "on_cpu or None": FASTER,
        "p.device.type == 'cpu'": FASTER,
        "optim.SGD(params, s.lr, fused=on_cpu or None, **options)": FASTER,
    },
    "torch_impl.learner.TorchLearner._on_device": {
        "v.to(self.net.device, non_blocking=True)": FASTER,
        "True": FASTER,
    },
    "torch_impl.learner.TorchLearner.load_state_dict": {
        "1": "a path that begins with its slot has one place to be cut at",
        "{'step': torch.tensor(float(self.t))} if counts else {}": "PyTorch's SGD never looks at the step",
    },
    "numpy_impl.learner.NumpyLearner.evaluate": {
        "self.net.compute(x, training=False, needs_dx=False)": SPARED,
    },
    "numpy_impl.learner.NumpyLearner.step": {
        "self._gradients(inputs, targets, needs_dx=False)": SPARED,
        "False": SPARED,
    },
}
"""{function: {text before: why whatever stands there gives the same values}}"""

SPEED_ALONE = {
    "blocks": "how a batch is cut into blocks changes no value",
    "row_bytes": "nor does it matter how large they are",
    "slice_length": "nor how many rows a product takes at a time",
}
"""Functions that decide nothing but speed."""


def reason(module: str, function: str, before: str, after: str) -> str | None:
    """Why a change is no fault; None where it is one."""
    name = function.rpartition(".")[2]
    if module.startswith("isograd.backends.numpy_impl.operations") and name in SPEED_ALONE:
        return SPEED_ALONE[name]
    here = next((known for place, known in WITHOUT_EFFECT.items() if f"{module}.{function}".endswith(f".{place}")), {})
    return EQUIVALENT.get((name, before, after)) or here.get(before)
