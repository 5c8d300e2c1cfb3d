"""Schedules in a fit: the rates of torch.optim.lr_scheduler over several epochs, what is measured, what is refused."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler

import isograd as ig
from isograd.backends.torch_impl.schedulers import SCHEDULERS
from isograd.core.base.description import REGISTRY, default_of
from isograd.core.learning.schedule_functions import FUNCTIONS
from isograd.core.parity.cases import SCHEDULE_CASES, ScheduleCase
from isograd.core.parity.formulas import SCHEDULE_FORMULAS
from isograd.core.parity.matching import TOLERANCE, difference

BOTH = pytest.mark.parametrize("backend", ["numpy", "torch"])
CASES = [case for cases in SCHEDULE_CASES.values() for case in cases]
OURS = {"FixedLR", "LinearDecay", "ExponentialDecay", "StepDecay", "CosineDecay", "WarmUp"}
RNG = np.random.default_rng(6)
X, Y = RNG.normal(size=(12, 3)), RNG.normal(size=(12, 2))
EPOCHS, STEPS = 4, 3


def close(found: Any, wanted: Any) -> bool:
    gap = difference(np.asarray(found, np.float64), np.asarray(wanted, np.float64))
    return not gap.exceeds(TOLERANCE["node", "float64"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{type(case.schedule).__name__}: {case.why}")
def test_a_schedule_is_its_formula(case: ScheduleCase) -> None:
    spec, of_formula = case.schedule, SCHEDULE_FORMULAS[type(case.schedule)]
    seen = (case.measured,) if case.measured else ()
    for t in range(case.total):
        wanted = of_formula(spec, case.lr, t, case.total, *(before[:t] for before in seen))
        assert close(spec.seeing(case.measured[:t], t, case.total, case.lr), wanted), t


def trainer(backend: str, schedule: ig.Schedule, **options: Any) -> ig.Trainer:
    model = ig.Sequential([ig.Linear(4), ig.Tanh(), ig.Linear(2)], input_shape=(3,))
    net = ig.build(model, backend=backend, dtype="float64", seed=2)
    usual = {"loss": ig.MSELoss(), "optimizer": ig.SGD(0.1, momentum=0.5)}
    return ig.Trainer(net, schedule=schedule, **{**usual, **options})


class Rates(ig.Callback):
    """The rate of every step, by what the learner is asked."""

    def __init__(self, made: ig.Trainer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: list[float] = []
        real = made.learner.epoch

        def epoch(data: Any, order: Any, lr: Any) -> Iterator[float]:
            def told(k: int) -> float:
                self.seen.append(lr(k))
                return self.seen[-1]

            return real(data, order, told)

        monkeypatch.setattr(made.learner, "epoch", epoch)


@BOTH
@pytest.mark.parametrize("per", ["epoch", "step"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{type(case.schedule).__name__}: {case.why}")
def test_a_fit_has_the_rates_of_a_loop_over_torchs_scheduler(
    case: ScheduleCase, per: str, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stepped after every epoch, or after every batch; the one that follows a loss with the loss of each epoch."""
    schedule = replace(case.schedule, per=per)
    if schedule.follows is not None:
        if per == "step":
            return  # measured once an epoch, whatever is counted
        schedule = replace(schedule, threshold=0.1)
    made = trainer(backend, schedule)
    rates = Rates(made, monkeypatch)
    history = made.fit((X, Y), epochs=EPOCHS, batch_size=4, validation=(X, -Y))
    total = EPOCHS * (STEPS if per == "step" else 1)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    scheduler = SCHEDULERS[type(schedule)](schedule, optimizer, total)
    wanted = []
    for epoch in history.epochs:
        for _ in range(STEPS):
            wanted.append(float(optimizer.param_groups[0]["lr"]))
            optimizer.step()
            if per == "step":
                scheduler.step()
        assert close(epoch.lr, wanted[-1])
        if per == "epoch":
            scheduler.step(*([epoch.validation_loss] if schedule.follows else []))
    assert close(rates.seen, wanted)


