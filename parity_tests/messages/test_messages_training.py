"""What a user reads from a trainer, a backend, and a loss that is no number."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from message_helpers import BOTH, LABELS, raised

import isograd as ig

MODEL = ig.Sequential([ig.Linear(4), ig.ReLU(), ig.Linear(3)], input_shape=(5,))
X = np.ones((6, 5), np.float32)


def two_outputs() -> ig.Model:
    a = ig.Input((5,))
    return ig.Model(inputs=a, outputs=[ig.Linear(3)(a), ig.Linear(2)(a)])


SGD = ig.SGD(0.1)
TRAINERS: dict[str, tuple[Callable[[str], Any], str]] = {
    "a loss that is not one number": (
        lambda backend: ig.Trainer(ig.build(MODEL, backend=backend), loss=ig.L1Loss(reduction="none"), optimizer=SGD),
        """SpecError: L1Loss(reduction='none')
  wanted a loss that is one number
  got    reduction="none"
  fix    reduction="mean", or ig.loss_gradients(loss, prediction, target) for one a row""",
    ),
    "one loss for two outputs": (
        lambda backend: ig.Trainer(ig.build(two_outputs(), backend=backend), loss=ig.MSELoss(), optimizer=SGD),
        """SpecError: loss
  wanted one for each of the model's 2 outputs (None: not trained on)
  got    1
  fix    loss=(ig.MSELoss(), None)""",
    ),
    "no output trained on": (
        lambda backend: ig.Trainer(ig.build(two_outputs(), backend=backend), loss=(None, None), optimizer=SGD),
        """SpecError: loss
  wanted one for each of the model's 2 outputs (None: not trained on)
  got    2
  fix    loss=(ig.MSELoss(), None)""",
    ),
    "a loss by name": (
        lambda backend: ig.Trainer(ig.build(MODEL, backend=backend), loss="mse", optimizer=SGD),
        """SpecError: loss
  wanted a loss description
  got    'mse'
  fix    loss=ig.MSELoss()""",
    ),
    "an optimizer by name": (
        lambda backend: ig.Trainer(ig.build(MODEL, backend=backend), loss=ig.MSELoss(), optimizer="sgd"),
        """SpecError: optimizer
  wanted an optimizer description
  got    'sgd'
  fix    optimizer=ig.SGD(lr=0.1)""",
    ),
    "class weights of another number": (
        lambda backend: ig.Trainer(
            ig.build(MODEL, backend=backend), loss=ig.NLLLoss(weight=(1.0, 2.0)), optimizer=SGD
        ).step(X, LABELS),
        """SpecError: NLLLoss(weight=(1.0, 2.0))
  wanted 3 class weights
  got    2
  fix    give one for each class""",
    ),
    "weights of another number in BCE": (
        lambda backend: ig.Trainer(
            ig.build(MODEL, backend=backend), loss=ig.BCEWithLogitsLoss(pos_weight=(1.0, 2.0)), optimizer=SGD
        ).step(X, np.ones((6, 3))),
        """SpecError: BCEWithLogitsLoss(pos_weight=(1.0, 2.0))
  wanted pos_weight= of 3 figures
  got    2
  fix    give one for each entry of the last axis""",
    ),
    "labels as floats for NLL": (
        lambda backend: ig.Trainer(ig.build(MODEL, backend=backend), loss=ig.NLLLoss(), optimizer=SGD).step(
            X, LABELS * 1.0
        ),
        """DataError: NLLLoss()
  wanted whole-number class indices
  got    float64
  fix    targets.astype('int64')""",
    ),
    "batches of two sizes": (
        lambda backend: ig.build(
            ig.Model(inputs=(pair := (ig.Input((2,)), ig.Input((2,)))), outputs=pair[0] + pair[1]), backend=backend
        ).forward(np.ones((3, 2)), np.ones((4, 2))),
        """ShapeError: forward
  wanted inputs of one batch size
  got    [3, 4]
  fix    give equal batches""",
    ),
    "one input of two": (
        lambda backend: ig.build(
            ig.Model(inputs=(pair := (ig.Input((2,)), ig.Input((2,)))), outputs=pair[0] + pair[1]), backend=backend
        ).forward(np.ones((3, 2))),
        """ShapeError: forward
  wanted 2 inputs (N, 2), (N, 2)
  got    1
  fix    give one array for each ig.Input""",
    ),
    "weights at build": (
        lambda backend: ig.build(ig.Sequential([ig.Linear(1)], input_shape=(2,)), {"weight": X}, backend=backend),
        """WeightsError: build(weights=…)
  wanted 0.weight, 0.bias
  got    missing 0.weight, 0.bias; unexpected weight
  fix    give the state_dict of a model with the same description; no weight was changed""",
    ),
    "a layer instead of a model": (
        lambda backend: ig.build(ig.Linear(3), backend=backend),
        """BackendError: build(model)
  wanted a Model or Sequential
  got    Linear(3)
  fix    ig.Sequential([layer], input_shape=…)""",
    ),
    "an unknown dtype": (
        lambda backend: ig.build(MODEL, backend=backend, dtype="float16"),
        """BackendError: dtype='float16'
  wanted float32 or float64
  got    'float16'
  fix    dtype="float32\"""",
    ),
}


