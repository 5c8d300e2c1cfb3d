"""Handwritten digits, 8 x 8 pixels, through a code of 8 numbers: dense and convolutional. Needs no file.

python examples/digits_autoencoder.py --backend torch --recipe convolutional
"""

from __future__ import annotations

import isograd as ig
from isograd.cli import main
from isograd.experiments import pca_like

CODE = 8


def load(seed: int, backend: str) -> ig.Prepared:
    """1797 images (1, 8, 8), pixels in [−1, 1], tanh's range; each is its own target."""
    x, y = ig.data.digits()
    parts = ig.split(x.reshape(-1, 1, 8, 8) / 8 - 1, y, validation=0.15, test=0.2, seed=seed, stratify=True)
    mirrors = map(ig.Reconstructed, (parts.train, parts.validation, parts.test))
    return ig.Prepared(ig.Splits(*mirrors), labels=parts.test.targets[0])


def autoencoder(encoder: list[ig.Layer], decoder: list[ig.Layer], input_shape: tuple[int, ...]) -> ig.Model:
    """Two models in one, with two outputs: the reconstruction and the code."""
    image = ig.Input(input_shape)
    code = ig.Sequential(encoder, input_shape=input_shape, name="encoder")(image)
    return ig.Model(inputs=image, outputs=[ig.Sequential(decoder, input_shape=(CODE,), name="decoder")(code), code])


def recipes(input_shape: tuple[int, ...]) -> dict[str, ig.Recipe]:
    dense = autoencoder(
        [ig.Flatten(), ig.Linear(48), ig.ReLU(), ig.Linear(CODE)],
        [ig.Linear(48), ig.ReLU(), ig.Linear(64), ig.Tanh(), ig.Reshape(input_shape)],
        input_shape,
    )
    convolutional = autoencoder(
        [
            *(ig.Conv2d(16, 3, padding=1), ig.ReLU()),
            *(ig.Conv2d(32, 3, stride=2, padding=1), ig.ReLU()),
            *(ig.Flatten(), ig.Linear(CODE)),
        ],
        [
            *(ig.Linear(32 * 4 * 4), ig.ReLU(), ig.Reshape((32, 4, 4))),
            *(ig.ConvTranspose2d(16, 4, stride=2, padding=1), ig.ReLU()),
            *(ig.Conv2d(1, 3, padding=1), ig.Tanh()),
        ],
        input_shape,
    )
    return {
        name: ig.Recipe(
            model,
            (ig.MSELoss(), None),
            ig.Adam(0.003),
            epochs=30,
            batch_size=32,
            schedule=ig.CosineDecay(per="step"),
            baselines=lambda recipe, seed: {"PCA": pca_like(recipe, seed)},
        )
        for name, model in {"dense": dense, "convolutional": convolutional}.items()
    }


EXPERIMENT = ig.Experiment(
    name="digits_autoencoder",
    title="Handwritten digits, 8 x 8 pixels, through a code of 8",
    data={"digits": load},
    recipes=recipes,
    metrics=(ig.MSE(),),
    note="Pixels lie in [−1, 1]. The purities say how well the codes, made without labels, tell the digits apart.",
)

if __name__ == "__main__":
    main("train", __file__)
