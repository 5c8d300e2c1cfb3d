"""The cases: at least one small one for every description, each with the reason why it exists.

From them every generated test follows: claimed shapes, kept dtype, untouched inputs, formulas, finite differences,
parity in both dtypes, planted faults caught. An engine of your own is judged by the same. File names mirror
`core/layers/`; where an engine takes another path for large sizes, a case takes it too.
"""

from isograd.core.base.description import Description
from isograd.core.parity.cases import (
    activations,
    adaptive,
    attention,
    axes,
    cells,
    columns,
    combine,
    constants,
    conv,
    custom,
    dropout,
    einsum,
    elementwise,
    embedding,
    graphs,
    indexing,
    likelihoods,
    linear,
    losses,
    margins,
    norm,
    ordering,
    padding,
    pairs,
    pool,
    recurrent,
    reductions,
    resize,
    sequence,
    shape,
    shrinking,
    shuffle,
    similarity,
    slices,
    unpool,
    weighted,
)
from isograd.core.parity.cases.initializers import INITIALIZER_CASES
from isograd.core.parity.cases.kinds import Case, LawCase, LossCase, OptimizerCase, ScheduleCase
from isograd.core.parity.cases.optimizers import CLIPPING_CASES, EVERYWHERE, OPTIMIZER_CASES
from isograd.core.parity.cases.recurrent import COMBINATIONS
from isograd.core.parity.cases.schedules import SCHEDULE_CASES

CASES: dict[type[Description], list[Case]] = {
    **linear.CASES,
    **shape.CASES,
    **dropout.CASES,
    **combine.CASES,
    **elementwise.CASES,
    **pairs.CASES,
    **reductions.CASES,
    **ordering.CASES,
    **einsum.CASES,
    **activations.CASES,
    **shrinking.CASES,
    **similarity.CASES,
    **shuffle.CASES,
    **conv.CASES,
    **pool.CASES,
    **adaptive.CASES,
    **unpool.CASES,
    **resize.CASES,
    **norm.CASES,
    **embedding.CASES,
    **sequence.CASES,
    **attention.CASES,
    **cells.CASES,
    **recurrent.CASES,
    **custom.CASES,
    **axes.CASES,
    **slices.CASES,
    **padding.CASES,
    **columns.CASES,
    **constants.CASES,
    **indexing.CASES,
    **graphs.CASES,
}
LOSS_CASES: dict[type[Description], list[LossCase]] = {
    **losses.LOSS_CASES,
    **likelihoods.LOSS_CASES,
    **margins.LOSS_CASES,
    **weighted.LOSS_CASES,
    **custom.LOSS_CASES,
}

__all__ = [
    "CASES",
    "CLIPPING_CASES",
    "COMBINATIONS",
    "EVERYWHERE",
    "INITIALIZER_CASES",
    "LOSS_CASES",
    "OPTIMIZER_CASES",
    "SCHEDULE_CASES",
    "Case",
    "LawCase",
    "LossCase",
    "OptimizerCase",
    "ScheduleCase",
]
