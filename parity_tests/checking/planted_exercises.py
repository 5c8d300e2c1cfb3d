"""The hidden faults of the exercises: a text of the solution, what a student writes instead, and what is said to it."""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    exercise: str
    right: str
    wrong: str
    told: str


FAULTS = [
    Fault("dense", "x @ self.weight.T + self.bias", "x @ self.weight.T", "y: the bias is left out"),
    Fault("dense", '"weight": dy.T @ self.x', '"weight": dy.T @ self.x / len(dy)', "dweight is divided by N"),
    Fault("dense", '"bias": dy.sum(0)', '"bias": dy[-1]', "dbias: dy of the last sample alone counts"),
    Fault(
        "dense",
        '"bias": dy.sum(0)',
        '"bias": dy.sum(0, keepdims=True)[:, :2]',
        "dbias has shape (1, 2), should be (3,)",
    ),
    Fault("dense", "return dy @ self.weight,", "return np.zeros_like(self.x),", "dx is exactly 0"),
    Fault("dense", ', "bias": dy.sum(0)', "", "dbias is nowhere: return it from backward"),
    Fault("dense", "self.x = x\n", "self.x = x.astype(np.float32)\n", "dweight is off by"),
    Fault(
        "dense",
        '"weight": dy.T @ self.x',
        '"weight": self.x.T @ dy',
        "dweight has shape (4, 3), should be (3, 4): transpose",
    ),
    Fault("dense", "dy @ self.weight,", "np.ones_like(dy) @ self.weight,", "dx does not depend on dy"),
    Fault("dense", '"weight": dy.T @ self.x', '"weight": -dy.T @ self.x', "dweight has the wrong sign"),
    Fault(
        "dense", "self.x = x\n", "self.x = x\n        x *= 1.0\n        x += 1e-3\n", "x is written to: work on a copy"
    ),
    Fault(
        "dense",
        "return dy @ self.weight,",
        "dy *= 2\n        dy /= 2\n        return dy @ self.weight,",
        "raises ValueError",
    ),
    Fault(
        "dense",
        "self.x = x\n",
        "assert x.flags.c_contiguous\n        self.x = x\n",
        "for arrays that are not contiguous",
    ),
    Fault(
        "relu",
        "self.mask = x > 0",
        "self.mask = np.ones_like(x, bool)",
        "y: the mask is always true: negative inputs pass",
    ),
    Fault("relu", "return dy * self.mask", "return dy", "dx: the mask is always true: negative inputs pass"),
    Fault("relu", "return dy * self.mask", "return dy * self.mask * 2", "dx is 2 times what it should be"),
    Fault("relu", "self.mask = x > 0", "self.mask = x > 0.1", "y is wrong for"),
    Fault("relu", "return dy * self.mask", "return np.where(self.mask, 3 * dy, 0)", "dx is 3 times what it should be"),
    Fault(
        "relu",
        "return x * self.mask",
        "return np.where(x > 0, x**2, 0)",
        "y is right for negative inputs, wrong where some",
    ),
    Fault("relu", "self.mask = x > 0", "self.mask = np.where(x == 0, 7.0, x > 0)", "dx at 0 is"),
    Fault("softmax_cross_entropy", "return dz / len(dz)", "return dz", "they differ by the factor N"),
    Fault("softmax_cross_entropy", ".mean()", ".sum()", "they differ by the factor 1/N"),
    Fault("softmax_cross_entropy", "z = z - z.max(1, keepdims=True)", "z = z + 0", "subtract the largest first"),
    Fault("softmax_cross_entropy", "-= 1", "-= 0", "the loss is not the antiderivative of its gradient"),
    Fault("softmax_cross_entropy", "np.log(np.exp", "np.log(1e-7 + np.exp", "L is off by"),
    Fault("convolution", '"nopq,ncpquv->ocuv"', '"nopq,ncpqvu->ocuv"', "dweight is wrong for"),
    Fault("convolution", "dw = np.einsum", "dw = dy @ np.einsum", "backward raises"),
    Fault(
        "convolution",
        "self.windows, self.weight)",
        "self.windows, self.weight[:, :, ::-1, ::-1])",
        "y: the kernel is flipped",
    ),
    Fault(
        "convolution",
        "return dx, {",
        "dw = dw[:, :, ::-1, ::-1]\n        return dx, {",
        "dweight: the kernel is flipped",
    ),
    Fault(
        "convolution",
        "self.weight[:, :, u, v])",
        "self.weight[:, :, 2 - u, v])",
        "dx is right for symmetric kernels alone",
    ),
    Fault(
        "convolution",
        "dx[:, :, u : u + down, v : v + across] +=",
        "dx[:, :, u : u + down, v : v + across] =",
        "dx is wrong for",
    ),
    Fault("convolution", '"bias": dy.sum((0, 2, 3))', '"bias": dy.mean((0, 2, 3))', "dbias is"),
    Fault(
        "pooling",
        "dx[n, c, 2 * p + self.place // 2, 2 * q + self.place % 2] = dy",
        "dx[:] = dy.mean()",
        "dx is wrong for",
    ),
    Fault("pooling", "self.place % 2", "self.place // 2", "dx is wrong for"),
    Fault(
        "batch_norm",
        "g = g - g.mean(AXES, keepdims=True) - self.z * (g * self.z).mean(AXES, keepdims=True)",
        "g = g + 0",
        "dx: the normalisation is ignored in backward: mean and variance depend on x as well",
    ),
    Fault(
        "batch_norm",
        "self.running_var + 0.1 * var * count / (count - 1)",
        "self.running_var + 0.1 * var",
        "the running variance is the biased one",
    ),
    Fault(
        "batch_norm",
        "0.9 * self.running_mean + 0.1 * mean",
        "0.1 * self.running_mean + 0.9 * mean",
        "momentum is taken as the share of the old value",
    ),
    Fault("batch_norm", "if training:", "if True:", "y is right in training, wrong in evaluation"),
    Fault("batch_norm", '"bias": dy.sum(AXES)', '"bias": dy.sum((2, 3))[0]', "dbias"),
    Fault("batch_norm", "np.sqrt(var + 1e-5)", "np.sqrt(var) + 1e-5", "y is off by"),
    Fault(
        "rnn",
        "dx[:, t], dh = da @ self.weight_ih, da @ self.weight_hh",
        "dx[:, t], dh = da @ self.weight_ih, 0 * dh",
        "the recurrent path is cut",
    ),
    Fault("rnn", "dh = dh + dy[:, t]", "dh = dy[:, t]", "the gradient to earlier steps is exactly 0"),
    Fault("rnn", 'grads["weight_hh"] += da.T @ self.h[t]', 'grads["weight_hh"] += da.T @ self.h[t + 1]', "dweight_hh"),
    Fault("rnn", "(1 - self.h[t + 1] ** 2)", "1", "dx is wrong for"),
    Fault(
        "rnn",
        "+ self.h[-1] @ self.weight_hh.T",
        "+ self.h[0] @ self.weight_hh.T",
        "y is right for one step, wrong for 4",
    ),
    Fault("gru", "dh * z + db @ self.weight_hh", "db @ self.weight_hh", "a path through time is lost"),
    Fault(
        "gru",
        "dh * z + db @ self.weight_hh",
        "np.zeros_like(dh)",
        "dx: the gradient to earlier steps is exactly 0: the recurrent path is cut",
    ),
    Fault("gru", "h = (1 - z) * n + z * h", "h = z * n + (1 - z) * h", "y is wrong for"),
    Fault("gru", "ar, az, an = np.split(x", "az, ar, an = np.split(x", "y is wrong for"),
    Fault(
        "lstm",
        "ai, af, ag, ao = np.split",
        "ai, af, ao, ag = np.split",
        "y: the gates stand in the order i, f, o, g: here it is i, f, g, o",
    ),
    Fault("lstm", "da @ self.weight_hh, dc * f", "da @ self.weight_hh, dc * 0", "a path through time is lost"),
    Fault("lstm", "dc = dc + dh * o * (1 - tanh**2)", "dc = dh * o * (1 - tanh**2)", "a path through time is lost"),
    Fault(
        "attention",
        "k.swapaxes(-1, -2) / q.shape[-1] ** 0.5",
        "k.swapaxes(-1, -2)",
        "y: the scores are not divided by √d",
    ),
    Fault(
        "attention", "- (da * self.a).sum(-1, keepdims=True)", "- 0", "dx: the softmax's sum is taken for a constant"
    ),
    Fault("attention", "- scores.max(-1, keepdims=True)", "- 0", "subtract the largest first"),
    Fault(
        "attention",
        "return ds @ self.k, ds.swapaxes(-1, -2) @ self.q,",
        "return ds.swapaxes(-1, -2) @ self.q, ds @ self.k,",
        "dx",
    ),
    Fault("adam", "self.v[name] / (1 - b2**self.t)", "self.v[name]", "only m is corrected, v is not"),
    Fault("adam", "(np.sqrt(v) + self.eps)", "np.sqrt(v + self.eps)", "ε stands inside the root"),
    Fault(
        "adam",
        "        self.t += 1\n        for name, w in params.items():\n",
        "        for name, w in params.items():\n            self.t += 1\n",
        "the steps are counted once for every weight",
    ),
    Fault("adam", "self.t += 1", "self.t = 1", "the bias correction is always that of the first step"),
    Fault("adam", "w -= self.lr", "w += self.lr", "the step goes uphill"),
    Fault(
        "adam",
        "w -= self.lr * m / (np.sqrt(v) + self.eps)",
        "w = w - self.lr * m / (np.sqrt(v) + self.eps)",
        "the weights do not change",
    ),
    Fault("adam", "b1, b2 = self.betas", "b2, b1 = self.betas", "β₁ and β₂ are exchanged"),
    Fault("adam", "g = grads[name]", "g = grads[name]\n            g *= 1.5", "the gradients are written to"),
    Fault("adam", "+ (1 - b2) * g * g", "+ (1 - b2) * g", "the weights are NaN"),
]
