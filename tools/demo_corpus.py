"""Fetches the demo's text and writes it as four small corpora, one JSON document a line.

    tools/demo_corpus.py [--into demo-data]

    demo-data/{fortunes,jargon,bible,udhr}.jsonl       {"id": ..., "text": ...}
    demo-data/SOURCES.json                             what was fetched, with hashes and licences

Documents are shuffled by a hash of their id, so the order is the same everywhere and any beginning
of a file is a fair sample. The recorder takes a document from each file in turn; they are of
similar length, so none of the four crowds the others out.
"""

import argparse
import collections
import gzip
import hashlib
import html.parser
import itertools
import json
import re
import struct
import subprocess
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from demo_text import PINS, TEXT, fetch_all

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Document:
    id: str
    text: str

    def rank(self) -> bytes:
        return hashlib.sha256(b"actogram demo\0" + self.id.encode()).digest()


# Drawings, and jokes at the expense of some people.
LEFT_OUT = {"ascii-art", "drugs", "ethnic", "men-women"}


def read_fortunes(root: Path) -> Iterator[Document]:
    """Text files; a line with a single % stands between two fortunes."""
    seen: set[str] = set()
    for file in sorted((root / "usr/share/games/fortunes").iterdir()):
        if file.suffix or file.name in LEFT_OUT:  # .dat is an index, .u8 a link
            continue
        text = re.sub(".\b", "", file.read_text())  # overstriking: _\bx is an underlined x
        for number, fortune in enumerate(re.split(r"^%\n", text, flags=re.MULTILINE)):
            fortune = fortune.strip("\n")
            if fortune.strip() and fortune not in seen:
                seen.add(fortune)
                yield Document(f"fortunes:{file.name}/{number}", fortune)


def read_jargon(root: Path) -> Iterator[Document]:
    """dictd: an index of `headword TAB offset TAB length`, in base 64, into a gzip file."""
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

    def number(word: str) -> int:
        value = 0
        for digit in word:
            value = value * 64 + digits.index(digit)
        return value

    folder = root / "usr/share/dictd"
    data = gzip.decompress((folder / "jargon.dict.dz").read_bytes())
    seen: set[int] = set()
    for line in (folder / "jargon.index").read_text().splitlines():
        headword, offset, length = line.split("\t")
        begin = number(offset)
        if headword.startswith("00-database") or begin in seen:
            continue
        seen.add(begin)
        entry = data[begin : begin + number(length)].decode()
        yield Document(f"jargon:{entry.splitlines()[0].strip()}", entry.strip("\n"))


def read_bible(root: Path) -> Iterator[Document]:
    """Four verses of a chapter a document, one verse a line.

    bible.data := "EC02" text[80]  window_bytes:u32be  n_windows:u32be  offset:u32be[n_windows + 1]
                  magic[3] window[n_windows]
    A window is what `compress` makes of 64 KiB, without the three bytes of magic it starts with;
    gzip still reads that. Each line is `Ge1:1 In the beginning...`
    """
    data = (root / "usr/lib/bible.data").read_bytes()
    (n_windows,) = struct.unpack_from(">I", data, 0x58)
    offsets = struct.unpack_from(f">{n_windows + 1}I", data, 0x5C)
    magic = data[offsets[0] - 3 : offsets[0]]
    text = b"".join(
        subprocess.run(
            ["gzip", "-dc"], input=magic + data[begin:end], capture_output=True, check=True
        ).stdout
        for begin, end in itertools.pairwise(offsets)
    ).decode()
    chapters: dict[str, list[str]] = collections.defaultdict(list)
    for line in text.splitlines()[1:]:
        match = re.fullmatch(r"(\d?[A-Za-z]+\d+):\d+ (.*)", line)
        assert match, line
        chapters[match[1]].append(match[2])
    for chapter, verses in chapters.items():
        for first in range(0, len(verses), 4):
            yield Document(f"bible:{chapter}:{first + 1}", "\n".join(verses[first : first + 4]))


