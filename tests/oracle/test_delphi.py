"""Delphi's latent caches: in, and out again for its own loader.

tests/golden/delphi-cache was written by Delphi itself (PROVENANCE.md there). Other types, orders
and damage are made here with safetensors' own writers. What an export is read by is Delphi's
loader (TensorBuffer.load and load_data_per_latent of latents/loader.py), once more in NumPy.
"""

import hashlib
import json
import shutil
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from oracle.delphi import (
    ACTOGRAM,
    EXPECTED,
    FORMAT,
    GOLDEN,
    arrow,
    error_of,
    events,
    expected_rows,
    exported,
    imported,
    load,
    noise,
    rows,
    splits_of,
    write_splits,
)
from oracle.real_model import real_model
from oracle.recordings import run
from oracle.sites import ROOT
from safetensors.numpy import load_file, save_file


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Any]:
    """The cache as it is: its recording, that recording's export, and the report."""
    folder = tmp_path_factory.mktemp("golden") / "run"
    shutil.copytree(GOLDEN, folder)
    recording, report = imported(folder)
    return recording, exported(recording), report


SITES = {
    "layers.2": "blocks.2.hook_resid_post/sae:local-random-encoder",
    "layers.3.mlp": "blocks.3.hook_mlp_out/sae:local-random-encoder-mlp",
}


def test_the_recording_has_what_delphi_wrote(golden: tuple[Path, Path, Any]) -> None:
    recording, _, report = golden
    found = events(recording)
    assert set(found) == set(SITES.values())
    ids = arrow(recording, "tokens.arrow")["id"].to_numpy()
    assert len(arrow(recording, "sequences.arrow")) == EXPECTED["n_sequences_in_files"]
    for hookpoint, facts in EXPECTED["hookpoints"].items():
        mine = found[SITES[hookpoint]]
        assert len(mine) == facts["events"]
        canonical = b"".join(
            np.array(row[:3], "<i4").tobytes() + np.array(row[3], "<f2").tobytes() for row in mine
        )
        assert all(np.float32(np.float16(row[3])) == row[3] for row in mine)
        assert hashlib.sha256(canonical).hexdigest() == facts["canonical_sha256"]
        assert zlib.crc32(canonical) == facts["canonical_crc32"]
        assert zlib.crc32(ids.astype("<i4").tobytes()) == facts["tokens_crc32_int32le"]
    assert report["n_events"] == sum(f["events"] for f in EXPECTED["hookpoints"].values())
    assert report["n_units"] == 2 * EXPECTED["width"]
    assert report["n_zero"] == report["n_infinite"] == report["n_repeated_events"] == 0


def test_the_latents_have_the_summaries_of_the_cache(golden: tuple[Path, Path, Any]) -> None:
    recording, _, report = golden
    units = arrow(recording, "units.arrow").to_pylist()
    n_tokens = EXPECTED["n_sequences_in_files"] * EXPECTED["ctx"]
    assert report["n_known_tokens"] == report["n_tokens"] == n_tokens
    for row, hookpoint in zip((0, EXPECTED["width"]), SITES, strict=True):
        for latent in EXPECTED["hookpoints"][hookpoint]["latents"]:
            unit = units[row + latent["latent"]]
            assert unit["count"] == n_tokens
            if latent["events"] == 0:
                assert unit["max"] == 0
                continue
            assert unit["n_positive"] == latent["events"]
            assert unit["max"] == latent["max_f16"]
            assert [unit["max_sequence"], unit["max_position"]] == latent["max_at"]
            total = unit["mean"] * n_tokens
            assert total == pytest.approx(latent["sum_f64_of_f16_finite"], rel=1e-12)


def test_the_export_is_the_cache_byte_for_byte(golden: tuple[Path, Path, Any]) -> None:
    _, out, _ = golden
    for file in sorted(GOLDEN.glob("latents/*/*")):
        written = out / file.relative_to(GOLDEN / "latents")
        if file.suffix == ".safetensors":
            assert written.read_bytes() == file.read_bytes(), file
        else:
            assert json.loads(written.read_text()) == json.loads(file.read_text())
    assert len(list(out.glob("*/*"))) == len(list(GOLDEN.glob("latents/*/*")))


