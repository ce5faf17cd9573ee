"""The golden data set of SAE activations as four tables: made, imported, exported, compared.

tests/golden/sae-parquet-4subset was written by Hugging Face datasets, pyarrow and pandas, packed by
Python's zlib (PROVENANCE.md there). What is read back here is what our export wrote, decoded by
the same tools.
"""

import contextlib
import gzip
import json
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from oracle.recordings import run
from oracle.sites import ROOT, program

ACTOGRAM = program().with_name("actogram")
GOLDEN = ROOT / "tests/golden/sae-parquet-4subset"
EXPECTED = json.loads((GOLDEN / "expected.json").read_text())
TABLES = (
    "feature-activations",
    "prompt-level-features",
    "llm-explanations-input",
    "llm-explanations-output",
)
FORMAT = ("--format", "sae-tables")

Edit = Callable[[dict[str, pa.Table]], None]


def read(folder: Path, table: str) -> pa.Table:
    """All shards, with the types of the first."""
    files = sorted((folder / table).glob("*.parquet"))
    tables = [pq.ParquetFile(file).read().replace_schema_metadata() for file in files]
    return pa.concat_tables([each.cast(tables[0].schema) for each in tables])


def unpack(packed: bytes) -> tuple[str, bytes]:
    """The codec whose stream it is, and the content; numbers may begin like one."""

    def stream(codec: str) -> bytes:
        return bytes(pa.CompressedInputStream(pa.BufferReader(packed), codec).read())

    codecs: dict[str, tuple[bytes, Callable[[], bytes]]] = {
        "gzip": (b"\x1f\x8b\x08", lambda: gzip.decompress(packed)),
        "zstd": (b"\x28\xb5\x2f\xfd", lambda: stream("zstd")),
        "lz4": (b"\x04\x22\x4d\x18", lambda: stream("lz4")),
        "zlib": (b"\x78", lambda: zlib.decompress(packed)),
    }
    if len(packed) > 4 and (size := int.from_bytes(packed[:4], "little")) < 1 << 24:
        with contextlib.suppress(OSError):
            content = pa.decompress(packed[4:], size, "lz4_raw", asbytes=True)
            return "lz4-block", bytes(content)
    for name, (magic, decompress) in codecs.items():
        if packed.startswith(magic):
            with contextlib.suppress(OSError, zlib.error, EOFError):
                return name, decompress()
    return "raw", packed


def rows(folder: Path, table: str) -> list[tuple[Any, ...]]:
    """Each row as values that compare exactly, binaries by codec and content."""
    found = []
    for row in read(folder, table).to_pylist():
        for name in row:
            if isinstance(row[name], bytes):
                codec, content = unpack(row[name])
                row[name] = (codec, repr(json.loads(content)) if name[0] == "s" else content)
            elif isinstance(row[name], list):
                row[name] = tuple(row[name])
        found.append(tuple(row.values()))
    return sorted(found, key=repr)


def assert_same(found: Path, expected: Path) -> None:
    for table in TABLES:
        assert rows(found, table) == sorted(set(rows(expected, table)), key=repr), table


def golden_set(folder: Path, edit: Edit = lambda tables: None, **options: Any) -> Path:
    """The golden data set, each table one file, changed by `edit`; without those it removes."""
    tables = {name: read(GOLDEN, name) for name in TABLES}
    edit(tables)
    for name, table in tables.items():
        (folder / name).mkdir(parents=True)
        pq.write_table(table, folder / name / "worker_0.parquet", **options)
    return folder


def without(*names: str) -> Edit:
    def edit(tables: dict[str, pa.Table]) -> None:
        for name in names:
            del tables[name]

    return edit


def imported(folder: Path, *options: str) -> tuple[Path, Any]:
    """The recording, and what the import tells."""
    out = folder.with_suffix(".acto")
    command = [ACTOGRAM, "import", folder, "-o", out, *FORMAT, "--json", *options]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    run([ACTOGRAM, "check", out])
    return out, json.loads(done.stdout)


def exported(recording: Path) -> Path:
    out = recording.with_suffix(".out")
    run([ACTOGRAM, "export", recording, out, *FORMAT])
    return out


def error_of(folder: Path, *options: str) -> str:
    command = [ACTOGRAM, "import", folder, "-o", folder.with_suffix(".acto"), *FORMAT, *options]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert not folder.with_suffix(".acto").exists()
    assert not folder.with_suffix(".acto.partial").exists()
    return done.stderr


def column(table: pa.Table, name: str, change: Callable[[list[Any]], None]) -> pa.Table:
    """The table with one column's values changed."""
    values = table.column(name).to_pylist()
    change(values)
    at = table.schema.get_field_index(name)
    return table.set_column(at, table.field(at), pa.array(values, table.field(at).type))


def set_value(table: int, name: str, row: int, value: Any) -> Edit:
    def edit(tables: dict[str, pa.Table]) -> None:
        changed = column(tables[TABLES[table]], name, lambda v: v.__setitem__(row, value))
        tables[TABLES[table]] = changed

    return edit


def arrow(recording: Path, name: str) -> pa.Table:
    with pa.memory_map(str(recording / name)) as file:
        return pa.ipc.open_file(file).read_all()
