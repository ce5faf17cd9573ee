"""What a recording keeps of attention heads, computed anew from patterns and value norms.

Those come from dump_heads, which test_heads.py holds to PyTorch. Everything is equal to the last
bit but the moments and the entropy, which are computed otherwise here.
"""

import math
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest
from oracle import slow_twin
from oracle.heads import Heads, dump_heads
from oracle.real_model import real_model
from oracle.recordings import Corpus, batches, record
from oracle.sites import program
from oracle.slow_twin import Array, Ragged, Recording, columns, read_table

pytestmark = pytest.mark.slow

N_BINS, N_SUMS = 18, 41
LAYERS = [0, 9, 29]
OPTIONS = ["--units", "mlp,attn", "--layers", "0,9,29", "--no-sign-classes"]
RUNS = {
    "whole": ["--context", "40", "--window", "16", "--top", "6", "--bottom", "4", "--random", "5"],
    "skips": ["--context", "24", "--window", "7", "--bos", "always", "--attn-skip-bos"],
}


@dataclass(frozen=True)
class Run:
    path: Path
    recording: Recording
    skips: bool
    sequences: list[dict[int, Heads]]  # [sequence][layer]

    @cached_property
    def heads(self) -> dict[str, Array]:
        return columns(read_table(self.path / "heads.arrow"))

    @cached_property
    def sums(self) -> list[list[int]]:
        """[head][sum], in units of 2^-256"""
        size = 8 * slow_twin.N_LIMBS
        raw = read_table(self.path / "heads.arrow").column("sums").to_pylist()
        return [
            [int.from_bytes(r[i : i + size], "little", signed=True) for i in range(0, len(r), size)]
            for r in raw
        ]

    @cached_property
    def peaks(self) -> dict[str, Array]:
        return columns(read_table(self.path / "head_peaks.arrow"))

    def head_rows(self) -> list[tuple[int, int, int]]:
        """Row of heads.arrow, layer, head."""
        sites = [s for s in self.recording.manifest["sites"] if s["name"].endswith("hook_pattern")]
        pairs = [(site["layer"], head) for site in sites for head in range(site["n_units"])]
        return [(row, layer, head) for row, (layer, head) in enumerate(pairs)]

    def unit_row(self, head_row: int) -> int:
        return len(self.recording.unit_sites) - len(self.head_rows()) + head_row

    def pairs(self, n: int) -> Array:
        """bool [query, key]: those that count."""
        counts = np.tril(np.ones((n, n), bool))
        counts[:, 0] &= not self.skips
        return counts

    def values(self, layer: int, head: int) -> list[Array]:
        """float32 [query, key] of each sequence."""
        return [
            heads[layer].pattern[head] * heads[layer].norms[head][None, :]
            for heads in self.sequences
        ]


@pytest.fixture(scope="module", params=sorted(RUNS))
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp(request.param)
    corpus = Corpus.of(24, longest=150, seed=4)
    path = record(real_model(), corpus, folder, [*OPTIONS, *RUNS[request.param]])
    recording = Recording(path)
    found = []
    for batch in batches(recording.ids(), 1024):
        found += dump_heads(real_model(), batch, LAYERS)
    return Run(path, recording, request.param == "skips", found)


def test_check(run: Run) -> None:
    command: list[str | Path] = [program().with_name("actogram"), "check", run.path]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_sites(run: Run) -> None:
    names = [site["name"] for site in run.recording.manifest["sites"]]
    assert names == [f"blocks.{i}.mlp.hook_post" for i in LAYERS] + [
        f"blocks.{i}.attn.hook_pattern" for i in LAYERS
    ]
    assert run.recording.manifest["version"] == 4
    assert len(run.heads["n_queries"]) == 9 * len(LAYERS)


