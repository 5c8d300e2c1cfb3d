"""The GRU over all steps of a sequence, in the layout of scans.py: one loop, and the two places of the reset gate."""

from __future__ import annotations

import numpy as np

from isograd.backends.numpy_impl.operations.scans import QUIET, Scanned, columns, memory, squash, with_bias
from isograd.core.base.types import Array, Arrays, State
from isograd.core.layers import GRU


@QUIET
def gru_scan(spec: GRU, p: State, x: Array, state: Arrays, alive: Array | None) -> Scanned:
    """r, z = σ(·)   n = tanh(an + m)   h = n + z ⊙ (h₋ − n),   m = r ⊙ (Uₙ h₋ + cₙ) or Uₙ (r ⊙ h₋) + cₙ: see `Reset`

    dan = dh ⊙ (1−z)(1−n²)        daz = dh ⊙ (h₋−n)·z(1−z)        dar = dm/dr ⊙ r(1−r)
    dh₋ = dh ⊙ z + what comes back through U        [dW db] = [dar daz dan] [x; 1]ᵀ
    """
    (h0,), (F, T, N) = state, x.shape
    H, biased = len(h0), "bias_ih" in p
    W = halved(p, "ih")
    X = memory(x[:0, 0], x, ones=biased)[:, :T]
    Z = memory(h0, x[:0], ones=biased)
    A = (W @ columns(X)).reshape(3, H, T, N)
    reset = RESETS[spec.reset](p, Z)
    rz, n = np.empty((T, 2, H, N), x.dtype), np.empty((T, H, N), x.dtype)
    for t in range(T):
        np.add(A[:2, :, t], reset.gates(t), out=rz[t])
        np.tanh(rz[t], out=rz[t])
        squash(rz[t])
        r, z = rz[t]
        np.add(A[2, :, t], reset.candidate(t, r), out=n[t])
        np.tanh(n[t], out=n[t])
        h = Z[:H, t]
        new = h - n[t]
        new *= z
        np.add(n[t], new, out=new)
        Z[:H, t + 1] = new if alive is None else np.where(alive[t], new, h)

    @QUIET
    def backward(dh: Array, dfinal: Arrays, needs_dx: bool) -> tuple[Array | None, Arrays, State]:
        r, z = rz.swapaxes(0, 1)
        of_n, of_z = (1 - z) * (1 - n * n), (reset.before - n) * z * (1 - z)
        of_r = reset.of_r() * r * (1 - r)
        D = np.zeros((4, H, T, N), x.dtype)  # dan, dar, daz, dbn: the first three reach W, the last three U
        (back,) = dfinal
        for t in reversed(range(T)):
            total = dh[:, t] + back
            if alive is not None:
                kept = total * ~alive[t]
                total *= alive[t]
            np.multiply(total, of_n[t], out=D[0, :, t])
            np.multiply(total, of_z[t], out=D[2, :, t])
            total *= z[t]
            back = reset.back(D[:, :, t], r[t], of_r[t])
            back += total
            if alive is not None:
                back += kept
        d = D.reshape(4 * H, -1)
        from_x = np.roll(d[: 3 * H] @ columns(X).T, -H, axis=0)  # rows n, r, z become r, z, n
        from_h = reset.weight_gradient(d[H:])
        grads = {"weight_ih": from_x[:, :F], "weight_hh": from_h[:, :H]}
        if biased:
            grads |= {"bias_ih": from_x[:, -1], "bias_hh": from_h[:, -1]}
        dx = (np.roll(p["weight_ih"], H, axis=0).T @ d[: 3 * H]).reshape(x.shape) if needs_dx else None
        return dx, (back,), grads

    return (Z[:H, 1:], (Z[:H, T],)), backward


def halved(p: State, side: str) -> Array:
    """[W b] of a GRU, the rows of r and z halved for their tanh"""
    W = np.concatenate([p[f"weight_{side}"], *with_bias(p, f"bias_{side}")], axis=1)
    W[: len(W) // 3 * 2] *= 0.5
    return W


class Reset:
    """Where a GRU's reset gate stands: m, and the way back through U = [U_r; U_z; Uₙ].   Z: [h₋; 1] at every step

    gates(t) → [U_r; U_z] h₋ + [c_r; c_z], halved        candidate(t, r) → m        of_r() → what dar is made with
    back(d, r, of_r) → what comes back to h₋; of d = dan, dar, daz, dbn it fills in dar and dbn
    weight_gradient(d) → [dU dc], of d = dar, daz, dbn at all steps
    """

    def __init__(self, p: State, Z: Array) -> None:
        self.U, self.R, self.Z = p["weight_hh"], halved(p, "hh"), Z
        self.H, self.steps = self.U.shape[1], Z.shape[1] - 1
        self.before = Z[: self.H, : self.steps].swapaxes(0, 1)  # h₋, (T, H, N)


class ResetAfter(Reset):
    """m = r ⊙ bn, bn = Uₙ h₋ + cₙ        dar = dan ⊙ bn·r(1−r)        dbn = dan ⊙ r        to h₋: Uᵀ [dar daz dbn]"""

    def __init__(self, p: State, Z: Array) -> None:
        super().__init__(p, Z)
        self.b = np.empty((self.steps, 3, self.H, Z.shape[2]), Z.dtype)

    def gates(self, t: int) -> Array:
        np.matmul(self.R, self.Z[:, t], out=self.b[t].reshape(3 * self.H, -1))
        return self.b[t, :2]

    def candidate(self, t: int, r: Array) -> Array:
        m: Array = r * self.b[t, 2]
        return m

    def of_r(self) -> Array:
        return self.b[:, 2]

    def back(self, d: Array, r: Array, of_r: Array) -> Array:
        np.multiply(d[0], of_r, out=d[1])
        np.multiply(d[0], r, out=d[3])
        return self.U.T @ d[1:].reshape(3 * self.H, -1)

    def weight_gradient(self, d: Array) -> Array:
        return d @ columns(self.Z[:, : self.steps]).T


class ResetBefore(Reset):
    """m = Uₙ (r ⊙ h₋) + cₙ        e = Uₙᵀ dan        dar = e ⊙ h₋·r(1−r)        dbn = dan

    To h₋: e ⊙ r + [U_r; U_z]ᵀ [dar daz].
    """

    def __init__(self, p: State, Z: Array) -> None:
        super().__init__(p, Z)
        self.Q = Z[:, : self.steps].copy()  # [r ⊙ h₋; 1]

    def gates(self, t: int) -> Array:
        return (self.R[: 2 * self.H] @ self.Z[:, t]).reshape(2, self.H, -1)

    def candidate(self, t: int, r: Array) -> Array:
        np.multiply(r, self.Z[: self.H, t], out=self.Q[: self.H, t])
        return self.R[2 * self.H :] @ self.Q[:, t]

    def of_r(self) -> Array:
        return self.before

    def back(self, d: Array, r: Array, of_r: Array) -> Array:
        e: Array = self.U[2 * self.H :].T @ d[0]
        np.multiply(e, of_r, out=d[1])
        d[3] = d[0]
        e *= r
        e += self.U[: 2 * self.H].T @ d[1:3].reshape(2 * self.H, -1)
        return e

    def weight_gradient(self, d: Array) -> Array:
        gates, candidate = d[: 2 * self.H], d[2 * self.H :]
        return np.concatenate([gates @ columns(self.Z[:, : self.steps]).T, candidate @ columns(self.Q).T])


RESETS: dict[str, type[ResetAfter] | type[ResetBefore]] = {"after": ResetAfter, "before": ResetBefore}
