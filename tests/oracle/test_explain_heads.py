"""Attention heads, explained and scored by pairs of tokens: what is asked is built again from
head_peaks.arrow, the pairs are chosen and the ROC AUC is computed again here."""

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracle.chat_endpoint import Answer, ChatEndpoint, reply
from oracle.recordings import run
from oracle.tdb_dataclasses import load
from oracle.test_explain import ACTOGRAM, EXPLAIN, SCORE, actogram, ask, database, rows, table
from oracle.test_explain_numbers import MASK, fnv1a, mix

SITE = "blocks.1.attn.hook_pattern"
SEPARATOR = "\n<|sequence_separator|>\n"
N_HEADS = 3


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One token a byte, characters of several bytes, marks in the text, a BOS without text."""
    folder = tmp_path_factory.mktemp("heads")
    random = np.random.default_rng(8)
    pieces = ["[[", "]]", "**", "*", "a[0]", "é", "日本", "\n", "<|x|>", *"abcdefgh    "]
    texts = ["".join(random.choice(pieces, size=random.integers(8, 30))) for _ in range(60)]
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    (folder / "corpus.jsonl").write_text(lines)
    run(
        [ACTOGRAM, "record", f"fake:2x8x{N_HEADS}", folder / "corpus.jsonl", "-o"]
        + [folder / "x.acto", "--units", "mlp,attn", "--context", "48", "--window", "16"]
        + ["--top", "12", "--bottom", "4", "--random", "12"]
    )
    return folder / "x.acto"


@pytest.fixture
def fresh(recording: Path) -> Path:
    database(recording).unlink(missing_ok=True)
    return recording


# ---- the recording, read without actogram ----


def unit_key(head: int) -> int:
    return mix((fnv1a(SITE.encode()) + head) & MASK)


def part_of(head: int, text: bytes) -> int:
    split = mix(fnv1a(b"explanation split") ^ unit_key(head))
    drawn = (mix(split ^ mix(fnv1a(text))) >> 32) / 2**32
    return EXPLAIN if drawn < 1 / 2 else 1 if drawn < 5 / 8 else SCORE


def pieces_of(document: bytes, spans: list[tuple[int, int]]) -> list[tuple[str, list[int]]]:
    """Runs of tokens that end with a character, whole, and which tokens they are."""

    def starts(at: int) -> bool:
        return at >= len(document) or document[at] & 0xC0 != 0x80

    found: list[tuple[str, list[int]]] = []
    for i, (begin, end) in enumerate(spans):
        if found and not starts(spans[i - 1][1]):
            found[-1][1].append(i)
        else:
            found.append(("", [i]))
        first = spans[found[-1][1][0]][0]
        while begin < end and not starts(first):
            first -= 1
        while begin < end and not starts(end):
            end += 1
        found[-1] = (document[first:end].decode() if end > first else "", found[-1][1])
    return found


def excerpts_of(recording: Path, head: int) -> list[dict[str, Any]]:
    """In the recording's order, the highest first, with a matrix of values between pieces."""
    documents = table(recording, "documents.arrow")["text"]
    sequences, tokens = table(recording, "sequences.arrow"), table(recording, "tokens.arrow")
    heads, peaks = table(recording, "heads.arrow"), table(recording, "head_peaks.arrow")
    row = N_HEADS + head
    first = heads["first_peak"][row]
    found = []
    for i in range(first, first + heads["n_peaks"][row]):
        peak = {name: column[i] for name, column in peaks.items()}
        if peak["groups"] == 0:
            continue
        document = documents[sequences["document_row"][peak["sequence"]]]
        begin = sequences["first_token"][peak["sequence"]] + peak["window_begin"]
        cut = slice(begin, begin + peak["n"])
        spans = list(zip(tokens["begin"][cut], tokens["end"][cut], strict=True))
        pieces = pieces_of(document, spans)
        values = np.full((peak["n"], peak["n"]), -np.inf, np.float32)
        values[np.tril_indices(peak["n"])] = np.array(peak["pattern"], np.float32)
        if len(peak["key_norms"]) > 0:
            values *= np.array(peak["key_norms"], np.float32)
        between = np.array(
            [[values[np.ix_(q, k)].max() for _, k in pieces] for _, q in pieces], np.float32
        )
        peak |= {"texts": [text for text, _ in pieces], "values": between}
        peak["part"] = part_of(head, document)
        found.append(peak)
    return found


def pairs_of(excerpts: list[dict[str, Any]]) -> list[tuple[float, int, int, int]]:
    return [
        (float(e["values"][q, k]), i, q, k)
        for i, e in enumerate(excerpts)
        for q in range(len(e["texts"]))
        for k in range(q + 1)
    ]


def escape(text: str) -> str:
    """As src/explain/prompt_text.h and head_prompts.h have it, for these texts."""
    if not text:
        return "<|no_text|>"
    out = ""
    for i, c in enumerate(text):
        after, before = text[i + 1 : i + 2], text[:i][-1:]
        edge = not after or not before
        mark = c == "<" and (not after or after not in " 0123456789=")
        mark |= c == ">" and (edge or ">" in (after, before))
        mark |= c in "[]*" and (edge or c in (after, before))
        out += "\\n" if c == "\n" else f"\\u{ord(c):04x}" if mark else c
    return out


