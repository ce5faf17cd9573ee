"""Units with known rules, explained and scored by an endpoint that obeys an explanation to the
letter: the right one scores high with every scorer, a wrong one at chance, and a unit that is
always on is not flattered. The numbers are computed again with NumPy."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from oracle.chat_endpoint import Answer, ChatEndpoint, reply, vectors
from oracle.real_model import real_model
from oracle.sites import program
from oracle.test_explain import auc, balanced_accuracy
from safetensors.numpy import save_file

ACTOGRAM = program().with_name("actogram")
SITE = "2.sae:delphi"
N_TOKENS = 24
DIGITS, AFTER_THE, ALWAYS, NEVER = range(4)

Spans = list[tuple[int, int]]


def spans(pattern: str) -> Callable[[str], Spans]:
    return lambda text: [match.span() for match in re.finditer(pattern, text)]


RULES = {
    "digits": spans(r"\d"),
    "the word after the": spans(r"(?<= the) [a-z]+"),
    "any token": spans(r".+"),
}
RIGHT = {DIGITS: "digits", AFTER_THE: "the word after the", ALWAYS: "any token"}
WRONG = {DIGITS: "the word after the", AFTER_THE: "digits", ALWAYS: "digits"}


def active(explanation: str, text: str) -> set[int]:
    """The bytes of an ASCII text that the explanation is about; none where it is no rule."""
    rule = RULES.get(explanation)
    spans = rule(text) if rule else []
    return {i for begin, end in spans for i in range(begin, end)}


# ---- the endpoint ----


def marked(text: str) -> tuple[str, set[int]]:
    """Without its << and >>, and the bytes that stood between them."""
    plain, inside, found = "", False, set()
    for piece in re.split(r"(<<|>>)", text):
        if piece in ("<<", ">>"):
            inside = piece == "<<"
            continue
        found |= {len(plain) + i for i in range(len(piece))} if inside else set()
        plain += piece
    return plain, found


def judged(question: str) -> Answer:
    head, rest = question.removeprefix("Explanation: ").split("\n\nExcerpts:\n")
    told = []
    for line in rest.split("\n\nRespond")[0].splitlines():
        text, marks = marked(re.sub(r"^\d+\. ", "", line))
        about = active(head, text)
        told.append(int(marks <= about if marks else bool(about)))
    return reply(json.dumps({"active": told}))


def simulated(asked: dict[str, Any]) -> Answer:
    about, at, answer = active(asked["to_find"], asked["document"]), 0, []
    for entry in asked["activations"]:
        assert entry["activation"] is None
        here = set(range(at, at + len(entry["token"])))
        answer.append({"token": entry["token"], "activation": 10 * (here <= about)})
        at += len(entry["token"])
    return reply(json.dumps({"activations": answer}))


def vector(text: str) -> list[float]:
    """An explanation points at its rule; all texts are as long, and as near to "any token"."""
    if text in RULES:
        return [
            float(text == kind) for kind in ("digits", "the word after the", "", "", "any token")
        ]
    digits, the = (float(bool(active(kind, text))) for kind in ("digits", "the word after the"))
    return [digits, the, 1 - digits, 1 - the, 1]


def obeys(body: Any, _: int) -> Answer:
    if "input" in body:
        return vectors([vector(text) for text in body["input"]])
    question = body["messages"][-1]["content"]
    return simulated(json.loads(question)) if question[0] == "{" else judged(question)


# ---- the recording ----


def planted(folder: Path) -> Path:
    """A cache as Delphi writes them, of texts of words that are one token each."""
    field = gguf.GGUFReader(real_model()).fields["tokenizer.ggml.tokens"]
    ids = {bytes(field.parts[i]).decode(): n for n, i in enumerate(field.data)}
    random = np.random.default_rng(11)
    words = sorted(w for w in ids if re.fullmatch("Ġ[a-z]{4,8}", w))
    events: list[tuple[int, int, int, float]] = []
    texts = []
    for row in range(700):
        text = list(random.choice(words, N_TOKENS))
        digit, the = random.permutation(N_TOKENS // 2)[:2] * 2
        if random.random() < 0.08:
            text[digit] = str(random.integers(10))
            events.append((row, digit, DIGITS, random.uniform(1, 2)))
        if random.random() < 0.08:
            text[the] = "Ġthe"
            events.append((row, the + 1, AFTER_THE, random.uniform(1, 2)))
        events += [(row, at, ALWAYS, random.uniform(1, 2)) for at in range(N_TOKENS)]
        texts.append([ids[word] for word in text])
    (folder / "layers.2").mkdir(parents=True)
    locations = np.array([event[:3] for event in events], np.uint16)
    values = np.array([event[3] for event in events], np.float32)
    save_file(
        {"locations": locations, "activations": values, "tokens": np.array(texts, np.int64)},
        folder / "layers.2/0_3.safetensors",
    )
    config = {"dataset_repo": "planted", "cache_ctx_len": N_TOKENS, "model_name": "SmolLM2"}
    (folder / "layers.2/config.json").write_text(json.dumps(config))
    return folder


def actogram(*words: Any) -> Any:
    done = subprocess.run(
        [str(word) for word in (ACTOGRAM, *words)], capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("{"), done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[Any, Any], dict[Any, str]]:
    """Scores by unit, explanation, scorer and what was scored; reasons by unit and scorer."""
    folder = tmp_path_factory.mktemp("planted")
    recording = folder / "planted.acto"
    cache = planted(folder / "cache")
    actogram("import", cache, "-o", recording, "--format", "delphi", "--tokenizer", real_model(),
             "--json")  # fmt: skip
    failures: dict[Any, str] = {}
    for model, texts in (("right", RIGHT), ("wrong", WRONG)):
        for unit in (DIGITS, AFTER_THE, ALWAYS, NEVER):
            said = reply(texts.get(unit, "?"))
            with ChatEndpoint(lambda *_, said=said: said) as host:
                report = actogram("explain", recording, f"{SITE}/{unit}", "--llm", host.url,
                                  "--llm-model", model, "--json")  # fmt: skip
            for failure in report["failures"]:
                failures[unit, "explain"] = failure["reason"]
    with ChatEndpoint(obeys) as host:
        for scorer in ("detect", "fuzz", "embed", "simulate"):
            report = actogram("score", recording, f"{SITE}/0-2", "--scorer", scorer, "--excerpts",
                              30, "--llm", host.url, "--llm-model", "obeys", "--json")  # fmt: skip
            for failure in report["failures"]:
                unit = int(failure["address"].rsplit("/", 1)[1])
                failures[unit, scorer] = failure["reason"]
    found: dict[Any, Any] = {}
    for entry in actogram("explanations", recording, "--json")["explanations"]:
        unit = int(entry["address"].rsplit("/", 1)[1])
        for score in entry["scores"]:
            found[unit, entry["explanation"], score["scorer"], score["of"]] = score
    return found, failures


Scored = tuple[dict[Any, Any], dict[Any, str]]
MEASURES = {
    "detect": "balanced_accuracy",
    "fuzz": "balanced_accuracy",
    "embed": "auc",
    "simulate": "correlation",
}


@pytest.mark.parametrize("scorer", MEASURES)
@pytest.mark.parametrize("unit", [DIGITS, AFTER_THE])
def test_the_right_explanation_scores_high(scored: Scored, unit: int, scorer: str) -> None:
    score = scored[0][unit, RIGHT[unit], scorer, "explanation"]["numbers"]
    assert score["n_active"] >= 5
    assert score["n_inactive"] >= 5
    number = score[MEASURES[scorer]]
    assert number["low"] <= number["value"] <= number["high"]
    if scorer == "simulate":  # the true values are from 1 to 2, those that are said all 10
        assert number["value"] > 0.9
        assert score["corpus_correlation"]["value"] > 0.9
        if "slope" not in score["calibration"]:  # an eighth of the texts: none fired there
            assert score["r_squared"] is score["deviation_explained"] is None
            return
        assert score["r_squared"]["value"] > 0.8
        assert score["deviation_explained"]["value"] > 0.6
        assert 0.1 < score["calibration"]["slope"] < 0.2
    else:
        assert number["value"] == pytest.approx(1)


@pytest.mark.parametrize("scorer", MEASURES)
@pytest.mark.parametrize("unit", [DIGITS, AFTER_THE])
def test_a_wrong_one_is_at_chance(scored: Scored, unit: int, scorer: str) -> None:
    chance = 0 if scorer == "simulate" else 0.5
    wrong = [scored[0][unit, WRONG[unit], scorer, "explanation"],
             scored[0][unit, RIGHT[unit], scorer, "other unit"]]  # fmt: skip
    for score in wrong:
        value = score["numbers"][MEASURES[scorer]]["value"]
        if value is None:  # what it describes is nowhere or everywhere: a constant has none
            assert scorer == "simulate"
            assert len({level for e in score["excerpts"] for level in e["simulated"]}) == 1
            continue
        assert abs(value - chance) < 0.2, score["text"]


def test_a_unit_that_is_always_on_is_not_flattered(scored: Scored) -> None:
    found, failures = scored
    for explanation in (RIGHT[ALWAYS], WRONG[ALWAYS]):
        detected = found[ALWAYS, explanation, "detect", "explanation"]["numbers"]
        assert abs(detected["balanced_accuracy"]["value"] - 0.5) < 0.15
        embedded = found[ALWAYS, explanation, "embed", "explanation"]["numbers"]
        assert abs(embedded["auc"]["value"] - 0.5) < 0.2
    constant = found[ALWAYS, RIGHT[ALWAYS], "simulate", "explanation"]["numbers"]
    for name in ("correlation", "corpus_correlation"):
        assert constant[name] == {"value": None, "low": None, "high": None}
    assert constant["r_squared"] is constant["deviation_explained"] is None
    assert "all the same" in constant["calibration"]["problem"]
    assert "it is active in" in failures[ALWAYS, "fuzz"]
    assert "and not in 0" in failures[ALWAYS, "fuzz"]


def test_a_unit_that_is_never_on_has_no_explanation(scored: Scored) -> None:
    assert "has a value above 0" in scored[1][NEVER, "explain"]
    assert not any(unit == NEVER for unit, *_ in scored[0])


def test_the_numbers_are_those_of_the_excerpts(scored: Scored) -> None:
    n_simulated = 0
    for (_, _, scorer, _), score in scored[0].items():
        numbers, excerpts = score["numbers"], score["excerpts"]
        assert numbers["n_active"] == sum(e["active"] for e in excerpts)
        if scorer != "simulate":
            assert numbers["auc"]["value"] == pytest.approx(auc(excerpts), rel=1e-9)
            if scorer == "embed":
                assert "balanced_accuracy" not in numbers
            else:
                expected = balanced_accuracy(excerpts)
                assert numbers["balanced_accuracy"]["value"] == pytest.approx(expected, rel=1e-9)
            continue
        n_simulated += 1
        for e in excerpts:
            assert len(e["simulated"]) == N_TOKENS
            assert set(e["simulated"]) <= {0, 10}
    assert n_simulated >= 12


def test_simulation_is_scored_against_the_true_values(scored: Scored) -> None:
    """Of a unit that fires once in an excerpt, whose place and value tell all of it."""
    both = [scored[0][unit, RIGHT[unit], "simulate", "explanation"] for unit in (DIGITS, AFTER_THE)]
    score = next(s for s in both if "slope" in s["numbers"]["calibration"])
    shares = [0.5, 0.4, 0.09, 0.009, 0.001]
    n_of_bucket = np.bincount([e["bucket"] for e in score["excerpts"]], minlength=5)
    truth, levels, weights, shared = [], [], [], []
    for e in score["excerpts"]:
        values = np.zeros(N_TOKENS)
        values[e["position"]] = e["value"]
        truth += values.tolist()
        levels += e["simulated"]
        weights += [e["weight"]] * N_TOKENS
        shared += [shares[e["bucket"]] / n_of_bucket[e["bucket"]]] * N_TOKENS
    t, s = np.array(truth), np.array(levels)
    numbers = score["numbers"]
    for name, w in (("correlation", np.array(weights)), ("corpus_correlation", np.array(shared))):
        covariance = np.cov(t, s, aweights=w)
        expected = covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])
        assert numbers[name]["value"] == pytest.approx(expected, rel=1e-9)
    w = np.array(weights)
    line = numbers["calibration"]
    error = t - (line["slope"] * s + line["intercept"])
    assert numbers["r_squared"]["value"] == pytest.approx(
        1 - (w * error**2).sum() / (w * t**2).sum(), rel=1e-9
    )
    assert numbers["deviation_explained"]["value"] == pytest.approx(
        1 - (w * abs(error)).sum() / (w * abs(t)).sum(), rel=1e-9
    )
