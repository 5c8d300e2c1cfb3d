"""Everything that an operation may be written as: what is right passes, its weights' gradients included."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import isograd as ig

Array = np.ndarray[Any, np.dtype[Any]]


class WithDictionaries:
    def __init__(self) -> None:
        self.params: dict[str, Array] = {"W": np.zeros((1, 1)), "b": np.zeros(1)}
        self.grads: dict[str, Array] = {}

    def forward(self, x: Array) -> Array:
        self.x = x
        return x @ self.params["W"].T + self.params["b"]

    def backward(self, dy: Array) -> Array:
        self.grads = {"W": dy.T @ self.x, "b": dy.sum(0)}
        return dy @ self.params["W"]


class WithAttributes:
    """Its matrix is (in, out), its bias (1, out)."""

    def __init__(self, in_features: int, out_features: int) -> None:
        self.W, self.b = np.zeros((in_features, out_features)), np.zeros((1, out_features))

    def forward(self, x: Array) -> Array:
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout: Array) -> Array:
        self.dW, self.db = self.x.T @ dout, dout.sum(0, keepdims=True)
        return dout @ self.W.T


class Operation:
    """As in the book (Weidman 2019)."""

    def forward(self, input_: Array) -> Array:
        self.input_ = input_
        self.output = self._output()
        return self.output

    def backward(self, output_grad: Array) -> Array:
        assert self.output.shape == output_grad.shape
        self.input_grad = self._input_grad(output_grad)
        assert self.input_.shape == self.input_grad.shape
        return self.input_grad

    def _output(self) -> Array:
        raise NotImplementedError

    def _input_grad(self, output_grad: Array) -> Array:
        raise NotImplementedError


class ParamOperation(Operation):
    def __init__(self, param: Array) -> None:
        self.param = param

    def backward(self, output_grad: Array) -> Array:
        super().backward(output_grad)
        self.param_grad = self._param_grad(output_grad)
        assert self.param.shape == self.param_grad.shape
        return self.input_grad

    def _param_grad(self, output_grad: Array) -> Array:
        raise NotImplementedError


class WeightMultiply(ParamOperation):
    def _output(self) -> Array:
        return self.input_ @ self.param

    def _input_grad(self, output_grad: Array) -> Array:
        return output_grad @ self.param.T

    def _param_grad(self, output_grad: Array) -> Array:
        return self.input_.T @ output_grad


class BiasAdd(ParamOperation):
    def _output(self) -> Array:
        return self.input_ + self.param

    def _input_grad(self, output_grad: Array) -> Array:
        return output_grad

    def _param_grad(self, output_grad: Array) -> Array:
        return output_grad.sum(0).reshape(self.param.shape)


class Sigmoid(Operation):
    def _output(self) -> Array:
        return np.asarray((1 + np.tanh(self.input_ / 2)) / 2)

    def _input_grad(self, output_grad: Array) -> Array:
        return output_grad * self.output * (1 - self.output)


class Dense:
    """The book's layer of several operations, whose weights are made when it first sees an input."""

    def __init__(self, neurons: int) -> None:
        self.neurons = neurons
        self.first = True
        self.params: list[Array] = []
        self.param_grads: list[Array] = []
        self.operations: list[Operation] = []

    def _setup_layer(self, input_: Array) -> None:
        self.params = [np.random.randn(input_.shape[1], self.neurons), np.random.randn(1, self.neurons)]
        self.operations = [WeightMultiply(self.params[0]), BiasAdd(self.params[1])]

    def forward(self, input_: Array) -> Array:
        if self.first:
            self._setup_layer(input_)
            self.first = False
        for operation in self.operations:
            input_ = operation.forward(input_)
        return input_

    def backward(self, output_grad: Array) -> Array:
        for operation in reversed(self.operations):
            output_grad = operation.backward(output_grad)
        self.param_grads = [op.param_grad for op in self.operations if isinstance(op, ParamOperation)]
        return output_grad


class Forgetful(Dense):
    def backward(self, output_grad: Array) -> Array:
        super().backward(output_grad)
        self.param_grads[1] = self.param_grads[1] / len(output_grad)
        return output_grad


class Function(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x, w)
        return x @ w.T + b

    @staticmethod
    def backward(ctx: Any, *dy: torch.Tensor) -> tuple[torch.Tensor, ...]:
        x, w = ctx.saved_tensors
        return dy[0] @ w, dy[0].T @ x, dy[0].sum(0)


class Halved(Function):
    @staticmethod
    def backward(ctx: Any, *dy: torch.Tensor) -> tuple[torch.Tensor, ...]:
        dx, dw, db = Function.backward(ctx, *dy)
        return dx, dw / 2, db


