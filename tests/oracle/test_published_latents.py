"""An SAE's latents on SmolLM2's own values, against those that PyTorch wrote.

tests/golden/sae-parquet-4subset has a ReLU encoder of torch.nn.Linear, what Hugging Face
transformers has behind layer 19 of SmolLM2 at some tokens of each prompt, and what the encoder
makes of it: in full at these tokens, and every latent that is on at all others (PROVENANCE.md
there). No latent is within 1.5e-4 of being on or off.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from oracle.latents import Array, dense, encode
from oracle.recordings import run
from oracle.sae_tables import ACTOGRAM, GOLDEN, TABLES, arrow, read, unpack
from safetensors.numpy import load_file

ENCODER = GOLDEN / "sae_encoder.safetensors"
N_LATENTS, WIDTH = 400, 576
N_PROMPTS = 20  # of 170, some 2,000 tokens


def test_latents_of_the_same_values() -> None:
    values, expected = [], []
    for row in read(GOLDEN, TABLES[1]).to_pylist():
        _, raw = unpack(row["activations_layer19"])
        values.append(np.frombuffer(raw, "<f4").reshape(-1, WIDTH))
        _, text = unpack(row["sae_representation"])
        for pairs in json.loads(text):
            latents = np.zeros(N_LATENTS, np.float32)
            for latent, value in pairs:
                latents[latent] = value
            expected.append(latents)
    rows, latents = np.concatenate(values), np.array(expected)
    assert len(rows) == len(latents) > 170
    found = dense(encode(ENCODER, rows), len(rows), N_LATENTS)
    assert ((found != 0) == (latents != 0)).all()
    # A sum of 576 terms is rounded at float32's 6e-8 of them.
    rounding = 2e-7 * np.abs(rows).max(axis=1, keepdims=True)
    assert (np.abs(found - latents) <= 1e-5 * latents + rounding).all()


def prompts() -> list[dict[str, Any]]:
    told = json.loads((GOLDEN / "tokens.json").read_text())["prompts"]
    assert len(told) == 170
    return list(told[:N_PROMPTS])


def published_latents() -> Array:
    """[token, latent] of the first prompts, one after the other."""
    first, n_tokens = {}, 0
    for prompt in prompts():
        first[prompt["prompt_id"]] = n_tokens
        n_tokens += len(prompt["token_ids"])
    latents = np.zeros((n_tokens, N_LATENTS), np.float32)
    for event in read(GOLDEN, TABLES[0]).to_pylist():
        if event["prompt_id"] not in first:
            continue
        token = first[event["prompt_id"]] + event["token_position"]
        latents[token, event["feature_id"]] = event["activation_value"]
    return latents


@pytest.mark.slow
def test_latents_of_a_recording(float32_model: Path, tmp_path: Path) -> None:
    ids = pa.array([prompt["token_ids"] for prompt in prompts()], pa.list_(pa.int32()))
    pq.write_table(pa.table({"input_ids": ids}), tmp_path / "ids.parquet")
    recording = tmp_path / "x.acto"
    words = ["record", str(float32_model), str(tmp_path / "ids.parquet"), "-o", str(recording)]
    words += ["--context", "1024", "--no-neurons", "--sae", f"{ENCODER}@19.resid_post"]
    run([ACTOGRAM, *words])
    expected = published_latents()
    spans = arrow(recording, "unit_spans.arrow")
    tokens = arrow(recording, "unit_events.arrow")["token"].to_numpy()
    values = arrow(recording, "unit_events.arrow")["value"].to_numpy()
    found = np.zeros_like(expected)
    for latent, (begin, n) in enumerate(
        zip(spans["first_event"].to_pylist(), spans["n_events"].to_pylist(), strict=True)
    ):
        found[tokens[begin : begin + n], latent] = values[begin : begin + n]
    assert ((found != 0) == (expected != 0)).all()
    # The model's sums run in another order than PyTorch's (test_transformers.py: 3e-7 to 3e-6), and
    # a latent is what is left of one of them above the bias.
    of_sum = np.where(expected > 0, expected + np.abs(load_file(ENCODER)["encoder_linear.bias"]), 1)
    far = np.abs(found - expected) / of_sum
    assert np.quantile(far[expected > 0], 0.99) < 1e-5
    assert far.max() < 1e-4
