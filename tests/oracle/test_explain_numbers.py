"""The numbers behind explanations and their scores, held to NumPy: levels, simulation scores and
their calibration, judgements by weight, bootstrap intervals, and which part a text belongs to."""

import json
import subprocess
from typing import Any

import numpy as np
import pytest
from oracle.sites import program

MASK = 2**64 - 1


def dumped(**jobs: Any) -> Any:
    done = subprocess.run(
        [program().with_name("dump_explain")],
        input=json.dumps(jobs), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def mix(x: int) -> int:
    x = (x + 0x9E3779B97F4A7C15) & MASK
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB & MASK
    return x ^ (x >> 31)


def fnv1a(text: bytes) -> int:
    value = 0xCBF29CE484222325
    for byte in text:
        value = (value ^ byte) * 0x100000001B3 & MASK
    return value


def test_levels() -> None:
    values = np.random.default_rng(1).normal(size=5000).astype(np.float32)
    for highest in (values.max(), np.float32(0.5), np.float32(0), np.float32(-1)):
        found = dumped(levels={"values": values.tolist(), "highest": float(highest)})["levels"]
        if highest > 0:
            shares = 10 * np.maximum(values, 0).astype(np.float64) / np.float64(highest)
            assert found == np.minimum(10, np.floor(shares)).astype(int).tolist()
        else:
            assert found == [0] * len(values)
    assert dumped(levels={"values": [None], "highest": 1})["levels"] == [None]


@pytest.mark.parametrize("seed", range(5))
def test_simulation(seed: int) -> None:
    """With equal weights, as published, and with others, where NumPy repeats what counts more."""
    random = np.random.default_rng(seed)
    truth = random.normal(size=300) ** 3
    simulated = np.clip(np.round(3 * truth + random.normal(size=300)), 0, 10)
    truth[7], simulated[9] = np.nan, np.nan
    lists = [[None if np.isnan(x) else x for x in row.tolist()] for row in (truth, simulated)]
    weight = random.integers(1, 5, 300) if seed > 1 else np.ones(300, int)
    known = np.isfinite(truth) & np.isfinite(simulated)
    slope, intercept = np.polyfit(simulated[known], truth[known], 1)
    t, s = (np.repeat(row[known], weight[known]) for row in (truth, simulated))
    expected = {
        "correlation": np.corrcoef(t, s)[0, 1],
        "r_squared": 1 - np.mean((t - s) ** 2) / np.mean(t**2),
        "deviation_explained": 1 - np.mean(np.abs(t - s)) / np.mean(np.abs(t)),
        "slope": slope,
        "intercept": intercept,
    }
    job = {"truth": lists[0], "simulated": lists[1], "weight": (weight / 7).tolist()}
    found = dumped(simulation=job)["simulation"]
    assert found == pytest.approx(expected, rel=1e-9)


def test_expected_levels() -> None:
    """Of the alternatives that a model gave, renormalised; none is a failure, and no 0."""
    some = np.random.default_rng(3).dirichlet(np.ones(11), 40) * (np.arange(11) != 4)
    found = dumped(expected=[*some.tolist(), [0.0] * 11])["expected"]
    expected = (some / some.sum(axis=1, keepdims=True)) @ np.arange(11)
    assert found[:-1] == pytest.approx(expected.tolist(), rel=1e-12)
    assert found[-1] is None


@pytest.mark.parametrize("seed", range(8))
def test_judgements(seed: int) -> None:
    """AUC pair by pair, with ties; seed 0 has equal weights, as scikit-learn would have it."""
    random = np.random.default_rng(seed)
    active = random.random(60) < 0.4
    predicted = np.round(random.random(60) * 0.7 + 0.2 * active, 1)
    weight = np.ones(60) if seed == 0 else random.exponential(size=60) + 0.01
    rows = [
        [bool(a), p, w] for a, p, w in zip(active, predicted.tolist(), weight.tolist(), strict=True)
    ]
    found = dumped(judgements=rows)["judgements"]
    said = predicted >= 0.5
    sensitivity = weight[active & said].sum() / weight[active].sum()
    specificity = weight[~active & ~said].sum() / weight[~active].sum()
    won = (predicted[active][:, None] > predicted[~active]) * 1.0
    won += (predicted[active][:, None] == predicted[~active]) * 0.5
    pairs = weight[active][:, None] * weight[~active]
    assert found == pytest.approx(
        {
            "n_active": active.sum(),
            "n_inactive": (~active).sum(),
            "balanced_accuracy": (sensitivity + specificity) / 2,
            "sensitivity": sensitivity,
            "specificity": specificity,
            "auc": (won * pairs).sum() / pairs.sum(),
        },
        rel=1e-12,
    )


def test_judgements_of_one_kind_have_no_score() -> None:
    found = dumped(judgements=[[True, 1, 1], [True, 0, 1]])["judgements"]
    assert (found["sensitivity"], found["n_inactive"]) == (0.5, 0)
    assert found["specificity"] is found["balanced_accuracy"] is found["auc"] is None


@pytest.mark.parametrize("seed", [0, 1, 2**63])
def test_bootstrap(seed: int) -> None:
    values = np.random.default_rng(9).normal(0.3, 1, 30)
    strata = [list(range(11)), [], list(range(11, 30))]
    job = {"strata": strata, "values": values.tolist(), "seed": seed, "samples": 400}
    means, draw = [], 0
    for _ in range(400):
        items = []
        for stratum in strata:
            for _ in stratum:
                share = mix((seed + draw) & MASK) >> 32
                items.append(stratum[share * len(stratum) >> 32])
                draw += 1
        means.append(values[items].mean() if values[items].sum() >= 0 else np.nan)
    low, high = np.nanpercentile(means, [2.5, 97.5])
    found = dumped(bootstrap=job)["bootstrap"]
    assert found == pytest.approx([low, high, int(np.isnan(means).sum())], rel=1e-12)
    assert found[2] > 0, "samples without a score are meant to occur here"


def test_parts() -> None:
    texts = [f"Text {i} — ein Text.\n" for i in range(300)]
    site, unit = "blocks.3.mlp.hook_post", 77
    unit_key = mix((fnv1a(site.encode()) + unit) & MASK)
    split_key = mix(fnv1a(b"explanation split") ^ unit_key)
    expected = []
    for text in texts:
        drawn = (mix(split_key ^ mix(fnv1a(text.encode()))) >> 32) / 2**32
        expected.append(0 if drawn < 1 / 2 else 1 if drawn < 5 / 8 else 2)
    found = dumped(parts={"site": site, "unit": unit, "texts": texts})["parts"]
    assert found == expected
    assert set(found) == {0, 1, 2}
