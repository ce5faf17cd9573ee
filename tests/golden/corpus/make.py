"""Writes the Parquet and Arrow files beside it, with pyarrow.

.deps/venv/bin/python tests/golden/corpus/make.py
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).parent

# 150 rows: several row groups, and more than the reader decodes at once. Row i (from 0) is null
# where i % 10 == 3, and otherwise "row I " and i characters of three bytes each.
TEXTS = [None if i % 10 == 3 else f"row {i} " + "\u20ac" * i for i in range(150)]
CHATS = [
    [{"role": "user", "content": "hi"}, {"role": "assistant", "content": None}],
    None,
    [],
    [{"role": "system", "content": "na\u00efve"}, {"role": "user", "content": ""}],
]
CHAT = pa.struct([("content", pa.string()), ("name", pa.string()), ("role", pa.string())])


def write(name: str, columns: dict[str, pa.Array], **options: object) -> None:
    pq.write_table(pa.table(columns), HERE / f"{name}.parquet", **options)


def texts_as(type_: pa.DataType) -> pa.Array:
    values: list[str | None] | list[bytes | None] = TEXTS
    if pa.types.is_binary(type_) or pa.types.is_large_binary(type_):
        values = [None if text is None else text.encode() for text in TEXTS]
    return pa.array(values, type_)


def main() -> None:
    numbers = pa.array(range(1000, 1150), pa.int32())
    for name, type_ in [
        ("string", pa.string()),
        ("large_string", pa.large_string()),
        ("binary", pa.binary()),
        ("large_binary", pa.large_binary()),
        ("string_view", pa.string_view()),
    ]:
        write(name, {"id": numbers, "text": texts_as(type_)}, row_group_size=40)
    dictionary = pa.array(["b", "a", None, "a", "b"] * 30).dictionary_encode()
    names = pa.array([f"doc-{i}" for i in range(150)]).dictionary_encode()
    write("dictionary", {"text": dictionary, "id": names}, row_group_size=40, compression="zstd")
    write("bytes", {"text": pa.array([b"a\xff\xe2\x82", b"", b"\x00"], pa.binary())})
    write("messages", {"messages": pa.array(CHATS, pa.list_(CHAT))}, compression="gzip")
    write("large_messages", {"messages": pa.array(CHATS, pa.large_list(CHAT))})
    write("no_rows", {"text": pa.array([], pa.string())})
    ids = pa.array([[1, 2, 300], None, [], [70_000]], pa.list_(pa.int32()))
    saved = pa.table({"input_ids": ids, "name": pa.array(["a", "b", "c", "d"])})
    with pa.ipc.new_stream(HERE / "ids_stream.arrow", saved.schema) as stream:
        stream.write_table(saved, max_chunksize=2)  # as `datasets` saves
    masks = [[1, 1, 0], None, [0, 0], [1]]  # of a tokenizer that fills rows up; null says nothing
    padded = pa.array([[1, 2, 0], [5, 6], [0, 0], [7]], pa.list_(pa.int32()))
    write("padded", {"input_ids": padded, "attention_mask": pa.array(masks, pa.list_(pa.int8()))})
    packed = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_file(HERE / "ids_file.arrow", saved.schema, options=packed) as file:
        file.write_table(saved, max_chunksize=3)
    for name, list_of in [
        ("table_list", pa.list_),
        ("table_large_list", pa.large_list),
        ("table_fixed_size_list", lambda item: pa.list_(item, 2)),
    ]:
        wide = name == "table_list"  # the other widths of numbers
        table = {
            "rows": pa.array(
                [[5, 6], [None, 1], [2, 3]], list_of(pa.int64() if wide else pa.int16())
            ),
            "extra": pa.array(["x", "y", "z"]),
            "values": pa.array(
                [[1.0, 2.0], [0.0, -0.5], [None, 3.0]],
                list_of(pa.float32() if wide else pa.float64()),
            ),
            "mean": pa.array([1.5, None, 2.5], pa.float64() if wide else pa.float32()),
            "layer": pa.array([0, 0, 1], pa.uint8() if wide else pa.int64()),
        }
        write(name, table, row_group_size=2)
    write("numbers", {"text": pa.array([1, 2]), "label": pa.array([True, False])})


if __name__ == "__main__":
    main()
