"""What of torch.nn, torch.optim and its schedulers isograd has: python parity_tests/covered.py [--write]

Every public class of the installed PyTorch stands in one of three places: present under its own name, present under
another (OTHERWISE), or left out and why (LEFT_OUT). `--write` makes the tables of docs/coverage.md; a test holds that
the page is what this file says.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import torch
from torch import nn, optim
from torch.nn import functional

import isograd as ig

PAGE = Path(__file__).resolve().parent.parent / "docs" / "coverage.md"
START, END = "<!-- tables: made by parity_tests/covered.py --write -->", "<!-- end of the tables -->"
MOST_LEFT_OUT = 1 / 20  # of torch.nn's modules

SIZES_INFERRED = "sizes are always inferred"
OTHERWISE: dict[str, tuple[str, str]] = {
    "Container": ("Model", "a former name of Module"),
    "Module": ("Model", "a graph of layers; Layer is a single one"),
    "ModuleDict": ("Model", "layers of a graph have names: name="),
    "ModuleList": ("Sequential", "or a list in Python that a graph is made with"),
    "ParameterDict": ("Parameter", "under names with dots"),
    "ParameterList": ("Parameter", "under names with dots"),
    **{
        f"Lazy{kind}": (kind, SIZES_INFERRED)
        for kind in (
            "Linear",
            *(f"{kind}{k}d" for kind in ("Conv", "ConvTranspose", "BatchNorm", "InstanceNorm") for k in (1, 2, 3)),
        )
    },
    "CrossMapLRN2d": ("LocalResponseNorm", "a former form of it"),
    "Softmax2d": ("Softmax", "over the channels: Softmax(dim=-3)"),
    "NLLLoss2d": ("NLLLoss", "a former name of it"),
    "RNNBase": ("RNN", "and GRU and LSTM, which it is the base of"),
    "RNNCellBase": ("RNNCell", "and GRUCell and LSTMCell, which it is the base of"),
    "LRScheduler": ("Schedule", "the base of all"),
    "Optimizer": ("Optimizer", "the base of all"),
}
"""What torch has under another name: torch's ↦ (isograd's, a remark)."""

LEFT_OUT: dict[str, str] = {
    "AdaptiveLogSoftmaxWithLoss": "layer and loss in one, with clusters of words: ig.custom, or CrossEntropyLoss",
    "DataParallel": "several devices in one process",
    "SyncBatchNorm": "statistics over several processes",
    "FractionalMaxPool2d": "windows drawn at random, in evaluation too: AdaptiveMaxPool2d has equal ones",
    "FractionalMaxPool3d": "as FractionalMaxPool2d",
    "LinearCrossEntropyLoss": "layer and loss in one: Linear and CrossEntropyLoss compute the same",
    "TripletMarginWithDistanceLoss": "takes a function for its distance: ig.custom, or TripletMarginLoss",
    "SparseAdam": "gradients are dense",
    "MultiplicativeLR": "a factor of the rate before: LambdaLR says the product",
}
"""What there is not, and what to do instead."""

FUNCTIONS = {
    "cross_entropy": "CrossEntropyLoss",
    "nll_loss": "NLLLoss",
    "mse_loss": "MSELoss",
    "l1_loss": "L1Loss",
    "smooth_l1_loss": "SmoothL1Loss",
    "huber_loss": "HuberLoss",
    "binary_cross_entropy": "BCELoss",
    "binary_cross_entropy_with_logits": "BCEWithLogitsLoss",
    "kl_div": "KLDivLoss",
    "poisson_nll_loss": "PoissonNLLLoss",
    "gaussian_nll_loss": "GaussianNLLLoss",
    "hinge_embedding_loss": "HingeEmbeddingLoss",
    "cosine_embedding_loss": "CosineEmbeddingLoss",
    "margin_ranking_loss": "MarginRankingLoss",
    "triplet_margin_loss": "TripletMarginLoss",
    "triplet_margin_with_distance_loss": "TripletMarginWithDistanceLoss",
    "multi_margin_loss": "MultiMarginLoss",
    "multilabel_margin_loss": "MultiLabelMarginLoss",
    "multilabel_soft_margin_loss": "MultiLabelSoftMarginLoss",
    "soft_margin_loss": "SoftMarginLoss",
    "ctc_loss": "CTCLoss",
    "linear_cross_entropy": "LinearCrossEntropyLoss",
}
"""torch.nn.functional's losses and the modules that compute them."""

