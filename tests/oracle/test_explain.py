"""actogram explain, score and explanations against a chat endpoint of our own: what is asked is
built again from the recording's tables, what is scored is computed again with NumPy."""

import json
import os
import re
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from oracle.chat_endpoint import Answer, ChatEndpoint, in_turn, reply
from oracle.recordings import run
from oracle.sites import program
from oracle.test_explain_numbers import MASK, fnv1a, mix

ACTOGRAM = program().with_name("actogram")
SITE = "blocks.1.mlp.hook_post"
EXPLAIN, CALIBRATE, SCORE = range(3)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ASCII alone, one token a byte, with everything that could break a prompt; and copies."""
    folder = tmp_path_factory.mktemp("explain")
    random = np.random.default_rng(5)
    pieces = ["<|im_end|>", "<start>\n", "\t10\n", "<<", ">>", "a < b", "\\n", "Ignore this. "]
    pieces += [chr(c) for c in range(97, 123)] * 3 + [" "] * 20
    texts = ["".join(random.choice(pieces, size=random.integers(40, 160))) for _ in range(150)]
    texts += texts[:30]
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    (folder / "corpus.jsonl").write_text(lines)
    run([ACTOGRAM, "record", "fake:2x12", folder / "corpus.jsonl", "-o", folder / "x.acto"])
    return folder / "x.acto"


@pytest.fixture
def fresh(recording: Path) -> Path:
    forget(recording)
    return recording


def database(recording: Path) -> Path:
    return recording.with_name("x.explanations.sqlite")


def forget(recording: Path) -> None:
    """The database, and what a killed process left beside it."""
    for path in database(recording).parent.glob(f"{database(recording).name}*"):
        path.unlink()


def rows(recording: Path, sql: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(database(recording)) as connection:
        return connection.execute(sql).fetchall()


def actogram(*words: Any, key: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}
    environment.pop("ACTOGRAM_LLM_KEY", None)
    if key:
        environment["ACTOGRAM_LLM_KEY"] = key
    return subprocess.run(
        [str(ACTOGRAM), *map(str, words)],
        capture_output=True, text=True, env=environment, check=False,
    )  # fmt: skip


def ask(verb: str, recording: Path, *words: Any, to: ChatEndpoint, key: str = "") -> Any:
    return actogram(verb, recording, *words, "--llm", to.url, "--llm-model", "m", "--json", key=key)


# ---- the recording, read without actogram ----


def table(recording: Path, name: str) -> Any:
    with pa.memory_map(str(recording / name)) as source:
        return pa.ipc.open_file(source).read_all().to_pydict()


def unit_key(unit: int) -> int:
    key: int = mix((fnv1a(SITE.encode()) + unit) & MASK)
    return key


def part_of(unit: int, text: bytes) -> int:
    split = mix(fnv1a(b"explanation split") ^ unit_key(unit))
    drawn = (mix(split ^ mix(fnv1a(text))) >> 32) / 2**32
    return EXPLAIN if drawn < 1 / 2 else CALIBRATE if drawn < 5 / 8 else SCORE


class Tables:
    def __init__(self, recording: Path) -> None:
        self.documents = table(recording, "documents.arrow")["text"]
        self.sequences = table(recording, "sequences.arrow")
        self.tokens = table(recording, "tokens.arrow")
        self.units = table(recording, "units.arrow")
        self.peaks = table(recording, "peaks.arrow")

    def row(self, unit: int) -> int:
        return list(zip(self.units["site"], self.units["unit"], strict=True)).index((SITE, unit))

    def excerpts(self, unit: int) -> list[dict[str, Any]]:
        """Kept for their maximum, strongest first: those kept for a minimum follow them."""
        first = self.units["first_peak"][self.row(unit)]
        found = []
        for i in range(first, first + self.units["n_peaks"][self.row(unit)]):
            peak = {name: column[i] for name, column in self.peaks.items()}
            if peak["groups"] & ~2 == 0:
                continue
            sequence = peak["sequence"]
            document = self.documents[self.sequences["document_row"][sequence]]
            begin = self.sequences["first_token"][sequence]
            cut = slice(begin, begin + self.sequences["n_tokens"][sequence])
            spans = list(zip(self.tokens["begin"][cut], self.tokens["end"][cut], strict=True))
            texts = [document[b:e].decode() for b, e in spans]
            at = peak["window_begin"]
            peak |= {"document": document, "tokens": texts, "part": part_of(unit, document)}
            peak["window_tokens"] = texts[at : at + len(peak["window"])]
            found.append(peak)
        return found


def escape(text: str) -> str:
    """As src/explain/prompt_text.h has it, for ASCII."""
    out = ""
    for i, c in enumerate(text):
        after, before = text[i + 1 : i + 2], text[:i][-1:]
        mark = c == "<" and (not after or after not in " 0123456789=")
        mark |= c == ">" and (not after or not before or ">" in (after, before))
        if c in "\\\n\r\t":
            out += {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}[c]
        else:
            out += f"\\u{ord(c):04x}" if mark or ord(c) < 32 else c
    return out


def tokens_message(excerpts: list[dict[str, Any]]) -> str:
    highest = max(max(excerpt["window"]) for excerpt in excerpts)

    def lines(excerpt: dict[str, Any], zeros: bool) -> str:
        levels = [min(10, int(10 * max(v, 0) / highest)) for v in excerpt["window"]]
        shown = zip(excerpt["window_tokens"], levels, strict=True)
        return "\n".join(f"{escape(t)}\t{level}" for t, level in shown if zeros or level > 0)

    def records(zeros: bool) -> str:
        return (
            "\n<start>\n"
            + "\n<end>\n<start>\n".join(lines(e, zeros) for e in excerpts)
            + ("\n<end>\n")
        )

    levels = [min(10, int(10 * max(v, 0) / highest)) for e in excerpts for v in e["window"]]
    text = "\n\nNeuron 4\nActivations:" + records(True)
    if np.mean(np.array(levels) > 0) < 0.2:
        text += "\nSame activations, but with all zeros filtered out:" + records(False)
    return text + "\nExplanation of neuron 4 behavior: the main thing this neuron does is find"


# ---- explaining ----


def test_what_an_explainer_is_asked(fresh: Path) -> None:
    tables = Tables(fresh)
    with ChatEndpoint(lambda body, n: reply(" letters.")) as endpoint:
        done = ask("explain", fresh, "1.mlp/0-11", to=endpoint)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "units": 12, "questions": 12, "answered_before": 0, "tokens": 180, "failures": [],
    }  # fmt: skip
    assert endpoint.most_at_once <= 4
    asked = {request["messages"][-1]["content"] for request in endpoint.requests}
    expected = set()
    for unit in range(12):
        own = [e for e in tables.excerpts(unit) if e["part"] == EXPLAIN and e["value"] > 0]
        strongest = sorted(own, key=lambda e: -e["value"])[:5]
        expected.add(tokens_message(strongest))
    assert asked == expected
    first = endpoint.requests[0]
    assert [m["role"] for m in first["messages"]] == ["system", *["user", "assistant"] * 3, "user"]
    assert (first["model"], first["temperature"], first["seed"]) == ("m", 0, 0)
    assert "response_format" not in first
    kept = rows(fresh, "SELECT site, unit, method, prompt_version, model, explanation FROM "
                "explanations ORDER BY unit")  # fmt: skip
    assert kept == [(SITE, u, "tokens", "tokens-1", "m", "letters.") for u in range(12)]


def test_the_prompt_of_the_card(fresh: Path) -> None:
    answer = json.dumps({"explanation": "Letters of the alphabet.", "concept": "letters"})
    with ChatEndpoint(lambda body, n: reply(answer)) as endpoint:
        done = ask("explain", fresh, "1.mlp/3", "--method", "excerpts", to=endpoint)
    assert done.returncode == 0, done.stderr
    own = [e for e in Tables(fresh).excerpts(3) if e["part"] == EXPLAIN and e["value"] > 0]
    strongest = sorted(own, key=lambda e: -e["value"])[:5]
    examples = []
    for i, e in enumerate(strongest, 1):
        begin = max(0, min(e["position"] - 100, len(e["tokens"]) - 200))
        text = escape("".join(e["tokens"][begin : begin + 200]))
        where = f"(activation: {e['value']:.3f}, position: {e['position']})"
        examples.append(f"Example {i} {where}:\n{text}\n")
    content = endpoint.requests[0]["messages"][0]["content"]
    assert content.startswith(
        "Looking at these examples where a neural network feature (Feature 3) activates strongly:"
        "\n\n" + "\n".join(examples) + "\n\nWhat pattern"
    )
    shape = endpoint.requests[0]["response_format"]["json_schema"]
    assert shape["schema"]["required"] == ["explanation", "concept"]
    assert rows(fresh, "SELECT explanation, concept FROM explanations") == [
        ("Letters of the alphabet.", "letters")
    ]
    assert rows(fresh, "SELECT text, model, prompt_tokens FROM answers") == [(answer, "fake-1", 10)]


def test_a_stopped_run_goes_on(fresh: Path) -> None:
    def slow(body: Any, number: int) -> Answer:
        time.sleep(0.2)
        return reply(f"thing {number}")

    with ChatEndpoint(slow) as endpoint:
        words = ["explain", fresh, "1.mlp/0-11", "--at-once", 2]
        command = [ACTOGRAM, *words, "--llm", endpoint.url, "--llm-model", "m"]
        stopped = subprocess.Popen(
            list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while len(endpoint.requests) < 6:
            time.sleep(0.01)
        stopped.kill()
        stopped.wait()
        before = dict(rows(fresh, "SELECT unit, explanation FROM explanations"))
        assert 1 <= len(before) <= 6
        n_before = rows(fresh, "SELECT count(*) FROM answers")[0][0]
        endpoint.requests.clear()
        done = ask("explain", fresh, "1.mlp/0-11", to=endpoint)
        assert done.returncode == 0, done.stderr
        assert len(endpoint.requests) == 12 - n_before
        after = dict(rows(fresh, "SELECT unit, explanation FROM explanations"))
        assert len(after) == 12
        assert before.items() <= after.items()
        endpoint.requests.clear()
        again = ask("explain", fresh, "1.mlp/0-11", to=endpoint)
        assert json.loads(again.stdout)["answered_before"] == 12
        assert endpoint.requests == []


# ---- scoring ----


def judge(body: Any, _: int) -> Answer:
    """Explains by the question's hash, and calls active what has an "e" before its tenth letter."""
    question = body["messages"][-1]["content"]
    if "Excerpts:\n" not in question:
        return reply(f"letters {mix(fnv1a(question.encode())) % 97}")
    excerpts = question.split("Excerpts:\n")[1].split("\n\nRespond")[0].splitlines()
    told = [int("e" in re.sub(r"^\d+\. ", "", line)[:10]) for line in excerpts]
    return reply(json.dumps({"active": told}))


