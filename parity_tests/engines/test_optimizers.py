"""Every optimizer beside torch.optim's own: options, defaults, steps with and without `foreach`, and its formula."""

from __future__ import annotations

import inspect
from dataclasses import MISSING, fields
from typing import Any

import numpy as np
import pytest
import torch

import isograd as ig
from isograd.backends.numpy_impl.optimizers import OPTIMIZERS
from isograd.core.base.arrays import NUMPY
from isograd.core.base.description import REGISTRY, default_of
from isograd.core.parity.cases import OPTIMIZER_CASES
from isograd.core.parity.formulas import OPTIMIZER_FORMULAS
from isograd.core.parity.matching import TOLERANCE, difference

ALL = [case for cases in OPTIMIZER_CASES.values() for case in cases if case.units < 100]
CASES = [case for case in ALL if not case.optimizer.searches]
SEARCHING = [case for case in ALL if case.optimizer.searches]
BY_CASE = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{type(case.optimizer).__name__}: {case.why}")
SHAPES = [(5, 3), (2, 6), (4,), (2, 3, 4), ()]
STEPS = 8
HOW_IT_RUNS = {"params", "foreach", "fused", "capturable", "differentiable"}
SCALARS_IN_FLOAT32 = (ig.NAdam, ig.ASGD)  # torch rounds mu_product, eta and mu whatever the weights are
OF_THE_BOOK = {"velocity"}


def gradients(shape: tuple[int, ...], seed: int = 3) -> list[Any]:
    """Of every size, some 0, of signs that turn."""
    rng = np.random.default_rng([seed, *shape])
    sizes = 10.0 ** rng.uniform(-3, 1, (STEPS, *shape)) * rng.choice([-1, 0, 1, 1], (STEPS, *shape))
    return list(sizes + (sizes == 0) * rng.choice([0.0, 1e-3], shape))


def shapes_of(case: Any) -> list[tuple[int, ...]]:
    return [shape for shape in SHAPES if len(shape) == 2 or not case.matrices]


def rates(lr: float) -> list[float]:
    """A rate that changes with every step."""
    return [lr * (1.1 + 0.1 * t) for t in range(STEPS)]


def by_rule(spec: Any, w: Any, given: list[Any]) -> dict[str, Any]:
    """Weight and slots after these gradients, by the NumPy engine's rule."""
    w = w.copy()
    slots = {name: np.full(*slot, w.dtype) for name, slot in spec.memory(w.shape).items()}
    seen = {name: values.reshape(-1) if spec.entrywise else values for name, values in slots.items()}
    for t, (g, lr) in enumerate(zip(given, rates(spec.lr), strict=True), 1):
        if spec.entrywise:
            OPTIMIZERS[type(spec)](spec, lr, t, w.reshape(-1), g.reshape(-1), seen)
        else:
            OPTIMIZERS[type(spec)](spec, lr, t, w, g, seen)
    return {"w": w, **slots}


@BY_CASE
def test_the_rule_is_its_formula(case: Any) -> None:
    spec = case.optimizer
    for shape in shapes_of(case):
        w = start = np.random.default_rng(1).normal(size=shape)
        slots: dict[str, Any] = {}
        given = gradients(shape)
        for t, (g, lr) in enumerate(zip(given, rates(spec.lr), strict=True), 1):
            w, slots = OPTIMIZER_FORMULAS[type(spec)](spec, NUMPY, lr, t, w, g, slots)
        found = by_rule(spec, start, given)
        assert found.keys() == {"w", *slots}
        for name, wanted in {"w": w, **slots}.items():
            gap = difference(found[name], np.asarray(wanted))
            assert not gap.exceeds(TOLERANCE["locked step", "float64"]), (shape, name, gap)


def of_torch(spec: Any, w: torch.Tensor, foreach: bool) -> Any:
    kind = getattr(torch.optim, type(spec).__name__)
    options = {f.name: getattr(spec, f.name) for f in fields(spec) if f.name not in OF_THE_BOOK}
    return kind([w], foreach=foreach, **options)


