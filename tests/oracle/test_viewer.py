"""What `actogram serve` answers about places, against the recording's tables read with pyarrow.

Documents, the units that fire at a token, and the exemplars of sign classes are made here from
docs/format.md alone. Windows are short, so that most values of a neuron are not known.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from oracle.serving import get, serving
from oracle.test_record_sae import model, run, write_sae

TEXTS = [
    "All human beings are born free and equal in dignity and rights. " * 6,
    "人人生而自由，在尊严和权利上一律平等。",
    "x",
    "Family 👩‍👩‍👧‍👦, flags 🇩🇪🇯🇵; def f(x): return x * 2\n" * 3,
    "The free dog and the free cat: Free! <script>alert(1)</script> & \x00 NUL",
]
WINDOW = 8


@dataclass(frozen=True)
class Served:
    folder: Path
    url: str

    def get(self, path: str, **parameters: object) -> Any:
        return get(self.url, path, **parameters)

    def table(self, name: str) -> list[dict[str, Any]]:
        file = pa.memory_map(str(self.folder / f"{name}.arrow"))
        rows: list[dict[str, Any]] = pa.ipc.open_file(file).read_all().to_pylist()
        return rows

    @cached_property
    def tables(self) -> dict[str, list[dict[str, Any]]]:
        names = ("documents", "sequences", "tokens", "units", "peaks", "classes", "weights")
        return {name: self.table(name) for name in (*names, "unit_spans", "unit_events")}

    def row(self, site: str, index: int) -> int:
        """Of a unit, in units.arrow."""
        units = self.tables["units"]
        return next(r for r, u in enumerate(units) if (u["site"], u["unit"]) == (site, index))

    def peaks_of(self, row: int) -> list[dict[str, Any]]:
        unit = self.tables["units"][row]
        return self.tables["peaks"][unit["first_peak"] : unit["first_peak"] + unit["n_peaks"]]

    def events_of(self, row: int) -> dict[int, float]:
        span = self.tables["unit_spans"][row]
        events = self.tables["unit_events"][span["first_event"] :][: span["n_events"]]
        return {event["token"]: event["value"] for event in events}

    def known(self, row: int, sequence: int) -> dict[int, float]:
        """position -> value of a unit, as far as the recording says."""
        begin = self.tables["sequences"][sequence]["first_token"]
        n = self.tables["sequences"][sequence]["n_tokens"]
        if "/sae:" in self.tables["units"][row]["site"]:
            events = self.events_of(row)
            return {p: events.get(begin + p, 0.0) for p in range(n)}
        found: dict[int, float] = {}
        for peak in self.peaks_of(row):
            if peak["sequence"] == sequence:
                found.update(enumerate(peak["window"], peak["window_begin"]))
        return found


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("viewer")
    corpus = folder / "texts.jsonl"
    corpus.write_text("".join(json.dumps({"text": t}) + "\n" for t in TEXTS))
    random = np.random.default_rng(3)
    write_sae(folder / "sae.safetensors", 576, 40 * random.standard_normal((99, 576)))
    options = ["--context", 32, "--window", WINDOW, "--layers", "5,6", "--top", 5, "--bottom", 3]
    options += ["--random", 2, "--per-bucket", 2, "--sae", f"{folder}/sae.safetensors@5.resid_post"]
    done = run("record", model(), corpus, "-o", folder / "x.acto", *options)
    assert done.returncode == 0, done.stderr
    with serving(folder / "x.acto") as url:
        yield Served(folder / "x.acto", url)


def site_of(served: Served, part: str) -> str:
    return next(str(u["site"]) for u in served.tables["units"] if part in u["site"])


def tokens_of(text: dict[str, Any]) -> list[tuple[int, int, Any]]:
    return [
        (s["sequence"], t["position"], t["value"])
        for s in text["sequences"]
        for piece in s["pieces"]
        for t in piece["tokens"]
    ]


def characters_of(served: Served, sequence: int, text: bytes) -> str:
    """What a sequence covers; a character that two sequences share is in both."""
    row = served.tables["sequences"][sequence]
    tokens = served.tables["tokens"][row["first_token"] :][: row["n_tokens"]]
    covered = [t for t in tokens if t["begin"] < t["end"]]
    begin, end = covered[0]["begin"], covered[-1]["end"]
    while begin > 0 and text[begin] & 0xC0 == 0x80:
        begin -= 1
    while end < len(text) and text[end] & 0xC0 == 0x80:
        end += 1
    return text[begin:end].decode()


def test_a_document_is_its_text_and_its_tokens(served: Served) -> None:
    sequences = served.tables["sequences"]
    n_documents = len(served.tables["documents"])
    assert n_documents == len(TEXTS)
    assert len({s["document_row"] for s in sequences}) < len(sequences), "some text is split"
    for row, text in enumerate(TEXTS):
        answer = served.get(f"documents/{row}")
        mine = [i for i, s in enumerate(sequences) if s["document_row"] == row]
        for found in answer["sequences"]:
            shown = "".join(piece["text"] for piece in found["pieces"])
            assert shown == characters_of(served, found["sequence"], text.encode())
        assert [s["sequence"] for s in answer["sequences"]] == mine
        positions = [(s, p) for s in mine for p in range(sequences[s]["n_tokens"])]
        assert tokens_of(answer) == [(s, p, None) for s, p in positions]
        assert answer["n_tokens"] == len(positions)
        assert (answer["previous"], answer["next"], answer["more"], answer["unit"]) == (
            row - 1 if row else None,
            row + 1 if row + 1 < n_documents else None,
            None,
            None,
        )


def test_a_document_begins_with_the_sequence_that_is_asked_for(served: Served) -> None:
    whole = served.get("documents/0")
    assert len(whole["sequences"]) > 2
    part = served.get("documents/0", **{"from": 2})
    assert part["sequences"] == whole["sequences"][2:]
    assert part["n_tokens"] == whole["n_tokens"]


@pytest.mark.parametrize("part", ["blocks.5.mlp", "/sae:"])
def test_a_unit_colours_a_document_where_its_values_are_known(served: Served, part: str) -> None:
    site = site_of(served, part)
    n_known = n_unknown = 0
    for index in (0, 7, 123):
        row = served.row(site, index)
        for document in range(len(TEXTS)):
            answer = served.get(f"documents/{document}", unit=f"{site}/{index}")
            assert answer["unit"]["min"] == served.tables["units"][row]["min"]
            assert answer["unit"]["max"] == served.tables["units"][row]["max"]
            expected = []
            for s, sequence in enumerate(served.tables["sequences"]):
                if sequence["document_row"] != document:
                    continue
                known = served.known(row, s)
                expected += [(s, p, known.get(p)) for p in range(sequence["n_tokens"])]
            assert tokens_of(answer) == expected
            assert answer["unit"]["n_known"] == sum(v is not None for *_, v in expected)
            n_known += answer["unit"]["n_known"]
            n_unknown += len(expected) - answer["unit"]["n_known"]
    assert n_known > 0
    assert (n_unknown > 0) == (part != "/sae:")


@pytest.mark.parametrize(("part", "index"), [("blocks.5.mlp", 7), ("/sae:", 11), ("/sae:", 80)])
def test_tokens_are_ranked_by_the_mean_of_what_is_known(
    served: Served, part: str, index: int
) -> None:
    site = site_of(served, part)
    row = served.row(site, index)
    values: dict[int, list[float]] = {}
    for s, sequence in enumerate(served.tables["sequences"]):
        for position, value in served.known(row, s).items():
            token = served.tables["tokens"][sequence["first_token"] + position]
            values.setdefault(token["id"], []).append(value)
    answer = served.get(f"tokens/{site}/{index}", least=2, limit=1000)
    assert answer["n_known"] == sum(map(len, values.values()))
    expected = {token: v for token, v in values.items() if len(v) >= 2}
    assert {t["id"] for t in answer["tokens"]} == set(expected)
    for found in answer["tokens"]:
        mine = expected[found["id"]]
        assert (found["n"], found["max"]) == (len(mine), max(mine))
        assert found["mean"] == pytest.approx(np.mean(mine, dtype=float), abs=1e-9)
    means = [t["mean"] for t in answer["tokens"]]
    assert means == sorted(means, reverse=True)
    known_texts = {t["text"] for t in answer["tokens"]}
    assert known_texts & {" free", " and", " human", " rights"}


def firing(
    served: Served, name: str, sequence: int, position: int
) -> dict[int, tuple[float, float]]:
    """row -> value there, and what share of its extreme that is."""
    found = {}
    for row, unit in enumerate(served.tables["units"]):
        if ("/sae:" in unit["site"]) == (name == "latents"):
            value = served.known(row, sequence).get(position)
            if value:
                extreme = unit["min"] if value < 0 else unit["max"]
                found[row] = (value, float(np.float32(value) / np.float32(extreme)))
    return found


@pytest.mark.parametrize("order", ["value", "share"])
def test_a_token_has_every_unit_that_fired_there(served: Served, order: str) -> None:
    last = len(served.tables["sequences"]) - 1
    for sequence, position in [(0, 0), (0, 3), (1, 31), (last, 5)]:
        answer = served.get(f"places/{sequence}/{position}", sort=order, limit=1000)
        place = answer["place"]
        assert (place["sequence"], place["position"]) == (sequence, position)
        assert [kind["kind"] for kind in answer["kinds"]] == ["latents", "neurons"]
        for kind in answer["kinds"]:
            expected = firing(served, kind["kind"], sequence, position)
            assert kind["n_units"] == len(expected)
            by = {row: abs(v) if order == "value" else s for row, (v, s) in expected.items()}
            ranked = sorted(by, key=lambda row, by=by: (-by[row], row))[:1000]  # type: ignore[misc]
            found = [(u["value"], u["share"]) for u in kind["units"]]
            assert [value for value, _ in found] == [expected[row][0] for row in ranked]
            shares = [expected[row][1] for row in ranked]
            assert [share for _, share in found] == pytest.approx(shares)
            indexes = [int(u["unit"].split("/")[-1]) for u in kind["units"]]
            assert indexes == [served.tables["units"][row]["unit"] for row in ranked]


def test_sign_classes_have_their_places_and_what_is_known_around_them(served: Served) -> None:
    site = site_of(served, "blocks.6.mlp")
    for index in (0, 11, 500):
        row = served.row(site, index)
        answer = served.get(f"classes/{site}/{index}", limit=3)
        assert answer["address"] == f"{site}/{index}"
        for c, found in enumerate(answer["classes"]):
            facts = served.tables["classes"][4 * row + c]
            assert found["count"] == facts["count"]
            n = min(3, len(facts["hook_post_values"]))
            assert len(found["exemplars"]) == n
            for i, exemplar in enumerate(found["exemplars"]):
                sequence = facts["hook_post_sequences"][i]
                position = facts["hook_post_positions"][i]
                assert (exemplar["sequence"], exemplar["position"]) == (sequence, position)
                assert exemplar["value"] == facts["hook_post_values"][i]
                known = served.known(row, sequence)
                values = [
                    (t["position"], t["value"]) for p in exemplar["pieces"] for t in p["tokens"]
                ]
                assert len(values) == min(WINDOW, exemplar["window"]["n_tokens"])
                for at, value in values:
                    assert value == (exemplar["value"] if at == position else known.get(at))


COLUMNS = ("positive_share", "max", "min", "mean", "std", "skewness", "kurtosis")


def number(unit: dict[str, Any], column: str) -> float:
    if column == "positive_share":
        return float(unit["n_positive"] / unit["count"])
    return float(unit["variance"] ** 0.5 if column == "std" else unit[column])


@pytest.mark.parametrize(
    ("column", "order", "filters"),
    [
        ("max", "highest", {}),
        ("positive_share", "highest", {"kind": "latents"}),
        ("kurtosis", "lowest", {"kind": "neurons", "layer": 6}),
        ("min", "lowest", {"site": "5.mlp", "least": -0.5, "most": -0.1}),
        ("std", "highest", {"class": "conditional strengthening"}),
        ("skewness", "highest", {"first": 30}),
    ],
)
def test_units_are_listed_by_their_numbers(
    served: Served, column: str, order: str, filters: dict[str, Any]
) -> None:
    weights = served.tables["weights"]
    answer = served.get("units", by=column, order=order, limit=40, **filters)
    expected = []
    for row, unit in enumerate(served.tables["units"]):
        latent = "/sae:" in unit["site"]
        value = number(unit, column)
        one_class = None if latent else rw_class(weights[row])
        if filters.get("kind", "any") == ("neurons" if latent else "latents"):
            continue
        if f"blocks.{filters.get('layer', '')}" not in unit["site"]:
            continue
        if "site" in filters and unit["site"] != "blocks.5.mlp.hook_post":
            continue
        if "least" in filters and not filters["least"] <= value <= filters["most"]:
            continue
        if "class" in filters and one_class != filters["class"]:
            continue
        expected.append((row, value, one_class))
    assert answer["n_units"] == len(expected) > 0
    sign = -1 if order == "highest" else 1
    expected.sort(key=lambda e: (np.isnan(e[1]), 0 if np.isnan(e[1]) else sign * e[1], e[0]))
    expected = expected[filters.get("first", 0) :][:40]
    for found, (row, value, one_class) in zip(answer["units"], expected, strict=True):
        unit = served.tables["units"][row]
        assert found["unit"].endswith(f"/{unit['unit']}")
        assert found["unit"].startswith(unit["site"].split(".")[1])
        assert found[column] == (None if np.isnan(value) else value)
        assert found["rw_class"] == one_class
        for other in COLUMNS:
            mine = number(unit, other)
            assert found[other] == (None if np.isnan(mine) else pytest.approx(mine, rel=1e-15))


def rw_class(weights: dict[str, float]) -> str:
    """arXiv 2505.17936: a cosine counts as 1 above 0.5, as -1 below -0.5, and as 0 in between."""
    gate_in, gate_out, in_out = (
        int(weights[f"cos_{pair}"] > 0.5) - int(weights[f"cos_{pair}"] < -0.5)
        for pair in ("gate_in", "gate_out", "in_out")
    )
    name = {
        (1, 1): "strengthening",
        (1, 0): "conditional strengthening",
        (0, 1): "proportional change",
        (0, 0): "orthogonal output",
        (-1, 1): "weakening",
        (-1, 0): "conditional weakening",
    }[(in_out, abs(gate_out))]
    typical = gate_in == in_out * gate_out or (in_out, gate_out) == (0, 0)
    return name if typical else f"atypical {name}"


def test_entropy_is_that_of_the_histogram(served: Served) -> None:
    histograms = served.table("histograms")
    for site in ("5.mlp", "5.sae"):
        answer = served.get(f"entropy/{site}")
        first = served.row(answer["site"], 0)
        assert len(answer["entropy"]) == answer["n_units"]
        for i, found in enumerate(answer["entropy"]):
            counts = np.array(histograms[first + i]["value_counts"], float)
            share = counts / counts.sum()
            assert found == pytest.approx(-(share * np.log2(share)).sum(), abs=1e-12)


def occurrences(served: Served, text: str, exact: bool) -> list[tuple[int, list[int]]]:
    """Sequence and positions of the tokens that have a byte of the text."""
    found = []
    for row, document in enumerate(served.tables["documents"]):
        raw, phrase = document["text"], text.encode()
        if not exact:
            raw, phrase = raw.lower(), phrase.lower()  # of bytes: the letters A to Z
        at = raw.find(phrase)
        places = []
        while at >= 0:
            places.append((at, at + len(phrase)))
            at = raw.find(phrase, at + len(phrase))
        for s, sequence in enumerate(served.tables["sequences"]):
            if sequence["document_row"] != row:
                continue
            tokens = served.tables["tokens"][sequence["first_token"] :][: sequence["n_tokens"]]
            for begin, end in places:
                touched = [
                    p
                    for p, token in enumerate(tokens)
                    if token["begin"] < end and token["end"] > begin
                ]
                if touched:
                    found.append((s, touched))
    return found


@pytest.mark.parametrize(
    ("text", "exact"),
    [("free", False), ("Free", True), ("free and equal", False), ("👧", False), ("<script>", True)],
)
def test_a_phrase_finds_the_units_that_fire_on_it(served: Served, text: str, exact: bool) -> None:
    places = occurrences(served, text, exact)
    case = "exact" if exact else "any"
    answer = served.get("search", text=text, case=case, limit=1000)
    assert (answer["text"], answer["complete"]) == (text, True)
    assert answer["n_occurrences"] == len(places) > 0
    shown = [(o["sequence"], o["position"], o["n_tokens"]) for o in answer["occurrences"]]
    assert shown == [(s, p[0], len(p)) for s, p in places][:10]
    kinds = {kind["kind"]: kind for kind in answer["kinds"]}
    starts = served.tables["sequences"]
    for name, kind in kinds.items():
        expected = {}
        for row, unit in enumerate(served.tables["units"]):
            if ("/sae:" in unit["site"]) != (name == "latents"):
                continue
            if name == "latents":
                events = served.events_of(row)
                here = [[starts[s]["first_token"] + p for p in ps] for s, ps in places]
                n = sum(any(t in events for t in tokens) for tokens in here)
                hits = [t for tokens in here for t in tokens if t in events]
                of = len(events)
                shares = (n / len(places), len(hits) / of) if of else (0, 0)
                best = max((events[t] for t in hits), default=None)
            else:
                top = [p for p in served.peaks_of(row) if p["groups"] & 1]
                on = {(s, p) for s, ps in places for p in ps}
                peaks = [p for p in top if (p["sequence"], p["position"]) in on]
                n, of = len(peaks), len(top)
                possible = min(of, len({s for s, _ in places}))
                shares = (n / of, n / possible) if of else (0, 0)
                best = max((p["value"] for p in peaks), default=None)
            if n:
                match = 2 * shares[0] * shares[1] / sum(shares)
                expected[row] = (match, n, of, best)
        assert kind["n_units"] == len(expected)
        found = {}
        for u in kind["units"]:
            site, index = u["unit"].rsplit("/", 1)
            layer, part = site.split(".", 1)
            full = site_of(served, f"blocks.{layer}.mlp" if part == "mlp" else "/sae:")
            found[served.row(full, int(index))] = u
        assert len(found) == min(1000, len(expected))
        for row, u in found.items():
            match, n, of, best = expected[row]
            assert (u["n_together"], u["n_events"], u["value"]) == (n, of, best)
            assert u["match"] == pytest.approx(match)
            at = u["place"]
            assert any(s == at["sequence"] and at["position"] in p for s, p in places)
        matches = [u["match"] for u in kind["units"]]
        assert matches == sorted(matches, reverse=True)


def test_neuronpedias_address_is_the_same_unit(served: Served) -> None:
    assert served.get("feature/smollm2/5-mlp/7") == served.get("units/5.mlp/7")
    assert served.get("feature/any/5-sae/7") == served.get("units/5.sae/7")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("documents/99", 404),
        ("documents/0?unit=5.mlp/99999", 404),
        ("documents/0?unit=nonsense", 400),
        ("places/0/9999", 404),
        ("places/9999/0", 404),
        ("units?class=nonsense", 400),
        ("units?site=7.mlp", 404),
        ("search", 400),
        ("search?text=", 400),
        ("feature/5/7", 400),
    ],
)
def test_what_is_not_there_is_an_error(served: Served, path: str, status: int) -> None:
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(f"{served.url}api/{path}")
    assert raised.value.code == status
    assert json.load(raised.value)["error"]["message"]
