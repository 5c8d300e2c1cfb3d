"""Where the built-in data sets come from: titles, origins, licences, and each file's place, size and checksum."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class File:
    """A file under the root. `addresses` lead to it, the first first, or, with `member`, to an archive that has it.

    Addresses that end in .gz lead to the file packed by gzip.
    """

    path: str
    size: int
    sha256: str
    addresses: tuple[str, ...]
    member: str | None = None


@dataclass(frozen=True)
class Source:
    """A data set: what it is, who made it, and its files; none where a package brings it."""

    title: str
    origin: str
    files: tuple[File, ...] = ()
    brought_by: str | None = None


MNIST = ("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/")
REVIEWS = "https://archive.ics.uci.edu/static/public/331/sentiment+labelled+sentences.zip"
SKLEARN = "scikit-learn"


def _mnist(name: str, size: int, sha256: str) -> File:
    return File(f"MNIST/raw/{name}", size, sha256, tuple(f"{mirror}{name}.gz" for mirror in MNIST))


def _reviews(name: str, size: int, sha256: str) -> File:
    return File(f"sentiment/{name}", size, sha256, (REVIEWS,), f"sentiment labelled sentences/{name}")


SOURCES = {
    "digits": Source(
        "1797 handwritten digits, 8 x 8",
        "UCI Machine Learning Repository, E. Alpaydin and C. Kaynak 1998, doi 10.24432/C50P49, CC BY 4.0",
        brought_by="isograd",
    ),
    "diabetes": Source("442 patients, 10 measurements", "Efron and others 2004", brought_by=SKLEARN),
    "iris": Source("150 flowers, 4 lengths", "Fisher 1936", brought_by=SKLEARN),
    "wine": Source("178 wines, 13 measurements", "Forina and others 1991", brought_by=SKLEARN),
    "breast_cancer": Source("569 tumours, 30 measurements", "Wolberg and others 1995", brought_by=SKLEARN),
    "mnist": Source(
        "70,000 handwritten digits, 28 x 28",
        "LeCun, Cortes and Burges 1998, CC BY-SA 3.0",
        (
            _mnist(
                "train-images-idx3-ubyte",
                47040016,
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            ),
            _mnist(
                "train-labels-idx1-ubyte", 60008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
            ),
            _mnist(
                "t10k-images-idx3-ubyte", 7840016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
            ),
            _mnist("t10k-labels-idx1-ubyte", 10008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
        ),
    ),
    "boston": Source(
        "506 districts of Boston, only to replay figures of the book (Weidman 2019)",
        "Harrison and Rubinfeld 1978, as scikit-learn shipped it up to version 1.1",
        (
            File(
                "tabular/boston_house_prices.csv",
                34742,
                "d98212636026544fc9b9c0f372e5f819872e6fa6fa757ab025efdda22180f2d6",
                (
                    "https://raw.githubusercontent.com/scikit-learn/scikit-learn/1.1.3/"
                    "sklearn/datasets/data/boston_house_prices.csv",
                ),
            ),
        ),
    ),
    "california": Source(
        "20640 districts of California",
        "US census of 1990; Pace and Barry 1997, StatLib",
        (
            File(
                "tabular/cal_housing.data",
                2092122,
                "d3d8a1a722ae78f91134862727d27a70b1415e7d512a89140406248687f4b902",
                ("https://ndownloader.figshare.com/files/5976036",),
                "CaliforniaHousing/cal_housing.data",
            ),
        ),
    ),
    "tiny_shakespeare": Source(
        "1.1 million characters of Shakespeare's plays",
        "in the public domain; put together for karpathy/char-rnn, 2015",
        (
            File(
                "text/tinyshakespeare.txt",
                1115394,
                "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
                ("https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",),
            ),
        ),
    ),
    "book_text": Source(
        "99,993 characters, on which that book's chapter on recurrence trains",
        "written by a network in the manner of Shakespeare, Karpathy 2015",
        (
            File(
                "text/dlfs_input.txt",
                99993,
                "c879e55c5e318b9d978064e246306e01d60be15a50f64d9438daeaeacbc119e8",
                ("https://cs.stanford.edu/people/karpathy/char-rnn/shakespear.txt",),
            ),
        ),
    ),
    "reviews": Source(
        "3 x 1000 sentences from reviews, good or bad",
        "UCI Machine Learning Repository, Kotzias and others 2015, doi 10.24432/C57604, CC BY 4.0",
        (
            _reviews(
                "amazon_cells_labelled.txt", 58226, "47003fc0a0d4840b00e96e715b6189bad09e7443a3da41c4cbe12ffc79f86ae3"
            ),
            _reviews("imdb_labelled.txt", 85187, "c662b9360c1652babb990d164835af12aa105db7991f1fdb19038115f0e93de8"),
            _reviews("yelp_labelled.txt", 61293, "b565b1eeb864d76842588c3a256731b08bcdd9faf6de507bfe211a96f8b81912"),
        ),
    ),
}
"""By the name of the function in `ig.data` that reads it."""