def marked(texts: list[str], query: int, key: int) -> str:
    out = ""
    for i, text in enumerate(texts):
        token = escape(text)
        token = f"**{token}**" if i == key else token
        out += f"[[{token}]]" if i == query else token
    return out


# ---- explaining ----


def test_what_an_explainer_of_heads_is_asked(fresh: Path) -> None:
    with ChatEndpoint(lambda body, n: reply(" attends to mud.")) as endpoint:
        words = ["1.attn/0-2", "--method", "heads"]
        done = ask("explain", fresh, *words, to=endpoint)
        wrong = ask("explain", fresh, "1.attn/0", to=endpoint)
        neuron = ask("explain", fresh, "1.mlp/0", "--method", "heads", to=endpoint)
        top = ask("explain", fresh, "--top", 2, "--method", "heads", to=endpoint)
    assert done.returncode == 0, done.stdout
    expected = set()
    for head in range(N_HEADS):
        mine = [e for e in excerpts_of(fresh, head) if e["part"] == EXPLAIN and e["value"] > 0]
        strongest = sorted(pairs_of(mine), key=lambda pair: -pair[0])[:5]
        order = list(dict.fromkeys(i for _, i, _, _ in strongest))
        shown = [
            marked(mine[i]["texts"], q, k) for i in order for _, at, q, k in strongest if at == i
        ]
        expected.add(
            f"\n\nAttention head 4\nActivations:\n{SEPARATOR.join(shown)}\n"
            "Explanation of attention head 4 behavior: this attention head"
        )
    asked = [request["messages"][-1]["content"] for request in endpoint.requests]
    assert set(asked[:N_HEADS]) == expected
    assert "an attention head, whose values are of pairs of tokens: --method heads" in wrong.stdout
    assert "no attention head: --method tokens or excerpts" in neuron.stdout
    assert json.loads(top.stdout)["units"] == 2
    kept = rows(fresh, "SELECT site, unit, method, explanation FROM explanations WHERE site = "
                f"'{SITE}' ORDER BY unit")  # fmt: skip
    assert kept == [(SITE, head, "heads", "attends to mud.") for head in range(N_HEADS)]


# ---- scoring ----


def chance_of(question: str) -> float:
    """What the judge thinks of a pair, in steps, so that some tie."""
    return (mix(fnv1a(question.split("Sequence:\n")[-1].encode())) % 8 + 1) / 10


def judge(body: Any, number: int) -> Answer:
    question = body["messages"][-1]["content"]
    if not question.startswith("\n\nExample "):
        return reply(f"attends to thing {mix(fnv1a(question.encode())) % 97}")
    assert body["logprobs"] is True
    status, headers, text = reply("1" if chance_of(question) >= 0.5 else "0")
    answer = json.loads(text)
    one = chance_of(question)
    # The rest of the chances goes to other tokens; "1" and " 1" are one.
    top = [("0", 0.8 * (1 - one)), ("1", 0.5 * one), (" 1", 0.3 * one), ("yes", 0.2)]
    listed = [{"token": token, "logprob": math.log(chance)} for token, chance in top]
    answer["choices"][0]["logprobs"] = {"content": [{"token": "?", "top_logprobs": listed}]}
    return status, headers, json.dumps(answer)


