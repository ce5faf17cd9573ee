"""Reads a recording with pyarrow and json alone, as docs/format.md says: no code of actogram's."""

import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from oracle.recordings import Corpus, record
from oracle.sites import ROOT

N_LAYERS, N_UNITS = 2, 150  # three record batches, the last of them not full
CORPUS = Corpus.of(30, longest=200, seed=4)
OPTIONS = ["--context", "40", "--window", "12", "--top", "3"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(f"fake:{N_LAYERS}x{N_UNITS}", CORPUS, tmp_path_factory.mktemp("fake"), OPTIONS)


def table(folder: Path, file: str) -> Any:
    return pa.ipc.open_file(pa.memory_map(f"{folder}/{file}")).read_all()


def manifest(folder: Path) -> dict[str, Any]:
    found = json.loads((folder / "manifest.json").read_text())
    assert isinstance(found, dict)
    return found


def documented_columns() -> dict[str, dict[str, str]]:
    """File -> column -> type, from the tables of docs/format.md."""
    text = (ROOT / "docs/format.md").read_text()
    found = {}
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        name = section.split("\n", 1)[0]
        found[name] = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", section, re.MULTILINE))
    return found


TYPES = {
    "u16": pa.types.is_uint16,
    "u32": pa.types.is_uint32,
    "u64": pa.types.is_uint64,
    "i32": pa.types.is_int32,
    "f32": pa.types.is_float32,
    "f64": pa.types.is_float64,
    "utf8": lambda t: pa.types.is_string(t) or pa.types.is_large_string(t),
    "bytes": lambda t: pa.types.is_binary(t) or pa.types.is_large_binary(t),
    "fixed_bytes": pa.types.is_fixed_size_binary,
}


def is_of(found: pa.DataType, documented: str) -> bool:
    if documented.startswith("list_"):
        is_list = pa.types.is_list(found) or pa.types.is_large_list(found)
        return is_list and is_of(found.value_type, documented.removeprefix("list_"))
    return bool(TYPES[documented](found))


def test_the_documented_reader(folder: Path) -> None:
    """The first example itself, but for pandas, which not everybody has."""
    text = (ROOT / "docs/format.md").read_text()
    example = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    code = example[0].replace("smollm2.acto", str(folder)).replace(".to_pandas()", "")
    assert str(folder) in code
    names: dict[str, Any] = {}
    exec(code, names)
    assert names["units"].num_rows == N_LAYERS * N_UNITS


def test_manifest(folder: Path) -> None:
    found = manifest(folder)
    assert set(found) >= {"format", "version", "model", "corpus", "options", "collate", "sites"}
    assert {"files", "provenance"} <= set(found)
    assert set(found["files"]) == {path.name for path in folder.iterdir()} - {"manifest.json"}
    for file, facts in found["files"].items():
        assert facts["rows"] == table(folder, file).num_rows
        assert facts["bytes"] == (folder / file).stat().st_size
        assert re.fullmatch("[0-9a-f]{32}", facts["xxh3_128"])
    sites = [(site["name"], site["n_units"]) for site in found["sites"]]
    assert sites == [(f"blocks.{i}.mlp.hook_post", N_UNITS) for i in range(N_LAYERS)]


# Tables that the fake model's neurons have not, and the tests that read them.
ELSEWHERE = {
    "class_shares.arrow": "test_gluscope_import.py",
    "weights.arrow": "test_weights.py",
    "samples.arrow": "test_samples.py",
    "sample_places.arrow": "test_samples.py",
    "heads.arrow": "test_head_recording.py",
    "head_peaks.arrow": "test_head_recording.py",
    "attributions.arrow": "test_attribution.py",
    "published_records.arrow": "test_tdb.py",
    "published_values.arrow": "test_tdb.py",
    "scored_explanations.arrow": "test_tdb.py",
    "unit_events.arrow": "test_events.py",
    "unit_spans.arrow": "test_events.py",
    "token_events.arrow": "test_events.py",
    "token_spans.arrow": "test_events.py",
    "sampled_tokens.arrow": "test_sae_tables.py",
    "unknown_tokens.arrow": "src/record/record_test.cc",
    "prompts.arrow": "test_sae_tables.py",
    "sampled_positions.arrow": "test_sae_tables.py",
    "explanation_inputs.arrow": "test_sae_tables.py",
    "explanations.arrow": "test_sae_tables.py",
}


def test_columns(folder: Path) -> None:
    documented = {file: types for file, types in documented_columns().items() if types}
    for file in ELSEWHERE:
        assert documented.pop(file)
    assert set(documented) == set(manifest(folder)["files"])
    for file, types in documented.items():
        schema = table(folder, file).schema
        assert schema.names == list(types)
        for field in schema:
            assert is_of(field.type, types[field.name]), f"{file}: {field}"
            assert not field.nullable


def test_buffers_are_aligned_and_mapped(folder: Path) -> None:
    """Nothing is copied or decompressed: values lie in the file, where a CPU can read them."""
    for file in manifest(folder)["files"]:
        mapped = pa.memory_map(f"{folder}/{file}")
        before = pa.total_allocated_bytes()
        whole = pa.ipc.open_file(mapped).read_all()
        assert pa.total_allocated_bytes() == before
        for column in whole.columns:
            for chunk in column.chunks:
                assert all(b.address % 8 == 0 for b in chunk.buffers() if b is not None)


def test_batches_have_64_units(folder: Path) -> None:
    n_units = N_LAYERS * N_UNITS
    units = table(folder, "units.arrow")
    for file in ("units.arrow", "histograms.arrow"):
        reader = pa.ipc.open_file(pa.memory_map(f"{folder}/{file}"))
        sizes = [reader.get_batch(i).num_rows for i in range(reader.num_record_batches)]
        assert sizes == [min(64, n_units - first) for first in range(0, n_units, 64)]
    peaks = pa.ipc.open_file(pa.memory_map(f"{folder}/peaks.arrow"))
    n_peaks = units.column("n_peaks").to_pylist()
    sizes = [peaks.get_batch(i).num_rows for i in range(peaks.num_record_batches)]
    assert sizes == [sum(n_peaks[first : first + 64]) for first in range(0, n_units, 64)]


def test_a_unit_with_its_top_exemplars(folder: Path) -> None:
    """From unit to peak to sequence to tokens to text, as a notebook would."""
    units, peaks = table(folder, "units.arrow"), table(folder, "peaks.arrow")
    sequences, tokens = table(folder, "sequences.arrow"), table(folder, "tokens.arrow")
    texts = table(folder, "documents.arrow").column("text").to_pylist()
    for row in range(0, units.num_rows, 37):
        unit = units.slice(row, 1).to_pylist()[0]
        assert (unit["site"], unit["unit"]) == (
            f"blocks.{row // N_UNITS}.mlp.hook_post",
            row % N_UNITS,
        )
        own = peaks.slice(unit["first_peak"], unit["n_peaks"]).to_pylist()
        top = [peak for peak in own if peak["groups"] & 1]
        assert len(top) == 3
        assert top[0]["value"] == unit["max"]
        assert top[0]["sequence"] == unit["max_sequence"]
        for peak in top:
            assert max(peak["window"]) == peak["value"]
            assert peak["window"][peak["position"] - peak["window_begin"]] == peak["value"]
            sequence = sequences.slice(peak["sequence"], 1).to_pylist()[0]
            assert len(peak["window"]) == min(12, sequence["n_tokens"])
            begin = sequence["first_token"] + peak["window_begin"]
            window = tokens.slice(begin, len(peak["window"])).to_pylist()
            text = texts[sequence["document_row"]]
            pieces = [text[token["begin"] : token["end"]] for token in window]
            assert b"".join(pieces) == text[window[0]["begin"] : window[-1]["end"]]
            assert text in [document for _, _, document in CORPUS.documents()]
