"""Scalar ops of arith and math on every type that programs may have.

scalars.py all
    Prints a program that has each op on each type, and runs all of them.
scalars.py tensors FLOAT-OR-INTEGER...
    Prints a program that has each op of the types on tensors.
scalars.py round DIR
    Writes numbers to DIR/<type>.npy, and prints a program of the conversions and sums
    that are to be rounded once. It gives the bits of their results.
scalars.py check DIR
    Compares DIR/result<N>.npy with what exact arithmetic gives.
"""

import itertools
import os
import random
import re
import struct
import sys
from fractions import Fraction

# Bits of the significand, of the exponent, and whether there are infinities.
FORMATS = {
    "f8E4M3FN": (4, 4, False),
    "f8E5M2": (3, 5, True),
    "f16": (11, 5, True),
    "bf16": (8, 8, True),
    "f32": (24, 8, True),
    "f64": (53, 11, True),
}
FLOATS = list(FORMATS)
INTEGERS = ["i1", "i8", "i16", "i32", "i64", "index"]


def width(type):
    if type == "index":
        return 64
    return int(type[1:]) if type[0] == "i" else sum(FORMATS[type][:2])


# All ops.


def float_ops(t):
    for op in "addf subf mulf divf remf maximumf minimumf maxnumf minnumf".split():
        yield [t, t], [t], f"arith.{op} $0, $1 : {t}"
    yield [t], [t], f"arith.negf $0 : {t}"
    for predicate in "oeq ogt une ult ord uno one ueq".split():
        yield [t, t], ["i1"], f"arith.cmpf {predicate}, $0, $1 : {t}"
    yield ["i1", t, t], [t], f"arith.select $0, $1, $2 : {t}"
    for u in FLOATS:
        if width(u) > width(t):
            yield [t], [u], f"arith.extf $0 : {t} to {u}"
        if width(u) < width(t):
            yield [t], [u], f"arith.truncf $0 : {t} to {u}"
    for i in INTEGERS[:-1]:
        for op in "fptosi fptoui".split():
            yield [t], [i], f"arith.{op} $0 : {t} to {i}"
        for op in "sitofp uitofp".split():
            yield [i], [t], f"arith.{op} $0 : {i} to {t}"
    bits = f"i{width(t)}"
    yield [t], [bits], f"arith.bitcast $0 : {t} to {bits}"
    yield [bits], [t], f"arith.bitcast $0 : {bits} to {t}"
    for op in (
        "absf acos acosh asin asinh atan atanh cbrt ceil cos cosh erf erfc exp exp2 expm1 "
        "floor log log10 log1p log2 round roundeven rsqrt sin sinh sqrt tan tanh trunc"
    ).split():
        yield [t], [t], f"math.{op} $0 : {t}"
    for op in "isfinite isinf isnan isnormal".split():
        yield [t], ["i1"], f"math.{op} $0 : {t}"
    for op in "atan2 copysign powf".split():
        yield [t, t], [t], f"math.{op} $0, $1 : {t}"
    yield [t, t, t], [t], f"math.fma $0, $1, $2 : {t}"
    yield [t, t, t], [t], f"math.clampf $0 to [$1, $2] : {t}"
    yield [t], [t, t], f"math.sincos $0 : {t}"
    for i in ("i8", "i32", "i64"):
        yield [t, i], [t], f"math.fpowi $0, $1 : {t}, {i}"


def integer_ops(t):
    for op in (
        "addi subi muli divsi divui remsi remui ceildivsi ceildivui floordivsi andi ori "
        "xori shli shrsi shrui maxsi maxui minsi minui"
    ).split():
        yield [t, t], [t], f"arith.{op} $0, $1 : {t}"
    for op in "mulsi_extended mului_extended".split():
        yield [t, t], [t, t], f"arith.{op} $0, $1 : {t}"
    yield [t, t], [t, "i1"], f"arith.addui_extended $0, $1 : {t}, i1"
    for predicate in "eq slt uge".split():
        yield [t, t], ["i1"], f"arith.cmpi {predicate}, $0, $1 : {t}"
    for u in INTEGERS:
        if "index" in (t, u):
            ops = "index_cast index_castui" if t != u else ""
        elif width(u) > width(t):
            ops = "extsi extui"
        else:
            ops = "trunci" if width(u) < width(t) else ""
        for op in ops.split():
            yield [t], [u], f"arith.{op} $0 : {t} to {u}"
    for op in "absi ctlz cttz ctpop".split():
        yield [t], [t], f"math.{op} $0 : {t}"
    yield [t, t], [t], f"math.ipowi $0, $1 : {t}"


