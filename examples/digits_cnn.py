"""Handwritten digits, 8 x 8 pixels, as images: two convolutions, trained on images that move. Needs no file.

python examples/digits_cnn.py --backend torch --epochs 10
"""

from __future__ import annotations

from typing import Any

import isograd as ig
from isograd.cli import main


def load(seed: int, backend: str) -> ig.Prepared:
    """1797 images (1, 8, 8), pixels in 0…1; those to train on move by up to one pixel, every epoch anew."""
    x, y = ig.data.digits()
    parts = ig.split(x.reshape(-1, 1, 8, 8) / 16, y, validation=0.15, test=0.2, seed=seed, stratify=True)
    moving = ig.Augmented(parts.train, shift=1, seed=seed)
    return ig.Prepared(ig.Splits(moving, parts.validation, parts.test))


def recipes(input_shape: tuple[int, ...]) -> dict[str, ig.Recipe]:
    layers = [
        *(ig.Conv2d(16, 3, padding="same", bias=False), ig.BatchNorm2d(), ig.ReLU()),
        *(ig.Conv2d(32, 3, padding="same", bias=False), ig.BatchNorm2d(), ig.ReLU()),
        ig.MaxPool2d(2),
        ig.Flatten(),
        ig.Dropout(0.3),
        ig.Linear(10),
    ]
    convolutions = ig.Recipe(
        model=ig.Sequential(layers, input_shape=input_shape),
        loss=ig.CrossEntropyLoss(),
        optimizer=ig.Adam(0.003),
        schedule=ig.CosineDecay(per="step"),
        epochs=30,
        batch_size=32,
        baselines=baselines,
    )
    return {"two convolutions": convolutions}


def baselines(recipe: ig.Recipe, seed: int) -> dict[str, Any]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.svm import SVC

    return {
        "LogisticRegression": LogisticRegression(max_iter=1000),
        "KNeighborsClassifier": KNeighborsClassifier(3),
        "SVC": SVC(C=10),
    }


EXPERIMENT = ig.Experiment(
    name="digits_cnn",
    title="Handwritten digits, 8 x 8 pixels, as images",
    data={"digits": load},
    recipes=recipes,
    metrics=(ig.Accuracy(),),
    note="The networks see images moved by up to one pixel; scikit-learn's estimators see them as they are.",
)

if __name__ == "__main__":
    main("train", __file__)
