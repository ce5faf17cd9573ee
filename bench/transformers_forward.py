"""Times Hugging Face transformers' bare float32 forward pass over a corpus's sequences.

Called by record_bench, with the same model file and the same tokens; a few neighbours to
a batch, padded on the right, no cache, no vocabulary product. Prints tokens/s.
"""

import argparse
import sys
import time
from pathlib import Path

import pyarrow as pa
import torch

sys.path.insert(0, str(Path(__file__).parent.parent / "tests/oracle"))
import hugging_face


def sequences(tables: Path) -> list[list[int]]:
    def table(name: str) -> pa.Table:
        return pa.ipc.open_file(pa.memory_map(str(tables / name))).read_all()

    ids = table("tokens.arrow")["id"].to_pylist()
    rows = table("sequences.arrow").to_pydict()
    spans = zip(rows["first_token"], rows["n_tokens"], strict=True)
    return [ids[first : first + n] for first, n in spans]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("gguf", type=Path)
    parser.add_argument("tables", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=4)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    model = hugging_face.load(args.gguf).model
    corpus = sequences(args.tables)
    n_tokens = sum(map(len, corpus))
    began = time.perf_counter()
    with torch.no_grad():
        for i in range(0, len(corpus), args.batch):
            rows = corpus[i : i + args.batch]
            width = max(map(len, rows))
            ids = torch.tensor([row + [0] * (width - len(row)) for row in rows])
            mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
            model(input_ids=ids, attention_mask=mask, use_cache=False)
    seconds = time.perf_counter() - began
    print(f"{'transformers float32, bare':<34} {n_tokens / seconds:8.0f}")


if __name__ == "__main__":
    main()