def bootstrapped(
    judged: list[dict[str, Any]], score: Callable[[Any], float]
) -> tuple[float, float]:
    strata = [[e for e in judged if e["active"] is kind] for kind in (False, True)]
    found, draw = [], 0
    for _ in range(1000):
        sample = []
        for stratum in strata:
            for _ in stratum:
                sample.append(stratum[(mix(draw) >> 32) * len(stratum) >> 32])
                draw += 1
        found.append(score(sample))
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)


def balanced_accuracy(judged: list[dict[str, Any]]) -> float:
    shares = []
    for kind in (True, False):
        of_kind = [e for e in judged if e["active"] is kind]
        right = sum(e["weight"] for e in of_kind if (e["predicted"] >= 0.5) == kind)
        shares.append(float(right / sum(e["weight"] for e in of_kind)))
    return sum(shares) / 2


def auc(judged: list[dict[str, Any]]) -> float:
    active = [e for e in judged if e["active"]]
    others = [e for e in judged if not e["active"]]
    won = sum(
        a["weight"] * o["weight"] * (1.0 if a["predicted"] > o["predicted"] else 0.5)
        for a in active
        for o in others
        if a["predicted"] >= o["predicted"]
    )
    return float(won / sum(e["weight"] for e in active) / sum(e["weight"] for e in others))


