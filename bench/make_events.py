"""Writes a table of SAE events like the published ones, as large as asked for.

    python bench/make_events.py OUT.parquet [--events N] [--features N] [--prompts N] [--shuffle]

By default 20,000,000 events of 65,536 features in 100,000 prompts. Features fire by Zipf's law (the
k-th most frequent in proportion to 1/k), ten at a token; prompts have 20 tokens each on average.
Rows come as a model would give them, prompt by prompt; with --shuffle in no order. The layout is of
"SAE Feature Activations, Llama 3.1 8B Instruct, layer 19".
"""

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

PER_TOKEN = 10
SEED = 20261122


def fired(random: np.random.Generator, n_tokens: int, n_features: int) -> npt.NDArray[np.int64]:
    """token * n_features + feature of every event, ascending: a feature is once at a token."""
    chance = 1 / np.arange(1, n_features + 1)
    by_frequency = np.searchsorted(
        np.cumsum(chance) / chance.sum(), random.random((n_tokens, 2 * PER_TOKEN))
    )
    feature = random.permutation(n_features)[np.minimum(by_frequency, n_features - 1)]
    key = np.arange(n_tokens, dtype=np.int64)[:, None] * n_features + feature
    return np.unique(key)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--events", type=int, default=20_000_000)
    parser.add_argument("--features", type=int, default=65_536)
    parser.add_argument("--prompts", type=int, default=100_000)
    parser.add_argument("--shuffle", action="store_true")
    args = parser.parse_args()
    random = np.random.default_rng(SEED)
    n_tokens = args.events // PER_TOKEN
    key = fired(random, n_tokens, args.features)
    if len(key) < args.events:
        raise SystemExit(f"{len(key)} distinct events; ask for fewer, or for more features")
    key = np.sort(random.choice(key, args.events, replace=False, shuffle=False))
    token, feature = key // args.features, (key % args.features).astype(np.int32)
    ends = np.sort(random.choice(np.arange(1, n_tokens), args.prompts - 1, replace=False))
    first = np.concatenate([[0], ends])
    prompt = np.searchsorted(first, token, side="right") - 1
    ids = np.array([random.bytes(16).hex() for _ in range(args.prompts)])
    order = random.permutation(args.events) if args.shuffle else slice(None)
    value = random.gamma(1.5, 0.5, args.events).astype(np.float32) + np.float32(1e-3)
    columns = {
        "layer_id": np.full(args.events, 19, np.int32),
        "feature_id": feature[order],
        "activation_value": value,
        "prompt_id": pa.DictionaryArray.from_arrays(prompt[order].astype(np.int32), ids).cast(
            pa.string()
        ),
        "token_position": (token - first[prompt]).astype(np.int32)[order],
    }
    pq.write_table(pa.table(columns), args.out)


if __name__ == "__main__":
    main()