def test_latents_or_a_hookpoint_may_be_given_directly(
    golden: tuple[Path, Path, Any], tmp_path: Path
) -> None:
    recording, _, _ = golden
    whole = events(recording)
    latents, report = imported(shutil.copytree(GOLDEN / "latents", tmp_path / "latents"))
    assert report["n_units"] == 1024
    names = ["blocks.2.hook_resid_post/sae:delphi", "blocks.3.hook_mlp_out/sae:delphi-mlp"]
    assert events(latents) == dict(zip(names, whole.values(), strict=True))
    one, _ = imported(
        shutil.copytree(GOLDEN / "latents/layers.3.mlp", tmp_path / "layers.3.mlp"), "--sae", "x"
    )
    assert events(one) == {"blocks.3.hook_mlp_out/sae:x-mlp": whole[SITES["layers.3.mlp"]]}


def test_a_tokenizer_gives_the_tokens_their_texts(
    golden: tuple[Path, Path, Any], tmp_path: Path
) -> None:
    """Without it there are none, and the ids alone come out again."""
    bare, _, _ = golden
    assert all(d["text"] == b"" for d in arrow(bare, "documents.arrow").to_pylist())
    folder = shutil.copytree(GOLDEN, tmp_path / "run")
    recording, _ = imported(folder, "--tokenizer", str(real_model()))
    assert events(recording) == events(bare)
    texts = [
        d["text"].decode(errors="replace") for d in arrow(recording, "documents.arrow").to_pylist()
    ]
    assert "just as though\nthe clauses had been" in texts[74]
    tokens = arrow(recording, "tokens.arrow").to_pylist()
    assert tokens[74 * 32]["begin"] == 0
    assert all(token["end"] > token["begin"] for token in tokens)
    names = arrow(recording, "documents.arrow")["name"].to_pylist()
    assert names == [str(i) for i in range(320)]


