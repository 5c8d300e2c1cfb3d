"""The MNIST network of the book (Weidman 2019): 784-89-10, tanh, dropout, momentum with a falling learning rate.

ISOGRAD_DATA=folder/with/MNIST python examples/mnist_mlp.py --backend torch
"""

from __future__ import annotations

from typing import Any

import numpy as np

import isograd as ig
from isograd.cli import main
from isograd.experiments import mlp_like

HELD_OUT = 5000  # of the 60,000 training images, to validate on


def load(seed: int, backend: str) -> ig.Prepared:
    """Pixels standardised by the mean and deviation of all training pixels, as in the book."""
    (images, labels), (test_images, test_labels) = ig.data.mnist(
        through="torchvision" if backend == "torch" else "numpy"
    )
    order = np.random.default_rng(seed).permutation(len(images))
    train, held = order[HELD_OUT:], order[:HELD_OUT]
    mean, std = images[train].mean(), images[train].std()

    def part(pixels: Any, classes: Any) -> ig.ArrayDataset:
        flat = pixels.reshape(len(pixels), -1).astype(np.float32)
        flat -= np.float32(mean)
        flat /= np.float32(std)
        return ig.ArrayDataset(flat, classes)

    parts = (
        part(images[train], labels[train]),
        part(images[held], labels[held]),
        part(test_images, test_labels),
    )
    return ig.Prepared(ig.Splits(*parts))


def recipes(input_shape: tuple[int, ...]) -> dict[str, ig.Recipe]:
    """lr 0.1 would be chaotic here: a batch nudged in its last bits ends as another network."""
    glorot = ig.init.XavierNormal()
    layers = [
        ig.Linear(89, weight_init=glorot),
        ig.Tanh(),
        ig.Dropout(0.2),
        ig.Linear(10, weight_init=glorot),
    ]
    book = ig.Recipe(
        model=ig.Sequential(layers, input_shape=input_shape),
        loss=ig.CrossEntropyLoss(),
        optimizer=ig.SGD(0.02, momentum=0.9),
        schedule=ig.LinearDecay(final_lr=0.002),
        epochs=6,
        batch_size=60,
        baselines=lambda recipe, seed: {"MLPClassifier": mlp_like(recipe, seed)},
    )
    return {"book": book}


EXPERIMENT = ig.Experiment(
    name="mnist_mlp",
    title="MNIST, 784-89-10 tanh",
    data={"mnist": load},
    recipes=recipes,
    metrics=(ig.Accuracy(),),
    note="MLPClassifier has the network's sizes, activation, SGD, momentum, batches and epochs; "
    "scikit-learn has neither dropout nor the linear decay.",
)

if __name__ == "__main__":
    main("train", __file__)
