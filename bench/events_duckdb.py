"""The event index against DuckDB: the same Parquet file, in turn in one run, the same answers.

    python bench/events_duckdb.py BUILD EVENTS.parquet [--rounds 3] [--threads 2] [--folder TMP]

EVENTS.parquet as bench/make_events.py writes it. Each round imports with BUILD/bin/events_bench,
then with DuckDB, twice: as one would at first (the table as it is, sorted by feature), and as an
expert would (prompts in a table of their own, events with one integer key of feature and token).
Both programs write their result to disk. Look-ups of DuckDB are on tables that are sorted for them.
All answers are compared: events and the top 10 exactly, correlations to 1e-9. Printed are the
seconds of every round, and the median and range of the ratios.
"""

import argparse
import json
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

N_LOOK_UPS = 200
PARTNER_EVENTS = 5000
TOP = 10
TOLERANCE = 1e-9

PLAIN = """
    CREATE TABLE events AS SELECT * FROM read_parquet('{events}') ORDER BY feature_id
"""
EXPERT_PROMPTS = """
    CREATE TABLE prompts AS
    SELECT prompt_id, (sum(n) OVER (ORDER BY prompt_id) - n)::UBIGINT AS first_token
    FROM (SELECT prompt_id, max(token_position) + 1 AS n
          FROM read_parquet('{events}') GROUP BY prompt_id)
"""
EXPERT_EVENTS = """
    CREATE TABLE events AS
    SELECT (feature_id::UBIGINT << 32) | (first_token + token_position) AS key,
        activation_value AS value
    FROM read_parquet('{events}') JOIN prompts USING (prompt_id) ORDER BY key
"""


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


class DuckDb:
    """One database file, made by `statements`; closing it is part of its time."""

    def __init__(self, path: Path, threads: int) -> None:
        path.unlink(missing_ok=True)
        self.connection = duckdb.connect(str(path), config={"threads": threads})

    def run(self, events: Path, *statements: str) -> None:
        for statement in statements:
            self.connection.execute(statement.format(events=events))
        self.connection.execute("CHECKPOINT")

    def rows(self, query: str, parameters: list[object] | None = None) -> pa.Table:
        return self.connection.execute(query, parameters or []).to_arrow_table()


def load(path: Path, events: Path, threads: int, *statements: str) -> float:
    def work() -> None:
        database = DuckDb(path, threads)
        database.run(events, *statements)
        database.connection.close()

    return seconds(work)


class Questions:
    """What both are asked, drawn from the events themselves."""

    def __init__(self, events: Path) -> None:
        table = pq.read_table(events, columns=["feature_id", "prompt_id", "token_position"])
        random = np.random.default_rng(1)
        feature = table["feature_id"].to_numpy()
        counts = np.bincount(feature)
        self.features = [
            int(f) for f in random.choice(np.unique(feature), N_LOOK_UPS, replace=False)
        ]
        self.features.append(int(counts.argmax()))
        self.partners_of = int(np.abs(counts - PARTNER_EVENTS).argmin())
        rows = table.take(random.choice(len(feature), N_LOOK_UPS, replace=False))
        self.tokens = list(
            dict.fromkeys(
                zip(rows["prompt_id"].to_pylist(), rows["token_position"].to_pylist(), strict=True)
            )
        )
        self.prompts = pc.unique(table["prompt_id"]).cast(
            pa.string()
        )  # as events_bench numbers them


def ours(
    build: Path, events: Path, folder: Path, asked: Questions, threads: int
) -> dict[str, object]:
    command = [build / "bin/events_bench", events, "--folder", folder, "--threads", threads]
    command += ["--features", *asked.features]
    command += ["--tokens", *(f"{prompt}:{position}" for prompt, position in asked.tokens)]
    command += ["--partners-of", asked.partners_of]
    done = subprocess.run([str(c) for c in command], check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout))


def answer(folder: Path, name: str, prompts: pa.Array) -> pa.Table:
    with pa.memory_map(str(folder / "answers" / name)) as file:
        table = pa.ipc.open_file(file).read_all()
    if "prompt" not in table.column_names:
        return table
    return pa.table(
        {
            "feature_id": table["feature"].cast(pa.int32()),
            "prompt_id": prompts.take(table["prompt"]),
            "token_position": table["position"].cast(pa.int32()),
            "activation_value": table["value"],
        }
    )


def expect_same(what: str, found: pa.Table, expected: pa.Table) -> None:
    keys = [(name, "ascending") for name in ("feature_id", "prompt_id", "token_position")]
    found, expected = found.sort_by(keys), expected.sort_by(keys)
    if not found.equals(expected.cast(found.schema)):
        raise SystemExit(
            f"{what}: the answers differ: {found.num_rows} and {expected.num_rows} rows"
        )
    print(f"{what}: {found.num_rows} rows, the same", file=sys.stderr)


COLUMNS = "feature_id, prompt_id, token_position, activation_value"


def compare_look_ups(database: DuckDb, folder: Path, asked: Questions) -> dict[str, float]:
    """Median milliseconds of DuckDB's."""
    times: dict[str, list[float]] = {"feature": [], "token": []}
    found: dict[str, list[pa.Table]] = {"feature": [], "token": []}

    def ask(kind: str, query: str, *parameters: object) -> None:
        times[kind].append(
            seconds(lambda: found[kind].append(database.rows(query, list(parameters))))
        )

    for feature in asked.features:
        ask("feature", f"SELECT {COLUMNS} FROM events WHERE feature_id = ?", feature)
    by_token = f"SELECT {COLUMNS} FROM by_token WHERE prompt_id = ? AND token_position = ?"
    for prompt, position in asked.tokens:
        ask("token", by_token, prompt, position)
    for kind, tables in found.items():
        expect_same(
            f"events of a {kind}",
            answer(folder, f"{kind}s.arrow", asked.prompts),
            pa.concat_tables(tables),
        )
    return {kind: 1e3 * statistics.median(each) for kind, each in times.items()}


