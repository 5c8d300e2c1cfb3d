"""The page in a real browser: legible in 400 and 1600 pixels, light and dark, with a mouse and without."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from browser import CHROMIUM, Page, browser
from planted import Planted, off_by

import isograd as ig
from isograd.backends.numpy_impl import NumpyBackend

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: ISOGRAD_BROWSER names its program"),
]
SIZES = [(400, "light"), (400, "dark"), (1600, "light"), (1600, "dark")]
RATIO = 4.5  # of the luminances of text and what is behind it, as WCAG 2 AA asks
SMALLEST = 11  # pixels of a letter's height

CONTRASTS = """(() => {
  const paint = (() => {
    const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    return colours => {
      canvas.clearRect(0, 0, 1, 1);
      for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
      return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map(v => v / 255)
        .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    };
  })();
  const light = c => .2126 * c[0] + .7152 * c[1] + .0722 * c[2];
  const worst = {};
  for (const e of document.querySelectorAll('main *')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || !e.checkVisibility() || e.closest('svg')) continue;
    const behind = [];
    for (let p = e; p; p = p.parentElement) behind.unshift(getComputedStyle(p).backgroundColor);
    const style = getComputedStyle(e), a = light(paint([...behind, style.color])), b = light(paint(behind));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < RATIO || parseFloat(style.fontSize) < SMALLEST) {
      worst[e.tagName + '.' + e.className + ' ' + style.fontSize] = ratio;
    }
  }
  return worst;
})()"""


@pytest.fixture(scope="module")
def shown() -> Iterator[Page]:
    with browser() as page:
        yield page


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of a report with a fault: of its ten nodes, the biases of "0" and "9" have a wrong gradient."""
    rng = np.random.default_rng(1)
    layers = [ig.Linear(6), *(kind() for _ in range(4) for kind in (ig.Tanh, ig.ReLU)), ig.Linear(3)]
    model = ig.Sequential(layers, input_shape=(4,))
    engines = Planted(NumpyBackend(), {"dbias": off_by(0.5)}), "numpy"
    asked = {"loss": ig.CrossEntropyLoss(), "optimizer": ig.SGD(0.1), "steps": 20}
    report = ig.check_parity(model, rng.normal(size=(5, 4)), rng.integers(0, 3, 5), backends=engines, **asked)
    return report.to_html(tmp_path_factory.mktemp("page") / "report.html")


@pytest.mark.parametrize(("width", "scheme"), SIZES)
def test_the_page_is_legible(shown: Page, written: Path, width: int, scheme: str) -> None:
    shown.show(written, width, scheme)
    shown.value("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert shown.value("document.documentElement.scrollWidth") == width, "the page itself scrolls sideways"
    script = CONTRASTS.replace("RATIO", str(RATIO)).replace("SMALLEST", str(SMALLEST))
    assert shown.value(script) == {}
    dark = shown.value("getComputedStyle(document.body).backgroundColor") != "rgb(253, 253, 252)"
    assert dark == (scheme == "dark")
    assert shown.messages == []


def visible(page: Page) -> list[str]:
    """The headings of the panels that are shown."""
    found: list[str] = page.value(
        "[...document.querySelectorAll('.panels > article')].filter(a => a.checkVisibility())"
        ".map(a => a.querySelector('h3').textContent)"
    )
    return found


@pytest.mark.parametrize("width", [400, 1600])
def test_a_click_on_a_node_shows_it(shown: Page, written: Path, width: int) -> None:
    shown.show(written, width)
    (first,) = visible(shown)
    assert first.startswith("0 Linear"), "what differs first"
    shown.click(".graph li:nth-child(4) a")
    (chosen,) = visible(shown)
    assert chosen.startswith("2 ReLU")
    inside = "(b => b.top >= -1 && b.top < innerHeight)(document.querySelector(':target').getBoundingClientRect())"
    assert shown.value(inside), "the panel is not in sight"


def test_every_node_is_reached_by_the_keyboard(shown: Page, written: Path) -> None:
    shown.show(written, 1600)
    reached = []
    for _ in range(60):
        shown.press("Tab", 9)
        reached.append(shown.value("document.activeElement.getAttribute('href')"))
        if reached[-1] == "#n5":
            break
    assert [f"#n{k}" for k in range(6)] == [link for link in reached if link and link.startswith("#n")]
    shown.press("Enter", 13)
    assert visible(shown)[0].startswith("4 ReLU")


def test_a_heading_of_the_heat_map_leads_to_the_node(shown: Page, written: Path) -> None:
    shown.show(written, 1600)
    shown.click(".heat th[scope=row] a")
    assert visible(shown)[0].startswith("0 Linear")
