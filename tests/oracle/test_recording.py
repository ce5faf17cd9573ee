"""A whole recording against oracle.slow_twin, which computes it anew from the raw values.

From actogram's own values (dump_sites) everything is equal: to the last bit, but for the moments,
which the twin computes in two passes. From Hugging Face's values, computed without actogram and
llama.cpp, everything is as close as the values are.
"""

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest
import torch
from gguf import GGUFReader
from oracle import hugging_face, slow_twin
from oracle import test_transformers as transformers_oracle
from oracle.real_model import real_model
from oracle.recordings import Corpus, dump, record
from oracle.slow_twin import Array, Peak, Recording, Unit

pytestmark = pytest.mark.slow


COMPARED = ["groups", "sequence", "position", "value", "rank", "window_begin"]


@dataclass(frozen=True)
class Run:
    """A recording and what it is of."""

    corpus: Corpus
    recording: Recording
    values: dict[str, list[Array]]  # site -> float32 [token, unit] of each sequence

    @cached_property
    def units(self) -> list[Unit]:
        """In the order of units.arrow."""
        return [
            unit
            for site in self.recording.sites
            for unit in self.recording.twins(site, self.values[site])
        ]

    @cached_property
    def summaries(self) -> list[dict[str, float]]:
        return [unit.summary() | slow_twin.moments(unit.values) for unit in self.units]


# Many more sequences than are kept, also with the default counts; windows cut at either end or not.
FEW = ["--top", "4", "--bottom", "5", "--random", "3", "--per-bucket", "4"]
RUNS = {
    "default": (
        Corpus.of(50, longest=200, seed=1),
        ["--layers", "0,15,29", "--context", "48", "--window", "16"],
    ),
    "few": (
        Corpus.of(50, longest=120, seed=2),
        ["--layers", "0,7", "--context", "20", "--window", "7", "--bos", "always", *FEW],
    ),
}


def run_exact(name: str, folder: Path) -> Run:
    corpus, options = RUNS[name]
    model = real_model()
    recording = Recording(record(model, corpus, folder, options))
    layers, sites = options[1], list(recording.sites)
    return Run(corpus, recording, dump(model, recording.ids(), layers, sites))


@pytest.fixture(scope="module", params=RUNS)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run_exact(request.param, tmp_path_factory.mktemp(request.param))


# The text


def test_documents(run: Run) -> None:
    recording, expected = run.recording, run.corpus.documents()
    documents = recording.documents
    sources = [source["name"] for source in recording.manifest["corpus"]["sources"]]
    assert sources == ["files", "lines.jsonl"]
    assert recording.texts == [text for _, _, text in expected]
    assert [sources[i] for i in documents["source"]] == [source for source, _, _ in expected]
    assert documents["ordinal"].tolist() == [ordinal for _, ordinal, _ in expected]
    assert documents["document"].tolist() == list(range(len(expected)))
    invalid = [n_invalid_bytes(text) for _, _, text in expected]
    assert documents["n_invalid_bytes"].tolist() == invalid
    assert sum(n > 0 for n in invalid) > 3


def n_invalid_bytes(text: bytes) -> int:
    return sum("\udc80" <= c <= "\udcff" for c in text.decode(errors="surrogateescape"))


def sequences_of(recording: Recording, document: int) -> list[int]:
    return np.flatnonzero(recording.sequences["document_row"] == document).tolist()


def test_sequences(run: Run) -> None:
    recording, sequences = run.recording, run.recording.sequences
    context = recording.manifest["options"]["context"]
    n_tokens = sequences["n_tokens"].astype(np.int64)
    assert (n_tokens > 0).all()
    assert n_tokens.max() == context
    assert (sequences["first_token"] == np.cumsum(n_tokens) - n_tokens).all()
    assert n_tokens.sum() == len(recording.tokens["id"])
    assert (np.diff(sequences["document_row"].astype(np.int64)) >= 0).all()
    for row, (source, ordinal, _) in enumerate(run.corpus.documents()):
        own = sequences_of(recording, row)
        assert sequences["chunk"][own].tolist() == list(range(len(own)))
        assert (n_tokens[own[:-1]] == context).all(), "only the last is shorter"
        keys = [slow_twin.sequence_key(source, ordinal, chunk) for chunk in range(len(own))]
        assert sequences["key"][own].tolist() == keys


