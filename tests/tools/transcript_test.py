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


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("max 6.1482", "max 6.1753"),
        ("mean -0.0901 (6e-205), positive 63.49 %", "mean  -0.0931 (1e-204), positive 63.02 %"),
        ("12 |▇██▆| 0.5", "12 |▇█▇▁| 0.52"),
        ("3,0,0.345679", "3,0,0.337448"),
    ],
)
def test_numbers_of_the_model_may_be_about(expected: str, actual: str) -> None:
    assert transcript.matches([expected], [actual], model=True)
    assert not transcript.matches([expected], [actual])


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("max 6.1482", "max 6.9"),
        ("max 6.1482", "max -6.1482"),
        ("12.mlp/222 0.1", "12.mlp/223 0.1"),
        ("1 of 10", "1 of 10 units"),
        ("p 1e-20", "p 1e-10"),
        ("mean 0.5", "mean nan"),
    ],
)
def test_and_no_more_than_that(expected: str, actual: str) -> None:
    assert not transcript.matches([expected], [actual], model=True)


def test_only_the_form_is_compared_between_marks(build: Path, tmp_path: Path) -> None:
    text = "# form\n$ actogram 'max 7.1 at a/3\\n    any\\n'\nmax 9 at b/4\n    thing\n"
    assert transcript.check("t", text, tmp_path) == text
    others = (text.replace("max 9", "min 9"), text + "more\n", "# numbers\n" + text[7:])
    for number, other in enumerate(others):
        (folder := tmp_path / str(number)).mkdir()
        with pytest.raises(transcript.Mismatch):
            transcript.check("t", other, folder)
