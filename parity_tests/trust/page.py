"""docs/trust.md: the counts of a run of the whole catalogue, and what they mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from trust.catalogue import CLASSES
from trust.graphs import EACH, SEEDS
from trust.outcomes import Count, Outcome, total

PAGE = Path(__file__).resolve().parents[2] / "docs/trust.md"
TEXT = """# How far verdicts can be trusted
A judge is worth what it catches, what it blames and what it leaves in peace. So faults are planted: {faults} of them,
each a change of one module's text, of the kinds that a maintainer makes and of those that public from-scratch code is
known for. `python parity_tests/trust.py --write` runs every one in a process of its own, which finds the module as the
fault has it before anything is imported, asks parity and the tests that the fault's record names, and writes this page.

A record ([`parity_tests/trust/`](../parity_tests/trust), a file for each class) says what is changed where, which tests
should see it, in which cases or model parity should, and whether it lives in a node. Then parity must name this node as
the first culprit, among neighbours that are right, and blame its engine. Some faults no comparison of engines can see:
in what both engines are given alike (loaders, preparation, metrics, files, the position of a training that goes on),
and in the comparison's own judgement. For these tests alone count, and a dash stands in parity's column.

**{day}: {caught} of {faults} faults caught ({share_caught}); {by_parity} of {of_parity} that parity should see, by
parity; the right node named and the right side blamed of {right} of {nodes} that live in a node ({share_right});
{alarms} false alarms in {checks} comparisons of unmutated code and {graphs} random graphs.**
It took {minutes} minutes in two processes.

| class | faults | caught | by parity | by the tests named | right node | right side |
|---|---|---|---|---|---|---|
{rows}

{survivors}

False alarms are looked for in the same cases and models, nothing planted: layers between two neighbours, losses,
optimizers and clippings by themselves, whole models trained for six steps, in both dtypes and both modes. `python
parity_tests/false_alarms.py` looks for more of them over many seeds ([parity.md](parity.md)).

The random graphs are those of {commands}, of every kind of layer, in both dtypes and both modes:
{became}. Refused are those that an engine refuses in words, undefined those where both have the same
NaN, unsteady those whose outputs one unit in the last place moves by a large part of themselves
([parity.md](parity.md#random-graphs)).

```sh
python parity_tests/trust.py --class known      # one class
python parity_tests/trust.py --only "dropout"   # faults whose name holds this
python parity_tests/trust.py --sample 3         # so many of each class
python parity_tests/trust.py --write            # all of them, and this page
```
The catalogue is one that its survivors are looked after in: a fault that nothing sees gets its case or test. So these
counts say that none of these faults gets through, not how many of others would. `python parity_tests/mutants.py` plants
others, which nobody has written down: every change of some kinds in every operation, and samples of more kinds
elsewhere ([parity.md](parity.md)).
"""


def share(part: int, whole: int) -> str:
    return f"{100 * part / max(whole, 1):.1f} %"


def of(part: int, whole: int) -> str:
    """ "3 of 4", or a dash where there is nothing to be counted."""
    return f"{part} of {whole}" if whole else "–"


def row(name: str, count: Count) -> str:
    parity, nodes = count.of_parity, count.nodes
    cells = [name, str(count.faults), str(count.caught), of(count.by_parity, parity), of(count.by_tests, count.tested)]
    return f"| {' | '.join([*cells, of(count.right_node, nodes), of(count.right_side, nodes)])} |"


def page(
    counts: Mapping[str, Count],
    outcomes: Sequence[Outcome],
    checks: int,
    alarms: Sequence[str],
    graphs: Counter[str],
    seconds: float,
) -> str:
    """The page, of a run of all classes."""
    all_of = total(counts.values())
    rows = [row(CLASSES[kind], count) for kind, count in counts.items()]
    lost = [
        f"- {outcome.fault.name} (`{outcome.fault.module}`): {outcome.short}" for outcome in outcomes if outcome.short
    ]
    lost += [f"- a false alarm: {alarm}" for alarm in alarms]
    survivors = ["What is not as it should be:", *lost] if lost else ["Nothing survives, and nobody is blamed wrongly."]
    return TEXT.format(
        faults=all_of.faults,
        day=date.today().isoformat(),
        caught=all_of.caught,
        share_caught=share(all_of.caught, all_of.faults),
        by_parity=all_of.by_parity,
        of_parity=all_of.of_parity,
        right=all_of.right,
        nodes=all_of.nodes,
        share_right=share(all_of.right, all_of.nodes),
        alarms=len(alarms),
        checks=f"{checks:,}",
        graphs=f"{graphs.total():,}",
        commands=" and ".join(f"`isograd fuzz --count {EACH} --seed {seed}`" for seed in SEEDS),
        became=", ".join(f"{count:,} {what}" for what, count in graphs.most_common()),
        minutes=round(seconds / 60),
        rows="\n".join([*rows, row("**all**", all_of)]),
        survivors="\n".join(survivors),
    )
