"""Explanations in others' formats, read back as those others read them: pandas, pyarrow and
`datasets`; the Transformer Debugger's dataclasses; Neuronpedia's import."""

import gzip
import json
import sqlite3
from pathlib import Path
from typing import Any

import datasets
import pandas as pd
import pyarrow.parquet as pq
import pytest
from oracle.chat_endpoint import Answer, ChatEndpoint, reply
from oracle.recordings import run
from oracle.sites import ROOT
from oracle.tdb_dataclasses import load, loads
from oracle.test_explain import ACTOGRAM, actogram, ask, database, rows

GOLDEN = ROOT / "tests/golden/sae-parquet-4subset"


def numbered(body: Any, number: int) -> Answer:
    """What each prompt wants, another one each time, with odd characters."""
    text = f'thing {number} — "quoted",\n日本'
    if "response_format" in body:
        return reply(json.dumps({"explanation": text, "concept": f"concept {number}"}))
    return reply(text)


@pytest.fixture(scope="module")
def explained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Units 0 to 4 of one layer by one method, 2 and 3 by the other too; and one of layer 0."""
    folder = tmp_path_factory.mktemp("explained")
    lines = [json.dumps({"text": f"text {i} " * 9}) for i in range(60)]
    (folder / "corpus.jsonl").write_text("\n".join(lines))
    run([ACTOGRAM, "record", "fake:2x12", folder / "corpus.jsonl", "-o", folder / "x.acto"])
    with ChatEndpoint(numbered) as endpoint:
        for words in (
            ["1.mlp/0-4", "--method", "excerpts"],
            ["1.mlp/2-3", "--method", "tokens"],
            ["0.mlp/7", "--method", "tokens"],
        ):
            done = ask("explain", folder / "x.acto", *words, to=endpoint)
            assert done.returncode == 0, done.stdout
    return folder / "x.acto"


def export(recording: Path, kind: str, output: Path, *options: str) -> Any:
    done = actogram("explanations", recording, "--export", kind, "-o", output, *options, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def error_of(recording: Path, *words: Any) -> str:
    done = actogram("explanations", recording, *words)
    assert done.returncode in (1, 2), done.stdout
    return done.stderr


def kept(recording: Path, where: str) -> list[tuple[Any, ...]]:
    return rows(
        recording,
        "SELECT unit, explanation, nullif(concept, '') FROM explanations WHERE "
        f"{where} ORDER BY unit, id",
    )


# ---- the card's table ----


def test_the_cards_table(explained: Path, tmp_path: Path) -> None:
    report = export(explained, "llm-explanations-output", tmp_path / "out", "--site", "1.mlp")
    (path,) = (p for p in (tmp_path / "out").rglob("*") if p.is_file())
    assert path == tmp_path / "out/llm-explanations-output/worker_0.parquet"
    expected = kept(explained, "site = 'blocks.1.mlp.hook_post'")
    assert report["n_rows"] == len(expected) == 7
    # The names and types of a file that the data set's own tools wrote.
    ours = pq.read_schema(path)
    theirs = pq.read_schema(GOLDEN / "llm-explanations-output/worker_0.parquet")
    assert ours.names == theirs.names == ["feature_id", "explanation", "concept"]
    assert ours.types == theirs.types
    frame = pd.read_parquet(path)
    found = [
        (row.feature_id, row.explanation, None if pd.isna(row.concept) else row.concept)
        for row in frame.itertuples()
    ]
    assert found == expected
    assert sum(concept is None for _, _, concept in found) == 2, "tokens give no concept"
    split = datasets.load_dataset(
        "parquet", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert [tuple(row.values()) for row in split] == expected


def test_one_file_and_what_is_chosen(explained: Path, tmp_path: Path) -> None:
    words = ["--site", "1.mlp", "--method", "excerpts"]
    export(explained, "llm-explanations-output", tmp_path / "a.parquet", *words)
    where = "site = 'blocks.1.mlp.hook_post' AND method = 'excerpts'"
    expected = kept(explained, where)
    assert pq.read_table(tmp_path / "a.parquet")["explanation"].to_pylist() == [
        text for _, text, _ in expected
    ]
    assert [unit for unit, _, _ in expected] == [0, 1, 2, 3, 4]
    export(explained, "llm-explanations-output", tmp_path / "b.parquet", "--search", "concept 3")
    assert pq.read_table(tmp_path / "b.parquet")["concept"].to_pylist() == ["concept 3"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.parquet", "b.parquet"]


def test_what_cannot_be_exported(explained: Path, tmp_path: Path) -> None:
    table = ["--export", "llm-explanations-output"]
    new = ["-o", tmp_path / "new"]
    (tmp_path / "there").mkdir()
    for words, message in (
        ([*table, *new], "0.mlp and of 1.mlp: llm-explanations-output has no column for the site"),
        ([*table, *new, "--site", "7.mlp"], "7.mlp"),
        ([*table, *new, "--method", "heads"], "no such explanation"),
        ([*table, "-o", tmp_path / "there", "--site", "1.mlp"], "exists already"),
        ([*table], "--output"),
        (["--site", "1.mlp"], "--export"),
        (["--export", "csv", *new], "llm-explanations-output|tdb|neuronpedia"),
    ):
        assert message in error_of(explained, *words), words
    assert sorted(p.name for p in tmp_path.iterdir()) == ["there"]


# ---- the Transformer Debugger's ----


def test_scored_explanations_of_openais_kind(explained: Path, tmp_path: Path) -> None:
    report = export(explained, "tdb", tmp_path / "out")
    assert report["n_rows"] == 8
    found = sorted(
        str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*.jsonl")
    )
    folder = "mlp_post_act/explanations"
    assert found == [f"{folder}/0/7.jsonl", *[f"{folder}/1/{u}.jsonl" for u in range(5)]]
    for name in found:
        layer, unit = int(name.split("/")[2]), int(Path(name).stem)
        assert len((tmp_path / "out" / name).read_text().splitlines()) == 1
        results = load(tmp_path / "out" / name)
        assert (results.neuron_id.layer_index, results.neuron_id.neuron_index) == (layer, unit)
        expected = kept(explained, f"site = 'blocks.{layer}.mlp.hook_post' AND unit = {unit}")
        assert [e.explanation for e in results.scored_explanations] == [t for _, t, _ in expected]
        for entry in results.scored_explanations:
            assert entry.scored_simulation.ev_correlation_score is None
            assert entry.scored_simulation.scored_sequence_simulations == []
    # And by our own reader, which knows the folder by its name.
    back = tmp_path / "back.acto"
    run([ACTOGRAM, "import", tmp_path / "out", "-o", back, "--format", "tdb"])
    page = json.loads(actogram("show", back, "1.mlp/3", "--json").stdout)
    assert [(e["explanation"], e["score"]) for e in page["explanations"]] == [
        (text, None) for _, text, _ in kept(explained, "site LIKE '%.1.%' AND unit = 3")
    ]


def test_one_file_of_lines(explained: Path, tmp_path: Path) -> None:
    export(explained, "tdb", tmp_path / "all.jsonl")
    lines = (tmp_path / "all.jsonl").read_text().split("\n")
    assert lines.pop() == ""
    found = [loads(line).neuron_id for line in lines]
    assert [(i.layer_index, i.neuron_index) for i in found] == [(0, 7), *[(1, u) for u in range(5)]]


# ---- Neuronpedia's ----

COLUMNS = [
    "id", "modelId", "layer", "index", "authorId", "description", "embedding", "typeName",
    "explanationModelName", "umap_x", "umap_y", "umap_cluster", "umap_log_feature_sparsity",
]  # fmt: skip


def inserted(path: Path) -> list[dict[str, Any]]:
    """As the import reads a file: columns are the first line's, and every line has the same."""
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    assert text.endswith(b"\n")
    lines = [json.loads(line) for line in text.decode().splitlines()]
    assert all(line.keys() == lines[0].keys() for line in lines)
    return lines


