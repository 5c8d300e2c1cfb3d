"""Sentences: files read line by line, words cut and numbered, the same split for scikit-learn's vectorizers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from message_helpers import raised

import isograd as ig
from isograd.datasets.sentences import SITES, labelled, reviews
from isograd.experiments.lexicon import Lexicon, characters, numbered, words

TEXTS = ["Good food!", "not good", "The food was not bad", "good"]


@pytest.mark.parametrize("site", SITES)
def test_a_site_has_a_thousand_sentences_half_of_them_good(data_root: Path, site: str) -> None:
    texts, labels = reviews(site, root=data_root)
    assert (len(texts), len(labels), int(labels.sum())) == (1000, 1000, 500)
    assert labels.dtype == np.int64
    assert all(text == text.strip() != "" and "\t" not in text for text in texts)


def test_all_sites_follow_each_other(data_root: Path) -> None:
    texts, labels = reviews(root=data_root)
    assert texts[0].startswith("So there is no way for me to plug it in here in the US")
    assert texts[1000].startswith("A very, very, very slow-moving")
    assert texts[2000] == "Wow... Loved this place."
    assert labels[[0, 1000, 2000]].tolist() == [0, 0, 1]


def test_only_a_line_feed_ends_a_line_and_only_the_last_tab_parts_it(tmp_path: Path) -> None:
    file = tmp_path / "some_labelled.txt"
    lines = [
        '\ufeff"Quoted, and never closed\t1',
        "so bad\u0085 so \x0c\u2028sad   \t0",
        "a\tTAB within\t1",
        "a bare\rreturn, and windows' ending\t0\r",
        "caf\u00e9\t1",
    ]
    file.write_bytes("\n".join(lines).encode())
    texts, labels = labelled(file)
    assert texts.tolist() == [
        '"Quoted, and never closed',
        "so bad\u0085 so \x0c\u2028sad",
        "a\tTAB within",
        "a bare\rreturn, and windows' ending",
        "caf\u00e9",
    ]
    assert labels.tolist() == [1, 0, 1, 0, 1]


MALFORMED = {
    "no label": (
        b"good\t1\nbad\n",
        "line 2\n  wanted a sentence, a TAB, and 0 or 1\n  got    'bad'\n  fix    mend the line",
    ),
    "another label": (
        b"so so\t2\n",
        "line 1\n  wanted a sentence, a TAB, and 0 or 1\n  got    'so so\\t2'\n  fix    mend the line",
    ),
    "no sentence": (
        b" \t1\n",
        "line 1\n  wanted a sentence, a TAB, and 0 or 1\n  got    ' \\t1'\n  fix    mend the line",
    ),
    "an empty line": (
        b"good\t1\n\nbad\t0\n",
        "line 2\n  wanted a sentence, a TAB, and 0 or 1\n  got    ''\n  fix    mend the line",
    ),
    "another encoding": (
        "good\t1\ncaf\u00e9\t1\n".encode("latin-1"),
        "line 2\n  wanted text in UTF-8\n  got    the byte 0xe9\n  fix    save the file in UTF-8",
    ),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_line_is_told(tmp_path: Path, case: str) -> None:
    content, text = MALFORMED[case]
    file = tmp_path / "sentences.txt"
    file.write_bytes(content)
    assert raised(lambda: labelled(file)) == f"DataError: {file}, {text}"


def test_an_empty_file_a_missing_one_and_an_unknown_site_are_told(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").touch()
    assert raised(lambda: labelled(tmp_path / "empty.txt")) == (
        f"DataError: {tmp_path / 'empty.txt'}\n"
        "  wanted one sentence or more\n"
        "  got    none\n"
        "  fix    give a file with data"
    )
    assert raised(lambda: reviews("yelp", root=tmp_path)) == (
        "DataError: data.reviews\n"
        f"  wanted the file {tmp_path / 'sentiment/yelp_labelled.txt'}\n"
        "  got    no such file\n"
        f"  fix    isograd data fetch reviews --root {tmp_path} (UCI Machine Learning Repository, Kotzias and others "
        "2015, doi 10.24432/C57604, CC BY 4.0), or set ISOGRAD_DATA to a folder that has sentiment/yelp_labelled.txt, "
        "or give root="
    )
    assert raised(lambda: reviews("ebay", root=tmp_path)) == (
        "SpecError: reviews('ebay')\n  wanted one of amazon, imdb, yelp\n  got    'ebay'\n  fix    name one of them"
    )


def test_words_keep_their_apostrophes_and_the_marks_that_shout() -> None:
    assert words("I don\u2019t, didn't \u2014 'ever' 5/10 caf\u00e9... REALLY?!") == (
        ["i", "don't", "didn't", "ever", "5", "10", "caf\u00e9", "really", "?", "!"]
    )
    assert words("... --- \u0085 _") == []


def test_a_vocabulary_holds_the_commonest_tokens_by_count_and_then_by_name() -> None:
    assert Lexicon.fit(TEXTS, words, most=100).tokens == ("good", "food", "not", "!", "bad", "the", "was")
    assert Lexicon.fit(TEXTS, words, most=4).tokens == ("good", "food")
    assert Lexicon.fit(TEXTS, words, most=100, min_count=2).tokens == ("good", "food", "not")
    assert len(Lexicon.fit(TEXTS, words, most=4)) == 4
    assert Lexicon.fit(TEXTS, words, most=4).names == ("", "<new>", "good", "food")
    assert Lexicon.fit(["abba", "a"], characters, most=9).tokens == ("a", "b")


def test_texts_are_numbered_cut_and_padded() -> None:
    known = Lexicon.fit(TEXTS, words, most=5)
    rows, lengths = known.encode(["not GOOD food, not this", "", "?", "food"], length=4)
    assert rows.tolist() == [[4, 2, 3, 4], [1, 0, 0, 0], [1, 0, 0, 0], [3, 0, 0, 0]]
    assert lengths.tolist() == [4, 1, 1, 1]
    assert rows.dtype == lengths.dtype == np.int64


def test_a_vocabulary_that_cannot_be_is_refused() -> None:
    assert raised(lambda: Lexicon.fit(TEXTS, words, most=2)) == (
        "SpecError: Lexicon.fit\n"
        "  wanted most=3 or more, min_count=1 or more\n"
        "  got    most=2, min_count=1\n"
        "  fix    most=2000, min_count=2"
    )
    assert raised(lambda: Lexicon.fit(TEXTS, words, most=9, min_count=4)) == (
        "DataError: Lexicon.fit\n"
        "  wanted a token that stands there min_count=4 times or more\n"
        "  got    none\n"
        "  fix    give more text, or a smaller min_count="
    )
    assert raised(lambda: Lexicon.fit(TEXTS, words, most=9).encode(TEXTS, length=0)) == (
        "SpecError: Lexicon.encode(length=0)\n  wanted 1 or more\n  got    0\n  fix    length=40"
    )


def test_parts_get_numbers_from_a_vocabulary_that_saw_the_training_part_alone() -> None:
    parts = ig.Splits(
        ig.ArrayDataset(np.array(["good good", "bad"]), np.array([1, 0])),
        ig.ArrayDataset(np.array(["bad zebra"]), np.array([0])),
        ig.ArrayDataset(np.array(["good zebra"]), np.array([1])),
    )
    made, (by_word, by_letter) = numbered(parts, (words, 9, 3), (characters, 9, 5))
    assert "zebra" not in by_word.tokens
    assert "z" not in by_letter.tokens
    (texts, rows, lengths, letters, counts), (labels,) = made.test.batch(np.arange(1))
    assert texts.tolist() == ["good zebra"]
    assert rows.tolist() == [[by_word.names.index("good"), 1, 0]]
    assert lengths.tolist() == [2]
    assert [by_letter.names[n] for n in letters[0]] == ["g", "o", "o", "d", " "]
    assert counts.tolist() == [5]
    assert labels.tolist() == [1]