def print_all():
    types = FLOATS + INTEGERS
    ops = [op for t in FLOATS for op in float_ops(t)]
    ops += [op for t in INTEGERS for op in integer_ops(t)]
    body, results = [], []
    for i, (operands, types_of_op, text) in enumerate(ops):
        # No two are one op of the same operands, which would be computed once.
        for k, t in enumerate(operands):
            text = text.replace(f"${k}", f"%{t}_{k}")
        names = [f"%r{i}_{k}" for k in range(len(types_of_op))]
        body.append(f"  {', '.join(names)} = {text}")
        results += zip(names, types_of_op)
    arguments = ", ".join(f"%{t}_{k}: {t}" for t in types for k in range(3))
    print(f"// {len(ops)} ops")
    types_of_results = [t for _, t in results] + FLOATS
    print(f"func.func @main({arguments}) -> ({', '.join(types_of_results)}) {{")
    print("\n".join(body))
    # Numbers that go from block to block, so many times that only a run tells.
    for name, number in (("zero", 0), ("one", 1), ("eight", 8)):
        print(f"  %{name} = arith.constant {number} : index")
    print("  %turns = arith.remui %index_0, %eight : index")
    for t in FLOATS:
        results.append((f"%carried_{t}", t))
        print(f"  %carried_{t} = scf.for %i = %zero to %turns step %one")
        print(f"      iter_args(%a = %{t}_0) -> ({t}) {{")
        print(f"    %b = arith.addf %a, %{t}_1 : {t}")
        print(f"    scf.yield %b : {t}")
        print("  }")
    print(f"  return {', '.join(n for n, _ in results)} : {', '.join(t for _, t in results)}")
    print("}")


def print_tensors(types):
    ops = [op for t in types for op in (float_ops(t) if t in FLOATS else integer_ops(t))]
    body, results = [], []
    for i, (operands, types_of_op, text) in enumerate(ops):
        names = [f"%r{i}_{k}" for k in range(len(types_of_op))]
        op, _, suffix = text.rpartition(" : ")
        suffix = re.sub(r"\b(f8E4M3FN|f8E5M2|bf16|f\d+|i\d+|index)\b", r"tensor<4x\1>", suffix)
        if op.startswith("arith.select"):
            suffix = "tensor<4xi1>, " + suffix
        for k, t in enumerate(operands):
            op = op.replace(f"${k}", f"%{t}_{k}")
        body.append(f"  {', '.join(names)} = {op} : {suffix}")
        results += zip(names, types_of_op)
    arguments = ", ".join(f"%{t}_{k}: tensor<4x{t}>" for t in FLOATS + INTEGERS for k in range(3))
    print(f"// {len(ops)} ops")
    returned = ", ".join(f"tensor<4x{t}>" for _, t in results)
    print(f"func.func @main({arguments}) -> ({returned}) {{")
    print("\n".join(body))
    print(f"  return {', '.join(n for n, _ in results)} : {returned}")
    print("}")


# Exact arithmetic.


def round_to(value, type):
    """The bits of a number, rounded to nearest, ties to even. None: NaN."""
    precision, exponent_bits, has_infinity = FORMATS[type]
    mantissa = precision - 1
    sign = (value < 0) << (width(type) - 1)
    value = abs(value)
    if value == 0:
        return sign
    bias = 2 ** (exponent_bits - 1) - 1
    exponent = value.numerator.bit_length() - value.denominator.bit_length()
    if Fraction(2) ** exponent > value:
        exponent -= 1
    exponent = max(exponent, 1 - bias)
    # Of this, the integer part is kept; a carry goes to the exponent by itself.
    scaled = value / Fraction(2) ** (exponent - mantissa)
    code = round(scaled) + ((exponent + bias - 1) << mantissa)
    if has_infinity:
        return sign | min(code, (2**exponent_bits - 1) << mantissa)
    return None if code >= 2 ** (width(type) - 1) - 1 else sign | code


def is_nan(bits, type):
    precision, exponent_bits, has_infinity = FORMATS[type]
    largest = (2**exponent_bits - 1) << (precision - 1)
    if not has_infinity:
        largest |= 2 ** (precision - 1) - 2
    return bits & (2 ** (width(type) - 1) - 1) > largest


