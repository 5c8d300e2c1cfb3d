"""`ig.bisect`: a part of the graph in one engine and the rest in another, halved until one node is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from isograd.core.base.errors import SpecError
from isograd.core.base.raised import told_with_line
from isograd.core.base.types import FLOATS, Array, Arrays
from isograd.core.engine.protocol import Backend
from isograd.core.graph.composite import Composite
from isograd.core.graph.nodes import Node
from isograd.core.graph.weights import declared
from isograd.core.learning.losses import Loss
from isograd.core.parity.asked import asked_about
from isograd.core.parity.check import kinds_of
from isograd.core.parity.cutting import Part, Parts, cuts_of
from isograd.core.parity.matching import Difference
from isograd.core.parity.pair import Pair, in_dtype, pairs_of
from isograd.core.parity.stages.end_to_end import BUFFER, OF_THE_LOSS, PREDICTION, Whole, judge
from isograd.core.parity.stages.feeds import activations, start, weights_of
from isograd.core.parity.stages.rounding import Found, Key, Rounding, least_noise
from isograd.core.parity.stages.tracing import upstream_of_loss
from isograd.core.parity.stages.training import rounded, shaken
from isograd.core.parity.verdict import Verdict, limit, short


@dataclass(frozen=True)
class Cut:
    """A run with so many nodes in the suspect engine: what departs first from the other engine's run, if anything."""

    nodes: int
    what: str = ""  # "gradient of linear.weight"
    error: float = 0.0
    allowed: float = 0.0

    @property
    def departs(self) -> bool:
        return bool(self.what)


@dataclass(frozen=True)
class Halved:
    """What halving a graph between two engines came to.

    `node` is the first that, computed by `suspect` with all nodes before it, makes the whole depart from `other`'s;
    None where nothing departs. `after` is the node before it, which with those before it does not; where they cannot
    be told apart (a layer that draws at random is called on both sides) it is further off. `guilty` is the engine that
    the formula of the whole model finds wrong. `runs`: how often the graph was run, whole or in two parts.
    """

    title: str
    suspect: str
    other: str
    dtype: str
    cuts: tuple[Cut, ...]
    runs: int
    node: str | None = None
    layer: str = ""
    after: str | None = None
    verdict: Verdict = field(default_factory=Verdict)

    @property
    def passed(self) -> bool:
        """Whether the whole is the same in both engines."""
        return self.node is None

    @property
    def guilty(self) -> str | None:
        return self.verdict.guilty

    @property
    def departure(self) -> Cut | None:
        """The smallest cut at which the whole departs."""
        return min((cut for cut in self.cuts if cut.departs), key=lambda cut: cut.nodes, default=None)

    def __str__(self) -> str:
        found = self.departure
        if found is None:
            return f"{self.title}\nPASSED: {self.suspect} and {self.other} compute the same thing ({self.runs} runs)"
        first = f"up to {self.after!r}" if self.after is not None else "none"
        lines = [
            f"with nodes {first} in {self.suspect}, the rest in {self.other}: as all in {self.other}",
            f"with {self.node!r}, {self.layer}, in {self.suspect} as well: {found.what} departs first, "
            f"rel {found.error:.1e} > {limit(found.allowed)} ({self.dtype})",
        ]
        said = f"the odd one out is {self.guilty}" if self.guilty else "no witness could say which side is wrong"
        tried = ", ".join(str(cut.nodes) for cut in self.cuts)
        return "\n".join([self.title, *lines, f"{said}: {self.runs} runs, cut after {tried} nodes"])


def bisect(
    model: Composite,
    x: Array | Arrays,
    y: Array | Arrays | None = None,
    *,
    loss: Loss | Sequence[Loss | None] | None = None,
    weights: Mapping[str, Array] | None = None,
    backends: Sequence[str | Backend] = ("numpy", "torch"),
    dtype: str = "float64",
    seed: int = 0,
) -> Halved:
    """Which node makes the whole differ between two engines, where every node alone is right?

    The graph is cut behind its first k nodes: these run in one engine, the rest in the other, values and gradients
    crossing as arrays. Outputs, buffers and gradients (for a random dy, or of the loss) are held against those of the
    other engine alone, as `check_parity` holds a whole against the noise floor; the first k at which they depart is
    found in about log2(nodes) runs beside the two whole ones and those of the noise floor. The engine that the formula
    of the whole model finds wrong computes the first part; where it finds none, the first that was named. A model
    inside the model is one node, and is then halved itself, on inputs that it had.

    Raises as `check_parity` does, and SpecError where not two engines are named.
    """
    whole = asked_about("bisect", model, x, y, loss, weights, seed)
    (kind,) = kinds_of(dtype)
    pairs = pairs_of("bisect(backends=…)", backends)
    if len(pairs) > 1:
        got = f"{len(pairs) + 1}"
        raise SpecError("bisect(backends=…)", wanted="two engines", got=got, fix='backends=("numpy", "torch")')
    return halved(pairs[0], whole, kind)