@pytest.mark.parametrize("name", sorted(set(REGISTRY["schedule"]) - OURS))
def test_options_and_defaults_are_those_of_torch(name: str) -> None:
    theirs = inspect.signature(getattr(lr_scheduler, name)).parameters
    left_out = {"self", "optimizer", "last_epoch", "base_momentum", "max_momentum"}
    mine = {f.name: f for f in fields(REGISTRY["schedule"][name]) if f.name not in ("per", "monitor")}
    assert set(mine) == set(theirs) - left_out
    for option, f in mine.items():
        if theirs[option].default is not inspect.Parameter.empty:
            assert default_of(f) == theirs[option].default, option


@BOTH
def test_a_metric_is_followed_where_it_is_measured(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every second epoch, and in a fit that goes on from a state as in the whole."""
    rule = ig.ReduceLROnPlateau("max", factor=0.5, patience=0, monitor="mean absolute error")

    def made() -> ig.Trainer:
        return trainer(backend, rule, metrics=[ig.MAE()])

    call: dict[str, Any] = {"train": (X, Y), "epochs": 7, "batch_size": 4, "validation": (X, Y), "validate_every": 2}
    if ig.MAE().label != rule.monitor:
        rule = replace(rule, monitor=ig.MAE().label)
    whole = made()
    history = whole.fit(**call)
    measured = [value for _, value in history.series(rule.monitor)]
    assert len(measured) == 4
    wanted, rate, best = [], 0.1, -np.inf
    for epoch in history.epochs:
        wanted.append(rate)
        value = epoch.value(rule.monitor)
        if value is not None:
            rate, best = (rate, value) if value > best * (1 + rule.threshold) else (rate / 2, best)
    assert close([epoch.lr for epoch in history.epochs], wanted)
    assert wanted[-1] < 0.1

    class Stopping(ig.Callback):
        def epoch_ends(self, trainer: ig.Trainer, epoch: ig.Epoch) -> None:
            if epoch.number == 5:
                raise ig.StopFit("enough")

    first, second = made(), made()
    first.fit(**call, callbacks=[Stopping()])
    second.restore(first.state())
    assert [epoch.lr for epoch in second.fit(**call).epochs] == [epoch.lr for epoch in history.epochs]


@ig.schedule_function
def twice_as_slow(position: int) -> float:
    return 0.5 ** (position / 2)


@ig.schedule_function
def broken(position: int) -> float:
    return float("nan") if position else 1.0


def test_a_function_is_known_by_its_name_in_files_and_copies() -> None:
    made = ig.LambdaLR(twice_as_slow)
    assert made == ig.LambdaLR("twice_as_slow")
    assert '"lr_lambda": "twice_as_slow"' in made.to_json()
    for again in (ig.LambdaLR.from_json(made.to_json()), deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert again == made
        assert again.at(4, 9, 2.0) == 0.5
    assert FUNCTIONS["twice_as_slow"] is twice_as_slow


def test_long_chains_are_known_at_every_position_and_by_steps() -> None:
    chain = ig.ChainedScheduler([ig.ConstantLR(0.5, total_iters=700), ig.ExponentialLR(0.999)], per="step")
    last = chain.at(2000, 2001, 0.3)
    assert close(last, 0.3 * 0.999**2000)
    assert close([chain.at(t, 2001, 0.3) for t in (0, 699, 700)], [0.15, 0.15 * 0.999**699, 0.3 * 0.999**700])


def words(refused: Any) -> str:
    with pytest.raises(ig.SpecError) as caught:
        refused()
    return str(caught.value)


def fitted(schedule: ig.Schedule, **options: Any) -> Any:
    """The fit that is refused, with nothing done."""

    def call() -> None:
        made = trainer("numpy", schedule)
        before = made.state()
        try:
            made.fit((X, Y), epochs=2, batch_size=4, **options)
        finally:
            assert made.state() == before

    return call


REFUSED: dict[str, tuple[Any, str]] = {
    "a function that is not registered": (
        lambda: ig.LambdaLR("nobody"),
        """LambdaLR('nobody')
  wanted lr_lambda: a function with @ig.schedule_function above it, or its name
  got    'nobody'
  fix    change lr_lambda=""",
    ),
    "a function without a name": (
        lambda: ig.schedule_function(7),  # type: ignore[arg-type]
        """ig.schedule_function
  wanted a function with a name
  got    7
  fix    write it with def""",
    ),
    "momentum in one cycle": (
        lambda: ig.OneCycleLR(0.1),
        """OneCycleLR(0.1)
  wanted cycle_momentum=False: a schedule sets the rate alone
  got    cycle_momentum=True, torch's default
  fix    OneCycleLR(…, cycle_momentum=False)""",
    ),
    "momentum in cycles": (
        lambda: ig.CyclicLR(0.1, 0.2),
        """CyclicLR(0.1, 0.2)
  wanted cycle_momentum=False: a schedule sets the rate alone
  got    cycle_momentum=True, torch's default
  fix    CyclicLR(…, cycle_momentum=False)""",
    ),
    "a fit that is longer than the cycle": (
        fitted(ig.OneCycleLR(0.1, total_steps=4, cycle_momentum=False, per="step")),
        """OneCycleLR(0.1, per='step', total_steps=4, cycle_momentum=False)
  wanted at most 5 positions
  got    position 5, counted from 0
  fix    total_steps=6""",
    ),
    "a cycle that rises in no time": (
        lambda: ig.OneCycleLR(0.1, total_steps=10, pct_start=0.1, cycle_momentum=False).at(0, 10, 0.1),
        """OneCycleLR(0.1, total_steps=10, pct_start=0.1, cycle_momentum=False)
  wanted phases that take some positions
  got    one from 0 to 0
  fix    more total_steps, or another pct_start""",
    ),
    "too many milestones": (
        lambda: ig.SequentialLR([ig.StepLR(2), ig.StepLR(3)], milestones=[3, 4]),
        """SequentialLR((StepLR(2), StepLR(3)), milestones=(3, 4))
  wanted a milestone between every two schedules, in order
  got    2 schedules, milestones=[3, 4]
  fix    SequentialLR([first, second], milestones=[5])""",
    ),
    "nothing to chain": (
        lambda: ig.ChainedScheduler([]),
        """ChainedScheduler([])
  wanted schedulers: one schedule or more that may stand in a chain: torch's but cycles and those made of others
  got    []
  fix    change schedulers=""",
    ),
    "what needs a metric in a sequence": (
        lambda: ig.SequentialLR([ig.ReduceLROnPlateau()], milestones=[]),
        """SequentialLR([ReduceLROnPlateau('min')], milestones=[])
  wanted schedulers: one schedule or more that may stand in a chain: torch's but cycles and those made of others
  got    [ReduceLROnPlateau('min')]
  fix    change schedulers=""",
    ),
    "parts that count steps": (
        lambda: ig.ChainedScheduler([ig.StepLR(2, per="step")]),
        """ChainedScheduler((StepLR(2, per='step'),))
  wanted per="step" of the whole, as one of its parts has it
  got    per="epoch"
  fix    ChainedScheduler(…, per="step")""",
    ),
    "a function that says no number": (
        fitted(ig.LambdaLR(broken)),
        """broken(1)
  wanted a finite number
  got    nan
  fix    mend broken, a schedule's function""",
    ),
    "no validation data": (
        fitted(ig.ReduceLROnPlateau()),
        """fit of ReduceLROnPlateau('min')
  wanted validation data, on which validation_loss is measured
  got    none
  fix    validation=(x, y), or monitor="train_loss\"""",
    ),
    "a metric that nobody has": (
        fitted(ig.ReduceLROnPlateau(monitor="accuracy"), validation=(X, Y)),
        """ReduceLROnPlateau('min', monitor='accuracy')
  wanted monitor among train_loss, validation_loss
  got    'accuracy'
  fix    name one of them, or give the trainer that metric""",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused_says_why(what: str) -> None:
    refused, text = REFUSED[what]
    assert words(refused) == text