@BOTH
@pytest.mark.parametrize("case", TRAINERS)
def test_the_message_is_this(case: str, backend: str) -> None:
    action, text = TRAINERS[case]
    assert raised(lambda: action(backend)) == text


def test_an_option_that_the_backend_does_not_know() -> None:
    assert (
        raised(lambda: ig.build(MODEL, backend="numpy", compile=True))
        == """BackendError: backend="numpy"
  wanted no options but threads=
  got    compile=True
  fix    drop it, or use backend="torch\""""
    )
    assert (
        raised(lambda: ig.build(MODEL, backend="torch", threads=2))
        == """BackendError: backend="torch"
  wanted options among device=, compile=, shared_randomness=
  got    threads=2
  fix    drop it, or use backend="numpy\""""
    )


def test_a_device_that_is_not_here() -> None:
    with pytest.raises(RuntimeError) as told:
        torch.device("abacus")
    here = ["cpu", *["cuda"] * torch.cuda.is_available(), *["mps"] * torch.backends.mps.is_available()]
    text = f"""BackendError: device='abacus'
  wanted a device of this machine: {", ".join(here)}
  got    'abacus': {str(told.value).splitlines()[0]}
  fix    device="cpu\""""
    assert raised(lambda: ig.build(MODEL, backend="torch", device="abacus")) == text


@pytest.mark.parametrize("name", ["forward", "training", "graph", "type"])
def test_a_name_that_torch_uses_itself(name: str) -> None:
    a = ig.Input((5,))
    model = ig.Model(inputs=a, outputs=ig.Linear(3, name=name)(a))
    assert (
        raised(lambda: ig.build(model, backend="torch"))
        == f"""BackendError: {name}
  wanted a name that torch.nn.Module leaves free
  got    {name!r}
  fix    rename the layer: name="""
    )


def test_a_value_with_a_name_that_torch_uses_itself() -> None:
    a = ig.Input((5,))
    model = ig.Model(inputs=a, outputs=ig.Add()(a, ig.Parameter((5,), name="training")))
    assert (
        raised(lambda: ig.build(model, backend="torch"))
        == """BackendError: training
  wanted a name that torch.nn.Module leaves free
  got    'training'
  fix    rename the value: name="""
    )


def test_a_machine_without_torch() -> None:
    script = "import sys; sys.modules['torch'] = None; import isograd as ig; ig.build(None, backend='torch')"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stderr
    assert told.endswith("""BackendError: backend='torch'
  wanted torch, which this backend needs
  got    it is not installed
  fix    pip install "isograd[torch]", or use backend="numpy"
""")


@BOTH
@pytest.mark.parametrize(("node", "weight"), [("0", "0.weight"), ("2", "2.weight")])
def test_a_loss_that_is_no_number_names_the_first_node_and_changes_nothing(
    node: str, weight: str, backend: str
) -> None:
    net = ig.build(MODEL, backend=backend)
    trainer = ig.Trainer(net, loss=ig.MSELoss(), optimizer=ig.Adam(0.1))
    trainer.step(X, X[:, :3])
    net.load_state_dict(
        {path: np.full_like(w, 3e38 if path == weight else 1.0) for path, w in net.state_dict().items()}
    )
    before = {**net.state_dict(), **trainer.learner.state_dict()}
    assert (
        raised(lambda: trainer.step(X, X[:, :3]))
        == f"""NonFiniteError: the loss is inf: first at node '{node}'
  wanted finite values
  got    NaN or infinity in its output
  fix    a smaller lr, or clipping; this step changed no weight"""
    )
    after = {**net.state_dict(), **trainer.learner.state_dict()}
    assert {k: v.tobytes() for k, v in after.items()} == {k: v.tobytes() for k, v in before.items()}


@BOTH
def test_a_loss_that_overflows_by_itself(backend: str) -> None:
    trainer = ig.Trainer(ig.build(MODEL, backend=backend), loss=ig.MSELoss(), optimizer=ig.SGD(0.1))
    assert (
        raised(lambda: trainer.step(X, np.full((6, 3), 1e30)))
        == """NonFiniteError: the loss is inf
  wanted a finite loss
  got    finite outputs, but a loss that is not
  fix    check the targets: is every one of them ignored? This step changed no weight"""
    )


@BOTH
def test_data_that_is_not_in_memory_is_refused_batch_by_batch(backend: str) -> None:
    """The bad sample stands in the second batch: the weights are those after the first."""

    def samples(last: float) -> ig.SampleDataset:
        return ig.SampleDataset([*[(X[0], np.zeros(3))] * 5, (X[0], np.full(3, last))])

    def trainer() -> ig.Trainer:
        return ig.Trainer(
            ig.build(MODEL, backend=backend), loss=ig.BCEWithLogitsLoss(), optimizer=ig.SGD(0.1, momentum=0.9)
        )

    whole, cut = trainer(), trainer()
    assert (
        raised(lambda: cut.fit(samples(7.0), batch_size=4, shuffle=False))
        == """DataError: epoch 1, batch 2 of 2, sample 5: BCEWithLogitsLoss(): target [1, 0]
  wanted a probability in [0, 1]
  got    7.0
  fix    scale the targets"""
    )
    whole.fit(samples(0.0), batch_size=4, shuffle=False, drop_last=True)
    for a, b in zip(cut.net.state_dict().values(), whole.net.state_dict().values(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert cut.learner.state_dict()["step"] == 1
