"""Makes and shows .npy files, without NumPy.

npy.py make FILE TYPE SHAPE [--values V,V,...] [--fortran] [--version N]
    An array of TYPE (f16, f32, f64, bf16, i1, i8, i32, i64, raw8), whose elements are
    0, 1, 2, ... in row-major order unless given. SHAPE is like 4x2, or "scalar".
npy.py show FILE
    The header, then a line for each row.
"""

import argparse
import ast
import itertools
import math
import struct

CODES = {
    "f16": ("<f2", "<e"),
    "f32": ("<f4", "<f"),
    "f64": ("<f8", "<d"),
    "i1": ("|b1", "<?"),
    "i8": ("|i1", "<b"),
    "i32": ("<i4", "<i"),
    "i64": ("<i8", "<q"),
    "bf16": ("<V2", None),
    "raw8": ("|V1", "<B"),
}


def pack(type, value):
    if type == "bf16":
        return struct.pack("<f", float(value))[2:]
    number = float(value) if type[0] == "f" else int(value)
    return struct.pack(CODES[type][1], number)


def unpack(type, data):
    if type == "bf16":
        return struct.unpack("<f", b"\0\0" + data)[0]
    return struct.unpack(CODES[type][1], data)[0]


def write(path, type, shape, values, fortran=False, version=1):
    """Writes `values`, which are in row-major order."""
    indices = list(itertools.product(*(range(n) for n in shape)))
    assert len(values) == len(indices)
    if fortran:
        places = {index: i for i, index in enumerate(indices)}
        order = sorted(indices, key=lambda index: index[::-1])
        values = [values[places[index]] for index in order]
    text = "(" + "".join(f"{n}, " for n in shape).rstrip(" ") + ")"
    header = (
        f"{{'descr': '{CODES[type][0]}', "
        f"'fortran_order': {fortran}, 'shape': {text}, }}\n"
    ).encode()
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY" + bytes([version, 0]))
        file.write(struct.pack("<H" if version == 1 else "<I", len(header)))
        file.write(header)
        for value in values:
            file.write(pack(type, value))


def read(path):
    """Returns (type, shape, values) of an array in row-major order."""
    data = open(path, "rb").read()
    assert data[:8] == b"\x93NUMPY\x01\x00", data[:8]
    length = struct.unpack("<H", data[8:10])[0]
    header, data = ast.literal_eval(data[10 : 10 + length].decode()), data[10 + length :]
    # What numpy.lib.format asks of a writer.
    assert (10 + length) % 64 == 0 and not header["fortran_order"]
    types = {code: type for type, (code, _) in CODES.items()}
    type, shape = types[header["descr"]], header["shape"]
    width = len(pack(type, 0))
    assert len(data) == width * math.prod(shape), len(data)
    values = [unpack(type, data[i : i + width]) for i in range(0, len(data), width)]
    return type, shape, values


def make(args):
    shape = [] if args.shape == "scalar" else [int(n) for n in args.shape.split("x")]
    values = args.values.split(",") if args.values else range(math.prod(shape))
    write(args.file, args.type, shape, values, args.fortran, args.version)


def show(args):
    type, shape, values = read(args.file)
    print(CODES[type][0], "x".join(map(str, shape)) or "scalar")
    values = [str(int(v)) if type[0] == "i" else format(v, "g") for v in values]
    row = shape[-1] if shape else 1
    for i in range(0, len(values), row or 1):
        print(" ".join(values[i : i + row]))


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    maker = commands.add_parser("make")
    maker.add_argument("file")
    maker.add_argument("type")
    maker.add_argument("shape")
    maker.add_argument("--values")
    maker.add_argument("--fortran", action="store_true")
    maker.add_argument("--version", type=int, default=1)
    maker.set_defaults(run=make)
    shower = commands.add_parser("show")
    shower.add_argument("file")
    shower.set_defaults(run=show)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