def number_of(bits, type):
    precision, exponent_bits, _ = FORMATS[type]
    mantissa = precision - 1
    bias = 2 ** (exponent_bits - 1) - 1
    code = bits & (2 ** (width(type) - 1) - 1)
    exponent, digits = code >> mantissa, code & (2**mantissa - 1)
    if exponent:
        digits |= 2**mantissa
    value = digits * Fraction(2) ** (max(exponent, 1) - bias - mantissa)
    return -value if bits >> (width(type) - 1) else value


COUNT = 4096
NARROW = ["f8E4M3FN", "f8E5M2", "f16", "bf16"]
SIZES = {8: "<b", 16: "<h", 32: "<i", 64: "<q"}


def near_ties(random, source):
    """Numbers of `source` that are, or almost are, in the middle between two numbers
    of a narrower type; others of any size; and the ends."""
    precision, exponent_bits, _ = FORMATS[source]
    mantissa, bits = precision - 1, width(source)
    last = 2 ** (bits - 1) - 1
    infinity = (2**exponent_bits - 1) << mantissa
    codes = [0, 1, 2, last, infinity, infinity - 1, infinity + 1]
    while len(codes) < COUNT:
        narrow = random.choice([t for t in NARROW if width(t) < bits] or [source])
        target = FORMATS[narrow]
        bias = 2 ** (target[1] - 1) - 1
        exponent = random.randint(-bias - target[0] - 1, bias + 2)
        exponent += 2 ** (exponent_bits - 1) - 1
        kept = random.randint(0, min(target[0], mantissa))
        digits = random.getrandbits(kept) << (mantissa - kept)
        digits |= 1 << random.randint(0, mantissa - 1)
        digits += random.choice([-1, 0, 0, 1]) * random.choice([1, 1, 2**8])
        codes.append(min(max(exponent, 0), 2**exponent_bits - 2) << mantissa)
        codes[-1] = min(max(codes[-1] + digits, 0), last)
    return [c | random.getrandbits(1) << (bits - 1) for c in codes]


def long_integers(random, bits):
    """Integers that are, or almost are, in the middle between two short ones."""
    values = [0, 1, 2 ** (bits - 1), 2**bits - 1, 2 ** (bits - 1) - 1]
    while len(values) < COUNT:
        value = random.getrandbits(random.randint(1, 12)) << random.randint(0, bits)
        value += (1 << random.randint(0, bits - 1)) + random.randint(-1, 1)
        values.append(random.choice([value, -value]) % 2**bits)
    return values


def make_inputs():
    generator = random.Random(5)
    inputs = {t: near_ties(generator, t) for t in FLOATS}
    for bits in (8, 16, 32, 64):
        inputs[f"i{bits}"] = long_integers(generator, bits)
    return inputs


def make_cases():
    """(result type, operand types, text of the op, exact function of numbers)"""
    same = lambda x: x
    for t, u in itertools.product(FLOATS, FLOATS):
        if width(u) < width(t):
            yield u, [t], f"arith.truncf $0 : {t} to {u}", same
        if width(u) > width(t):
            yield u, [t], f"arith.extf $0 : {t} to {u}", same
    for i, t in itertools.product(["i8", "i16", "i32", "i64"], FLOATS):
        half = 2 ** (width(i) - 1)
        signed = lambda x, half=half: Fraction((x + half) % (2 * half) - half)
        yield t, [i], f"arith.sitofp $0 : {i} to {t}", signed
        yield t, [i], f"arith.uitofp $0 : {i} to {t}", Fraction
    for t in NARROW + ["f32", "f64"]:
        yield t, [t, t], f"arith.addf $0, $1 : {t}", lambda x, y: x + y
        yield t, [t, t], f"arith.mulf $0, $1 : {t}", lambda x, y: x * y
        yield t, [t, t], f"arith.divf $0, $1 : {t}", lambda x, y: x / y if y else None
        yield t, [t, t, t], f"math.fma $0, $1, $2 : {t}", lambda x, y, z: x * y + z


def rotate(values, k):
    """The k-th operand: the same numbers, paired with others."""
    return values[7 * k :] + values[: 7 * k]


