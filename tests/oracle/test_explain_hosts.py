"""What actogram does when the host of a language model is slow, refuses, breaks off, or knows a
part of the protocol only; what it tells whom of a key."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from oracle.chat_endpoint import Answer, ChatEndpoint, Cut, in_turn, reply
from oracle.recordings import run
from oracle.test_explain import ACTOGRAM, SITE, actogram, ask, database, forget, rows

GOOD = reply("rain")


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hosts")
    lines = [json.dumps({"text": f"{i} drops of rain, and wind from {i * i}"}) for i in range(100)]
    (folder / "corpus.jsonl").write_text("\n".join(lines))
    run([ACTOGRAM, "record", "fake:2x12", folder / "corpus.jsonl", "-o", folder / "x.acto"])
    return folder / "x.acto"


@pytest.fixture
def fresh(recording: Path) -> Path:
    forget(recording)
    return recording


@pytest.mark.parametrize(
    ("answers", "n_asked"),
    [
        ([(500, {}, "oops"), GOOD], 2),
        ([(503, {}, "<html>"), (429, {"Retry-After": "0"}, "{}"), GOOD], 3),
        ([Cut(), GOOD], 2),
    ],
)
def test_what_passes_is_tried_again(fresh: Path, answers: list[Any], n_asked: int) -> None:
    with ChatEndpoint(in_turn(*answers)) as endpoint:
        done = ask("explain", fresh, "1.mlp/0", to=endpoint)
    assert done.returncode == 0, done.stdout
    assert len(endpoint.requests) == n_asked
    assert rows(fresh, "SELECT explanation FROM explanations") == [("rain",)]
    assert rows(fresh, "SELECT * FROM failures") == []


def test_a_host_that_is_slow_once_is_asked_again(fresh: Path) -> None:
    def slow_once(_: Any, number: int) -> Answer:
        if number == 0:
            time.sleep(2.5)
        return reply(f"rain {number}")

    with ChatEndpoint(slow_once) as endpoint:
        done = ask("explain", fresh, "1.mlp/0", "--timeout", 1, to=endpoint)
    assert done.returncode == 0, done.stdout
    assert len(endpoint.requests) == 2
    assert rows(fresh, "SELECT explanation FROM explanations") == [("rain 1",)]


def test_a_host_that_asks_for_patience_gets_it(fresh: Path) -> None:
    wait = (429, {"Retry-After": "1.5"}, '{"error": {"message": "slow down"}}')
    with ChatEndpoint(in_turn(wait, GOOD)) as endpoint:
        assert ask("explain", fresh, "1.mlp/0", to=endpoint).returncode == 0
        assert endpoint.times[1] - endpoint.times[0] >= 1.5


JSON_METHOD = ["--method", "excerpts"]


@pytest.mark.parametrize(
    ("answers", "words", "reason", "n_asked"),
    [
        ([(500, {}, "oops")], ["--attempts", 2], "HTTP status 500: oops; tried 2 times", 2),
        ([(429, {"Retry-After": "3600"}, "{}")], [], "the host asks to wait 3600 s", 1),
        ([(401, {}, '{"error": {"message": "who are you"}}')], [], "status 401: who are you", 1),
        ([(404, {}, "")], [], "HTTP status 404", 1),
        ([(200, {}, "not json")], [], "not JSON", 1),
        ([(200, {}, '{"choices": []}')], [], "`choices`: expected a list with an answer", 1),
        ([reply("cut off", "length")], [], "cut at the limit of its tokens", 1),
        ([reply("   ")], [], "explanation is empty", 1),
        ([reply("rain")], JSON_METHOD, "the model's answer: not JSON", 1),
        ([reply('{"explanation": "rain"}')], JSON_METHOD, "`concept` is missing", 1),
        ([reply('{"explanation": 1, "concept": ""}')], JSON_METHOD, "expected a string", 1),
    ],
)
def test_a_failure_is_a_failure(
    fresh: Path, answers: list[Any], words: list[Any], reason: str, n_asked: int
) -> None:
    with ChatEndpoint(in_turn(*answers)) as endpoint:
        done = ask("explain", fresh, "1.mlp/0", *words, to=endpoint)
    assert done.returncode == 1
    failures = json.loads(done.stdout)["failures"]
    assert failures[0]["address"] == f"{SITE}/0"
    assert reason in failures[0]["reason"]
    assert len(endpoint.requests) == n_asked
    assert rows(fresh, "SELECT * FROM explanations") == []
    assert rows(fresh, "SELECT unit, reason FROM failures") == [(0, failures[0]["reason"])]


def test_connections_are_kept(fresh: Path) -> None:
    """One for each question under way; where the host hangs up, another, and nothing twice."""
    with ChatEndpoint(lambda body, n: GOOD) as endpoint:
        assert ask("explain", fresh, "1.mlp/0-11", "--at-once", 3, to=endpoint).returncode == 0
        assert len(endpoint.requests) == 12
        assert len(endpoint.connections) <= 3
        forget(fresh)
        endpoint.hangs_up = True
        endpoint.requests.clear()
        endpoint.connections.clear()
        assert ask("explain", fresh, "1.mlp/0-5", "--at-once", 1, to=endpoint).returncode == 0
        assert len(endpoint.requests) == len(endpoint.connections) == 6


def test_nobody_there_and_nobody_in_time(fresh: Path) -> None:
    def late(_: Any, number: int) -> Answer:
        time.sleep(2.5)
        return GOOD

    with ChatEndpoint(late) as endpoint:
        done = ask("explain", fresh, "1.mlp/0", "--timeout", 1, "--attempts", 1, to=endpoint)
        assert "no answer in time" in done.stdout
    done = ask("explain", fresh, "1.mlp/0", "--attempts", 1, to=endpoint)
    assert "no connection" in done.stdout


def test_the_key_goes_to_the_host_and_nowhere_else(fresh: Path) -> None:
    key = "sk-very-secret"
    answers = in_turn((401, {}, f'{{"error": {{"message": "bad key {key}"}}}}'), GOOD)
    with ChatEndpoint(answers) as endpoint:
        refused = ask("explain", fresh, "1.mlp/0", to=endpoint, key=key)
        assert "bad key ***" in refused.stdout
        assert ask("explain", fresh, "1.mlp/1", to=endpoint, key=key).returncode == 0
    assert endpoint.headers[0]["authorization"] == f"Bearer {key}"
    assert key not in refused.stdout + refused.stderr
    assert key.encode() not in database(fresh).read_bytes()
    for url in ("http://example.org/v1", "http://localhost:1@example.org/v1"):
        words = ["explain", fresh, "1.mlp/0", "--llm", url, "--llm-model", "m"]
        done = actogram(*words, key=key)
        assert done.returncode == 1
        assert "in the clear" in done.stderr or "a user's name" in done.stderr


def test_a_host_without_schemas_is_asked_without(fresh: Path) -> None:
    def answer(body: Any, _: int) -> Answer:
        if "response_format" in body:
            return 400, {}, '{"error": {"message": "response_format is not supported"}}'
        return reply('{"explanation": "Rain.", "concept": "rain"}')

    with ChatEndpoint(answer) as endpoint:
        words = ["1.mlp/0-3", "--method", "excerpts", "--at-once", 1]
        assert ask("explain", fresh, *words, to=endpoint).returncode == 0
    forms = [body.get("response_format", {}).get("type") for body in endpoint.requests]
    assert forms == ["json_schema", "json_object", None, None, None, None]


def test_a_host_that_knows_schemas_by_another_name(fresh: Path) -> None:
    """As llama-cpp-python's server, which answers 500 to a body that it cannot read."""

    def answer(body: Any, _: int) -> Answer:
        if body["response_format"]["type"] != "json_object":
            return 500, {}, "{\"error\": {\"message\": \"[{'loc': ('body', 'response_format')}]\"}}"
        assert body["response_format"]["schema"]["required"] == ["explanation", "concept"]
        return reply('{"explanation": "Rain.", "concept": "rain"}')

    with ChatEndpoint(answer) as endpoint:
        words = ["1.mlp/0-1", "--method", "excerpts", "--at-once", 1]
        assert ask("explain", fresh, *words, to=endpoint).returncode == 0
    assert len(endpoint.requests) == 3