def affine(x: Array, weight: Array, bias: Array) -> Array:
    return x @ weight.T + bias


def affine_backward(dy: Array, x: Array, weight: Array) -> tuple[Array, dict[str, Array]]:
    return dy @ weight, {"dW": dy.T @ x, "bias_grad": dy.sum(0)}


WAYS: dict[str, tuple[Any, Any]] = {
    "dictionaries, an object": (WithDictionaries(), ig.Linear(3)),
    "attributes, (in, out)": (WithAttributes, ig.Linear(3)),
    "an object of given sizes": (WithAttributes(4, 3), ig.Linear(3)),
    "the book's ParamOperation": (WeightMultiply, ig.Linear(3, bias=False)),
    "the book's Operation": (Sigmoid, ig.Sigmoid()),
    "the book's Layer": (Dense, ig.Linear(3)),
    "the book's Layer, an object": (Dense(3), ig.Linear(3)),
    "what makes one": (lambda: Dense(3), ig.Linear(3)),
    "torch.autograd.Function": (Function, ig.Linear(3)),
    "two functions": ((affine, affine_backward), ig.Linear(3)),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_is_right_passes_however_it_is_written(way: str) -> None:
    mine, like = WAYS[way]
    report = ig.check_operation(mine, like=like)
    assert report.passed, report
    quantities = {criterion.kind for criterion in report.criteria if criterion.runs > 1}
    assert quantities == {"forward", "gradients"}


@pytest.mark.parametrize(
    ("mine", "told"),
    [
        (Forgetful, "dbias is divided by N: it is the mean over the batch"),
        (Halved, "dw is 0.5 times what it should be"),
        ((affine, lambda dy, x, weight: (dy @ weight, dy.T @ x)), "dbias is nowhere: return it from backward"),
    ],
    ids=["the book's Layer", "torch.autograd.Function", "two functions"],
)
def test_what_is_wrong_is_told_by_its_owners_names(mine: Any, told: str) -> None:
    report = ig.check_operation(mine, like=ig.Linear(3))
    assert [finding for finding in report.findings if told in finding.text], report


def test_matrices_the_other_way_round_are_a_note_and_no_fault() -> None:
    report = ig.check_operation(
        (lambda x, w: x @ w, lambda dy, x, w: (dy @ w.T, x.T @ dy)), like=ig.Linear(3, bias=False)
    )
    assert report.passed
    assert report.notes == ("matrices are kept transposed, (in, out): isograd and PyTorch keep them as (out, in)",)


def test_an_object_that_is_handed_in_is_left_as_it_was() -> None:
    mine = WithAttributes(4, 3)
    before = mine.W.copy()
    assert ig.check_operation(mine, like=ig.Linear(3)).passed
    assert np.array_equal(mine.W, before)
    assert not hasattr(mine, "dW")


def test_ones_own_batch_is_what_is_run() -> None:
    seen = []

    def forward(x: Array) -> Array:
        seen.append(x.shape)
        return np.tanh(x)

    report = ig.check_operation((forward, lambda dy, x: dy / np.cosh(x) ** 2), like=ig.Tanh(), x=np.ones((3, 7)))
    assert report.passed, report
    assert {shape[1:] for shape in seen} == {(7,)}


class Accumulating(WithDictionaries):
    def backward(self, dy: Array) -> Array:
        self.grads["W"] = self.grads.get("W", 0) + dy.T @ self.x
        self.grads["b"] = dy.sum(0)
        return dy @ self.params["W"]


class Stateful:
    """Its state goes on from call to call."""

    calls = 0

    def forward(self, x: Array) -> Array:
        self.calls += 1
        self.y = np.tanh(x)
        return self.y * self.calls

    def backward(self, dy: Array) -> Array:
        return dy * (1 - self.y**2)


@pytest.mark.parametrize(
    ("mine", "like", "told"),
    [
        (Accumulating(), ig.Linear(3), "dW is added to that of the call before: begin each backward from 0"),
        (Stateful, ig.Tanh(), "y is wrong at a second call of the same object"),
        ((lambda x: x.__imul__(1.5) / 1.5, lambda dy, x: dy), ig.Identity(), "x is written to: work on a copy"),
        (
            (lambda x: np.tanh(x), lambda dy, x: dy.astype(np.float32) / np.cosh(x) ** 2),
            ig.Tanh(),
            "dx is off by",
        ),
    ],
    ids=["accumulates", "keeps its state", "writes to its input", "in float32"],
)
def test_how_it_behaves_is_told_as_well(mine: Any, like: Any, told: str) -> None:
    report = ig.check_operation(mine, like=like)
    assert [finding for finding in report.findings if told in finding.text], report
