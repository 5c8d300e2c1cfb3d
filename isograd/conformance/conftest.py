"""Makes a test of every claim about the engine that `--backend` names, and counts them at the end."""

from __future__ import annotations

import pytest

from isograd.conformance.claims import Claim, Conformance, Found, claims, pair_of

FOUND = pytest.StashKey[list[tuple[Claim, Found]]]()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test for each claim; the command is wrong where no engine is named."""
    if "claim" not in metafunc.fixturenames:
        return
    engine = metafunc.config.getoption("--backend", None)
    if engine is None:
        raise pytest.UsageError("which engine? pytest --pyargs isograd.conformance --backend NAME")
    made = list(claims(pair_of(engine, metafunc.config.getoption("--against", None))))
    metafunc.config.stash.setdefault(FOUND, [])
    metafunc.parametrize("claim", made, ids=[claim.name for claim in made])


@pytest.fixture
def found(claim: Claim, request: pytest.FixtureRequest) -> Found:
    """What became of the claim."""
    made = claim.judge()
    request.config.stash[FOUND].append((claim, made))
    return made


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The honest counts: a claim that is not judged is no pass."""
    judged = config.stash.get(FOUND, [])
    if judged:
        pair = pair_of(config.getoption("--backend"), config.getoption("--against"))
        terminalreporter.write_line(Conformance(*pair.names, judged).counts)
