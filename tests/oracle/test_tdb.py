"""Collated activations of the Transformer Debugger: what its own classes wrote goes in, and what
comes out is read by its own rules (tdb_dataclasses.py), independently of ours."""

import gzip
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracle.recordings import run
from oracle.sites import ROOT, program
from oracle.slow_twin import read_table
from oracle.tdb_dataclasses import ActivationRecord, NeuronRecord, load, loads

GOLDEN = ROOT / "tests/golden/tdb-neuron-records"
EXPECTED = json.loads((GOLDEN / "expected.json").read_text())["files"]
RECORDS = [n for n, f in EXPECTED.items() if f["type"] == "NeuronRecord" and f["kind"] == "scalar"]
EXPLANATIONS = [n for n, f in EXPECTED.items() if f["type"] == "NeuronSimulationResults"]
ACTOGRAM = program().with_name("actogram")


def imported(source: Path, *options: str | Path, out: Path | None = None) -> Path:
    out = out or source.parent / "imported.acto"
    run([ACTOGRAM, "import", source, "-o", out, "--format", "tdb", *options])
    run([ACTOGRAM, "check", out])
    return out


def exported(recording: Path, *options: str) -> Path:
    out = recording.with_suffix(".tdb")
    shutil.rmtree(out, ignore_errors=True)
    run([ACTOGRAM, "export", recording, out, "--format", "tdb", *options])
    return out


def error_of(source: Path, *options: str | Path, most_bytes: int | None = None) -> str:
    """Within so much memory of its own, where that is said."""
    out = source.parent / "bad.acto"
    command = [ACTOGRAM, "import", source, "-o", out, "--format", "tdb", *options]

    def limit() -> None:
        if most_bytes is not None:
            resource.setrlimit(resource.RLIMIT_DATA, (most_bytes, most_bytes))

    done = subprocess.run(
        [str(c) for c in command], capture_output=True, text=True, check=False, preexec_fn=limit
    )
    assert done.returncode == 1, done.stdout
    assert not out.exists()
    assert not Path(f"{out}.partial").exists()
    return done.stderr


