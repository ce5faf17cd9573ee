"""Collects tests/cli/*.test, transcripts of the command line: see tests/transcript.py.

A transcript whose first line is `# slow` runs the real model: it needs minutes, is left out by
`./test --quick`, and its numbers need not be those of another CPU.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import transcript


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> TranscriptFile | None:
    if file_path.suffix == ".test":
        return TranscriptFile.from_parent(parent, path=file_path)
    return None


def runs_the_model(path: Path) -> bool:
    return path.read_text().startswith("# slow")


class TranscriptFile(pytest.File):
    def collect(self) -> Iterator[pytest.Item]:
        item = Transcript.from_parent(self, name=self.path.stem)
        if runs_the_model(self.path):
            item.add_marker("slow")
        yield item


class Transcript(pytest.Item):
    def runtest(self) -> None:
        text = self.path.read_text()
        with tempfile.TemporaryDirectory() as folder:
            found = transcript.check(self.path.name, text, Path(folder), runs_the_model(self.path))
        if found != text:
            self.path.write_text(found)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str:
        if isinstance(excinfo.value, transcript.Mismatch):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo, style))

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"transcript {self.path.name}"
