"""The built-in data sets, reached as `ig.data`."""

from isograd.datasets.fetching import fetch
from isograd.datasets.places import located
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
    "fetch",
    "iris",
    "labelled",
    "located",
    "mnist",
    "mnist_images",
    "reviews",
    "tiny_shakespeare",
    "wine",
]
