"""Runs dump_latents, which encodes rows with an SAE as actogram does, and loads what it wrote."""

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
ROOT = Path(__file__).resolve().parents[2]
EVENT = np.dtype([("row", np.uint32), ("latent", np.uint32), ("value", np.float32)])


def program() -> Path:
    build = Path(os.environ.get("ACTOGRAM_BUILD", "build/release"))
    return ROOT / build / "bin/dump_latents"  # an absolute `build` replaces ROOT


def run_dump_latents(
    weights: Path, rows: Array, folder: Path, **options: object
) -> subprocess.CompletedProcess[str]:
    (folder / "rows.bin").write_bytes(rows.astype(np.float32).tobytes())
    words = [f"{name}={value}" for name, value in options.items()]
    return subprocess.run(
        [program(), weights, folder / "rows.bin", folder / "events.bin", *words],
        capture_output=True,
        text=True,
        check=False,
    )


def encode(weights: Path, rows: Array, **options: object) -> Array:
    """The events, in the order in which they came."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        result = run_dump_latents(weights, rows, folder, **options)
        assert result.returncode == 0, result.stderr
        return np.fromfile(folder / "events.bin", EVENT)


def refusal(weights: Path, width: int = 4, **options: object) -> str:
    """The error that opening the weights must end in."""
    with tempfile.TemporaryDirectory() as name:
        result = run_dump_latents(weights, np.zeros((1, width)), Path(name), **options)
        assert result.returncode == 1, "no error"
        return result.stderr


def dense(events: Array, n_rows: int, n_latents: int) -> Array:
    keys = events["row"].astype(np.uint64) << np.uint64(32) | events["latent"]
    assert (np.diff(keys.astype(np.int64)) > 0).all(), "events come by row, then latent, once each"
    assert (events["value"] > 0).all()
    out = np.zeros((n_rows, n_latents), np.float32)
    out[events["row"], events["latent"]] = events["value"]
    return out
