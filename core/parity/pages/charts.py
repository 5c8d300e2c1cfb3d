"""Lines over steps or epochs, drawn in SVG: losses, and how far two runs are apart inside their envelope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import ceil, floor, isfinite, log10

from isograd.core.parity.looks import Course
from isograd.core.parity.pages.markup import Markup, element, figure, joined

WIDTH, HEIGHT = 420, 220
LEFT, RIGHT, TOP, BOTTOM = 52, 8, 10, 30
TICKS = 4
SMALLEST = 1e-18  # what a logarithmic axis shows of 0
DECADE = 12  # a loss that falls by more than this factor is drawn on a logarithmic axis


@dataclass(frozen=True)
class Line:
    """Points (x, y) under a name; `look` are its classes, "envelope" being an area down to the axis."""

    name: str
    points: Sequence[tuple[float, float]]
    look: str = ""


def chart(lines: Sequence[Line], caption: str, below: str, *, logarithmic: bool | None = None) -> Markup:
    """A figure with a caption that names its lines. What is no number is left out."""
    shown = [Line(line.name, [p for p in line.points if isfinite(p[1])], line.look) for line in lines]
    values = [y for line in shown for _, y in line.points]
    if not values:
        return Markup()
    if logarithmic is None:
        logarithmic = min(values) > 0 and max(values) > DECADE * min(values)
    axis = _Axis.of(values, logarithmic)
    xs = [x for line in shown for x, _ in line.points]
    first, span = min(xs), (max(xs) - min(xs)) or 1

    def place(point: tuple[float, float]) -> tuple[float, float]:
        return LEFT + (point[0] - first) / span * (WIDTH - LEFT - RIGHT), axis.place(point[1])

    drawn = [_drawn([place(p) for p in line.points], line.look) for line in shown]
    grid = [joined(_tick(axis.place(tick), axis.told(tick))) for tick in axis.ticks]
    ends = [(first, "start"), (first + span, "end")] if span and max(xs) > first else [(first, "start")]
    labels = [
        element("text", figure(x), x=f"{place((x, axis.ticks[0]))[0]:.0f}", y=str(HEIGHT - 12), text_anchor=anchor)
        for x, anchor in ends
    ]
    middle = element("text", below, x=str((LEFT + WIDTH) // 2), y=str(HEIGHT - 12), text_anchor="middle")
    picture = element(
        "svg", *grid, *drawn, *labels, middle, viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=caption
    )
    named = joined([element("span", _sample(line.look), " ", line.name, cls="key") for line in lines], "   ")
    return element("figure", picture, element("figcaption", caption, element("br"), named))


def run_charts(course: Course, sides: Sequence[str], dtype: str) -> list[Markup]:
    """The losses of a free run, and how far apart they are, beside how far one side is from itself when it is moved."""
    left, right = course.sides
    steps = range(1, len(left) + 1)
    names = [*sides, "left", "right"]
    losses = [
        Line(names[0], list(zip(steps, left, strict=True)), "broad"),
        Line(names[1], list(zip(steps, right, strict=True)), "other"),
    ]
    apart = [Line(f"|{names[0]} − {names[1]}|", _gaps(left, right))]
    told = f"{dtype}: how far the losses are apart"
    if course.moved:
        widening = accumulate(
            _gaps(course.sides[course.mover], course.moved), lambda before, p: (p[0], max(before[1], p[1]))
        )
        name = f"{names[course.mover]} from itself, nudged by one ulp"
        moved = Line(name, list(widening), "envelope")
        apart, told = [moved, *apart], f"{told}, and their envelope"
    return [
        chart(losses, f"{dtype}: the loss before each step of a free run", "step"),
        chart(apart, told, "step", logarithmic=True),
    ]


def _gaps(a: Sequence[float], b: Sequence[float]) -> list[tuple[float, float]]:
    return [(k, max(abs(x - y), SMALLEST)) for k, (x, y) in enumerate(zip(a, b, strict=True), 1)]


@dataclass(frozen=True)
class _Axis:
    """The vertical axis, as its ticks span it."""

    ticks: list[float]
    logarithmic: bool

    @classmethod
    def of(cls, values: Sequence[float], logarithmic: bool) -> _Axis:
        low, high = min(values), max(values)
        if logarithmic:
            first, last = floor(log10(low)), ceil(log10(high))
            step = max(1, ceil((last - first) / TICKS))
            return cls([10.0**k for k in range(first, max(last, first + 1) + step, step)], True)
        span = (high - low) or abs(high) or 1.0
        decade = 10.0 ** floor(log10(span / TICKS))
        pitch = next(k * decade for k in (1, 2, 5, 10) if span / TICKS <= k * decade * (1 + 1e-9))
        return cls([k * pitch for k in range(floor(low / pitch), ceil(high / pitch) + 1)], False)

    def told(self, tick: float) -> str:
        """A tick in figures; a power of ten as one."""
        return f"1e{round(log10(tick))}" if self.logarithmic and not 1e-2 <= tick <= 1e3 else figure(tick)

    def place(self, value: float) -> float:
        ends = [log10(t) if self.logarithmic else t for t in (self.ticks[0], self.ticks[-1])]
        at = log10(value) if self.logarithmic else value
        return HEIGHT - BOTTOM - (at - ends[0]) / ((ends[1] - ends[0]) or 1) * (HEIGHT - TOP - BOTTOM)


def _tick(y: float, told: str) -> list[Markup]:
    rule = element("path", cls="axis", d=f"M{LEFT} {y:.1f}H{WIDTH - RIGHT}")
    return [rule, element("text", told, x=str(LEFT - 6), y=f"{y + 4:.1f}", text_anchor="end")]


def _drawn(points: Sequence[tuple[float, float]], look: str) -> Markup:
    if not points:
        return Markup()
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    if look == "envelope":
        base = HEIGHT - BOTTOM
        return element("path", cls="envelope", d=f"{path}L{points[-1][0]:.1f} {base}L{points[0][0]:.1f} {base}Z")
    if len(points) == 1:
        ((x, y),) = points
        return element("circle", cls=f"line {look}".strip(), cx=f"{x:.1f}", cy=f"{y:.1f}", r="3")
    return element("path", cls=f"line {look}".strip(), d=path)


def _sample(look: str) -> Markup:
    """A short piece of a line, for the caption."""
    if look == "envelope":
        mark = element("path", cls="envelope", d="M1 2H23V10H1Z")
    else:
        mark = element("path", cls=f"line {look}".strip(), d="M0 6H24")
    return element("svg", mark, width="24", height="12", style="display:inline;width:24px", aria_hidden="true")
