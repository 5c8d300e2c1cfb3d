"""Changes that change nothing, each with the reason why: they are not faults, so nothing can catch them."""

from __future__ import annotations

import re

FASTER = "the same values, later or sooner"
ATTEND = (
    "super().forward(query, key, value, key_padding_mask=padded, need_weights=self.need_weights, attn_mask=later{})"
)
ONES = "torch.ones(size, size, dtype=torch.bool{})"
EQUIVALENT = {
    (
        "of_nothing",
        "return (np.asarray(nan), lambda dL: np.where(counted, nan, zero))",
        "return (-np.asarray(nan), lambda dL: np.where(counted, nan, zero))",
    ): "NaN has no sign that anybody reads",
    ("__call__", "self.graph.slots - len(x)", "self.graph.slots + len(x)"): "spare slots are never read",
    ("__call__", "self.graph.slots - len(x)", "self.graph.slots"): "spare slots are never read",
    ("padded_sizes", "a.out - 1", "a.out + 1"): "room that no window reads",
    ("padded_sizes", "a.out - 1", "a.out"): "room that no window reads",
    ("adaptive_max_pool", "stops - starts", "stops + starts"): "repeats each window's last place more often",
    ("adaptive_max_pool", "stops - starts", "stops"): "repeats each window's last place more often",
    ("buffers", "lines.reshape(shape)", "lines.reshape(shape, order='F')"): "only axes of length one come and go",
    (
        "where_in_x",
        "starts.reshape(-1, *[1] * (len(axes) - 1 - k))",
        "starts.reshape(-1, *[1] * (len(axes) - 1 - k), order='F')",
    ): "likewise",
    ("won", "rows.reshape(-1, *[1] * (x.ndim - 2))", "rows.reshape(-1, *[1] * (x.ndim - 2), order='F')"): "likewise",
    ("pieces", "row * count", "row"): "the size of a block of images",
    ("pieces", "row * count", "count"): "the size of a block of images",
    ("lines", "each * count", "each"): "the size of a block of channels",
    ("lines", "each * count", "count"): "the size of a block of channels",
    ("slot", "row.out - 1", "row.out + 1"): "room that no window reads",
    ("slot", "row.out - 1", "row.out"): "room that no window reads",
    ("slot", "spanned - max(row.before, 0)", "spanned + max(row.before, 0)"): "room that no window reads",
    ("slot", "spanned - max(row.before, 0)", "spanned"): "room that no window reads",
    ("fingerprint", "start:start + AT_ONCE", ":start + AT_ONCE"): "read more than once, all the same",
    ("convolution", "1:", "2:"): "a convolution is called with one array",
    ("_warm_up", "1", "2"): "of one position what follows only begins",
    ("smooth_l1", "np.abs(e) < spec.beta", "np.abs(e) <= spec.beta"): "both sides meet there",
    ("celu", "x > 0", "x >= 0"): "both sides meet there",
    ("moved", "by > 0", "by >= 0"): "nothing is moved by 0",
    (
        "of",
        "np.arange(words.shape[1]) < lengths",
        "np.arange(words.shape[1]) <= lengths",
    ): "places behind the end lead nowhere",
    ("normal_cdf", "x > 0", "x >= 0"): "both sides meet there",
    ("erf", "np.abs(x) < 1", "np.abs(x) <= 1"): "both ways meet there",
    ("keys", "t < 1", "t <= 1"): "both sides meet there",
    ("keys", "t < 2", "t <= 2"): "both sides meet there",
    ("convolve_dx", "COPIES_FOR_AN_ADD * channels", "COPIES_FOR_AN_ADD"): "two ways to the same dx",
    ("convolve_dx", "COPIES_FOR_AN_ADD * channels", "channels"): "two ways to the same dx",
    (
        "_sgd",
        "optim.SGD(params, s.lr, fused=on_cpu or None, **options)",
        "optim.SGD(params, s.lr, **options)",
    ): "faster",
    **{
        (f"OPTIMIZERS[{name}]", call.format(name, "lr=s.lr, "), call.format(name, "")): "every step sets it"
        for name in ("Adam", "AdamW")
        for call in [
            "optim.{}(params, {}betas=s.betas, eps=s.eps, weight_decay=s.weight_decay, "
            "amsgrad=s.amsgrad, maximize=s.maximize)",
        ]
    },
    **{
        ("orthogonal", "u.shape[0] > u.shape[1]", f"u.shape[0] {other} u.shape[1]"): "the shorter side first is faster"
        for other in ("<", ">=")
    },
    **{
        ("orthogonal", product, f"{flipped} @ {right}"): "a symmetric matrix"
        for product, flipped, right in [
            (
                "(b * gram + c * (gram @ gram)) @ x",
                "(b * gram + c * (gram @ gram)).swapaxes(-1, -2)",
                "x",
            ),
            ("gram @ gram", "gram.swapaxes(-1, -2)", "gram"),
        ]
    },
    ("attend", ATTEND.format(", is_causal=self.causal"), ATTEND.format("")): "a hint beside the mask itself",
    ("later", ONES.format(", device=query.device"), ONES.format("")): "on the only device here",
    **{
        (function, before, f"{before[:-1]}, order='F')"): "a vector has one reading order"
        for function, before in [
            (
                "of_cross_entropy",
                "np.asarray(figures(spec.weight, p), p.dtype).reshape(-1, *[1] * (p.ndim - 1 - axis))",
            ),
            ("class_weights", "weights.reshape(-1, *[1] * (p.ndim - 2))"),
            ("chosen", "np.arange(p.shape[1]).reshape(-1, *[1] * (p.ndim - 2))"),
        ]
    },
}
"""{(function, text before, text after): why}"""

