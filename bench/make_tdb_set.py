#!/usr/bin/env python3
"""Makes a data set of NeuronRecords like the published ones of GPT-2 XL, as large as wanted.

    bench/make_tdb_set.py FOLDER --records 10000 [--excerpts 50000] [--style published]

Each record has 50 top and 50 random excerpts and 5 buckets of 20, of 64 tokens each, out of one
pool, as 50,000 excerpts were scanned for all neurons there: some 230 kB in Python's own style
("published": ", " and \\uXXXX) or orjson's ("compact"). Numbers have 4 decimals, or with
--exact those of the shortest float32.
"""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np

N_TOKENS = 64
N_UNITS = 6400  # of a layer
LISTS = {"top": 50, "random": 50} | {f"bucket{b}": 20 for b in range(5)}


def pool_of(n: int, random: np.random.Generator) -> list[list[str]]:
    """Token strings with the lengths and the odd characters of real ones."""
    letters = np.array(list("etaoinshrdlucmfwypvbgk"))
    words = ["".join(random.choice(letters, random.integers(1, 9))) for _ in range(20_000)]
    words = [f" {w}" if i % 4 else w for i, w in enumerate(words)]
    words[:200] = [",", ".", "\n", '"', " “", "é", "\ufffd", " 日", "'s", "\n\n"] * 20
    ranks = random.zipf(1.3, (n, N_TOKENS)) % len(words)
    return [[words[i] for i in row] for row in ranks]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--excerpts", type=int, default=50_000)
    parser.add_argument("--style", choices=["published", "compact"], default="published")
    parser.add_argument("--exact", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    typed = parser.parse_args()
    random = np.random.default_rng(typed.seed)
    pool = pool_of(typed.excerpts, random)
    published = typed.style == "published"
    separators = (", ", ": ") if published else (",", ":")
    comma, colon = separators
    # The strings of an excerpt are the same in every record, so they are encoded once.
    texts = [json.dumps(t, ensure_ascii=published, separators=separators) for t in pool]

    def excerpt(text: str, values: Iterable[float]) -> str:
        numbers = comma.join(map(str, values))  # the shortest, of float32 or of float64
        return (
            f'{{"dataclass_name"{colon}"ActivationRecord"{comma}"tokens"{colon}{text}{comma}'
            f'"activations"{colon}[{numbers}]}}'
        )

    n_bytes = 0
    for unit in range(typed.records):
        layer, index = divmod(unit, N_UNITS)
        n = sum(LISTS.values())
        values = random.normal(0, 0.4, (n, N_TOKENS)).astype(np.float32)
        # Python's own floats are written many times quicker than NumPy's.
        rows = values if typed.exact else np.round(values.astype(np.float64), 4).tolist()
        drawn = [
            excerpt(texts[i], v)
            for i, v in zip(random.integers(len(pool), size=n), rows, strict=True)
        ]
        lists, at = {}, 0
        for name, size in LISTS.items():
            lists[name] = f"[{comma.join(drawn[at : at + size])}]"
            at += size
        buckets = comma.join(lists[f"bucket{b}"] for b in range(5))
        fields = {
            "dataclass_name": '"NeuronRecord"',
            "neuron_id": json.dumps(
                {"dataclass_name": "NeuronId", "layer_index": layer, "neuron_index": index}
            ),
            "random_sample": lists["random"],
            "random_sample_by_quantile": f"[{buckets}]",
            "quantile_boundaries": "[null, -0.0032, 0.5005, 1.5146, 2.3789, null]",
            "mean": "-0.0499",
            "variance": "0.0053",
            "skewness": "9.8557",
            "kurtosis": "195.6007",
            "most_positive_activation_records": lists["top"],
        }
        path = typed.folder / "data/collated-activations" / str(layer) / f"{index}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = "{" + comma.join(f'"{k}"{colon}{v}' for k, v in fields.items()) + "}"
        n_bytes += path.write_bytes(text.encode())
    print(f"{typed.records} records, {n_bytes / typed.records:.0f} bytes each")


if __name__ == "__main__":
    main()
