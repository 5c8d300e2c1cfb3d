"""Every way in which an engine cannot be had, word for word."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine_helpers import install
from message_helpers import raised

import isograd as ig
from isograd.backends.numpy_impl import NumpyBackend

MODEL = ig.Sequential([ig.Linear(3)], input_shape=(5,))
KNOWN = ", ".join(ig.backend_names())


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that distributions are installed into."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def asked(name: str) -> str:
    return raised(lambda: ig.get_backend(name))


def test_an_unknown_engine() -> None:
    assert (
        asked("abacus")
        == f"""BackendError: backend='abacus'
  wanted one of {KNOWN}
  got    'abacus'
  fix    name one of them, or install a package with an isograd.backends entry point"""
    )


def test_an_unknown_engine_with_a_name_near_it() -> None:
    assert (
        asked("pytorch")
        == f"""BackendError: backend='pytorch'
  wanted one of {KNOWN}
  got    'pytorch'
  fix    backend='torch', or install a package with an isograd.backends entry point"""
    )


def test_an_unknown_variant() -> None:
    assert (
        asked("torch:complie")
        == """BackendError: backend='torch:complie'
  wanted a variant of torch: compile
  got    'complie'
  fix    backend='torch', whose options are keywords of ig.build"""
    )


def test_a_variant_of_an_engine_that_has_none() -> None:
    assert (
        asked("numpy:compile")
        == """BackendError: backend='numpy:compile'
  wanted numpy alone, it has no variants
  got    'compile'
  fix    backend='numpy', whose options are keywords of ig.build"""
    )


def test_an_option_that_contradicts_the_name() -> None:
    assert (
        raised(lambda: ig.build(MODEL, backend="torch:compile", compile=False))
        == """BackendError: backend='torch:compile'
  wanted compile=True, as the name says
  got    compile=False
  fix    backend='torch' with the options that you want"""
    )


def test_a_package_that_an_extra_of_the_engines_distribution_brings(site: Path) -> None:
    install(site, "mine-engine", {"mine": "mine_needs:Mine"}, ["fast-sums>=2; extra == 'fast'", "numpy"])
    (site / "mine_needs.py").write_text("import fast_sums.kernels")
    assert (
        asked("mine")
        == """BackendError: backend='mine'
  wanted fast_sums, which this backend needs
  got    it is not installed
  fix    pip install "mine-engine[fast]", or use backend="numpy\""""
    )


def test_a_package_that_no_extra_brings(site: Path) -> None:
    install(site, "mine-engine", {"mine": "mine_lacks:Mine"}, ["fast-sums>=2"])
    (site / "mine_lacks.py").write_text("import fast_sums")
    assert (
        asked("mine")
        == """BackendError: backend='mine'
  wanted fast_sums, which this backend needs
  got    it is not installed
  fix    install fast_sums, which mine-engine 1.0 needs, or use backend="numpy\""""
    )


def test_an_entry_point_whose_module_is_missing(site: Path) -> None:
    install(site, "mine-engine", {"mine": "nowhere_at_all.inside:Mine"})
    assert (
        asked("mine")
        == """BackendError: backend='mine'
  wanted what mine-engine 1.0 declares, isograd.backends: mine = nowhere_at_all.inside:Mine
  got    ModuleNotFoundError: No module named 'nowhere_at_all'
  fix    mend that entry point, or install the distribution again"""
    )


def test_an_entry_point_whose_class_is_missing(site: Path) -> None:
    install(site, "mine-engine", {"mine": "mine_empty:Mine"})
    (site / "mine_empty.py").write_text("")
    assert (
        asked("mine")
        == """BackendError: backend='mine'
  wanted what mine-engine 1.0 declares, isograd.backends: mine = mine_empty:Mine
  got    AttributeError: module 'mine_empty' has no attribute 'Mine'
  fix    mend that entry point, or install the distribution again"""
    )


def test_an_object_that_is_no_engine(site: Path) -> None:
    install(site, "mine-engine", {"mine": "mine_other:Mine"})
    (site / "mine_other.py").write_text("class Mine:\n    name = 'mine'\n    build = None\n")
    assert (
        asked("mine")
        == """BackendError: backend='mine'
  wanted a class with name = 'mine', build and source (docs/engines.md)
  got    mine_other:Mine, which lacks source
  fix    mend the entry point or the class in mine-engine 1.0"""
    )


def test_an_engine_of_another_name(site: Path) -> None:
    install(site, "mine-engine", {"mine": "isograd.backends.numpy_impl:NumpyBackend"})
    assert (
        asked("mine")
        == """BackendError: backend='mine'
  wanted a class with name = 'mine', build and source (docs/engines.md)
  got    isograd.backends.numpy_impl:NumpyBackend, which is named 'numpy'
  fix    mend the entry point or the class in mine-engine 1.0"""
    )


def test_a_name_that_two_distributions_declare(site: Path) -> None:
    install(site, "mine-engine", {"mine": "one:Mine"})
    install(site, "their-engine", {"mine": "other:Theirs"}, version="2.1")
    told = asked("mine").splitlines()
    found = "their-engine 2.1 (other:Theirs)", "mine-engine 1.0 (one:Mine)"
    assert told[2] in {f"  got    {' and '.join(order)}" for order in (found, found[::-1])}  # as the folder lists them
    assert (
        "\n".join([*told[:2], *told[3:]])
        == """BackendError: backend='mine'
  wanted one distribution whose entry points isograd.backends declare it
  fix    uninstall all but one of them"""
    )


def test_an_engine_that_is_not_judged_alone(site: Path) -> None:
    from isograd.core.engine.protocol import judged

    class Small:
        name = "small"
        build = source = None

    assert (
        raised(lambda: judged(Small()))  # type: ignore[arg-type]
        == """BackendError: backend='small'
  wanted evaluate_loss, learning_rates and draw: losses, schedules and initial laws by themselves
  got    an engine without them
  fix    write them (docs/engines.md), or compare whole models: check_parity(…, loss=…)"""
    )


def test_an_engines_class_in_place_of_an_engine() -> None:
    assert raised(lambda: ig.build(MODEL, backend=NumpyBackend)) == (  # type: ignore[arg-type]
        "BackendError: backend=NumpyBackend\n"
        "  wanted an engine, or its name\n"
        "  got    a class\n"
        "  fix    backend=NumpyBackend()"
    )