def test_summaries(run: Run) -> None:
    units = run.recording.units
    for head_row, layer, head in run.head_rows():
        row = run.unit_row(head_row)
        of_sequences = [v[run.pairs(len(v))] for v in run.values(layer, head)]
        values = np.concatenate(of_sequences)
        assert units["count"][row] == len(values)
        assert units["n_nan"][row] == units["n_infinite"][row] == units["n_peaks"][row] == 0
        assert units["n_positive"][row] == (values > 0).sum()
        assert (units["min"][row], units["max"][row]) == (values.min(), values.max())
        for name, expected in slow_twin.moments(values).items():
            assert units[name][row] == pytest.approx(expected, rel=1e-9)
        np.testing.assert_array_equal(
            run.recording.histogram(row, "value"), slow_twin.histogram(values)
        )
        maxima = np.array([v.max() for v in of_sequences if v.size], np.float32)
        np.testing.assert_array_equal(
            run.recording.histogram(row, "maximum"), slow_twin.histogram(maxima)
        )
        check_extremes(run, row, run.values(layer, head))


def check_extremes(run: Run, row: int, values: list[Array]) -> None:
    """The first sequence and in it the first query that has the extreme."""
    for name, sign in (("max", 1), ("min", -1)):
        best = run.recording.units[name][row]
        for s, v in enumerate(values):
            found = np.argwhere((v == best) & run.pairs(len(v)))
            if len(found):
                place = (s, int(found[0][0]))
                break
        stored = tuple(int(run.recording.units[f"{name}_{part}"][row]) for part in PLACE)
        assert stored == place, sign


PLACE = ("sequence", "position")


def lane_sum(rows: list[tuple[int, Array]]) -> float:
    """Of (first key, values) query by query: key k into sum k mod 16, then these in order."""
    lanes = np.zeros(16)
    for first, values in rows:
        for start in range(first - first % 16, first + len(values), 16):
            begin, end = max(start, first), min(start + 16, first + len(values))
            lanes[begin - start : end - start] += values[begin - first : end - first]
    total = 0.0
    for lane in lanes.tolist():
        total += lane
    return total


def test_power_sums(run: Run) -> None:
    first = 1 if run.skips else 0
    for head_row, layer, head in run.head_rows()[::5]:
        expected = [0] * 4
        for values in run.values(layer, head):
            for power in range(4):
                rows = []
                for q in range(len(values)):
                    v = values[q, first : q + 1].astype(np.float64)
                    square = v * v
                    rows.append((first, [v, square, square * v, square * square][power]))
                expected[power] += slow_twin.exact(lane_sum(rows))
        row = run.unit_row(head_row)
        assert slow_twin.stored_power_sums(run.recording.power_sums[row]) == expected


def distance_bin(distance: int) -> int:
    return min(distance.bit_length(), N_BINS - 1)


def in_order(values: Array) -> float:
    """Added one by one."""
    total = 0.0
    for value in values.astype(np.float64).tolist():
        total += value
    return total


def expected_sums(run: Run, layer: int, head: int) -> tuple[list[int], int, int]:
    """All but the entropy, the queries and the repeats."""
    totals, n_queries, n_repeats = [0] * N_SUMS, 0, 0
    ids, first = run.recording.ids(), 1 if run.skips else 0
    for s, values in enumerate(run.values(layer, head)):
        a, n = run.sequences[s][layer].pattern[head], len(values)
        repeats = [
            (q, k) for q in range(1, n) for k in range(1, q + 1) if ids[s][k - 1] == ids[s][q]
        ]
        parts = [0.0] * N_SUMS
        parts[1] = in_order(np.array([a[q, q] for q in range(1, n)]))
        parts[2] = in_order(np.array([a[q, q - 1] for q in range(1, n)]))
        parts[3] = in_order(np.array([a[q, 0] for q in range(1, n)]))
        parts[4] = in_order(np.array([a[q, k] for q, k in repeats]))
        for d in range(n):
            for base, of in ((5, a), (5 + N_BINS, values)):
                diagonal = np.array([of[q, q - d] for q in range(d + first, n)])
                parts[base + distance_bin(d)] += in_order(diagonal)
        totals = [t + slow_twin.exact(p) for t, p in zip(totals, parts, strict=True)]
        n_queries, n_repeats = n_queries + n - 1, n_repeats + len(repeats)
    return totals, n_queries, n_repeats


