"""Latents of a recording of ours as NeuronRecords: what their own classes read is held against the
recording's events, and comes back as a recording that says the same."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracle.recordings import run
from oracle.sites import Array
from oracle.tdb_dataclasses import NeuronRecord, load
from oracle.test_record_sae import N_LATENTS, table, write_sae
from oracle.test_tdb import ACTOGRAM, exported, imported, shown

DATASET = "autoencoder_latent/mlp_post_act_s/collated-activations"


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("latents")
    words = np.random.default_rng(1).integers(0, 900, (150, 30))
    lines = [json.dumps({"text": " ".join(map(str, w))}) for w in words]
    (folder / "texts.jsonl").write_text("\n".join(lines))
    write_sae(folder / "s.safetensors", 40)
    sae = f"{folder}/s.safetensors@1.mlp"
    run(
        [ACTOGRAM, "record", "fake:2x40", folder / "texts.jsonl", "-o", folder / "x.acto"]
        + ["--sae", sae, "--no-neurons", "--top", "20", "--random", "15"]
    )
    return folder / "x.acto"


class Truth:
    """Every value of every latent, of the events alone."""

    def __init__(self, recording: Path) -> None:
        tokens = table(recording, "tokens").to_pydict()
        documents = table(recording, "documents")["text"].to_pylist()
        self.sequences = table(recording, "sequences").to_pylist()
        self.texts = [""] * len(tokens["begin"])
        for s in self.sequences:
            document = documents[s["document_row"]]
            for i in range(s["first_token"], s["first_token"] + s["n_tokens"]):
                self.texts[i] = document[tokens["begin"][i] : tokens["end"][i]].decode()
        spans, events = table(recording, "unit_spans"), table(recording, "unit_events")
        self.values: Array = np.zeros((len(self.texts), N_LATENTS), np.float32)
        for latent in range(N_LATENTS):
            first, n = spans["first_event"][latent].as_py(), spans["n_events"][latent].as_py()
            at = events["token"].to_numpy()[first : first + n]
            self.values[at, latent] = events["value"].to_numpy()[first : first + n]

    def sequence_with(self, latent: int, texts: list[str], values: list[float]) -> int:
        """The number of the sequence of which this is a window."""
        wanted = np.array(values, np.float32)
        for number, s in enumerate(self.sequences):
            begin, end = s["first_token"], s["first_token"] + s["n_tokens"]
            for at in range(begin, end - len(texts) + 1):
                if self.texts[at] != texts[0] or self.texts[at : at + len(texts)] != texts:
                    continue
                if np.array_equal(self.values[at : at + len(texts), latent], wanted):
                    return number
        raise AssertionError(f"latent {latent}: no such window: {texts}")


def lists_of(record: NeuronRecord) -> list[Any]:
    buckets = record.random_sample_by_quantile or []
    return [record.most_positive_activation_records, record.random_sample, *buckets]


def test_latents_are_what_their_events_say(recording: Path) -> None:
    truth = Truth(recording)
    out = exported(recording)
    fires = [latent for latent in range(N_LATENTS) if (truth.values[:, latent] > 0).any()]
    found = {int(path.stem) for path in (out / DATASET / "1").iterdir()}
    assert found == set(fires), "a latent that never fires has no excerpt of high values"
    assert len(fires) > 20
    maxima = np.array(
        [truth.values[s["first_token"] : s["first_token"] + s["n_tokens"]].max(axis=0)
         for s in truth.sequences]
    )  # fmt: skip
    for latent in fires[::17]:
        record = load(out / f"{DATASET}/1/{latent}.json")
        values = truth.values[:, latent].astype(np.float64)
        assert record.mean == pytest.approx(values.mean(), rel=1e-12)
        assert record.variance == pytest.approx(values.var(), rel=1e-9)
        for records in lists_of(record):
            seen = [truth.sequence_with(latent, r.tokens, r.activations) for r in records]
            assert len(seen) == len(set(seen))
        tops = [max(r.activations) for r in record.most_positive_activation_records]
        highest = np.sort(maxima[:, latent])[::-1]
        n = min(20, int((highest > 0).sum()))
        assert np.array_equal(np.array(tops, np.float32), highest[:n])
        assert len(record.random_sample) == 15


def test_latents_come_back(recording: Path, tmp_path: Path) -> None:
    """The SAE's name and all records, the same bytes when they go out again."""
    out = exported(recording)
    back = imported(out, out=tmp_path / "back.acto")
    sites = json.loads((back / "manifest.json").read_text())["sites"]
    assert [s["name"] for s in sites] == ["blocks.1.mlp.hook_post/sae:s"]
    latent = sorted(int(p.stem) for p in (out / DATASET / "1").iterdir())[5]
    mine, theirs = shown(recording, f"1.sae/{latent}"), shown(back, f"1.sae/{latent}")
    for name in ("top", "random"):
        a, b = (
            sorted(e["value"] for g in page["groups"] if g["name"] == name for e in g["exemplars"])
            for page in (mine, theirs)
        )
        assert a == b
    for moment in ("mean", "variance", "skewness", "kurtosis"):
        assert mine["summary"][moment] == theirs["summary"][moment]
    again = exported(back)
    names = sorted(p.relative_to(out) for p in out.rglob("*.json"))
    assert names == sorted(p.relative_to(again) for p in again.rglob("*.json"))
    for file in names:
        assert (out / file).read_bytes() == (again / file).read_bytes()
    shutil.rmtree(again)