def byte_of_character() -> dict[str, int]:
    """GPT-2's printable stand-ins for the 256 bytes."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return {chr(b if b in printable else next(others)): b for b in range(256)}


@pytest.fixture(scope="module")
def vocabulary() -> list[str]:
    found = GGUFReader(real_model()).fields["tokenizer.ggml.tokens"].contents()
    assert isinstance(found, list)
    return found


def test_tokens_cover_the_text(run: Run, vocabulary: list[str]) -> None:
    """In order, without gap or overlap, and each stands for just the bytes that it covers."""
    recording, to_byte, pieces = run.recording, byte_of_character(), vocabulary
    uses_bos = recording.manifest["corpus"]["uses_bos"]
    for row, text in enumerate(recording.texts):
        at = 0
        for sequence in sequences_of(recording, row):
            rows = recording.tokens_of(sequence)
            columns = (recording.tokens[name][rows].tolist() for name in ("id", "begin", "end"))
            for position, (token, begin, end) in enumerate(zip(*columns, strict=True)):
                assert begin == at
                at = end
                if uses_bos and position == 0:
                    assert (pieces[token], begin) == ("<|im_start|>", end)
                    continue
                assert begin < end
                piece = bytes(to_byte[character] for character in pieces[token])
                if n_invalid_bytes(text) == 0:
                    assert piece == text[begin:end]
        assert at == len(text)


# Exactly, from the same values


@pytest.mark.parametrize("column", list(Unit.EXACT_COLUMNS))
def test_summary(run: Run, column: str) -> None:
    expected = [summary[column] for summary in run.summaries]
    np.testing.assert_array_equal(run.recording.units[column], expected)


@pytest.mark.parametrize("column", ["mean", "variance", "skewness", "kurtosis"])
def test_moments(run: Run, column: str) -> None:
    """A sum of cubes may cancel to nothing beside its terms, so skewness has an absolute part."""
    expected = [summary[column] for summary in run.summaries]
    atol = 1e-9 if column == "skewness" else 0
    np.testing.assert_allclose(run.recording.units[column], expected, rtol=1e-9, atol=atol)


def expected_power_sums(sequences: list[Array]) -> list[list[int]]:
    """[unit][power]"""
    sums = [[0] * 4 for _ in range(sequences[0].shape[1])]
    for values in sequences:
        for unit, partial in enumerate(slow_twin.partial_power_sums(values).T.tolist()):
            sums[unit] = [s + slow_twin.exact(p) for s, p in zip(sums[unit], partial, strict=True)]
    return sums


def test_power_sums(run: Run) -> None:
    for site, sequences in run.values.items():
        rows = run.recording.rows_of(site)
        stored = [slow_twin.stored_power_sums(run.recording.power_sums[row]) for row in rows]
        assert stored == expected_power_sums(sequences)


def test_names(run: Run) -> None:
    recording = run.recording
    names = [(site, unit) for site, n in recording.sites.items() for unit in range(n)]
    assert list(zip(recording.unit_sites, recording.units["unit"], strict=True)) == names


def test_histograms(run: Run) -> None:
    for row, unit in enumerate(run.units):
        for which, values in (("value", unit.values), ("maximum", unit.max)):
            found = run.recording.histogram(row, which)
            np.testing.assert_array_equal(found, slow_twin.histogram(values), f"{which} of {row}")


def test_bins_lie_between_their_edges(run: Run) -> None:
    edges = slow_twin.edges()
    values = np.concatenate([unit.values for unit in run.units[::40]]).astype(np.float64)
    bins = slow_twin.bins_of(values.astype(np.float32))
    low, high = edges[bins], edges[bins + 1]
    positive = values > 0
    assert ((low <= values) & (values < high))[positive].all()
    assert ((low < values) & (values <= high))[values < 0].all()


def stored_peaks(recording: Recording, row: int) -> list[Peak]:
    rows = recording.peak_rows(row)
    part = slice(rows.start, rows.stop)
    columns = (recording.peaks[name][part].tolist() for name in COMPARED)
    return [Peak(*values) for values in zip(*columns, strict=True)]


def test_peaks(run: Run) -> None:
    """Which sequences are kept, why, in what order, and the windows, to the bit."""
    recording, next_row = run.recording, 0
    for row, unit in enumerate(run.units):
        rows = recording.peak_rows(row)
        assert rows.start == next_row
        next_row = rows.stop
        expected = list(unit.peaks())
        assert stored_peaks(recording, row) == expected, f"unit {row}"
        windows = [unit.window(peak) for peak in expected]
        begins = recording.windows.begins[rows.start : rows.stop + 1]
        assert np.diff(begins).tolist() == [len(window) for window in windows]
        flat = recording.windows.flat[begins[0] : begins[-1]]
        assert np.concatenate(windows).tobytes() == flat.tobytes(), f"unit {row}"
    assert next_row == len(recording.peaks["rank"])


def test_run_has_what_it_should_show(run: Run) -> None:
    """Sequences that are dropped, ties, cut windows, all groups: else the tests say little."""
    recording, options = run.recording, run.recording.options
    assert recording.n_sequences >= 60
    kept = recording.units["n_peaks"] - options.bottom
    assert (kept < recording.n_sequences).mean() > 0.99
    assert np.bitwise_or.reduce(recording.peaks["groups"]) == 255
    assert (recording.peaks["groups"] == 0).any()
    n_tokens = recording.sequences["n_tokens"][recording.peaks["sequence"]]
    end = recording.peaks["window_begin"] + options.window
    assert ((recording.peaks["window_begin"] > 0) & (end < n_tokens)).any()
    assert (n_tokens < options.window).any()
    ties = [len(np.unique(unit.max)) < len(unit.max) for unit in run.units[::100]]
    assert all(ties), "duplicates tie"


def test_one_changed_value_is_noticed(run: Run) -> None:
    """What the tests above compare changes with the last bit of one value."""
    unit = run.units[7]
    s = int(unit.strongest[0])
    at = int(unit.max_at[s])
    sequences = [values.copy() for values in unit.sequences]
    sequences[s][at] = np.nextafter(sequences[s][at], np.float32(np.inf))
    maxima = unit.max.copy()
    maxima[s] = sequences[s][at]
    changed = dataclasses.replace(unit, sequences=sequences, max=maxima)
    assert changed.summary() != unit.summary()
    assert list(changed.peaks()) != list(unit.peaks())
    before, after = (
        expected_power_sums([v[:, None] for v in u.sequences]) for u in (unit, changed)
    )
    assert before != after


# Within rounding, from Hugging Face's values
#
# Both compute in float32, in another order. On SmolLM2's layers 0, 15 and 29, the errors of a unit
# were, at worst, 9e-6 of its values' root mean square (their root mean square) and 5.4e-5 of its
# largest magnitude (a single value). The tests allow about five times as much; with float16 keys
# and values the former would be 2e-3 already.
MAX_RMS_ERROR = 5e-5
MAX_ERROR = 2.5e-4


@pytest.fixture(scope="module")
def their_run(float32_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    corpus = Corpus.of(14, longest=200, seed=3)
    options = ["--layers", "0,15,29", "--context", "48", "--window", "16", *FEW]
    folder = tmp_path_factory.mktemp("float32")
    recording = Recording(record(float32_model, corpus, folder, options))
    return Run(corpus, recording, run_transformers(float32_model, recording))


def run_transformers(path: Path, recording: Recording) -> dict[str, list[Array]]:
    model = hugging_face.load(path)
    seen: dict[str, Array] = {}
    for layer in recording.manifest["options"]["layers"]:
        mlp = model.model.layers[layer].mlp
        transformers_oracle.record(mlp, f"blocks.{layer}.mlp", seen)
    found: dict[str, list[Array]] = {site: [] for site in recording.sites}
    with torch.no_grad():
        for ids in recording.ids():
            model.model(torch.from_numpy(ids[None].astype(np.int64)))
            for site in recording.sites:
                found[site].append(seen[site])
    return found


@dataclass(frozen=True)
class Tolerance:
    value: float  # of any value of the unit
    rms: float  # of all of its values, root mean square

    @classmethod
    def of(cls, unit: Unit) -> "Tolerance":
        x = unit.values.astype(np.float64)
        return cls(
            MAX_ERROR * float(np.abs(x).max()), MAX_RMS_ERROR * float(np.sqrt((x**2).mean()))
        )


def moment_tolerances(unit: Unit, rms: float) -> dict[str, float]:
    """How far moments can move if values move by `rms`, root mean square.

    To first order, by Cauchy and Schwarz: the mean by rms, the variance by 2 rms sigma, m3 by
    3 rms sqrt(m4), m4 by 4 rms sqrt(m6). Twice that leaves room for the second order.
    """
    x = unit.values.astype(np.float64)
    d = x - x.mean()
    sigma, m3, m4, m6 = d.std(), (d**3).mean(), (d**4).mean(), (d**6).mean()
    return {
        "mean": 2 * rms,
        "variance": 2 * 2 * rms * sigma,
        "skewness": 2 * 3 * rms * (np.sqrt(m4) + abs(m3) / sigma) / sigma**3,
        "kurtosis": 2 * 4 * rms * (np.sqrt(m6) + m4 / sigma) / sigma**4,
    }


@pytest.mark.parametrize("column", ["mean", "variance", "skewness", "kurtosis"])
def test_their_moments(their_run: Run, column: str) -> None:
    expected = np.array([summary[column] for summary in their_run.summaries])
    tolerances = [moment_tolerances(unit, Tolerance.of(unit).rms) for unit in their_run.units]
    error = np.abs(their_run.recording.units[column] - expected)
    assert (error <= [tolerance[column] for tolerance in tolerances]).all()


def test_their_counts_and_extremes(their_run: Run) -> None:
    """A value near 0 may have either sign; of two values close together either may be higher."""
    stored = their_run.recording.units
    for row, (unit, summary) in enumerate(zip(their_run.units, their_run.summaries, strict=True)):
        tolerance = Tolerance.of(unit).value
        assert stored["count"][row] == summary["count"]
        assert stored["n_nan"][row] == stored["n_infinite"][row] == 0
        n_positive = [(unit.values > edge).sum() for edge in (tolerance, -tolerance)]
        assert n_positive[0] <= stored["n_positive"][row] <= n_positive[1]
        for name in ("min", "max"):
            sequence, position = stored[f"{name}_sequence"][row], stored[f"{name}_position"][row]
            there = unit.sequences[sequence][position]
            assert abs(stored[name][row] - there) <= tolerance
            assert abs(stored[name][row] - summary[name]) <= tolerance


def test_their_histograms(their_run: Run) -> None:
    """Below each edge lies as much, but for values within the tolerance of it."""
    inner = slow_twin.edges()[1:-1]
    for row, unit in enumerate(their_run.units):
        tolerance = Tolerance.of(unit).value
        for which, values in (("value", unit.values), ("maximum", unit.max)):
            below = np.cumsum(their_run.recording.histogram(row, which))
            assert below[-1] == len(values)
            ascending = np.sort(values.astype(np.float64))
            assert (np.searchsorted(ascending, inner - tolerance, "left") <= below[:-1]).all()
            assert (below[:-1] <= np.searchsorted(ascending, inner + tolerance, "right")).all()


def test_their_windows(their_run: Run) -> None:
    """Every exemplar: where it is, what it was drawn by, and each value around it."""
    recording = their_run.recording
    for row, unit in enumerate(their_run.units):
        tolerance = Tolerance.of(unit).value
        rows = recording.peak_rows(row)
        for peak_row, peak in zip(rows, stored_peaks(recording, row), strict=True):
            window, values = recording.windows[peak_row], unit.sequences[peak.sequence]
            begin = slow_twin.window_begin(peak.position, len(values), recording.options.window)
            assert (peak.window_begin, peak.rank) == (begin, unit.ranks[peak.sequence])
            expected = unit.window(peak)
            assert len(window) == len(expected)
            assert np.abs(window - expected).max() <= tolerance
            assert window[peak.position - begin] == np.float32(peak.value)
            peaks = unit.min if peak.groups == slow_twin.BOTTOM else unit.max
            assert abs(peak.value - peaks[peak.sequence]) <= tolerance


class Margins:
    """Which sequences of a unit are above which, for certain and possibly."""

    def __init__(self, values: Array, tolerance: float) -> None:
        difference = values.astype(np.float64)[:, None] - values[None, :]
        self.certainly = difference > 2 * tolerance  # [i, j]: i is above j
        self.possibly = difference > -2 * tolerance
        np.fill_diagonal(self.possibly, False)

    def among_highest(self, n: int) -> tuple[Array, Array]:
        """Whether each sequence is certainly, and certainly not, among the n highest."""
        return self.possibly.sum(axis=0) < n, self.certainly.sum(axis=0) >= n


def decided(found: Array, certain: Array, impossible: Array) -> float:
    """The share that has to be as it is."""
    assert found[certain].all()
    assert not found[impossible].any()
    return float((certain | impossible).mean())


def members(peaks: list[Peak], n_sequences: int) -> tuple[Array, Array, Array]:
    """By sequence: kept for the maximum, its groups, and whether it is a bottom one."""
    kept, bottom = np.zeros((2, n_sequences), bool)
    groups = np.zeros(n_sequences, np.uint16)
    for peak in peaks:
        if peak.groups == slow_twin.BOTTOM:
            bottom[peak.sequence] = True
        else:
            kept[peak.sequence], groups[peak.sequence] = True, peak.groups
    return kept, groups, bottom


def test_their_groups(their_run: Run) -> None:
    """Who is in a group, wherever values are further apart than the tolerance."""
    recording, shares = their_run.recording, []
    for row, unit in enumerate(their_run.units):
        options, tolerance = unit.options, Tolerance.of(unit).value
        found = members(stored_peaks(recording, row), recording.n_sequences)
        kept, groups, bottom = found
        above, below = Margins(unit.max, tolerance), Margins(-unit.min, tolerance)
        shares.append(decided(groups & slow_twin.TOP > 0, *above.among_highest(options.top)))
        shares.append(decided(bottom, *below.among_highest(options.bottom)))
        lowest = slow_twin.places_of(unit.drawn) < options.random
        assert ((groups & slow_twin.RANDOM > 0) == lowest).all(), "ranks are exact"
        shares.append(check_kept(unit, kept, above))
        shares += check_buckets(unit, groups, stored_bounds(recording, row), tolerance)
    assert np.mean(shares) > 0.85, "most is decided"


def check_kept(unit: Unit, kept: Array, above: Margins) -> float:
    draw = slow_twin.places_of(unit.drawn)
    before = draw[:, None] < draw[None, :]
    early = draw < unit.options.all
    tail = unit.options.tail
    certain = early | (slow_twin.dominators(above.possibly, before) < tail)
    impossible = ~early & (slow_twin.dominators(above.certainly, before) >= tail)
    return decided(kept, certain, impossible)


def stored_bounds(recording: Recording, row: int) -> list[float]:
    """From the recorded histogram, which test_their_histograms compares with theirs."""
    counts = recording.histogram(row, "maximum")
    low, high = (float(recording.units[name][row]) for name in ("min", "max"))
    return [slow_twin.quantile(counts, q, low, high) for q in slow_twin.QUANTILES]


def check_buckets(unit: Unit, groups: Array, bounds: list[float], tolerance: float) -> list[float]:
    """A bucket is decided where no maximum lies within the tolerance of its bounds."""
    bounds = [-np.inf, *bounds[1:-1], np.inf]  # nothing is below 0 and nothing above 1
    expected = slow_twin.buckets(unit.max, unit.ranks, bounds, unit.options)
    gaps = [np.abs(unit.max - bound).min() for bound in bounds]
    shares = []
    for b in range(slow_twin.N_BUCKETS):
        bit = slow_twin.BUCKET0 << b
        clear = min(gaps[b], gaps[b + 1]) > tolerance
        shares.append(float(clear))
        assert not clear or (groups & bit == expected & bit).all()
    return shares