def print_round(folder):
    inputs = make_inputs()
    lines, results = [], []
    for number, (t, bits) in enumerate(inputs.items()):
        code = SIZES[width(t)]
        kind = "|i1" if width(t) == 8 else f"<i{width(t) // 8}"
        header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': (1, 3, {COUNT}), }}"
        header = header.ljust(117) + "\n"
        with open(f"{folder}/{t}.npy", "wb") as file:
            file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
            for k in range(3):
                for value in rotate(bits, k):
                    file.write(struct.pack(code.upper(), value))
        i = f"i{width(t)}"
        for k in range(3):
            name = f"%{t}_{k}" if t[0] == "i" else f"%bits_{t}_{k}"
            lines.append(
                f"  {name} = tensor.extract_slice %arg{number}[{k}, 0] [1, {COUNT}] [1, 1]"
                f" : tensor<3x{COUNT}x{i}> to tensor<{COUNT}x{i}>"
            )
            if t[0] != "i":
                lines.append(f"  %{t}_{k} = arith.bitcast {name} : tensor<{COUNT}x{i}> to tensor<{COUNT}x{t}>")
    for n, (t, operands, text, _) in enumerate(make_cases()):
        for k, operand in enumerate(operands):
            text = text.replace(f"${k}", f"%{operand}_{k}")
        op, _, types = text.partition(" : ")
        types = " to ".join(f"tensor<{COUNT}x{u}>" for u in types.split(" to "))
        i = f"i{width(t)}"
        lines.append(f"  %r{n} = {op} : {types}")
        lines.append(f"  %b{n} = arith.bitcast %r{n} : tensor<{COUNT}x{t}> to tensor<{COUNT}x{i}>")
        results.append((f"%b{n}", f"tensor<{COUNT}x{i}>"))
    arguments = ", ".join(
        f"%arg{n}: tensor<3x{COUNT}xi{width(t)}>" for n, t in enumerate(inputs)
    )
    print(f"func.func @main({arguments}) -> ({', '.join(t for _, t in results)}) {{")
    print("\n".join(lines))
    print(f"  return {', '.join(n for n, _ in results)} : {', '.join(t for _, t in results)}")
    print("}")


def matches(bits, expected, type):
    if expected is None:
        return is_nan(bits, type)
    if expected & (2 ** (width(type) - 1) - 1) == 0:
        # Zeros: of a sum, the sign is not for exact numbers to say.
        return bits & (2 ** (width(type) - 1) - 1) == 0
    return bits == expected


def convert_special(bits, source, type):
    """An infinity or a NaN in another type; None: NaN."""
    has_infinity = FORMATS[type][2]
    if is_nan(bits, source) or not has_infinity:
        return None
    return round_to(Fraction(2) ** 2000 * (-1) ** (bits >> (width(source) - 1)), type)


def is_number(bits, type):
    if type[0] == "i":
        return True
    precision, exponent_bits, has_infinity = FORMATS[type]
    infinity = (2**exponent_bits - 1) << (precision - 1)
    is_infinity = has_infinity and bits & (2 ** (width(type) - 1) - 1) == infinity
    return not is_infinity and not is_nan(bits, type)


def check(folder):
    inputs = make_inputs()
    checked = wrong = 0
    for n, (t, operands, text, exact) in enumerate(make_cases()):
        data = open(os.path.join(folder, f"result{n}.npy"), "rb").read()[-COUNT * width(t) // 8 :]
        results = struct.unpack(f"<{COUNT}{SIZES[width(t)][1].upper()}", data)
        columns = zip(*(rotate(inputs[u], k) for k, u in enumerate(operands)))
        for bits, row in zip(results, columns):
            numbers = [
                v if u[0] == "i" else number_of(v, u) for v, u in zip(row, operands)
            ]
            if all(map(is_number, row, operands)):
                value = exact(*numbers)
                if value is None:
                    continue
                expected = round_to(value, t)
            elif len(row) == 1:
                expected = convert_special(row[0], operands[0], t)
            else:
                continue
            checked += 1
            if not matches(bits, expected, t):
                wrong += 1
                if wrong < 20:
                    inputs_text = ", ".join(map(hex, row))
                    print(f"WRONG {text}: {inputs_text} -> {bits:#x}, not {expected}")
    print(f"results checked: {checked}, wrong: {wrong}")


if sys.argv[1] == "all":
    print_all()
elif sys.argv[1] == "tensors":
    print_tensors(sys.argv[2:])
elif sys.argv[1] == "round":
    print_round(sys.argv[2])
else:
    check(sys.argv[2])
