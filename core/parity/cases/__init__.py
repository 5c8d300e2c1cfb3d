"""The cases: at least one small one for every description, each with the reason why it exists.

From them every generated test follows: claimed shapes, kept dtype, untouched inputs, definitions, finite
differences, parity in both dtypes, planted faults caught. A backend of your own is judged by the same.
"""

from isograd.core.base.description import Description
from isograd.core.graph.model import Model
from isograd.core.graph.sequential import Sequential
from isograd.core.parity.cases.attention import ATTENTION_CASES
from isograd.core.parity.cases.custom import CUSTOM_CASES, CUSTOM_LOSS_CASES
from isograd.core.parity.cases.images import IMAGE_CASES, IMAGE_MODEL_CASES
from isograd.core.parity.cases.kinds import Case, LawCase, LossCase, OptimizerCase, ScheduleCase
from isograd.core.parity.cases.layers import LAYER_CASES
from isograd.core.parity.cases.recurrent import (
    COMBINATIONS,
    RECURRENT_CASES,
    RECURRENT_MODEL_CASES,
    RECURRENT_SEQUENTIAL_CASES,
)
from isograd.core.parity.cases.sequences import SEQUENCE_CASES
from isograd.core.parity.cases.training import (
    CLIPPING_CASES,
    INITIALIZER_CASES,
    OPTIMIZER_CASES,
    SCHEDULE_CASES,
)
from isograd.core.parity.cases.training import LOSS_CASES as BUILT_IN_LOSS_CASES

CASES: dict[type[Description], list[Case]] = {
    **LAYER_CASES,
    **IMAGE_CASES,
    **SEQUENCE_CASES,
    **ATTENTION_CASES,
    **RECURRENT_CASES,
    **CUSTOM_CASES,
    Sequential: [*LAYER_CASES[Sequential], *RECURRENT_SEQUENTIAL_CASES],
    Model: [*LAYER_CASES[Model], *IMAGE_MODEL_CASES, *RECURRENT_MODEL_CASES],
}
LOSS_CASES: dict[type[Description], list[LossCase]] = {**BUILT_IN_LOSS_CASES, **CUSTOM_LOSS_CASES}

__all__ = [
    "CASES",
    "CLIPPING_CASES",
    "COMBINATIONS",
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
