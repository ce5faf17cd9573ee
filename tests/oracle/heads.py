"""Reads what dump_heads writes: patterns and value norms of a model's heads."""

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from oracle.sites import Array, program


@dataclass(frozen=True)
class Heads:
    """Of one layer and one sequence."""

    pattern: Array  # float32 [head, query, key], 0 where the key comes after the query
    norms: Array  # float32 [head, key]
    vectors: Array  # float32 [KV head, dimension, key]

    def values(self) -> Array:
        """float32 [head, query, key], as they are recorded."""
        return np.asarray(self.pattern * self.norms[:, None, :])


def dump_heads(model: Path, sequences: list[Array], layers: list[int]) -> list[dict[int, Heads]]:
    """Of each sequence of token ids, layer by layer."""
    with tempfile.TemporaryDirectory() as name:
        out = Path(name)
        files = []
        for i, ids in enumerate(sequences):
            files.append(out / f"{i}.ids")
            ids.astype(np.int32).tofile(files[-1])
        words = ",".join(map(str, layers))
        command: list[str | Path] = [program().with_name("dump_heads"), model, out, words]
        result = subprocess.run([*command, *files], capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr
        return [
            {layer: read_heads(out, layer, i, len(ids)) for layer in layers}
            for i, ids in enumerate(sequences)
        ]


def read_heads(out: Path, layer: int, i: int, n: int) -> Heads:
    pattern = np.fromfile(out / f"pattern.{layer}.{i}.bin", np.float32).reshape(-1, n, n)
    norms = np.fromfile(out / f"norms.{layer}.{i}.bin", np.float32).reshape(-1, n)
    vectors = np.fromfile(out / f"values.{layer}.{i}.bin", np.float32)
    return Heads(pattern, norms, vectors)
