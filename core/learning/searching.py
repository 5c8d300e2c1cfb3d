"""The optimizer that asks for loss and gradients several times a step: torch.optim.LBFGS."""

from __future__ import annotations

from dataclasses import field
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from isograd.core.base.description import Count, NonNegative, as_int, describes
from isograd.core.base.types import Shape
from isograd.core.learning.optimizers import Optimizer, Slot


@describes("optimizer")
class LBFGS(Optimizer):
    """d = −H g, H the inverse Hessian as the last history_size pairs (y, s) know it;   w ← w + t·d    (Nocedal 1980)

    y and s are the changes of g and of w from one iteration to the next; a pair counts where y·s > 1e-10. A step makes
    up to max_iter iterations on its one batch, with the same dropout masks, and asks for loss and gradients up to
    max_eval times (None: max_iter·5/4). t = η, and min(1, 1/Σ|g|)·η in the very first iteration; from there
    line_search_fn="strong_wolfe" looks for a t of Wolfe's strong conditions, by cubic interpolation. It ends early
    where max|g| ≤ tolerance_grad, or where direction, weights or loss change by no more than tolerance_change. Running
    statistics move with every evaluation, as in torch; carried states are those of the first. Clipping clips every
    gradient. A loss or gradient that is no number ends the step, and nothing is changed.
    Slots, for each weight: d, prev_flat_grad, and as many old_dirs (y) and old_stps (s) as history_size says, newest
    last among the first `pairs`; t, n_iter and pairs, one number each. torch keeps func_evals, too, and uses it for
    nothing; its ro and H_diag follow from the pairs. For whole batches: of small ones, y is noise.
    """

    lr: NonNegative = field(kw_only=False, default=1.0)
    max_iter: Count = 20
    max_eval: Annotated[int, BeforeValidator(as_int), Field(gt=0)] | None = None
    tolerance_grad: NonNegative = 1e-7
    tolerance_change: NonNegative = 1e-9
    history_size: Count = 100
    line_search_fn: Literal["strong_wolfe"] | None = None
    entrywise: ClassVar[bool] = False
    searches: ClassVar[bool] = True

    @property
    def evaluations(self) -> int:
        """The most evaluations of a step that begins another iteration."""
        return self.max_iter * 5 // 4 if self.max_eval is None else self.max_eval

    def memory(self, shape: Shape) -> dict[str, Slot]:
        vectors = {name: Slot(shape) for name in ("d", "prev_flat_grad")}
        pairs = {name: Slot((self.history_size, *shape)) for name in ("old_dirs", "old_stps")}
        return {**vectors, **pairs, **{name: Slot(()) for name in ("t", "n_iter", "pairs")}}
