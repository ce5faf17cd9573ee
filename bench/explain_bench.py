#!/usr/bin/env python3
"""What does a question to a language model cost, besides the model?

    bench/explain_bench.py [--actogram build/release/bin/actogram] [--units 1000] [--at-once 32]

Explains units of a recording of the model without weights, by both methods for units with a value
at each token, asking an endpoint on this machine that answers after --delay seconds. Printed: the
processor time that actogram itself took for a question (opening the recording and making excerpts
included), and the time by the clock, in which the endpoint, written in Python, has its part.
Checked: every unit has its explanation, every question was asked once, and no more were under way
than wanted.
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


def answer_to(body: Any) -> str:
    question = body["messages"][-1]["content"]
    if "response_format" not in body:
        return f"things like {len(question)}"
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
    """What it reports, the questions, and its times in milliseconds a question."""
    endpoint.forget()
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    report = json.loads(process.stdout.read())
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status != 0 or report["failures"]:
        sys.exit(f"failed: {report['failures'][:3]}")
    n = endpoint.n_asked
    assert report["questions"] == n, (report["questions"], n)
    return {
        "report": report,
        "n": n,
        "own_ms": 1e3 * (used.ru_utime + used.ru_stime) / n,
        "wall_ms": 1e3 * seconds / n,
        "at_once": endpoint.most_at_once,
    }


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
    slowest = 0.0
    with tempfile.TemporaryDirectory() as name:
        recording = record(typed.actogram, Path(name), typed.units)
        for method in ("tokens", "excerpts"):
            units = f"0.mlp/0-{typed.units - 1}"
            command = [typed.actogram, "explain", str(recording), units, "--method", method]
            found = run([*command, *asked], endpoint)
            assert found["report"]["units"] == typed.units
            assert found["at_once"] <= typed.at_once
            print(
                f"{method:9} {found['n']:6} questions, {found['at_once']:3} at once: "
                f"{found['own_ms']:6.3f} ms of actogram's own time a question, "
                f"{found['wall_ms']:7.3f} ms by the clock"
            )
            slowest = max(slowest, found["own_ms"])
        with sqlite3.connect(recording.with_name("x.explanations.sqlite")) as database:
            (n,) = database.execute("SELECT count(*) FROM explanations").fetchone()
        assert n == 2 * typed.units
    print(f"slowest  {slowest:.3f} ms of a bound of {BOUND_MS} ms")


if __name__ == "__main__":
    main()
