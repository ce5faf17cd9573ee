"""SAE latents of every published format against the files and numbers of the original tools, and,
where there are none, against the formulas of those tools in PyTorch, over weight files that are
written here in the published layout. docs/sae.md names the sources of each.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from oracle.latents import Array, dense, encode, refusal
from safetensors.torch import save_file
from torch import Tensor

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
RTOL, ATOL = 1e-5, 2.5e-7
D_IN, N_LATENTS, N_ROWS = 24, 96, 300
LAYER = "blocks.3.hook_resid_post"

Tensors = dict[str, Tensor]


def assert_latents(found: Array, expected: Array) -> None:
    """Within 1e-5 of each latent, or of the rounding of its sum.

    A latent is a sum of terms of about 1, each rounded at 6e-8, so one below 1e-2 has their error:
    three golden ones, of 0.003 to 0.005, are 1.2e-7 apart, each within 1.6e-7 of float64's.
    """
    np.testing.assert_allclose(found, expected, rtol=RTOL, atol=ATOL)
    disagree = (found != 0) != (expected != 0)
    assert (np.maximum(found, expected)[disagree] < ATOL).all(), "other latents are on"
    assert (expected != 0).any()


# The files of the original tools.


def golden_cases() -> list[Any]:
    cases = []
    for kind, key in (("openai", "file"), ("goodfire", "file"), ("saelens", "dir")):
        folder = GOLDEN / f"sae-{kind}"
        for sae in json.loads((folder / "expected.json").read_text())["saes"]:
            cases.append(pytest.param(folder / sae[key], sae, id=f"{kind}-{sae[key]}"))
    return cases


@pytest.mark.parametrize(("path", "sae"), golden_cases())
def test_golden(path: Path, sae: dict[str, Any]) -> None:
    sparse = next(
        sae[k] for k in ("latents_sparse", "features_sparse", "feature_acts_sparse") if k in sae
    )
    n_latents = next(sae[k] for k in ("n_latents", "n_features", "d_sae") if k in sae)
    rows = np.array(sae["inputs"], np.float32)
    expected = np.zeros((len(rows), n_latents), np.float32)
    for row, latents in enumerate(sparse):
        for latent, value in latents:
            expected[row, latent] = value
    found = dense(encode(path, rows), len(rows), n_latents)
    assert_latents(found, expected)
    np.testing.assert_array_equal((found != 0).sum(axis=1), sae["nonzero_per_input"])


# Formats without files of their tools: the layout as published, and a twin that says its formula.


@dataclass(frozen=True)
class Case:
    """`write` makes the file in a folder and returns what to open; `twin` maps rows to latents."""

    write: Callable[[Path, Tensors], Path]
    twin: Callable[[Tensors, Tensor], Tensor]
    options: dict[str, object] = field(default_factory=dict)


def weights() -> Tensors:
    g = torch.Generator().manual_seed(7)

    def n(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=g)

    return {
        "enc": n(N_LATENTS, D_IN) / D_IN**0.5,
        "dec": n(N_LATENTS, D_IN) / D_IN**0.5,
        "b_enc": n(N_LATENTS) * 0.2,
        "b_dec": n(D_IN) * 0.2,
        "threshold": n(N_LATENTS).abs() * 0.6,
        "b_gate": n(N_LATENTS) * 0.3,
        "r_mag": n(N_LATENTS) * 0.3,
    }


def inputs() -> Tensor:
    return torch.randn(N_ROWS, D_IN, generator=torch.Generator().manual_seed(8)) * 1.5


def relu_top_k(pre: Tensor, k: int) -> Tensor:
    top = torch.relu(pre).topk(k, dim=-1)
    return torch.zeros_like(pre).scatter_(-1, top.indices, top.values)


def jump(pre: Tensor, threshold: Tensor) -> Tensor:
    return torch.relu(pre) * (pre > threshold)


# sparsify: sparse_coder.py and fused_encoder.py.


def sparsify(folder_name: str = "layers.3", **config: object) -> Callable[[Path, Tensors], Path]:
    def write(folder: Path, w: Tensors) -> Path:
        path = folder / folder_name
        path.mkdir()
        save_file(
            {
                "encoder.weight": w["enc"],
                "encoder.bias": w["b_enc"],
                "W_dec": w["dec"],
                "b_dec": w["b_dec"],
            },
            path / "sae.safetensors",
        )
        told = {
            "activation": "topk", "expansion_factor": 32, "normalize_decoder": True,
            "num_latents": N_LATENTS, "k": 12, "multi_topk": False, "skip_connection": False,
            "transcode": False, **config, "d_in": D_IN,
        }  # fmt: skip
        (path / "cfg.json").write_text(json.dumps(told))
        return path

    return write


def sparsify_twin(w: Tensors, x: Tensor) -> Tensor:
    return relu_top_k(torch.nn.functional.linear(x - w["b_dec"], w["enc"], w["b_enc"]), 12)


def sparsify_transcoder_twin(w: Tensors, x: Tensor) -> Tensor:
    return relu_top_k(torch.nn.functional.linear(x, w["enc"], w["b_enc"]), 12)


# Gemma Scope: the JumpReLUSAE of its tutorial.


def gemma_scope(letter: str) -> Callable[[Path, Tensors], Path]:
    def write(folder: Path, w: Tensors) -> Path:
        arrays: dict[str, Any] = {
            f"{letter}_enc": w["enc"].T.contiguous().numpy(),
            f"{letter}_dec": w["dec"].numpy(),
            "b_enc": w["b_enc"].numpy(),
            "b_dec": w["b_dec"].numpy(),
            "threshold": w["threshold"].numpy(),
        }
        np.savez(folder / "params.npz", **arrays)
        return folder / "params.npz"

    return write


def gemma_scope_twin(w: Tensors, x: Tensor) -> Tensor:
    return jump(x @ w["enc"].T + w["b_enc"], w["threshold"])


# dictionary_learning: dictionary.py, trainers/top_k.py, trainers/batch_top_k.py.


def dictionary(
    name: str | None, arrays: Callable[[Tensors], Tensors], **trainer: object
) -> Callable[[Path, Tensors], Path]:
    def write(folder: Path, w: Tensors) -> Path:
        torch.save(arrays(w), folder / "ae.pt")
        if name is not None:
            told = {
                "trainer": {
                    "dict_class": name, "activation_dim": D_IN, "dict_size": N_LATENTS,
                    "layer": 3, "lm_name": "EleutherAI/pythia-70m-deduped",
                    "submodule_name": "resid_post_layer_3", **trainer,
                },
                "buffer": {"d_submodule": D_IN, "ctx_len": 128},
            }  # fmt: skip
            (folder / "config.json").write_text(json.dumps(told))
        return folder if name is not None else folder / "ae.pt"

    return write


def linear(w: Tensors) -> Tensors:
    return {
        "encoder.weight": w["enc"],
        "encoder.bias": w["b_enc"],
        "decoder.weight": w["dec"].T.contiguous(),
    }


def top_k_arrays(w: Tensors) -> Tensors:
    return {
        **linear(w),
        "b_dec": w["b_dec"],
        "k": torch.tensor(9, dtype=torch.int),
        "threshold": torch.tensor(0.8),
    }


def gated_arrays(w: Tensors) -> Tensors:
    found = linear(w)
    del found["encoder.bias"]
    return {
        **found, "decoder_bias": w["b_dec"], "r_mag": w["r_mag"], "gate_bias": w["b_gate"],
        "mag_bias": w["b_enc"],
    }  # fmt: skip


def jump_relu_arrays(w: Tensors) -> Tensors:
    return {
        "W_enc": w["enc"].T.contiguous(), "W_dec": w["dec"], "b_enc": w["b_enc"],
        "b_dec": w["b_dec"], "threshold": w["threshold"],
    }  # fmt: skip


def auto_encoder_twin(w: Tensors, x: Tensor) -> Tensor:
    return torch.relu((x - w["b_dec"]) @ w["enc"].T + w["b_enc"])


def auto_encoder_new_twin(w: Tensors, x: Tensor) -> Tensor:
    return torch.relu(x @ w["enc"].T + w["b_enc"])


def top_k_twin(w: Tensors, x: Tensor) -> Tensor:
    return relu_top_k((x - w["b_dec"]) @ w["enc"].T + w["b_enc"], 9)


def batch_top_k_twin(w: Tensors, x: Tensor) -> Tensor:
    acts = torch.relu((x - w["b_dec"]) @ w["enc"].T + w["b_enc"])
    return acts * (acts > 0.8)


def gated_twin(w: Tensors, x: Tensor) -> Tensor:
    x_enc = (x - w["b_dec"]) @ w["enc"].T
    gate = (x_enc + w["b_gate"] > 0).float()
    return gate * torch.relu(w["r_mag"].exp() * x_enc + w["b_enc"])


# Llama Scope: lm_saes/sae.py and initializer.py, and SAELens' loader for the unit of latents.

NORM_IN = 6.3125


def llama_scope(unit_decoder: bool, **config: object) -> Callable[[Path, Tensors], Path]:
    def write(folder: Path, w: Tensors) -> Path:
        dec = w["dec"] / w["dec"].norm(dim=1, keepdim=True) if unit_decoder else w["dec"]
        (folder / "checkpoints").mkdir()
        save_file(
            {
                "encoder.weight": w["enc"].bfloat16(),
                "encoder.bias": w["b_enc"].bfloat16(),
                "decoder.weight": dec.T.contiguous(),
                "decoder.bias": w["b_dec"].bfloat16(),
            },
            folder / "checkpoints/final.safetensors",
        )
        told = {
            "hook_point_in": LAYER, "hook_point_out": LAYER, "d_model": D_IN,
            "d_sae": N_LATENTS, "expansion_factor": 8, "act_fn": "jumprelu",
            "jump_relu_threshold": 0.52734375, "norm_activation": "dataset-wise",
            "dataset_average_activation_norm": {"in": NORM_IN, "out": NORM_IN},
            "use_decoder_bias": True, "apply_decoder_bias_to_pre_encoder": False,
            "sparsity_include_decoder_norm": True, "top_k": 50, **config,
        }  # fmt: skip
        (folder / "hyperparams.json").write_text(json.dumps(told))
        return folder

    return write


def llama_scope_pre(w: Tensors, x: Tensor) -> tuple[Tensor, float]:
    scale = D_IN**0.5 / NORM_IN
    return scale * x @ w["enc"].bfloat16().float().T + w["b_enc"].bfloat16().float(), scale


def llama_scope_unit_twin(w: Tensors, x: Tensor) -> Tensor:
    """As SAELens loads it."""
    pre, scale = llama_scope_pre(w, x)
    return jump(pre, torch.tensor(0.52734375 * scale))


def llama_scope_twin(w: Tensors, x: Tensor) -> Tensor:
    """Which are on as its authors' program says, at the model's own scale and with |W_dec|."""
    pre, scale = llama_scope_pre(w, x)
    own = x @ w["enc"].bfloat16().float().T + w["b_enc"].bfloat16().float() / scale
    on: Tensor = own * w["dec"].norm(dim=1) > 0.52734375
    return torch.relu(pre) * on


def llama_scope_later(folder: Path, w: Tensors) -> Path:
    dec = w["dec"] / w["dec"].norm(dim=1, keepdim=True)
    save_file(
        {
            "encoder.weight": w["enc"],
            "encoder.bias": w["b_enc"],
            "decoder.weight": dec.T.contiguous(),
            "decoder.bias": w["b_dec"],
            "log_jumprelu_threshold": w["threshold"].log(),
        },
        folder / "sae_weights.safetensors",
    )
    told = {
        "hook_point_in": LAYER, "hook_point_out": LAYER, "d_model": D_IN, "expansion_factor": 4,
        "act_fn": "jumprelu", "norm_activation": "dataset-wise",
        "sparsity_include_decoder_norm": True,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(told))
    return folder


def llama_scope_later_twin(w: Tensors, x: Tensor) -> Tensor:
    return jump(1.75 * x @ w["enc"].T + w["b_enc"], w["threshold"])


# SAELens: what the golden files do not have.


def saelens(architecture: str, **config: object) -> Callable[[Path, Tensors], Path]:
    def write(folder: Path, w: Tensors) -> Path:
        tensors = {
            "W_enc": w["enc"].T.contiguous(), "W_dec": w["dec"], "b_enc": w["b_enc"],
            "b_dec": w["b_dec"],
        }  # fmt: skip
        if "jumprelu" in architecture:
            tensors["threshold"] = w["threshold"]
        save_file(tensors, folder / "sae_weights.safetensors")
        told = {
            "architecture": architecture, "d_in": D_IN, "d_sae": N_LATENTS, "dtype": "float32",
            "apply_b_dec_to_input": True, "normalize_activations": "none", **config,
        }  # fmt: skip
        (folder / "cfg.json").write_text(json.dumps(told))
        return folder

    return write


def saelens_rescaled_twin(w: Tensors, x: Tensor) -> Tensor:
    pre = (x - w["b_dec"]) @ w["enc"].T + w["b_enc"]
    return relu_top_k(pre * w["dec"].norm(dim=-1), 7)


def saelens_scaled_twin(w: Tensors, x: Tensor) -> Tensor:
    return torch.relu((0.4 * x - w["b_dec"]) @ w["enc"].T + w["b_enc"])


def saelens_folded_twin(w: Tensors, x: Tensor) -> Tensor:
    """fold_W_dec_norm(), then encode()."""
    n = w["dec"].norm(dim=-1)
    pre = (x - w["b_dec"]) @ (w["enc"].T * n) + w["b_enc"] * n
    return jump(pre, w["threshold"] * n)


def with_scaler(folder: Path, w: Tensors) -> Path:
    path = saelens("standard", normalize_activations="expected_average_only_in")(folder, w)
    (path / "activation_scaler.json").write_text('{"scaling_factor": 0.4}')
    return path


OLD = {"hook_point": LAYER, "activation_fn_str": "topk", "activation_fn_kwargs": {"k": 9}}
EXPECTED_NORM = {"normalize_activations": "expected_average_only_in"}

CASES = {
    "sparsify": Case(sparsify(), sparsify_twin),
    "sparsify-expansion": Case(sparsify(num_latents=0, expansion_factor=4), sparsify_twin),
    "sparsify-transcoder": Case(sparsify(transcode=True), sparsify_transcoder_twin),
    "gemma-scope": Case(gemma_scope("W"), gemma_scope_twin),
    "gemma-scope-lower-case": Case(gemma_scope("w"), gemma_scope_twin),
    "AutoEncoder": Case(
        dictionary("AutoEncoder", lambda w: {**linear(w), "bias": w["b_dec"]}), auto_encoder_twin
    ),
    "AutoEncoder-alone": Case(
        dictionary(None, lambda w: {**linear(w), "bias": w["b_dec"]}), auto_encoder_twin
    ),
    "AutoEncoderNew": Case(
        dictionary("AutoEncoderNew", lambda w: {**linear(w), "decoder.bias": w["b_dec"]}),
        auto_encoder_new_twin,
    ),
    "two-layers": Case(
        dictionary(None, lambda w: {**linear(w), "decoder.bias": w["b_dec"]}),
        auto_encoder_new_twin,
        {"kind": "relu"},
    ),
    "AutoEncoderTopK": Case(dictionary("AutoEncoderTopK", top_k_arrays), top_k_twin),
    "AutoEncoderTopK-alone": Case(dictionary(None, top_k_arrays), top_k_twin, {"kind": "top_k"}),
    "BatchTopKSAE": Case(dictionary("BatchTopKSAE", top_k_arrays), batch_top_k_twin),
    "MatryoshkaBatchTopKSAE-alone": Case(
        dictionary(None, top_k_arrays), batch_top_k_twin, {"kind": "batch_top_k"}
    ),
    "GatedAutoEncoder": Case(dictionary("GatedAutoEncoder", gated_arrays), gated_twin),
    "JumpReluAutoEncoder": Case(
        dictionary("JumpReluAutoEncoder", jump_relu_arrays), gemma_scope_twin
    ),
    "llama-scope-unit": Case(llama_scope(True), llama_scope_unit_twin),
    "llama-scope": Case(llama_scope(False), llama_scope_twin),
    "llama-scope-later": Case(llama_scope_later, llama_scope_later_twin, {"input_scale": 1.75}),
    "saelens-topk-rescaled": Case(
        saelens("topk", k=7, rescale_acts_by_decoder_norm=True), saelens_rescaled_twin
    ),
    "saelens-before-6": Case(saelens("standard", **OLD), top_k_twin),
    "saelens-scaled": Case(
        saelens("standard", **EXPECTED_NORM), saelens_scaled_twin, {"input_scale": 0.4}
    ),
    "saelens-scaler": Case(with_scaler, saelens_scaled_twin),
    "saelens-transcoder": Case(
        saelens("jumprelu_transcoder", apply_b_dec_to_input=False, d_out=D_IN), gemma_scope_twin
    ),
    "saelens-folded": Case(saelens("jumprelu"), saelens_folded_twin, {"fold": 1}),
}


@pytest.mark.parametrize("name", CASES)
def test_twin(name: str, tmp_path: Path) -> None:
    case, w, x = CASES[name], weights(), inputs()
    path = case.write(tmp_path, w)
    found = dense(encode(path, x.numpy(), **case.options), N_ROWS, N_LATENTS)
    assert_latents(found, case.twin(w, x).numpy())


# What is not told is asked for, and what contradicts itself is refused.


def test_top_k_and_batch_top_k_cannot_be_told_apart(tmp_path: Path) -> None:
    path = dictionary(None, top_k_arrays)(tmp_path, weights())
    assert "say --kind top_k or --kind batch_top_k" in refusal(path)
    path = dictionary("BatchTopKSAE", top_k_arrays)(tmp_path, weights())
    assert "says BatchTopKSAE" in refusal(path, kind="top_k")


def test_two_layers_do_not_tell_their_kind(tmp_path: Path) -> None:
    path = dictionary(None, lambda w: {**linear(w), "decoder.bias": w["b_dec"]})(
        tmp_path, weights()
    )
    assert "nothing says what is applied" in refusal(path)
    assert "say --k N" in refusal(path, kind="top_k")
    assert "say --threshold" in refusal(path, kind="jump_relu")


def test_a_factor_that_may_be_folded_is_asked_for(tmp_path: Path) -> None:
    path = saelens("standard", **EXPECTED_NORM)(tmp_path, weights())
    assert "say --input-scale 1 if it is" in refusal(path)


def test_a_transcoder_of_llama_scope_asks_for_its_threshold(tmp_path: Path) -> None:
    path = llama_scope(False, hook_point_out="blocks.3.hook_mlp_out")(tmp_path, weights())
    assert "say --threshold" in refusal(path)


def test_options_cannot_contradict_the_files(tmp_path: Path) -> None:
    path = sparsify()(tmp_path, weights())
    assert "--kind: its files say top_k" in refusal(path, kind="relu")
    assert "--k 5: its files say 12" in refusal(path, k=5)
    assert "--threshold 1: its kind is top_k" in refusal(path, threshold=1)
    assert "would change which latents are the top 12" in refusal(path, fold=1)


def test_one_head_is_refused(tmp_path: Path) -> None:
    path = saelens("standard", hook_point="blocks.3.attn.hook_z", hook_point_head_index=5)(
        tmp_path, weights()
    )
    assert "reads attention head 5 alone" in refusal(path)


def test_shapes_that_contradict_each_other(tmp_path: Path) -> None:
    w = weights()
    w["b_enc"] = w["b_enc"][:-1]
    path = sparsify()(tmp_path, w)
    assert "sae.safetensors: encoder.bias: expected [96], found [95]" in refusal(path)


@pytest.mark.parametrize("name", ["enc", "b_enc"])
def test_nan_weights(tmp_path: Path, name: str) -> None:
    w = weights()
    w[name].view(-1)[31] = float("nan")
    assert "nan is not a number; the weights are damaged" in refusal(sparsify()(tmp_path, w), D_IN)
