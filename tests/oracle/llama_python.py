"""llama-cpp-python with the kernels that actogram has it use, and its server:
python llama_python.py --model FILE --port N.

The extra buffers of llama.cpp repack weights for kernels that round differently, and that not every
virtual machine lets run (AMX); neither the class nor the server has an option for them.
"""

from typing import Any

import llama_cpp
from llama_cpp.server.__main__ import main


def without_extra_buffers() -> None:
    """For all models that this process loads from now on."""
    default = llama_cpp.llama_cpp.llama_model_default_params

    def params() -> Any:
        found = default()
        found.use_extra_bufts = False
        return found

    llama_cpp.llama_cpp.llama_model_default_params = params


if __name__ == "__main__":
    without_extra_buffers()
    main()  # type: ignore[no-untyped-call]
