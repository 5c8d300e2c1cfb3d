"""A progress bar for fits, drawn with rich."""

from __future__ import annotations

from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from isograd.core.training.callbacks import Callback
from isograd.core.training.history import Epoch, History
from isograd.core.training.trainer import Trainer

REFRESH = 0.1  # seconds between two updates: a step must not pay for the picture of it


class ProgressBar(Callback):
    """One bar for the whole fit, with the epoch, its loss and the last validation."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console
        self.bar: Progress | None = None

    def fit_starts(self, trainer: Trainer, epochs: int, steps: int) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        self.bar = Progress(*columns, TextColumn("{task.fields[said]}"), console=self.console)
        self.task: TaskID = self.bar.add_task(trainer.net.backend, total=epochs * steps, said="")
        self.done, self.drawn = 0, 0.0

    def step_ends(self, trainer: Trainer, loss: float) -> None:
        self.done += 1
        if self.bar is not None and monotonic() - self.drawn > REFRESH:
            self.bar.start()  # only now: nothing is drawn for a fit that is refused before its first step
            self.bar.update(self.task, completed=self.done)
            self.drawn = monotonic()

    def epoch_ends(self, trainer: Trainer, epoch: Epoch) -> None:
        measured = {"loss": epoch.train_loss, "validation": epoch.validation_loss, **epoch.metrics}
        said = "  ".join(f"{name} {value:.4f}" for name, value in measured.items() if value is not None)
        if self.bar is not None:
            self.bar.update(self.task, completed=self.done, said=f"epoch {epoch.number}  {said}")

    def fit_ends(self, trainer: Trainer, history: History) -> None:
        if self.bar is not None:
            self.bar.stop()
            self.bar = None