def test_scores(run: Run) -> None:
    lists = read_table(run.path / "heads.arrow")
    distances = [Ragged.of(lists.column(f"distance_{of}")) for of in ("pattern", "value")]
    for row, layer, head in run.head_rows()[::4]:
        sums, n_queries, n_repeats = expected_sums(run, layer, head)
        assert run.sums[row][1:] == sums[1:]
        assert run.heads["n_queries"][row] == n_queries
        assert run.heads["n_repeats"][row] == n_repeats > 0
        means = [sums[i] / 2**slow_twin.UNIT_BITS / n_queries for i in (1, 2, 3)]
        found = [run.heads[name][row] for name in ("self", "previous", "first")]
        np.testing.assert_allclose(found, means, rtol=1e-14)
        induction = sums[4] / 2**slow_twin.UNIT_BITS / n_repeats
        assert run.heads["induction"][row] == pytest.approx(induction, rel=1e-14)
        for i, column in enumerate(distances):
            expected = [
                s / 2**slow_twin.UNIT_BITS for s in sums[5 + i * N_BINS : 5 + (i + 1) * N_BINS]
            ]
            np.testing.assert_allclose(column[row], expected, rtol=1e-14)


def test_entropy(run: Run) -> None:
    for row, layer, head in run.head_rows():
        total, n_queries = 0.0, 0
        for heads in run.sequences:
            a = heads[layer].pattern[head].astype(np.float64)
            positive = a[1:][a[1:] > 0]
            total -= float((positive * np.log(positive)).sum())
            n_queries += len(a) - 1
        assert run.heads["entropy"][row] == pytest.approx(total / n_queries, rel=1e-6)
        assert 0 < run.heads["entropy"][row] < math.log(40)


# Excerpts


def expected_peaks(run: Run, layer: int, head: int) -> list[dict[str, float]]:
    options = run.recording.options
    site = f"blocks.{layer}.attn.hook_pattern"
    ranks = slow_twin.sample_ranks(site, 9, run.recording.sequences["key"])[head]
    found = []
    for s, values in enumerate(run.values(layer, head)):
        counts = run.pairs(len(values))
        if not counts.any():
            continue
        best = values[counts].max()
        query, key = (int(i) for i in np.argwhere((values == best) & counts)[0])
        n = len(values)
        width = min(options.window, n)
        begin = slow_twin.window_begin(query, n, options.window)
        if key < begin and query - key < options.window:
            begin = key
        found.append({
            "groups": 0, "sequence": s, "query": query, "key": key, "value": best,
            "rank": int(ranks[s]), "window_begin": begin, "n": width,
        })  # fmt: skip
    for bit, n, order in (
        (1, options.top, lambda p: (-p["value"], p["sequence"])),
        (2, options.bottom, lambda p: (p["value"], p["sequence"])),
        (4, options.random, lambda p: (p["rank"], p["sequence"])),
    ):
        for peak in sorted(found, key=order)[:n]:
            peak["groups"] |= bit
    kept = [peak for peak in found if peak["groups"]]
    return sorted(kept, key=lambda p: (-p["value"], p["sequence"]))


def test_peaks(run: Run) -> None:
    table = read_table(run.path / "head_peaks.arrow")
    patterns, norms = Ragged.of(table.column("pattern")), Ragged.of(table.column("key_norms"))
    n_beside = 0
    for row, layer, head in run.head_rows():
        expected = expected_peaks(run, layer, head)
        first = int(run.heads["first_peak"][row])
        assert run.heads["n_peaks"][row] == len(expected)
        for i, peak in enumerate(expected):
            at = first + i
            assert {name: run.peaks[name][at] for name in peak} == peak
            window = slice(int(peak["window_begin"]), int(peak["window_begin"] + peak["n"]))
            heads = run.sequences[int(peak["sequence"])][layer]
            inside = heads.pattern[head][window, window]
            np.testing.assert_array_equal(patterns[at], inside[np.tril_indices(len(inside))])
            np.testing.assert_array_equal(norms[at], heads.norms[head][window])
            n_beside += peak["key"] < peak["window_begin"]
    assert n_beside > 0, "some keys are out of reach"
