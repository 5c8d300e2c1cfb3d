"""Sentences with labels, read from files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from isograd.core.base.errors import DataError, SpecError
from isograd.core.base.types import Array
from isograd.datasets.places import located

SITES = {"amazon": "amazon_cells", "imdb": "imdb", "yelp": "yelp"}


def reviews(*sites: str, root: str | Path | None = None) -> tuple[Array, Array]:
    """(sentences (N,) of text, labels (N,) of 0 bad and 1 good) from reviews on "amazon", "imdb" and "yelp".

    ROOT/sentiment/SITE_labelled.txt, 1000 sentences each; all three where none is named.
    """
    for site in sites:
        if site not in SITES:
            raise SpecError(
                f"reviews({site!r})", wanted=f"one of {', '.join(SITES)}", got=repr(site), fix="name one of them"
            )
    files = [f"sentiment/{SITES[site]}_labelled.txt" for site in sites or SITES]
    parts = [labelled(located(file, root, "data.reviews")) for file in files]
    texts, labels = (np.concatenate(column) for column in zip(*parts, strict=True))
    return texts, labels


def labelled(path: str | Path) -> tuple[Array, Array]:
    """(texts (N,), labels (N,) int64) of a file of lines TEXT, TAB, 0 or 1, in UTF-8.

    Only a line feed ends a line: quotes, U+0085 and form feeds belong to the text.
    """
    texts, labels = [], []
    lines = Path(path).read_bytes().split(b"\n")
    for number, line in enumerate(lines, 1):
        if number == len(lines) and not line:
            break
        try:
            text, tab, label = line.decode("utf-8-sig" if number == 1 else "utf-8").rpartition("\t")
        except UnicodeDecodeError as error:
            raise DataError(
                f"{path}, line {number}",
                wanted="text in UTF-8",
                got=f"the byte 0x{line[error.start]:02x}",
                fix="save the file in UTF-8",
            ) from None
        text, label = text.strip(), label.strip()
        if not text or not tab or label not in ("0", "1"):
            raise DataError(
                f"{path}, line {number}",
                wanted="a sentence, a TAB, and 0 or 1",
                got=repr(line.decode())[:60],
                fix="mend the line",
            )
        texts.append(text)
        labels.append(int(label))
    if not texts:
        raise DataError(str(path), wanted="one sentence or more", got="none", fix="give a file with data")
    return np.array(texts), np.array(labels)