def test_neuronpedias_import(explained: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert export(explained, "neuronpedia", out, "--model-id", "Toy Model")["n_rows"] == 8
    found = sorted(str(p.relative_to(out)) for p in out.rglob("*.jsonl*"))
    assert found == [
        "v1/config/explanation_model_type.jsonl",
        "v1/config/explanation_type.jsonl",
        "v1/toy-model/0/explanations/batch-0.jsonl.gz",
        "v1/toy-model/1/explanations/batch-0.jsonl.gz",
    ]
    types = inserted(out / "v1/config/explanation_type.jsonl")
    assert [t["name"] for t in types] == ["oai_token-act-pair", "actogram_excerpts"]
    # Columns without a default, by the database's schema.
    assert all(
        {"displayName", "description", "creatorName", "creatorId"} <= t.keys() for t in types
    )
    models = inserted(out / "v1/config/explanation_model_type.jsonl")
    assert [m["name"] for m in models] == ["m"]
    ids = set()
    for layer in ("0", "1"):
        lines = inserted(out / f"v1/toy-model/{layer}/explanations/batch-0.jsonl.gz")
        assert list(lines[0]) == COLUMNS
        assert {(line["modelId"], line["layer"]) for line in lines} == {("toy-model", layer)}
        expected = kept(explained, f"site = 'blocks.{layer}.mlp.hook_post'")
        assert [(line["index"], line["description"]) for line in lines] == [
            (str(unit), text) for unit, text, _ in expected
        ]
        by_concept = {None: "oai_token-act-pair"}
        assert [line["typeName"] for line in lines] == [
            by_concept.get(concept, "actogram_excerpts") for _, _, concept in expected
        ]
        ids |= {line["id"] for line in lines}
    assert len(ids) == 8
    assert all(len(i) == 25 for i in ids)
    # The same each time, so that an import may be repeated.
    export(explained, "neuronpedia", tmp_path / "again", "--model-id", "toy-model")
    again = inserted(tmp_path / "again/v1/toy-model/1/explanations/batch-0.jsonl.gz")
    assert again == lines


def test_files_of_1024_lines(explained: Path, tmp_path: Path) -> None:
    copy = tmp_path / "x.acto"
    run(["cp", "-r", explained, copy])
    run(["cp", database(explained), database(copy)])
    with sqlite3.connect(database(copy)) as connection:
        connection.executemany(
            "INSERT INTO explanations (site, unit, method, prompt_version, model, parameters, "
            "explanation, concept, request_hash) VALUES ('blocks.1.mlp.hook_post', ?, 'tokens', "
            "?, 'org/big', '{}', ?, '', '')",
            [(i % 12, str(i), f"text {i}") for i in range(2100)],
        )
    export(copy, "neuronpedia", tmp_path / "out", "--model-id", "toy", "--site", "1.mlp")
    folder = tmp_path / "out/v1/toy/1/explanations"
    counts = [len(inserted(folder / f"batch-{i}.jsonl.gz")) for i in range(3)]
    assert counts == [1024, 1024, 2107 - 2048]
    names = {line["explanationModelName"] for line in inserted(folder / "batch-1.jsonl.gz")}
    assert "big" in names
    assert len(list(folder.iterdir())) == 3
