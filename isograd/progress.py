"""When a fit draws its progress, and the bar that it draws. rich is loaded for a bar that is drawn alone."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from time import monotonic
from typing import TYPE_CHECKING, Any

from isograd.core.training.callbacks import Callback
from isograd.core.training.history import Epoch, History

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

REFRESH = 0.1  # seconds between two updates: a step must not pay for the picture of it


def bar(progress: bool | None) -> ProgressBar | None:
    """A bar if it is asked for; where nothing is said, on a terminal and in a notebook that can show one."""
    wanted = progress or (progress is None and (sys.stdout.isatty() or _in_a_notebook()))
    return ProgressBar() if wanted else None


def _in_a_notebook() -> bool:
    """Whether a notebook's kernel runs this, and rich finds there the package that it draws with."""
    return "ipykernel" in sys.modules and find_spec("ipywidgets") is not None


class ProgressBar(Callback):
    """One bar for the whole fit, with the epoch, its loss and the last validation."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console
        self.bar: Progress | None = None

    def fit_starts(self, trainer: Any, epochs: int, steps: int) -> None:
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        self.bar = Progress(*columns, TextColumn("{task.fields[said]}"), console=self.console)
        self.task = self.bar.add_task(trainer.net.backend, total=epochs * steps, said="")
        self.done, self.drawn = 0, 0.0

    def step_ends(self, trainer: Any, loss: float) -> None:
        self.done = trainer.steps_of_fit  # of one that is gone on with, those before it too
        if self.bar is not None and monotonic() - self.drawn > REFRESH:
            self.bar.start()  # only now: nothing is drawn for a fit that is refused before its first step
            self.bar.update(self.task, completed=self.done)
            self.drawn = monotonic()

    def epoch_ends(self, trainer: Any, epoch: Epoch) -> None:
        measured = {"loss": epoch.train_loss, "validation": epoch.validation_loss, **epoch.metrics}
        said = "  ".join(f"{name} {value:.4f}" for name, value in measured.items() if value is not None)
        if self.bar is not None:
            self.bar.update(self.task, completed=self.done, said=f"epoch {epoch.number}  {said}")

    def fit_ends(self, trainer: Any, history: History) -> None:
        if self.bar is not None:
            self.bar.stop()
            self.bar = None
