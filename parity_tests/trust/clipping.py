"""Clipping: before or after, by all weights or one by one, the figures in it."""

from __future__ import annotations

from trust.record import elsewhere, rule

LEARNER = "backends.numpy_impl.learner"
FAULTS = [
    rule(
        "each weight is clipped by its own norm",
        "optimizers",
        "    scale = min(1.0, spec.max_norm / (norm + 1e-6))\n"
        "    return {path: g * g.dtype.type(scale) for path, g in grads.items()}",
        "    return {\n"
        "        path: g * g.dtype.type(min(1.0, spec.max_norm / (sqrt(float(np.vdot(g, g))) + 1e-6 + 0 * norm)))\n"
        "        for path, g in grads.items()\n"
        "    }",
        "ClipNorm",
    ),
    rule(
        "small gradients are scaled up",
        "optimizers",
        "scale = min(1.0, spec.max_norm / (norm + 1e-6))",
        "scale = spec.max_norm / (norm + 1e-6)",
        "ClipNorm",
    ),
    rule(
        "the norm is not a root",
        "optimizers",
        "norm = sqrt(sum(float(np.vdot(g, g)) for g in grads.values()))",
        "norm = sum(float(np.vdot(g, g)) for g in grads.values())",
        "ClipNorm",
    ),
    rule(
        "the norm is the largest entry",
        "optimizers",
        "norm = sqrt(sum(float(np.vdot(g, g)) for g in grads.values()))",
        "norm = max(float(np.abs(g).max()) for g in grads.values())",
        "ClipNorm",
    ),
    rule("nothing is added to the norm", "optimizers", "(norm + 1e-6))", "(norm + 1e-3))", "ClipNorm"),
    rule(
        "only what is too large is clipped, not what is too small",
        "optimizers",
        "np.clip(g, -spec.limit, spec.limit)",
        "np.minimum(g, spec.limit)",
        "ClipValue",
    ),
    rule(
        "the limit is one of the norm",
        "optimizers",
        "np.clip(g, -spec.limit, spec.limit)",
        "g * g.dtype.type(min(1.0, spec.limit / (float(np.linalg.norm(g)) + 1e-6)))",
        "ClipValue",
    ),
    elsewhere(
        "steps are not clipped",
        LEARNER,
        "clipped = self._clipped(flat)\n            with Unbroken():",
        "clipped = flat\n            with Unbroken():",
        "training/test_histories.py::test_the_same_training_gives_the_same_history_in_both_engines",
        model="clipped by norm",
    ),
    elsewhere(
        "steps are clipped twice",
        LEARNER,
        "clipped = self._clipped(flat)\n            with Unbroken():",
        "clipped = self._clipped(self._clipped({p: g * 2 for p, g in flat.items()}))\n            with Unbroken():",
        "training/test_histories.py::test_the_same_training_gives_the_same_history_in_both_engines",
        model="clipped by value",
    ),
    elsewhere(
        "gradients that are asked for are not clipped",
        LEARNER,
        "return loss, dx if isinstance(dx, tuple) else (dx,), self._clipped(self.net.with_zeros(grads))",
        "return loss, dx if isinstance(dx, tuple) else (dx,), self.net.with_zeros(grads)",
        "training/test_learners.py::test_gradients_that_are_asked_for_are_clipped",
    ),
    elsewhere(
        "the torch engine clips after the step",
        "backends.torch_impl.learner",
        "        if self.clipping is not None:\n"
        "            CLIPPINGS[type(self.clipping)](self.clipping, self.params)\n"
        "        for group",
        "        for group",
        "training/test_histories.py::test_the_same_training_gives_the_same_history_in_both_engines",
        model="clipped by norm",
    ),
    elsewhere(
        "clipping decides whether a step can be taken",
        LEARNER,
        "self.headroom.suffices(lr, norm(grads.values()), self._weights_norm)",
        "self.headroom.suffices(lr, 0 * norm(clipped.values()), self._weights_norm)",
        "training/test_nonfinite.py::test_a_finite_loss_of_an_infinite_gradient",
    ),
]
