"""`GET /api/search?stream=1`: lines while the search goes on, over a server of a recording whose
search takes some tenths of a second."""

import http.client
import json
import time
import urllib.parse
from collections.abc import Iterator
from typing import Any

import pytest
from oracle.recordings import run
from oracle.serving import ACTOGRAM, get, serving

N_DOCUMENTS = 60_000
TEXT = "some words, and then others; " * 10 + "gold"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("search")
    lines = [json.dumps({"text": TEXT})] * N_DOCUMENTS
    (folder / "t.jsonl").write_text("\n".join(lines))
    recording = folder / "r.acto"
    run([ACTOGRAM, "record", "fake:1x4", folder / "t.jsonl", "-o", recording, "--context", "32"])
    with serving(recording) as url:
        yield url


def ask(url: str, **parameters: object) -> http.client.HTTPResponse:
    host = urllib.parse.urlsplit(url).netloc
    connection = http.client.HTTPConnection(host, timeout=60)
    connection.request("GET", "/api/search?" + urllib.parse.urlencode(parameters))
    return connection.getresponse()


def test_lines_come_before_the_end_and_the_last_is_the_answer(url: str) -> None:
    begin = time.monotonic()
    answer = ask(url, text="Gold", stream=1)
    assert (answer.status, answer.getheader("Transfer-Encoding")) == (200, "chunked")
    lines: list[dict[str, Any]] = []
    times = []
    while line := answer.readline():
        lines.append(json.loads(line))
        times.append(time.monotonic() - begin)
    assert len(lines) > 2, times
    assert times[0] < times[-1] / 2, "the first line came with the last"
    assert lines[-1] == get(url, "search", text="Gold")
    done = [line["searched"]["n_sequences"] for line in lines[:-1]]
    assert done == sorted(done)
    assert 0 < done[0] < done[-1] <= lines[0]["searched"]["of_sequences"]
    occurrences = [line["n_occurrences"] for line in lines]
    assert occurrences == sorted(occurrences)
    assert occurrences[1] < occurrences[-1] == N_DOCUMENTS


def test_who_leaves_early_is_no_trouble(url: str) -> None:
    for _ in range(20):
        answer = ask(url, text="gold", stream=1)
        assert answer.readline().startswith(b'{"searched"')
        answer.close()
    slow = [ask(url, text="gold", stream=1, limit=1000) for _ in range(10)]
    begin = time.monotonic()
    assert get(url, "recording")["corpus"]["n_documents"] == N_DOCUMENTS
    assert time.monotonic() - begin < 2, "those that do not read hold up another"
    for answer in slow:
        assert json.loads(answer.read().splitlines()[-1])["n_occurrences"] == N_DOCUMENTS
