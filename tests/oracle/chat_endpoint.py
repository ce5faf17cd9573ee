"""A chat endpoint on this machine: answers as a test tells it to, and remembers the questions."""

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Cut(Exception):
    """The connection ends in the middle of the answer."""


Answer = tuple[int, dict[str, str], str]


def reply(text: str, finish: str = "stop") -> Answer:
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": finish}
    usage = {"prompt_tokens": 10, "completion_tokens": 5}
    return 200, {}, json.dumps({"model": "fake-1", "choices": [choice], "usage": usage})


def vectors(rows: list[list[float]]) -> Answer:
    data = [{"index": i, "embedding": row} for i, row in enumerate(rows)]
    usage = {"prompt_tokens": 10, "total_tokens": 10}
    return 200, {}, json.dumps({"model": "fake-1", "data": data[::-1], "usage": usage})


class ChatEndpoint:
    """`answer` gets the request's body and its number; it may raise Cut, or sleep. Connections are
    kept open; where `hangs_up`, each ends after an answer, and nobody is told before."""

    def __init__(self, answer: Callable[[Any, int], Answer]) -> None:
        self.requests: list[Any] = []
        self.headers: list[dict[str, str]] = []
        self.times: list[float] = []
        self.most_at_once = 0
        self.connections: set[Any] = set()
        self.hangs_up = False
        lock, busy = threading.Lock(), [0]
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # an answer is one packet

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    number = len(endpoint.requests)
                    endpoint.requests.append(body)
                    endpoint.connections.add(self.client_address)
                    endpoint.headers.append({k.lower(): v for k, v in self.headers.items()})
                    endpoint.times.append(time.monotonic())
                    busy[0] += 1
                    endpoint.most_at_once = max(endpoint.most_at_once, busy[0])
                try:
                    asks = "embeddings" if "input" in body else "chat/completions"
                    assert self.path == f"/v1/{asks}"
                    status, headers, text = answer(body, number)
                except Cut:
                    self.send_response(200)
                    self.send_header("Content-Length", "1000")
                    self.end_headers()
                    self.wfile.write(b'{"choices"')
                    self.close_connection = True
                    return
                finally:
                    with lock:
                        busy[0] -= 1
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())
                self.close_connection = endpoint.hangs_up

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/v1"

    def __enter__(self) -> "ChatEndpoint":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


def in_turn(*answers: Answer | Exception) -> Callable[[Any, int], Answer]:
    """One after another; the last of them for all that comes after it."""

    def answer(_: Any, number: int) -> Answer:
        found = answers[min(number, len(answers) - 1)]
        if isinstance(found, Exception):
            raise found
        return found

    return answer
