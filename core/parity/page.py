"""The parity report as one HTML page that needs nothing else: no script, no font, no network."""

from __future__ import annotations

from html import escape

from isograd.core.parity.text import Report, not_judged_lines
from isograd.core.parity.verdict import Culprit, limit

STYLE = """
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 3rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.5rem; overflow-wrap: anywhere; } .verdict { font-size: 1.2rem; font-weight: 600; }
.ok { color: #1a7f4b; } .failed { color: #c62f3b; font-weight: 600; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; } h3 { font-size: 1rem; overflow-wrap: anywhere; }
section { padding: 0 1rem; margin: 1rem 0; font-size: .9rem; border: 1px solid var(--line); border-radius: 6px; }
summary { cursor: pointer; margin: 1.5rem 0 .5rem; font-weight: 600; }
"""


def page(report: Report) -> str:
    """Verdict, one line a stage, the culprits with their evidence, and every comparison folded below."""
    title, *facts = report.title.splitlines()
    culprits = "".join(map(_culprit, report.culprits))
    unjudged = "".join(f"<p>{escape(line)}</p>" for line in not_judged_lines(report.not_judged))
    every = [
        [
            r.stage,
            r.dtype,
            " and ".join(r.sides),
            r.path,
            r.what,
            f"{r.error:.1e}",
            limit(r.allowed),
            r.fault or r.note,
            _word(r.failed),
        ]
        for r in report.rows
    ]
    heads = ["stage", "dtype", "engines", "node or weight", "compared", "error", "allowed", "note", "verdict"]
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{escape(title)}</title><style>{STYLE}</style>
<h1>{escape(title)}</h1>
<p>{escape(" · ".join(facts))}</p>
<p class="verdict {_word(not report.passed)}">{escape(report.verdict)}</p>
{_table(report.summary_head, report.summary())}
{f"<h2>What differs first, and who is wrong</h2>{culprits}" if culprits else ""}
{unjudged}
<details><summary>All {len(every):,} comparisons</summary>{_table(heads, every)}</details>
</html>
"""


def _culprit(culprit: Culprit) -> str:
    """What differs as a heading, each side's claim and the truth as a table, and the last word."""
    claims = [[name, _told(value)] for name, value in culprit.claims.items()]
    truth = [] if culprit.truth is None else [[str(culprit.witness), _told(culprit.truth)]]
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td class='{_word(name == culprit.guilty)}'>{escape(value)}</td></tr>"
        for name, value in [*claims, *truth]
    )
    told = f"<p>{escape(culprit.quantity)}</p>" if culprit.quantity else ""
    table = f"<table>{rows}</table>" if rows else ""
    return f"<section><h3>{escape(culprit.head)}</h3>{told}{table}<p>{escape(culprit.tail)}</p></section>"


def _told(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.9g}"


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
