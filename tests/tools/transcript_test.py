"""tests/transcript.py itself: what matches, what does not, and how it is rewritten."""

from pathlib import Path

import pytest
import transcript


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a program called actogram, which is `echo`, `cat >&2` and `exit`."""
    program = tmp_path / "build/bin/actogram"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\nprintf "$1"\nprintf "$2" >&2\nexit ${3:-0}\n')
    program.chmod(0o755)
    monkeypatch.setenv("ACTOGRAM_BUILD", str(tmp_path / "build"))
    monkeypatch.delenv("ACTOGRAM_UPDATE", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    "text",
    [
        "$ actogram 'one\\ntwo\\n'\none\ntwo\n",
        "# comment\n\n$ actogram 'one\\ntwo\\n'\none\n# comment\n\n$ actogram 'x'\nx\n".replace(
            "one\n# comment", "one\ntwo\n# comment"
        ),
        "$ actogram 'one\\ntwo\\nthree\\n'\n...\nthree\n",
        "$ actogram 'one\\ntwo\\n'\none\ntwo\n...\n",
        "$ actogram 'a 12 b\\n'\na ... b\n",
        "$ actogram '# x\\n'\n\\# x\n",
        "$ actogram 'out\\n' 'err\\n' 3\nout\n2> err\n[exit 3]\n",
        "$ actogram \\\n  'one\\n'\none\n",
        "$ actogram 'a\\n' | tr a b\nb\n",
        "$ actogram '\\nindented\\n\\nlast\\n'\n\nindented\n\nlast\n",
    ],
)
def test_matches(build: Path, tmp_path: Path, text: str) -> None:
    assert transcript.check("t", text, tmp_path) == text


@pytest.mark.parametrize(
    "text",
    [
        "$ actogram 'one\\ntwo\\n'\none\n",
        "$ actogram 'one\\n'\none\ntwo\n",
        "$ actogram 'one\\n'\n",
        "$ actogram 'one\\n' 'err'\none\n",
        "$ actogram '' '' 1\n",
        "$ actogram 'one\\ntwo\\n'\n...\none\n",
        "$ actogram 'a.b\\n'\na?b\n",
    ],
)
def test_differs(build: Path, tmp_path: Path, text: str) -> None:
    with pytest.raises(transcript.Mismatch, match="t:1: "):
        transcript.check("t", text, tmp_path)


def test_updates(build: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTOGRAM_UPDATE", "1")
    before = "# why\n$ actogram 'one\\n'\ntwo\nthree\n\n# then\n$ actogram 'four\\n'\n...\n"
    after = "# why\n$ actogram 'one\\n'\none\n\n# then\n$ actogram 'four\\n'\n...\n"
    assert transcript.check("t", before, tmp_path) == after
