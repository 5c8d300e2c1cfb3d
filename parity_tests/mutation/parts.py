"""The parts of isograd that faults are planted in, and the tests that must see them."""

from __future__ import annotations

from dataclasses import dataclass

from mutation.places import EVERY_KIND

NUMPY, TORCH, CORE = "isograd.backends.numpy_impl", "isograd.backends.torch_impl", "isograd.core"


@dataclass(frozen=True)
class Part:
    """Modules, and what holds them: the parity check of a function's own cases, or test files, or first the one."""

    modules: tuple[str, ...]
    files: tuple[str, ...] = ()
    kinds: tuple[str, ...] = EVERY_KIND
    cases: bool = False


TRAINING = tuple(
    f"training/test_{name}.py"
    for name in (
        *("training", "state", "batches", "evaluation", "carry", "histories", "interruptions"),
        *("clock_and_order", "callbacks_taken_up", "after_a_step", "stopping_exactly"),
    )
)
MESSAGES = tuple(f"messages/test_messages_{name}.py" for name in ("training", "fit", "state", "sequences", "data"))
ENGINES = tuple(
    f"engines/test_{name}.py"
    for name in ("backward", "book_dropout", "engines", "torch_engine", "weights", "program", "graph", "systems")
)
LEARNING = ("engines/test_metrics.py", "training/test_training.py", "training/test_evaluation.py")


def within(room: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{room}.{name}" for name in names)


PARTS = {
    "torch_layers": Part(
        within(TORCH, "layers", "modules", "recurrent", "attention", "losses", "optimizers"),
        ("engines/test_torch_engine.py", "engines/test_book_dropout.py"),
        cases=True,
    ),
    "learner": Part(
        (*within(NUMPY, "learner"), *within(TORCH, "learner", "carry", "gradients")), (*TRAINING, *ENGINES, *MESSAGES)
    ),
    "network": Part(
        (*within(NUMPY, "network", "context", "program"), *within(TORCH, "network", "build", "randomness")),
        (*ENGINES, "engines/test_recurrent.py", "messages/test_messages_build.py", *TRAINING),
    ),
    "loader": Part((*within(NUMPY, "loader"), *within(TORCH, "loader")), (*TRAINING, *ENGINES)),
    "trainer": Part(
        within(f"{CORE}.training", "trainer", "fitting", "state", "watching", "checks", "belonging"),
        (*TRAINING, *MESSAGES),
    ),
    "batches": Part(within(f"{CORE}.engine", "batches", "carry"), (*TRAINING, *MESSAGES, *ENGINES)),
    "data": Part(
        within(f"{CORE}.data", "dataset", "prepare", "streams"),
        (
            "data/test_data.py",
            "data/test_split_exactly.py",
            "data/test_wrapped_data.py",
            "data/test_prepare.py",
            "data/test_streams.py",
            "messages/test_messages_data.py",
            "messages/test_messages_sequences.py",
            "training/test_batches.py",
        ),
    ),
    "search": Part(within(NUMPY, "searching"), ("engines/test_optimizers.py", "messages/test_messages_training.py")),
    "learning": Part(
        within(f"{CORE}.learning", "schedules", "schedulers", "cycles", "combined", "metrics"),
        (*LEARNING, "training/test_schedules.py", "messages/test_messages_training.py"),
    ),
    "judge": Part(
        (
            *within(f"{CORE}.parity", "matching", "added", "witness", "check", "verdict", "report"),
            *within(f"{CORE}.parity.stages", "end_to_end", "free_run", "locked_steps", "loss", "node", "nudging"),
            *within(f"{CORE}.parity.stages", "rounding", "tracing", "training", "trial"),
        ),
        (
            *(f"parity/test_{name}.py" for name in ("matching", "rounding", "tracing", "verdicts", "blame")),
            *(f"parity/test_{name}.py" for name in ("cancelling", "report", "several_engines", "trajectories")),
            "law/test_mutants.py::test_every_planted_fault_is_caught_and_numpy_is_blamed[losses-0]",
        ),
    ),
}
"""What is no operation of NumPy's; those are `numpy_operations`. Test files: the most telling first."""

Known = tuple[str, str, str]
"""(module, function, text before) of a fault: the first one there"""

KNOWN: dict[str, tuple[tuple[str, ...], tuple[Known, ...]]] = {
    "engines": (
        ("training/test_training.py", "engines/test_backward.py", "engines/test_torch_engine.py"),
        (
            (f"{NUMPY}.learner", "NumpyLearner._change", "self.t += 1"),
            (f"{NUMPY}.network", "NumpyNetwork.forward", "self.keep(buffers)"),
            (f"{TORCH}.learner", "TorchLearner._step", "self.optimizer.zero_grad()"),
            (f"{TORCH}.network", "TorchNetwork._called", "if self.module.training != training"),
            (f"{TORCH}.randomness", "seeded", "generator.manual_seed(key)"),
        ),
    ),
    "trainer": (
        ("training/test_training.py", "training/test_batches.py", "training/test_clock_and_order.py"),
        (
            (f"{CORE}.training.trainer", "Trainer._epoch", "self.epochs_done += 1"),
            (f"{CORE}.training.fitting", "Fit.elapsed", "perf_counter() - self.since"),
            (f"{CORE}.training.watching", "BestWeights.epoch_ends", "self.waited += 1"),
            (f"{CORE}.engine.batches", "aligned", "next(waiting) if loss is not None else None"),
        ),
    ),
    "data": (
        ("data/test_data.py", "data/test_prepare.py", "data/test_streams.py"),
        ((f"{CORE}.data.streams", "windows_at", "places + 1"),),
    ),
    "judge": (
        ("parity/test_cancelling.py", "parity/test_report.py"),
        (
            (f"{CORE}.parity.stages.rounding", "Rounding.judge", "not gap.exceeds(NOISE_FACTOR * least)"),
            (f"{CORE}.parity.stages.free_run", "_end", "(steps or training.steps) + 1"),
            (f"{CORE}.parity.added", "_of_weights", "total / max(state[name].size, 1)"),
            (f"{CORE}.parity.matching", "difference", "a.shape != b.shape"),
        ),
    ),
}
"""Faults that are known to be caught, and the few tests that catch them: `--known` plants these alone."""
