"""The array namespace: three lists of one length, and every function and operator equal in all of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from namespace_cases import NAMESPACE_CASES, FunctionCase

from isograd.backends.numpy_impl import autodiff
from isograd.backends.numpy_impl.autodiff import Tensor, gradients
from isograd.backends.numpy_impl.derivatives import RULES, Rule
from isograd.backends.numpy_impl.namespace import RECORDING, Recording
from isograd.backends.torch_impl.namespace import TENSORS, TensorFunctions
from isograd.core.base.arrays import NUMPY, Namespace, NumpyArrays
from isograd.core.base.errors import SpecError
from isograd.core.base.randomness import random_upstream
from isograd.core.base.types import FLOATS, Array
from isograd.core.parity.matching import GRADIENT_CHECK, TOLERANCE, difference

EVERY = pytest.mark.parametrize("case", NAMESPACE_CASES, ids=[case.title for case in NAMESPACE_CASES])
SMOOTH = [case for case in NAMESPACE_CASES if case.draw != "ties" and case.name != "stop_gradient"]
H = 1e-5  # of the central difference


def names(kind: type) -> set[str]:
    return {name for name in vars(kind) if not name.startswith("_")}


def by_numpy(case: FunctionCase, arrays: list[Array]) -> Array:
    return np.asarray(case.function(NUMPY, *arrays))


def upstream(case: FunctionCase, dtype: str = "float64") -> Array:
    return random_upstream(by_numpy(case, case.arrays()).shape, 0, case.title, FLOATS[dtype])


def by_record(case: FunctionCase, dtype: str = "float64") -> list[Array]:
    """[value, gradient of each argument]"""
    x = [Tensor(array) for array in case.arrays(dtype)]
    y = case.function(RECORDING, *x)
    return [y.values, *gradients(y, x, upstream(case, dtype))]


def by_torch(case: FunctionCase, dtype: str = "float64") -> list[Array]:
    x = [torch.tensor(array, requires_grad=True) for array in case.arrays(dtype)]
    y = case.function(TENSORS, *x)
    found = torch.autograd.grad(
        y, x, torch.from_numpy(upstream(case, dtype)), allow_unused=True, materialize_grads=True
    )
    return [y.detach().numpy(), *(g.numpy() for g in found)]


def by_differences(case: FunctionCase) -> Iterator[Array]:
    """Σ dy (f(x + h) − f(x − h)) / 2h in every entry of each argument."""
    arrays, dy = case.arrays(), upstream(case)
    for k, x in enumerate(arrays):
        slopes = np.empty_like(x)
        for i in np.ndindex(x.shape):
            ends = []
            for step in (H, -H):
                moved = x.copy()
                moved[i] += step
                ends.append(np.vdot(dy, by_numpy(case, [*arrays[:k], moved, *arrays[k + 1 :]])))
            slopes[i] = (ends[0] - ends[1]) / (2 * H)
        yield slopes


def test_the_three_namespaces_have_one_list_of_functions() -> None:
    promised = names(Namespace)
    assert len(promised) == 31
    assert names(NumpyArrays) == names(Recording) == names(TensorFunctions) == promised
    assert all(getattr(Namespace, name).__doc__ for name in promised)


def test_every_function_operator_and_derivative_has_a_case_that_uses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert {case.name for case in NAMESPACE_CASES} == names(Namespace) | set(RULES)
    reasons = [case.title for case in NAMESPACE_CASES]
    assert len(set(reasons)) == len(reasons)

    class Watched:
        def __getattr__(self, name: str) -> Any:
            used.add(name)
            return getattr(RECORDING, name)

    class Looked(dict[str, Rule]):
        def __getitem__(self, name: str) -> Rule:
            used.add(name)
            return super().__getitem__(name)

    monkeypatch.setattr(autodiff, "RULES", Looked(RULES))
    for case in NAMESPACE_CASES:
        used: set[str] = set()
        case.function(Watched(), *map(Tensor, case.arrays()))
        assert case.name in used, case.title


@EVERY
def test_values_are_what_numpy_says(case: FunctionCase) -> None:
    wanted = by_numpy(case, case.arrays())
    for found in (by_record(case)[0], by_torch(case)[0]):
        assert not difference(found, wanted).exceeds(TOLERANCE["node", "float64"])


@pytest.mark.parametrize("dtype", FLOATS)
@EVERY
def test_gradients_are_those_of_torchs_autograd_and_the_dtype_is_kept(case: FunctionCase, dtype: str) -> None:
    kept = [array.copy() for array in case.arrays(dtype)]
    for found, wanted in zip(by_record(case, dtype), by_torch(case, dtype), strict=True):
        assert found.dtype == FLOATS[dtype]
        assert not difference(found, wanted).exceeds(TOLERANCE["node", dtype]), (found, wanted)
    assert all(np.array_equal(old, new) for old, new in zip(kept, case.arrays(dtype), strict=True))


@pytest.mark.parametrize("case", SMOOTH, ids=[case.title for case in SMOOTH])
def test_gradients_are_slopes(case: FunctionCase) -> None:
    for found, wanted in zip(by_record(case)[1:], by_differences(case), strict=True):
        assert not difference(found, wanted).exceeds(GRADIENT_CHECK), (found, wanted)


FAULTS = {"sign": lambda g: -g, "missing": lambda g: g * 0, "factor": lambda g: g * 2}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", RULES)
def test_a_wrong_derivative_of_any_argument_is_seen(name: str, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table above proves something: each derivative, spoilt, makes one of its cases differ from torch."""
    forward, right = RULES[name]
    cases = [case for case in NAMESPACE_CASES if case.name == name]
    for k in range(max(len(case.shapes) for case in cases)):
        if (name, k) in (("where", 0), ("floor", 0)):  # the mask; what has no derivative
            continue

        def wrong(argument: int, spoilt: int = k) -> Any:
            gradient = right(argument)
            if argument != spoilt + (name == "where") or gradient is None:
                return gradient
            return lambda *values, **options: FAULTS[fault](np.asarray(gradient(*values, **options)))

        monkeypatch.setitem(RULES, name, Rule(forward, wrong))
        seen = [
            case.why
            for case in cases
            for found, wanted in zip(by_record(case), by_torch(case), strict=True)
            if difference(found, wanted).exceeds(TOLERANCE["node", "float64"])
        ]
        assert seen, f"{fault} in d{k} of {name} is not seen"


