"""Files: what is written, whole or not at all, and what is believed of what is read."""

from __future__ import annotations

from trust.record import elsewhere

SAVING = ("front/test_saving.py", "front/test_files.py")
SPOILT = ("front/test_spoilt_files.py", "messages/test_messages_files.py", *SAVING)
WEIGHTS = ("engines/test_weights.py", "messages/test_messages_state.py")
FAULTS = [
    elsewhere(
        "a file is written in place",
        "core.base.atomic",
        "os.replace(file.name, path)",
        "path.write_bytes(content)\n                os.unlink(file.name)",
        *SAVING,
    ),
    elsewhere(
        "a file is not flushed before it is renamed",
        "core.base.atomic",
        "                os.fsync(file.fileno())\n",
        "",
        *SAVING,
    ),
    elsewhere(
        "a temporary file is left behind",
        "core.base.atomic",
        "                Path(file.name).unlink(missing_ok=True)\n                raise",
        "                raise",
        *SAVING,
    ),
    elsewhere("what a killed process left stays", "core.base.atomic", "        _remove_orphans(path)\n", "", *SAVING),
    elsewhere(
        "folders that were made for nothing stay",
        "core.base.atomic",
        "                folder.rmdir()",
        "                pass",
        *SAVING,
    ),
    elsewhere(
        "a checksum is not looked at",
        "core.graph.files",
        "if texts.get(CHECKSUM) != checksum(told, weights):",
        "if CHECKSUM not in texts:",
        *SPOILT,
    ),
    elsewhere(
        "the checksum leaves out the values",
        "core.base.tensor_files",
        "        digest.update(arrays[name].reshape(-1).view(np.uint8).data)\n",
        "",
        *SPOILT,
    ),
    elsewhere(
        "the checksum leaves out names and shapes",
        "core.base.tensor_files",
        '        digest.update(f"{name} {arrays[name].dtype} {arrays[name].shape}".encode())\n',
        "",
        *SPOILT,
        "front/test_former_files.py",
    ),
    elsewhere(
        "arrays are stored as they lie",
        "core.base.tensor_files",
        'return np.asarray(values, values.dtype.newbyteorder("<"), order="C")',
        "return values",
        *SAVING,
        "engines/test_layouts.py",
        "messages/test_messages_files.py",
    ),
    elsewhere(
        "a header may be longer than its file",
        "core.base.tensor_files",
        "if length > min(len(content) - 8, HEADER):",
        "if length > HEADER:",
        *SPOILT,
    ),
    elsewhere("notes are not written", "core.graph.files", "if notes is not None else {}", "if False else {}", *SAVING),
    elsewhere(
        "weights are saved without a check",
        "core.graph.files",
        'check_state(model, weights, "save").items()}',
        "dict(weights).items()}",
        *SPOILT,
    ),
    elsewhere(
        "weights that are missing are left as they were",
        "core.graph.weights",
        '    if missing or unexpected:\n        got = [f"missing',
        '    if unexpected:\n        got = [f"missing',
        *WEIGHTS,
        "messages/test_messages_build.py",
    ),
    elsewhere(
        "weights of another shape are reshaped",
        "core.graph.weights",
        "if values.shape != shape or values.dtype.kind",
        "if values.size != np.prod(shape, dtype=int) or values.dtype.kind",
        *WEIGHTS,
        "messages/test_messages_build.py",
    ),
    elsewhere(
        "numbers that leave float32 become infinite",
        "core.graph.weights",
        "    if lost.any():\n        place",
        "    if False:\n        place",
        *WEIGHTS,
        "messages/test_messages_limits.py",
        "messages/test_messages_state.py",
        "front/test_saving.py",
    ),
    elsewhere(
        "counts that are no whole numbers are cut",
        "core.graph.weights",
        "    if not np.array_equal(made, values):\n        raise",
        "    if False:\n        raise",
        *WEIGHTS,
        "messages/test_messages_limits.py",
        "messages/test_messages_tensors.py",
    ),
    elsewhere(
        "half of a state is taken before the other is refused",
        "backends.numpy_impl.network",
        '        given = in_dtype(self.model, check_state(self.model, weights), self.dtype, "load_state_dict")\n'
        "        with",
        "        given = {k: np.asarray(v) for k, v in weights.items()}\n        with",
        *WEIGHTS,
    ),
    elsewhere(
        "every layer is drawn from one seed",
        "core.graph.weights",
        'weight.initial(generator(seed, "init", path))',
        'weight.initial(generator(seed, "init"))',
        *WEIGHTS,
        "engines/test_engines.py",
    ),
    elsewhere(
        "initial weights do not hear of the seed",
        "core.graph.weights",
        'weight.initial(generator(seed, "init", path))',
        'weight.initial(generator(0, "init", path))',
        *WEIGHTS,
        "engines/test_engines.py",
    ),
    elsewhere("initial weights have half of their spread", "core.base.initializers", "bound", "bound", *WEIGHTS),
]
FAULTS = FAULTS[:-1]