def test_scores(fresh: Path) -> None:
    tables = Tables(fresh)
    with ChatEndpoint(judge) as endpoint:
        assert ask("explain", fresh, "1.mlp/0-11", to=endpoint).returncode == 0
        n_explained = len(endpoint.requests)
        done = ask("score", fresh, "1.mlp/0-11", "--excerpts", 15, to=endpoint)
    report = json.loads(done.stdout)
    scored = set(range(12)) - {int(f["address"].rsplit("/", 1)[1]) for f in report["failures"]}
    assert len(scored) >= 8
    listed = json.loads(actogram("explanations", fresh, "--json").stdout)["explanations"]
    assert len(listed) == 12
    everything = [e["explanation"] for e in listed]
    for entry in listed:
        unit = int(entry["address"].rsplit("/", 1)[1])
        by_place = {(e["sequence"], e["position"]): e for e in tables.excerpts(unit)}
        assert (len(entry["scores"]) == 3) == (unit in scored)
        for score in entry["scores"]:
            judged, numbers = score["excerpts"], score["numbers"]
            # Held out: none is of a document, or a copy of one, that the explainer may have seen.
            for e in judged:
                own = by_place[e["sequence"], e["position"]]
                assert own["part"] == SCORE
                assert e["value"] == pytest.approx(own["value"])
            weights = {kind: sum(e["weight"] for e in judged if e["active"] is kind)
                       for kind in (True, False)}  # fmt: skip
            assert weights == pytest.approx({True: 1, False: 1})
            shares = [0.5, 0.4, 0.09, 0.009, 0.001]
            for kind in (True, False):
                of_kind = [e for e in judged if e["active"] is kind]
                assert len(of_kind) <= 15
                counts = np.bincount([e["bucket"] for e in of_kind], minlength=5)
                raw = [(1 if kind else shares[e["bucket"]]) / counts[e["bucket"]] for e in of_kind]
                expected = (np.array(raw) / sum(raw)).tolist()
                assert [e["weight"] for e in of_kind] == pytest.approx(expected)
            assert all(e["active"] == (e["value"] > 0 and e["bucket"] >= 2) for e in judged)
            assert (numbers["n_active"], numbers["n_inactive"]) == (
                sum(e["active"] for e in judged), sum(not e["active"] for e in judged),
            )  # fmt: skip
            # What the judge said, from the text itself.
            for e in judged:
                own = by_place[e["sequence"], e["position"]]
                text = "".join(escape(t) for t in own["window_tokens"])
                assert e["predicted"] == float("e" in text[:10])
            for name, function in (("balanced_accuracy", balanced_accuracy), ("auc", auc)):
                low, high = bootstrapped(judged, function)
                assert numbers[name] == pytest.approx(
                    {"value": function(judged), "low": low, "high": high}, rel=1e-9
                )
        if unit in scored:
            own_text, other, tokens = (s["text"] for s in entry["scores"])
            assert [s["of"] for s in entry["scores"]] == ["explanation", "other unit", "top tokens"]
            assert own_text == entry["explanation"]
            assert other in everything
            assert other != own_text
            seen = {
                t for e in by_place.values() if e["part"] == EXPLAIN for t in e["window_tokens"]
            }
            assert set(re.findall(r'"((?:.|\n)*?)"[,]?(?= |$)', tokens)) <= seen
    # No text of the part for scores went to the explainer, and none of the explainer's to a judge.
    prompts = [r["messages"][-1]["content"] for r in endpoint.requests]
    assert all("Excerpts:\n" not in p for p in prompts[:n_explained])
    assert all("Excerpts:\n" in p for p in prompts[n_explained:])


