"""The .npy format (NumPy's format.py, versions 1.0 and 2.0) without NumPy.

Arrays are flat lists in row-major order beside a shape. `bfloat16` and 8-bit
floats, which NumPy lacks, travel as raw bits of the same width.
"""

import ast
import struct

_CODES = {
    "<f4": "f", "<f8": "d", "<f2": "e", "<i8": "q", "<i4": "i", "<i2": "h",
    "|i1": "b", "<u2": "H", "|u1": "B", "|b1": "?",
}


def write(path, descr, shape, values):
    code = _CODES.get(descr, "H" if descr.endswith("2") else "B")
    header = repr({"descr": descr, "fortran_order": False, "shape": tuple(shape)})
    header += " " * (63 - (10 + len(header)) % 64) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)))
        file.write(header.encode("latin1"))
        file.write(struct.pack(f"<{len(values)}{code}", *values))


def read(path):
    """Returns (descr, shape, values)."""
    with open(path, "rb") as file:
        data = file.read()
    assert data[:6] == b"\x93NUMPY", path
    size, start = (
        (struct.unpack("<H", data[8:10])[0], 10)
        if data[6] == 1
        else (struct.unpack("<I", data[8:12])[0], 12)
    )
    header = ast.literal_eval(data[start : start + size].decode("latin1"))
    assert not header["fortran_order"], path
    descr, body = header["descr"], data[start + size :]
    width = int(descr[2:])
    code = _CODES.get(descr, "H" if width == 2 else "B")
    values = list(struct.unpack(f"<{len(body) // width}{code}", body))
    return descr, header["shape"], values
