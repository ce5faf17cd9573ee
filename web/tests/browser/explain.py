"""Explains the unit with the highest peak for the browser tests, through an endpoint of our own,
and writes scores of it as docs/format.md has them: explain.py ACTOGRAM RECORDING."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

from oracle.chat_endpoint import ChatEndpoint, reply

TEXT = "words about licences"
NUMBERS = {
    "balanced_accuracy": {"value": 0.75, "low": 0.5, "high": 0.9},
    "auc": {"value": 0.8, "low": 0.6, "high": 0.95},
    "n_active": 8,
}


def main() -> None:
    program, recording = sys.argv[1:]
    with ChatEndpoint(lambda body, n: reply(TEXT)) as endpoint:
        words = [
            "explain",
            recording,
            "--top",
            "1",
            "--llm",
            endpoint.url,
            "--llm-model",
            "made-up",
        ]
        subprocess.run([program, *words], check=True)
    with sqlite3.connect(Path(recording).with_suffix(".explanations.sqlite")) as file:
        for of, value in (("explanation", 0.75), ("other unit", 0.5)):
            numbers = {**NUMBERS, "balanced_accuracy": {"value": value, "low": 0.4, "high": 0.9}}
            file.execute(
                "INSERT INTO scores SELECT id, 'detect', '1', 'judge', '{}', ?, explanation, ?, "
                "'[]' FROM explanations",
                (of, json.dumps(numbers)),
            )


if __name__ == "__main__":
    main()
