"""A small corpus of everything that text can be, and recordings of it for the oracle tests."""

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from oracle.sites import Array, program

POOL = {
    "english": "All human beings are born free and equal in dignity and rights. They are endowed "
    "with reason and conscience and should act towards one another in a spirit of brotherhood.\n\n"
    "It was the 3rd of May, 1893; Mr. O'Neill paid $4,500.75 for 'the' house -- and  went away. ",
    "chinese": "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，"
    "并应以兄弟关系的精神相对待。",
    "arabic": "يولد جميع الناس أحرارًا متساوين في الكرامة والحقوق. وقد وهبوا عقلاً وضميرًا. ",
    "emoji": "Family 👩‍👩‍👧‍👦, rainbow 🏳️‍🌈, thumbs 👍🏽, flags 🇩🇪🇯🇵 and ☃️! 😀😀😀 ",
    "code": "def f(x: int) -> str:\n\tif x <= 0x1F:\n        return f'{x!r}'  # <|im_start|>\n\n\n"
    "int main(void) { return a[i++] & ~0u; }\r\n",
}
BINARY = b"\xff\xfe\x00\x80 caf\xe9 \xed\xa0\x80 \xf4\x90\x80\x80 \xc0\xaf end \xe4\xba"
WEIRD = [b"a", b" ", b"\n\n", b"\x00", b"\xef\xbb\xbfBOM", BINARY, BINARY * 4, b"0123456789" * 9]


@dataclass(frozen=True)
class Corpus:
    files: list[bytes]  # documents of the source "files", in order
    lines: list[str]  # documents of the source "lines.jsonl"

    @classmethod
    def of(cls, n: int, longest: int, seed: int) -> "Corpus":
        """Slices of the pool, most of them short; of the files some are cut inside a character."""
        random = np.random.default_rng(seed)
        files, lines = list(WEIRD), []
        for i in range(n):
            text = list(POOL.values())[i % len(POOL)]
            size = int(longest ** random.uniform(0.3, 1))
            begin = int(random.integers(len(text)))
            repeated = text[begin:] + text * (size // len(text) + 1)
            if i % 3 == 0:
                files.append(repeated.encode()[:size])
            else:
                lines.append(repeated.encode()[:size].decode(errors="ignore") or "?")
        # Duplicates, within a source and across: equal values, another key.
        files += [files[-1], files[-2], lines[0].encode()]
        lines += [lines[1], lines[1]]
        return cls(files, lines)

    def write(self, folder: Path) -> list[str]:
        """The arguments of the command line that name it."""
        (folder / "texts").mkdir()
        for i, text in enumerate(self.files):
            (folder / "texts" / f"{i:04}.txt").write_bytes(text)
        rows = [
            json.dumps({"text": line}, ensure_ascii=i % 2 == 0) for i, line in enumerate(self.lines)
        ]
        (folder / "lines.jsonl").write_text("".join(f"{row}\n" for row in rows))
        return [f"files={folder / 'texts'}", str(folder / "lines.jsonl")]

    def documents(self) -> list[tuple[str, int, bytes]]:
        """Source, ordinal and text, the sources taking turns; some may be too empty to record."""
        files = [("files", i, text) for i, text in enumerate(self.files)]
        lines = [("lines.jsonl", i, line.encode()) for i, line in enumerate(self.lines)]
        found = []
        for i in range(max(len(files), len(lines))):
            found += files[i : i + 1] + lines[i : i + 1]
        return found


def run(arguments: Sequence[object]) -> None:
    # Threads that spin at barriers starve each other on a shared machine.
    environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}
    result = subprocess.run(
        [str(a) for a in arguments], capture_output=True, text=True, env=environment, check=False
    )
    assert result.returncode == 0, result.stderr


def record(model: str | Path, corpus: Corpus, folder: Path, options: list[str]) -> Path:
    """The recording that `actogram record` makes."""
    out = folder / "recording.acto"
    inputs = corpus.write(folder)
    run([program().with_name("actogram"), "record", model, *inputs, "-o", out, *options])
    return out


def record_sentence(model: Path, folder: Path, *options: object) -> Path:
    """A recording of nineteen characters, for tests of what is read from the model's weights."""
    (folder / "text.txt").write_text("the quick brown fox")
    out = folder / "out.acto"
    actogram = program().with_name("actogram")
    run([actogram, "record", model, folder / "text.txt", "-o", out, *options])
    return out


def dump(
    model: Path, sequences: list[Array], layers: str, sites: list[str]
) -> dict[str, list[Array]]:
    """What the model makes of token ids: site -> float32 [token, unit] of each sequence."""
    found: dict[str, list[Array]] = {site: [] for site in sites}
    for batch in batches(sequences, 1024):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            files = []
            for i, ids in enumerate(batch):
                files.append(folder / f"{i}.ids")
                ids.astype(np.int32).tofile(files[-1])
            run([program(), model, folder, layers, *files])
            for site in sites:
                for i, ids in enumerate(batch):
                    values = np.fromfile(folder / f"{site}.{i}.bin", np.float32)
                    found[site].append(values.reshape(len(ids), -1))
    return found


def batches(sequences: list[Array], rows: int) -> list[list[Array]]:
    """Each sequence takes a multiple of 16 rows."""
    found: list[list[Array]] = []
    left = 0
    for ids in sequences:
        taken = -(-len(ids) // 16) * 16
        if taken > left:
            found.append([])
            left = rows
        left -= taken
        found[-1].append(ids)
    return found
