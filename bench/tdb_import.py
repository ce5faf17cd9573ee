#!/usr/bin/env python3
"""How quickly NeuronRecords are imported, against orjson's own parsing of the same files.

    bench/tdb_import.py FOLDER [--actogram build/release/bin/actogram] [--rounds 3]

FOLDER is of make_tdb_set.py. orjson reads and parses each file and throws the result away, with one
thread, as it does for any program of Python's; the import reads, parses, checks, finds equal
excerpts and writes a recording, synced. The two take turns; the best round and the median of each
are told, and the CPU time, which says more on a machine that others use. The recording is checked:
actogram check, and one record against orjson's. Needs orjson (PyPI).
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
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import orjson


@dataclass
class Round:
    seconds: float
    cpu_seconds: float
    memory: int = 0  # the highest, in bytes


def parse_all(paths: list[Path]) -> Round:
    start, cpu = time.perf_counter(), time.process_time()
    for path in paths:
        orjson.loads(path.read_bytes())
    return Round(time.perf_counter() - start, time.process_time() - cpu)


def import_all(actogram: str, folder: Path, out: Path) -> Round:
    shutil.rmtree(out, ignore_errors=True)
    start = time.perf_counter()
    process = subprocess.Popen([actogram, "import", folder, "-o", out, "--format", "tdb"])
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status != 0:
        sys.exit("the import failed")
    return Round(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


def chosen(rounds: list[Round], choose: Callable[[list[float]], float]) -> Round:
    return Round(choose([r.seconds for r in rounds]), choose([r.cpu_seconds for r in rounds]))


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
    parses, imports = [], []
    with tempfile.TemporaryDirectory(dir=typed.folder.parent) as scratch:
        out = Path(scratch) / "out.acto"
        for _ in range(typed.rounds):
            parses.append(parse_all(paths))
            imports.append(import_all(typed.actogram, typed.folder, out))
        check(typed.actogram, out, paths)
    memory = max(r.memory for r in imports)
    print(f"import: {memory / 1e6:.0f} MB of memory\n               seconds   MB/s    CPU s")
    for name, choose in (("best", min), ("median", median)):
        parse, ours = chosen(parses, choose), chosen(imports, choose)
        for what, r in ((f"{name} orjson", parse), (f"{name} import", ours)):
            mb = n_bytes / r.seconds / 1e6
            print(f"{what:14} {r.seconds:6.2f} {mb:6.0f}   {r.cpu_seconds:6.2f}")
        cpu = parse.cpu_seconds / ours.cpu_seconds
        print(f"{name} ratio    {parse.seconds / ours.seconds:5.2f}          {cpu:6.2f}")


if __name__ == "__main__":
    main()
