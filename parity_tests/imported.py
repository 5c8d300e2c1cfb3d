"""Imports modules of other packages and compares each with itself: the table in docs/import.md.

    python parity_tests/imported.py [--suite NAME] [--only NAME] [--dtype float32] [--write]

A module is right when every output, gradient and buffer of its imported form on the NumPy engine agrees with what the
module itself computes, in training and in evaluation (parity_tests/imports/comparing.py). Each runs in a process of its
own, with random weights, and parameters that are constant at first moved away from there. Results are kept in
runs/imported.jsonl, so that an interrupted run goes on; --write makes the table of them.
"""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
import sys
import time
import warnings
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent
KEPT, PAGE = HERE / "runs" / "imported.jsonl", HERE / "docs" / "import.md"
START, END = "<!-- table: made by parity_tests/imported.py --write -->", "<!-- end of the table -->"
SECONDS = 1500  # for one module


def checked(suite: str, name: str, dtype: str) -> dict[str, Any]:
    """One comparison, in this process."""
    import torch
    from imports.comparing import compare
    from imports.modules import suites

    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    torch.manual_seed(0)
    torch.set_num_threads(1)
    make = next(make for of, called, make in suites() if (of, called) == (suite, name))
    made, began = make(), time.perf_counter()
    found = compare(made.module, made.args, made.kwargs, dtype=dtype)
    weights = sum(p.numel() for p in made.module.parameters())
    seconds = round(time.perf_counter() - began)
    return {
        "arrays": found.arrays,
        "worst": found.worst,
        "failed": list(found.failed),
        "weights": weights,
        "s": seconds,
    }


def in_process(suite: str, name: str, dtype: str) -> dict[str, Any]:
    """`checked` in a process of its own; what ends it is its failure."""
    command = [sys.executable, __file__, "--one", json.dumps([suite, name, dtype])]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return {"failed": [f"not done in {SECONDS} s"], "arrays": 0}
    lines = [line for line in ran.stdout.splitlines() if line.startswith("{")]
    if ran.returncode or not lines:
        told = ran.stderr.strip().splitlines()[-1:] or [f"ended with {ran.returncode}"]
        return {"failed": [" ".join(ran.stderr.split())[-600:] or told[0]], "arrays": 0}
    return dict(json.loads(lines[-1]))


def kept() -> dict[tuple[str, str, str], dict[str, Any]]:
    """{(suite, name, dtype): its last result}"""
    lines = KEPT.read_text().splitlines() if KEPT.exists() else []
    return {tuple(row["key"]): row for row in map(json.loads, lines)}


def at_a_kink(row: Mapping[str, Any]) -> bool:
    """Whether float32 gradients alone differ, by an activation on either side of a kink: in float64 all are right."""
    only = all(" gradient: " in told or " dx" in told for told in row["failed"])
    return bool(row["failed"]) and only and "wide" in row and not row["wide"]["failed"] and row["wide"]["arrays"] > 0


def table(found: Mapping[tuple[str, str, str], Mapping[str, Any]]) -> str:
    """One line a suite, then every failure by name."""
    from imports.modules import LARGE, suites

    rows = [
        "| suite | modules | right | of them by float64 | arrays compared | not right | too large |",
        "|---|---|---|---|---|---|---|",
    ]
    wrong: list[str] = []
    listed = [(suite, name) for suite, name, _ in suites()]
    for suite in dict.fromkeys(suite for suite, _ in listed):
        names = [name for of, name in listed if of == suite]
        runs = {name: [row for (s, n, _), row in found.items() if (s, n) == (suite, name)] for name in names}
        bad = [name for name in names if any(row["failed"] and not at_a_kink(row) for row in runs[name])]
        right = [name for name in names if runs[name] and name not in bad]
        kinks = [name for name in right if any(at_a_kink(row) for row in runs[name])]
        large = [name for name in names if name in LARGE and not runs[name]]
        arrays = sum(row["arrays"] for name in names for row in runs[name])
        counts = (len(names), len(right), len(kinks), f"{arrays:,}", len(bad), len(large))
        rows.append(f"| {suite} | {' | '.join(map(str, counts))} |")
        wrong += [f"- {suite}, {name}: {row['failed'][0]}" for name in bad for row in runs[name] if row["failed"]]
        wrong += [f"- {suite}, {name}: not run, {LARGE[name]}" for name in large]
        wrong += [f"- {suite}, {name}: not run" for name in names if not runs[name] and name not in LARGE]
    dtypes = ", ".join(sorted({dtype for *_, dtype in found}))
    head = f"{date.today().isoformat()}, {dtypes}, NumPy engine, one thread:"
    return "\n".join([head, "", *rows, "", *(wrong or ["Every module of the list is right."])])


def written(text: str) -> None:
    """Put the table between its marks in the page."""
    page = PAGE.read_text()
    before, _, rest = page.partition(START)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{START}\n{text}\n{END}{after}")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", default="", help="suites whose name has this in it")
    parser.add_argument("--only", default="", help="modules whose name has this in it")
    parser.add_argument("--dtype", default="float32", choices=["float32", "float64"])
    parser.add_argument("--again", action="store_true", help="also what has been compared before")
    parser.add_argument("--write", action="store_true", help="make the table of the results that are kept")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.one:
        print(json.dumps(checked(*json.loads(asked.one))))
        return 0
    from imports.modules import LARGE, suites

    if not asked.write:
        for suite, name, _ in suites():
            key = (suite, name, asked.dtype)
            if (
                asked.suite not in suite
                or asked.only not in name
                or name in LARGE
                or (key in kept() and not asked.again)
            ):
                continue
            result = in_process(*key)
            if result["failed"] and asked.dtype == "float32" and result["arrays"]:
                result |= {"wide": in_process(suite, name, "float64")}
            KEPT.parent.mkdir(exist_ok=True)
            with KEPT.open("a") as file:
                file.write(json.dumps({"key": key, **result}) + "\n")
            told = result["failed"][0] if result["failed"] else "right"
            told += "; in float64 right" if at_a_kink(result) else ""
            print(
                f"{suite}: {name}, {asked.dtype}, {result.get('s', '?')} s, {result['arrays']} arrays: {told}",
                flush=True,
            )
        return 0
    text = table(kept())
    written(text)
    print(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
