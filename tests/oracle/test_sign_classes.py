"""Sign classes of gated neurons against NumPy, from the model's own gate, in and post values.

Definitions: GLUScope, b_activations.py and utils.py (docs/format.md, classes.arrow).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from oracle.real_model import real_model
from oracle.recordings import Corpus, dump, record
from oracle.slow_twin import Array, Recording, read_table

pytestmark = pytest.mark.slow

CLASSES = [("gate+_in+", 1, 1), ("gate+_in-", 1, -1), ("gate-_in+", -1, 1), ("gate-_in-", -1, -1)]
QUANTITIES = ["hook_post", "hook_pre_linear", "hook_pre", "swish"]
TOP = 5


@dataclass(frozen=True)
class Run:
    recording: Recording
    classes: dict[str, list]  # type: ignore[type-arg]  # column of classes.arrow -> rows
    values: dict[str, dict[str, list[Array]]]  # site -> quantity -> float32 [token, unit] each


@pytest.fixture(scope="module", params=["--class-bos", "--no-class-bos"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("classes")
    model, layers = real_model(), "0,29"
    options = ["--layers", layers, "--context", "48", "--bos", "always", request.param]
    corpus = Corpus.of(40, longest=150, seed=4)
    path = record(model, corpus, folder, [*options, "--class-top", str(TOP)])
    recording = Recording(path)
    names = {
        site: {q: site.replace("hook_post", q) for q in QUANTITIES[:3]} for site in recording.sites
    }
    found = dump(
        model, recording.ids(), layers, [name for by in names.values() for name in by.values()]
    )
    values = {}
    for site, by_quantity in names.items():
        values[site] = {q: found[name] for q, name in by_quantity.items()}
        values[site]["swish"] = [silu(gate) for gate in values[site]["hook_pre"]]
    return Run(recording, read_table(path / "classes.arrow").to_pydict(), values)


def silu(gate: Array) -> Array:
    x = gate.astype(np.float64)
    return np.asarray(x / (1 + np.exp(-x)))


def masks(run: Run, site: str, gate_sign: int, in_sign: int) -> list[Array]:
    """bool [token, unit] of each sequence."""
    first = 0 if run.recording.manifest["collate"]["classes_count_bos"] else 1
    found = []
    for gate, linear in zip(
        run.values[site]["hook_pre"], run.values[site]["hook_pre_linear"], strict=True
    ):
        mask = (np.sign(gate) == gate_sign) & (np.sign(linear) == in_sign)
        mask[:first] = False
        found.append(mask)
    return found


def rows(run: Run, site: str, sign_class: int) -> slice:
    units = run.recording.rows_of(site)
    return slice(4 * units.start + sign_class, 4 * units.stop, 4)


def test_counts_and_means(run: Run) -> None:
    assert run.recording.manifest["gate_function"] == "silu"
    for site in run.recording.sites:
        for c, (_, gate_sign, in_sign) in enumerate(CLASSES):
            mask = masks(run, site, gate_sign, in_sign)
            counts = sum(m.sum(axis=0) for m in mask)
            assert run.classes["count"][rows(run, site, c)] == counts.tolist()
            assert (counts > 0).mean() > 0.9
            for q in QUANTITIES:
                sums = np.zeros(len(counts))
                for m, values in zip(mask, run.values[site][q], strict=True):
                    sums += np.where(m, values, 0).astype(np.float64).sum(axis=0)
                with np.errstate(invalid="ignore"):
                    means = sums / counts
                stored = run.classes[f"{q}_mean"][rows(run, site, c)]
                np.testing.assert_allclose(stored, means, rtol=1e-6, err_msg=f"{site} {c} {q}")


def test_classes_hold_every_token_once(run: Run) -> None:
    """But for a gate or an input of exactly 0, of which there are few, on some CPUs."""
    first = 0 if run.recording.manifest["collate"]["classes_count_bos"] else 1
    for site, n_units in run.recording.sites.items():
        with_sign = np.zeros(n_units, dtype=np.int64)
        n_tokens = 0
        for gate, linear in zip(
            run.values[site]["hook_pre"], run.values[site]["hook_pre_linear"], strict=True
        ):
            n_tokens += len(gate) - first
            with_sign += ((gate != 0) & (linear != 0))[first:].sum(axis=0)
        assert (n_tokens - with_sign).sum() < 10
        units = run.recording.rows_of(site)
        counts = np.array(run.classes["count"]).reshape(-1, 4)[units.start : units.stop]
        assert counts.sum(axis=1).tolist() == with_sign.tolist()


def largest(mask: list[Array], values: list[Array]) -> tuple[Array, Array]:
    """Signed value and position of the largest magnitude, [sequence, unit]; 0 where there is none.

    The first of equals, since argmax takes it.
    """
    value, position = [], []
    for m, v in zip(mask, values, strict=True):
        at = np.where(m, np.abs(v), 0).argmax(axis=0)
        units = np.arange(v.shape[1])
        value.append(np.where(m[at, units], v[at, units], 0))
        position.append(at)
    return np.array(value), np.array(position)


@pytest.mark.parametrize("quantity", QUANTITIES[:3])
def test_peaks(run: Run, quantity: str) -> None:
    """To the bit: they are the model's own values."""
    for site, n_units in run.recording.sites.items():
        for c, (_, gate_sign, in_sign) in enumerate(CLASSES):
            value, position = largest(
                masks(run, site, gate_sign, in_sign), run.values[site][quantity]
            )
            where = rows(run, site, c)
            stored = [run.classes[f"{quantity}_{p}"][where] for p in ("values", "sequences")]
            places = run.classes[f"{quantity}_positions"][where]
            for unit in range(n_units):
                order = np.argsort(-np.abs(value[:, unit]), kind="stable")[:TOP]
                order = order[value[order, unit] != 0]
                assert stored[0][unit] == value[order, unit].tolist(), f"{site}/{unit} {c}"
                assert stored[1][unit] == order.tolist()
                assert places[unit] == position[order, unit].tolist()


def test_swish_peaks(run: Run) -> None:
    """Only where the gate is negative, and within the rounding of our own silu."""
    for site, n_units in run.recording.sites.items():
        for c, (_, gate_sign, in_sign) in enumerate(CLASSES):
            stored = run.classes["swish_values"][rows(run, site, c)]
            if gate_sign > 0:
                assert not any(stored)
                continue
            value, _ = largest(masks(run, site, gate_sign, in_sign), run.values[site]["swish"])
            magnitudes = -np.sort(-np.abs(value), axis=0)[:TOP]
            for unit in range(n_units):
                expected = -magnitudes[:, unit]
                expected = expected[expected != 0]
                np.testing.assert_allclose(stored[unit], expected, rtol=1e-6)


def test_without(tmp_path: Path) -> None:
    model = real_model()
    options = ["--layers", "0", "--no-sign-classes"]
    path = record(model, Corpus.of(6, longest=20, seed=5), tmp_path, options)
    assert not (path / "classes.arrow").exists()
    assert Recording(path).manifest["gate_function"] is None
