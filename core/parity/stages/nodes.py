"""Every node of a model by itself, fed with what a side computed up to it."""

from __future__ import annotations

from collections.abc import Iterator

from isograd.core.base.types import Arrays
from isograd.core.parity.conventions.explaining import as_conventions
from isograd.core.parity.natures import Nature
from isograd.core.parity.pair import Pair, in_dtype
from isograd.core.parity.stages.end_to_end import Whole
from isograd.core.parity.stages.feeds import activations, feeds
from isograd.core.parity.stages.node import Suspect, suspected
from isograd.core.parity.stages.training import Stopped
from isograd.core.parity.stages.trial import Trial
from isograd.core.parity.verdict import Culprit, Row
from isograd.core.parity.witness import wide

RERUNS = 4
"""So many nodes that differ are run again; the others as well where one of these found something else then."""


def nodes_alone(pair: Pair, whole: Whole, *, dtype: str, training: bool) -> tuple[list[Row], list[Culprit]]:
    """The rows of every node, and the culprits in order of computation: the forward's, then the gradients' from the
    end backwards. The witness is asked about the first of them alone, and the noise floor of its arrays is measured."""
    rows: list[Row] = []
    forward: list[Culprit] = []
    gradients: list[Culprit] = []
    last: Suspect | None = None
    place, unsure = slice(0), False
    for trial in node_trials(pair, whole, dtype=dtype, training=training):
        found, suspect = suspected(pair, trial, again=unsure or len(forward) + len(gradients) < RERUNS)
        unsure |= any(row.nature is Nature.NON_DETERMINISTIC for row in found)
        if suspect is not None and not suspect.of_a_gradient:
            found = found if forward else suspect.measured(found)
            forward.append(suspect.unjudged() if forward else suspect.judged())
        elif suspect is not None:
            gradients += [] if last is None else [last.unjudged()]
            last, place = suspect, slice(len(rows), len(rows) + len(found))
        rows += found
    if last is not None and forward:
        gradients.append(last.unjudged())
    elif last is not None:
        gradients.append(last.judged())
        rows[place] = last.measured(rows[place])
    culprits = forward + gradients[::-1]
    return as_conventions(rows, next(iter(culprits), None)), culprits


def node_trials(pair: Pair, whole: Whole, *, dtype: str, training: bool) -> Iterator[Trial]:
    """A trial for every node, fed with what the right side computed up to it, or the left where the right raises."""
    seen = _activations(pair, whole, dtype, training)
    for path, node, fed, weights in feeds(whole.model, whole.inputs, seen, whole.state, training=training):
        state = in_dtype(weights, dtype)
        trial = Trial(path, node.layer, wide(fed), state, dtype, training, whole.seed, whole.step, forms=node.in_forms)
        yield trial.of_model(whole.alone.get(path))
        whole.alone[path] = trial.model


def _activations(pair: Pair, whole: Whole, dtype: str, training: bool) -> dict[str, Arrays]:
    """{node path: its outputs} of the first side that computes them; raises Stopped where neither does."""
    errors: dict[str, Exception] = {}
    for side in (1, 0):
        try:
            return activations(
                pair.backends[side],
                whole.model,
                whole.state,
                whole.inputs,
                seed=whole.seed,
                step=whole.step,
                dtype=dtype,
                training=training,
            )
        except Exception as error:
            errors[pair.names[side]] = error
    raise Stopped(errors)
