"""The tables of events against NumPy, read with pyarrow alone (docs/format.md).

`events_bench` imports two data sets: one that Hugging Face datasets wrote (tests/golden), and
random rows in no order over several files, layers and types; these also with memory for a few
thousand events, so that they are spilled and merged. Every event must be in both orders with the
same float32, and look-ups must be those that NumPy makes of the rows.
"""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from oracle.sites import ROOT, Array, program

GOLDEN = Path(__file__).resolve().parents[1] / "golden/sae-parquet-4subset/feature-activations"
TOKENS_PER_BATCH = 1 << 14
SCHEMA = pa.schema(
    {
        "layer_id": pa.int32(),
        "feature_id": pa.int32(),
        "activation_value": pa.float32(),
        "prompt_id": pa.string(),
        "token_position": pa.int32(),
    }
)


@dataclass(frozen=True)
class Imported:
    folder: Path
    rows: pa.Table  # of all files, in their order
    partners_of: int
    unit: Array  # [row] as the importer numbers them: layer after layer
    token: Array  # [row] prompt after prompt, in the order in which the files name them

    def table(self, name: str) -> pa.Table:
        with pa.memory_map(str(self.folder / name)) as file:
            return pa.ipc.open_file(file).read_all()


def numbered(rows: pa.Table) -> tuple[Array, Array]:
    layer, feature = rows["layer_id"].to_numpy(), rows["feature_id"].to_numpy().astype(np.int64)
    first_unit, n_units = {}, 0
    for each in np.unique(layer):
        first_unit[each] = n_units
        n_units += int(feature[layer == each].max()) + 1
    unit = feature + np.array([first_unit[each] for each in layer])
    prompt = rows["prompt_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    position = rows["token_position"].to_numpy().astype(np.int64)
    n_tokens = np.zeros(prompt.max() + 1, np.int64)
    np.maximum.at(n_tokens, prompt, position + 1)
    return unit, (np.cumsum(n_tokens) - n_tokens)[prompt] + position


def imported(paths: list[Path], folder: Path, partners_of: int, *options: str) -> Imported:
    command = [program().with_name("events_bench"), *paths, "--folder", folder, *options]
    command += ["--partners-of", partners_of]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    files = [file for path in paths for file in (sorted(path.glob("*.parquet")) or [path])]
    rows = pa.concat_tables(
        [pq.ParquetFile(file).read().replace_schema_metadata().cast(SCHEMA) for file in files]
    )
    return Imported(folder, rows, partners_of, *numbered(rows))


def random_files(folder: Path) -> list[Path]:
    """Three layers, and three files of other types; one feature fires everywhere."""
    random = np.random.default_rng(7)
    where = random.choice(60 * 40 * 900, 40_000, replace=False)
    feature, place = where % 900, where // 900
    everywhere = np.arange(60 * 40)
    keep = (feature >= 300) | (feature % 300 != 3)
    feature = np.concatenate([feature[keep], np.full(len(everywhere), 3)])
    place = np.concatenate([place[keep], everywhere])
    order = random.permutation(len(feature))
    feature, place = feature[order], place[order]
    names = np.array([random.bytes(8).hex() for _ in range(60)])
    table = pa.table(
        {
            "layer_id": (20 - feature // 300 * 7).astype(np.int32),
            "feature_id": (feature % 300).astype(np.int32),
            "activation_value": random.standard_normal(len(feature)).astype(np.float32),
            "prompt_id": names[place // 40],
            "token_position": (place % 40).astype(np.int32),
        }
    )
    files = [folder / "a.parquet", folder / "b.parquet", folder / "c.parquet"]
    names_as = [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())]
    options: list[dict[str, Any]] = [
        {},
        {"use_dictionary": False, "compression": "zstd"},
        {"compression": "none"},
    ]
    for i, file in enumerate(files):
        part = table.slice(13_000 * i, None if i == 2 else 13_000)
        part = part.set_column(3, "prompt_id", part["prompt_id"].cast(names_as[i]))
        pq.write_table(part, file, row_group_size=3000 * (i + 1), **options[i])
    return files


@pytest.fixture(scope="module", params=["golden", "random", "spilled"])
def events(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Imported:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "golden":
        return imported([GOLDEN], folder / "out", 5)
    memory = ["--memory-bytes", "100000"] if request.param == "spilled" else []
    return imported(random_files(folder), folder / "out", 3, "--threads", "3", *memory)


def test_by_unit(events: Imported) -> None:
    order = np.lexsort((events.token, events.unit))
    table = events.table("unit_events.arrow")
    np.testing.assert_array_equal(table["token"], events.token[order])
    value = events.rows["activation_value"].to_numpy()
    np.testing.assert_array_equal(table["value"].to_numpy().view("u4"), value[order].view("u4"))


def test_spans_of_units(events: Imported) -> None:
    spans = events.table("unit_spans.arrow")
    counts = np.bincount(events.unit)
    np.testing.assert_array_equal(spans["n_events"], counts)
    np.testing.assert_array_equal(spans["first_event"], np.cumsum(counts) - counts)
    value = events.rows["activation_value"].to_numpy().astype(np.float64)
    np.testing.assert_allclose(spans["sum"], np.bincount(events.unit, value), atol=1e-9)
    squares = np.bincount(events.unit, value**2)
    np.testing.assert_allclose(spans["sum_of_squares"], squares, rtol=1e-12)


def test_by_token(events: Imported) -> None:
    order = np.lexsort((events.unit, events.token))
    with pa.memory_map(str(events.folder / "token_events.arrow")) as file:
        reader = pa.ipc.open_file(file)
        batches = [reader.get_batch(i) for i in range(reader.num_record_batches)]
    table = pa.Table.from_batches(batches)
    unit = table["unit"].to_numpy() + 65536 * table["unit_high"].to_numpy().astype(np.int64)
    np.testing.assert_array_equal(unit, events.unit[order])
    value = events.rows["activation_value"].to_numpy()
    np.testing.assert_array_equal(table["value"].to_numpy().view("u4"), value[order].view("u4"))

    first = events.table("token_spans.arrow")["first_event"].to_numpy().astype(np.int64)
    before = np.cumsum([0] + [len(batch) for batch in batches])
    counts = np.bincount(events.token)
    in_file = first + before[np.arange(len(first)) // TOKENS_PER_BATCH]
    np.testing.assert_array_equal(in_file, np.cumsum(counts) - counts)


def test_top_of_every_unit(events: Imported) -> None:
    value = events.rows["activation_value"].to_numpy()
    order = np.lexsort((events.token, -value, events.unit))
    unit = events.unit[order]
    rank = np.arange(len(unit)) - np.searchsorted(unit, unit)
    kept = order[rank < 10]
    found = events.table("answers/top.arrow")
    np.testing.assert_array_equal(found["feature"], events.unit[kept])
    np.testing.assert_array_equal(found["value"], value[kept])
    np.testing.assert_array_equal(found["position"], events.rows["token_position"].to_numpy()[kept])


def test_partners(events: Imported) -> None:
    dense = np.zeros((events.unit.max() + 1, events.token.max() + 1))
    dense[events.unit, events.token] = events.rows["activation_value"].to_numpy()
    me = events.partners_of
    fires = dense != 0
    together = (fires & fires[me]).sum(axis=1)
    others = np.flatnonzero((together > 0) & (np.arange(len(dense)) != me))
    found = events.table("answers/partners.arrow").sort_by("feature")
    np.testing.assert_array_equal(found["feature"], others)
    np.testing.assert_array_equal(found["n_together"], together[others])
    either = (fires | fires[me]).sum(axis=1)
    np.testing.assert_allclose(found["jaccard"], (together / either)[others], rtol=1e-14)
    correlation = [np.corrcoef(dense[me], dense[other])[0, 1] for other in others]
    np.testing.assert_allclose(found["correlation"], correlation, rtol=0, atol=1e-12)


def test_the_documented_reader(events: Imported) -> None:
    """Both examples of docs/format.md, as they stand there."""
    text = (ROOT / "docs/format.md").read_text()
    first, second = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, Any] = {}
    exec(first.split("units =")[0].replace("smollm2.acto", str(events.folder)), names)
    exec(second.replace("smollm2.acto", str(events.folder)), names)
    value = events.rows["activation_value"].to_numpy()
    unit = events.unit[len(events.unit) // 2]
    mine = np.flatnonzero(events.unit == unit)
    mine = mine[np.argsort(events.token[mine])]
    found = names["events_of_unit"](int(unit))
    np.testing.assert_array_equal(found["token"], events.token[mine])
    np.testing.assert_array_equal(found["value"], value[mine])
    for token in {0, int(events.token[0]), int(events.token.max())}:
        mine = np.flatnonzero(events.token == token)
        mine = mine[np.argsort(events.unit[mine])]
        units, values = names["units_of_token"](token)
        np.testing.assert_array_equal(units, events.unit[mine])
        np.testing.assert_array_equal(values, value[mine])
