"""Samples, the values of all units at one token of each of the first sequences: recorded, exported
as GLUScope's second data set, and imported.

Positions are drawn here from the document's definition, and values are another forward's:
dump_sites for the real model, the definition of the fake model for that.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from oracle.make_tiny_gguf import TinyModel
from oracle.real_model import real_model
from oracle.recordings import Corpus, dump, record, run
from oracle.sites import program
from oracle.slow_twin import Array, Ragged, Recording, fnv1a, mix, read_table, u64
from oracle.test_gluscope import GOLDEN, write_gguf

ACTOGRAM = program().with_name("actogram")
SHARD = "train-00000-of-00001.parquet"
QUANTITIES = ("hook_post", "hook_pre", "hook_pre_linear")


def positions_of(recording: Recording, n: int) -> Array:
    """docs/format.md, sample_places.arrow."""
    keys = recording.sequences["key"][:n]
    drawn = mix(u64([fnv1a("sampled position")]) ^ keys) >> np.uint64(32)
    return np.asarray(drawn * recording.sequences["n_tokens"][:n].astype(np.uint64)) >> np.uint64(
        32
    )


def samples_of(path: Path) -> tuple[Array, dict[str, Array]]:
    """Positions, and of each quantity float32 [unit, sample] or [unit, 0]."""
    table = read_table(path / "samples.arrow")
    columns = {name: Ragged.of(table.column(name)) for name in table.column_names}
    places = read_table(path / "sample_places.arrow").column("position").to_numpy()
    found = {n: np.array([c[u] for u in range(table.num_rows)]) for n, c in columns.items()}
    return places, found


def assert_sampled(path: Path, n: int, values: dict[str, list[Array]]) -> None:
    """`values`: site -> float32 [token, unit] of each sequence; site names end in a quantity."""
    recording = Recording(path)
    places, found = samples_of(path)
    n = min(n, recording.n_sequences)
    np.testing.assert_array_equal(places, positions_of(recording, n))
    for quantity in QUANTITIES:
        sites = [site.replace("hook_post", quantity) for site in recording.sites]
        if sites[0] not in values:
            assert found[quantity].size == 0
            continue
        expected = np.concatenate(
            [np.stack([values[site][i][places[i]] for i in range(n)], axis=1) for site in sites]
        )
        assert found[quantity].dtype == np.float32
        np.testing.assert_array_equal(found[quantity], expected)


@pytest.mark.slow
@pytest.mark.parametrize("n", [1, 40, 1000])
def test_of_the_real_model(tmp_path: Path, n: int) -> None:
    """To the last bit; 1,000 are more than there are."""
    corpus = Corpus.of(40, longest=200, seed=4)
    options = ["--layers", "0,29", "--context", "32", "--samples", str(n)]
    path = record(real_model(), corpus, tmp_path, options)
    sites = [f"blocks.{layer}.mlp.{q}" for layer in (0, 29) for q in QUANTITIES]
    assert 40 < Recording(path).n_sequences < 1000
    assert_sampled(path, n, dump(real_model(), Recording(path).ids(), "0,29", sites))
    run([ACTOGRAM, "check", path])


def test_of_a_model_that_is_not_gated(tmp_path: Path) -> None:
    TinyModel(tmp_path / "tiny.gguf", "gpt2")
    corpus = Corpus.of(9, longest=60, seed=5)
    path = record(tmp_path / "tiny.gguf", corpus, tmp_path, ["--context", "24", "--samples", "30"])
    sites = list(Recording(path).sites)
    assert_sampled(path, 30, dump(tmp_path / "tiny.gguf", Recording(path).ids(), "all", sites))
    run([ACTOGRAM, "check", path])
    run([ACTOGRAM, "export", path, tmp_path / "set"])
    table = pq.read_table(tmp_path / "set/sampled-activations" / SHARD)
    assert table.column_names == ["layer", "neuron", "sampled_positions", "mlp.hook_post"]
    assert not (tmp_path / "set/data").exists()
    run([ACTOGRAM, "import", tmp_path / "set", "-o", tmp_path / "back.acto"])
    for file in ("samples.arrow", "sample_places.arrow"):
        assert (tmp_path / "back.acto" / file).read_bytes() == (path / file).read_bytes()


def fake_values(ids: Array, layer: int, n_units: int) -> dict[str, Array]:
    """fake:LAYERSxUNITS as src/model/fake_model.h defines it, float32 [token, unit]."""
    previous = np.concatenate([[-1], ids[:-1]])
    hashes = np.zeros((len(ids), n_units), np.uint64)
    for position, (token, before) in enumerate(zip(ids.tolist(), previous.tolist(), strict=True)):
        units = u64(list(range(n_units)))
        found = mix(mix(mix(u64([0])) ^ u64([layer])) ^ units)
        for part in (token, position, before):
            found = mix(found ^ u64([part]))
        hashes[position] = found

    def spread(bits: Array) -> Array:
        whole = (bits >> np.uint64(44)).astype(np.int64) - (1 << 19)
        return np.asarray(whole.astype(np.float32) / np.float32(1 << 17))

    def zero(bits: Array) -> Array:
        return np.asarray(mix(bits) % np.uint64(16) == 0)

    gate, linear = mix(hashes + np.uint64(10)), mix(hashes + np.uint64(11))
    x = spread(hashes)
    post = np.where(x > 0, x, x / (np.float32(1) + x * x) / np.float32(3))
    halves = np.sign(post) * np.floor(np.abs(post * 2) + np.float32(0.5)) / 2
    post = np.where(np.arange(n_units) % 8 == 0, halves.astype(np.float32), post)
    return {
        "hook_post": np.where(zero(hashes + np.uint64(3)), np.float32(0), post),
        "hook_pre": np.where(zero(gate), np.float32(0), spread(gate)),
        "hook_pre_linear": np.where(zero(linear), np.float32(0), spread(linear)),
    }


def test_of_the_fake_model(tmp_path: Path) -> None:
    corpus = Corpus.of(20, longest=90, seed=6)
    path = record("fake:3x70", corpus, tmp_path, ["--context", "40", "--samples", "25"])
    values: dict[str, list[Array]] = {}
    with np.errstate(over="ignore"):
        for ids in Recording(path).ids()[:25]:
            for layer in range(3):
                for quantity, found in fake_values(ids, layer, 70).items():
                    values.setdefault(f"blocks.{layer}.mlp.{quantity}", []).append(found)
        assert_sampled(path, 25, values)


def test_positions_are_uniform(tmp_path: Path) -> None:
    """2,000 sequences of 20 tokens: each position about 100 times; none by default."""
    lines = [json.dumps({"text": f"{i:019}"}) for i in range(2000)]
    (tmp_path / "t.jsonl").write_text("\n".join(lines))
    for name, options in {"a.acto": ["--samples", "2000"], "b.acto": []}.items():
        run([ACTOGRAM, "record", "fake:1x2", tmp_path / "t.jsonl", "-o", tmp_path / name, *options])
    counts = np.bincount(samples_of(tmp_path / "a.acto")[0], minlength=20)
    assert len(counts) == 20
    assert ((counts - 100) ** 2 / 100).sum() < 45  # chi square, 19 degrees of freedom: p < 0.001
    assert not (tmp_path / "b.acto/samples.arrow").exists()


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a gated model with weights whose signs refactor_glu turns."""
    folder = tmp_path_factory.mktemp("samples")
    write_gguf(folder / "tiny.gguf")
    out = folder / "tiny.acto"
    options = ["--context", "96", "--long-documents", "truncate", "--samples", "50"]
    ids = GOLDEN / "input_ids.parquet"
    run([ACTOGRAM, "record", folder / "tiny.gguf", ids, "-o", out, *options])
    return out


