"""The safetensors format: the length of the header (u64), the header as JSON, then the tensors' bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from isograd.core.base.types import State

DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BOOL": "?",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "u1",
}


def read_tensors(path: Path) -> tuple[State, dict[str, Any]]:
    """({name: values}, metadata) of a safetensors file"""
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    metadata = header.pop("__metadata__", {})
    found: State = {}
    for name, entry in header.items():
        first, last = entry["data_offsets"]
        values = np.frombuffer(content[start + first : start + last], DTYPES[entry["dtype"]])
        found[name] = values.reshape(entry["shape"]).copy()
    return found, metadata
