"""What the real model's layers compute, against Hugging Face transformers.

Both run the float32 copy of the GGUF file and read the same tokens: transformers drops the
pre-tokenizer when it loads a GGUF file, so its own tokens would differ.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from oracle import hugging_face
from oracle.sites import Array, Text, read_sites

pytestmark = pytest.mark.slow

LAYERS = [0, 7, 15, 29]
TEXTS = {
    "english": "All human beings are born free and equal in dignity and rights. They are endowed "
    "with reason and conscience and should act towards one another in a spirit of brotherhood.",
    "chinese": "人人生而自由，在尊严和权利上一律平等。"
    "他们赋有理性和良心，并应以兄弟关系的精神相对待。",
    "arabic": "يولد جميع الناس أحرارًا متساوين في الكرامة والحقوق. وقد وهبوا عقلاً وضميرًا.",
    "emoji": "Family 👩‍👩‍👧‍👦, rainbow 🏳️‍🌈, thumbs 👍🏽, flags 🇩🇪🇯🇵 and ☃️!",
}

# Sums run in another order, so they round otherwise: measured 3e-7 to 3e-6 of the values' norm.
MAX_RELATIVE_L2 = 1e-5
# Of single values above 1e-3, 99 % agree to 1e-4.
MIN_SIZE, MAX_RELATIVE_P99 = 1e-3, 3e-4


@pytest.fixture(scope="module")
def ours(float32_model: Path) -> dict[str, Text]:
    layers = ",".join(map(str, LAYERS))
    return dict(zip(TEXTS, read_sites(float32_model, list(TEXTS.values()), layers), strict=True))


RESIDUAL = [
    "hook_resid_pre",
    "hook_resid_mid",
    "hook_resid_post",
    "hook_attn_out",
    "hook_mlp_out",
    "attn.hook_z",
    "hook_mlp_in",
    "ln2.hook_normalized",
    "mlp.hook_in",
]


@pytest.fixture(scope="module")
def our_residuals(float32_model: Path) -> dict[str, Text]:
    sites = ",".join(f"blocks.{layer}.{hook}" for layer in LAYERS for hook in RESIDUAL)
    return dict(zip(TEXTS, read_sites(float32_model, list(TEXTS.values()), sites), strict=True))


def record_residuals(layer: torch.nn.Module, prefix: str, values: dict[str, Array]) -> None:
    """Writes what a layer reads, writes and passes on into `values` at each run."""

    def reads(name: str) -> Callable[[torch.nn.Module, Any], None]:
        def hook(_module: torch.nn.Module, inputs: Any) -> None:
            values[f"{prefix}.{name}"] = inputs[0][0].numpy().copy()

        return hook

    def writes(name: str) -> Callable[[torch.nn.Module, Any, torch.Tensor], None]:
        def hook(_module: torch.nn.Module, _inputs: Any, output: Any) -> None:
            tensor = output[0] if isinstance(output, tuple) else output
            values[f"{prefix}.{name}"] = tensor.reshape(-1, tensor.shape[-1]).numpy().copy()

        return hook

    layer.register_forward_pre_hook(reads("hook_resid_pre"))
    layer.register_forward_hook(writes("hook_resid_post"))
    norm = layer.get_submodule("post_attention_layernorm")
    for name in ("hook_resid_mid", "hook_mlp_in"):
        norm.register_forward_pre_hook(reads(name))

    def unscaled(module: torch.nn.Module, inputs: Any) -> None:
        x = inputs[0][0]
        length = (x.pow(2).mean(-1, keepdim=True) + module.variance_epsilon).sqrt()
        values[f"{prefix}.ln2.hook_normalized"] = (x / length).numpy().copy()

    norm.register_forward_pre_hook(unscaled)
    layer.get_submodule("mlp").register_forward_pre_hook(reads("mlp.hook_in"))
    layer.get_submodule("self_attn.o_proj").register_forward_pre_hook(reads("attn.hook_z"))
    layer.get_submodule("self_attn").register_forward_hook(writes("hook_attn_out"))
    layer.get_submodule("mlp").register_forward_hook(writes("hook_mlp_out"))


def record(mlp: torch.nn.Module, prefix: str, values: dict[str, Array]) -> None:
    """Writes what the three hooks see into `values` at each run."""

    def keep(name: str) -> Callable[[torch.nn.Module, Any, torch.Tensor], None]:
        def hook(_module: torch.nn.Module, _inputs: Any, output: torch.Tensor) -> None:
            values[f"{prefix}.{name}"] = output[0].numpy().copy()

        return hook

    mlp.get_submodule("gate_proj").register_forward_hook(keep("hook_pre"))
    mlp.get_submodule("up_proj").register_forward_hook(keep("hook_pre_linear"))
    post = keep("hook_post")
    down = mlp.get_submodule("down_proj")
    down.register_forward_pre_hook(lambda module, inputs: post(module, (), inputs[0]))


@pytest.fixture(scope="module")
def theirs(float32_model: Path, ours: dict[str, Text]) -> dict[str, dict[str, Array]]:
    model = hugging_face.load(float32_model)
    values: dict[str, Array] = {}
    for layer in LAYERS:
        record(model.model.layers[layer].mlp, f"blocks.{layer}.mlp", values)
        record_residuals(model.model.layers[layer], f"blocks.{layer}", values)
    found = {}
    with torch.no_grad():
        for name, text in ours.items():
            model(torch.from_numpy(text.tokens[None].astype(np.int64)))
            found[name] = dict(values)
    return found


@pytest.mark.parametrize("hook", ["hook_pre", "hook_pre_linear", "hook_post"])
@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("text", TEXTS)
def test_values(
    ours: dict[str, Text],
    theirs: dict[str, dict[str, Array]],
    text: str,
    layer: int,
    hook: str,
) -> None:
    site = f"blocks.{layer}.mlp.{hook}"
    assert_same(ours[text].values[site], theirs[text][site])


@pytest.mark.parametrize("hook", RESIDUAL)
@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("text", TEXTS)
def test_residuals(
    our_residuals: dict[str, Text],
    theirs: dict[str, dict[str, Array]],
    text: str,
    layer: int,
    hook: str,
) -> None:
    site = f"blocks.{layer}.{hook}"
    assert_same(our_residuals[text].values[site], theirs[text][site])


def assert_same(ours: Array, theirs: Array) -> None:
    found, expected = ours.astype(np.float64), theirs.astype(np.float64)
    assert found.shape == expected.shape
    assert np.linalg.norm(found - expected) <= MAX_RELATIVE_L2 * np.linalg.norm(expected)
    large = np.abs(expected) > MIN_SIZE
    relative = np.abs(found - expected)[large] / np.abs(expected)[large]
    assert np.quantile(relative, 0.99) <= MAX_RELATIVE_P99


def test_texts_are_long_enough_to_mean_something(ours: dict[str, Text]) -> None:
    assert all(len(text.tokens) > 20 for text in ours.values())