@pytest.mark.parametrize("foreach", [False, True])
@BY_CASE
def test_the_rule_takes_the_steps_of_torch_optim(case: Any, foreach: bool) -> None:
    spec = case.optimizer
    if isinstance(spec, ig.Muon) or getattr(spec, "velocity", "gradient") == "step":
        return  # torch orthogonalizes in bfloat16, and has no velocity that is a step
    limit = TOLERANCE["locked step", "float32" if isinstance(spec, SCALARS_IN_FLOAT32) else "float64"]
    for shape in shapes_of(case):
        start = np.random.default_rng(1).normal(size=shape)
        theirs = torch.tensor(start, requires_grad=True)
        optimizer = of_torch(spec, theirs, foreach)
        given = gradients(shape)
        for g, lr in zip(given, rates(spec.lr), strict=True):
            theirs.grad = torch.tensor(g)
            optimizer.param_groups[0]["lr"] = lr
            optimizer.step()
        found = by_rule(spec, start, given)
        held = {name: value for name, value in optimizer.state[theirs].items() if name != "step" and value is not None}
        assert found.keys() == {"w", *held}
        for name, wanted in {"w": theirs.detach(), **held}.items():
            gap = difference(found[name], wanted.numpy().astype(np.float64))
            assert not gap.exceeds(limit), (shape, name, gap)


def test_muon_is_torchs_but_for_the_precision_of_its_iteration() -> None:
    """Without an iteration there is nothing to round but the momentum itself: bfloat16 keeps 8 bits of it."""
    spec = ig.Muon(0.02, ns_steps=1, ns_coefficients=(1.0, 0.0, 0.0), nesterov=False, weight_decay=0.0)
    start = np.random.default_rng(1).normal(size=(6, 2))
    theirs = torch.tensor(start, requires_grad=True)
    options = {f.name: getattr(spec, f.name) for f in fields(spec) if f.name != "maximize"}
    optimizer = torch.optim.Muon([theirs], **options)
    given = [g.astype(np.float64) for g in gradients((6, 2))]
    for g, lr in zip(given, rates(spec.lr), strict=True):
        theirs.grad = torch.tensor(g)
        optimizer.param_groups[0]["lr"] = lr
        optimizer.step()
    found = by_rule(spec, start, given)
    moved, wanted = found["w"] - start, theirs.detach().numpy() - start
    assert np.abs(moved - wanted).max() <= 2.0**-8 * STEPS * np.abs(wanted).max()
    gap = difference(found["momentum_buffer"], optimizer.state[theirs]["momentum_buffer"].numpy())
    assert not gap.exceeds(TOLERANCE["locked step", "float64"])


@pytest.mark.parametrize("name", sorted(REGISTRY["optimizer"]))
def test_options_and_defaults_are_those_of_torch_optim(name: str) -> None:
    theirs = inspect.signature(getattr(torch.optim, name)).parameters
    wanted = {option: p.default for option, p in theirs.items() if option not in HOW_IT_RUNS}
    if name == "Adam":
        del wanted["decoupled_weight_decay"]  # AdamW
    mine = {f.name: default_of(f) for f in fields(REGISTRY["optimizer"][name]) if f.name not in OF_THE_BOOK}
    assert MISSING not in mine.values()
    if name == "Muon":
        assert mine.pop("maximize") is False
    assert mine == wanted


def test_gradients_that_are_rounding_are_told_from_wrong_steps() -> None:
    """A bias in front of a normalisation has none but rounding: Adafactor divides it by eps₁, which is the dtype's."""
    model = ig.Sequential([ig.Linear(6), ig.BatchNorm1d(), ig.Tanh(), ig.Linear(2)], input_shape=(3,))
    for optimizer in (ig.Adafactor(), ig.NAdam(), ig.Rprop(), ig.LBFGS(0.5, max_iter=3, history_size=5)):
        report = ig.check_parity(model, X, Y, loss=ig.MSELoss(), optimizer=optimizer, steps=3)
        assert report.passed, report


def test_muon_refuses_what_is_no_matrix() -> None:
    for backend in ("numpy", "torch"):
        net = ig.build(ig.Sequential([ig.Linear(2)], input_shape=(3,)), backend=backend)
        with pytest.raises(ig.SpecError) as caught:
            ig.Trainer(net, loss=ig.MSELoss(), optimizer=ig.Muon(0.5))
        assert (
            str(caught.value)
            == """Muon(0.5)
  wanted a model whose weights are all matrices
  got    a weight of shape (2,)
  fix    bias=False, or ig.AdamW()"""
        )


