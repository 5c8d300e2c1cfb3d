"""Which tests run in the second tier, and which are begun first: tables of whole experiments, by file."""

from __future__ import annotations

import pytest

SLOW: dict[str, set[str]] = {
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
        "test_parity_of_an_experiment_and_of_every_case[every_case]",
    },
    "test_exported.py": {
        "test_a_module_that_is_imported_right_is_exported_bit_for_bit",
        "test_a_resnet_gives_torchs_logits_where_there_is_no_torch",
    },
    "test_exported_to_torch.py": {
        "test_a_gpt",
        "test_a_module_that_is_imported_right_is_exported_right",
        "test_a_resnet",
        "test_a_vision_transformer",
    },
    "test_exported_torch_files.py": {
        "test_isograd_export_writes_it_from_the_command_line",
        "test_the_original_modules_weights_fit_the_export",
    },
    "test_fuzzing.py": {
        "test_a_fault_is_shrunk_to_its_node_and_batch[2]",
        "test_a_fault_is_shrunk_to_its_node_and_batch[6]",
    },
    "test_image_experiments.py": {
        "test_both_engines_predict_the_same_classes_in_float64",
        "test_published_results_stand_beside_ours",
    },
    "test_leakage.py": {
        "test_no_sample_is_in_two_parts[go_board-games-limited]",
        "test_no_sample_is_in_two_parts[go_board-games-whole]",
    },
    "test_made_up_files.py": {
        "test_every_recipe_of_every_data_set_is_trained_on_alike_by_both_engines[go_board-games]"
    },
    "test_learning.py": {
        "test_a_network_of_timm_learns_real_images[numpy]",
        "test_a_network_of_timm_learns_real_images[torch]",
    },
    "test_no_false_alarms.py": {"test_nothing_is_wrong_with_the_engines_own_operations"},
    "test_porting_page.py": {"test_the_port_is_found_out_as_the_page_tells"},
    "test_sequence_experiments.py": {"test_characters_are_read_as_well"},
    "test_trajectories.py": {"test_200_steps_of_the_digits_mlp_agree[Adam(0.01)]"},
    "test_without_packages.py": {"test_parity_is_checked_against_the_books_forms_and_says_so[every_case]"},
    "test_witnesses.py": {
        "test_a_fault_in_the_hand_derived_side_makes_it_the_odd_one_out[GRU]",
        "test_a_fault_in_the_hand_derived_side_makes_it_the_odd_one_out[LSTM]",
        "test_a_fault_in_the_hand_derived_side_makes_it_the_odd_one_out[RNN]",
    },
}
"""Tests of the second tier that carry no mark: whole experiments, each with a smaller sister in the first tier."""

FIRST = ["test_other_kernels.py", "test_mutants.py", "test_trust.py", "test_witnesses.py", *SLOW]
"""Files that take long, so that they are under way before the many short tests: then no process waits at the end."""


def is_slow(item: pytest.Item) -> bool:
    """Whether the table names this test, or all those of its function."""
    return bool({item.name, item.name.split("[")[0]} & SLOW.get(item.path.name, set()))
