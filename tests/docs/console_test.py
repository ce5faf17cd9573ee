"""The blocks marked ```console run in README.md and docs/ print what they say.

All such blocks of one file are one transcript (tests/transcript.py says how it reads). A block
marked ```python NAME.py is a file of that name in its folder. A plain ```console block is shown to
people only: it needs a network, a browser, or hours. Their model is the real one; of a block marked
```console run form, only the form is compared.
"""

import re
from pathlib import Path

import pytest
import transcript

README = transcript.ROOT / "README.md"  # has such blocks, always
OTHERS = {*transcript.ROOT.glob("*.md"), *transcript.ROOT.glob("docs/*.md")} - {README}
BLOCK = re.compile(r"^```console run( form)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILES = [README, *sorted(f for f in OTHERS if BLOCK.search(f.read_text()))]
SCRIPT = re.compile(r"^```python (\w+\.py)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(transcript.ROOT)))
def test_console(file: Path, tmp_path: Path) -> None:
    text = file.read_text()
    blocks = BLOCK.findall(text)
    assert blocks
    for name, script in SCRIPT.findall(text):
        (tmp_path / name).write_text(script)
    # Padded, so that a mismatch names the line of the document.
    first = text.count("\n", 0, text.index(blocks[0][1])) - 1 if len(blocks) == 1 else 0
    marked = [f"{'# form' if form else '# numbers'}\n{block}" for form, block in blocks]
    transcript.check(file.name, "\n" * first + "".join(marked), tmp_path, model=True)
