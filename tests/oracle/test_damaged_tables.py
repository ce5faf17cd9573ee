"""Tables that contradict one another although every checksum is right.

One entry of one table is changed, and the manifest's checksum made to match. `check` names the unit
and what is wrong; `show` and `export` end well or with an error, and never with a signal.
"""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import xxhash
from oracle.recordings import run
from oracle.sites import program
from oracle.slow_twin import read_table

ACTOGRAM = program().with_name("actogram")
UNIT, ROW = "0.mlp/5", 5  # row of units.arrow; its classes are the rows 20 to 23
CLASSES = [4 * ROW + c for c in range(4)]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound")
    words = np.random.default_rng(2).integers(0, 900, (40, 12))
    lines = [json.dumps({"text": " ".join(map(str, row))}) for row in words]
    (folder / "texts.jsonl").write_text("\n".join(lines))
    out = folder / "sound.acto"
    options = ["--samples", "20", "--class-top", "8"]
    run([ACTOGRAM, "record", "fake:2x70", folder / "texts.jsonl", "-o", out, *options])
    run([ACTOGRAM, "check", out])
    return out


def rewritten(recording: Path, file: str, change: Callable[[dict[str, Any]], None]) -> None:
    """The same record batches with columns as Python lists changed, and a checksum that fits."""
    path = recording / file
    reader = pa.ipc.open_file(pa.memory_map(str(path)))
    batches = [reader.get_batch(i) for i in range(reader.num_record_batches)]
    columns = pa.Table.from_batches(batches).to_pydict()
    change(columns)
    arrays = [pa.array(columns[f.name], f.type) for f in reader.schema]
    table = pa.Table.from_arrays(arrays, schema=reader.schema)
    first = 0
    with pa.ipc.new_file(str(path) + ".new", reader.schema) as writer:
        for batch in batches:
            (part,) = table.slice(first, batch.num_rows).combine_chunks().to_batches()
            writer.write_batch(part)
            first += batch.num_rows
    path.with_name(path.name + ".new").replace(path)
    make_checksum_fit(recording, file)


def make_checksum_fit(recording: Path, file: str) -> None:
    path = recording / file
    manifest = json.loads((recording / "manifest.json").read_text())
    entry = manifest["files"][file]
    entry["bytes"] = path.stat().st_size
    entry["xxh3_128"] = xxhash.xxh3_128_hexdigest(path.read_bytes())
    (recording / "manifest.json").write_text(json.dumps(manifest))


