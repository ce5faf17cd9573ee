"""Import of GLUScope's data sets: what their own scripts wrote, what others may write, and damage.

What an import keeps is read back through its export, so the 50 columns go in and come out; what
they should be is computed here, from the columns themselves.
"""

import json
import os
import re
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
from oracle.recordings import run
from oracle.sites import ROOT, program
from oracle.test_gluscope import write_gguf

GOLDEN = ROOT / "tests/golden/gluscope-50col"
N_TOKENS = json.loads((GOLDEN / "expected.json").read_text())["n_tokens"]
ACTOGRAM = program().with_name("actogram")
SHARD = "train-00000-of-00001.parquet"


def golden(variant: str) -> Any:
    return pq.read_table(GOLDEN / variant / SHARD)


def write_set(folder: Path, *tables: Any, **options: Any) -> Path:
    (folder / "data").mkdir(parents=True)
    for i, table in enumerate(tables):
        name = f"train-{i:05}-of-{len(tables):05}.parquet"
        pq.write_table(table, folder / "data" / name, **options)
    return folder


def imported(folder: Path, *options: str) -> Path:
    out = folder.with_suffix(".acto")
    run([ACTOGRAM, "import", folder, "-o", out, *options])
    run([ACTOGRAM, "check", out])
    return out


def exported(recording: Path) -> Any:
    out = recording.with_suffix(".out")
    run([ACTOGRAM, "export", recording, out])
    return pq.read_table(out / "data" / SHARD)


def error_of(folder: Path, *options: str) -> str:
    command = [ACTOGRAM, "import", folder, "-o", folder.with_suffix(".acto"), *options]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    assert done.returncode == 1
    assert not folder.with_suffix(".acto").exists()
    assert not folder.with_suffix(".acto.partial").exists()
    return done.stderr


def normal(table: Any) -> dict[str, Any]:
    """The columns as NumPy, without what the format leaves open: rows of entries that are no
    example, and what stands for the mean of a class that never occurs."""
    columns = {}
    for name in table.column_names:
        column = table.column(name)
        if name.endswith(("_max_values", "_max_indices")):
            columns[name] = np.array(column.to_pylist(), dtype=object)
        else:
            columns[name] = column.to_numpy()
    for name in [n for n in columns if n.endswith("_max_values")]:
        values = np.array([[v or 0 for v in row] for row in columns[name]], np.float32)
        rows = np.array(
            [
                [-1 if r is None else r for r in row]
                for row in columns[name.replace("_values", "_indices")]
            ],
            np.int64,
        )
        columns[name] = values + 0  # -0.0 is 0.0
        columns[name.replace("_values", "_indices")] = np.where(values == 0, -1, rows)
    for name in [n for n in columns if n.endswith("_mean")]:
        never = columns[name[: name.index("_", 7)] + "_freq"] == 0
        columns[name] = np.where(never, np.nan, columns[name])
    return columns


def assert_same(found: Any, expected: Any) -> None:
    assert found.column_names == golden("plain").column_names
    assert found.schema.types == golden("plain").schema.types
    a, b = normal(found), normal(expected)
    for name in found.column_names:
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)


@pytest.mark.parametrize("variant", ["plain", "refactored"])
def test_their_own_data_set(tmp_path: Path, variant: str) -> None:
    """Exactly: order of ties, signs, float32 means and frequencies."""
    recording = imported(write_set(tmp_path / "set", golden(variant)))
    assert_same(exported(recording), golden(variant))
    manifest = json.loads((recording / "manifest.json").read_text())
    assert manifest["holds"] == "class_shares"
    assert "n_tokens" not in manifest["corpus"]
    assert manifest["gate_function"] is None


def test_a_class_that_never_occurs_is_in_the_golden_data() -> None:
    """Or the tests here would show nothing about filler."""
    values = normal(golden("refactored"))["gate+_in-_hook_post_max_values"]
    assert (values == 0).all(axis=1).any()


