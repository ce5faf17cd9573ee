#!/usr/bin/env python3
"""What does a question to a language model cost, besides the model?

    bench/explain_bench.py [--actogram build/release/bin/actogram] [--units 1000] [--at-once 32]

Explains units of a recording of the model without weights, by both methods for units with a value
at each token, and scores their explanations by detection and fuzzing, asking an endpoint on this
machine that answers after --delay seconds. Printed: the processor time that actogram itself took
for a question, and by the clock, in which the endpoint, written in Python, has its part. The first
is the sum of three: starting and opening the recording (a run with one unit that is answered
already), finding and cutting excerpts, writing prompts and keeping results (a run of all units that
are answered already), and asking. Checked: every unit has its explanation and its scores, every
question was asked once, and no more were under way than wanted.
"""

import argparse
import json
import os
import platform
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

BOUND_MS = 2.0  # of a question
NO_SCORE = "a score needs both"  # some units have no excerpt without activity to be scored by


def answer_to(body: Any) -> str:
    question = body["messages"][-1]["content"]
    if "response_format" not in body:
        return f"things like {len(question)}"
    wanted = body["response_format"]["json_schema"]
    if wanted["name"] == "judgements":
        n = wanted["schema"]["properties"]["active"]["minItems"]
        return json.dumps({"active": [(len(question) + i) % 2 for i in range(n)]})
    return json.dumps({"explanation": f"Things like {len(question)}.", "concept": "things"})


class Endpoint(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, delay_s: float) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.delay_s = delay_s
        self.lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        self.n_asked = self.n_busy = self.most_at_once = 0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet, or the second waits for the first one's receipt
    server: Endpoint

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.n_asked += 1
            self.server.n_busy += 1
            self.server.most_at_once = max(self.server.most_at_once, self.server.n_busy)
        time.sleep(self.server.delay_s)
        choice = {"message": {"content": answer_to(body)}, "finish_reason": "stop"}
        text = json.dumps({"model": "fake", "choices": [choice], "usage": {}}).encode()
        with self.server.lock:
            self.server.n_busy -= 1
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: Any) -> None:
        pass


def record(actogram: str, folder: Path, n_units: int) -> Path:
    draw = random.Random(1)
    with (folder / "corpus.jsonl").open("w") as file:
        for _ in range(400):
            words = [f"word{draw.randrange(1000)}" for _ in range(draw.randrange(20, 80))]
            file.write(json.dumps({"text": " ".join(words)}) + "\n")
    out = folder / "x.acto"
    words = [actogram, "record", f"fake:1x{n_units}", str(folder / "corpus.jsonl"), "-o", str(out)]
    subprocess.run(words, check=True, stdout=sys.stderr, stderr=subprocess.DEVNULL)
    return out


def run(command: list[str], endpoint: Endpoint) -> dict[str, Any]:
    """What it reports, the questions, and its times in milliseconds."""
    endpoint.forget()
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    report = json.loads(process.stdout.read())
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    failures = [failure for failure in report["failures"] if NO_SCORE not in failure["reason"]]
    if failures or (status != 0 and not report["failures"]):
        sys.exit(f"failed: {failures[:3]}")
    assert report["questions"] == endpoint.n_asked, (report["questions"], endpoint.n_asked)
    return {
        "report": report,
        "own_ms": 1e3 * (used.ru_utime + used.ru_stime),
        "wall_ms": 1e3 * seconds,
        "at_once": endpoint.most_at_once,
    }


def measure(
    name: str, words: list[str], asked: list[str], n_units: int, endpoint: Endpoint
) -> tuple[float, int]:
    """Prints a row; gives back its own milliseconds a question, and how many were under way."""

    def of_units(units: str) -> dict[str, Any]:
        return run([*words[:3], units, *words[3:], *asked], endpoint)

    every = f"0.mlp/0-{n_units - 1}"
    fresh, known, opened = of_units(every), of_units(every), of_units("0.mlp/0")
    n = fresh["report"]["questions"]
    n_failed = len(fresh["report"]["failures"])
    assert fresh["report"]["units"] == n_units - n_failed
    assert n_failed < (n_units / 10 if words[1] == "score" else 1)
    assert known["report"]["questions"] == 0
    assert known["report"]["answered_before"] == n
    own, again, opening = (found["own_ms"] / n for found in (fresh, known, opened))
    print(
        f"{name:9} {n:6} {fresh['at_once']:8} {own:8.3f} {opening:8.3f} {again - opening:9.3f} "
        f"{own - again:7.3f} {fresh['wall_ms'] / n:9.3f}"
    )
    return own, fresh["at_once"]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--actogram", default="build/release/bin/actogram")
    parser.add_argument("--units", type=int, default=1000)
    parser.add_argument("--at-once", type=int, default=32)
    parser.add_argument("--delay", type=float, default=0.05, help="seconds for an answer")
    typed = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} CPUs; {' '.join(sys.argv)}")
    endpoint = Endpoint(typed.delay)
    threading.Thread(target=endpoint.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{endpoint.server_address[1]}/v1"
    asked = ["--llm", url, "--llm-model", "fake", "--at-once", str(typed.at_once), "--json"]
    print("          questions at once  own ms = opening + excerpts + asking   by clock")
    slowest = 0.0
    with tempfile.TemporaryDirectory() as name:
        recording = str(record(typed.actogram, Path(name), typed.units))
        for verb, option, value in (
            ("explain", "--method", "tokens"),
            ("score", "--scorer", "detect"),
            ("score", "--scorer", "fuzz"),
            ("explain", "--method", "excerpts"),  # last, so that one explanation a unit is scored
        ):
            words = [typed.actogram, verb, recording, option, value]
            own_ms, at_once = measure(value, words, asked, typed.units, endpoint)
            assert at_once <= typed.at_once
            slowest = max(slowest, own_ms)
        with sqlite3.connect(Path(recording).with_name("x.explanations.sqlite")) as database:
            (n,) = database.execute("SELECT count(*) FROM explanations").fetchone()
            (n_scored,) = database.execute(
                "SELECT count(*) FROM scores WHERE \"of\" = 'explanation'"
            ).fetchone()
        assert n == 2 * typed.units
        assert n_scored > 1.8 * typed.units
    print(f"slowest  {slowest:.3f} ms of a bound of {BOUND_MS} ms")


if __name__ == "__main__":
    main()