class Articles(html.parser.HTMLParser):
    """Collects the headings and paragraphs of each <header> and <article>."""

    def __init__(self) -> None:
        super().__init__()
        self.articles: dict[str, list[str]] = {}
        self.lines: list[str] | None = None
        self.inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("header", "article"):
            name = dict(attrs).get("data-number") or "preamble"
            self.lines = self.articles.setdefault(name, [])
        elif tag in ("h2", "h3", "p") and self.lines is not None:
            self.lines.append("")
            self.inside = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("header", "article"):
            self.lines = None
        elif tag in ("h2", "h3", "p"):
            self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside and self.lines is not None:
            self.lines[-1] += data


def read_udhr(root: Path) -> Iterator[Document]:
    """The Universal Declaration of Human Rights: one article in one language is a document."""
    for file in sorted((root / "package/declaration").glob("*.html")):
        parser = Articles()
        parser.feed(file.read_text())
        for name, lines in parser.articles.items():
            text = "\n".join(line for line in (line.strip() for line in lines) if line)
            if text:
                yield Document(f"udhr:{file.stem}/{name}", text)


def script(text: str) -> str:
    """The script that most letters belong to: LATIN, CYRILLIC, DEVANAGARI, CJK..."""
    names = (unicodedata.name(letter, "?").split()[0] for letter in text if letter.isalpha())
    return max(collections.Counter(names).items(), key=lambda item: item[1], default=("?", 0))[0]


def shuffled(documents: list[Document]) -> list[Document]:
    return sorted(documents, key=Document.rank)


def shuffled_by_script(documents: list[Document]) -> list[Document]:
    """One document of each script, then the second of each...: the first ones show them all."""
    turn: collections.Counter[str] = collections.Counter()
    keys: list[tuple[int, bytes, Document]] = []
    for document in shuffled(documents):
        name = script(document.text)
        keys.append((turn[name], document.rank(), document))
        turn[name] += 1
    return [document for _, _, document in sorted(keys, key=lambda key: key[:2])]


Reader = Callable[[Path], Iterator[Document]]
Order = Callable[[list[Document]], list[Document]]

# name, package, reader, order, licence
CORPORA: list[tuple[str, str, Reader, Order, str]] = [
    ("fortunes", "fortunes", read_fortunes, shuffled, "BSD and quotations; see the package"),
    ("jargon", "dict-jargon", read_jargon, shuffled, "public domain"),
    ("bible", "bible-kjv-text", read_bible, shuffled, "public domain (text of 1611)"),
    ("udhr", "udhr", read_udhr, shuffled_by_script, "MIT; the texts are the United Nations'"),
]


def write(path: Path, documents: list[Document]) -> None:
    with path.open("w") as file:
        for document in documents:
            line = {"id": document.id, "text": document.text}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description="Fetches the demo's text and writes it as JSONL.")
    parser.add_argument("--into", type=Path, default=ROOT / "demo-data")
    into: Path = parser.parse_args().into
    stamp = into / ".stamp"
    made_from = hashlib.sha256(Path(__file__).read_bytes() + PINS.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == made_from:
        return

    fetched = fetch_all()
    into.mkdir(parents=True, exist_ok=True)
    sources = {}
    for name, package, reader, order, licence in CORPORA:
        documents = order(list(reader(TEXT / package)))
        write(into / f"{name}.jsonl", documents)
        facts = {key: value for key, value in fetched[package].items() if key != "asked"}
        sources[name] = {
            **facts,
            "licence": licence,
            "n_documents": len(documents),
            "sha256": hashlib.sha256((into / f"{name}.jsonl").read_bytes()).hexdigest(),
        }
    (into / "SOURCES.json").write_text(json.dumps(sources, indent=2) + "\n")
    stamp.write_text(made_from)


if __name__ == "__main__":
    main()
