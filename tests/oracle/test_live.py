"""`actogram serve --model`: what units do on a text that is typed, against a recording of it.

Both come from the same program, but by other ways: a recording keeps windows and events on disk,
the server hands out what the model says now. Every value must be the same, of neurons, heads and
latents, of the fake model and of SmolLM2.
"""

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracle.real_model import real_model
from oracle.recordings import run
from oracle.serving import get, serving
from oracle.test_record_sae import PROGRAM, write_sae
from safetensors.numpy import save_file

CORPUS = [f"text {i}, caf\u00e9 \U0001f389 and the free dog " * (i % 4 + 1) for i in range(25)]
TYPED = "The free dog \u732b\U0001f408 said: caf\u00e9! \x00 <script> " * 3
CONTEXT = 32
BOS = 256  # of the fake model


@dataclass(frozen=True)
class Ground:
    url: str  # of a server over both recordings
    n_heads: int
    sae: str  # a latent's site

    def get(self, path: str, **parameters: object) -> Any:
        return get(self.url, path, **parameters)

    def post(self, path: str, body: object) -> Any:
        request = urllib.request.Request(
            f"{self.url}api/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


@contextmanager
def served(folder: Path, name: str, sae: str, options: list[str], heads: int) -> Iterator[Ground]:
    """Over a recording of a corpus, and one of the typed text alone, with everything in windows."""
    (folder / "corpus.jsonl").write_text("".join(f"{json.dumps({'text': t})}\n" for t in CORPUS))
    (folder / "typed.jsonl").write_text(f"{json.dumps({'text': TYPED})}\n")
    for source in ("corpus", "typed"):
        output = ["-o", folder / f"{source}.acto", "--context", str(CONTEXT)]
        run([PROGRAM, "record", name, folder / f"{source}.jsonl", *output, *options])
    recordings = [folder / "corpus.acto", folder / "typed.acto"]
    with serving(*recordings, "--model", name) as url:
        yield Ground(url, heads, sae)


@pytest.fixture(scope="module")
def fake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("live")
    weight = np.random.default_rng(2).standard_normal((30, 20)).astype(np.float32)
    arrays = {"encoder_linear.weight": weight, "encoder_linear.bias": np.full(30, -9, "<f4")}
    save_file(arrays, folder / "a.safetensors")
    options = ["--units", "mlp,attn", "--sae", f"{folder}/a.safetensors@1.mlp"]
    with served(folder, "fake:2x20x4", "1.sae", options, heads=4) as ground:
        yield ground


@pytest.fixture(scope="module")
def smollm2(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("live_model")
    write_sae(
        folder / "b.safetensors", 576, 40 * np.random.default_rng(3).standard_normal((99, 576))
    )
    options = ["--units", "mlp,attn", "--layers", "1,29"]
    options += ["--sae", f"{folder}/b.safetensors@1.resid_post"]
    with served(folder, str(real_model()), "1.sae", options, heads=9) as ground:
        yield ground


def values_of(sequences: list[dict[str, Any]]) -> list[list[float | None]]:
    return [[t["value"] for p in s["pieces"] for t in p["tokens"]] for s in sequences]


def check_unit(ground: Ground, unit: str) -> None:
    live = ground.post(f"live/{unit}", {"text": TYPED})
    kept = ground.get("documents/0", **{"in": "typed.acto", "unit": unit})
    assert len(kept["sequences"]) > 1
    expected = values_of(kept["sequences"])
    assert None not in sum(expected, [])
    assert values_of(live["sequences"]) == expected
    shown = [[(p["text"], [t["id"] for t in p["tokens"]]) for p in s["pieces"]] for s in
             kept["sequences"]]  # fmt: skip
    assert shown == [
        [(p["text"], [t["id"] for t in p["tokens"]]) for p in s["pieces"]]
        for s in live["sequences"]
    ]
    assert live["n_tokens"] == sum(map(len, expected))
    values = [value for sequence in expected for value in sequence if value is not None]
    assert (live["min"], live["max"]) == (min(values), max(values))
    for sequence, found in zip(live["sequences"], expected, strict=True):
        assert sequence["value"] == max(value for value in found if value is not None)
        assert sequence["position"] == int(np.argmax(np.array(found, dtype=float)))


def check_head(ground: Ground, unit: str) -> None:
    live = ground.post(f"live/{unit}", {"text": TYPED})
    kept = ground.get(f"units/{unit}", **{"in": "typed.acto"})
    top = next(group for group in kept["groups"] if group["name"] == "top")["exemplars"]
    assert len(top) == len(live["sequences"])
    for exemplar in top:
        sequence = live["sequences"][exemplar["sequence"]]
        for name in ("pattern", "key_norms", "position", "key", "value", "pieces"):
            assert sequence[name] == exemplar[name], name
    assert live["max"] == kept["summary"]["max"]


def check_all(ground: Ground, sort: str) -> None:
    """Every unit's strongest value on the text, and its share of what the corpus has as extreme."""
    found = ground.post(f"live?sort={sort}&limit=1000&in=corpus.acto", {"text": TYPED})
    kinds = {kind["kind"]: kind for kind in found["kinds"]}
    for site in ground.get("recording")["sites"]:
        kind = "latents" if "/sae:" in site["name"] else "neurons"
        if site["name"].endswith("hook_pattern"):
            continue
        listed = {u["unit"]: u for u in kinds[kind]["units"]}
        for index in range(min(site["n_units"], 40)):
            unit = f"{site['short']}/{index}"
            kept = ground.get("documents/0", **{"in": "typed.acto", "unit": unit})
            extremes = ground.get(f"units/{unit}")["summary"]
            values = [
                t["value"]
                for s in kept["sequences"]
                for p in s["pieces"]
                for t in p["tokens"]
                if t["id"] != BOS
            ]
            strength = {}
            for value, extreme in ((max(values), extremes["max"]), (min(values), extremes["min"])):
                if value * (1 if value == max(values) else -1) <= 0:
                    continue
                share = float(np.float32(value) / np.float32(extreme)) if extreme else 0.0
                strength[value] = share if sort == "share" else abs(value)
            if unit not in listed:
                assert not strength or kinds[kind]["n_units"] > 1000
                continue
            best = max(strength, key=lambda v: strength[v])
            assert listed[unit]["value"] == best, unit
            if sort == "share":
                assert listed[unit]["share"] == pytest.approx(strength[best], rel=1e-6)
        order = [u["share"] if sort == "share" else abs(u["value"]) for u in kinds[kind]["units"]]
        assert order == sorted(order, reverse=True)


def test_a_neuron_and_a_latent_have_the_values_of_a_recording(fake: Ground) -> None:
    for unit in ("0.mlp/0", "1.mlp/19", f"{fake.sae}/3", f"{fake.sae}/29"):
        check_unit(fake, unit)


def test_a_head_has_the_pairs_of_a_recording(fake: Ground) -> None:
    for head in range(fake.n_heads):
        check_head(fake, f"1.attn/{head}")


@pytest.mark.parametrize("sort", ["value", "share"])
def test_the_strongest_units_are_those_of_a_recording(fake: Ground, sort: str) -> None:
    check_all(fake, sort)


def test_smollm2_says_the_same_now_as_when_it_was_recorded(smollm2: Ground) -> None:
    for unit in ("1.mlp/7", "29.mlp/1535", f"{smollm2.sae}/11"):
        check_unit(smollm2, unit)
    for unit in ("1.attn/8", "29.attn/0"):
        check_head(smollm2, unit)


def test_what_cannot_be_run_is_an_error(fake: Ground) -> None:
    facts = fake.get("live")
    assert facts["available"]
    assert facts["model"] == "fake:2x20x4"
    for path, body, status in [
        ("live/1.mlp/3", {"text": ""}, 400),
        ("live/1.mlp/3", {}, 400),
        ("live/1.mlp/3", {"text": "x" * (facts["most_tokens"] + 1)}, 400),
        ("live/1.mlp/3", {"text": "x" * (facts["most_bytes"] + 1)}, 400),
        ("live/1.mlp/99", {"text": "x"}, 404),
        ("live/nonsense", {"text": "x"}, 400),
    ]:
        with pytest.raises(urllib.error.HTTPError) as raised:
            fake.post(path, body)
        assert raised.value.code == status, (path, raised.value.read())
    assert fake.post("live/1.mlp/3", {"text": "x" * 900})["n_tokens"] > 900


def test_a_server_without_a_model_says_how_to_have_one(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("A text.")
    run([PROGRAM, "record", "fake:2x20", tmp_path / "t.txt", "-o", tmp_path / "r.acto"])
    with serving(tmp_path / "r.acto") as url:
        ground = Ground(url, 0, "")
        facts = ground.get("live")
        with pytest.raises(urllib.error.HTTPError) as raised:
            ground.post("live/1.mlp/3", {"text": "x"})
    assert not facts["available"]
    assert "--model" in facts["reason"]
    assert raised.value.code == 400
    other = subprocess.run(
        [PROGRAM, "serve", tmp_path / "r.acto", "--model", "fake:2x21"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert other.returncode == 1
    assert "was recorded with another, fake:2x20" in other.stderr


def test_a_recording_of_another_model_says_so(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("A text.")
    for name, model in (("r.acto", "fake:1x4"), ("other.acto", "fake:1x5")):
        run([PROGRAM, "record", model, tmp_path / "t.txt", "-o", tmp_path / name])
    with serving(tmp_path / "r.acto", tmp_path / "other.acto", "--model", "fake:1x4") as url:
        assert get(url, "live")["available"]
        facts = get(url, "live", **{"in": "other.acto"})
        lens = get(url, "lens/0.mlp/3", **{"in": "other.acto"})
        with pytest.raises(urllib.error.HTTPError) as raised:
            Ground(url, 0, "").post("live/0.mlp/3?in=other.acto", {"text": "x"})
    assert not facts["available"]
    message = json.load(raised.value)["error"]["message"]
    for reason in (facts["reason"], lens["reason"], message):
        assert reason.startswith("--model fake:1x4: ")
        assert reason.endswith("other.acto was recorded with another, fake:1x5")


def test_an_import_is_shown_beside_what_can_be_run(tmp_path: Path) -> None:
    """It is of no model of ours, and says so; the recording runs text all the same."""
    (tmp_path / "t.jsonl").write_text(json.dumps({"text": TYPED}) + "\n")
    run([PROGRAM, "record", "fake:1x4", tmp_path / "t.jsonl", "-o", tmp_path / "r.acto"])
    run([PROGRAM, "export", tmp_path / "r.acto", tmp_path / "set", "--format", "tdb"])
    run([PROGRAM, "import", tmp_path / "set", "-o", tmp_path / "i.acto", "--format", "tdb"])
    with serving(tmp_path / "r.acto", tmp_path / "i.acto", "--model", "fake:1x4") as url:
        assert get(url, "live")["available"]
        assert not get(url, "live", **{"in": "i.acto"})["available"]
