"""Every fault, by its class."""

from __future__ import annotations

from importlib import import_module

from trust.record import Fault

CLASSES = {
    "known": "what public from-scratch code is known for",
    "large": "paths for large sizes: slices, blocks, bands, tiles, the last incomplete one",
    "few": "a batch of one, one step, one channel, one head",
    "layouts": "memory layouts, dtypes, aliases",
    "state": "the second call, the second epoch: state kept or lost",
    "sharing": "shared layers, branches, several inputs and outputs",
    "modes": "evaluation against training",
    "resume": "a training that goes on",
    "clipping": "clipping",
    "loading": "loaders and batches",
    "metrics": "metrics and schedules",
    "preparing": "data preparation and text",
    "files": "files and weights",
    "torch_engine": "the PyTorch engine",
    "judge": "the judge: tolerances, NaN, shapes, dtypes, the dy",
    "blame": "the judge: what is not compared, who is blamed",
}
"""{module of this folder: what its faults have in common}"""


def faults_of(kind: str) -> list[Fault]:
    return list(import_module(f"trust.{kind}").FAULTS)


CATALOGUE: dict[str, list[Fault]] = {kind: faults_of(kind) for kind in CLASSES}
