"""The parity engine's own judgement: tolerances, NaN, shapes and dtypes, what an error is a share of, the dy."""

from __future__ import annotations

from trust.record import elsewhere

P = "core.parity"
FAULTS = [
    elsewhere(
        "float64 is held to float32's tolerance",
        f"{P}.matching",
        '    ("node", "float64"): 1e-12,',
        '    ("node", "float64"): 5e-6,',
        "law/test_tolerances.py::test_the_one_table_is_the_one_that_the_page_tells",
    ),
    elsewhere(
        "a node in float32 may be a hundred times farther off",
        f"{P}.matching",
        '    ("node", "float32"): 5e-6,',
        '    ("node", "float32"): 5e-4,',
        "law/test_tolerances.py::test_the_one_table_is_the_one_that_the_page_tells",
    ),
    elsewhere(
        "a free run is hardly judged",
        f"{P}.matching",
        '("free run", "float64"): 1e-9',
        '("free run", "float64"): 1e-3',
        "law/test_tolerances.py::test_the_one_table_is_the_one_that_the_page_tells",
    ),
    elsewhere(
        "a noise floor explains ten times more",
        f"{P}.matching",
        "NOISE_FACTOR = 100.0",
        "NOISE_FACTOR = 1000.0",
        "law/test_tolerances.py::test_the_one_table_is_the_one_that_the_page_tells",
    ),
    elsewhere(
        "a turned kink explains everything",
        f"{P}.matching",
        "FLIPPED, FLIP_FACTOR = 0.1, 3.0",
        "FLIPPED, FLIP_FACTOR = 0.1, 1e6",
        "law/test_tolerances.py::test_the_one_table_is_the_one_that_the_page_tells",
    ),
    elsewhere(
        "NaN is equal to NaN",
        f"{P}.matching",
        "gap = np.where(np.isinf(x) & (x == y), 0.0, gap)",
        "gap = np.where(np.isinf(x) & (x == y) | (np.isnan(x) & np.isnan(y)), 0.0, gap)",
        "parity/test_matching.py::test_what_no_tolerance_excuses",
    ),
    elsewhere(
        "NaN on one side is passed over",
        f"{P}.matching",
        "gap = np.where(np.isinf(x) & (x == y), 0.0, gap)",
        "gap = np.where(np.isinf(x) & (x == y) | np.isnan(gap), 0.0, gap)",
        "parity/test_matching.py::test_what_no_tolerance_excuses",
    ),
    elsewhere(
        "infinities of either sign are equal",
        f"{P}.matching",
        "gap = np.where(np.isinf(x) & (x == y), 0.0, gap)",
        "gap = np.where(np.isinf(x) & np.isinf(y), 0.0, gap)",
        "parity/test_matching.py::test_an_infinity_differs_from_a_number_and_from_the_other_infinity_but_is_no_measure_of_others",
    ),
    elsewhere(
        "shapes that broadcast are compared",
        f"{P}.matching",
        "    if a.shape != b.shape:\n",
        "    if a.ndim != b.ndim:\n",
        "parity/test_matching.py::test_what_no_tolerance_excuses",
    ),
    elsewhere(
        "dtypes are not compared",
        f"{P}.matching",
        "    if a.dtype != b.dtype:\n",
        "    if False:\n",
        "parity/test_matching.py::test_what_no_tolerance_excuses",
    ),
    elsewhere(
        "what one side lacks is passed over",
        f"{P}.matching",
        "return Difference(0.0, exact=True) if a is b else",
        "return Difference(0.0, exact=True) if True else",
        "parity/test_matching.py::test_what_no_tolerance_excuses",
    ),
    elsewhere(
        "an error is a share of the sum, not of the largest",
        f"{P}.matching",
        "whole = max(largest(y), added) or 1.0",
        "whole = max(float(np.abs(y).sum()), added) or 1.0",
        "parity/test_matching.py::test_the_worst_entry_is_named_and_a_nan_is_worse_than_any_number",
    ),
    elsewhere(
        "the error is the mean of all entries",
        f"{P}.matching",
        "return Difference(float(gap[worst]), worst, rtol",
        "return Difference(float(gap.mean()), worst, rtol",
        "parity/test_matching.py::test_the_worst_entry_is_named_and_a_nan_is_worse_than_any_number",
    ),
    elsewhere(
        "one infinity hides all else",
        f"{P}.matching",
        "return float(np.max(sizes, where=np.isfinite(sizes), initial=0.0))",
        "return float(np.max(sizes, initial=0.0))",
        "parity/test_matching.py::test_an_infinity_differs_from_a_number_and_from_the_other_infinity_but_is_no_measure_of_others",
    ),
    elsewhere(
        "a row without a limit fails never, one with a limit neither",
        f"{P}.verdict",
        "not self.error <= self.allowed)",
        "self.error > 1.0)",
        "parity/test_matching.py::test_a_limit_is_met_and_not_exceeded_at_its_very_value",
    ),
    elsewhere(
        "a report passes that compared nothing",
        f"{P}.report",
        "return bool(self.rows) and not any(row.failed for row in self.rows)",
        "return not any(row.failed for row in self.rows)",
        "parity/test_report.py::test_a_report_that_compared_nothing_has_not_passed",
    ),
    elsewhere(
        "a report passes whose last row does",
        f"{P}.report",
        "return bool(self.rows) and not any(row.failed for row in self.rows)",
        "return bool(self.rows) and not self.rows[-1].failed",
        "parity/test_report.py::test_one_row_that_fails_is_enough_wherever_it_stands",
    ),
    elsewhere(
        "dy is all ones",
        "core.base.randomness",
        "return np.where(stream.random(shape) < 0.5, -magnitude, magnitude).astype(dtype)",
        "return np.ones_like(magnitude).astype(dtype)",
        "law/test_mutants.py::test_every_planted_fault_is_caught_and_numpy_is_blamed",
    ),
    elsewhere(
        "every output has the same dy",
        f"{P}.stages.trial",
        'random_upstream(shape, self.seed, f"{self.path}/{k}", FLOATS[self.dtype])',
        'random_upstream(shape, self.seed, "", FLOATS[self.dtype])',
        "parity/test_upstream.py::test_every_output_and_every_node_has_one_of_its_own",
    ),
]