def export(recording: Path, out: Path, *options: str) -> Any:
    run([ACTOGRAM, "export", recording, out, *options])
    return pq.read_table(out / "sampled-activations" / SHARD)


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def matrix(table: Any, name: str) -> Array:
    return np.array(table.column(name).to_pylist(), np.float32)


@pytest.mark.parametrize("refactored", [False, True])
def test_export_has_the_published_schema_and_every_value(
    tmp_path: Path, recording: Path, refactored: bool
) -> None:
    table = export(recording, tmp_path / "set", *(["--refactor-glu"] if refactored else []))
    places, samples = samples_of(recording)
    assert table.column_names == [
        "layer", "neuron", "sampled_positions", *(f"mlp.{q}" for q in QUANTITIES),
    ]  # fmt: skip
    integers, floats = pa.list_(pa.int64()), pa.list_(pa.float32())
    plain = [t.value_type if pa.types.is_list(t) else t for t in table.schema.types]
    assert plain == [pa.int64(), pa.int64(), integers.value_type] + [floats.value_type] * 3
    assert table.column("layer").to_pylist() == [layer for layer in range(3) for _ in range(64)]
    assert table.column("neuron").to_pylist() == list(range(64)) * 3
    assert table.column("sampled_positions").to_pylist() == [places.tolist()] * 192
    signs = read_table(recording / "weights.arrow").column("sign").to_numpy()[:, None]
    assert (signs < 0).sum() > 50
    for quantity in QUANTITIES:
        turned = refactored and quantity != "hook_pre"
        expected = samples[quantity] * (signs if turned else 1)
        np.testing.assert_array_equal(matrix(table, f"mlp.{quantity}"), expected)


