"""A page as a strict reader sees it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

VOID = {"meta", "br", "img", "link", "hr", "input"}


class Read(HTMLParser):
    """A page as a strict reader sees it: elements that close in order, ids, links, text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        assert len(given) == len(attributes), f"an attribute twice in <{tag}>"
        self.tags.append((tag, given))
        self.ids += [given["id"]] if given.get("id") else []
        self.links += [given["href"]] if given.get("href") else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def assert_sound(text: str) -> Read:
    """Elements close, no id stands twice, every link leads somewhere in the page, nothing comes from elsewhere."""
    page = Read(text)
    assert len(page.ids) == len(set(page.ids)), "an id twice"
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    told = re.sub(r"data:image/png;base64,[\w+/=]*", "", text)
    assert not re.search(r"https?:|//[a-z]|@import|<script|<link", told)
    assert all(given.get("src", "data:").startswith("data:") for _, given in page.tags)  # type: ignore[union-attr]
    return page