SPARED = "what is spared is a gradient that nobody asked for"
WITHOUT_EFFECT: dict[str, dict[str, str]] = {
    "torch_impl.attention.Positions.__init__": {
        "0": "what PyTorch draws there is overwritten by isograd's own weights",
        "torch.empty(x).normal_(0, 0.02)": "likewise",
    },
    "torch_impl.build.GraphModule.forward": {"self.graph.slots - len(x)": "spare slots are never read"},
    "torch_impl.randomness.draws": {"if isinstance(module, DROPPING)": "what draws nothing may be seeded"},
    "torch_impl.network.TorchNetwork.__init__": {
        "generators(device) if any(map(draws, self.module.modules())) else ()": "seeded for modules that draw nothing",
        "torch.compile(self.module) if compiled else self.module": "compiled or not: a test of the second tier",
    },
    "torch_impl.modules.convolution": {"if s.padding == 'same'": "PyTorch pads so itself, with a warning"},
    "torch_impl.modules.GlobalMean.forward": {"x.flatten(2).mean(2)": "one axis, by either of its numbers"},
    "torch_impl.modules.BookDropout.forward": {
        "torch.rand_like(x[..., *ones] if self.channels else x) >= self.p": "no number that is drawn is that one"
    },
    "torch_impl.modules.Masked.kept": {"uniform >= p": "no number that is drawn is that one"},
    "torch_impl.recurrent.told_of_projections": {
        "warnings.filterwarnings('ignore', message='LSTM with projections')": "PyTorch warns once in a process"
    },
    "torch_impl.losses._along": {"criterion if dim == 1 else AlongClasses(criterion, dim)": "two ways to one loss"},
    "torch_impl.losses.BatchMeanSquaredError.forward": {
        "nn.functional.mse_loss(p, t, reduction='sum')": "the square of an error has no sign"
    },
    "torch_impl.optimizers.StepVelocitySGD.step": {"if w.grad is None": "every weight that is trained has a gradient"},
    "parity.stages.tracing.Tracing._through": {"if not name.startswith('dx')": "sizes that nobody asks for"},
    "parity.stages.node.suspected": {
        "if found.fault is None and found.exceeds(allowed)": "below the limit it changes the figure that is told alone"
    },
    "parity.added.terms_of": {"np.reshape(each, x.shape)": "they have that shape"},
    "torch_impl.optimizers._sgd": {
        "on_cpu or None": FASTER,
        "p.device.type == 'cpu'": FASTER,
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

OPERATIONS = tuple(
    f"isograd.backends.numpy_impl.{name}"
    for name in ("operations", "optimizers", "losses", "likelihoods", "margins", "ctc", "targets", "custom")
)
RULES = [
    (r"(.+) if (run\.)?needs_dx else None → \1 if True else None", SPARED),
    (r"if (not run\.needs_dx → if False|needs_dx → if True)", SPARED),
    (r"dx\[:, turn\] if dx is not None else None → dx\[:, turn\] if True else None", SPARED),
    (r"(\w+) if len\(\1\) > 1 else .+ → \1 if True else .+", "a tuple of one counts as what it holds"),
    (r"len\((\w+)\) > 1 → len\(\1\) >= 1", "likewise"),
    (r"if spec.weight_decay → if True", "nothing is added"),
    (r"(.+) if spec.dampening else step → \1 if True else step", "nothing is taken away"),
    (r"(uniform|run.random\(shape[^)]*\)) >= (.+) → \1 > \2", "no number that is drawn is that one"),
    (r"dy.sum\(repeated, .+ if repeated else dy → .+ if True else dy", "a sum over no axis"),
    (r"each.sum\(1\) if spec.reduction == 'none' else each → each.sum\(1\) if True else each", "added up sooner"),
    (r"x @ np.ones.+ if x.ndim == 2 else (x.sum.+) → .+ if False else \1", FASTER),
    (r"if spec.dim % p.ndim == 1 → if False", "classes that are there already are moved there"),
    (r"dL.ravel\(\) if np.ndim\(dL\) else dL → dL.ravel\(\) if True else dL", "one number, in an array"),
    (r"if plain and .+ → if False", FASTER),
    (r"np.count_nonzero\(hot\) if .+ → np.count_nonzero\(hot\) if False else v.sum\(\)", "ones are counted"),
    (r"t == spec.ignore_index → t != spec.ignore_index", "two ways to the same loss, while one target counts"),
    (r"if smooth → if True", "smoothed by nothing"),
    (r"one_hot & .+ → one_hot & .+ if True else one_hot", "no class has a number that is none"),
    (r"(values.+ )?(if )?\S+ >= (SHORT|LONG)_ROW.* → .+", FASTER),
    (r"sums if places == 1 else .+ → sums if False else .+", "a sum over one place"),
    (r"prod\(.+\) >= LEAST_ENTRIES → .+ (<|>) LEAST_ENTRIES", FASTER),
    (r"len\(axes\) <= 2 → len\(axes\) < 2", FASTER),
    (r"if is_depthwise\(.+ → if False", FASTER),
    (r"if row.reach == row.stride == 1 → if False", FASTER),
    (r"if held.shape != shape → if True", FASTER),
    (r"if not finite\(.+\) → if (True|finite.+)", FASTER),
    (r"if held is None or .+ → if True", FASTER),
    (r"if all\(\(a.stride == 1 .+ → if False", FASTER),
    (r"len\(w\) <= COPIES.+ → len\(w\) < COPIES.+", FASTER),
    (r"if not self.direct → if True", "copied onto itself"),
    (r"if sizes == x.shape\[2:\] → if False", "padded with nothing"),
    (r"2: → (3)?:", "an array is padded with nothing, or filled by fewer axes"),
    (r"np.uint8 if .+ else np.int64 → np.uint8 if False else np.int64", FASTER),
    (r"(prod\(+a.kernel for a in axes\)+) <= 256 → \1 < 256", FASTER),
    (r"if before or after → if True", "nothing is folded back"),
    (r"if not weights → if False", SPARED),
    (r"if nan → if True", "nothing is NaN, or it was asked for"),
    (r"if np.isnan\(y\[block\]\).any\(\) → if True", FASTER),
    (r"a.stride >= a.reach → a.stride > a.reach", FASTER),
    (r"if apart → if False", FASTER),
    (r"for name, v in p.items\(\) if .+ → .+ if True", "names of other layers, which none reads"),
    (r"1: → 2:", "only what a shape is told apart by"),
    (r"outputs\[0\] if len\(outputs\) == 1 else (.+) → outputs\[0\] if False else \1", "one array is joined"),
    (r"if alive is not None → if True", "what is alive everywhere has nothing left"),
    (r"None if mask.dtype.kind == 'b' else (.+) → None if False else \1", SPARED),
    (r"A if A.shape == shape else .+ → A if False else .+", FASTER),
    (r"-2: → :", "a mask that broadcasts from fewer axes"),
    (r"if b.ndim == 2 < a.ndim → if False", FASTER),
    (r"if dy.shape == shape → if False", "a sum over no axis"),
    (r"if spec.added → if True", "nothing follows"),
    (r"t if spec.log_target else np.log.+ → t if False else .+", "the logarithm of its own exponential"),
]
"""(what a change of a condition or an end in an operation of NumPy's looks like, why it is none)"""

SPEED_ALONE = {
    "blocks": "how a batch is cut into blocks changes no value",
    "image_bytes": "nor how many bytes they are thought to have",
    "row_bytes": "nor does it matter how large they are",
    "slice_length": "nor how many rows a product takes at a time",
}
"""Functions that decide nothing but speed."""


ROUNDED_MEAN = "no more than rounding, but where a mean is large: engines/test_batch_norm.py"
BESIDE_CASES = {
    **{
        ("by_the_batch", before): ROUNDED_MEAN
        for before in [
            *("multiplied(z, z) / m - left * left", "left * left", "p.get('bias', 0) - left * a", "left * a"),
            *("multiplied(upstream, dz) - left * db", "left * db", "left * share - db / m", "left * share"),
            "mean + left",
        ]
    },
    **{
        (function, f"if not finite({values})"): "no case has an infinity: engines/test_depthwise.py"
        for function, values in [("depthwise", "x"), ("depthwise_dw", "x, dy"), ("depthwise_dx", "dy")]
    },
    ("largest", "if nan"): "NaN equals nothing, so no case has one: engines/test_nan_in_pools.py does",
    ("maxima", "if np.isnan(y[block]).any()"): "likewise",
    (
        "of_nothing",
        "np.broadcast_to(hot.any(1, keepdims=True), p.shape) if whole_rows else hot",
    ): "likewise: engines/test_ignored.py",
    ("nll", "if spec.reduction == 'mean' and count == 0"): "likewise",
    ("nll", "spec.reduction == 'mean'"): "likewise",
    ("cross_entropy", "if spec.reduction == 'mean' and count == 0"): "likewise",
    ("cross_entropy", "spec.reduction == 'mean'"): "likewise",
    ("binary", "if b.dtype.kind != 'f'"): "no case divides by 0: messages/test_messages_tensors.py",
    (
        "scaled_dot_product_attention",
        "collected(values, d) if spec.enable_gqa else d",
    ): "a head that serves one of the queries' has its gradient",
    **{
        ("check_rows", before): "no case has a wrong number: engines/test_entries.py"
        for before in [
            *("if x.size and (x.min() < 0 or x.max() >= count)", "x.min() < 0 or x.max() >= count"),
            *("x.max() >= count", "x >= count"),
        ]
    },
    ("check_places", "index >= size"): "no case has a wrong index: messages/test_messages_indexing.py",
    ("check_places", "if wrong.any()"): "likewise",
    ("asgd", "lr if t == 1 else float(s['eta'])"): "no case begins with another rate: engines/test_optimizers.py",
    ("rprop", "if t == 1"): "no case begins with another rate than its own: engines/test_optimizers.py",
    **{
        ("bce", before): "no case is certain or outside: engines/test_losses.py"
        for before in ["(p < 0).any() or (p > 1).any()", "p > 1", "p < 0"]
    },
    ("custom_loss", "t.astype(np.int64) if spec.labels else t"): "a learner's labels alone: engines/test_custom.py",
}
"""Faults in operations that the check of their cases does not see, or cannot blame: what holds them instead."""


def reason(module: str, function: str, before: str, after: str) -> str | None:
    """Why a change is no fault; None where it is one."""
    name = function.rpartition(".")[2]
    if module.startswith("isograd.backends.numpy_impl.operations") and name in SPEED_ALONE:
        return SPEED_ALONE[name]
    here = next((known for place, known in WITHOUT_EFFECT.items() if f"{module}.{function}".endswith(f".{place}")), {})
    known = EQUIVALENT.get((name, before, after)) or here.get(before)
    if known is None and module.startswith(OPERATIONS):
        known = next((why for form, why in RULES if re.fullmatch(form, f"{before} → {after}")), None)
    return known
