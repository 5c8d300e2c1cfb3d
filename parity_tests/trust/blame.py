"""The parity engine's own judgement: what is not compared, and who is blamed."""

from __future__ import annotations

from trust.record import elsewhere

P = "core.parity"
FAULTS = [
    elsewhere(
        "the first node is skipped",
        f"{P}.stages.nodes",
        "        trial = Trial(path, node.layer,",
        "        if fed[0] is whole.inputs[0]:\n            continue\n        trial = Trial(path, node.layer,",
        "parity/test_rows.py::test_every_stage_compares_exactly_what_the_description_has",
    ),
    elsewhere(
        "nodes inside models are skipped",
        f"{P}.stages.feeds",
        "            yield from feeds(node.layer, fed, seen, held, *inner, training=training)",
        "            pass",
        "parity/test_rows.py::test_every_stage_compares_exactly_what_the_description_has",
    ),
    elsewhere(
        "gradients are not compared",
        f"{P}.stages.node",
        '    for kind in ("outputs", "gradients"):\n',
        '    for kind in ("outputs",):\n',
        "parity/test_rows.py::test_every_stage_compares_exactly_what_the_description_has",
    ),
    elsewhere(
        "buffers are not compared",
        f"{P}.stages.trial",
        "for k in sorted(buffers)}",
        "for k in sorted(buffers)[:0]}",
        "parity/test_rows.py::test_every_stage_compares_exactly_what_the_description_has",
    ),
    elsewhere(
        "evaluation is not compared",
        f"{P}.check",
        "    for mode in (True, False):\n",
        "    for mode in (True,):\n",
        "parity/test_rows.py::test_every_stage_compares_exactly_what_the_description_has",
    ),
    elsewhere(
        "float32 is not compared",
        f"{P}.check",
        "        for dtype in kinds:\n            _compare(",
        "        for dtype in kinds[:1]:\n            _compare(",
        "parity/test_rows.py::test_every_stage_compares_exactly_what_the_description_has",
    ),
    elsewhere(
        "only the first other engine is compared",
        f"{P}.pair",
        "    return [Pair(first, other) for other in others]",
        "    return [Pair(first, other) for other in others[:1]]",
        "parity/test_several_engines.py::test_the_first_engine_is_held_against_every_other",
    ),
    elsewhere(
        "locked steps start from each side's own state",
        f"{P}.stages.locked_steps",
        "        on_each(self.pair, lambda k: self._set(k, *start))\n",
        "",
        "parity/test_cancelling.py::test_an_ordinary_model_raises_no_false_alarm",
    ),
    elsewhere(
        "only the first step is compared",
        f"{P}.stages.locked_steps",
        "    for number in range(1, training.steps + 1):\n            (before",
        "    for number in range(1, 2):\n            (before",
        "parity/test_steps.py::test_a_mask_that_is_wrong_from_step_one_on_names_the_dropout",
    ),
    elsewhere(
        "writing to inputs is not seen",
        f"{P}.stages.trial",
        "if not np.array_equal(old, new, equal_nan=True)",
        "if old.shape != new.shape",
        "parity/test_rows.py::test_an_engine_that_writes_to_what_it_was_given_is_blamed",
    ),
    elsewhere(
        "the right side is blamed",
        f"{P}.witness",
        "guilty = far if np.isfinite(nearest)",
        "guilty = near if np.isfinite(nearest)",
        "parity/test_report.py::test_a_forward_fault_is_own_at_its_node_and_inherited_behind_it",
    ),
    elsewhere(
        "the first side is blamed always",
        f"{P}.witness",
        "guilty = far if np.isfinite(nearest)",
        "guilty = next(iter(claims)) if np.isfinite(nearest)",
        "parity/test_wrong_in_torch.py::test_the_gradient_of_hardsigmoid_in_float64_is_a_sixth_of_float32",
    ),
    elsewhere(
        "somebody is blamed where nobody can be",
        f"{P}.witness",
        "farthest > FARTHER * nearest and",
        "farthest >= nearest and",
        "parity/test_verdicts.py::test_a_side_is_called_wrong_where_it_is_three_times_as_far_from_the_truth",
    ),
    elsewhere(
        "the wrong shape is blamed on the other side",
        f"{P}.witness",
        "wrong = [name for name, text in told.items() if text != promised]",
        "wrong = [name for name, text in told.items() if text == promised]",
        "parity/test_stages.py::test_a_wrong_loss_is_a_culprit_of_its_own",
    ),
    elsewhere(
        "what is inherited is told as an error of its own",
        f"{P}.check",
        "    report.add(together, _of_a_loss(culprit, blamed))",
        "    report.add(together, culprit)",
        "parity/test_stages.py::test_what_a_wrong_loss_brings_about_is_inherited_from_it",
    ),
    elsewhere(
        "gradients are blamed in the order of the forward",
        f"{P}.stages.nodes",
        "culprits = forward + gradients[::-1]",
        "culprits = forward + gradients",
        "parity/test_report.py::test_the_first_wrong_gradient_is_the_last_node_s",
    ),
    elsewhere(
        "a formula sees the batch's first row alone",
        f"{P}.witness",
        "return float(sum(np.sum(dy * slope, where=slope != 0)",
        "return float(sum(np.sum((dy * slope)[:1], where=(slope != 0)[:1])",
        "parity/test_limits.py::test_of_two_sides_the_one_farther_from_the_truth_is_blamed",
    ),
    elsewhere(
        "a gradient check allows a tenth",
        f"{P}.matching",
        "GRADIENT_CHECK = 1e-6",
        "GRADIENT_CHECK = 1e-1",
        "parity/test_first_wrong.py::test_the_node_whose_own_backward_is_wrong_is_named",
    ),
    elsewhere(
        "a culprit's place is the first entry",
        f"{P}.differences",
        "int(np.argmax(gap)), gap.shape",
        "0, gap.shape",
        "parity/test_first_wrong.py::test_the_node_whose_own_backward_is_wrong_is_named",
    ),
]
