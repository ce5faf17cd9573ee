"""Writes the files of this folder: arrays in every container, and what a reader must refuse.

python make.py      in a Python that has numpy, torch and safetensors; PROVENANCE.md has versions
"""

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

HERE = Path(__file__).resolve().parent
EXPECTED: dict[str, dict[str, Any]] = {}


def truth(tensors: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {
            "shape": list(t.shape),
            "dtype": str(t.dtype).removeprefix("torch."),
            "values": [float(v) for v in t.reshape(-1).tolist()],
        }
        for name, t in tensors.items()
    }


def numpy_files() -> None:
    rng = np.random.default_rng(1)
    kinds = ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "b1"]
    arrays: dict[str, Any] = {k: (rng.normal(size=(2, 3)) * 20).clip(-100, 100) for k in kinds}
    arrays = {k: (abs(a) if k[0] == "u" else a).astype(k) for k, a in arrays.items()}
    arrays["columns_first"] = np.asfortranarray(rng.normal(size=(3, 4, 2)).astype("f4"))
    arrays["scalar"] = np.array(2.5, "f4")
    arrays["empty"] = np.zeros((0, 3), "f4")
    np.savez(HERE / "stored.npz", **arrays)
    np.savez_compressed(HERE / "deflated.npz", **arrays)
    names = "ZIP64_LIMIT", "ZIP_FILECOUNT_LIMIT"
    limits = {name: getattr(zipfile, name) for name in names}
    for name in names:
        setattr(zipfile, name, 0)  # every size goes into ZIP64 records
    np.savez(HERE / "zip64.npz", **arrays)
    for name, limit in limits.items():
        setattr(zipfile, name, limit)
    for name in ("stored.npz", "deflated.npz", "zip64.npz"):
        EXPECTED[name] = truth(arrays)
    np.save(HERE / "object.npy", np.array([{"a": 1}, None], object), allow_pickle=True)
    np.save(HERE / "big_endian.npy", np.arange(3, dtype=">f4"))


def torch_tensors() -> dict[str, torch.Tensor]:
    torch.manual_seed(2)
    base = torch.randn(6, 8)
    found = {
        str(dtype).removeprefix("torch."): (torch.randn(2, 3) * 20).to(dtype)
        for dtype in (
            torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64,
            torch.int32, torch.int16, torch.int8, torch.bool,
        )
    }  # fmt: skip
    found["uint8"] = torch.arange(6, dtype=torch.uint8)
    found["halves"] = torch.tensor([65504.0, 6e-8, -6.1e-5, 0.0, -0.0, 1 / 3]).half()
    found["whole"] = base
    found["columns_first"] = base.T  # the same storage, seen the other way
    found["part"] = base[2:4, 1::3]  # an offset and a stride
    found["parameter"] = torch.nn.Parameter(torch.randn(4))
    found["scalar"] = torch.tensor(7)
    found["empty"] = torch.zeros(0, 3)
    return found


class CallsSystem:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, ("touch RAN",)


class CallsEval:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return eval, ("open('RAN', 'w')",)


def torch_files() -> None:
    tensors = torch_tensors()
    other = {
        "activation": "TopK",
        "activation_state_dict": {"k": 32, "postact_fn": "ReLU", "nested": {"deep": -1.5}},
        "flags": [True, None],
        "large": 2**40,
        "negative": -3,
        "yes": True,
    }
    for name, options in (
        ("protocol2.pt", {"pickle_protocol": 2}),
        ("protocol4.pt", {"pickle_protocol": 4}),
        ("before_1_6.pt", {"_use_new_zipfile_serialization": False}),
    ):
        torch.save({**tensors, **other}, HERE / name, **options)
        EXPECTED[name] = truth(tensors)
    layer = torch.nn.Linear(3, 2)  # a state dict with attributes
    torch.save(layer.state_dict(), HERE / "state_dict.pt")
    EXPECTED["state_dict.pt"] = truth({k: v.detach() for k, v in layer.state_dict().items()})
    torch.save({"weight": torch.ones(2), "extra": CallsSystem()}, HERE / "os_system.pt")
    torch.save({"weight": torch.ones(2), "extra": CallsEval()}, HERE / "eval.pt", pickle_protocol=4)
    torch.save({"w": torch.ones(1).expand(1000, 1000)}, HERE / "expanded.pt")
    torch.save(layer, HERE / "module.pt")
    torch.save([torch.ones(2)], HERE / "list.pt")


def safetensors_files() -> None:
    keep = {"columns_first", "part", "whole", "parameter"}
    tensors = {k: v for k, v in torch_tensors().items() if k not in keep}
    save_file(tensors, HERE / "types.safetensors", metadata={"format": "pt"})
    EXPECTED["types.safetensors"] = truth(tensors)


if __name__ == "__main__":
    numpy_files()
    torch_files()
    safetensors_files()
    (HERE / "expected.json").write_text(json.dumps(EXPECTED, indent=1) + "\n")
