"""Training an SAE, step by step, against PyTorch: its autograd and its Adam, the same rows.

The twin starts from the weights that actogram began with and is written from the definition in
src/sae/trainer.h; from there on the two share nothing.
"""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from oracle.latents import ROOT, Array

torch.set_default_dtype(torch.float32)

N_STEPS, LEARNING_RATE = 6, 1e-3
AUX_COEFFICIENT, EPSILON = 1 / 32, 6.25e-10
NAMES = ("w_enc", "w_dec", "b_enc", "b_dec")


@dataclass(frozen=True)
class Case:
    d_in: int
    n_latents: int
    k: int
    k_aux: int
    dead_tokens: int
    batch: int

    def words(self) -> list[str]:
        numbers = (self.d_in, self.n_latents, self.k, self.k_aux, self.dead_tokens, self.batch)
        return [*map(str, numbers), str(N_STEPS), str(LEARNING_RATE)]


CASES = {
    "no latent dies": Case(24, 60, 5, 12, 10**9, 200),
    "many die": Case(24, 300, 2, 12, 300, 200),
    "more than a tile": Case(33, 1500, 8, 16, 300, 300),
}


def make_rows(case: Case) -> Array:
    random = np.random.default_rng(case.n_latents)
    directions = random.standard_normal((50, case.d_in)) / np.sqrt(case.d_in)
    strengths = random.uniform(0.5, 2, (N_STEPS * case.batch, 50))
    on = random.uniform(size=strengths.shape) < 0.1
    rows = (strengths * on) @ directions + random.standard_normal(case.d_in)
    rows += 0.05 * random.standard_normal(rows.shape)
    return np.asarray(rows.astype(np.float32))


def train(case: Case, rows: Array, out: Path) -> tuple[list[dict[str, Array]], Array]:
    """The weights after 0, 1, ... steps, and of each step the two losses before it."""
    build = Path(os.environ.get("ACTOGRAM_BUILD", "build/release"))
    (out / "rows.bin").write_bytes(rows.tobytes())
    subprocess.run(
        [ROOT / build / "bin/dump_training", out / "rows.bin", out, *case.words()], check=True
    )
    weights = []
    for step in range(N_STEPS + 1):
        found = {name: np.fromfile(out / f"{name}.{step}.bin", np.float32) for name in NAMES}
        for name in ("w_enc", "w_dec"):
            found[name] = found[name].reshape(case.n_latents, case.d_in)
        weights.append(found)
    return weights, np.loadtxt(out / "losses.txt")


class Twin:
    def __init__(self, case: Case, weights: dict[str, Array], sample: Array) -> None:
        self.case = case
        self.p = {n: torch.nn.Parameter(torch.from_numpy(w.copy())) for n, w in weights.items()}
        self.adam = torch.optim.Adam(self.p.values(), lr=LEARNING_RATE, eps=EPSILON)
        self.variance = float(((sample - sample.mean(0)) ** 2).mean())
        self.since_on = torch.zeros(case.n_latents, dtype=torch.long)

    def latents(self, h: torch.Tensor, k: int) -> torch.Tensor:
        values, indices = h.topk(k, dim=1)
        return torch.zeros_like(h).scatter(1, indices, values.relu())

    def step(self, x: torch.Tensor) -> tuple[float, float]:
        p, case = self.p, self.case
        h = (x - p["b_dec"]) @ p["w_enc"].T + p["b_enc"]
        z = self.latents(h, case.k)
        out = z @ p["w_dec"] + p["b_dec"]
        loss = ((out - x) ** 2).mean() / self.variance
        aux_loss = torch.zeros(())
        dead = self.since_on >= case.dead_tokens
        if dead.any():
            e = (x - out).detach()
            k_aux = min(case.k_aux, int(dead.sum()))
            a = self.latents(h.masked_fill(~dead, -torch.inf), k_aux)
            aux_loss = ((a @ p["w_dec"] - e) ** 2).mean() / ((e - e.mean(0)) ** 2).mean()
        self.adam.zero_grad()
        total: torch.Tensor = loss + AUX_COEFFICIENT * aux_loss
        torch.autograd.backward([total])
        with torch.no_grad():
            grad, w = p["w_dec"].grad, p["w_dec"]
            assert grad is not None
            grad -= (grad * w).sum(1, keepdim=True) * w
            self.adam.step()
            w.div_(w.norm(dim=1, keepdim=True))
            self.since_on += len(x)
            self.since_on[(z > 0).any(0)] = 0
        return float(loss.detach()), float(aux_loss.detach())


@pytest.mark.parametrize("name", CASES)
def test_steps(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    rows = make_rows(case)
    weights, losses = train(case, rows, tmp_path)
    twin = Twin(case, weights[0], rows)
    for step in range(N_STEPS):
        batch = torch.from_numpy(rows[step * case.batch : (step + 1) * case.batch])
        np.testing.assert_allclose(losses[step], twin.step(batch), rtol=1e-5, atol=1e-7)
        for array, values in twin.p.items():
            expected = values.detach().numpy()
            # Adam's first steps go by the sign of a gradient, whatever its size: where it is all
            # but zero, rounding decides.
            far = np.abs(weights[step + 1][array] - expected) > 1e-5
            assert far.mean() <= 1e-3, (step, array, far.sum())
    # One aux step at least has dead latents where the case says so, and none otherwise.
    assert (losses[:, 1] > 0).any() == (case.dead_tokens < 10**6)


def test_beginning(tmp_path: Path) -> None:
    """The bias is where the sum of distances is smallest; encoder and decoder point alike."""
    case = CASES["no latent dies"]
    rows = make_rows(case)
    rows[:20] *= 1e4  # a mean would follow these
    begun = train(case, rows, tmp_path)[0][0]
    directions = begun["w_enc"] / np.linalg.norm(begun["w_enc"], axis=1, keepdims=True)
    np.testing.assert_allclose(directions, begun["w_dec"], atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(begun["w_dec"], axis=1), 1, atol=1e-6)
    assert np.abs(begun["w_dec"] @ begun["w_dec"].T - np.eye(case.n_latents)).mean() < 0.2
    assert not begun["b_enc"].any()
    x = rows.astype(np.float64) - begun["b_dec"]
    # The sum of distances has no slope there: unit vectors to all rows cancel.
    slope = (x / np.linalg.norm(x, axis=1, keepdims=True)).mean(axis=0)
    assert np.linalg.norm(slope) < 1e-3
