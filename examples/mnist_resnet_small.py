"""MNIST with residual blocks and batch normalisation, on images that move.

ISOGRAD_DATA=folder/with/MNIST python examples/mnist_resnet_small.py --backend torch
"""

from __future__ import annotations

from typing import Any

import isograd as ig
from isograd.cli import main


def load(seed: int, backend: str) -> ig.Prepared:
    """The images to train on move by up to two pixels, every epoch anew."""
    parts = ig.data.mnist_images(seed, backend)
    return ig.Prepared(ig.Splits(ig.Augmented(parts.train, shift=2, seed=seed), parts.validation, parts.test))


def block(channels: int, stride: int = 1) -> list[ig.Layer]:
    """y = relu(f(x) + g(x)): f two convolutions, g the input, or a 1x1 convolution where the shape changes."""
    body = ig.Sequential(
        [
            *(ig.Conv2d(channels, 3, stride=stride, padding=1, bias=False), ig.BatchNorm2d(), ig.ReLU()),
            *(ig.Conv2d(channels, 3, padding=1, bias=False), ig.BatchNorm2d()),
        ]
    )
    narrowed = ig.Sequential([ig.Conv2d(channels, 1, stride=stride, bias=False), ig.BatchNorm2d()])
    return [ig.Residual(body, shortcut=narrowed if stride > 1 else None), ig.ReLU()]


def recipes(input_shape: tuple[int, ...]) -> dict[str, ig.Recipe]:
    layers = [
        *(ig.Conv2d(12, 3, stride=2, padding=1, bias=False), ig.BatchNorm2d(), ig.ReLU()),
        *block(12),
        *block(24, stride=2),
        *(ig.GlobalAvgPool(), ig.Linear(10)),
    ]
    residual = ig.Recipe(
        model=ig.Sequential(layers, input_shape=input_shape),
        loss=ig.CrossEntropyLoss(),
        optimizer=ig.Adam(0.01),
        schedule=ig.CosineDecay(per="step"),
        epochs=1,
        batch_size=60,
        baselines=baselines,
    )
    return {"two residual blocks": residual}


def baselines(recipe: ig.Recipe, seed: int) -> dict[str, Any]:
    from sklearn.linear_model import LogisticRegression

    return {"LogisticRegression": LogisticRegression(max_iter=20)}


EXPERIMENT = ig.Experiment(
    name="mnist_resnet_small",
    title="MNIST, residual blocks, one epoch",
    data={"mnist": load},
    recipes=recipes,
    metrics=(ig.Accuracy(),),
    note="The networks see images moved by up to two pixels; scikit-learn's estimator sees them as they are.",
)

if __name__ == "__main__":
    main("train", __file__)
