"""Explanations that others published are found by their words, listed, and shown with their scores,
on the command line and over HTTP: against the files themselves, searched in plain Python."""

import json
import math
import random
import re
import subprocess
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from oracle.chat_endpoint import ChatEndpoint, reply
from oracle.recordings import run
from oracle.sae_tables import EXPECTED, golden_set, read
from oracle.sae_tables import imported as imported_tables
from oracle.serving import get, serving
from oracle.sites import ROOT, program

ACTOGRAM = program().with_name("actogram")
GOLDEN = ROOT / "tests/golden/tdb-neuron-records"


@dataclass(frozen=True)
class Published:
    unit: str
    text: str
    score: float | None
    label: str = ""


def folded(text: str) -> str:
    """In small letters, those of Latin without marks."""
    out = ""
    for c in text.lower():
        base = unicodedata.normalize("NFD", c)[0]
        is_latin = unicodedata.name(base, "").startswith("LATIN")
        out += base if is_latin else "" if unicodedata.combining(c) else c
    return out


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", folded(text))


def has(phrase: list[str], text: str) -> bool:
    all_words = words(text)
    return any(
        all_words[i : i + len(phrase)] == phrase for i in range(len(all_words) - len(phrase) + 1)
    )


def searched(all_of_them: list[Published], question: str) -> list[Published]:
    """Those that have each word of the question, the highest score first."""
    phrases = [phrase for word in question.split() if (phrase := words(word))]
    found = [
        one
        for one in all_of_them
        if phrases and all(has(p, one.text) or has(p, one.label) for p in phrases)
    ]
    return sorted(found, key=lambda one: math.inf if one.score is None else -one.score)


def in_golden_files(folder: str, site: str) -> list[Published]:
    found = []
    for path in sorted((GOLDEN / folder / "5").glob("*.jsonl"), key=lambda p: int(p.stem)):
        for one in json.loads(path.read_text())["scored_explanations"]:
            simulation = one.get("scored_simulation") or one["scored_attention_simulation"]
            key = "ev_correlation_score" if site == "mlp" else "roc_auc_score"
            found.append(Published(f"5.{site}/{path.stem}", one["explanation"], simulation[key]))
    return found


def imported(source: Path, out: Path, *options: str | Path) -> Path:
    run([ACTOGRAM, "import", source, "-o", out, "--format", "tdb", *options])
    return out


def as_published(found: list[dict[str, Any]], source: str = "tdb") -> list[Published]:
    """What is shown of them; all else about them is unknown, and said to be."""
    shown = []
    for one in found:
        assert one["source"] == source
        assert [one[k] for k in ("method", "prompt_version", "model")] == ["", "", ""]
        assert one["parameters"] == {}
        unit = one["unit"] if "unit" in one else one["short"]
        score = None
        if one["scores"]:
            (kept,) = one["scores"]
            scorer, key = ("pairs", "auc") if ".attn/" in unit else ("simulate", "correlation")
            assert (kept["scorer"], kept["of"]) == (scorer, "explanation")
            assert kept["text"] == one["explanation"]
            assert list(kept["numbers"]) == [key]
            score = kept["numbers"][key]["value"]
            assert kept["numbers"][key] == {"value": score, "low": None, "high": None}
        shown.append(Published(unit, one["explanation"], score, one["concept"]))
    return shown


def listed(recording: Path, *options: str) -> list[dict[str, Any]]:
    command = [str(ACTOGRAM), "explanations", str(recording), "--json", *options]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: list[dict[str, Any]] = json.loads(done.stdout)["explanations"]
    return found


QUESTIONS = ["import", "PYTHON “Import”", "the", "😀", "python-import", "imports", "snow"]
QUESTIONS += ["\u1e55ython", "P\u0301ython", "articles 😀", "« import »"]


@pytest.mark.parametrize(
    ("folder", "site"),
    [("explanations-tdb", "mlp"), ("explanations-ai", "mlp"), ("explanations-attention", "attn")],
)
def test_golden_explanations_are_found(tmp_path: Path, folder: str, site: str) -> None:
    hook = {"mlp": "mlp.hook_post", "attn": "attn.hook_pattern"}[site]
    recording = imported(GOLDEN / folder, tmp_path / "a.acto", "--site", hook)
    everything = in_golden_files(folder, site)
    assert as_published(listed(recording)) == everything
    n_found = 0
    with serving(recording) as url:
        for question in [*QUESTIONS, "attends “the”"]:
            expected = searched(everything, question)
            found = get(url, "explanations", text=question)
            assert as_published(found["explanations"]) == expected, question
            assert found["n_explanations"] == len(expected)
            assert as_published(listed(recording, "--search", question)) == expected, question
            n_found += len(expected)
        for unit in {one.unit for one in everything}:
            shown = get(url, f"explanations/{unit}")
            mine = [one for one in everything if one.unit == unit]
            assert as_published(shown["explanations"]) == mine
            assert shown["failures"] == []
        assert get(url, f"explanations/5.{site}/0")["explanations"] == []
    assert n_found > 0


TEXTS = ["rain", "Rain,", "snow", "café", "CAFE\u0301", "naïve", "日本", "日本 語", "Straße"]
TEXTS += ["don't", "Αθήνα", "“import”", "😀", "9-to-5", "it’s", "a", "the", "and", "Москва", "٣"]


def made_up(seed: int, n_units: int) -> dict[str, list[tuple[str, float | None]]]:
    """Unit -> explanations with scores, some of which are none and some equal."""
    drawn = random.Random(seed)
    return {
        f"{layer}/{index}": [
            (
                " ".join(drawn.choices(TEXTS, k=drawn.randrange(1, 7))),
                drawn.choice([None, 0.5, round(drawn.uniform(-1, 1), 3)]),
            )
            for _ in range(drawn.randrange(1, 3))
        ]
        for layer in (2, 3)
        for index in sorted(drawn.sample(range(200), n_units))
    }


