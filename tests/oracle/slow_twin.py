"""What a recording must hold, computed anew from raw values: docs/format.md, the slow way.

Shares no code with actogram. Whatever speaks of a set of sequences looks at all of them; there is
no streaming, no pruning and no merging here.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

Array = np.ndarray[Any, Any]

MASK = (1 << 64) - 1
N_BINS, ZERO_BIN = 773, 386
UNIT_BITS = 256  # power sums are integers in units of 2^-256
N_LIMBS = 13
QUANTILES = (0.0, 0.5, 0.9, 0.99, 0.999, 1.0)
TOP, BOTTOM, RANDOM, BUCKET0 = 1, 2, 4, 8
N_BUCKETS = 5


# Sampling


def mix(x: Array) -> Array:
    """The finaliser of SplitMix64, of uint64."""
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(x ^ (x >> np.uint64(31)))


def fnv1a(text: str) -> int:
    found = 0xCBF29CE484222325
    for byte in text.encode():
        found = (found ^ byte) * 0x100000001B3 & MASK
    return found


def u64(numbers: list[int]) -> Array:
    return np.array([number & MASK for number in numbers], np.uint64)


def sequence_key(source: str, ordinal: int, chunk: int) -> int:
    inner = mix(u64([fnv1a(source) + ordinal]))
    return int(mix(u64([int(inner[0]) + chunk]))[0])


def sample_ranks(site: str, n_units: int, keys: Array) -> Array:
    """[unit, sequence]"""
    units = mix(u64([fnv1a(site) + unit for unit in range(n_units)]))
    return np.asarray(mix(units[:, None] ^ keys[None, :]) >> np.uint64(32))


# Histograms


def bins_of(values: Array) -> Array:
    bits = np.ascontiguousarray(values, np.float32).view(np.int32).astype(np.int64)
    magnitude = bits & 0x7FFFFFFF
    away = np.clip((magnitude >> 20) - 822, 1, 386)
    away[magnitude == 0] = 0
    return np.asarray(np.where(bits < 0, ZERO_BIN - away, ZERO_BIN + away))


def edges() -> Array:
    """float64 [774]: bin b lies between edges b and b + 1."""
    octaves = [2.0 ** (k // 8) * (1 + k % 8 / 8) for k in range(-24 * 8, 24 * 8 + 1)]
    side = [0.0, *octaves, math.inf]
    return np.array([-edge for edge in reversed(side)] + side)


def histogram(values: Array) -> Array:
    return np.bincount(bins_of(values), minlength=N_BINS)


def quantile(counts: Array, q: float, low: float, high: float) -> float:
    """Interpolated linearly in the bin, whose edges are narrowed to `low` and `high`."""
    wanted, below = q * float(counts.sum()), 0.0
    bounds = edges()
    for b in np.flatnonzero(counts):
        count = float(counts[b])
        if below + count >= wanted:
            left, right = max(bounds[b], low), min(bounds[b + 1], high)
            return float(left + (right - left) * (wanted - below) / count)
        below += count
    return high


# Moments


def partial_power_sums(values: Array) -> Array:
    """float64 [4, unit] of one sequence [token, unit], added from first to last."""
    sums = np.zeros((4, values.shape[1]))
    for row in values.astype(np.float64):
        square = row * row  # exact: float32 has 24 bits
        sums += np.stack([row, square, square * row, square * square])
    return sums


def exact(value: float) -> int:
    """In units of 2^-256, what is below dropped towards zero."""
    numerator, denominator = value.as_integer_ratio()
    magnitude = (abs(numerator) << UNIT_BITS) // denominator
    return magnitude if numerator >= 0 else -magnitude


def stored_power_sums(raw: bytes) -> list[int]:
    size = 8 * N_LIMBS
    assert len(raw) == 4 * size
    return [
        int.from_bytes(raw[at : at + size], "little", signed=True)
        for at in range(0, 4 * size, size)
    ]


def moments(values: Array) -> dict[str, float]:
    """In two passes."""
    x = values.astype(np.float64)
    mean = x.mean()
    d = x - mean
    m2, m3, m4 = (float((d**power).mean()) for power in (2, 3, 4))
    known = m2 > 0
    return {
        "mean": float(mean),
        "variance": m2,
        "skewness": m3 / m2**1.5 if known else math.nan,
        "kurtosis": m4 / m2**2 if known else math.nan,
    }


# Exemplars


@dataclass(frozen=True)
class Options:
    top: int
    bottom: int
    random: int
    per_bucket: int
    window: int
    sign_classes: bool
    class_top: int
    classes_count_bos: bool
    samples: int
    attn_skip_bos: bool

    @property
    def tail(self) -> int:
        b = self.per_bucket
        return max(math.ceil(b / 0.8 + 1.6 * math.sqrt(b)), self.top, self.random, 1)

    @property
    def all(self) -> int:
        b = self.per_bucket
        return max(math.ceil(b / 0.5 + 3.5 * math.sqrt(b)), self.random, 1)


def window_begin(position: int, n_tokens: int, width: int) -> int:
    return max(0, min(position - width // 2, n_tokens - width))


def places_of(order: Array) -> Array:
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    return places


def dominators(stronger: Array, drawn_before: Array) -> Array:
    """How many sequences come before each of them in both orders; [i, j]: i before j."""
    return np.asarray((stronger & drawn_before).sum(axis=0))


def buckets(maxima: Array, ranks: Array, bounds: list[float], options: Options) -> Array:
    """uint16 [sequence]: the bits of the buckets."""
    groups = np.zeros(len(maxima), np.uint16)
    drawn, values = np.lexsort((np.arange(len(ranks)), ranks)).tolist(), maxima.tolist()
    for b in range(N_BUCKETS):
        fair = options.all if b == 0 else options.tail
        stratum = [s for s in drawn if values[s] >= bounds[b]][:fair]
        inside = [s for s in stratum if b == N_BUCKETS - 1 or values[s] < bounds[b + 1]]
        groups[inside[: options.per_bucket]] |= np.uint16(BUCKET0 << b)
    return groups


@dataclass(frozen=True)
class Peak:
    groups: int
    sequence: int
    position: int
    value: float
    rank: int
    window_begin: int


@dataclass(frozen=True)
class Extremes:
    """[sequence, unit], the first position among equals."""

    max: Array
    max_at: Array
    min: Array
    min_at: Array

    @classmethod
    def of(cls, sequences: list[Array]) -> "Extremes":
        max_at = np.stack([values.argmax(axis=0) for values in sequences])
        min_at = np.stack([values.argmin(axis=0) for values in sequences])
        return cls(
            np.stack([values.max(axis=0) for values in sequences]),
            max_at,
            np.stack([values.min(axis=0) for values in sequences]),
            min_at,
        )


@dataclass(frozen=True)
class Unit:
    """Everything that is known of a unit: finite values of all sequences, and how it samples."""

    EXACT_COLUMNS: ClassVar = (
        *("count", "n_nan", "n_infinite", "n_positive", "min", "max"),
        *("min_sequence", "min_position", "max_sequence", "max_position"),
    )

    sequences: list[Array]  # float32 [token] each
    max: Array  # [sequence]
    max_at: Array
    min: Array
    min_at: Array
    ranks: Array
    options: Options

    @cached_property
    def values(self) -> Array:
        return np.concatenate(self.sequences)

    @cached_property
    def drawn(self) -> Array:
        """Sequences in the order of drawing."""
        return np.lexsort((np.arange(len(self.ranks)), self.ranks))

    @cached_property
    def strongest(self) -> Array:
        return np.lexsort((np.arange(len(self.max)), -self.max))

    def bounds(self) -> list[float]:
        low, high = float(self.min.min()), float(self.max.max())
        return [quantile(histogram(self.max), q, low, high) for q in QUANTILES]

    def summary(self) -> dict[str, float]:
        """Columns of units.arrow that are equal exactly."""
        highest, lowest = int(self.max.argmax()), int(self.min.argmin())
        return {
            "count": len(self.values),
            "n_nan": 0,
            "n_infinite": 0,
            "n_positive": int((self.values > 0).sum()),
            "min": float(self.min[lowest]),
            "max": float(self.max[highest]),
            "min_sequence": lowest,
            "min_position": int(self.min_at[lowest]),
            "max_sequence": highest,
            "max_position": int(self.max_at[highest]),
        }

    def kept(self) -> Array:
        """Whether each sequence is kept for its maximum."""
        strength, draw = places_of(self.strongest), places_of(self.drawn)
        stronger = strength[:, None] < strength[None, :]
        before = draw[:, None] < draw[None, :]
        return (dominators(stronger, before) < self.options.tail) | (draw < self.options.all)

    def groups(self) -> Array:
        """uint16 [sequence], but for bottom: chosen from all sequences, kept or not."""
        found = buckets(self.max, self.ranks, self.bounds(), self.options)
        found[self.strongest[: self.options.top]] |= TOP
        found[self.drawn[: self.options.random]] |= RANDOM
        return found

    def peaks(self) -> Iterator[Peak]:
        kept, groups = self.kept(), self.groups()
        assert not groups[~kept].any(), "a group needs a sequence that is not kept"
        for s in self.strongest:
            if kept[s]:
                yield self._peak(s, int(groups[s]), self.max_at[s], self.max[s])
        lowest = np.lexsort((np.arange(len(self.min)), self.min))
        for s in lowest[: self.options.bottom]:
            yield self._peak(s, BOTTOM, self.min_at[s], self.min[s])

    def _peak(self, s: int, groups: int, position: int, value: float) -> Peak:
        begin = window_begin(int(position), len(self.sequences[s]), self.options.window)
        return Peak(groups, int(s), int(position), float(value), int(self.ranks[s]), begin)

    def window(self, peak: Peak) -> Array:
        end = peak.window_begin + self.options.window
        return self.sequences[peak.sequence][peak.window_begin : end]


# The recording


def read_table(path: Path) -> pa.Table:
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()


def columns(table: pa.Table) -> dict[str, Array]:
    """All but lists, texts and bytes."""
    return {
        name: table.column(name).to_numpy()
        for name in table.column_names
        if pa.types.is_primitive(table.schema.field(name).type)
    }


@dataclass(frozen=True)
class Ragged:
    """A column of lists."""

    begins: Array  # [row + 1]
    flat: Array

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> "Ragged":
        chunks = column.chunks
        lengths = np.concatenate([np.asarray(chunk.value_lengths()) for chunk in chunks])
        flat = np.concatenate([chunk.flatten().to_numpy() for chunk in chunks])
        return cls(np.concatenate([[0], np.cumsum(lengths)]), flat)

    def __getitem__(self, row: int) -> Array:
        return np.asarray(self.flat[self.begins[row] : self.begins[row + 1]])


class Recording:
    def __init__(self, folder: Path) -> None:
        self.manifest = json.loads((folder / "manifest.json").read_text())
        self.options = Options(**self.manifest["collate"])
        self.sites: dict[str, int] = {s["name"]: s["n_units"] for s in self.manifest["sites"]}
        documents = read_table(folder / "documents.arrow")
        self.names: list[str] = documents.column("name").to_pylist()
        self.texts: list[bytes] = documents.column("text").to_pylist()
        self.documents = columns(documents)
        self.sequences = columns(read_table(folder / "sequences.arrow"))
        self.tokens = columns(read_table(folder / "tokens.arrow"))
        units = read_table(folder / "units.arrow")
        self.unit_sites: list[str] = units.column("site").to_pylist()
        self.power_sums: list[bytes] = units.column("power_sums").to_pylist()
        self.units = columns(units)
        histograms = read_table(folder / "histograms.arrow")
        self.histograms = {n: Ragged.of(histograms.column(n)) for n in histograms.column_names}
        peaks = read_table(folder / "peaks.arrow")
        self.peaks = columns(peaks)
        self.windows = Ragged.of(peaks.column("window"))

    @property
    def n_sequences(self) -> int:
        return len(self.sequences["key"])

    def tokens_of(self, sequence: int) -> slice:
        first = int(self.sequences["first_token"][sequence])
        return slice(first, first + int(self.sequences["n_tokens"][sequence]))

    def ids(self) -> list[Array]:
        """Token ids of each sequence."""
        return [self.tokens["id"][self.tokens_of(s)] for s in range(self.n_sequences)]

    def histogram(self, row: int, which: str) -> Array:
        """`which` is value or maximum."""
        found = np.zeros(N_BINS, np.int64)
        bins = self.histograms[f"{which}_bins"][row]
        assert (np.diff(bins.astype(np.int64)) > 0).all(), "bins ascend"
        found[bins] = self.histograms[f"{which}_counts"][row]
        return found

    def peak_rows(self, row: int) -> range:
        first = int(self.units["first_peak"][row])
        return range(first, first + int(self.units["n_peaks"][row]))

    def rows_of(self, site: str) -> range:
        """Rows of units.arrow."""
        first = 0
        for name, n_units in self.sites.items():
            if name == site:
                return range(first, first + n_units)
            first += n_units
        raise KeyError(site)

    def twins(self, site: str, sequences: list[Array]) -> list[Unit]:
        """The site's units from `sequences`, float32 [token, unit] each."""
        n_units = self.sites[site]
        extremes = Extremes.of(sequences)
        ranks = sample_ranks(site, n_units, self.sequences["key"])
        assert len(sequences) == self.n_sequences
        by_unit = [np.ascontiguousarray(values.T) for values in sequences]
        return [
            Unit(
                [values[unit] for values in by_unit],
                extremes.max[:, unit],
                extremes.max_at[:, unit],
                extremes.min[:, unit],
                extremes.min_at[:, unit],
                ranks[unit],
                self.options,
            )
            for unit in range(n_units)
        ]
