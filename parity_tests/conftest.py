"""What all tests share: the pair of engines, where real data lies, which tests wait for the second tier."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from isograd.core.parity.pair import Pair

DATA = Path(os.environ.get("ISOGRAD_DATA", "../shared/data"))

SLOW = {
    "test_char_experiments.py": {
        "test_a_trained_network_writes_from_the_command_line",
        "test_both_engines_learn_and_write_the_same_from_equal_weights[char_gru_lstm]",
        "test_both_engines_learn_and_write_the_same_from_equal_weights[char_transformer]",
        "test_the_books_recipe_carries_the_average",
    },
    "test_cli.py": {
        "test_an_example_runs_by_itself[char_gru_lstm]",
        "test_an_example_runs_by_itself[char_lstm]",
        "test_an_example_runs_by_itself[char_transformer]",
        "test_an_example_runs_by_itself[go_board]",
        "test_an_example_runs_by_itself[mnist_autoencoder]",
        "test_an_example_runs_by_itself[mnist_cnn]",
        "test_an_example_runs_by_itself[mnist_mlp]",
        "test_an_example_runs_by_itself[mnist_resnet_small]",
        "test_an_example_runs_by_itself[sentiment]",
        "test_parity_of_an_experiment_and_of_every_case",
    },
    "test_image_experiments.py": {
        "test_both_engines_predict_the_same_classes_in_float64",
        "test_published_results_stand_beside_ours",
    },
    "test_sequence_experiments.py": {"test_characters_are_read_as_well"},
    "test_trajectories.py": {"test_200_steps_of_the_digits_mlp_agree[Adam(0.01)]"},
    "test_witnesses.py": {
        "test_a_fault_in_the_hand_derived_side_makes_it_the_odd_one_out[GRU]",
        "test_a_fault_in_the_hand_derived_side_makes_it_the_odd_one_out[LSTM]",
        "test_a_fault_in_the_hand_derived_side_makes_it_the_odd_one_out[RNN]",
    },
}
"""Tests of the second tier that carry no mark: whole experiments, each with a smaller sister in the first tier."""

FIRST = ["test_other_kernels.py", "test_mutants.py", "test_witnesses.py", *SLOW]
"""Files that take long, so that they are under way before the many short tests: then no process waits at the end."""


def pytest_configure(config: pytest.Config) -> None:
    """Several processes share the cores: each computes on one. (The second tier also runs with several threads.)"""
    if getattr(config.option, "numprocesses", None):
        for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
            os.environ.setdefault(variable, "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.name in SLOW.get(item.path.name, ()):
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: FIRST.index(item.path.name) if item.path.name in FIRST else len(FIRST))


@pytest.fixture(scope="session")
def pair() -> Pair:
    """NumPy, under judgement, against PyTorch."""
    return Pair.named("numpy", "torch")


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of real data files; tests that need one are skipped, with the reason, where it is absent."""
    if not DATA.is_dir():
        pytest.skip(f"no data folder at {DATA}: set ISOGRAD_DATA")
    return DATA.resolve()
