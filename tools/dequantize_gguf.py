#!/usr/bin/env python3
"""Writes a copy of a GGUF model with float32 weights, for reference runs.

    .deps/venv/bin/python tools/dequantize_gguf.py MODEL.gguf MODEL.f32.gguf

llama.cpp's kernels for quantised weights round the activations too, so a quantised model cannot be
compared closely with another implementation; its float32 copy can. The copy holds the same numbers:
what the quantised weights stand for, which float32 expresses exactly as the `gguf` package decodes
them. It appears at its name only when complete.
"""

import argparse
import os
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFReader, GGUFWriter, Keys, LlamaFileType
from gguf.gguf_reader import ReaderField, ReaderTensor
from gguf.quants import dequantize

# The writer writes these itself; and without quantised weights a quantisation version says nothing.
WRITTEN_ANEW = {
    Keys.General.ARCHITECTURE,
    Keys.General.FILE_TYPE,
    Keys.General.QUANTIZATION_VERSION,
}


def float32(tensor: ReaderTensor) -> np.ndarray[Any, np.dtype[np.float32]]:
    return dequantize(tensor.data, tensor.tensor_type).astype(np.float32, copy=False)


def copy_metadata(fields: dict[str, ReaderField], writer: GGUFWriter) -> None:
    for field in fields.values():
        if field.name in WRITTEN_ANEW or field.name.startswith("GGUF."):
            continue
        sub_type = field.types[-1] if len(field.types) > 1 else None
        writer.add_key_value(field.name, field.contents(), field.types[0], sub_type=sub_type)
    writer.add_file_type(LlamaFileType.ALL_F32)


def dequantize_gguf(source: Path, target: Path) -> None:
    """One tensor at a time: memory is the largest tensor in float32."""
    reader = GGUFReader(source)
    architecture = reader.fields[Keys.General.ARCHITECTURE].contents()
    partial = target.with_name(target.name + ".partial")
    writer = GGUFWriter(partial, architecture)
    copy_metadata(reader.fields, writer)
    for tensor in reader.tensors:
        shape = [int(n) for n in reversed(tensor.shape)]
        writer.add_tensor_info(
            tensor.name, shape, np.dtype(np.float32), 4 * int(np.prod(shape, dtype=np.int64))
        )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for tensor in reader.tensors:
        writer.write_tensor_data(float32(tensor))
    writer.close()
    os.replace(partial, target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    arguments = parser.parse_args()
    dequantize_gguf(arguments.source, arguments.target)


if __name__ == "__main__":
    main()