def halved(pair: Pair, whole: Whole, dtype: str) -> Halved:
    """`bisect` of one pair of engines."""
    graph = whole.model.graph(*whole.model.input_shapes)
    count = len(graph.nodes)
    halving = Halving(pair, whole, dtype)
    cut = halving.at(count)
    verdict = Verdict()
    if cut.departs and halving.key is not None:
        verdict = halving.blamed(halving.key)
    if verdict.guilty == pair.names[1]:
        halving = Halving(Pair(pair.right, pair.left), whole, dtype, runs=halving.runs)
        cut = halving.at(count)
    places = cuts_of(graph)
    low, high, cuts = 0, len(places) - 1, [cut]
    while cut.departs and high - low > 1:
        middle = (low + high) // 2
        cuts.append(halving.at(places[middle]))
        low, high = (low, middle) if cuts[-1].departs else (middle, high)
    suspect, other = halving.names
    title = f"bisect of {short(whole.model)}, {suspect} against {other}, {dtype}, seed {whole.seed}"
    found = Halved(title, suspect, other, dtype, tuple(cuts), halving.runs, verdict=verdict)
    if not cut.departs:
        return found
    node = graph.nodes[places[high] - 1]
    after = graph.nodes[places[low] - 1].name if places[low] else None
    found = replace(found, node=node.name, layer=short(node.layer, *node.in_shapes), after=after)
    return halving.inside(found, node) if isinstance(node.layer, Composite) else found


class Halving:
    """Runs of one model with more or fewer nodes in the suspect engine, each held against all of it in the other."""

    def __init__(self, pair: Pair, whole: Whole, dtype: str, *, runs: int = 0) -> None:
        self.pair, self.whole, self.dtype, self.runs = pair, whole, dtype, runs
        self.names = pair.names
        self.parts = Parts(pair.left, pair.right, whole.model, whole.seed, whole.step, dtype)
        self.state, self.inputs = in_dtype(whole.state, dtype), rounded(whole.inputs, dtype)
        self.added = whole.added(pair.right)
        self.moves: dict[tuple[int, int], Found] = {}
        self.key: Key | None = None  # what departs first of the last run that does
        self.last: tuple[Found, Difference] = {}, Difference(0.0)

    def at(self, count: int) -> Cut:
        """With so many nodes in the suspect engine."""
        reference = self.moved(0, 0)
        try:
            found = self.found(count, self.state, self.inputs)
        except Exception as error:
            return Cut(count, f"the run, {told_with_line(error)},", np.inf)
        rounding = Rounding(
            self.pair,
            (found, reference),
            least_noise(self.dtype, []),
            lambda side, units, draw: self.moved(units, draw),
            self.added,
            beside=False,
        )
        for key in {**reference, **found}:
            judged = rounding.judge(key)
            if judged.failed:
                self.key, self.last = key, (found, judged.gap)
                return Cut(count, f"{key[1]} of {key[0]}", judged.gap.error, judged.allowed)
        return Cut(count)

    def moved(self, units: int, draw: int) -> Found:
        """All in the other engine, every input and weight moved by so many units in the last place."""
        if (units, draw) not in self.moves:
            state, inputs = shaken(self.whole.model, self.state, self.inputs, units, draw)
            self.moves[units, draw] = self.found(0, state, inputs)
        return self.moves[units, draw]

    def found(self, count: int, state: Mapping[str, Array], inputs: Arrays) -> Found:
        """The arrays of one run, in the order of computation."""
        self.runs += 1
        made = self.parts.run(count, state, inputs, self.upstream)
        label = OF_THE_LOSS if self.whole.losses else ""
        weights, _ = declared(self.whole.model)
        arrays: dict[Key, Array] = {("model", f"{PREDICTION}{k or ''}"): y for k, y in enumerate(made.outputs)}
        arrays |= {(path, BUFFER): values for path, values in made.buffers.items()}
        arrays |= {(path, f"gradient{label}"): made.dw[path] for path in reversed(weights) if path in made.dw}
        given = enumerate(made.dx)
        return arrays | {("input", f"dx{k or ''}{label}"): d for k, d in given if isinstance(d, np.ndarray)}

    def upstream(self, outputs: Arrays) -> Sequence[Array]:
        """The dy of each output: random, or of the loss by the other engine, in float64."""
        whole, kind = self.whole, FLOATS[self.dtype]
        if not whole.losses:
            return whole.upstream(outputs, kind)
        given = tuple(y.astype(np.float64) if y.dtype.kind == "f" else y for y in outputs)
        dys = upstream_of_loss(self.pair.right, whole.losses, given, rounded(whole.targets, "float64"), whole.seed)
        return [dy.astype(kind) for dy in dys]

    def blamed(self, key: Key) -> Verdict:
        """By the formula of the whole model."""
        found, gap = self.last
        values = {self.names[0]: found.get(key), self.names[1]: self.moved(0, 0).get(key)}
        return judge(self.whole, self.dtype, key, values, gap)

    def inside(self, found: Halved, node: Node) -> Halved:
        """The same of the model that a node is, alone, on what enters it; where it is right alone, the node itself."""
        whole, model = self.whole, self.whole.model
        graph = model.graph(*model.input_shapes)
        options: dict[str, Any] = {"seed": whole.seed, "step": whole.step, "dtype": self.dtype, "training": True}
        seen = activations(self.pair.right, model, whole.state, whole.inputs, **options)
        values = start(graph, whole.inputs, whole.state, "")
        for before in graph.nodes:
            values |= dict(zip(before.writes, seen[before.name], strict=True))
        assert isinstance(node.layer, Composite)
        state = weights_of(node, values, whole.state, "")
        inputs = tuple(values[slot] for slot in node.reads)
        inner = Whole(Part(node.layer.graph(*node.in_shapes)), state, inputs, (), (), whole.seed, whole.step)
        within = halved(self.pair, inner, self.dtype)
        runs = found.runs + within.runs
        if within.node is None:
            return replace(found, runs=runs)
        after = found.after if within.after is None else f"{node.name}.{within.after}"
        return replace(found, node=f"{node.name}.{within.node}", layer=within.layer, after=after, runs=runs)
