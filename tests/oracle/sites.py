"""Runs dump_sites, which writes what actogram reads out of a model, and loads its arrays."""

import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Text:
    """One text as the model read it."""

    tokens: Array  # int32 [token]
    begin: Array  # int32 [token], byte offsets
    end: Array
    values: dict[str, Array]  # site -> float32 [token, unit]


def program() -> Path:
    build = Path(os.environ.get("ACTOGRAM_BUILD", "build/release"))
    return ROOT / build / "bin/dump_sites"  # an absolute `build` replaces ROOT


def run_dump_sites(
    model: Path, out: Path, texts: list[str], layers: str
) -> subprocess.CompletedProcess[str]:
    files = []
    for i, text in enumerate(texts):
        files.append(out / f"text.{i}.txt")
        files[-1].write_bytes(text.encode())
    return subprocess.run(
        [program(), model, out, layers, *files],
        capture_output=True,
        text=True,
        # Threads that spin at barriers starve each other on a shared machine.
        env={**os.environ, "OMP_WAIT_POLICY": "PASSIVE"},
        check=False,
    )


def read_sites(model: Path, texts: list[str], layers: str = "all") -> list[Text]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        result = run_dump_sites(model, out, texts, layers)
        assert result.returncode == 0, result.stderr
        assert result.stderr == "", "llama.cpp must not write to stderr"
        lines = [line.split() for line in (out / "sites.txt").read_text().splitlines()]
        return [
            read_text(out, i, {name: int(units) for name, units in lines})
            for i in range(len(texts))
        ]


def read_text(out: Path, i: int, sites: dict[str, int]) -> Text:
    table = np.fromfile(out / f"tokens.{i}.bin", np.int32).reshape(-1, 3)
    values = {}
    for name, n_units in sites.items():
        values[name] = np.fromfile(out / f"{name}.{i}.bin", np.float32).reshape(-1, n_units)
        assert len(values[name]) == len(table)
    return Text(table[:, 0], table[:, 1], table[:, 2], values)
