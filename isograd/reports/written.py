"""What trained networks write, in a report, and whether both engines write the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from rich.text import Text

from isograd.core.engine.registry import build
from isograd.experiments.experiment import Experiment, Options
from isograd.experiments.prepared import Prepared
from isograd.experiments.training import Outcome

Texts = Mapping[str, Mapping[str, str]]
"""{engine: {title: text}}"""


def of_equal_weights(
    trained: Outcome, experiment: Experiment, prepared: Prepared, options: Options, engines: Mapping[str, str]
) -> dict[str, dict[str, str]]:
    """What each engine writes with these trained weights in float64; {} where the experiment has no texts."""
    if not trained.texts:
        return {}
    model, weights = trained.net.model, trained.net.state_dict()
    nets = {engine: build(model, weights, backend=backend, dtype="float64") for engine, backend in engines.items()}
    asked = replace(options, dtype="float64")
    return {engine: dict(experiment.texts(net, prepared, asked)) for engine, net in nets.items()}


def lines(own: Texts, equal: Texts) -> list[Text]:
    """The engines' texts, each from its own training, and a verdict on those of equal weights."""
    if not equal:
        return []
    (first, numpy), *others = own.items()
    told = []
    for title, text in numpy.items():
        told.append(Text(f"\n{title}, {first}:\n{_quoted(text)}"))
        for engine, texts in others:
            same = texts[title] == text
            told.append(
                Text(f"\n{title}, {engine}: the same" if same else f"\n{title}, {engine}:\n{_quoted(texts[title])}")
            )
    one, *rest = equal.values()
    verdict = "the same" if all(texts == one for texts in rest) else "NOT the same"
    count = sum(map(len, one.values()))
    return [*told, Text(f"\nWith {first}'s weights, in float64, the engines write {verdict} {count:,} characters.")]


def _quoted(text: str) -> str:
    return "\n".join(f"  │ {line}" for line in text.split("\n"))
