"""Runs windows through a compiled library: a program of its own, ``python library_process.py TASK WINDOWS FOUND``.

What goes wrong with a file is told in one line of the standard error, and the exit code is 1.

TASK is JSON: path of the library, name of the top function, sizes of its outputs and of every traced layer, by name. WINDOWS is
an array of float64 values ``(n, inputs)``; FOUND receives the arrays ``"output <name>"`` and ``"trace <name>"``, ``(n, size)``.
The calls are those of ``ModelGraph.trace`` of hls4ml 1.3.0.
"""

from __future__ import annotations

import ctypes
import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np


class _Trace(ctypes.Structure):
    _fields_ = (("name", ctypes.c_char_p), ("data", ctypes.POINTER(ctypes.c_double)))


def main(task_path: str, windows_path: str, found_path: str) -> None:
    """Run the task."""
    task: dict[str, Any] = json.loads(Path(task_path).read_text("utf-8"))
    windows = np.load(windows_path)
    found = {
        **{f"output {name}": np.zeros((len(windows), size)) for name, size in task["outputs"].items()},
        **{f"trace {name}": np.zeros((len(windows), size)) for name, size in task["traces"].items()},
    }
    library = ctypes.CDLL(task["library"])
    top = library[task["function"]]
    top.restype = None
    library.allocate_trace_storage.argtypes = [ctypes.c_size_t]
    library.allocate_trace_storage(ctypes.sizeof(ctypes.c_double))
    traces = (_Trace * len(task["traces"]))()
    for index, window in enumerate(windows):
        arrays = [np.ascontiguousarray(window), *(found[f"output {name}"][index] for name in task["outputs"])]
        top(*(array.ctypes.data_as(ctypes.c_void_p) for array in arrays))
        library.collect_trace_output(traces)
        for entry in traces:
            row = found[f"trace {entry.name.decode()}"][index]
            row[:] = np.ctypeslib.as_array(entry.data, row.shape)
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **found)
    try:
        Path(found_path).write_bytes(content.getbuffer())
    except OSError as error:
        raise OSError(f"cannot write {found_path}: {error.strerror}") from error


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except OSError as error:
        sys.exit(f"ERROR: {error}")