@pytest.mark.parametrize("flag", ["--no-refactor-glu", "--refactor-glu"])
def test_our_own_export_comes_back_whole(tmp_path: Path, recording: Path, flag: str) -> None:
    """Whichever signs it has, samples.arrow is the model's, and the next export the same."""
    export(recording, tmp_path / "one", flag)
    back = tmp_path / "back.acto"
    ids = str(GOLDEN / "input_ids.parquet")
    run([ACTOGRAM, "import", tmp_path / "one", "-o", back, "--corpus", ids])
    run([ACTOGRAM, "check", back])
    for file in ("samples.arrow", "sample_places.arrow", "classes.arrow"):
        assert (back / file).read_bytes() == (recording / file).read_bytes()
    export(back, tmp_path / "two")
    assert files_of(tmp_path / "two") == files_of(tmp_path / "one")


# In a process of its own: `datasets` looks at its environment once.
LOAD = """
import json, sys, datasets
for name in ("default", "sampled-activations"):
    data = datasets.load_dataset(sys.argv[1], name, split="train")
    print(json.dumps([data.num_rows, data.column_names, data[100]["neuron"]]))
print(json.dumps(data.with_format("arrow")[100].to_pylist()[0]))
"""


def test_hugging_face_datasets_reads_both(tmp_path: Path, recording: Path) -> None:
    table = export(recording, tmp_path / "set")
    home = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path), "HF_DATASETS_CACHE": str(tmp_path)}
    command = [sys.executable, "-c", LOAD, str(tmp_path / "set")]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **home}
    )
    assert done.returncode == 0, done.stderr
    classes, samples, row = (json.loads(line) for line in done.stdout.splitlines())
    assert (classes[0], len(classes[1]), classes[2]) == (192, 50, 36)
    assert samples == [192, table.column_names, 36]
    assert row == table.slice(100, 1).to_pylist()[0]


# What others publish


def published(folder: Path, table: Any, **options: Any) -> Path:
    (folder / "data").mkdir(parents=True)
    pq.write_table(table, folder / "data" / SHARD, **options)
    return folder


def with_types(table: Any, make: Callable[[Any], Any]) -> Any:
    return pa.table({n: make(table.column(n).combine_chunks()) for n in table.column_names})


def as_fixed_size_lists(column: Any) -> Any:
    if not pa.types.is_list(column.type):
        return column
    return pa.FixedSizeListArray.from_arrays(column.flatten(), 50)


def as_large_lists_of_doubles(column: Any) -> Any:
    if not pa.types.is_list(column.type):
        return column.cast(pa.int32())
    integers = pa.types.is_integer(column.type.value_type)
    return column.cast(pa.large_list(pa.int32() if integers else pa.float64()))


