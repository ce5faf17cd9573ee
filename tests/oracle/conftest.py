"""Lets the tests of this folder import what they share: `from oracle.sites import read_sites`."""

import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from oracle.real_model import real_model_in_float32

torch.set_num_threads(1)  # so that its sums have one order, whatever the number of cores


@pytest.fixture(scope="session")
def float32_model() -> Path:
    return real_model_in_float32()
