"""Delphi's latent caches that contradict themselves or cannot be."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from oracle.delphi import (
    FORMAT,
    GOLDEN,
    Tensors,
    error_of,
    expected_rows,
    exported,
    imported,
    noise,
    rows,
    splits_of,
    write_splits,
)
from safetensors.numpy import load_file, save_file

Damage = Callable[[Tensors], None]


def put(name: str, at: Any, value: Any) -> Damage:
    def damage(tensors: Tensors) -> None:
        tensors[name][at] = value

    return damage


def change(name: str, make: Callable[[Any], Any]) -> Damage:
    def damage(tensors: Tensors) -> None:
        tensors[name] = make(tensors[name])

    return damage


DAMAGES: dict[str, tuple[Damage, str]] = {
    "no locations": (lambda t: t.pop("locations"), "no tensor locations: is it a file of a Delphi"),
    "no activations": (lambda t: t.pop("activations"), "no tensor activations"),
    "float places": (
        change("locations", lambda v: v.astype(np.float32)),
        "locations are float32; expected an integer",
    ),
    "double values": (
        change("activations", lambda v: v.astype(np.float64)),
        "activations are float64; expected float16, bfloat16 or float32",
    ),
    "float tokens": (
        change("tokens", lambda v: v.astype(np.float32)),
        "tokens are float32; expected an integer",
    ),
    "pairs": (
        change("locations", lambda v: v[:, :2].copy()),
        "locations is [200, 2]; expected [200, 3], as there are activations",
    ),
    "fewer values": (
        change("activations", lambda v: v[:-1]),
        "locations is [200, 3]; expected [199, 3]",
    ),
    "a matrix of values": (
        change("activations", lambda v: v[None]),
        "activations is [1, 200]; expected [events]",
    ),
    "a row of tokens": (
        change("tokens", lambda v: v[0]),
        "tokens is [12]; expected [sequences, context]",
    ),
    "latent of the next file": (
        put("locations", (7, 2), 5),
        "row 7 of locations is latent 5 of the file; expected 0 to 4",
    ),
    "negative latent": (
        put("locations", (7, 2), -1),
        "row 7 of locations is latent -1 of the file",
    ),
    "position": (
        put("locations", (8, 1), 12),
        "row 8 of locations is position 12 of sequence",
    ),
    "sequence": (put("locations", (9, 0), 50), "tokens are [50, 12]"),
    "huge sequence": (put("locations", (9, 0), 2**40), "of sequence 1099511627776; tokens are"),
    "NaN": (put("activations", 11, np.nan), "row 11 of activations is NaN"),
    "another token": (
        put("tokens", (3, 4), 77777),
        "tokens: position 4 of sequence 3 is 77777, in another file",
    ),
    "another shape of tokens": (
        change("tokens", lambda v: v[:-1]),
        "tokens are [49, 12], in another file [50, 12]: are they of one run?",
    ),
    "no token's id": (
        put("tokens", (3, 4), -5),
        "tokens: position 4 of sequence 3 is -5: no token's id",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_an_error_that_says_where(tmp_path: Path, damage: str) -> None:
    apply, message = DAMAGES[damage]
    cache = noise(10, seed=5, n=400)
    cache["locations"][:, 2] = np.arange(400) // 200 * 5 + cache["locations"][:, 2] % 5
    _, keep = np.unique(cache["locations"], axis=0, return_index=True)
    assert len(keep) > 300
    folder = write_splits(tmp_path / "c/layers.1", cache, [0, 5, 10], activations=torch.float32)
    file = folder / "5_9.safetensors"
    tensors = load_file(file)
    apply(tensors)
    save_file({k: np.ascontiguousarray(v) for k, v in tensors.items()}, file)
    error = error_of("import", folder.parent, "-o", tmp_path / "x.acto", *FORMAT)
    assert f"{file}: {message}" in error or (message in error and str(file) in error)
    assert not (tmp_path / "x.acto").exists()
    assert not (tmp_path / "x.acto.partial").exists()


def test_one_event_with_two_values(tmp_path: Path) -> None:
    cache = noise(4, seed=6, n=50)
    cache["locations"][7], cache["activations"][[3, 7]] = cache["locations"][3], [1.5, 2.5]
    sequence, position, latent = cache["locations"][3]
    folder = write_splits(tmp_path / "c/layers.1", cache, [0, 2, 4], activations=torch.float32)
    error = error_of("import", folder.parent, "-o", tmp_path / "x.acto", *FORMAT)
    where = f"layers.1: sequence {sequence}, position {position}: latent {latent}"
    assert f"{where} has two values: " in error


def test_files_that_overlap_or_are_missing(tmp_path: Path) -> None:
    cache = noise(10, seed=7)
    folder = write_splits(tmp_path / "c/layers.1", cache, [0, 3, 6, 10], activations=torch.float32)
    command = ("import", folder.parent, "-o", tmp_path / "x.acto", *FORMAT)
    middle = folder / "3_5.safetensors"
    missing = middle.rename(tmp_path / "away")
    assert f"{folder}: latents 3 to 5 are in no file: some are missing" in error_of(*command)
    shutil.copy(missing, folder / "2_5.safetensors")
    error = error_of(*command)
    assert f"{folder}/2_5.safetensors: its latents from 2 on are in another file, too" in error
    (folder / "2_5.safetensors").rename(folder / "5_2.safetensors")
    assert "5_2.safetensors: from 5 to 2" in error_of(*command)
    (folder / "5_2.safetensors").rename(folder / "3_5.safetensors")
    (folder / "0_2.safetensors").unlink()
    assert "latents 0 to 2 are in no file" in error_of(*command)


def test_what_the_files_say_together(tmp_path: Path) -> None:
    folder = shutil.copytree(GOLDEN / "latents", tmp_path / "c")
    command = ("import", folder, "-o", tmp_path / "x.acto", *FORMAT)
    config = folder / "layers.2/config.json"
    whole = json.loads(config.read_text())
    config.write_text(json.dumps(whole | {"cache_ctx_len": 64}))
    assert f"{config}: cache_ctx_len is 64, and tokens are [320, 32]" in error_of(*command)
    config.write_text(json.dumps(whole | {"model_name": "another"}))
    assert "model_name is SmolLM2-135M-Instruct, of another hookpoint another" in error_of(*command)
    config.write_text("[]")
    assert f"{config}: expected an object" in error_of(*command)
    config.write_text("{")
    assert str(config) in error_of(*command)
    config.unlink()
    assert "--latents 100: the files of layers.2 are of 512 latents" in error_of(
        *command, "--latents", "100"
    )
    shutil.copytree(folder / "layers.2", folder / "h.2")
    assert "h.2 and layers.2 are both blocks.2.hook_resid_post/sae:delphi" in error_of(*command)
    (tmp_path / "empty").mkdir()
    assert "no latent caches: expected" in error_of(
        "import", tmp_path / "empty", "-o", tmp_path / "x.acto", *FORMAT
    )


def test_a_cache_without_tokens(tmp_path: Path) -> None:
    """They are taken from any file; where none has them nothing says how many there were."""
    cache = noise(10, seed=8)
    folder = write_splits(tmp_path / "c/layers.1", cache, [0, 5, 10], activations=torch.float32)
    for file in splits_of(folder):
        tensors = load_file(file)
        del tensors["tokens"]
        save_file(tensors, file)
        if file.name == "0_4.safetensors":
            recording, _ = imported(folder.parent)
            assert rows(exported(recording) / "layers.1") == expected_rows(cache, torch.float32)
            shutil.rmtree(recording)
    error = error_of("import", folder.parent, "-o", tmp_path / "x.acto", *FORMAT)
    assert "no file has the tensor tokens" in error
