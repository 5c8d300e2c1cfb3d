"""A check that failed, as a test that stands by itself."""

from __future__ import annotations

from isograd.fuzzing.drawn import Drawn
from isograd.fuzzing.outcome import Outcome

PAGE = '''"""Found by `isograd fuzz --seed {seed}`, number {number}: the engines {backends} differ.

{told}
"""

from isograd.fuzzing.drawn import Drawn

FOUND = r"""
{text}
"""


def test_the_engines_compute_the_same() -> None:
    report = Drawn.from_json(FOUND).check({backends!r})
    assert report.passed, str(report)
'''


def as_test(drawn: Drawn, outcome: Outcome, seed: int, number: int, backends: tuple[str, ...]) -> str:
    """The text of a pytest file: model, options and seeds as JSON, every array drawn again from its seed."""
    told = "\n".join(line.rstrip() for line in outcome.told.replace("\\", "/").replace('"""', "'''").splitlines())
    return PAGE.format(seed=seed, number=number, told=told, text=drawn.to_json(), backends=tuple(backends))
