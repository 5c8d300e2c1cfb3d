"""The built-in data sets, reached as `ig.data`."""

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
    "book_text",
    "boston",
    "breast_cancer",
    "california",
    "csv",
    "diabetes",
    "digits",
    "iris",
    "located",
    "mnist",
    "tiny_shakespeare",
    "wine",
]