def show_json(recording: Path, unit: str) -> Any:
    command = [str(ACTOGRAM), "show", str(recording), unit, "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def test_counts_follow_from_the_tokens(tmp_path: Path) -> None:
    """With the total every count of the golden data is one; without, all are unknown."""
    folder = write_set(tmp_path / "set", golden("refactored"))
    known = imported(folder, "--tokens", str(N_TOKENS))
    (tmp_path / "other").symlink_to(folder)
    unknown = imported(tmp_path / "other")
    columns = golden("refactored").to_pydict()
    for row in range(0, 192, 13):
        address = f"{columns['layer'][row]}.mlp/{columns['neuron'][row]}"
        classes = show_json(known, address)["sign_classes"]
        for c in classes:
            frequency = columns[f"{c['name']}_freq"][row]
            assert c["count"] == round(frequency * N_TOKENS)
            assert np.float32(c["count"]) / np.float32(N_TOKENS) == np.float32(frequency)
        assert sum(c["count"] for c in classes) <= N_TOKENS
        for c in show_json(unknown, address)["sign_classes"]:
            assert c["count"] is None
            for peaks in c["peaks"].values():
                assert all(peak["position"] is None for peak in peaks)
    assert "is --tokens right?" in error_of(folder_of(tmp_path, folder), "--tokens", "26578")


def folder_of(tmp_path: Path, folder: Path) -> Path:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    return copy


def with_types(table: Any, make: Callable[[str, Any], Any]) -> Any:
    return pa.table({n: make(n, table.column(n).combine_chunks()) for n in table.column_names})


def as_large_list(name: str, column: Any) -> Any:
    if not pa.types.is_list(column.type):
        return column
    return column.cast(pa.large_list(column.type.value_type))


def as_fixed_size_list(name: str, column: Any) -> Any:
    if not pa.types.is_list(column.type):
        return column
    return pa.FixedSizeListArray.from_arrays(column.flatten(), 16)


def as_other_widths(name: str, column: Any) -> Any:
    if pa.types.is_list(column.type):
        wide = pa.types.is_integer(column.type.value_type)
        return column.cast(pa.list_(pa.int32() if wide else pa.float64()))
    return column.cast(pa.int32() if pa.types.is_integer(column.type) else pa.float64())


def with_nulls(name: str, column: Any) -> Any:
    """Null for a mean that is NaN, null for a filler entry and its row."""
    if name.endswith("_mean"):
        return pa.array(column.to_numpy(), from_pandas=True)
    if name.endswith(("_max_values", "_max_indices")):
        values = golden("refactored").column(name.replace("_indices", "_values")).to_pylist()
        lists = [
            [None if v == 0 else x for v, x in zip(vs, xs, strict=True)]
            for vs, xs in zip(values, column.to_pylist(), strict=True)
        ]
        return pa.array(lists, column.type)
    return column


def with_zero_means(name: str, column: Any) -> Any:
    return pa.array(np.nan_to_num(column.to_numpy())) if name.endswith("_mean") else column


@pytest.mark.parametrize(
    "make", [as_large_list, as_fixed_size_list, as_other_widths, with_nulls, with_zero_means]
)
def test_other_types(tmp_path: Path, make: Callable[[str, Any], Any]) -> None:
    table = with_types(golden("refactored"), make)
    assert (
        table.schema != golden("refactored").schema or make is with_zero_means or make is with_nulls
    )
    recording = imported(write_set(tmp_path / "set", table))
    assert_same(exported(recording), golden("refactored"))


def test_columns_in_another_order_and_one_more(tmp_path: Path) -> None:
    table = golden("refactored")
    names = list(np.random.default_rng(3).permutation(table.column_names))
    shuffled = table.select(names).append_column("note", pa.array(["x"] * table.num_rows))
    folder = write_set(tmp_path / "set", shuffled)
    command = [str(ACTOGRAM), "import", str(folder), "-o", str(tmp_path / "set.acto")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "not read: note" in done.stderr
    assert_same(exported(tmp_path / "set.acto"), table)


@pytest.mark.parametrize("seed", range(3))
def test_shards_and_rows_in_any_order(tmp_path: Path, seed: int) -> None:
    table = golden("refactored")
    random = np.random.default_rng(seed)
    order = random.permutation(table.num_rows)
    if seed == 0:
        order = np.arange(table.num_rows)
    cuts = sorted(random.choice(np.arange(1, table.num_rows), 3, replace=False))
    parts = [table.take(part) for part in np.split(order, cuts)]
    folder = write_set(tmp_path / "set", *parts, row_group_size=7)
    assert_same(exported(imported(folder)), table)


def test_files_beside_no_data_folder(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    pq.write_table(golden("plain"), tmp_path / "set" / "all.parquet")
    assert_same(exported(imported(tmp_path / "set")), golden("plain"))


def replaced(name: str, row: int, value: Any) -> Any:
    table = golden("refactored")
    at = table.column_names.index(name)
    column = table.column(name).to_pylist()
    column[row] = value
    return table.set_column(at, name, pa.array(column, table.column(name).type))


LIST = "gate-_in+_hook_post_max"
ROW = golden("refactored").column(f"{LIST}_values")[40].as_py()
INDICES = golden("refactored").column(f"{LIST}_indices")[40].as_py()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (lambda: golden("plain").drop_columns([f"{LIST}_values"]), f'no column "{LIST}_values"'),
        (lambda: golden("plain").drop_columns(["neuron"]), 'no column "neuron"'),
        (lambda: replaced(f"{LIST}_values", 40, ROW[:15]), "a list of 15 entries; the first list"),
        (lambda: replaced(f"{LIST}_indices", 40, [*INDICES, 1]), "a list of 17 entries"),
        (lambda: replaced(f"{LIST}_indices", 40, [-5, *INDICES[1:]]), "-5; expected a row of the"),
        (lambda: replaced(f"{LIST}_indices", 40, [2**40, *INDICES[1:]]), "expected a row of the"),
        (lambda: replaced(f"{LIST}_values", 40, [float("nan"), *ROW[1:]]), "entry 0 is nan"),
        (lambda: replaced(f"{LIST}_values", 40, [float("inf"), *ROW[1:]]), "entry 0 is inf"),
        (lambda: replaced(f"{LIST}_values", 40, None), f'row 40: "{LIST}_values" is null'),
        (lambda: replaced("gate+_in+_freq", 40, 1.5), "1.5; expected a share"),
        (lambda: replaced("gate+_in+_freq", 40, None), 'row 40: "gate+_in+_freq" is null'),
        (lambda: replaced("gate-_in-_freq", 40, 0.0), '"gate-_in-_freq" is 0, but its'),
        (lambda: replaced("neuron", 40, 41), "layer 0 neuron 41 is there twice"),
        (lambda: replaced("neuron", 40, -1), '"neuron" is -1'),
        (lambda: replaced("layer", 40, 2**50), '"layer" is 1125899906842624'),
        (lambda: golden("plain").slice(0, 190), "layer 2 has 62"),
        (lambda: golden("plain").slice(3), "layer 0 has no neuron 0"),
        (lambda: golden("plain").slice(0, 0), "no rows"),
        (
            lambda: with_types(
                golden("plain"), lambda n, c: c.cast(pa.string()) if n == "layer" else c
            ),
            'column "layer": expected integers, found string',
        ),
        (
            lambda: with_types(
                golden("plain"), lambda n, c: c.flatten()[:192] if n == f"{LIST}_values" else c
            ),
            "expected lists of float or double, found float",
        ),
    ],
)
def test_damage(tmp_path: Path, table: Callable[[], Any], message: str) -> None:
    folder = write_set(tmp_path / "set", table())
    assert message in error_of(folder)


def test_truncated_files(tmp_path: Path) -> None:
    whole = (GOLDEN / "plain" / SHARD).read_bytes()
    folder = tmp_path / "set"
    folder.mkdir()
    for share in (0, 0.1, 0.5, 0.9, 0.999):
        (folder / "a.parquet").write_bytes(whole[: int(share * len(whole))])
        assert "a.parquet" in error_of(folder)


def test_missing_files(tmp_path: Path) -> None:
    table = golden("plain")
    folder = write_set(tmp_path / "set", table.slice(0, 64), table.slice(64, 64), table.slice(128))
    (folder / "README.md").write_text("---\n    num_examples: 192\n---\n")
    imported(folder)
    shutil.rmtree(folder.with_suffix(".acto"))
    last = folder / "data/train-00002-of-00003.parquet"
    last.rename(tmp_path / "kept.parquet")
    assert "one of 3 files by its name, but 2 are there" in error_of(folder)
    for i in range(2):
        (folder / f"data/train-{i:05}-of-00003.parquet").rename(folder / f"data/train-{i}.parquet")
    assert "128 rows, but README.md claims 192" in error_of(folder)
    (tmp_path / "none").mkdir()
    assert "no data set" in error_of(tmp_path / "none")


def test_texts_by_row(tmp_path: Path) -> None:
    """The golden rows are token ids; documents of text are joined the same way."""
    folder = write_set(tmp_path / "set", golden("refactored"))
    texts = tmp_path / "texts.jsonl"
    lines = [json.dumps({"text": f"This is row {i}.\n" + "x" * (i % 50)}) for i in range(320)]
    texts.write_text("\n".join(lines))
    recording = imported(folder, "--corpus", str(texts))
    command = [ACTOGRAM, "show", recording, "1.mlp/5", "--by-class", "--excerpts", "16"]
    shown = subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True)
    rows = golden("refactored").column("gate+_in+_hook_post_max_indices")[64 + 5].as_py()
    group = shown.stdout.split("gate+_in+: largest hook_post (16)\n")[1].split("\n\n")[0]
    found = [line.split(" row ")[1] for line in group.splitlines()[::2]]
    assert found == [f"{r}, texts.jsonl:{r + 1}, position unknown" for r in rows]
    assert [line.strip().split("↵")[0] for line in group.splitlines()[1::2]] == [
        f"This is row {r}." for r in rows
    ]
    shutil.rmtree(recording)
    texts.write_text("\n".join(lines[:300]))
    assert "but --corpus has 300 rows" in error_of(folder, "--corpus", str(texts))


