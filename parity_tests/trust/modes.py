"""Evaluation against training: what runs, drops, remembers and normalises in which."""

from __future__ import annotations

from trust.record import elsewhere, operation

NUMPY, TORCH = "backends.numpy_impl", "backends.torch_impl"
FAULTS = [
    operation(
        "dropout drops in evaluation",
        "dropout",
        "    if run.training:\n        shape",
        "    if True:\n        shape",
        "Dropout",
    ),
    operation(
        "the book's dropout is not scaled in evaluation",
        "dropout",
        'mask = 1 - spec.p if spec.scale == "inference" else 1.0',
        "mask = 1.0",
        "Dropout",
    ),
    operation(
        "the book's dropout is scaled in training",
        "dropout",
        'scaled=spec.scale == "training")',
        "scaled=True)",
        "Dropout",
    ),
    operation(
        "a batch norm uses the batch in evaluation",
        "norm",
        "if not run.training and spec.track_running_stats:\n        return by_the_past",
        "if False:\n        return by_the_past",
        "BatchNorm1d",
        "BatchNorm2d",
    ),
    operation(
        "a batch norm without memory uses it in evaluation all the same",
        "norm",
        "    if not spec.track_running_stats:\n        return y, backward\n",
        "    if not spec.track_running_stats:\n        return y + (0 if run.training else 1e-3), backward\n",
        "BatchNorm1d",
        "BatchNorm2d",
    ),
    operation(
        "in evaluation the mean's gradient is taken off too",
        "channels",
        "dx = (upstream * spread(a, rows)).reshape(x.shape)",
        "dx = (upstream * spread(a, rows)).reshape(x.shape)\n        dx = dx - dx.mean(0)",
        "BatchNorm1d",
        "BatchNorm2d",
    ),
    operation(
        "in evaluation the weight's gradient is made with x as it is",
        "channels",
        'grads = {"weight": multiplied(upstream, rows - spread(mean, rows)) * scale}',
        'grads = {"weight": multiplied(upstream, rows) * scale}',
        "BatchNorm1d",
        "BatchNorm2d",
    ),
    operation(
        "an instance norm remembers in evaluation",
        "norm",
        "if not (run.training and spec.track_running_stats):",
        "if not spec.track_running_stats:",
        "InstanceNorm1d",
        "InstanceNorm2d",
    ),
    operation(
        "attention drops in evaluation",
        "attention",
        "m = dropout_mask(run, A.shape, spec.dropout, A.dtype) if run.training and spec.dropout else None\n"
        "    B = A if m is None else A * m\n    joined",
        "m = dropout_mask(run, A.shape, spec.dropout, A.dtype) if spec.dropout else None\n"
        "    B = A if m is None else A * m\n    joined",
        "MultiheadAttention",
    ),
    operation(
        "attention drops the scores' gradient by no mask",
        "attention",
        "        if m is not None:\n            dS *= m\n        into_shares(dS, A)\n        np.matmul(dS, K, out=dQ)",
        "        into_shares(dS, A)\n        np.matmul(dS, K, out=dQ)",
        "MultiheadAttention",
    ),
    operation(
        "a stack of recurrent layers drops in evaluation",
        "recurrent",
        "if not (layer and run.training and spec.dropout):",
        "if not (layer and spec.dropout):",
        "LSTM",
        "GRU",
    ),
    operation(
        "the first layer of a stack is dropped from as well",
        "recurrent",
        "if not (layer and run.training and spec.dropout):",
        "if not (run.training and spec.dropout):",
        "LSTM",
        "GRU",
    ),
    operation(
        "alpha dropout keeps its mean only in training's gradient",
        "dropout",
        "return x * mask + ((a - mask) * x.dtype.type(DROPPED) + b), backward",
        "return x * mask + (a - mask) * x.dtype.type(DROPPED), backward",
        "AlphaDropout",
        "FeatureAlphaDropout",
    ),
    operation(
        "stochastic depth drops a batch row by row",
        "dropout",
        "shape = (len(x) if by_row else 1, *[1] * (x.ndim - 1))\n    mask",
        "shape = (len(x), *[1] * (x.ndim - 1))\n    mask",
        "StochasticDepth",
    ),
    elsewhere(
        "the torch engine stays in the mode of its last call",
        f"{TORCH}.network",
        "if self.module.training != training:",
        "if training and not self.module.training:",
        model="wide regression",
    ),
    elsewhere(
        "an evaluation computes in training mode",
        f"{NUMPY}.learner",
        "y, _, _ = self.net.compute(x, training=False, needs_dx=False)",
        "y, _, _ = self.net.compute(x, training=True, needs_dx=False)",
        "training/test_histories.py::test_the_same_training_gives_the_same_history_in_both_engines",
    ),
    elsewhere(
        "a prediction computes in training mode",
        f"{TORCH}.network",
        "y = self.compute(self.tensors(piece), training=False)",
        "y = self.compute(self.tensors(piece), training=True)",
        "engines/test_second_calls.py::test_predict_is_forward_however_the_batch_is_cut",
    ),
    elsewhere(
        "activations move the buffers on",
        f"{TORCH}.network",
        "            with self.buffers_aside():\n"
        "                self._called(self.module, self.tensors(arrays), training)",
        "            if True:\n                self._called(self.module, self.tensors(arrays), training)",
        "engines/test_backward.py::test_a_forward_in_training_moves_the_buffers_on_and_nothing_else_does",
    ),
]
