"""A data set of SAE activations as four tables: in, and out again with the same rows.

tests/golden/sae-parquet-4subset was written by Hugging Face datasets, pyarrow and pandas, packed by
Python's zlib (PROVENANCE.md there). What is read back here is what our export wrote, decoded by
the same tools; other codecs, orders, types and damage are made of it.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from oracle.real_model import real_model
from oracle.recordings import run
from oracle.sae_tables import (
    ACTOGRAM,
    EXPECTED,
    FORMAT,
    GOLDEN,
    TABLES,
    arrow,
    assert_same,
    column,
    exported,
    golden_set,
    imported,
    read,
    rows,
    set_value,
    unpack,
    without,
)
from safetensors.numpy import save_file


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


def test_lz4_blocks_are_found_and_kept(tmp_path: Path) -> None:
    """As Python's lz4.block writes them, behind their size; no first bytes tell of them."""

    def packed(values: list[Any]) -> None:
        for i, value in enumerate(values):
            content = unpack(value)[1]
            block = pa.compress(content, codec="lz4_raw", asbytes=True)
            values[i] = len(content).to_bytes(4, "little") + block

    def edit(tables: dict[str, pa.Table]) -> None:
        for name in ("activations_layer19", "sae_representation"):
            tables[TABLES[1]] = column(tables[TABLES[1]], name, packed)

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


def test_a_tokenizer_gives_positions_their_tokens(tmp_path: Path) -> None:
    folder = golden_set(tmp_path / "set")
    recording, _ = imported(folder, "--tokenizer", str(real_model()))
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
