"""Public names that are loaded when they are first asked for: most training needs none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a type checker knows them from here
    from isograd import experiments, text
    from isograd.backends.torch_impl.importer import from_torch
    from isograd.backends.torch_impl.porting import compare_modules
    from isograd.checking import OperationReport, check_operation
    from isograd.core.graph.custom_decorator import custom
    from isograd.core.parity.gradients import check_gradients
    from isograd.core.parity.halving import bisect
    from isograd.core.parity.traces import Trace, diff
    from isograd.experiments import Experiment, Options, Prepared, Recipe
    from isograd.exporting import Export, export
    from isograd.judging import check_parity
    from isograd.text import Vocabulary, generate
    from isograd.tracing import record

PLACES = {
    "isograd.backends.torch_impl.importer": ["from_torch"],
    "isograd.backends.torch_impl.porting": ["compare_modules"],
    "isograd.checking": ["OperationReport", "check_operation"],
    "isograd.core.graph.custom_decorator": ["custom"],
    "isograd.judging": ["check_parity"],
    "isograd.core.parity.gradients": ["check_gradients"],
    "isograd.core.parity.halving": ["bisect"],
    "isograd.core.parity.traces": ["Trace", "diff"],
    "isograd.experiments": ["Experiment", "Options", "Prepared", "Recipe", "experiments"],
    "isograd.exporting": ["Export", "export"],
    "isograd.text": ["Vocabulary", "generate", "text"],
    "isograd.tracing": ["record"],
}
"""{the module that holds them: the names}"""

__all__ = [
    "Experiment",
    "Export",
    "OperationReport",
    "Options",
    "Prepared",
    "Recipe",
    "Trace",
    "Vocabulary",
    "bisect",
    "check_gradients",
    "check_operation",
    "check_parity",
    "compare_modules",
    "custom",
    "diff",
    "experiments",
    "export",
    "from_torch",
    "generate",
    "record",
    "text",
]
