"""The parity report as one HTML page that needs nothing else: no script, no font, no network."""

from __future__ import annotations

from html import escape
from typing import Any, ClassVar, Protocol


class Report(Protocol):
    """What the page shows of a parity report."""

    title: str
    rows: list[Any]
    culprits: list[Any]
    summary_head: ClassVar[list[str]]

    @property
    def passed(self) -> bool: ...

    @property
    def verdict(self) -> str: ...

    def summary(self) -> list[list[str]]: ...


STYLE = """
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 3rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.5rem; overflow-wrap: anywhere; } .verdict { font-size: 1.2rem; font-weight: 600; }
.ok { color: #1a7f4b; } .failed { color: #c62f3b; font-weight: 600; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; }
pre { padding: 1rem; white-space: pre-wrap; font-size: .85rem; border: 1px solid var(--line); border-radius: 6px; }
summary { cursor: pointer; margin: 1.5rem 0 .5rem; font-weight: 600; }
"""


def page(report: Report) -> str:
    """Verdict, one line a stage, the culprits with their evidence, and every comparison folded below."""
    title, *facts = report.title.splitlines()
    culprits = "".join(f"<pre>{escape(culprit.text)}</pre>" for culprit in report.culprits)
    every = [
        [r.stage, r.dtype, r.path, r.what, f"{r.error:.1e}", _allowed(r.allowed), r.fault or r.note, _word(r.failed)]
        for r in report.rows
    ]
    heads = ["stage", "dtype", "node or weight", "compared", "error", "allowed", "note", "verdict"]
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{escape(title)}</title><style>{STYLE}</style>
<h1>{escape(title)}</h1>
<p>{escape(" · ".join(facts))}</p>
<p class="verdict {_word(not report.passed)}">{escape(report.verdict)}</p>
{_table(report.summary_head, report.summary())}
{f"<h2>What differs first, and who is wrong</h2>{culprits}" if culprits else ""}
<details><summary>All {len(every):,} comparisons</summary>{_table(heads, every)}</details>
</html>
"""


def _allowed(value: float | None) -> str:
    return "reported" if value is None else f"{value:.0e}"


def _word(failed: bool) -> str:
    return "failed" if failed else "ok"


def _table(heads: list[str], rows: list[list[str]]) -> str:
    """The last cell of a row is its verdict."""
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = ""
    for *cells, verdict in rows:
        body += f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}"
        body += f"<td class='{_word(verdict != 'ok')}'>{escape(verdict)}</td></tr>"
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