def test_rprop_refuses_factors_and_bounds_that_are_none() -> None:
    with pytest.raises(ig.SpecError) as caught:
        ig.Rprop(etas=(1.5, 1.2))
    assert (
        str(caught.value)
        == """Rprop(0.01, etas=(1.5, 1.2))
  wanted 0 < etas[0] < 1 < etas[1], and step_sizes in order
  got    etas=(1.5, 1.2), step_sizes=(1e-06, 50.0)
  fix    Rprop(etas=(0.5, 1.2), step_sizes=(1e-6, 50.0))"""
    )


def trainer(backend: str, spec: ig.Optimizer, dtype: str = "float64", *layers: ig.Layer, **options: Any) -> ig.Trainer:
    built = ig.Sequential([ig.Linear(5), ig.Tanh(), *layers, ig.Linear(2)], input_shape=(3,))
    masks = {"shared_randomness": True} if backend == "torch" else {}
    net = ig.build(built, backend=backend, dtype=dtype, seed=1, **masks)
    return ig.Trainer(net, loss=ig.MSELoss(), optimizer=spec, **options)


RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(12, 3)), RNG.normal(size=(12, 2))


@pytest.mark.parametrize("backend", ["numpy", "torch"])
@pytest.mark.parametrize("case", SEARCHING, ids=lambda case: case.why)
def test_a_search_is_torchs_own(case: Any, backend: str) -> None:
    """A plain loop of PyTorch with a closure, step by step, and what both remember of it."""
    spec = case.optimizer
    made = trainer(backend, spec)
    theirs = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.Tanh(), torch.nn.Linear(5, 2)).double()
    theirs.load_state_dict({path: torch.tensor(values) for path, values in made.net.state_dict().items()})
    options = {f.name: getattr(spec, f.name) for f in fields(spec)}
    optimizer = torch.optim.LBFGS(theirs.parameters(), **options)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(theirs(torch.tensor(X)), torch.tensor(Y))
        loss.backward()
        return loss.detach()

    for step in range(4):
        losses = made.step(X, Y), float(optimizer.step(closure))
        pairs = {"loss": losses}
        weights = {path: values.detach().numpy() for path, values in theirs.state_dict().items()}
        pairs |= {path: (values, weights[path]) for path, values in made.net.state_dict().items()}
        held, memory = optimizer.state[next(theirs.parameters())], made.learner.state_dict()
        pairs["n_iter"] = memory["n_iter/0.weight"], held["n_iter"]
        if held["n_iter"]:
            pairs["pairs"] = memory["pairs/2.bias"], len(held["old_dirs"])
            pairs["d"] = np.concatenate([memory[f"d/{path}"].reshape(-1) for path in weights]), held["d"].numpy()
        for what, (mine, its) in pairs.items():
            gap = difference(np.asarray(mine, np.float64), np.asarray(its, np.float64))
            assert not gap.exceeds(TOLERANCE["free run", "float64"]), (step, what, gap)


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_a_search_sees_one_batch_with_one_mask_and_moves_statistics_with_every_look(backend: str) -> None:
    spec = ig.LBFGS(0.2, max_iter=4, history_size=5)
    made = trainer(backend, spec, "float64", ig.BatchNorm1d(), ig.Dropout(0.4))
    before = made.evaluate((X, Y))["loss"]
    losses = [made.step(X, Y) for _ in range(3)]
    assert int(made.net.state_dict()["2.num_batches_tracked"]) == 3 * 4
    assert made.evaluate((X, Y))["loss"] < before
    other = trainer("torch" if backend == "numpy" else "numpy", spec, "float64", ig.BatchNorm1d(), ig.Dropout(0.4))
    gap = difference(np.array(losses), np.array([other.step(X, Y) for _ in range(3)]))
    assert not gap.exceeds(TOLERANCE["free run", "float64"])