@pytest.mark.parametrize("values", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize("places", [torch.uint16, torch.uint32, torch.int64, torch.int32])
def test_any_types_and_any_order_come_in_and_go_out(
    tmp_path: Path, values: torch.dtype, places: torch.dtype
) -> None:
    cache = noise(37, seed=values.itemsize + places.itemsize)
    boundaries = [0, 9, 10, 30, 37]
    folder = write_splits(
        tmp_path / "cache/layers.0", cache, boundaries, activations=values, locations=places
    )
    recording, report = imported(folder.parent)
    expected = expected_rows(cache, values)
    assert report["n_events"] == len(expected) == 2000
    assert events(recording) == {"blocks.0.hook_resid_post/sae:delphi": expected}
    out = exported(recording)
    assert rows(out / "layers.0") == expected
    data = load_file(next((out / "layers.0").glob("*.safetensors")))
    halves = all(float(np.float16(row[3])) == row[3] for row in expected)
    assert data["activations"].dtype == (np.float16 if halves else np.float32)
    assert halves == (values != torch.float32)
    assert data["locations"].dtype == np.uint16
    assert len(splits_of(out / "layers.0")) == 4
    again, _ = imported(out)
    assert (
        exported(again).joinpath("layers.0/0_8.safetensors").read_bytes()
        == (out / "layers.0/0_8.safetensors").read_bytes()
    )


# The first two are among those where floor(i * width / n) is another number.
@pytest.mark.parametrize(
    ("width", "splits"), [(32, 14), (3000, 45), (512, 5), (512, 3), (7, 7), (4099, 1), (40_000, 9)]
)
def test_splits_are_cut_where_delphi_cuts_them(tmp_path: Path, width: int, splits: int) -> None:
    cache = noise(width, seed=width, n=500)
    (tmp_path / "cache").mkdir()
    save_file(cache, tmp_path / "cache/layers.4.self_attn.safetensors")
    recording, _ = imported(tmp_path / "cache", "--latents", str(width))
    out = exported(recording, "--splits", str(splits)) / "layers.4.self_attn"
    boundaries = torch.linspace(0, width, steps=splits + 1).long().tolist()
    pairs = zip(boundaries[:-1], boundaries[1:], strict=True)
    assert [f.stem for f in splits_of(out)] == [f"{a}_{b - 1}" for a, b in pairs]
    assert rows(out) == expected_rows(cache, torch.float32)
    for file in splits_of(out):
        assert (load(file)[2] == cache["tokens"]).all()


def test_some_cuts_are_not_those_of_whole_numbers() -> None:
    for width, splits in [(32, 14), (3000, 45)]:
        cuts = torch.linspace(0, width, steps=splits + 1).long().tolist()
        assert cuts != [i * width // splits for i in range(splits + 1)]


def test_one_file_of_all_latents(tmp_path: Path) -> None:
    """What LatentCache.save() writes; its width is not told."""
    cache = noise(20, seed=1)
    cache["locations"][cache["locations"][:, 2] == 19, 2] = 18
    keep = np.unique(cache["locations"], axis=0, return_index=True)[1]
    cache["locations"], cache["activations"] = cache["locations"][keep], cache["activations"][keep]
    (tmp_path / "cache").mkdir()
    save_file(cache, tmp_path / "cache/h.3.mlp.safetensors")
    recording, report = imported(tmp_path / "cache")
    assert report["n_units"] == 19
    (site,) = events(recording)
    assert site == "blocks.3.hook_mlp_out/sae:delphi-mlp"
    assert rows(exported(recording) / "h.3.mlp") == expected_rows(cache, torch.float32)
    error = error_of(
        "import", tmp_path / "cache", "-o", tmp_path / "x.acto", *FORMAT, "--latents", "18"
    )
    assert "h.3.mlp.safetensors: latent 18, but --latents 18: latents are 0 to 17" in error


def test_more_numbers_than_16_bits(tmp_path: Path) -> None:
    """Of sequences, as a long run has them: then places are uint32, as Delphi's own."""
    cache = noise(3, seed=2, shape=(70_000, 2))
    recording, _ = imported(
        write_splits(tmp_path / "c/layers.1", cache, [0, 3], activations=torch.float32).parent
    )
    out = exported(recording)
    assert load_file(out / "layers.1/0_2.safetensors")["locations"].dtype == np.uint32
    assert rows(out / "layers.1") == expected_rows(cache, torch.float32)


def test_a_split_without_events(tmp_path: Path) -> None:
    cache = noise(10, seed=3, n=60)
    cache["locations"][:, 2] %= 4
    keep = np.unique(cache["locations"], axis=0, return_index=True)[1]
    cache["locations"], cache["activations"] = cache["locations"][keep], cache["activations"][keep]
    folder = write_splits(tmp_path / "c/layers.1", cache, [0, 5, 10], activations=torch.float32)
    recording, report = imported(folder.parent)
    assert report["n_units"] == 10
    out = exported(recording)
    assert [len(load(f)[0]) for f in splits_of(out / "layers.1")] == [len(keep), 0]
    assert rows(out / "layers.1") == expected_rows(cache, torch.float32)


def test_what_is_no_event_is_left_out_and_told(tmp_path: Path) -> None:
    """float16 has no number beyond 65,504: Delphi writes infinity."""
    cache = noise(10, seed=4, n=100)
    cache["activations"][:3] = [70000, -70000, 0]
    cache["locations"] = np.concatenate([cache["locations"], cache["locations"][-2:]])
    cache["activations"] = np.concatenate([cache["activations"], cache["activations"][-2:]])
    folder = write_splits(tmp_path / "c/layers.1", cache, [0, 10], activations=torch.float16)
    recording, report = imported(folder.parent)
    assert (report["n_infinite"], report["n_zero"], report["n_repeated_events"]) == (2, 1, 2)
    (found,) = events(recording).values()
    whole = noise(10, seed=4, n=100)
    kept = {k: v[3:] for k, v in whole.items() if k != "tokens"}
    assert found == expected_rows(kept, torch.float16)


def recorded(folder: Path) -> Path:
    """Three SAEs and the neurons of a model of noise over documents of several lengths."""
    random = np.random.default_rng(2)
    saes = []
    for name, site in (("a", "0.mlp"), ("b", "1.mlp"), ("c", "1.mlp")):
        weight = random.standard_normal((30, 20)).astype(np.float32)
        arrays = {"encoder_linear.weight": weight, "encoder_linear.bias": np.full(30, -9, "<f4")}
        save_file(arrays, folder / f"{name}.safetensors")
        saes += ["--sae", f"{folder}/{name}.safetensors@{site}"]
    texts = [f"text {i} " * int(random.integers(1, 9)) for i in range(40)]
    (folder / "t.jsonl").write_text("".join(json.dumps({"text": t}) + "\n" for t in texts))
    out = folder / "r.acto"
    run([ACTOGRAM, "record", "fake:2x20", folder / "t.jsonl", "-o", out, "--context", "16", *saes])
    return out


def test_our_own_latents_as_caches(tmp_path: Path) -> None:
    recording = recorded(tmp_path)
    truth = events(recording)
    assert sum(map(len, truth.values())) > 1000
    out = exported(recording)
    names = {
        "blocks.0.mlp.hook_post/sae:a": "blocks.0.mlp.hook_post",
        "blocks.1.mlp.hook_post/sae:b": "blocks.1.mlp.hook_post",
        "blocks.1.mlp.hook_post/sae:c": "blocks.1.mlp.hook_post.c",
    }
    assert {f.name for f in out.iterdir()} == set(names.values())
    sequences = arrow(recording, "sequences.arrow").to_pylist()
    ids = arrow(recording, "tokens.arrow")["id"].to_numpy()
    context = max(s["n_tokens"] for s in sequences)
    n_padding = len(sequences) * context - len(ids)
    assert n_padding > 0
    for site, name in names.items():
        assert rows(out / name) == truth[site]
        assert [f.stem for f in splits_of(out / name)] == ["0_5", "6_11", "12_17", "18_23", "24_29"]
        for file in splits_of(out / name):
            tokens = load(file)[2]
            assert tokens.shape == (len(sequences), context)
            for row, s in zip(tokens, sequences, strict=True):
                mine = ids[s["first_token"] : s["first_token"] + s["n_tokens"]]
                assert row.tolist() == [*mine.tolist(), *[0] * (context - len(mine))]
        config = json.loads((out / name / "config.json").read_text())
        assert config["cache_ctx_len"] == context
        assert config["n_splits"] == 5
        assert config["actogram"] == {"padding_token": 0, "n_padding": n_padding}
    one = tmp_path / "one"
    run([ACTOGRAM, "export", recording, one, *FORMAT, "--site", "1.sae:c", "--splits", "1"])
    assert [f.name for f in one.iterdir()] == ["blocks.1.mlp.hook_post"]
    assert rows(one / "blocks.1.mlp.hook_post") == truth["blocks.1.mlp.hook_post/sae:c"]


def test_what_cannot_be_a_cache(tmp_path: Path) -> None:
    recording = recorded(tmp_path)
    command = ("export", recording, tmp_path / "no", *FORMAT)
    assert "--splits 31: 0.sae:a has 30 latents" in error_of(*command, "--splits", "31")
    assert "--site 1.mlp: not an SAE's" in error_of(*command, "--site", "1.mlp")
    tables = ROOT / "tests/golden/sae-parquet-4subset"
    sampled, every = tmp_path / "s.acto", tmp_path / "e.acto"
    run([ACTOGRAM, "import", tables, "-o", sampled, "--format", "sae-tables"])
    error = error_of("export", sampled, tmp_path / "no", *FORMAT)
    assert "tokens; in a cache they would be 0 at the others" in error
    run([ACTOGRAM, "import", tables, "-o", every, "--format", "sae-tables", "--every-token"])
    error = error_of("export", every, tmp_path / "no", *FORMAT)
    assert "the ids of its tokens are not known, which a cache needs" in error
    run([ACTOGRAM, "record", "fake:2x20", tmp_path / "t.jsonl", "-o", tmp_path / "n.acto"])
    assert "no SAE was recorded" in error_of(
        "export", tmp_path / "n.acto", tmp_path / "no", *FORMAT
    )
    assert not (tmp_path / "no").exists()
