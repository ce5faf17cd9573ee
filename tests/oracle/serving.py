"""`actogram serve`, for a test that asks it."""

import json
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from oracle.sites import program

ACTOGRAM = program().with_name("actogram")


@contextmanager
def serving(*words: object) -> Iterator[str]:
    """Over recordings, with options: where it answers, "http://127.0.0.1:7878/"."""
    command = [str(ACTOGRAM), "serve", *map(str, words), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()
    assert server.returncode == 0


def get(url: str, path: str, **parameters: object) -> Any:
    """The document `path` of a server at `url`."""
    query = urllib.parse.urlencode(parameters)
    with urllib.request.urlopen(f"{url}api/{path}?{query}") as answer:
        return json.load(answer)