def shown(recording: Path, unit: str) -> Any:
    command = [str(ACTOGRAM), "show", str(recording), unit, "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def in_order(record: NeuronRecord) -> NeuronRecord:
    """Top records are not always sorted; ours are."""
    record.most_positive_activation_records.sort(key=lambda r: -max(r.activations))
    return record


def same_numbers(a: Any, b: Any) -> bool:
    """Equal, -0.0 and 0.0 told apart."""
    return json.dumps(a) == json.dumps(b)


def assert_equal(found: NeuronRecord, expected: NeuronRecord) -> None:
    assert found == expected
    for name in ("most_positive_activation_records", "random_sample"):
        for a, b in zip(getattr(found, name), getattr(expected, name), strict=True):
            assert same_numbers(
                [float(v) for v in a.activations], [float(v) for v in b.activations]
            )


@pytest.mark.parametrize("name", RECORDS)
def test_a_golden_record_comes_back(tmp_path: Path, name: str) -> None:
    """As their own classes read it; numbers, tokens and order of lists."""
    facts = EXPECTED[name]
    layer, index = facts["layer_index"], facts["neuron_index"]
    out = exported(imported(GOLDEN / name, out=tmp_path / "one.acto"))
    path = out / f"mlp_post_act/collated-activations/{layer}/{index}.json"
    assert [p.relative_to(out) for p in out.rglob("*.json")] == [path.relative_to(out)]
    found = load(path)
    assert_equal(found, in_order(load(GOLDEN / name)))
    # And as expected.json has what they found in it.
    check_facts(found, facts)


def check_facts(found: NeuronRecord, facts: Any) -> None:
    lists = {"top": found.most_positive_activation_records, "random": found.random_sample}
    for key, records in lists.items():
        expected = facts[key]
        order = list(range(expected["n"]))
        if key == "top":
            order = sorted(order, key=lambda i: -expected["max"][i])
        assert len(records) == expected["n"]
        for record, i in zip(records, order, strict=True):
            assert len(record.tokens) == expected["n_tokens"][i]
            assert np.float32(max(record.activations)) == np.float32(expected["max"][i])
            crc = zlib.crc32("\0".join(record.tokens).encode())
            assert crc == expected["tokens_crc32"][i]
    assert found.quantile_boundaries == facts["quantile_boundaries"] or facts["note"].startswith(
        "float32"
    )
    for moment, value in facts["moments"].items():
        assert getattr(found, moment) == value
    assert np.float32(found.max_activation) == np.float32(facts["max_activation"])
    splits = found.splits(5)
    place = {id(r): ["top", i] for i, r in enumerate(lists["top"])}
    place |= {id(r): ["random", i] for i, r in enumerate(lists["random"])}
    for split, chosen in facts["splits_n5"].items():
        assert [place[id(r)] for r in splits[split]] == chosen


PAIRS = [n for n, f in EXPECTED.items() if f["type"] == "NeuronRecord" and f["kind"] == "pair"]


@pytest.mark.parametrize("name", PAIRS)
def test_a_golden_record_of_pairs_comes_back(tmp_path: Path, name: str) -> None:
    """Square and rectangular triangles; the first folder's name says what it is."""
    facts = EXPECTED[name]
    index = facts["neuron_index"]
    known = name.startswith("attn_write_norm/")
    options = [] if known else ["--site", "attn.hook_pattern"]
    recording = imported(GOLDEN / name, *options, out=tmp_path / "one.acto")
    out = exported(recording)
    (path,) = out.rglob("*.json")
    folder = "attn_write_norm/collated-activations-by-token-pair"
    assert path == out / folder / "5" / f"{index}.json"
    found = load(path)
    assert_equal(found, in_order(load(GOLDEN / name)))
    for record, pairs in zip(found.most_positive_activation_records, facts["pairs"], strict=False):
        assert len(record.tokens) == pairs["n"]
        for flat, query, key, value in pairs["probes"]:
            assert record.activations[flat] == value
            assert flat == sum(min(i + 1, pairs["K"]) for i in range(query)) + key
    page = shown(recording, f"5.attn/{index}")
    assert page["groups"][0]["exemplars"][0]["value"] == pytest.approx(facts["top"]["max"][0])


def test_heads(tmp_path: Path) -> None:
    """The values of all pairs of a window, finite, the highest first."""
    lengths = (5, 9, 12)
    records = {
        f"3/{h}": made_of_pairs(3, h, [random.Random(h).choice(lengths) for _ in range(25)])
        for h in range(3)
    }
    dataset = "attn_write_norm/collated-activations-by-token-pair"
    folder = tree(tmp_path / "set", records, dataset)
    out = exported(imported(folder))
    for unit, record in records.items():
        assert_equal(load(out / dataset / f"{unit}.json"), in_order(loads(json.dumps(record))))
    bad = made_of_pairs(3, 1, [5])
    bad["random_sample"] = [{"tokens": list("abcde"), "activations": [1.0] * 13}]
    error = error_of(tree(tmp_path / "bad", {"3/1": bad}, dataset))
    assert "random_sample, record 0: 13 values for 5 tokens are no triangle of pairs" in error


def test_pairs_of_an_unknown_data_set_ask_for_their_site(tmp_path: Path) -> None:
    """Nothing in a record says that its values are of pairs; the path does, or --site."""
    folder = tree(tmp_path / "set", {"3/1": made_of_pairs(3, 1, [5, 9, 12] * 7)}, "some/heads")
    error = error_of(folder)
    assert "15 values for 5 tokens; expected 5; if they are of pairs" in error
    assert "--site attn.hook_pattern" in error
    recording = imported(folder, "--site", "attn.hook_pattern")
    assert json.loads((recording / "manifest.json").read_text())["sites"] == [
        {"name": "blocks.3.attn.hook_pattern", "layer": 3, "n_units": 2}
    ]
    # Six values for five tokens are neither.
    wrong = [{"tokens": list("abcde"), "activations": [1.0] * 6}]
    bad = made(3, 1, 1, random_sample=wrong)
    error = error_of(tree(tmp_path / "bad", {"3/1": bad}, "some/heads"))
    assert "6 values for 5 tokens; expected 5" in error
    assert "--site" not in error


def test_a_stopped_import_of_pairs_begins_again(tmp_path: Path) -> None:
    """Killed on the way; the same command makes what one run makes, with nothing left behind."""
    dataset = "attn_write_norm/collated-activations-by-token-pair"
    records = {f"{n}/{h}": made_of_pairs(n, h, [24] * 40) for n in range(6) for h in range(12)}
    folder = tree(tmp_path / "set", records, dataset)
    whole = imported(folder, out=tmp_path / "whole.acto")
    out = tmp_path / "stopped.acto"
    command = [ACTOGRAM, "import", folder, "-o", out, "--format", "tdb"]
    process = subprocess.Popen([str(c) for c in command], stderr=subprocess.DEVNULL)
    peaks = Path(f"{out}.partial") / "head_peaks.arrow"
    while process.poll() is None and not peaks.exists():
        time.sleep(0.0005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not out.exists(), "it was too quick to be stopped: more records"
    run(command)
    assert sorted(os.listdir(whole)) == sorted(os.listdir(out))
    for table in sorted(whole.glob("*.arrow")):
        assert table.read_bytes() == (out / table.name).read_bytes(), table.name
    assert not Path(f"{out}.partial").exists()


def made_of_pairs(layer: int, index: int, lengths: list[int]) -> dict[str, Any]:
    rng = random.Random(index)
    excerpts = [
        excerpt(
            [round(rng.random(), 4) for _ in range(n * (n + 1) // 2)], [f" {i}" for i in range(n)]
        )
        for n in lengths
    ]
    record = made(layer, index, index)
    return {
        **record,
        "random_sample": excerpts[:3],
        "random_sample_by_quantile": None,
        "quantile_boundaries": None,
        "most_positive_activation_records": excerpts,
    }


def tree(folder: Path, records: dict[str, Any], dataset: str = "collated-activations") -> Path:
    """A data set of these records, by LAYER/INDEX."""
    for unit, record in records.items():
        path = folder / dataset / f"{unit}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(record if isinstance(record, str) else json.dumps(record))
    return folder


def excerpt(values: list[Any], tokens: list[str] | None = None) -> dict[str, Any]:
    return {"tokens": tokens or [f" t{i}" for i in range(len(values))], "activations": values}


def made(layer: int, index: int, seed: int, **more: Any) -> dict[str, Any]:
    """A record of excerpts out of a small pool, so that units share some."""
    rng = random.Random(seed)
    words = [" the", " a", "ing", "\n", "é", "日本", "\ufffd", "", " 😀", '"', "\\"]

    def one() -> dict[str, Any]:
        pool = random.Random(rng.randrange(40))
        tokens = [pool.choice(words) for _ in range(pool.randrange(1, 40))]
        return excerpt([round(rng.gauss(0, 1), 4) for _ in tokens], tokens)

    return {
        "neuron_id": {"layer_index": layer, "neuron_index": index},
        "random_sample": [one() for _ in range(16)],
        "random_sample_by_quantile": [[one() for _ in range(3)] for _ in range(5)],
        "quantile_boundaries": [None, 0.1, 0.2, 0.3, 0.4, None],
        "mean": rng.random(),
        "variance": rng.random(),
        "skewness": None,
        "kurtosis": rng.random(),
        "most_positive_activation_records": [one() for _ in range(21)],
        **more,
    }


def test_a_tree_of_records(tmp_path: Path) -> None:
    """Layers and units with gaps, some compressed, some called .pt, one without an ending line."""
    records = {
        f"{layer}/{i}": made(layer, i, layer * 100 + i) for layer in (1, 3) for i in (0, 2, 5)
    }
    folder = tree(tmp_path / "set", records, "data/collated-activations")
    path = folder / "data/collated-activations/1/2.json"
    Path(f"{path}.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    path = folder / "data/collated-activations/3/5.json"
    path.rename(path.with_suffix(".pt"))
    recording = imported(folder)
    out = exported(recording)
    found = sorted(out.rglob("*.json"))
    assert len(found) == len(records)
    for unit, record in records.items():
        back = load(out / f"mlp_post_act/collated-activations/{unit}.json")
        assert_equal(back, in_order(loads(json.dumps(record))))
    # The published data set is known by its path: how many neurons it has, and of which model.
    manifest = json.loads((recording / "manifest.json").read_text())
    assert manifest["model"] == {"name": "gpt2-xl"}
    assert [s["n_units"] for s in manifest["sites"]] == [6400, 6400]
    assert [s["name"] for s in manifest["sites"]] == [f"blocks.{n}.mlp.hook_post" for n in (1, 3)]
    assert manifest["holds"] == "records"
    # An excerpt is kept once, whoever has it.
    distinct = {
        tuple(e["tokens"])
        for r in records.values()
        for e in [
            *r["random_sample"],
            *r["most_positive_activation_records"],
            *[e for b in r["random_sample_by_quantile"] for e in b],
        ]
    }
    assert manifest["corpus"]["n_sequences"] == len(distinct)
    assert (read_table(recording / "tokens.arrow")["id"].to_numpy() == -1).all()
    again = imported(out, out=tmp_path / "again.acto")
    for table in ("peaks", "documents", "sequences", "tokens"):
        assert read_table(recording / f"{table}.arrow") == read_table(again / f"{table}.arrow")


def test_lines(tmp_path: Path) -> None:
    """Many records in a file, in any order, compressed or not, are what a tree of them is."""
    units = [(0, 3), (2, 1), (0, 0), (1, 7)]
    records = {f"{layer}/{i}": made(layer, i, 7 * layer + i) for layer, i in units}
    whole = imported(tree(tmp_path / "tree", records), out=tmp_path / "tree.acto")
    lines = "\n\n".join(json.dumps(records[f"{layer}/{i}"]) for layer, i in units)
    (tmp_path / "some.jsonl").write_text(f"\ufeff{lines}\r\n")
    (tmp_path / "some.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    for name in ("some.jsonl", "some.jsonl.gz"):
        found = imported(tmp_path / name, out=tmp_path / f"{name}.acto")
        for table in ("units", "peaks", "documents", "sequences", "tokens", "published_records"):
            file = f"{table}.arrow"
            assert (whole / file).read_bytes() == (found / file).read_bytes(), table


def test_what_is_shown(tmp_path: Path) -> None:
    """Moments and excerpts as published; what is not published is null."""
    record = made(2, 1, 5)
    recording = imported(tree(tmp_path / "set", {"2/1": record}))
    page = shown(recording, "2.mlp/1")
    assert page["summary"]["mean"] == record["mean"]
    assert page["summary"]["skewness"] is None
    assert page["summary"]["count"] is None
    assert page["summary"]["min"] is None
    tops = in_order(loads(json.dumps(record))).most_positive_activation_records
    groups = {g["name"]: g["exemplars"] for g in page["groups"]}
    assert [len(groups[n]) for n in ("top", "random", "bucket0", "bucket4")] == [21, 16, 3, 3]
    assert page["sequence_maxima"]["boundaries"] == [None, 0.1, 0.2, 0.3, 0.4, None]
    for shown_excerpt, top in zip(groups["top"], tops, strict=True):
        tokens = [t for p in shown_excerpt["pieces"] for t in p["tokens"]]
        values = [np.float32(t["value"]) for t in sorted(tokens, key=lambda t: t["position"])]
        assert values == [np.float32(v) for v in top.activations]
        assert all(t["id"] == -1 for t in tokens)
        assert "".join(p["text"] for p in shown_excerpt["pieces"]) == "".join(top.tokens)
    # A unit without a record has nothing, rather than zeros.
    empty = shown(recording, "2.mlp/0")
    assert empty["summary"]["mean"] is None
    assert all(not g["exemplars"] for g in empty["groups"])


def test_rounded(tmp_path: Path) -> None:
    name = "collated-activations/5/400.json"
    out = exported(imported(GOLDEN / name, out=tmp_path / "a.acto"), "--decimals", "4")
    found = load(out / "mlp_post_act/collated-activations/5/400.json")
    original = load(GOLDEN / name)
    for a, b in zip(found.random_sample, original.random_sample, strict=True):
        for x, y in zip(a.activations, b.activations, strict=True):
            assert x == round(float(np.float32(y)), 4)
    assert found.mean == round(original.mean, 4)


@pytest.mark.parametrize("name", EXPLANATIONS)
def test_explanations_come_back(tmp_path: Path, name: str) -> None:
    """With scores and all that was simulated, by both tools' names and by old ones."""
    facts = EXPECTED[name]
    index = facts["neuron_index"]
    recording = imported(
        GOLDEN / f"collated-activations/5/{index}.json",
        "--explanations",
        GOLDEN / name,
        out=tmp_path / "a.acto",
    )
    out = exported(recording)
    path = out / f"mlp_post_act/explanations/5/{index}.jsonl"
    assert load(path) == load(GOLDEN / name)
    assert (
        load(out / f"mlp_post_act/collated-activations/5/{index}.json").neuron_id.layer_index == 5
    )
    # The spelling that both tools read.
    sequences = json.loads(path.read_text())["scored_explanations"][0]["scored_simulation"]
    assert "simulation" in sequences["scored_sequence_simulations"][0]
    page = shown(recording, f"5.mlp/{index}")
    assert [e["explanation"] for e in page["explanations"]] == [
        e["explanation"] for e in facts["explanations"]
    ]
    assert [e["score"] for e in page["explanations"]] == [
        e["ev_correlation_score"] for e in facts["explanations"]
    ]


def test_explanations_alone_and_in_one_tree(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    for kind, ending in (("collated-activations", "json"), ("explanations-tdb", "jsonl")):
        (folder / kind / "5").mkdir(parents=True)
        for index in (17, 400):
            name = f"{kind}/5/{index}.{ending}"
            shutil.copy(GOLDEN / name, folder / name)
    both = imported(folder, out=tmp_path / "both.acto")
    expected = [
        u for u in (17, 400) for _ in EXPECTED[f"explanations-tdb/5/{u}.jsonl"]["explanations"]
    ]
    assert read_table(both / "scored_explanations.arrow")["unit"].to_pylist() == expected
    alone = imported(folder / "explanations-tdb", out=tmp_path / "alone.acto")
    assert not list(exported(alone).rglob("*.json"))
    assert len(list(exported(alone).rglob("*.jsonl"))) == 2


def top_of(record: dict[str, Any], top: list[Any]) -> dict[str, Any]:
    return {**record, "most_positive_activation_records": top}


BASE = made(1, 2, 3)
BAD: list[tuple[Callable[[], Any], str]] = [
    (
        lambda: top_of(BASE, [excerpt([1.0] * 5, ["a"] * 4)]),
        "record 0: 5 values for 4 tokens; expected 4",
    ),
    (lambda: top_of(BASE, [excerpt([1.0] * 3, ["a"] * 4)]), "3 values for 4 tokens"),
    (lambda: top_of(BASE, []), "most_positive_activation_records is empty"),
    (lambda: top_of(BASE, [{"tokens": [], "activations": []}]), "record 0: no tokens"),
    (lambda: json.dumps(top_of(BASE, [excerpt([1.0], ["\ud83d"])])), "a lone surrogate"),
    (lambda: {**BASE, "extra": 1}, "`extra` is no field of a NeuronRecord"),
    (lambda: {**BASE, "neuron_id": {"layer_index": 1, "neuron_index": 3}}, "by its name it is"),
    (lambda: {**BASE, "random_sample_by_quantile": [[]] * 6}, "has 6 lists; at most 5"),
    (lambda: '{"neuron_id":' + "[" * 20_000_000, "nested more than 64 deep"),
    (lambda: json.dumps(BASE)[:-100], "was it cut short?"),
    (lambda: "PK\x03\x04 and so on", "a zip of PyTorch's"),
    (lambda: "", "empty"),
]


@pytest.mark.parametrize(("record", "message"), BAD, ids=[m for _, m in BAD])
def test_bad_input(tmp_path: Path, record: Callable[[], Any], message: str) -> None:
    folder = tree(tmp_path / "set", {"1/0": made(1, 0, 1), "1/2": record()})
    error = error_of(folder)
    assert message in error
    assert "set/collated-activations/1/2.json: " in error


def test_two_files_for_one_unit(tmp_path: Path) -> None:
    folder = tree(tmp_path / "set", {"1/2": BASE})
    tree(folder, {"1/2": BASE}, "copy/collated-activations")
    error = error_of(folder)
    assert "unit 2 of layer 1 is in" in error
    assert "copy/collated-activations/1/2.json" in error


def test_two_gigabytes_of_nesting(tmp_path: Path) -> None:
    """Plain, as a line, compressed; in bounded memory and without reading it all."""
    path = tmp_path / "a.json"
    with path.open("wb") as file:
        for _ in range(2048):
            file.write(b"[" * (1 << 20))
    assert "2147483648 bytes; expected at most" in error_of(path, most_bytes=256 << 20)
    lines = path.rename(tmp_path / "a.jsonl")
    assert "a line of 2147483648 bytes" in error_of(lines, most_bytes=256 << 20)
    path = lines.rename(path)
    with path.open("rb") as plain, gzip.open(tmp_path / "b.json.gz", "wb", 1) as packed:
        shutil.copyfileobj(plain, packed, 1 << 20)
    path.unlink()
    assert "stands for more than" in error_of(tmp_path / "b.json.gz", most_bytes=2 << 30)


@pytest.mark.parametrize("before", ['{"neuron_id":', '{"scored_explanations":', '{"mean":', ""])
def test_nesting_that_is_let_in(tmp_path: Path, before: str) -> None:
    """Of a size that is read: no stack overflows, no memory beyond some times the text."""
    path = tmp_path / "a.json"
    path.write_text(before + "[" * 100_000_000)
    assert "nested more than 64 deep at byte" in error_of(path, most_bytes=512 << 20)
    path.write_text(before + "[" * 30_000)  # not looked at beforehand
    assert "a.json: " in error_of(path, most_bytes=512 << 20)
    path.write_text('{"a":' * 30_000)
    assert "a.json: " in error_of(path, most_bytes=512 << 20)


def test_nothing_to_import(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    assert "no LAYER/INDEX.json" in error_of(tmp_path / "set")
    assert "no such file" in error_of(tmp_path / "none")


def test_a_stopped_import_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    """Killed after its first mark; the same command makes what one run makes."""
    records = {f"0/{i}": made(0, i, i) for i in range(0, 8000, 40)}
    records |= {f"1/{i}": made(1, i, i) for i in range(0, 8000, 40)}
    folder = tree(tmp_path / "set", records)
    whole = imported(folder, "--latents", "60000", out=tmp_path / "whole.acto")
    out = tmp_path / "stopped.acto"
    command: list[str | Path] = [ACTOGRAM, "import", folder, "-o", out]
    command += ["--format", "tdb", "--latents", "60000"]
    process = subprocess.Popen([str(c) for c in command], stderr=subprocess.DEVNULL)
    state = Path(f"{out}.partial") / "state.json"
    while process.poll() is None and not state.exists():
        time.sleep(0.001)
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
    process.wait()
    if not out.exists():  # it was not too quick for us
        assert state.exists()
        run(command)
    for table in sorted(whole.glob("*.arrow")):
        assert table.read_bytes() == (out / table.name).read_bytes(), table.name
    assert sorted(os.listdir(whole)) == sorted(os.listdir(out))


def test_our_own_neurons_and_latents(tmp_path: Path) -> None:
    """A recording of ours has enough of everything for their explainer, and finite numbers."""
    words = np.random.default_rng(1).integers(0, 900, (120, 60))
    texts = tmp_path / "texts.jsonl"
    texts.write_text("\n".join(json.dumps({"text": " ".join(map(str, w))}) for w in words))
    recording = tmp_path / "a.acto"
    run([ACTOGRAM, "record", "fake:2x32", texts, "-o", recording])
    out = exported(recording)
    units = read_table(recording / "units.arrow")
    for layer, index in ((0, 0), (1, 31)):
        record = load(out / f"mlp_post_act/collated-activations/{layer}/{index}.json")
        row = layer * 32 + index
        assert record.mean == units["mean"][row].as_py()
        assert np.float32(record.max_activation) == np.float32(units["max"][row].as_py())
        maxima = [max(r.activations) for r in record.most_positive_activation_records]
        assert maxima == sorted(maxima, reverse=True)
        assert len(record.random_sample_by_quantile or []) == 5
        bounds = record.quantile_boundaries or []
        assert bounds[0] is None
        assert bounds[5] is None
        edges = [-np.inf, *bounds[1:5], np.inf]
        for i, bucket in enumerate(record.random_sample_by_quantile or []):
            highest = [max(r.activations) for r in bucket]
            assert highest == sorted(highest)
            assert all(edges[i] <= m <= edges[i + 1] for m in highest)
        assert {len(s) for s in record.splits(5).values()} == {5, 10}
        check_tokens(recording, record)
    # And it comes back as a recording with the same excerpts.
    again = imported(out, out=tmp_path / "again.acto")
    mine, theirs = shown(recording, "1.mlp/31"), shown(again, "1.mlp/31")
    for group in ("top", "random", "bucket2"):
        a, b = (
            [e["value"] for g in page["groups"] if g["name"] == group for e in g["exemplars"]]
            for page in (mine, theirs)
        )
        assert sorted(a) == sorted(b)


def check_tokens(recording: Path, record: NeuronRecord) -> None:
    """Tokens are the text's bytes, one after another; of ASCII none is lost."""
    texts = [t.decode() for t in read_table(recording / "documents.arrow")["text"].to_pylist()]
    for one in (*record.most_positive_activation_records, *record.random_sample):
        assert isinstance(one, ActivationRecord)
        assert len(one.tokens) == len(one.activations)
        assert any("".join(one.tokens) in text for text in texts)
