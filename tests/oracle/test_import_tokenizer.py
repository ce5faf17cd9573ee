"""Token ids of an imported data set become text with the tokenizer of a model's file."""

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from gguf import GGUFReader
from oracle.real_model import real_model
from oracle.recordings import Corpus, record, run
from oracle.slow_twin import Recording, read_table
from oracle.test_gluscope_import import (
    ACTOGRAM,
    GOLDEN,
    error_of,
    golden,
    imported,
    printed,
    write_set,
)


@pytest.mark.slow
def test_token_ids_become_text_with_the_models_file(tmp_path: Path) -> None:
    """The texts, the bytes of every token and the excerpts are those of the recording."""
    mixed = Corpus.of(40, longest=150, seed=9)
    # This vocabulary has no tokens for bytes that are not UTF-8.
    corpus = Corpus([text for text in mixed.files if is_utf8(text)], mixed.lines)
    options = ["--layers", "3", "--context", "256", "--long-documents", "truncate"]
    first = record(real_model(), corpus, tmp_path, options)
    whole = Recording(first)
    ids = pa.array([row.tolist() for row in whole.ids()], pa.list_(pa.int32()))
    pq.write_table(pa.table({"input_ids": ids}), tmp_path / "ids.parquet")
    run([ACTOGRAM, "export", first, tmp_path / "set"])
    texts: list[str | Path] = ["--corpus", tmp_path / "ids.parquet", "--tokenizer", real_model()]
    run([ACTOGRAM, "import", tmp_path / "set", "-o", tmp_path / "back.acto", *texts])
    run([ACTOGRAM, "check", tmp_path / "back.acto"])
    back = {file: read_table(tmp_path / "back.acto" / file) for file in TEXT_TABLES}
    texts_back = back["documents.arrow"].column("text").to_pylist()
    assert texts_back == [whole.texts[row] for row in whole.sequences["document_row"]]
    for column in ("id", "begin", "end"):
        found = back["tokens.arrow"].column(column).to_numpy()
        np.testing.assert_array_equal(found, whole.tokens[column])
    shown = [
        excerpts_of(printed(ACTOGRAM, "show", path, "3.mlp/77", "--by-class", "--excerpts", "16"))
        for path in (first, tmp_path / "back.acto")
    ]
    assert len(shown[0]) > 100
    assert shown[0] == shown[1]


def is_utf8(text: bytes) -> bool:
    return text == text.decode(errors="ignore").encode()


TEXT_TABLES = ("documents.arrow", "sequences.arrow", "tokens.arrow")


def excerpts_of(page: str) -> list[str]:
    """What is below the first title: values, positions and text, without the documents' names."""
    lines = page.split("gate+_in+: largest", 1)[1].splitlines()
    return [re.sub(r"  \S.*, position", "  position", line) for line in lines]


@pytest.mark.slow
def test_token_ids_that_the_models_file_has_not(tmp_path: Path) -> None:
    """Markup is shown as it is written; ids beyond the vocabulary stand for nothing."""
    folder = write_set(tmp_path / "set", golden("plain"))
    rows = [[1, 504, 2], [-1, 49151, 49152, 2**31 - 1], *([[504]] * 318)]
    ids = pa.table({"input_ids": pa.array(rows, pa.list_(pa.int32()))})
    pq.write_table(ids, tmp_path / "ids.parquet")
    texts = ["--corpus", str(tmp_path / "ids.parquet"), "--tokenizer", str(real_model())]
    recording = imported(folder, *texts)
    pieces = GGUFReader(real_model()).fields["tokenizer.ggml.tokens"].contents()
    found = read_table(recording / "documents.arrow").column("text").to_pylist()
    assert found[0].decode() == f"<|im_start|>{pieces[504].replace('Ġ', ' ')}<|im_end|>"
    assert found[1].decode() == pieces[49151].replace("Ġ", " ")
    tokens = read_table(recording / "tokens.arrow").to_pydict()
    assert tokens["id"][3:7] == rows[1]
    assert [end - begin for begin, end in zip(tokens["begin"], tokens["end"], strict=True)][
        3:7
    ] == [0, len(found[1]), 0, 0]


@pytest.mark.slow
def test_the_tokenizer_is_a_models_file(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "set", golden("plain"))
    ids = str(GOLDEN / "input_ids.parquet")
    (tmp_path / "no.gguf").write_bytes(b"GGUF no")
    for file, message in (("none.gguf", "none.gguf"), ("no.gguf", "no.gguf")):
        texts = ["--corpus", ids, "--tokenizer", str(tmp_path / file)]
        assert message in error_of(folder, *texts)
