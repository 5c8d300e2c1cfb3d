"""Resume: what a training that goes on must have kept."""

from __future__ import annotations

from trust.record import elsewhere

TRAINING, NUMPY, TORCH = "core.training", "backends.numpy_impl", "backends.torch_impl"
FAULTS = [
    elsewhere(
        "the epochs done are forgotten",
        f"{TRAINING}.trainer",
        '        self.epochs_done = state.record["epochs_done"]\n',
        "",
        "training/test_state.py::test_interrupted_and_taken_up_is_uninterrupted_bit_for_bit",
    ),
    elsewhere(
        "the memory of the optimizer is not put back",
        f"{TRAINING}.trainer",
        "        self.learner.load_state_dict(memory)\n",
        "",
        "training/test_state.py::test_interrupted_and_taken_up_is_uninterrupted_bit_for_bit",
    ),
    elsewhere(
        "the weights are not put back",
        f"{TRAINING}.trainer",
        '        self.net.load_state_dict(state.under("weights"))\n',
        "",
        "training/test_state.py::test_interrupted_and_taken_up_is_uninterrupted_bit_for_bit",
    ),
    elsewhere(
        "the count of steps starts again",
        f"{NUMPY}.learner",
        "            self.t = step\n            self.net.at_step(step)",
        "            self.t = min(step, 1)\n            self.net.at_step(self.t)",
        "training/test_state.py::test_interrupted_and_taken_up_is_uninterrupted_bit_for_bit",
    ),
    elsewhere(
        "the torch optimizer's count of steps starts again",
        f"{TORCH}.memory",
        "torch.tensor(float(step))",
        "torch.tensor(1.0)",
        "training/test_state.py::test_interrupted_and_taken_up_is_uninterrupted_bit_for_bit",
    ),
    elsewhere(
        "masks go on from the first step",
        f"{NUMPY}.learner",
        "            self.t = step\n            self.net.at_step(step)",
        "            self.t = step\n            self.net.at_step(0)",
        "training/test_after_a_step.py::test_what_a_forward_drops_after_a_memory_is_taken_over_is_what_the_next_step_drops",
    ),
    elsewhere(
        "one slot takes the place of another",
        f"{NUMPY}.learner",
        'memory[f"{name}/{path}"] if step else slot.start',
        'memory[f"{next(iter(slots))}/{path}"] if step else slot.start',
        "training/test_state.py::test_interrupted_and_taken_up_is_uninterrupted_bit_for_bit",
    ),
    elsewhere(
        "carried states are not put back",
        f"{NUMPY}.learner",
        "self.held = tuple(np.array(h, self.net.dtype) for h in carried_of(memory))",
        "self.held = ()",
        "training/test_state.py::test_interrupted_and_taken_up_is_uninterrupted_bit_for_bit",
    ),
    elsewhere(
        "carried states come back in another order",
        "core.engine.carry",
        "return tuple(memory[carried_name(k)] for k in range(sum(name.startswith(CARRIED) for name in memory)))",
        "return tuple(memory[carried_name(k)] for k in range(sum(name.startswith(CARRIED) for name in memory)))[::-1]",
        "training/test_carry.py::test_two_states_come_back_each_in_its_place",
    ),
    elsewhere(
        "the position in the epoch is forgotten",
        f"{TRAINING}.fitting",
        'self.epoch, self.step = record["epoch"], record["step"]',
        'self.epoch, self.step = record["epoch"], 0',
        "training/test_state.py::test_interrupted_and_taken_up_is_uninterrupted_bit_for_bit",
    ),
    elsewhere(
        "an epoch that goes on reads its first batches again",
        f"{TRAINING}.trainer",
        "self.learner.epoch(data, order[done:], lambda k: lr(done + k))",
        "self.learner.epoch(data, order[: len(order) - done], lambda k: lr(done + k))",
        "training/test_state.py::test_interrupted_and_taken_up_is_uninterrupted_bit_for_bit",
    ),
    elsewhere(
        "the rates of an epoch that goes on start again",
        f"{TRAINING}.trainer",
        "lambda k: lr(done + k))",
        "lambda k: lr(k))",
        "training/test_state.py::test_interrupted_and_taken_up_is_uninterrupted_bit_for_bit",
    ),
    elsewhere(
        "the weights of the batches before are forgotten",
        f"{TRAINING}.fitting",
        'arrays["step_losses"].tolist(), arrays["weights"].tolist()',
        'arrays["step_losses"].tolist(), [1.0] * len(arrays["weights"])',
        "training/test_state.py::test_every_place_of_a_fit_will_do",
    ),
    elsewhere(
        "early stopping begins to wait again",
        f"{TRAINING}.watching",
        'state["best"], state["best_epoch"], state["waited"]',
        'state["best"], state["best_epoch"], 0',
        "training/test_state.py::test_every_place_of_a_fit_will_do",
    ),
    elsewhere(
        "the best weights so far are forgotten",
        f"{TRAINING}.watching",
        'return {"best": self.best, "best_epoch": self.best_epoch, "waited": self.waited, **weights}',
        'return {"best": self.best, "best_epoch": self.best_epoch, "waited": self.waited}',
        "training/test_state.py::test_every_place_of_a_fit_will_do",
    ),
    elsewhere(
        "a state shares its arrays with the trainer",
        f"{TRAINING}.state",
        "        for values in self.arrays.values():\n            values.flags.writeable = False",
        "        for values in self.arrays.values():\n            values.flags.writeable = True",
        "training/test_state.py::test_a_state_is_a_value",
    ),
    elsewhere(
        "watchers that had not heard of a step do not hear of it",
        f"{TRAINING}.fitting",
        '            if not entry["heard"]:\n                self.waiting.append(watcher)',
        "            pass",
        "training/test_state.py::test_every_callback_is_told_everything_once",
    ),
    elsewhere(
        "a fit goes on with other data",
        f"{TRAINING}.fitting",
        "            if found != wanted:\n                raise DataError(",
        "            if False:\n                raise DataError(",
        "messages/test_messages_state.py::test_another_fit_than_the_one_that_goes_on",
    ),
]