def write_set(folder: Path, units: dict[str, list[tuple[str, float | None]]]) -> Path:
    for unit, explanations in units.items():
        layer, index = map(int, unit.split("/"))
        scored = [
            {
                "explanation": text,
                "scored_simulation": {
                    "scored_sequence_simulations": [],
                    "ev_correlation_score": score,
                    "rsquared_score": None,
                    "absolute_dev_explained_score": None,
                },
            }
            for text, score in explanations
        ]
        path = folder / f"explanations/{layer}/{index}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        neuron = {"layer_index": layer, "neuron_index": index}
        path.write_text(json.dumps({"neuron_id": neuron, "scored_explanations": scored}))
    return folder


def test_many_are_found_by_any_words(tmp_path: Path) -> None:
    units = made_up(1, 120)
    recording = imported(write_set(tmp_path / "set", units), tmp_path / "a.acto")
    everything = [
        Published(unit.replace("/", ".mlp/"), text, score)
        for unit, explanations in units.items()
        for text, score in explanations
    ]
    drawn = random.Random(2)
    n_found = 0
    with serving(recording) as url:
        for _ in range(60):
            question = " ".join(drawn.choices(TEXTS, k=drawn.randrange(1, 4)))
            question = drawn.choice([question, question.upper(), folded(question)])
            expected = searched(everything, question)
            found = get(url, "explanations", text=question, limit=1000)
            assert as_published(found["explanations"]) == expected, question
            n_found += len(expected)
        expected = searched(everything, "rain")
        assert len(expected) > 60
        for parameters, n in (({}, 50), ({"limit": 7}, 7)):
            found = get(url, "explanations", text="rain", **parameters)
            assert found["n_explanations"] == len(expected)
            assert as_published(found["explanations"]) == expected[:n]
        assert get(url, "explanations", text="hail")["n_explanations"] == 0
    assert n_found > 500


def test_own_explanations_stand_before_published_ones(tmp_path: Path) -> None:
    """None twice, whoever is asked; and documents are as they are described."""
    source = GOLDEN / "collated-activations/5/17.json"
    recording = imported(source, tmp_path / "a.acto", "--explanations", GOLDEN / "explanations-tdb")
    with ChatEndpoint(lambda body, n: reply("words about import")) as endpoint:
        run([ACTOGRAM, "explain", recording, "5.mlp/17", "--llm", endpoint.url, "--llm-model", "m"])
    theirs = [one for one in in_golden_files("explanations-tdb", "mlp") if "import" in one.text]
    with serving(recording) as url:
        schema = schemathesis.openapi.from_url(f"{url}api/openapi.json")
        for found in (
            get(url, "explanations", text="IMPORT")["explanations"],
            listed(recording, "--search", "IMPORT"),
        ):
            assert [found[0][k] for k in ("explanation", "source", "method", "model")] == [
                "words about import", "actogram", "tokens", "m",
            ]  # fmt: skip
            assert as_published(found[1:]) == searched(theirs, "import")
        only_first = get(url, "explanations", text="import", limit=1)
        assert [one["source"] for one in only_first["explanations"]] == ["actogram"]
        assert only_first["n_explanations"] == 1 + len(theirs)
        page = get(url, "explanations/5.mlp/17")["explanations"]
        assert page[0]["source"] == "actogram"
        assert as_published(page[1:]) == [
            one for one in in_golden_files("explanations-tdb", "mlp") if one.unit == "5.mlp/17"
        ]
        for path, parameters, query in (
            ("/api/explanations", {}, {"text": "import"}),
            ("/api/explanations/{address}", {"address": "5.mlp/17"}, {}),
        ):
            case = schema[path]["GET"].Case(path_parameters=parameters, query=query)
            schema[path]["GET"].validate_response(case.call())
    command = [str(ACTOGRAM), "show", str(recording), "5.mlp/17", "--color", "never"]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert shown.count("words about import") == 1
    for one in theirs:
        if one.unit == "5.mlp/17":
            assert shown.count(one.text) == 1
            assert f"simulate, explanation: correlation {one.score:.2f}\n" in shown


def test_explanations_of_latents_are_found(tmp_path: Path) -> None:
    """A table without scores: a concept besides, and units that have none."""
    folder = golden_set(tmp_path / "set")
    recording, _ = imported_tables(folder)
    rows = read(folder, "llm-explanations-output").to_pylist()
    layer = EXPECTED["layer_id"]
    with serving(recording) as url:
        (site,) = [s["short"] for s in get(url, "recording")["sites"]]
        everything = [
            Published(f"{site}/{r['feature_id']}", r["explanation"] or "", None, r["concept"] or "")
            for r in rows
            if r["explanation"] is not None or r["concept"] is not None
        ]
        assert site.startswith(f"{layer}.sae")
        for question in ("booleans docs", "“Strings”", "feature", "token position 52", "snow"):
            expected = searched(everything, question)
            found = get(url, "explanations", text=question, limit=1000)
            assert as_published(found["explanations"], "sae-tables") == expected, question
            assert (len(expected) > 0) == (question != "snow")
        one = everything[0]
        shown = get(url, f"explanations/{one.unit}")["explanations"]
        mine = [each for each in everything if each.unit == one.unit]
        assert as_published(shown, "sae-tables") == mine
        page = get(url, f"units/{one.unit}")["explanations"]
        assert page == [{"explanation": each.text, "score": None} for each in mine]