def test_a_judge_that_does_not_answer_scores_nothing(fresh: Path) -> None:
    def answer(body: Any, number: int) -> Answer:
        return judge(body, number) if "response_format" not in body else reply('{"active": [1]}')

    with ChatEndpoint(answer) as endpoint:
        ask("explain", fresh, "1.mlp/4", to=endpoint)
        done = ask("score", fresh, "1.mlp/4-5", to=endpoint)
    assert done.returncode == 1
    reasons = [f["reason"] for f in json.loads(done.stdout)["failures"]]
    assert "`active`: expected a list of" in reasons[0]
    assert "has no explanation yet" in reasons[1]
    assert rows(fresh, "SELECT * FROM scores") == []


# ---- listing ----


def test_explanations_are_found_by_their_words(fresh: Path) -> None:
    missing = actogram("explanations", fresh)
    assert missing.returncode == 1
    assert "nothing is explained yet" in missing.stderr
    texts = ["rain and snow", 'words such as "OR" (in SQL)', "snow on mountains"]
    with ChatEndpoint(in_turn(*map(reply, texts))) as endpoint:
        ask("explain", fresh, "1.mlp/0-2", "--at-once", 1, to=endpoint)

    def found(search: str) -> set[str]:
        answer = json.loads(actogram("explanations", fresh, "--search", search, "--json").stdout)
        return {entry["explanation"] for entry in answer["explanations"]}

    assert found("snow") == {texts[0], texts[2]}
    assert found("SNOW mountains") == {texts[2]}
    assert found("rain mountains") == set()
    assert found('"OR" (in') == {texts[1]}
    shown = actogram("show", fresh, "1.mlp/0", "--excerpts", 0).stdout
    assert "rain and snow" in shown
    plain = actogram("explanations", fresh).stdout
    assert "(tokens, m)" in plain
    assert plain.endswith("3 explanations\n")


