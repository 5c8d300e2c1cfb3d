"""Pieces of a page: text that is escaped, tables, sections, a whole document."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import isfinite

from isograd.core.parity.pages.style import STYLE

VOID = ("br", "img")  # elements that hold nothing and do not end


class Markup(str):
    """Text that is HTML as it stands; all other text is escaped where it enters a page."""

    __slots__ = ()


def html(text: str) -> Markup:
    """The text as HTML.

    >>> html("a < b"), html(Markup("<b>x</b>"))
    ('a &lt; b', '<b>x</b>')
    """
    return text if isinstance(text, Markup) else Markup(escape(text))


def joined(pieces: Sequence[str], between: str = "") -> Markup:
    return Markup(between.join(map(html, pieces)))


def element(name: str, *inside: str, cls: str = "", **attributes: str) -> Markup:
    """<name class="…" key="value">…</name>; an attribute's underscore is a hyphen.

    >>> element("p", "1 < 2", cls="note", id="it")
    '<p class="note" id="it">1 &lt; 2</p>'
    """
    given = {**({"class": cls} if cls else {}), **attributes}
    told = "".join(f' {key.replace("_", "-")}="{escape(value)}"' for key, value in given.items())
    end = "" if name in VOID else f"</{name}>"
    return Markup(f"<{name}{told}>{joined(inside)}{end}")


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, label: str, cls: str = "") -> Markup:
    """A table in a box of its own, that scrolls where the page is narrow. A row's first cell is its heading."""
    head = element("tr", *(element("th", each, scope="col") for each in heads)) if heads else Markup()
    body = joined(
        [
            element("tr", element("th", first, scope="row"), *(element("td", each) for each in others))
            for first, *others in rows
        ]
    )
    inside = [element("thead", head)] if heads else []
    whole = element("table", *inside, element("tbody", body), **({"cls": cls} if cls else {}))
    return element("div", whole, cls="wide", tabindex="0", role="region", aria_label=label)


def section(title: str, *inside: str, mark: str) -> Markup:
    """A part of a page under a heading; `mark` is what links lead to."""
    return element("section", element("h2", title), *inside, id=mark, aria_label=title)


def folded(summary: str, *inside: str) -> Markup:
    return element("details", element("summary", summary), *inside)


def figure(value: float | None) -> str:
    """A size in a few digits.

    >>> figure(0.0), figure(2.34e-7), figure(12.5), figure(None), figure(float("nan")), figure(-3.0)
    ('0', '2.3e-07', '12.5', '', 'nan', '-3')
    """
    if value is None:
        return ""
    if not isfinite(value) or value == 0:
        return f"{value:.0f}"
    return f"{value:.4g}" if 1e-3 <= abs(value) < 1e5 else f"{value:.1e}"


def document(title: str, *inside: str) -> str:
    """The whole page."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
{joined(inside, chr(10))}
</main>
</body>
</html>
"""
