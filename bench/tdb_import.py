#!/usr/bin/env python3
"""How quickly NeuronRecords are imported, against orjson's own parsing of the same files.

    bench/tdb_import.py FOLDER [--actogram build/release/bin/actogram] [--rounds 3]

FOLDER is of make_tdb_set.py. orjson reads and parses each file and throws the result away, with one
thread, as it does for any program of Python's; the import reads, parses, checks, finds equal
excerpts and writes a recording, synced. The two take turns; of each the best round counts. The
recording is checked: actogram check, and one record against orjson's. Needs orjson (PyPI).
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import orjson


def parse_all(paths: list[Path]) -> float:
    start = time.perf_counter()
    for path in paths:
        orjson.loads(path.read_bytes())
    return time.perf_counter() - start


def import_all(actogram: str, folder: Path, out: Path) -> tuple[float, int]:
    """Seconds, and the process's highest memory in bytes."""
    shutil.rmtree(out, ignore_errors=True)
    start = time.perf_counter()
    process = subprocess.Popen([actogram, "import", folder, "-o", out, "--format", "tdb"])
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status != 0:
        sys.exit("the import failed")
    return seconds, used.ru_maxrss * 1024


def check(actogram: str, out: Path, paths: list[Path]) -> None:
    subprocess.run([actogram, "check", out], check=True)
    path = paths[len(paths) // 2]
    unit = f"{path.parent.name}.mlp/{path.stem}"
    command = [actogram, "show", str(out), unit, "--json"]
    page = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    record = orjson.loads(path.read_bytes())
    tops = sorted(max(r["activations"]) for r in record["most_positive_activation_records"])
    found = sorted(e["value"] for g in page["groups"] if g["name"] == "top" for e in g["exemplars"])
    assert len(tops) == len(found)
    assert all(abs(a - b) < 1e-6 * max(1, abs(a)) for a, b in zip(tops, found, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--actogram", default="build/release/bin/actogram")
    parser.add_argument("--rounds", type=int, default=3)
    typed = parser.parse_args()
    paths = sorted(typed.folder.rglob("*.json"))
    n_bytes = sum(p.stat().st_size for p in paths)
    print(
        f"{len(paths)} records, {n_bytes / 1e6:.0f} MB; {platform.machine()}, "
        f"{os.cpu_count()} CPUs; orjson {orjson.__version__}; {' '.join(sys.argv)}"
    )
    parse_all(paths)  # into the page cache
    best_parse, best_import, memory = float("inf"), float("inf"), 0
    with tempfile.TemporaryDirectory(dir=typed.folder.parent) as scratch:
        out = Path(scratch) / "out.acto"
        for _ in range(typed.rounds):
            best_parse = min(best_parse, parse_all(paths))
            seconds, used = import_all(typed.actogram, typed.folder, out)
            best_import, memory = min(best_import, seconds), max(memory, used)
        check(typed.actogram, out, paths)
    print(f"orjson parses  {best_parse:7.2f} s  {n_bytes / best_parse / 1e6:7.0f} MB/s")
    print(
        f"import         {best_import:7.2f} s  {n_bytes / best_import / 1e6:7.0f} MB/s, "
        f"{memory / 1e6:.0f} MB of memory"
    )
    print(f"ratio          {best_parse / best_import:7.2f}")


if __name__ == "__main__":
    main()