def problems_of(recording: Path) -> list[str]:
    command = [str(ACTOGRAM), "check", str(recording), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    found: list[str] = json.loads(done.stdout)["problems"]
    return found


def assert_no_crash(recording: Path) -> list[str]:
    """What show and export print; they may well succeed."""
    errors = []
    commands: list[list[str | Path]] = [
        ["show", recording, UNIT, "--by-class", "--excerpts", "99"],
        ["show", recording, UNIT, "--excerpts", "99"],
        ["show", recording, UNIT, "--json"],
        ["classes", recording, "--json"],
        ["export", recording, recording.with_suffix(".set")],
    ]
    for command in commands:
        done = subprocess.run([ACTOGRAM, *command], capture_output=True, text=True, check=False)
        assert done.returncode in (0, 1), (command, done)
        if done.returncode == 1:
            assert "actogram: " in done.stderr
            errors.append(done.stderr)
    return errors


def put(name: str, row: int, change: Callable[[Any], Any]) -> Callable[[dict[str, Any]], None]:
    def apply(columns: dict[str, Any]) -> None:
        columns[name][row] = change(columns[name][row])

    return apply


def put_parts(
    quantity: str, row: int, change: Callable[[int, list[Any]], list[Any]]
) -> Callable[[dict[str, Any]], None]:
    """Of values, sequences and positions, which are 0, 1 and 2."""

    def apply(columns: dict[str, Any]) -> None:
        for i, part in enumerate(("values", "sequences", "positions")):
            column = columns[f"{quantity}_{part}"]
            column[row] = change(i, column[row])

    return apply


def test_rewriting_alone_changes_nothing(tmp_path: Path, sound: Path) -> None:
    copy = tmp_path / "copy.acto"
    shutil.copytree(sound, copy)
    for file in ("classes.arrow", "samples.arrow", "sample_places.arrow", "sequences.arrow"):
        rewritten(copy, file, lambda columns: None)
    assert problems_of(copy) == []
    assert assert_no_crash(copy) == []


def first_to(value: float) -> Callable[[Any], Any]:
    return lambda values: [value, *values[1:]]


HUGE = 2**32 - 1
CLASS_DAMAGE = {
    "count": (put("count", CLASSES[0], lambda n: n + 1), "the mean of hook_post is"),
    "counts of nothing": (put("count", CLASSES[2], lambda n: 0), "the mean of hook_post is"),
    "mean": (put("swish_mean", CLASSES[1], lambda x: -x), "gate+_in-: the mean of swish is"),
    "sums": (
        put("sums", CLASSES[3], lambda b: b[:40] + bytes([b[40] ^ 1]) + b[41:]),
        "gate-_in-: the mean of hook_post is",
    ),
    "all sums of a mean": (put("sums", CLASSES[3], lambda b: bytes(len(b))), "the mean of"),
    "sequence": (
        put("hook_post_sequences", CLASSES[1], first_to(HUGE)),
        "a class's peak of",
    ),
    "sequence that is there twice": (
        put("hook_pre_sequences", CLASSES[1], lambda s: [s[0], s[0], *s[2:]]),
        "has two peaks of hook_pre",
    ),
    "position": (
        put("hook_pre_positions", CLASSES[2], first_to(HUGE)),
        "position 4294967295, which has",
    ),
    "position one too far": (
        put("hook_pre_linear_positions", CLASSES[2], lambda p: [64, *p[1:]]),
        "position 64, which has",
    ),
    "value": (put("hook_post_values", CLASSES[0], first_to(1e9)), "but its values lie between"),
    "value of another place": (
        put("hook_post_values", CLASSES[0], lambda v: [np.nextafter(np.float32(v[0]), 0), *v[1:]]),
        "but a window has",
    ),
    "value of the other sign": (
        put("hook_pre_values", CLASSES[3], lambda v: [-v[0], *v[1:]]),
        "gate-_in-: hook_pre of",
    ),
    "value that is no number": (
        put("hook_post_values", CLASSES[0], lambda v: [*v[:-1], float("nan")]),
        "not of this class",
    ),
    "value of 0": (
        put("hook_pre_values", CLASSES[1], lambda v: [*v[:-1], 0]),
        "a class's peak of 0",
    ),
    "order": (
        put_parts("hook_pre", CLASSES[0], lambda _, x: x[::-1]),
        "a class's peaks are not in order",
    ),
    "a list that is shorter": (
        put_parts("hook_pre", CLASSES[0], lambda _, x: x[:-1]),
        "7 peaks of hook_pre and 8 of hook_pre_linear",
    ),
    "a list that is longer": (
        put_parts("hook_post", CLASSES[0], lambda i, x: [*x, [1e-9, 39, 0][i]]),
        "9 peaks of hook_post where 8 are possible",
    ),
    "parts of a list": (
        put("hook_post_values", CLASSES[0], lambda v: v[:-1]),
        "has 7 values, 8 sequences and 8 positions",
    ),
    "a list that a class has not": (
        put_parts("swish", CLASSES[0], lambda i, x: [*x, [1.0, 3, 0][i]]),
        "1 peaks of swish where 0 are possible",
    ),
}


@pytest.mark.parametrize("what", CLASS_DAMAGE)
def test_damaged_classes(tmp_path: Path, sound: Path, what: str) -> None:
    change, message = CLASS_DAMAGE[what]
    damaged = tmp_path / "damaged.acto"
    shutil.copytree(sound, damaged)
    rewritten(damaged, "classes.arrow", change)
    problems = problems_of(damaged)
    assert any(p.startswith(f"{UNIT}: ") and message in p for p in problems), problems
    assert_no_crash(damaged)


def test_all_tokens_in_one_class(tmp_path: Path, sound: Path) -> None:
    """More of them than there are values."""
    damaged = tmp_path / "damaged.acto"
    shutil.copytree(sound, damaged)
    rewritten(damaged, "classes.arrow", put("count", CLASSES[0], lambda n: 10**6))
    assert any("but the corpus has" in p for p in problems_of(damaged))
    assert any("tokens, but it has" in p for p in problems_of(damaged))


def test_show_says_where_a_damaged_class_leads(tmp_path: Path, sound: Path) -> None:
    for i, (column, message) in enumerate(
        {
            "hook_post_sequences": "no sequence 4294967295; there are 40",
            "hook_post_positions": "a peak at position 4294967295 of a sequence of",
        }.items()
    ):
        damaged = tmp_path / f"{i}.acto"
        shutil.copytree(sound, damaged)
        rewritten(damaged, "classes.arrow", put(column, CLASSES[0], first_to(HUGE)))
        assert any(message in error for error in assert_no_crash(damaged))


@pytest.mark.parametrize(("rows", "per_batch"), [(556, 256), (560, 255), (560, 560)])
def test_classes_in_other_record_batches(
    tmp_path: Path, sound: Path, rows: int, per_batch: int
) -> None:
    """Fewer rows than units need; batches that cut a unit in two; one batch, which does no harm."""
    damaged = tmp_path / "damaged.acto"
    shutil.copytree(sound, damaged)
    table = read_table(sound / "classes.arrow").slice(0, rows).combine_chunks()
    with pa.ipc.new_file(str(damaged / "classes.arrow"), table.schema) as writer:
        writer.write_table(table, per_batch)
    make_checksum_fit(damaged, "classes.arrow")
    command = [str(ACTOGRAM), "check", str(damaged)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == (0 if per_batch == 560 else 1)
    assert_no_crash(damaged)


SAMPLE_DAMAGE = {
    "position": ("sample_places.arrow", put("position", 7, lambda p: p ^ 1), "its key draws"),
    "position beyond": ("sample_places.arrow", put("position", 7, lambda p: HUGE), "its key draws"),
    "value": ("samples.arrow", put("hook_post", ROW, first_to(99)), "but it lies between"),
    "no number": (
        "samples.arrow",
        put("hook_post", ROW, first_to(float("nan"))),
        "1 samples are not finite, but only 0",
    ),
    "fewer values": (
        "samples.arrow",
        put("hook_pre", ROW, lambda v: v[:-1]),
        "row 5 has 19 values of hook_pre; sample_places.arrow has 20",
    ),
    "none": ("samples.arrow", put("hook_pre", ROW, lambda v: []), "where other units have both"),
    "key": ("sequences.arrow", put("key", 7, lambda k: k ^ 2**40), "its key draws"),
}


@pytest.mark.parametrize("what", SAMPLE_DAMAGE)
def test_damaged_samples(tmp_path: Path, sound: Path, what: str) -> None:
    file, change, message = SAMPLE_DAMAGE[what]
    damaged = tmp_path / "damaged.acto"
    shutil.copytree(sound, damaged)
    rewritten(damaged, file, change)
    assert any(message in p for p in problems_of(damaged))
    assert_no_crash(damaged)
