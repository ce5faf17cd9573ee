"""Does the memory of a recording grow with its corpus?

    python bench/memory_growth.py BUILD [--model fake:30x1536] [--tokens 20000 200000]

Records documents of random words once for each number of tokens and prints the peak resident memory
of each process and how far the last is above the first. The fake model has SmolLM2-135M's 46,080
units and computes them in no time; give a GGUF file for the real thing. The recordings are checked.
"""

import argparse
import json
import platform
import random
import subprocess
import sys
import tempfile
from pathlib import Path


def write_corpus(path: Path, n_tokens: int) -> None:
    draw = random.Random(1)
    n_bytes = 0
    with path.open("w") as file:
        while n_bytes < 8 * n_tokens:  # more than any tokenizer needs
            words = [f"word{draw.randrange(1000)}" for _ in range(draw.randrange(5, 120))]
            n_bytes += file.write(json.dumps({"text": " ".join(words)}) + "\n")


def peak_megabytes(command: list[str]) -> float:
    """The kernel's own count for this one process, by way of a parent that has no other child."""
    program = (
        "import resource, subprocess, sys;"
        "subprocess.run(sys.argv[1:], check=True, stdout=sys.stderr);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *command], check=True, stdout=subprocess.PIPE, text=True
    )
    return float(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=Path)
    parser.add_argument("--model", default="fake:30x1536")
    parser.add_argument("--tokens", type=int, nargs="+", default=[20000, 200000])
    args = parser.parse_args()
    program = str(args.build / "bin/actogram")
    print(f"machine: {platform.processor() or platform.machine()}, {platform.release()}")
    print(f"command: {' '.join(sys.argv)}")
    peaks = []
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus.jsonl"
        write_corpus(corpus, max(args.tokens))
        for n_tokens in args.tokens:
            output = f"{folder}/{n_tokens}.acto"
            record = [program, "record", args.model, str(corpus), "-o", output]
            peaks.append(peak_megabytes([*record, "--tokens", str(n_tokens)]))
            subprocess.run([program, "check", output], check=True, stdout=sys.stderr)
            print(f"{n_tokens:>10} tokens: {peaks[-1]:8.0f} MB")
    print(f"growth: {100 * (peaks[-1] / peaks[0] - 1):.1f} %")


if __name__ == "__main__":
    main()