@pytest.mark.parametrize("backend", ["numpy", "torch"])
@pytest.mark.parametrize("clip", [None, ig.ClipNorm(0.05)], ids=repr)
def test_a_search_that_meets_no_number_changes_nothing(clip: Any, backend: str) -> None:
    """In the first look, and in one that comes later: far away the loss leaves the floats."""
    for spec, y in ((ig.LBFGS(0.1), Y * 1e200), (ig.LBFGS(1e200, max_iter=4), Y)):
        made = trainer(backend, spec, "float64", ig.BatchNorm1d(), clip=clip)
        before = made.state()
        with pytest.raises(ig.NonFiniteError):
            made.step(X, y)
        assert made.state() == before


VALLEYS = {
    "banana": lambda x: 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2 + x[2] ** 4,
    "cosh": lambda x: torch.cosh(3 * x).sum() + x[0] * x[1],
    "waves": lambda x: (torch.sin(5 * x) + x**2).sum(),
    "steep": lambda x: (x**2 + 1e-3).log().sum(),
}


@pytest.mark.parametrize("lr", [0.01, 1.0, 3.0, 50.0])
@pytest.mark.parametrize("valley", VALLEYS)
def test_a_line_search_looks_where_torchs_does(valley: str, lr: float) -> None:
    """Every point that is looked at: brackets that grow, that shrink, and that are cut near their ends."""
    of, spec = VALLEYS[valley], ig.LBFGS(lr, max_iter=2, max_eval=40, history_size=3, line_search_fn="strong_wolfe")
    for start in ([1.2, -0.8, 0.5], [-2.0, 1.5, 0.1], [0.3, 0.3, -1.0]):
        looked: dict[str, list[Any]] = {"mine": [], "theirs": []}

        def evaluate(w: Any, looked: dict[str, list[Any]] = looked) -> tuple[float, Any]:
            x = torch.tensor(w, requires_grad=True)
            loss = of(x)
            looked["mine"].append(w.copy())
            return float(loss.detach()), torch.autograd.grad(loss, x)[0].numpy()

        memory = {name: np.full(*slot) for name, slot in spec.memory((3,)).items()}
        end, _ = OPTIMIZERS[ig.LBFGS](spec, lr, np.array(start), evaluate, memory)
        x = torch.tensor(start, dtype=torch.float64, requires_grad=True)
        options = {f.name: getattr(spec, f.name) for f in fields(spec)}
        optimizer = torch.optim.LBFGS([x], **options)

        def closure(x: Any = x, optimizer: Any = optimizer, looked: dict[str, list[Any]] = looked) -> Any:
            optimizer.zero_grad()
            loss = of(x)
            loss.backward()
            looked["theirs"].append(x.detach().numpy().copy())
            return loss.detach()

        optimizer.step(closure)
        assert len(looked["mine"]) == len(looked["theirs"])
        pairs = [*zip(looked["mine"], looked["theirs"], strict=True), (end, x.detach().numpy())]
        for k, (mine, its) in enumerate(pairs):
            gap = difference(mine, its)
            assert not gap.exceeds(TOLERANCE["free run", "float64"]), (start, k, gap)


def test_a_search_goes_far_in_few_steps() -> None:
    ends = {}
    for backend in ("numpy", "torch"):
        made = trainer(backend, ig.LBFGS(line_search_fn="strong_wolfe"))
        history = made.fit((X, Y), epochs=3, batch_size=len(X), shuffle=False)
        ends[backend] = history.step_losses
    assert all(losses[-1] < losses[0] / 3 for losses in ends.values())


def test_compare_modules_refuses_a_search() -> None:
    module = torch.nn.Linear(3, 2)
    x, y = torch.tensor(X, dtype=torch.float32), torch.tensor(Y, dtype=torch.float32)
    with pytest.raises(ig.SpecError) as caught:
        ig.compare_modules(module, module, x, targets=y, loss=ig.MSELoss(), optimizer=ig.LBFGS(0.5))
    assert (
        str(caught.value)
        == """compare_modules(optimizer=…)
  wanted an optimizer that keeps a memory of each weight by itself
  got    LBFGS(0.5)
  fix    optimizer=ig.SGD(0.1)"""
    )
