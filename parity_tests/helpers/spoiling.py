"""Descriptions and files spoilt at random, from a seed: what a stranger, a bad disk or a bad editor may hand over."""

from __future__ import annotations

import json
import random
import struct
from copy import deepcopy
from typing import Any

NUMBERS = [0, -1, 1, 2, 3, 7, 10**4, 10**8, 10**10, 2**31, 2**62, 2**63, 10**30, 10**400]
FLOATS = [-0.5, 0.5, 1e-320, 1e10, 1e308, float("nan"), float("inf"), float("-inf")]
TEXTS = ["", "x", "é\u2028", "\ud800", "a.b", "x" * 5000, "0", "-1", "1e10", "same", "valid", "Linear", "cls", "self"]
LONGEST = 20_000  # characters of a record that is spoilt further
OTHERS = [None, True, False, [], {}, [[]], [0], [1, 2], ["x"], {"": 1}, {"cls": 1}, {"self": {}}, {"same_as": 0}]


def spoilt(record: Any, rng: random.Random) -> Any:
    """A copy of a JSON record with one to three entries changed, doubled, dropped, moved or buried."""
    copy = json.loads(json.dumps(record))
    for _ in range(rng.randint(1, 3)):
        places = [(holder, key) for holder in _holders(copy) for key in _keys(holder)]
        if not places or len(json.dumps(copy)) > LONGEST:
            return copy
        holder, key = rng.choice(places)
        _change(holder, key, copy, rng)
    return copy


def _holders(record: Any) -> list[Any]:
    """Every object and list in a record, itself included."""
    found, waiting = [], [record]
    while waiting:
        here = waiting.pop()
        if isinstance(here, (dict, list)):
            found.append(here)
            waiting.extend(here.values() if isinstance(here, dict) else here)
    return found


def _keys(holder: Any) -> list[Any]:
    return list(holder) if isinstance(holder, dict) else list(range(len(holder)))


def _change(holder: Any, key: Any, whole: Any, rng: random.Random) -> None:
    value, kind = holder[key], rng.randrange(9)
    if kind < 4:
        holder[key] = deepcopy(rng.choice(rng.choice([NUMBERS, FLOATS, TEXTS, OTHERS])))
    elif kind == 4:
        del holder[key]
    elif kind == 5:
        holder[key] = json.loads(json.dumps(rng.choice([v for h in _holders(whole) for v in [h, *_values(h)]])))
    elif kind == 6 and isinstance(holder, dict):
        holder[rng.choice([*TEXTS, "same_as", "layer", "name", "input_shape", "num_layers"])] = holder.pop(key)
    elif kind == 7:
        for _ in range(rng.choice([1, 5, 30, 100])):
            value = [value] if rng.random() < 0.3 else {"layer": "Sequential", "name": None, "layers": [value]}
        holder[key] = value
    elif isinstance(value, list) and value:
        holder[key] = value * rng.choice([2, 3, 50]) + [{"same_as": rng.randint(-1, 3)}] * rng.randint(0, 3)
    else:
        holder[key] = [value] * rng.choice([1, 2, 70])


def _values(holder: Any) -> list[Any]:
    return list(holder.values()) if isinstance(holder, dict) else list(holder)


def spoilt_text(text: str, rng: random.Random) -> str:
    """A JSON text with one of its characters, digits or keys changed, cut or repeated."""
    place, kind = rng.randrange(len(text)), rng.randrange(5)
    if kind == 0:
        return text[:place]
    if kind == 1:
        return (
            text[:place] + rng.choice(['"', "{", "[", "}", ",", "9" * 6000, "\\ud800", "NaN", "\0", "é"]) + text[place:]
        )
    if kind == 2:
        return text[:place] + text[place + rng.randint(1, 9) :]
    end = min(len(text), place + rng.randint(1, 80))
    return text[:end] + text[place:end] * rng.randint(1, 4) + text[end:]


def spoilt_file(content: bytes, rng: random.Random) -> bytes:
    """A safetensors file with its header's length, its header or its bytes changed."""
    (length,) = struct.unpack("<Q", content[:8])
    header, body, kind = json.loads(content[8 : 8 + length]), content[8 + length :], rng.randrange(6)
    if kind == 0:
        lie = rng.choice([0, 1, length - 1, length + 1, len(content), 2**31, 2**63, 2**64 - 1])
        return struct.pack("<Q", lie) + content[8:]
    if kind == 1:
        return content[: rng.randrange(len(content))]
    if kind == 2:
        place = rng.randrange(len(content))
        return content[:place] + rng.randbytes(rng.randint(1, 20)) + content[place + rng.randint(0, 20) :]
    if kind == 3:
        entries = [entry for name, entry in header.items() if name != "__metadata__"]
        entry = rng.choice(entries)
        what = rng.choice(["dtype", "shape", "data_offsets"])
        entry[what] = {
            "dtype": rng.choice(["F64", "F32", "BF16", "F8_E4M3", "BOOL", "I64", "C64", "f32", "", None, 3]),
            "shape": rng.choice([[], [0], [2**62, 4], [2**63, 0], [-1], ["2"], [1.5], None, [1] * 70, [2**31] * 3]),
            "data_offsets": rng.choice([[0, 0], [0, 2**63], [4, 0], [0], [-8, 0], None, entries[0]["data_offsets"]]),
        }[what]
        return packed(header, body)
    return packed(spoilt(header, rng), body)


def packed(header: Any, body: bytes) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body