def compare_top(database: DuckDb, folder: Path, asked: Questions) -> float:
    """Seconds of DuckDB's."""
    database.connection.register(
        "names", pa.table({"prompt_id": asked.prompts, "number": range(len(asked.prompts))})
    )
    database.connection.execute(
        "CREATE TABLE numbered AS SELECT feature_id, number, token_position, activation_value "
        "FROM events JOIN names USING (prompt_id) ORDER BY feature_id"
    )
    query = f"""
        SELECT feature_id, number, token_position, activation_value FROM numbered
        QUALIFY row_number() OVER (
            PARTITION BY feature_id ORDER BY activation_value DESC, number, token_position) <= {TOP}
    """
    rows: list[pa.Table] = []
    taken = seconds(lambda: rows.append(database.rows(query)))
    top = rows[0].append_column("prompt_id", asked.prompts.take(rows[0]["number"]))
    expect_same(
        "top 10 of every feature",
        answer(folder, "top.arrow", asked.prompts),
        top.select(["feature_id", "prompt_id", "token_position", "activation_value"]),
    )
    return taken


def compare_partners(database: DuckDb, folder: Path, asked: Questions, n_tokens: int) -> float:
    """Milliseconds of DuckDB's, without the sums over all events."""
    query = """
        SELECT o.feature_id AS feature, count(*) AS n_together,
            sum(o.activation_value::DOUBLE * s.activation_value::DOUBLE) AS xy
        FROM by_token o
        JOIN (SELECT prompt_id, token_position, activation_value FROM events WHERE feature_id = ?) s
        USING (prompt_id, token_position) GROUP BY o.feature_id
    """
    rows: list[pa.Table] = []
    taken = seconds(lambda: rows.append(database.rows(query, [asked.partners_of])))
    sums = database.rows(
        "SELECT feature_id AS feature, count(*) AS n, sum(activation_value::DOUBLE) AS x, "
        "sum(activation_value::DOUBLE ** 2) AS xx FROM events GROUP BY feature_id"
    )
    both = rows[0].join(sums, "feature").sort_by("feature")
    column = {name: both[name].to_numpy().astype(np.float64) for name in both.column_names}
    me = column["feature"] == asked.partners_of
    x, xx, n = (float(column[name][me][0]) for name in ("x", "xx", "n"))
    covariance = column["xy"] - x * column["x"] / n_tokens
    variance = (xx - x * x / n_tokens) * (column["xx"] - column["x"] ** 2 / n_tokens)
    jaccard = column["n_together"] / (n + column["n"] - column["n_together"])
    found = answer(folder, "partners.arrow", asked.prompts).sort_by("feature")
    np.testing.assert_array_equal(found["feature"], column["feature"][~me])
    np.testing.assert_array_equal(found["n_together"], column["n_together"][~me])
    np.testing.assert_allclose(found["jaccard"], jaccard[~me], rtol=TOLERANCE)
    expected = (covariance / np.sqrt(variance))[~me]
    np.testing.assert_allclose(found["correlation"], expected, rtol=0, atol=TOLERANCE)
    print(f"partners: {found.num_rows} of {n:.0f} events, the same", file=sys.stderr)
    return 1e3 * taken


def print_import(rounds: list[dict[str, float]]) -> None:
    print(
        "import, seconds: "
        + "; ".join(f"{name} {[round(r[name], 2) for r in rounds]}" for name in rounds[0])
    )
    for name in ("plain", "expert"):
        ratios = [r[name] / r["ours"] for r in rounds]
        middle, least, most = statistics.median(ratios), min(ratios), max(ratios)
        print(f"  DuckDB {name} / ours: {middle:.2f} ({least:.2f} to {most:.2f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=Path)
    parser.add_argument("events", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--folder", type=Path, default=Path("events_bench.tmp"))
    args = parser.parse_args()
    print(f"machine: {platform.processor() or platform.machine()}, {platform.release()}")
    print(f"command: {' '.join(sys.argv)}; DuckDB {duckdb.__version__}")
    args.folder.mkdir(parents=True, exist_ok=True)
    asked = Questions(args.events)
    rounds: list[dict[str, float]] = []
    plain, expert = args.folder / "plain.duckdb", args.folder / "expert.duckdb"
    for _ in range(args.rounds):
        mine = ours(args.build, args.events, args.folder / "ours", asked, args.threads)
        rounds.append(
            {
                "ours": float(str(mine["import"])),
                "plain": load(plain, args.events, args.threads, PLAIN),
                "expert": load(expert, args.events, args.threads, EXPERT_PROMPTS, EXPERT_EVENTS),
            }
        )
        print(f"round: {rounds[-1]}", file=sys.stderr)
    print_import(rounds)
    database = DuckDb(args.folder / "look_ups.duckdb", args.threads)
    database.run(
        args.events,
        PLAIN,
        "CREATE TABLE by_token AS SELECT * FROM events ORDER BY prompt_id, token_position",
    )
    look_ups = compare_look_ups(database, args.folder / "ours", asked)
    top = compare_top(database, args.folder / "ours", asked)
    partners = compare_partners(database, args.folder / "ours", asked, int(str(mine["tokens"])))
    print(f"ours: {json.dumps(mine)}")
    print(
        f"DuckDB: a feature {look_ups['feature']:.2f} ms, a token {look_ups['token']:.2f} ms, "
        f"top 10 {top:.2f} s, partners {partners:.1f} ms"
    )
    shutil.rmtree(args.folder)


if __name__ == "__main__":
    main()
