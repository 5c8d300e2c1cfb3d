"""Characters as numbers, and what a network writes: against its definition, and alike in both engines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from message_helpers import raised

import isograd as ig
from isograd.core.base.randomness import generator

BOTH = pytest.mark.parametrize("backend", ["numpy", "torch"])
LETTERS = ig.Vocabulary("abcdefgh\n")
STEPS = 5


def with_state() -> ig.Model:
    """An LSTM over a GRU, their three states carried."""
    x, g0, h0, c0 = ig.Input((STEPS,)), ig.Input((1, 6)), ig.Input((2, 7)), ig.Input((2, 7))
    seq, g = ig.GRU(6)(ig.Embedding(len(LETTERS), 4)(x), g0)
    seq, (h, c) = ig.LSTM(7, num_layers=2)(seq, (h0, c0))
    return ig.Model(inputs=(x, g0, h0, c0), outputs=(ig.Linear(len(LETTERS))(seq), g, h, c))


def without_state() -> ig.Sequential:
    layers = [ig.Embedding(len(LETTERS), 8), ig.PositionalEncoding(), ig.TransformerDecoderBlock(2, dropout=0.5)]
    return ig.Sequential([*layers, ig.Linear(len(LETTERS))], input_shape=(STEPS,))


def loud(net: Any) -> Any:
    """The network with logits so far apart that every character depends on those before it."""
    last, others, ends = ("linear", 3.0, 8.0) if len(net.model.input_shapes) > 1 else ("3.", 1.0, 1.5)
    net.load_state_dict({k: w * (ends if k.startswith(last) else others) for k, w in net.state_dict().items()})
    return net


def drawn(p: np.ndarray, u: float) -> int:
    """The first character whose cumulated probability exceeds u."""
    total = 0.0
    for k, share in enumerate(p / p.sum()):
        total += share
        if total > u:
            return k
    return len(p) - 1


def by_definition(model: Any, weights: Any, primer: str, length: int, temperature: float, seed: int) -> str:
    """Every character from a network as long as what it reads, all of it read anew, without padding."""
    written, stream = list(LETTERS.encode(primer)), generator(seed, "text").random(length)
    states = model.input_shapes[1:]
    for u in stream:
        read = written if states else written[-STEPS:]
        net = ig.build(model.with_input_shapes((len(read),), *states), weights, dtype="float64")
        found = net.forward(np.array([read]), *(np.zeros((1, *shape)) for shape in states))
        logits = (found[0] if states else found)[0, -1] / temperature
        written.append(drawn(np.exp(logits - logits.max()), u))
    return LETTERS.decode(written[len(primer) :])


@pytest.mark.parametrize("describe", [with_state, without_state])
@pytest.mark.parametrize("primer", ["a", "hgfedcba"])
def test_both_engines_write_what_the_definition_says_character_for_character(describe: Any, primer: str) -> None:
    model = describe()
    net = loud(ig.build(model, seed=4, dtype="float64"))
    weights = net.state_dict()
    text = ig.generate(net, LETTERS, primer, 60, temperature=0.9, seed=2)
    assert text == by_definition(model, weights, primer, 60, 0.9, 2)
    torch = ig.build(model, weights, backend="torch", dtype="float64")
    assert ig.generate(torch, LETTERS, primer, 60, temperature=0.9, seed=2) == text
    assert ig.generate(net, LETTERS, primer, 60, temperature=0.9, seed=3) != text
    assert len(set(text)) > 3


def of_shares(shares: list[float]) -> Any:
    """A network that gives the characters a, b, … these probabilities at temperature 2, whatever it reads."""
    net = ig.build(ig.Sequential([ig.Embedding(4, 2), ig.Linear(4)], input_shape=(3,)), dtype="float64")
    blank = {path: np.zeros_like(values) for path, values in net.state_dict().items()}
    net.load_state_dict(blank | {"1.bias": 2 * np.log(shares) + 700})  # what is added to all logits changes nothing
    return net


def test_characters_are_drawn_by_their_probabilities_from_the_keyed_stream() -> None:
    letters = ig.Vocabulary("abcd")
    text = ig.generate(of_shares([0.1, 0.2, 0.3, 0.4]), letters, "a", 500, temperature=2.0, seed=9)
    places = generator(9, "text").random(500)
    assert text == "".join("abcd"[np.searchsorted([0.1, 0.3, 0.6], u)] for u in places)


@BOTH
@pytest.mark.parametrize("temperature", [0.0, 1e-300])
def test_without_temperature_the_likeliest_is_taken(backend: str, temperature: float) -> None:
    net = of_shares([0.1, 0.4, 0.3, 0.2])
    net = ig.build(net.model, net.state_dict(), backend=backend)
    assert ig.generate(net, ig.Vocabulary("abcd"), "c", 9, temperature=temperature) == "b" * 9


def test_a_saved_file_carries_its_vocabulary(tmp_path: Path) -> None:
    net = ig.build(with_state(), seed=4)
    path = ig.save(tmp_path / "m.safetensors", net.model, net.state_dict(), notes={"vocabulary": LETTERS.characters})
    model, weights, vocabulary = ig.text.saved(path)
    assert (model, vocabulary) == (net.model, LETTERS)
    again = ig.build(model, weights)
    assert ig.generate(again, vocabulary, "a", 30) == ig.generate(net, LETTERS, "a", 30)


def test_characters_become_numbers_and_numbers_characters() -> None:
    found = ig.Vocabulary.of("to be or not to be\n")
    assert found.characters == "\n benort"
    numbers = found.encode("not")
    assert (numbers.tolist(), numbers.dtype) == ([4, 5, 7], np.int64)
    assert found.decode(numbers) == "not"
    assert found.encode("").shape == (0,)


def generate(model: Any, primer: str = "a", **options: Any) -> str:
    return ig.generate(ig.build(model), LETTERS, primer, 3, **options)


MESSAGES = {
    "unknown character": (
        lambda: LETTERS.encode("abxc"),
        r"""DataError: character 2 of a text
  wanted one of 'abcdefgh\n'
  got    'x'
  fix    replace it, or build the vocabulary from a text that has it""",
    ),
    "unknown number": (
        lambda: LETTERS.decode([3, 9]),
        """DataError: decode
  wanted whole numbers 0…8
  got    9
  fix    the vocabulary that the numbers come from""",
    ),
    "negative number": (
        lambda: LETTERS.decode(np.array([-1])),
        """DataError: decode
  wanted whole numbers 0…8 in one row
  got    int64 of shape (1,)
  fix    encode(text) makes such""",
    ),
    "a character twice": (
        lambda: ig.Vocabulary("abca"),
        """DataError: Vocabulary
  wanted characters, each once
  got    'a' more than once
  fix    ig.Vocabulary.of(text)""",
    ),
    "no primer": (
        lambda: generate(without_state(), ""),
        r'''DataError: generate(primer='')
  wanted one character or more
  got    none
  fix    primer="\n"''',
    ),
    "a cold primer": (
        lambda: generate(without_state(), temperature=-1.0),
        """SpecError: generate(temperature=-1.0)
  wanted 0 or more
  got    -1.0
  fix    temperature=1.0""",
    ),
    "another vocabulary": (
        lambda: generate(ig.Sequential([ig.Embedding(7, 2), ig.Linear(7)], input_shape=(3,))),
        """ShapeError: generate
  wanted a model that reads (N, T) of 9 characters and gives (N, T, 9)
  got    reads (N, 3) of 7, gives (N, 3, 7)
  fix    the model's own vocabulary, and logits at every step""",
    ),
    "more characters read than known": (
        lambda: generate(ig.Sequential([ig.Embedding(12, 2), ig.Linear(9)], input_shape=(3,))),
        """ShapeError: generate
  wanted a model that reads (N, T) of 9 characters and gives (N, T, 9)
  got    reads (N, 3) of 12, gives (N, 3, 9)
  fix    the model's own vocabulary, and logits at every step""",
    ),
    "no characters": (
        lambda: generate(ig.Sequential([ig.Linear(9)], input_shape=(3,))),
        """ShapeError: generate
  wanted a model that reads (N, T) of 9 characters and gives (N, T, 9)
  got    reads (N, 3), gives (N, 9)
  fix    the model's own vocabulary, and logits at every step""",
    ),
}


@pytest.mark.parametrize("case", MESSAGES)
def test_what_cannot_be_written_gets_a_clear_error(case: str) -> None:
    action, text = MESSAGES[case]
    assert raised(action) == text


def test_a_file_without_a_vocabulary_says_so(tmp_path: Path) -> None:
    net = ig.build(without_state())
    path = ig.save(tmp_path / "m.safetensors", net.model, net.state_dict())
    assert "wanted the weights of a model of characters, with its vocabulary" in raised(lambda: ig.text.saved(path))
