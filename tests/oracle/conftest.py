"""Lets the tests of this folder import what they share: `from oracle.sites import read_sites`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