def test_a_record_of_a_hundred_thousand_operations_is_walked() -> None:
    x = Tensor(1.0)
    y = x
    for _ in range(100_000):
        y = y + x
    assert gradients(y, [x])[0] == 100_001


def test_gradients_of_several_outputs_add_up_and_may_be_asked_for_twice() -> None:
    x, unused = Tensor([1.0, 2.0]), Tensor([3.0])
    y = x * x
    for _ in range(2):
        dx, dy, nothing = gradients((y, y * 3), [x, y, unused], (np.array([1.0, 1.0]), np.array([1.0, 2.0])))
        assert dx.tolist() == [8.0, 28.0]  # (dy + 3 dz) · 2x
        assert dy.tolist() == [4.0, 7.0]
        assert nothing.tolist() == [0.0]


def test_numpys_own_numbers_do_not_widen_float32() -> None:
    x = Tensor(np.ones(2, np.float32))
    for y in (np.float64(2) * x, x + np.float64(2), x ** np.int64(2), RECORDING.maximum(np.float64(0.5), x)):
        assert y.dtype == np.float32


def test_what_cannot_be_differentiated_is_told() -> None:
    with pytest.raises(SpecError, match="wanted floats"):
        Tensor(np.arange(3))
    with pytest.raises(SpecError, match="no single number"):
        gradients(Tensor([1.0, 2.0]) * 2, [Tensor(1.0)])
    with pytest.raises(SpecError, match="an array as one of the two"):
        NUMPY.where(np.array([True]), 1.0, 0.0)


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_constant_can_be_made_of_a_dtype_where_no_array_is_at_hand(dtype: str) -> None:
    rows = [ops.constant([[1, 0], [0, 1]], FLOATS[dtype])[[1]] for ops in (NUMPY, RECORDING, TENSORS)]
    assert [str(row.dtype) for row in rows] == [dtype, dtype, f"torch.{dtype}"]
    assert [row.tolist() for row in rows] == [[[0, 1]]] * 3