@pytest.mark.parametrize("make", [lambda c: c, as_fixed_size_lists, as_large_lists_of_doubles])
def test_alone(tmp_path: Path, recording: Path, make: Callable[[Any], Any]) -> None:
    """Any list type, columns and rows in any order, one column more; then exported again."""
    table = export(recording, tmp_path / "own")
    random = np.random.default_rng(1)
    mixed = table.select(random.permutation(table.column_names).tolist())
    mixed = with_types(mixed.take(random.permutation(table.num_rows)), make)
    mixed = mixed.append_column("note", pa.array(["x"] * table.num_rows))
    folder = published(tmp_path / "set", mixed, row_group_size=17)
    out = tmp_path / "set.acto"
    run([ACTOGRAM, "import", folder, "-o", out, "--model", "theirs"])
    run([ACTOGRAM, "check", out])
    for file in ("samples.arrow", "sample_places.arrow"):
        assert (out / file).read_bytes() == (recording / file).read_bytes()
    manifest = json.loads((out / "manifest.json").read_text())
    assert (manifest["holds"], manifest["model"]["name"]) == ("samples", "theirs")
    assert manifest["collate"]["samples"] == 50
    assert export(out, tmp_path / "again").equals(table)
    done = subprocess.run(
        [str(ACTOGRAM), "export", str(out), str(tmp_path / "no"), "--refactor-glu"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "the signs of refactor_glu are those of the model's weights" in done.stderr


def test_beside_the_columns(tmp_path: Path, recording: Path) -> None:
    """Two data sets of others, in folders of their own."""
    table = export(recording, tmp_path / "own")
    columns, samples = tmp_path / "columns", published(tmp_path / "samples", table)
    shutil.copytree(tmp_path / "own/data", columns / "data")
    out = tmp_path / "both.acto"
    run([ACTOGRAM, "import", columns, "--samples", samples, "-o", out])
    run([ACTOGRAM, "check", out])
    assert (out / "samples.arrow").read_bytes() == (recording / "samples.arrow").read_bytes()
    assert (out / "class_shares.arrow").exists()
    export(out, tmp_path / "again")
    for part in ("data", "sampled-activations"):
        again, first = tmp_path / "again" / part / SHARD, tmp_path / "own" / part / SHARD
        assert again.read_bytes() == first.read_bytes()


def test_nulls_and_nan_are_values_that_are_not_known(tmp_path: Path, recording: Path) -> None:
    table = export(recording, tmp_path / "own")
    expected = {q: matrix(table, f"mlp.{q}") for q in QUANTITIES}
    for quantity in QUANTITIES:
        lists = table.column(f"mlp.{quantity}").to_pylist()
        for unit, sample, value in [(0, 0, None), (7, 3, np.nan), (191, 49, None), (5, 5, np.inf)]:
            lists[unit][sample] = value
            expected[quantity][unit, sample] = np.nan if value is None else value
        at = table.column_names.index(f"mlp.{quantity}")
        table = table.set_column(at, f"mlp.{quantity}", pa.array(lists, pa.list_(pa.float32())))
    out = tmp_path / "set.acto"
    run([ACTOGRAM, "import", published(tmp_path / "set", table), "-o", out])
    run([ACTOGRAM, "check", out])
    for quantity in QUANTITIES:
        np.testing.assert_array_equal(samples_of(out)[1][quantity], expected[quantity])


def error_of(*command: Any) -> str:
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    return done.stderr


def changed(table: Any, name: str, row: int, value: Any) -> Any:
    lists = table.column(name).to_pylist()
    lists[row] = value(lists[row]) if callable(value) else value
    return table.set_column(
        table.column_names.index(name), name, pa.array(lists, table.column(name).type)
    )


POSITIONS, PRE = "sampled_positions", "mlp.hook_pre"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop_columns([PRE]), f'no column "{PRE}"'),
        (lambda t: t.drop_columns(["mlp.hook_post"]), 'no column "mlp.hook_post"'),
        (lambda t: changed(t, PRE, 9, lambda v: v[:49]), f'row 9: "{PRE}" has 49 entries'),
        (lambda t: changed(t, PRE, 9, None), f'row 9: "{PRE}" is null'),
        (lambda t: changed(t, POSITIONS, 9, lambda v: [*v[:49], v[49] + 1]), "not those of the"),
        (lambda t: changed(t, POSITIONS, 0, lambda v: [None, *v[1:]]), 'row 0: entry 0 of "sam'),
        (lambda t: changed(t, POSITIONS, 0, lambda v: [-1, *v[1:]]), "-1; expected a number"),
        (lambda t: changed(t, POSITIONS, 0, []), "0 entries; expected 1 to"),
        (lambda t: changed(t, "neuron", 40, 41), "layer 0 neuron 41 is there twice"),
        (lambda t: t.slice(0, 190), "layer 2 has 62"),
    ],
)
def test_damage(
    tmp_path: Path, recording: Path, change: Callable[[Any], Any], message: str
) -> None:
    folder = published(tmp_path / "set", change(export(recording, tmp_path / "own")))
    out = tmp_path / "set.acto"
    assert message in error_of(ACTOGRAM, "import", folder, "-o", out)
    assert not out.exists()
    assert not out.with_suffix(".acto.partial").exists()


def test_samples_of_other_neurons_or_texts(tmp_path: Path, recording: Path) -> None:
    table = export(recording, tmp_path / "own")
    columns, out = tmp_path / "columns", tmp_path / "x.acto"
    shutil.copytree(tmp_path / "own/data", columns / "data")
    two_layers = published(tmp_path / "two", table.slice(0, 128))
    command = [ACTOGRAM, "import", columns, "-o", out, "--samples"]
    assert "are not of the neurons of the columns" in error_of(*command, two_layers)
    assert 'it has no column "sampled_positions"' in error_of(*command, columns)
    own = [ACTOGRAM, "import", tmp_path / "own", "-o", out, "--samples", two_layers]
    assert "has sampled activations of its own" in error_of(*own)
    alone = published(tmp_path / "alone", table)
    ids = pq.read_table(GOLDEN / "input_ids.parquet")
    pq.write_table(ids.slice(0, 49), tmp_path / "few.parquet")
    command = [ACTOGRAM, "import", alone, "-o", out, "--corpus"]
    message = error_of(*command, tmp_path / "few.parquet")
    assert "samples of 50 texts, but --corpus has 49 rows" in message
    short = pa.table({"input_ids": [row[:2] for row in ids.column("input_ids").to_pylist()]})
    pq.write_table(short, tmp_path / "short.parquet")
    assert "which has 2 tokens in --corpus" in error_of(*command, tmp_path / "short.parquet")
    assert not out.exists()
