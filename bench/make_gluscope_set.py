"""Makes a data set of GLUScope's 50 columns, as large as the published ones, out of random numbers.

    python bench/make_gluscope_set.py INTO [--layers 32] [--d-mlp 11008] [--shards 2]

Columns, types and row groups are as Hugging Face `datasets` writes them (352,256 rows for
OLMo-7B-0424, 1 GB). For timing an import:

    /usr/bin/time -v actogram import INTO -o big.acto --tokens 20000390
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[1]
N_TOKENS = 20_000_390
N_TEXTS = 45_734
N_LISTED = 16
ROWS_PER_GROUP = 1000


def signs(name: str) -> tuple[float, float]:
    gate, linear = 1.0 if name[4] == "+" else -1.0, 1.0 if name[8] == "+" else -1.0
    return gate, linear


def column(name: str, rows: Any, d_mlp: int, draw: np.random.Generator) -> Any:
    n = len(rows)
    if name == "layer":
        return pa.array(rows // d_mlp)
    if name == "neuron":
        return pa.array(rows % d_mlp)
    if name.endswith("_freq"):
        counts = draw.integers(1, N_TOKENS // 4, n)
        return pa.array(counts.astype(np.float32) / np.float32(N_TOKENS))
    if name.endswith("_mean"):
        return pa.array(draw.standard_normal(n).astype(np.float32))
    if name.endswith("_max_indices"):
        items = pa.array(draw.integers(0, N_TEXTS, n * N_LISTED))
    else:
        gate, linear = signs(name)
        sign = {"hook_post": gate * linear, "hook_pre_linear": linear}.get(name[10:-11], gate)
        values = np.abs(draw.standard_normal((n, N_LISTED)).astype(np.float32)) + np.float32(0.01)
        items = pa.array((sign * -np.sort(-values, axis=1)).astype(np.float32).ravel())
    offsets = pa.array(np.arange(n + 1, dtype=np.int32) * N_LISTED)
    return pa.ListArray.from_arrays(offsets, items)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("into", type=Path)
    parser.add_argument("--layers", type=int, default=32)
    parser.add_argument("--d-mlp", type=int, default=11008)
    parser.add_argument("--shards", type=int, default=2)
    args = parser.parse_args()
    golden = ROOT / "tests/golden/gluscope-50col/expected.json"
    names = json.loads(golden.read_text())["variants"]["plain"]["columns"]
    draw = np.random.default_rng(1)
    (args.into / "data").mkdir(parents=True)
    cuts = np.linspace(0, args.layers * args.d_mlp, args.shards + 1).astype(int)
    for i in range(args.shards):
        path = args.into / "data" / f"train-{i:05}-of-{args.shards:05}.parquet"
        writer = None
        for begin in range(cuts[i], cuts[i + 1], ROWS_PER_GROUP):
            rows = np.arange(begin, min(begin + ROWS_PER_GROUP, cuts[i + 1]))
            table = pa.table({name: column(name, rows, args.d_mlp, draw) for name in names})
            writer = writer or pq.ParquetWriter(path, table.schema)
            writer.write_table(table)
        if writer:
            writer.close()


if __name__ == "__main__":
    main()
