"""Data sets of SAE activations, four tables each, that contradict themselves or cannot be."""

import json
import re
import shutil
import subprocess
import zlib
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from oracle.real_model import real_model
from oracle.sae_tables import (
    ACTOGRAM,
    FORMAT,
    GOLDEN,
    TABLES,
    Edit,
    assert_same,
    column,
    error_of,
    exported,
    golden_set,
    imported,
    read,
    set_value,
    without,
)


def first_pair() -> tuple[str, int, int]:
    """Prompt, position and feature of a pair of the golden data set."""
    table = read(GOLDEN, TABLES[1])
    pairs = json.loads(zlib.decompress(table["sae_representation"][3].as_py()))
    return (
        table["prompt_id"][3].as_py(),
        table["sampled_positions"][3].as_py()[0],
        pairs[0][0][0],
    )


def at_pair(table: pa.Table) -> pa.Array:
    prompt, position, feature = first_pair()
    return pc.and_(
        pc.and_(pc.equal(table["prompt_id"], prompt), pc.equal(table["feature_id"], feature)),
        pc.equal(table["token_position"], position),
    )


def test_tables_that_disagree_are_told_and_both_kept(tmp_path: Path) -> None:
    def change(tables: dict[str, pa.Table]) -> None:
        row = at_pair(tables[TABLES[0]]).to_pylist().index(True)
        tables[TABLES[0]] = column(
            tables[TABLES[0]], "activation_value", lambda v: v.__setitem__(row, 2.5)
        )

    folder = golden_set(tmp_path / "set", change)
    recording, report = imported(folder)
    assert report["pairs"]["n_different"] == 1
    assert_same(exported(recording), folder)
    shutil.rmtree(recording)
    command = [ACTOGRAM, "import", folder, "-o", recording, *FORMAT]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=True)
    prompt, position, feature = first_pair()
    where = f"prompt {prompt}, position {position}: feature {feature} of layer 19: 2.5 in"
    assert "1 values differ" in done.stderr
    assert where in done.stderr


def test_a_pair_without_a_row_is_an_event(tmp_path: Path) -> None:
    def remove(tables: dict[str, pa.Table]) -> None:
        tables[TABLES[0]] = tables[TABLES[0]].filter(pc.invert(at_pair(tables[TABLES[0]])))

    recording, report = imported(golden_set(tmp_path / "set", remove))
    assert report["pairs"]["n_without_row"] == 1
    assert report["n_events"] == 100_000
    assert_same(exported(recording), GOLDEN)


def test_two_values_for_one_event_are_an_error(tmp_path: Path) -> None:
    def add(tables: dict[str, pa.Table]) -> None:
        row = tables[TABLES[0]].filter(at_pair(tables[TABLES[0]]))
        other = column(row, "activation_value", lambda v: v.__setitem__(0, 7.5))
        tables[TABLES[0]] = pa.concat_tables([tables[TABLES[0]], other])

    prompt, position, feature = first_pair()
    error = error_of(golden_set(tmp_path / "set", add))
    assert f"prompt {prompt}, position {position}: feature {feature} of layer 19 has two" in error
    assert "7.5" in error


def repeat_id(tables: dict[str, pa.Table]) -> None:
    ids = tables[TABLES[1]]["prompt_id"].to_pylist()
    set_value(1, "prompt_id", 9, ids[4])(tables)


def drop(table: int, name: str) -> Edit:
    def edit(tables: dict[str, pa.Table]) -> None:
        tables[TABLES[table]] = tables[TABLES[table]].drop_columns([name])

    return edit


VECTORS, PAIRS = "activations_layer19", "sae_representation"
BAD: dict[str, tuple[Edit, str]] = {
    "a prompt id that repeats": (repeat_id, 'row 9: "prompt_id" .* is also at .* row 4'),
    "a negative feature": (set_value(0, "feature_id", 5, -1), "feature_id.*row 5: found -1"),
    "a negative feature that is active": (
        set_value(1, "active_sae_feature_ids", 2, [3, -7]),
        'row 2: "active_sae_feature_ids": entry 1 is -7',
    ),
    "a feature of an explanation": (
        set_value(3, "feature_id", 1, 1 << 24),
        'row 1: "feature_id" is 16777216; expected 0 to 16777215',
    ),
    "a negative position": (
        set_value(1, "sampled_positions", 0, [-14]),
        'row 0: "sampled_positions": entry 0 is -14',
    ),
    "a position beyond any model": (
        set_value(1, "sampled_positions", 0, [1 << 30]),
        "entry 0 is 1073741824; expected 0 to 16777215",
    ),
    "an event beyond any model": (
        set_value(0, "token_position", 0, 1 << 30),
        '"token_position" 1073741824; expected 0 to 16777215',
    ),
    "a vector that is cut": (
        set_value(1, VECTORS, 0, zlib.compress(bytes(range(256)) * 9)[:-9]),
        f'row 0: "{VECTORS}": zlib that ends too early',
    ),
    "a vector too few": (
        set_value(1, VECTORS, 0, zlib.compress(b"x" * 2302)),
        f'row 0: "{VECTORS}": found 2302 bytes, zlib; expected float32 for 1 sampled',
    ),
    "a vector of another width": (
        set_value(1, VECTORS, 168, zlib.compress(b"x" * 4 * 570)),
        f'row 168: "{VECTORS}": found 2280 bytes, zlib; expected .* 576',
    ),
    "pairs for other positions": (
        set_value(1, PAIRS, 0, b"[[], []]"),
        f'row 0: "{PAIRS}": lists for 2 positions; "sampled_positions" has 1',
    ),
    "pairs that are none": (
        set_value(1, PAIRS, 0, b"[[[1, 2, 3]]]"),
        f'row 0: "{PAIRS}": list 0, pair 0: expected .number, value., found 3',
    ),
    "more than there can be": (
        set_value(1, VECTORS, 0, zlib.compress(bytes(10_000_000))),
        "stands for more than the 524288 bytes there can be",
    ),
    "no id": (set_value(1, "prompt_id", 3, None), 'row 3: "prompt_id" is null'),
    "no positions": (drop(1, "sampled_positions"), 'no column "sampled_positions"'),
    "no vectors": (drop(1, VECTORS), 'no column "activations_layerN"'),
    "no values": (drop(0, "activation_value"), 'no column "activation_value"'),
}


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_be_is_named(tmp_path: Path, what: str) -> None:
    edit, message = BAD[what]
    folder = golden_set(tmp_path / "set", edit)
    error = error_of(folder)
    assert re.search(message, error), error


def test_the_sae_and_the_card_bound_what_there_can_be(tmp_path: Path) -> None:
    folder = golden_set(tmp_path / "set")
    error = error_of(folder, "--latents", "398")
    assert "feature 398 of layer 19, but --latents 398: features are 0 to 397" in error
    (folder / "README.md").write_text("- **Hidden dimension**: 4096\n")
    assert re.search("expected float32 for . sampled positions x 4096", error_of(folder))
    (folder / "README.md").unlink()
    assert "no texts" in error_of(
        golden_set(tmp_path / "bare", without(TABLES[1])),
        "--tokenizer",
        str(real_model()),
    )
    recording, report = imported(folder, "--latents", "512", "--sae", "random relu")
    assert report["n_units"] == 512
    manifest = json.loads((recording / "manifest.json").read_text())
    assert manifest["sites"] == [
        {
            "name": "blocks.19.hook_resid_post/sae:random-relu",
            "layer": 19,
            "n_units": 512,
        }
    ]