OURS_TO_SAY = {
    **dict.fromkeys(("device", "dtype"), "ig.build"),
    **dict.fromkeys(("in_features", "in_channels", "num_features", "num_channels", "input_size"), "inferred"),
    **dict.fromkeys(("in1_features", "in2_features", "embed_dim", "d_model", "kdim", "vdim"), "inferred"),
    **dict.fromkeys(("normalized_shape",), "inferred: axes="),
    **dict.fromkeys(("size_average", "reduce", "inplace", "batch_first", "args", "kwargs", "params"), "torch's alone"),
    **dict.fromkeys(("min_value", "max_value", "sparse", "_weight", "_freeze", "defaults"), "torch's alone"),
    **dict.fromkeys(("foreach", "fused", "capturable", "differentiable"), "how torch computes"),
    **dict.fromkeys(("enable_nested_tensor", "mask_check"), "how torch computes"),
    **dict.fromkeys(("optimizer", "last_epoch", "verbose"), "the trainer's"),
}
"""Options of torch's that nobody misses: who says it instead."""

NAMED = {"nhead": "num_heads"}
"""Options of torch's that have another name here."""

REMARKS = {
    "Adam": "decoupled_weight_decay= is AdamW",
    "ConvTranspose1d": "padding_mode is always zeros, as in torch",
    "ConvTranspose2d": "padding_mode is always zeros, as in torch",
    "ConvTranspose3d": "padding_mode is always zeros, as in torch",
    "CyclicLR": "the momentum stays: cycle_momentum=False",
    "OneCycleLR": "the momentum stays: cycle_momentum=False",
    "EmbeddingBag": "bags of one length: (N, L), no offsets; without max_norm, norm_type",
}
"""What is to be said of options, where it is more than which are not there."""


@dataclass(frozen=True)
class Covered:
    """One of torch's names, ours (None: left out), and what there is to say."""

    theirs: str
    ours: str | None
    remark: str


def public(module: ModuleType, base: type) -> list[str]:
    """The public classes of a module that are of this kind."""
    found = (name for name, kind in vars(module).items() if inspect.isclass(kind) and issubclass(kind, base))
    return sorted(name for name in found if not name.startswith("_"))


SUITES: dict[str, list[str]] = {
    "torch.nn": public(nn, nn.Module),
    "torch.nn.functional, losses": [name for name in FUNCTIONS if hasattr(functional, name)],
    "torch.optim": public(optim, optim.Optimizer),
    "torch.optim.lr_scheduler": public(optim.lr_scheduler, optim.lr_scheduler.LRScheduler),
}


def covered(name: str) -> Covered:
    """Where a name of torch's stands; LookupError where nobody has said."""
    if name in FUNCTIONS:
        found = covered(FUNCTIONS[name])
        return Covered(name, found.ours, found.remark if found.ours is None else "")
    places = [name in OTHERWISE, name in LEFT_OUT, name in ig.__all__ and name not in OTHERWISE]
    if sum(places) != 1:
        raise LookupError(f"{name}: in {sum(places)} of the three places")
    if name in LEFT_OUT:
        return Covered(name, None, LEFT_OUT[name])
    ours, remark = OTHERWISE.get(name, (name, ""))
    return Covered(name, ours, "; ".join(filter(None, [remark, lacking(name, ours)])))


def lacking(theirs: str, ours: str) -> str:
    """The options of torch's that ours of the same name has not, or has under another name."""
    if theirs in REMARKS or theirs != ours:
        return REMARKS.get(theirs, "")
    kind = next(getattr(place, theirs) for place in (nn, optim, optim.lr_scheduler) if hasattr(place, theirs))
    told = set(inspect.signature(getattr(ig, ours)).parameters)
    missing = [o for o in inspect.signature(kind).parameters if o not in OURS_TO_SAY and o not in told]
    renamed = [f"{o}= is {NAMED[o]}=" for o in missing if NAMED.get(o) in told]
    without = [o for o in missing if NAMED.get(o) not in told]
    return "; ".join([*renamed, *([f"without {', '.join(without)}"] if without else [])])


def rows(suite: str) -> Iterator[Covered]:
    """Everything of a suite, in torch's order of names."""
    return map(covered, SUITES[suite])


def tables() -> str:
    """The tables of the page."""
    lines = [f"PyTorch {torch.__version__.partition('+')[0]}:"]
    for suite in SUITES:
        found = list(rows(suite))
        out = [row for row in found if row.ours is None]
        other = [row for row in found if row.ours not in (None, row.theirs)]
        same = len(found) - len(out) - len(other)
        told = (
            f"{same + len(other)} have a loss"
            if suite.endswith("losses")
            else f"{same} under the same name, {len(other)} under another"
        )
        lines += ["", f"## {suite}", f"{len(found)} names: {told}, {len(out)} left out.", ""]
        lines += [f"| {suite.partition(',')[0]} | isograd | |", "|---|---|---|"]
        lines += [f"| `{r.theirs}` | {f'`{r.ours}`' if r.ours else 'left out'} | {r.remark} |" for r in found]
    return "\n".join(lines)


def page(text: str) -> str:
    """The page with its tables made anew."""
    before, _, rest = text.partition(START)
    return f"{before}{START}\n{tables()}\n\n{END}{rest.partition(END)[2]}"


def main(arguments: list[str]) -> None:
    if arguments == ["--write"]:
        PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print(tables())


if __name__ == "__main__":
    main(sys.argv[1:])
