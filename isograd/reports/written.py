"""What trained networks write, in a report, and whether all engines write the same."""

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
    trained: Mapping[str, Outcome],
    experiment: Experiment,
    prepared: Prepared,
    options: Options,
    engines: Mapping[str, str],
) -> dict[str, dict[str, str]]:
    """What each engine writes with the first one's trained weights in float64.

    {} where the experiment has no texts, or where there is one engine alone.
    """
    first = next(iter(trained.values()))
    if not first.texts or len(engines) == 1:
        return {}
    model, weights = first.net.model, first.net.state_dict()
    nets = {title: build(model, weights, backend=name, dtype="float64") for title, name in engines.items()}
    asked = replace(options, dtype="float64")
    return {title: dict(experiment.texts(net, prepared, asked)) for title, net in nets.items()}


def lines(own: Texts, equal: Texts) -> list[Text]:
    """The engines' texts, each from its own training, and a verdict on those of equal weights."""
    (first, texts), *others = own.items()
    told = []
    for title, text in texts.items():
        told.append(Text(f"\n{title}, {first}:\n{_quoted(text)}"))
        for engine, written in others:
            same = written[title] == text
            told.append(Text(f"\n{title}, {engine}:" + (" the same" if same else f"\n{_quoted(written[title])}")))
    return [*told, _verdict(first, equal)] if equal else told


def _verdict(first: str, equal: Texts) -> Text:
    one = equal[first]
    other = ", ".join(engine for engine, texts in equal.items() if texts != one)
    told = f"write {'NOT ' * bool(other)}the same {sum(map(len, one.values())):,} characters"
    return Text(f"\nWith {first}'s weights, in float64, the engines {told}{f': others by {other}' * bool(other)}.")


def _quoted(text: str) -> str:
    return "\n".join(f"  │ {line}" for line in text.split("\n"))
