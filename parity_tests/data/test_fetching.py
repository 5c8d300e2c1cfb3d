"""Files fetched from where they are published: whole and as their checksums say, or not at all."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from command_line import typed
from message_helpers import raised

import isograd as ig
from isograd import data
from isograd.datasets.catalog import SOURCES, File, Source

TEXT = b"to be, or not to be\n" * 200


class Server:
    """Web pages by path, each (what is sent, how much of it); `asked` are the paths that were."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[bytes, int | None]] = {}
        self.asked: list[str] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append(self.path)
                if self.path not in server.pages:
                    self.send_error(404)
                    return
                content, sent = server.pages[self.path]
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content[:sent])

            def log_message(self, *told: Any) -> None:
                """Nothing is printed."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.http.server_port}"
        self.thread = Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def page(self, path: str, content: bytes, sent: int | None = None) -> str:
        self.pages[path] = (content, sent)
        return self.address + path

    def stop(self) -> None:
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server()
    yield found
    found.stop()


def described(monkeypatch: pytest.MonkeyPatch, *addresses: str, member: str | None = None, name: str = "tale") -> None:
    """A data set of one file, TEXT, which these addresses lead to."""
    file = File("text/tale.txt", len(TEXT), sha256(TEXT).hexdigest(), addresses, member)
    monkeypatch.setitem(SOURCES, name, Source("a tale", "its teller", (file,)))


def left(root: Path) -> list[str]:
    """Every file below a folder."""
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def zipped() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("other.txt", "else")
        archive.writestr("folder/tale.txt", TEXT)
    return held.getvalue()


def tarred() -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as archive:
        entry = tarfile.TarInfo("folder/tale.txt")
        entry.size = len(TEXT)
        archive.addfile(entry, io.BytesIO(TEXT))
    return held.getvalue()


PACKED = {
    "/tale.txt": (TEXT, None),
    "/tale.txt.gz": (gzip.compress(TEXT), None),
    "/tale.zip": (zipped(), "folder/tale.txt"),
    "/files/17": (tarred(), "folder/tale.txt"),
}


@pytest.mark.parametrize("path", PACKED)
def test_a_file_is_fetched_unpacked_and_written_whole(
    path: str, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, member = PACKED[path]
    described(monkeypatch, server.page(path, content), member=member)
    target = tmp_path / "text/tale.txt"
    assert data.fetch("tale", tmp_path) == {target: True}
    assert target.read_bytes() == TEXT
    assert left(tmp_path) == ["text/tale.txt"]
    assert data.fetch("tale", tmp_path) == {target: False}
    assert server.asked == [path]


def test_a_file_under_the_named_root_is_not_fetched_again(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    described(monkeypatch, server.page("/tale.txt", TEXT))
    monkeypatch.setenv("ISOGRAD_DATA", str(tmp_path / "named"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert data.fetch("tale") == {tmp_path / "home/.cache/isograd/text/tale.txt": True}
    (tmp_path / "named/text").mkdir(parents=True)
    (tmp_path / "named/text/tale.txt").write_bytes(TEXT)
    assert data.fetch("tale") == {tmp_path / "named/text/tale.txt": False}
    assert len(server.asked) == 1


SPOILT = {  # what the server sends, how much of it, what is told
    "other content": (TEXT[:-1] + b"!", None, "bytes of"),
    "cut on its way": (TEXT, 1000, "1000 bytes of 4000 came"),
    "nothing": (b"", None, "0 bytes of"),
}


@pytest.mark.parametrize("case", SPOILT)
def test_what_is_not_the_file_is_refused_and_nothing_stays(
    case: str, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, sent, told = SPOILT[case]
    described(monkeypatch, server.page("/tale.txt", content, sent))
    with pytest.raises(ig.DataError) as caught:
        data.fetch("tale", tmp_path)
    assert told in caught.value.got
    assert left(tmp_path) == []


@pytest.mark.parametrize("path", ["/tale.txt.gz", "/tale.zip", "/files/17"])
@pytest.mark.parametrize("content", [b"<html>moved</html>", b"cut"])
def test_an_archive_that_is_none_is_refused_and_nothing_stays(
    path: str, content: bytes, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = PACKED[path][0][:60] if content == b"cut" else content
    described(monkeypatch, server.page(path, sent), member=PACKED[path][1])
    with pytest.raises(ig.DataError) as caught:
        data.fetch("tale", tmp_path)
    assert caught.value.wanted == f"text/tale.txt from {server.address}{path}"
    assert left(tmp_path) == []


def test_of_what_unpacks_without_end_no_more_is_read_than_the_file_has(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    described(monkeypatch, server.page("/tale.txt.gz", gzip.compress(b"0" * (1 << 24))))
    with pytest.raises(ig.DataError) as caught:
        data.fetch("tale", tmp_path)
    assert caught.value.got.startswith(f"{len(TEXT) + 1} bytes of ")


def test_the_next_address_is_asked_where_one_fails(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong, right = server.page("/wrong.txt", b"else"), server.page("/right.txt", TEXT)
    described(monkeypatch, f"{server.address}/gone.txt", wrong, right)
    assert data.fetch("tale", tmp_path) == {tmp_path / "text/tale.txt": True}
    assert server.asked == ["/gone.txt", "/wrong.txt", "/right.txt"]


class Torn:
    """An answer that Ctrl-C interrupts."""

    headers: dict[str, str] = {}

    def __enter__(self) -> Torn:
        return self

    def __exit__(self, *raised: object) -> None:
        """Nothing is held open."""

    def read(self, most: int) -> bytes:
        raise KeyboardInterrupt


def test_an_interrupted_download_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    described(monkeypatch, "https://example.org/tale.txt")
    with pytest.raises(KeyboardInterrupt):
        data.fetch("tale", tmp_path, opener=lambda *given, **options: Torn())
    assert left(tmp_path) == []


def unreachable(*given: Any, **options: Any) -> Any:
    raise OSError("Name or service not known")


def test_the_messages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    described(monkeypatch, "https://example.org/tale.txt")
    assert (
        raised(lambda: data.fetch("tale", tmp_path, opener=unreachable))
        == """DataError: data.fetch('tale')
  wanted text/tale.txt from https://example.org/tale.txt
  got    OSError: Name or service not known
  fix    try again where there is a network, or put the file there by hand: ROOT/text/tale.txt"""
    )
    (tmp_path / "text").mkdir()
    (tmp_path / "text/tale.txt").write_bytes(b"mine")
    assert (
        raised(lambda: data.fetch("tale", tmp_path))
        == f"""DataError: {tmp_path}/text/tale.txt
  wanted 4000 bytes of sha256 {sha256(TEXT).hexdigest()[:16]}…
  got    4 bytes of {sha256(b"mine").hexdigest()[:16]}…
  fix    remove it and fetch again; ig.data.tale reads it as it is"""
    )
    assert left(tmp_path) == ["text/tale.txt"]
    assert (
        raised(lambda: data.fetch("mnst"))
        == f"""SpecError: data.fetch('mnst')
  wanted one of {", ".join(SOURCES)}
  got    'mnst'
  fix    mnist"""
    )


FILES = [(name, file) for name, source in SOURCES.items() for file in source.files]


@pytest.mark.parametrize(("name", "file"), FILES, ids=[file.path for _, file in FILES])
def test_a_missing_file_says_whose_it_is_and_how_to_get_it(
    name: str, file: File, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("isograd.datasets.sources.fetch", lambda name, root: data.fetch(name, root, opener=unreachable))
    with pytest.raises(ig.DataError) as caught:
        getattr(data, name)(root=tmp_path)
    assert caught.value.wanted == f"the file {tmp_path / SOURCES[name].files[0].path}"
    assert caught.value.fix.startswith(f"isograd data fetch {name} --root {tmp_path} ({SOURCES[name].origin}), or set ")
    assert all(address.startswith("https://") for address in file.addresses)


@pytest.mark.parametrize(("name", "file"), FILES, ids=[file.path for _, file in FILES])
def test_the_table_tells_of_the_files_that_are_used(name: str, file: File, data_root: Path) -> None:
    content = (data_root / file.path).read_bytes()
    assert (len(content), sha256(content).hexdigest()) == (file.size, file.sha256)


def test_every_reader_of_a_data_set_is_in_the_table() -> None:
    helpers = {"SITES", "csv", "fetch", "labelled", "located", "mnist_images"}
    assert set(SOURCES) == set(data.__all__) - helpers


def test_mnist_is_fetched_where_it_is_absent(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = []
    for file, shape in zip(SOURCES["mnist"].files, [(3, 28, 28), (3,), (2, 28, 28), (2,)], strict=True):
        head = bytes([0, 0, 8, len(shape)]) + np.array(shape, ">u4").tobytes()
        content = head + np.arange(np.prod(shape), dtype=np.uint8).tobytes()
        address = server.page(f"/{file.path}.gz", gzip.compress(content))
        files.append(File(file.path, len(content), sha256(content).hexdigest(), (address,)))
    monkeypatch.setitem(SOURCES, "mnist", Source("small", "ours", tuple(files)))
    (x, y), (_, y2) = data.mnist(tmp_path)
    assert (x.shape, x[0, 0, 5], y.tolist(), y2.tolist()) == ((3, 28, 28), 5, [0, 1, 2], [0, 1])
    assert len(server.asked) == 4
    data.mnist(tmp_path)
    assert len(server.asked) == 4


def test_the_command_fetches_and_lists(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    described(monkeypatch, server.page("/tale.txt", TEXT))
    root = str(tmp_path / "root")
    listed = typed("data", "list", "--root", root, cwd=tmp_path)
    assert listed.returncode == 0, listed.stderr
    told = {line.split()[1]: line for line in listed.stdout.splitlines() if line.startswith("│")}
    assert set(SOURCES) <= set(told)
    assert "with isograd" in told["digits"]
    assert "no: isograd data fetch tale" in told["tale"]
    for word in ("fetched", "was there"):
        run = typed("data", "fetch", "tale", "--root", root, cwd=tmp_path)
        assert (run.returncode, run.stdout) == (0, f"  {root}/text/tale.txt: {word}, as its checksum says\n")
    assert "no: isograd data fetch tale" not in typed("data", "list", "--root", root, cwd=tmp_path).stdout
    brought = typed("data", "fetch", "iris", cwd=tmp_path)
    assert (brought.returncode, brought.stdout) == (0, "iris comes with scikit-learn: there is nothing to fetch.\n")
    wrong = typed("data", "fetch", "mnst", cwd=tmp_path)
    assert (wrong.returncode, wrong.stderr.splitlines()[0]) == (2, "data.fetch('mnst')")
