"""Labels and explanations over HTTP, against the SQLite file beside the recording.

What a visitor writes is there after a restart, is found by its words, and changes no byte of the
recording. Explanations are rows that this test wrote as docs/format.md has them.
"""

import hashlib
import json
import sqlite3
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from oracle.recordings import run
from oracle.serving import ACTOGRAM, get, serving


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    (tmp_path / "t.txt").write_text("The quick brown fox jumps over the lazy dog.\n")
    run([ACTOGRAM, "record", "fake:2x20x3", tmp_path / "t.txt", "-o", tmp_path / "r.acto"])
    return tmp_path / "r.acto"


def put(url: str, unit: str, body: object) -> Any:
    request = urllib.request.Request(
        f"{url}api/labels/{unit}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
        method="PUT",
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def refused(url: str, unit: str, body: object) -> tuple[int, str]:
    with pytest.raises(urllib.error.HTTPError) as raised:
        put(url, unit, body)
    return raised.value.code, json.load(raised.value)["error"]["message"]


def hashes(recording: Path) -> dict[str, str]:
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in recording.iterdir()}


def test_what_is_written_is_there_after_a_restart(recording: Path) -> None:
    before = hashes(recording)
    note = "Fires on \u732b and \U0001f408;\nsee <b>12.mlp/3</b> & \x00"
    with serving(recording) as url:
        assert get(url, "labels/1.mlp/7")["label"] == ""
        assert get(url, "labels") == {"text": "", "n_labels": 0, "labels": []}
        written = put(url, "1.mlp/7", {"label": "animals", "note": note})
        put(url, "0.mlp/3", {"label": "verbs of animals"})
        assert (written["label"], written["note"], written["short"]) == ("animals", note, "1.mlp/7")
        assert written == get(url, "labels/blocks.1.mlp.hook_post/7")
        assert put(url, "1.mlp/7", {"label": "cats"})["note"] == note, "what is not sent stays"
    with serving(recording) as url:
        listed = get(url, "labels")["labels"]
        assert [(row["unit"], row["label"]) for row in listed] == [
            ("0.mlp/3", "verbs of animals"),
            ("1.mlp/7", "cats"),
        ]
        for text, units in [
            ("cats", ["1.mlp/7"]),
            ("ANIMALS", ["0.mlp/3"]),
            ("fires 12", ["1.mlp/7"]),
            ("cats OR animals", []),
            ('"', []),
        ]:
            found = get(url, "labels", text=text)
            assert [row["unit"] for row in found["labels"]] == units, text
            assert found["n_labels"] == len(units)
        assert get(url, "labels", limit=1)["n_labels"] == 2
        assert put(url, "1.mlp/7", {"label": "", "note": ""})["changed"] is None
        assert get(url, "labels")["n_labels"] == 1
    assert hashes(recording) == before
    rows = sqlite3.connect(recording.with_suffix(".explanations.sqlite")).execute(
        "SELECT site, unit, label, note FROM labels"
    )
    assert rows.fetchall() == [("blocks.0.mlp.hook_post", 3, "verbs of animals", "")]


def test_what_cannot_be_kept_is_an_error(recording: Path) -> None:
    with serving(recording) as url:
        assert refused(url, "1.mlp/77", {"label": "x"})[0] == 404
        assert refused(url, "nonsense", {"label": "x"})[0] == 400
        bodies: tuple[Any, ...] = ([], "x", {"label": 1}, {"name": "x"}, {"label": "a\nb"})
        for body in bodies:
            assert refused(url, "1.mlp/7", body)[0] == 400
        assert put(url, "1.mlp/7", {"label": "x" * 200, "note": "y" * 16384})["label"] == "x" * 200
        assert refused(url, "1.mlp/7", {"label": "x" * 201})[0] == 400
        assert refused(url, "1.mlp/7", {"note": "y" * 16385})[0] == 400
        assert get(url, "labels/1.mlp/7")["note"] == "y" * 16384


def test_a_file_that_cannot_be_written_is_named(recording: Path) -> None:
    recording.with_suffix(".explanations.sqlite").mkdir()
    with serving(recording) as url:
        status, message = refused(url, "1.mlp/7", {"label": "x"})
        assert status == 500
        assert "r.explanations.sqlite: cannot be written" in message


NUMBERS = {"balanced_accuracy": {"value": 0.75, "low": 0.5, "high": 0.9}, "n_active": 8}
PARAMETERS = '{"temperature": 0}'


def explain(recording: Path) -> None:
    """Two explanations of one unit, one of another; two scores and a failure."""
    with sqlite3.connect(recording.with_suffix(".explanations.sqlite")) as file:
        for unit, method, text in [
            (7, "tokens", "words about rain"),
            (7, "excerpts", "the weather"),
            (8, "tokens", "rain or shine"),
        ]:
            file.execute(
                "INSERT INTO explanations (site, unit, method, prompt_version, model, parameters, "
                "explanation, concept, request_hash) VALUES (?, ?, ?, '1', 'm', ?, ?, '', '')",
                ("blocks.1.mlp.hook_post", unit, method, PARAMETERS, text),
            )
        for of in ("explanation", "other unit"):
            file.execute(
                "INSERT INTO scores VALUES (1, 'detect', '2', 'judge', ?, ?, ?, ?, '[]')",
                (PARAMETERS, of, "words about rain", json.dumps(NUMBERS)),
            )
        file.execute("INSERT INTO failures VALUES ('blocks.1.mlp.hook_post', 7, 'score', 'no')")


def test_explanations_are_those_of_the_file(recording: Path) -> None:
    with serving(recording) as url:
        assert get(url, "explanations/1.mlp/7")["explanations"] == []
        assert get(url, "explanations", text="rain")["n_explanations"] == 0
        put(url, "0.mlp/0", {"label": "makes the file"})
        explain(recording)
        unit = get(url, "explanations/1.mlp/7")
        assert [e["explanation"] for e in unit["explanations"]] == [
            "words about rain",
            "the weather",
        ]
        assert unit["failures"] == [{"task": "score", "reason": "no"}]
        first, second = unit["explanations"]
        assert (first["unit"], first["method"], first["model"]) == ("1.mlp/7", "tokens", "m")
        assert first["parameters"] == {"temperature": 0}
        assert [score["of"] for score in first["scores"]] == ["explanation", "other unit"]
        assert all(score["numbers"] == NUMBERS for score in first["scores"])
        assert second["scores"] == []
        assert get(url, "explanations/1.mlp/9")["explanations"] == []
        found = get(url, "explanations", text="RAIN", limit=1)
        assert found["n_explanations"] == 2
        assert len(found["explanations"]) == 1
        assert get(url, "explanations", text="rain words")["explanations"] == [first]
        for text in ("", "  "):
            with pytest.raises(urllib.error.HTTPError) as raised:
                get(url, "explanations", text=text)
            assert raised.value.code == 400
