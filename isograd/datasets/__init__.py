"""The built-in data sets, reached as `ig.data`."""

from isograd.datasets.scaled import mnist_images
from isograd.datasets.sentences import SITES, labelled, reviews
from isograd.datasets.sources import (
    book_text,
    boston,
    breast_cancer,
    california,
    csv,
    diabetes,
    digits,
    iris,
    located,
    mnist,
    tiny_shakespeare,
    wine,
)

__all__ = [
    "SITES",
    "book_text",
    "boston",
    "breast_cancer",
    "california",
    "csv",
    "diabetes",
    "digits",
    "iris",
    "labelled",
    "located",
    "mnist",
    "mnist_images",
    "reviews",
    "tiny_shakespeare",
    "wine",
]
