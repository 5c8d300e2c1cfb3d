"""What is said of targets and predictions that a loss cannot compare: every text whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import isograd as ig

ROWS = np.zeros((2, 3))
LABELS = np.zeros((2, 3), np.int64)
WRONG: list[tuple[Any, tuple[int, ...], np.ndarray, str]] = [
    (
        ig.BCELoss(weight=(1.0, 2.0)),
        (3,),
        ROWS,
        "BCELoss(weight=(1.0, 2.0))\n"
        "  wanted weight= of 3 figures\n"
        "  got    2\n"
        "  fix    give one for each entry of the last axis",
    ),
    (
        ig.KLDivLoss(),
        (3,),
        ROWS - 1,
        "KLDivLoss(): target [0, 0]\n"
        "  wanted a probability of 0 or more\n"
        "  got    -1.0\n"
        "  fix    log_target=True, or scale the targets",
    ),
    (
        ig.GaussianNLLLoss(),
        (3,),
        ROWS,
        "GaussianNLLLoss()\n"
        "  wanted predictions (N, 2, …), side by side, or 2 outputs of one shape\n"
        "  got    predictions (N, 3)\n"
        "  fix    ig.Model(inputs=…, outputs=(…, …)), an output for each",
    ),
    (
        ig.HingeEmbeddingLoss(),
        (3,),
        ROWS,
        "HingeEmbeddingLoss(): target [0, 0]\n"
        "  wanted 1 or −1\n"
        "  got    0.0\n"
        "  fix    targets * 2 - 1 where they are 0 and 1",
    ),
    (
        ig.CosineEmbeddingLoss(),
        (2,),
        np.ones(2),
        "CosineEmbeddingLoss()\n"
        "  wanted predictions (N, 2, features)\n"
        "  got    predictions (N, 2)\n"
        "  fix    Flatten() before each",
    ),
    (
        ig.TripletMarginLoss(),
        (3,),
        np.zeros((2, 0)),
        "TripletMarginLoss()\n"
        "  wanted predictions (N, 3, …, features)\n"
        "  got    predictions (N, 3)\n"
        "  fix    an output (N, features) for each of the three",
    ),
    (
        ig.TripletMarginLoss(),
        (3, 4),
        ROWS,
        "TripletMarginLoss()\n"
        "  wanted no targets: y=(), or an array (N, 0)\n"
        "  got    targets (N, 3)\n"
        "  fix    leave them out",
    ),
    (
        ig.MultiMarginLoss(),
        (3, 2),
        LABELS,
        "MultiMarginLoss()\n"
        "  wanted predictions (N, classes)\n"
        "  got    predictions (N, 3, 2)\n"
        "  fix    end the model with Linear(classes)",
    ),
    (
        ig.MultiLabelMarginLoss(),
        (3,),
        LABELS + 3,
        "MultiLabelMarginLoss(): target [0, 0]\n  wanted a class index 0…2, or −1\n  got    3\n  fix    mend the label",
    ),
    (
        ig.MultiLabelMarginLoss(),
        (3,),
        ROWS,
        "MultiLabelMarginLoss()\n"
        "  wanted whole-number class indices\n"
        "  got    float64\n"
        "  fix    targets.astype('int64')",
    ),
    (
        ig.CTCLoss(blank=4),
        (5, 4),
        LABELS,
        "CTCLoss(blank=4)\n"
        "  wanted predictions (N, T, C) with C above blank=4\n"
        "  got    predictions (N, 5, 4)\n"
        "  fix    end the model with a Linear over classes, for every step",
    ),
    (
        ig.CTCLoss(),
        (5, 4),
        ROWS,
        "CTCLoss()\n"
        "  wanted whole numbers (N, 2 + S): input length, target length, classes\n"
        "  got    float64[2, 3]\n"
        "  fix    y=(targets, input_lengths, target_lengths)",
    ),
    (
        ig.CTCLoss(),
        (5, 4),
        LABELS,
        "CTCLoss(): target [0, 0]\n  wanted an input length 1…5\n  got    0\n  fix    mend the length",
    ),
    (
        ig.CTCLoss(),
        (5, 4),
        LABELS + 2,
        "CTCLoss(): target [0, 1]\n  wanted a target length 0…1\n  got    2\n  fix    mend the length",
    ),
    (
        ig.CTCLoss(),
        (5, 4),
        LABELS + np.array([1, 1, 0]),
        "CTCLoss(): target [0, 2]\n  wanted a class 0…3 other than blank=0\n  got    0\n  fix    mend the label",
    ),
]


@pytest.mark.parametrize(("loss", "prediction", "target", "text"), WRONG, ids=lambda v: repr(v)[:40])
def test_what_a_loss_cannot_compare(loss: Any, prediction: tuple[int, ...], target: np.ndarray, text: str) -> None:
    with pytest.raises(ig.IsogradError) as error:
        loss.check(prediction, target)
    assert str(error.value) == text


def test_lengths_of_alignments_that_fit_no_targets() -> None:
    with pytest.raises(ig.ShapeError) as error:
        ig.loss_gradients(ig.CTCLoss(), np.zeros((2, 5, 4)), (LABELS, np.ones(2, int), np.ones(3, int)))
    assert str(error.value) == (
        "CTCLoss()\n"
        "  wanted targets (N, S), input lengths (N,), target lengths (N,)\n"
        "  got    (2, 3), (2,), (3,)\n"
        "  fix    one length for each row; fill up shorter rows"
    )


def test_outputs_of_several_shapes_for_one_loss() -> None:
    x = ig.Input((3,))
    net = ig.build(ig.Model(inputs=x, outputs=[ig.Linear(2)(x), ig.Linear(4)(x)]))
    with pytest.raises(ig.ShapeError) as error:
        ig.Trainer(net, loss=ig.CosineEmbeddingLoss(), optimizer=ig.SGD(0.1))
    assert str(error.value) == (
        "CosineEmbeddingLoss()\n"
        "  wanted 2 outputs of one shape\n"
        "  got    (N, 2), (N, 4)\n"
        "  fix    change the model's last layers"
    )


def test_a_trainer_needs_one_number() -> None:
    x = ig.Input((3,))
    net = ig.build(ig.Model(inputs=x, outputs=ig.Linear(2)(x)))
    with pytest.raises(ig.SpecError) as error:
        ig.Trainer(net, loss=ig.SmoothL1Loss(reduction="none"), optimizer=ig.SGD(0.1))
    assert str(error.value) == (
        "SmoothL1Loss(reduction='none')\n"
        "  wanted a loss that is one number\n"
        '  got    reduction="none"\n'
        '  fix    reduction="mean", or ig.loss_gradients(loss, prediction, target) for one a row'
    )
