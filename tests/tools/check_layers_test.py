"""tools/check_layers accepts what the tables allow and nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def check(tree: Path, files: dict[str, str]) -> subprocess.CompletedProcess[str]:
    (tree / "ARCHITECTURE.md").write_text((ROOT / "ARCHITECTURE.md").read_text())
    for name, text in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
    command = [sys.executable, str(ROOT / "tools/check_layers"), str(tree)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("file", "include"),
    [
        ("src/store/a.cc", '"codec/json.h"'),
        ("src/record/a.cc", '"model/fake_model.h"'),
        ("src/record/a_test.cc", "<gtest/gtest.h>"),
        ("src/cli/a.cc", '"query/view.h"'),
        ("src/cli/a.cc", '"server/server.h"'),
        ("src/store/folder_test.h", "<gtest/gtest.h>"),
        ("src/model/a.cc", "<llama.h>"),
        ("src/base/a.cc", "<sys/mman.h>"),
        ("src/store/a_test.cc", "<unistd.h>"),
        ("src/core/a.h", "<fmt/format.h>"),
        ("src/core/a.h", '"actogram/types.h"'),
        ("include/actogram/a.h", "<cstdint>"),
        ("bench/a.cc", '"model/llama.h"'),
        ("bench/a.cc", "<llama.h>"),
    ],
)
def test_allows(tmp_path: Path, file: str, include: str) -> None:
    assert check(tmp_path, {file: f"#include {include}\n"}).returncode == 0


@pytest.mark.parametrize(
    ("file", "include", "why"),
    [
        ("src/base/a.cc", '"core/unit.h"', "base/ (base) must not see core/ (ground)"),
        ("src/core/a.cc", '"codec/json.h"', "must not see"),
        ("src/store/a.cc", '"collate/top_k.h"', "must not see"),
        ("src/query/a_test.cc", '"record/record.h"', "must not see"),
        ("src/cli/a.cc", '"store/recording.h"', "must not see"),
        ("src/cli/a.cc", '"core/unit.h"', "must not see"),
        ("src/server/a.cc", '"cli/verbs.h"', "must not see"),
        ("include/actogram/a.h", '"base/file.h"', "must not see"),
        ("src/record/a.cc", "<llama.h>", "llama.cpp belongs to"),
        ("src/store/a.cc", "<arrow/api.h>", "Arrow, Parquet belongs to"),
        ("src/core/a.cc", "<gtest/gtest.h>", "GoogleTest belongs to"),
        ("src/core/a.cc", "<unistd.h>", "POSIX belongs to"),
        ("src/core/a.cc", "<boost/any.hpp>", "not in a table"),
        ("src/core/a.cc", '"neighbour.h"', "not in a table"),
    ],
)
def test_refuses(tmp_path: Path, file: str, include: str, why: str) -> None:
    result = check(tmp_path, {file: f"\n  #  include {include}\n"})
    assert result.returncode == 1
    assert f"{file}:2: " in result.stdout
    assert why in result.stdout


def test_refuses_a_folder_without_a_level(tmp_path: Path) -> None:
    result = check(tmp_path, {"src/util/a.h": ""})
    assert result.returncode == 1
    assert "src/util/ has no level" in result.stdout