def test_our_own_export_comes_back_whole(tmp_path: Path) -> None:
    """classes.arrow is the one that was exported, and the next export has the same bytes."""
    words = np.random.default_rng(1).integers(0, 900, (40, 30))
    texts = tmp_path / "texts.jsonl"
    texts.write_text("\n".join(json.dumps({"text": " ".join(map(str, w))}) for w in words))
    first, second, again = (tmp_path / name for name in ("a.acto", "b.acto", "c.acto"))
    run([ACTOGRAM, "record", "fake:3x150", texts, "-o", first, "--long-documents", "truncate"])
    run([ACTOGRAM, "export", first, tmp_path / "one"])
    run([ACTOGRAM, "import", tmp_path / "one", "-o", second, "--corpus", texts])
    run([ACTOGRAM, "check", second])
    assert (second / "classes.arrow").read_bytes() == (first / "classes.arrow").read_bytes()
    run([ACTOGRAM, "export", second, tmp_path / "two"])
    names = sorted(p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*.*"))
    assert len(names) == 4
    for path in names:
        assert (tmp_path / "two" / path).read_bytes() == (tmp_path / "one" / path).read_bytes()

    # Rows in another order, and a sidecar that is of other columns.
    shuffle = np.random.default_rng(2).permutation(450)
    for name in (f"data/{SHARD}", "actogram/places.parquet"):
        table = pq.read_table(tmp_path / "one" / name)
        pq.write_table(table.take(shuffle), tmp_path / "one" / name, row_group_size=50)
    run([ACTOGRAM, "import", tmp_path / "one", "-o", again])
    assert (again / "classes.arrow").read_bytes() == (first / "classes.arrow").read_bytes()
    sidecar = tmp_path / "one/actogram/places.parquet"
    places = pq.read_table(sidecar)
    changes: list[tuple[str, Callable[[Any], Any]]] = [
        ("gate+_in-_count", lambda counts: [counts[0] + 1, *counts[1:]]),
        ("gate-_in+_swish_max_positions", lambda lists: [lists[0][1:], *lists[1:]]),
        ("gate-_in+_hook_pre_max_positions", lambda lists: [[-1, *lists[0][1:]], *lists[1:]]),
    ]
    for name, change in changes:
        column = places.column(name)
        changed = pa.array(change(column.to_pylist()), column.type)
        at = places.column_names.index(name)
        pq.write_table(places.set_column(at, name, changed), sidecar)
        if column.to_pylist()[0]:
            assert f'row 0: "{name}" does not fit' in error_of(tmp_path / "one")
    layers = [5 if layer == 2 else layer for layer in places.column("layer").to_pylist()]
    layer_2_as_5 = pa.array(layers, pa.int64())
    pq.write_table(places.set_column(0, "layer", layer_2_as_5), sidecar)
    assert "are not of the neurons of the columns" in error_of(tmp_path / "one")
    pq.write_table(places, sidecar)
    table = pq.read_table(tmp_path / "one" / f"data/{SHARD}")
    at = table.column_names.index("gate+_in+_hook_pre_mean")
    means = np.roll(table.column(at).to_numpy(), 1)
    pq.write_table(
        table.set_column(at, table.column_names[at], pa.array(means)),
        tmp_path / "one" / f"data/{SHARD}",
    )
    assert '"gate+_in+_sums" does not fit the data set' in error_of(tmp_path / "one")


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a model with weights, which by default shows the signs of refactor_glu."""
    folder = tmp_path_factory.mktemp("weights")
    write_gguf(folder / "tiny.gguf")
    out = folder / "tiny.acto"
    ids = GOLDEN / "input_ids.parquet"
    options = ["--context", "64", "--long-documents", "truncate", "--refactor-glu"]
    run([ACTOGRAM, "record", folder / "tiny.gguf", ids, "-o", out, *options])
    return out


VIEWS = {False: "--no-refactor-glu", True: "--refactor-glu"}


def printed(*command: Any) -> str:
    done = subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True)
    return done.stdout


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("refactored", VIEWS)
def test_weights_and_signs_come_back(tmp_path: Path, recording: Path, refactored: bool) -> None:
    """Whichever signs the export has, the tables are the model's, and both views are there."""
    exports = {}
    for view, flag in VIEWS.items():
        run([ACTOGRAM, "export", recording, tmp_path / f"export{view}", flag])
        exports[view] = files_of(tmp_path / f"export{view}")
    assert exports[True] != exports[False]
    again = imported(tmp_path / f"export{refactored}")
    for table in ("classes.arrow", "weights.arrow"):
        assert (again / table).read_bytes() == (recording / table).read_bytes()
    manifest = json.loads((again / "manifest.json").read_text())
    assert manifest["refactor_glu"] is refactored
    turned = json.loads(printed(ACTOGRAM, "classes", again, "--json"))
    assert turned == json.loads(printed(ACTOGRAM, "classes", recording, "--json"))
    for unit in ("0.mlp/3", "2.mlp/63"):
        pages = []
        for view, flag in VIEWS.items():
            expected = json.loads(printed(ACTOGRAM, "show", recording, unit, "--json", flag))
            pages.append(json.loads(printed(ACTOGRAM, "show", again, unit, "--json", flag)))
            assert pages[-1].items() <= expected.items()
            assert pages[-1]["refactor_glu"] is view
            assert pages[-1]["weights"]["norm_in"] > 0
        unasked = json.loads(printed(ACTOGRAM, "show", again, unit, "--json"))
        assert unasked == pages[refactored]
    run([ACTOGRAM, "export", again, tmp_path / "unasked"])
    assert files_of(tmp_path / "unasked") == exports[refactored]
    for view, flag in VIEWS.items():
        run([ACTOGRAM, "export", again, tmp_path / f"again{view}", flag])
        assert files_of(tmp_path / f"again{view}") == exports[view]


def test_a_published_set_has_the_signs_it_was_published_with(
    tmp_path: Path, recording: Path
) -> None:
    """Without our sidecar: what the card says is kept, and no other view can be had."""
    run([ACTOGRAM, "export", recording, tmp_path / "set", "--refactor-glu"])
    shutil.rmtree(tmp_path / "set/actogram")
    theirs = imported(tmp_path / "set")
    manifest = json.loads((theirs / "manifest.json").read_text())
    assert manifest["refactor_glu"] is False
    assert manifest["provenance"]["imported"]["card"]["refactor_glu"] == "true"
    for verb in (["show", theirs, "0.mlp/3", "--by-class"], ["export", theirs, tmp_path / "no"]):
        for flag in VIEWS.values():
            command = [str(c) for c in (ACTOGRAM, *verb, flag)]
            done = subprocess.run(command, capture_output=True, text=True)
            assert done.returncode == 1
            assert "the signs of refactor_glu are those of the model's weights" in done.stderr
    found = json.loads(printed(ACTOGRAM, "classes", theirs, "--json"))
    columns = pq.read_table(tmp_path / "set/data" / SHARD)
    shares = [columns.column(f"gate+_in{s}_freq").to_numpy().astype(np.float64) for s in "+-"]
    frequencies = np.array([row["frequency"] for row in found["neurons"]])
    np.testing.assert_array_equal(frequencies, shares[0] + shares[1])
    assert (found["n_tokens"], found["has_weights"], found["has_sign_classes"]) == (
        None, False, True,
    )  # fmt: skip
    assert {row["mean_output_norm"] for row in found["neurons"]} == {None}
    run([ACTOGRAM, "export", theirs, tmp_path / "second"])
    assert "* `refactor_glu`: true\n" in (tmp_path / "second/README.md").read_text()
    second = imported(tmp_path / "second")
    imported_from = json.loads((second / "manifest.json").read_text())["provenance"]["imported"]
    assert imported_from["manifest"]["provenance"] == manifest["provenance"]
    assert imported_from["card"]["refactor_glu"] == "true"


def test_damaged_weights(tmp_path: Path, recording: Path) -> None:
    folder = tmp_path / "set"
    run([ACTOGRAM, "export", recording, folder])
    sidecar = folder / "actogram/places.parquet"
    places = pq.read_table(sidecar)
    at = places.column_names.index("refactor_glu_sign")
    for sign in (0, 2, -(2**40)):
        signs = pa.array([sign, *places.column(at).to_pylist()[1:]])
        pq.write_table(places.set_column(at, "refactor_glu_sign", signs), sidecar)
        assert 'row 0: "refactor_glu_sign" does not fit' in error_of(folder)
    pq.write_table(places.drop_columns(["norm_in"]), sidecar)
    assert 'no column "norm_in"' in error_of(folder)
    pq.write_table(places, sidecar)
    path = folder / "actogram/manifest.json"
    manifest = json.loads(path.read_text())
    del manifest["files"]["weights.arrow"]
    path.write_text(json.dumps(manifest))
    assert "lists no weights.arrow" in error_of(folder)
    (folder / "actogram/manifest.json").write_text("{")
    assert "manifest.json" in error_of(folder)


# In a process of its own: `datasets` looks at its environment once.
LOAD = """
import json, sys, datasets, pyarrow.parquet
if sys.argv[1] == "files":
    data = datasets.load_dataset("parquet", data_dir=sys.argv[2] + "/data", split="train")
else:
    data = datasets.load_dataset(sys.argv[2], split="train")
pyarrow.parquet.write_table(data.with_format("arrow")[:], sys.argv[3])
print(json.dumps(list(data.features.to_dict().items())))
"""


@pytest.mark.parametrize("how", ["files", "card"])
def test_hugging_face_datasets_reads_it(tmp_path: Path, recording: Path, how: str) -> None:
    """As the card says: names, order and types of 50 columns, and every value."""
    folder, loaded = tmp_path / "set", tmp_path / "loaded.parquet"
    run([ACTOGRAM, "export", recording, folder])
    home = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path), "HF_DATASETS_CACHE": str(tmp_path)}
    command = [sys.executable, "-c", LOAD, how, str(folder), str(loaded)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **home}
    )
    assert done.returncode == 0, done.stderr
    header = (folder / "README.md").read_text().split("  splits:")[0]
    expected = []
    for name, kind, number in re.findall(r"  - name: (.*)\n    (dtype|list): (.*)\n", header):
        value = {"dtype": number, "_type": "Value"}
        listed = {"feature": value, "_type": "List"}
        expected.append([name, value if kind == "dtype" else listed])
    assert len(expected) == 50
    assert json.loads(done.stdout) == expected
    found, written = pq.read_table(loaded), pq.read_table(folder / "data" / SHARD)
    assert found.column_names == written.column_names
    assert found.schema.types == written.schema.types
    for name in written.column_names:
        np.testing.assert_array_equal(
            np.array(found.column(name).to_pylist()), np.array(written.column(name).to_pylist())
        )