def pairs_to_judge(recording: Path, head: int) -> tuple[list[Any], list[Any], Any]:
    mine = [e for e in excerpts_of(recording, head) if e["part"] == SCORE]
    pairs = sorted(pairs_of(mine), key=lambda pair: -pair[0])
    key = mix(unit_key(head) ^ fnv1a(b"judged pairs"))

    def drawn(pair: Any) -> int:
        _, i, q, k = pair
        return mix(key ^ mix((mine[i]["sequence"] << 32) | (q * (q + 1) // 2 + k)))

    weak = [pair for pair in pairs if 0 <= pair[0] < 0.1 * pairs[0][0]]
    return pairs[:5], sorted(weak, key=drawn)[:5], mine


def test_scores_of_heads(fresh: Path, tmp_path: Path) -> None:
    with ChatEndpoint(judge) as endpoint:
        ask("explain", fresh, "1.attn/0-2", "--method", "heads", to=endpoint)
        endpoint.requests.clear()
        done = ask("score", fresh, "1.attn/0-2", "--scorer", "pairs", to=endpoint)
        questions = {request["messages"][-1]["content"] for request in endpoint.requests}
        n_asked = len(endpoint.requests)
        again = ask("score", fresh, "1.attn/0-2", "--scorer", "pairs", to=endpoint)
        assert len(endpoint.requests) == n_asked, "the journal has the chances too"
    assert done.returncode == 0, done.stdout
    assert json.loads(again.stdout)["questions"] == 0
    listed = json.loads(actogram("explanations", fresh, "--json").stdout)["explanations"]
    assert len(listed) == N_HEADS
    for entry in listed:
        head = int(entry["address"].rsplit("/", 1)[1])
        strong, weak, mine = pairs_to_judge(fresh, head)
        assert len(strong) == len(weak) == 5
        assert [s["of"] for s in entry["scores"]] == ["explanation", "other unit", "top tokens"]
        for score in entry["scores"]:
            found = [(p["sequence"], p["query"], p["key"], p["active"]) for p in score["excerpts"]]
            assert found == [
                (mine[i]["sequence"], q, k, active)
                for active, pairs in ((True, strong), (False, weak))
                for _, i, q, k in pairs
            ]
            predicted = []
            for pair, (value, i, q, k) in zip(score["excerpts"], strong + weak, strict=True):
                assert pair["value"] == pytest.approx(value)
                assert pair["tokens"] == mine[i]["texts"]
                told = escape_line(score["text"])
                question = (
                    f"\n\nExample 7\nExplanation: this attention head {told}\n"
                    f"Sequence:\n{marked(mine[i]['texts'], q, k)}\n"
                    "Prediction of whether attention head 7 activates on the token pair: "
                )
                assert question in questions
                predicted.append(chance_of(question))
            assert [p["predicted"] for p in score["excerpts"]] == pytest.approx(predicted)
            assert score["numbers"]["auc"]["value"] == pytest.approx(
                auc(predicted[:5], predicted[5:])
            )
            assert score["numbers"]["n_active"] == score["numbers"]["n_inactive"] == 5
    check_export(fresh, tmp_path / "out", listed)


def escape_line(text: str) -> str:
    """escaped() of a whole line: a < before a letter, and what ends or doubles a >."""
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    text = re.sub(r"<(?![ 0-9=])", r"\\u003c", text)
    return re.sub(r"(?<=>)>|>(?=>)|^>|>$", r"\\u003e", text)


def auc(strong: list[float], weak: list[float]) -> float:
    won = [1.0 if s > w else 0.5 if s == w else 0.0 for s in strong for w in weak]
    return sum(won) / len(won)


def check_export(recording: Path, out: Path, listed: list[Any]) -> None:
    """As AttentionSimulationResults, read by the original's classes and by ourselves."""
    done = actogram("explanations", recording, "--export", "tdb", "-o", out)
    assert done.returncode == 0, done.stderr
    for entry in listed:
        head = int(entry["address"].rsplit("/", 1)[1])
        score = entry["scores"][0]
        results = load(out / f"attn_write_norm/explanations/1/{head}.jsonl")
        assert (results.attention_head_id.layer_index, results.attention_head_id.neuron_index) == (
            1, head,
        )  # fmt: skip
        (explained,) = results.scored_explanations
        assert explained.explanation == entry["explanation"]
        simulation = explained.scored_attention_simulation
        assert simulation.roc_auc_score == score["numbers"]["auc"]["value"]
        for one, pair in zip(simulation.attention_simulations, score["excerpts"], strict=True):
            assert one.token_pair_coords == [pair["query"], pair["key"]]
            assert one.token_pair_label == int(pair["active"])
            assert one.simulation_prediction == pair["predicted"]
            assert one.tokens == pair["tokens"]
    back = out.with_suffix(".acto")
    run([ACTOGRAM, "import", out, "-o", back, "--format", "tdb"])
    page = json.loads(actogram("show", back, "1.attn/0", "--json").stdout)
    assert [e["score"] for e in page["explanations"]] == [
        listed[0]["scores"][0]["numbers"]["auc"]["value"]
    ]


def test_a_host_without_chances_says_0_or_1(fresh: Path) -> None:
    def answer(body: Any, number: int) -> Answer:
        question = body["messages"][-1]["content"]
        if "logprobs" in body:
            return 400, {}, '{"error": {"message": "logprobs is not supported"}}'
        if not question.startswith("\n\nExample "):
            return reply("attends to mud")
        return reply(f" {number % 2}\n" if number % 5 else "perhaps")

    def plain(body: Any, number: int) -> Answer:
        if "logprobs" in body:
            return 400, {}, '{"error": {"message": "logprobs is not supported"}}'
        return reply(f" {number % 2}\n")

    with ChatEndpoint(answer) as endpoint:
        ask("explain", fresh, "1.attn/0", "--method", "heads", to=endpoint)
        done = ask("score", fresh, "1.attn/0", "--scorer", "pairs", to=endpoint)
        assert "expected 0 or 1, found perhaps" in done.stdout
        assert rows(fresh, "SELECT * FROM scores") == []
    with ChatEndpoint(plain) as endpoint:
        done = ask("score", fresh, "1.attn/0", "--scorer", "pairs", to=endpoint)
        assert done.returncode == 0, done.stdout
        assert ["logprobs" in body for body in endpoint.requests].count(True) >= 1
    (listed,) = json.loads(actogram("explanations", fresh, "--json").stdout)["explanations"]
    predicted = {p["predicted"] for s in listed["scores"] for p in s["excerpts"]}
    assert predicted == {0, 1}
    assert "pairs, explanation: ROC AUC" in actogram("explanations", fresh).stdout
