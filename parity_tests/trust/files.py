"""Files: what is written, whole or not at all, and what is believed of what is read."""

from __future__ import annotations

from trust.record import elsewhere

WEIGHTS = ("engines/test_weights.py", "messages/test_messages_state.py")
FAULTS = [
    elsewhere(
        "a file is written in place",
        "core.base.atomic",
        "os.replace(file.name, path)",
        "path.write_bytes(content)\n                os.unlink(file.name)",
        "front/test_files.py::test_a_crash_while_saving_leaves_the_old_file_and_nothing_else",
    ),
    elsewhere(
        "a file is not flushed before it is renamed",
        "core.base.atomic",
        "                os.fsync(file.fileno())\n",
        "",
        "front/test_files.py::test_a_crash_while_saving_leaves_the_old_file_and_nothing_else",
    ),
    elsewhere(
        "a temporary file is left behind",
        "core.base.atomic",
        "                Path(file.name).unlink(missing_ok=True)\n                raise",
        "                raise",
        "front/test_files.py::test_a_crash_while_saving_leaves_the_old_file_and_nothing_else",
    ),
    elsewhere(
        "what a killed process left stays",
        "core.base.atomic",
        "        _remove_orphans(path)\n",
        "",
        "front/test_saving.py::test_what_a_killed_save_left_goes_and_what_a_living_one_writes_stays",
    ),
    elsewhere(
        "folders that were made for nothing stay",
        "core.base.atomic",
        "                folder.rmdir()",
        "                pass",
        "front/test_saving.py::test_a_place_where_no_file_can_be",
    ),
    elsewhere(
        "a checksum is not looked at",
        "core.graph.files",
        "if texts.get(CHECKSUM) != checksum(told, weights):",
        "if CHECKSUM not in texts:",
        "messages/test_messages_files.py::test_an_altered_weight",
    ),
    elsewhere(
        "the checksum leaves out the values",
        "core.base.tensor_files",
        "        digest.update(arrays[name].reshape(-1).view(np.uint8).data)\n",
        "",
        "messages/test_messages_files.py::test_an_altered_weight",
    ),
    elsewhere(
        "the checksum leaves out names and shapes",
        "core.base.tensor_files",
        '        digest.update(f"{name} {arrays[name].dtype} {arrays[name].shape}".encode())\n',
        "",
        "front/test_former_files.py::test_a_model_and_its_weights_are_what_they_were",
    ),
    elsewhere(
        "arrays are stored as they lie",
        "core.base.tensor_files",
        'return np.asarray(values, values.dtype.newbyteorder("<"), order="C")',
        "return values",
        "front/test_files.py::test_weights_that_are_views_are_saved_as_they_read",
    ),
    elsewhere(
        "notes are not written",
        "core.graph.files",
        "if notes is not None else {}",
        "if False else {}",
        "front/test_files.py::test_notes_come_back_and_an_altered_one_is_found",
    ),
    elsewhere(
        "weights are saved without a check",
        "core.graph.files",
        'check_state(model, weights, "save").items()}',
        "dict(weights).items()}",
        "messages/test_messages_files.py::test_a_save_that_fails_leaves_what_was_there",
    ),
    elsewhere(
        "weights that are missing are left as they were",
        "core.graph.weights",
        '    if missing or unexpected:\n        got = [f"missing',
        '    if unexpected:\n        got = [f"missing',
        "messages/test_messages_files.py::test_a_save_that_fails_leaves_what_was_there",
    ),
    elsewhere(
        "weights of another shape are reshaped",
        "core.graph.weights",
        "if values.shape != shape or values.dtype.kind",
        "if values.size != np.prod(shape, dtype=int) or values.dtype.kind",
        "messages/test_messages_fit.py::test_the_message_is_this_and_nothing_changed",
    ),
    elsewhere(
        "numbers that leave float32 become infinite",
        "core.graph.weights",
        "    if lost.any():\n        place",
        "    if False:\n        place",
        "messages/test_messages_build.py::test_the_message_is_this_every_time",
    ),
    elsewhere(
        "counts that are no whole numbers are cut",
        "core.graph.weights",
        "    if not np.array_equal(made, values):\n        raise",
        "    if False:\n        raise",
        "engines/test_weights.py::test_a_count_that_is_no_whole_number_is_refused_and_nothing_changes",
    ),
    elsewhere(
        "half of a state is taken before the other is refused",
        "backends.numpy_impl.network",
        '        given = in_dtype(self.model, check_state(self.model, weights), self.dtype, "load_state_dict")\n'
        "        with",
        "        given = {k: np.asarray(v) for k, v in weights.items()}\n        with",
        "training/test_whole_steps.py::test_weights_that_do_not_fit_change_nothing",
    ),
    elsewhere(
        "every layer is drawn from one seed",
        "core.graph.weights",
        'weight.initial(generator(seed, "init", path))',
        'weight.initial(generator(seed, "init"))',
        "engines/test_weights.py::test_initial_weights_depend_on_seed_and_path_alone",
    ),
    elsewhere(
        "initial weights do not hear of the seed",
        "core.graph.weights",
        'weight.initial(generator(seed, "init", path))',
        'weight.initial(generator(0, "init", path))',
        "engines/test_weights.py::test_initial_weights_depend_on_seed_and_path_alone",
    ),
    elsewhere("initial weights have half of their spread", "core.base.initializers", "bound", "bound", *WEIGHTS),
]
FAULTS = FAULTS[:-1]
