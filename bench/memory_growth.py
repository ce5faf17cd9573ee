"""Does the memory of a recording grow with its corpus?

    python bench/memory_growth.py BUILD [--model fake:30x1536] [--tokens 20000 200000] [-- OPTIONS]

Records documents of random words once for each number of tokens and prints the peak resident memory
of each process, how much of it was the process's own (looked at every 20 ms; the rest is mapped
files, which the kernel may take back), and how far the last is above the first. OPTIONS go to
`record`, for example --sae WEIGHTS@0.mlp --no-neurons. The fake model has SmolLM2-135M's
46,080 units and computes them in no time; give a GGUF file for the real thing. The recordings are
checked.
"""

import argparse
import json
import platform
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def write_corpus(path: Path, n_tokens: int) -> None:
    draw = random.Random(1)
    n_bytes = 0
    with path.open("w") as file:
        while n_bytes < 8 * n_tokens:  # more than any tokenizer needs
            words = [f"word{draw.randrange(1000)}" for _ in range(draw.randrange(5, 120))]
            n_bytes += file.write(json.dumps({"text": " ".join(words)}) + "\n")


def megabytes(status: str, field: str) -> float:
    line = next((x for x in status.splitlines() if x.startswith(field + ":")), "x 0")
    return int(line.split()[1]) / 1024


def peak_megabytes(command: list[str]) -> tuple[float, float]:
    """Of all that is resident, by the kernel's count, and of the process's own."""
    process = subprocess.Popen(command, stdout=sys.stderr)
    resident = own = 0.0
    while process.poll() is None:
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        resident = max(resident, megabytes(status, "VmHWM"))
        own = max(own, megabytes(status, "RssAnon"))
        time.sleep(0.02)
    if process.returncode != 0:
        sys.exit(f"failed: {' '.join(command)}")
    return resident, own


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=Path)
    parser.add_argument("--model", default="fake:30x1536")
    parser.add_argument("--tokens", type=int, nargs="+", default=[20000, 200000])
    split = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    args = parser.parse_args(sys.argv[1:split])
    options = sys.argv[split + 1 :]
    program = str(args.build / "bin/actogram")
    print(f"machine: {platform.processor() or platform.machine()}, {platform.release()}")
    print(f"command: {' '.join(sys.argv)}")
    peaks = []
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus.jsonl"
        write_corpus(corpus, max(args.tokens))
        for n_tokens in args.tokens:
            output = f"{folder}/{n_tokens}.acto"
            record = [program, "record", args.model, str(corpus), "-o", output, *options]
            peaks.append(peak_megabytes([*record, "--tokens", str(n_tokens)]))
            subprocess.run([program, "check", output], check=True, stdout=sys.stderr)
            resident, own = peaks[-1]
            print(f"{n_tokens:>10} tokens: {resident:8.0f} MB resident, {own:8.0f} MB its own")
    resident, own = (
        100 * (last / first - 1) for first, last in zip(peaks[0], peaks[-1], strict=True)
    )
    print(f"growth: {resident:.1f} % of what is resident, {own:.1f} % of its own")


if __name__ == "__main__":
    main()