def test_explanations_belong_to_one_recording(fresh: Path, tmp_path: Path) -> None:
    with ChatEndpoint(in_turn(reply("rain"))) as endpoint:
        ask("explain", fresh, "1.mlp/0", to=endpoint)
        other = tmp_path / "x.acto"
        (tmp_path / "t.txt").write_text("another text")
        run([ACTOGRAM, "record", "fake:2x12", tmp_path / "t.txt", "-o", other])
        database(other).write_bytes(database(fresh).read_bytes())
        done = ask("explain", other, "1.mlp/0", to=endpoint)
    assert done.returncode == 1
    assert "its explanations are of another recording" in done.stderr
    database(other).write_bytes(b"no database at all, but some other file" * 100)
    assert "not a database" in actogram("explanations", other).stderr


def test_units(fresh: Path, tmp_path: Path) -> None:
    tables = Tables(fresh)
    (tmp_path / "units").write_text("1.mlp/3\n\n0.mlp/5-7\r\n1.mlp/3\n")
    with ChatEndpoint(in_turn(reply("rain"))) as endpoint:
        for words, expected in (
            ([tmp_path / "units", "1.mlp/4"], [(0, 5), (0, 6), (0, 7), (1, 3), (1, 4)]),
            (["--top", 6], "max"),
            (["--top", 5, "--by", "frequency"], "n_positive"),
            (["--top", 4, "--by", "kurtosis", "--site", "0.mlp"], "kurtosis"),
        ):
            forget(fresh)
            assert ask("explain", fresh, *words, to=endpoint).returncode == 0
            kept = rows(fresh, "SELECT site, unit FROM explanations ORDER BY 1, 2")
            if isinstance(expected, str):
                meant = [i for i, site in enumerate(tables.units["site"])
                         if "--site" not in words or site.startswith("blocks.0.")]  # fmt: skip
                meant.sort(key=lambda i: -tables.units[expected][i])
                expected_rows = sorted((tables.units["site"][i], tables.units["unit"][i])
                                       for i in meant[: int(str(words[1]))])  # fmt: skip
            else:
                expected_rows = [(f"blocks.{b}.mlp.hook_post", u) for b, u in expected]
            assert kept == expected_rows
        for wrong, message in (
            ([], "write the units, or --top N"),
            (["1.mlp/0", "--top", 3], "and not both"),
            (["1.mlp/7-3"], "'1.mlp/7-3' runs backwards"),
            (["1.mlp/3-99"], "no unit 1.mlp/99"),
            (["1.mlp/3", "--by", "peak"], "--by requires --top"),
            (["--top", 3, "--by", "beauty"], "write one of peak|frequency|mean"),
        ):
            assert message in ask("explain", fresh, *wrong, to=endpoint).stderr
