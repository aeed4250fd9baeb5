"""The movable ops of enumerate.py: what writes each of them, by the shapes of its
operands, so that it can be written of the whole and of a slice.
"""

import collections
import itertools

ROWS, COLUMNS = 12, 24
MATRIX, CUBE = (12, 24), (12, 12, 4)


class Unwritable(Exception):
    """Operands that do not fit together: no such program."""


def need(condition):
    if not condition:
        raise Unwritable


def tensor(shape, element):
    return "tensor<" + "".join(f"{n}x" for n in shape) + element + ">"


def resized(shape, dim, size):
    return shape[:dim] + (size,) + shape[dim + 1 :]


class Value:
    def __init__(self, name, shape, element):
        self.name, self.shape, self.element = name, tuple(shape), element
        self.type = tensor(shape, element)


class Function:
    """The text of a function, and its arguments, which `pool` keeps alike for all
    functions of a batch."""

    def __init__(self, pool):
        self.pool, self.lines, self.results = pool, [], []
        self.counter = itertools.count()

    def argument(self, slot, shape, element, sharding=""):
        key = (slot, tensor(shape, element), sharding)
        number = self.pool.setdefault(key, len(self.pool))
        return Value(f"%arg{number}", shape, element)

    def emit(self, text, *types, loc=""):
        """Appends an op; `types` are (shape, element) of its results."""
        values = [Value(f"%{next(self.counter)}", *type) for type in types]
        names = ", ".join(v.name for v in values)
        self.lines.append(f"  {names} = {text}{loc}")
        return values[0] if len(values) == 1 else values

    def constant(self, shape, element, text):
        return self.emit(f"arith.constant dense<{text}> : {tensor(shape, element)}", (shape, element))

    def text(self, name):
        arguments = ", ".join(
            f"%arg{number}: {type}" + (f" {{dist.sharding = {sharding}}}" if sharding else "")
            for (_, type, sharding), number in self.pool.items()
        )
        types = ", ".join(v.type for v in self.results)
        names = ", ".join(v.name for v in self.results)
        body = "\n".join(self.lines)
        return f"func.func @{name}({arguments}) -> ({types}) {{\n{body}\n  return {names} : {types}\n}}\n"


# -----------------------------------------------------------------------------
# Ops. Each is a function (F, x, *others) -> results, by the operands' shapes, so
# that it can be written of the whole and of a slice.
# -----------------------------------------------------------------------------

Op = collections.namedtuple("Op", "name x others write executes")
OPS = []


def op(name, x=MATRIX, element="f32", others=(), executes=True):
    """`others` are (shape, element) in the written program."""

    def add(write):
        OPS.append(Op(name, (x, element), [o if o and isinstance(o[0], tuple) else (o, "f32") for o in others], write, executes))
        return write

    return add


def elementwise(f, text, values, elements):
    for v in values:
        need(v.shape == values[0].shape)
    return f.emit(text, *((values[0].shape, e) for e in elements))


def same_type_op(name, values, f):
    names = ", ".join(v.name for v in values)
    return elementwise(f, f"{name} {names} : {values[0].type}", values, [values[0].element])


def add_same_type(name, element="f32", arity=1, x=MATRIX, prepare=None, position=0):
    def write(f, x, *others):
        values = list(others)
        values.insert(position, x)
        if prepare:
            values = prepare(f, values)
        return same_type_op(name, values, f)

    suffix = f".x{position}" if position else ""
    op(f"{name}.{element}{suffix}", x, element, [(x, element)] * (arity - 1))(write)


def add_cast(name, source, target, prepare=None):
    def write(f, x):
        if prepare:
            (x,) = prepare(f, [x])
        result = tensor(x.shape, target)
        return f.emit(f"{name} {x.name} : {x.type} to {result}", (x.shape, target))

    op(f"{name}.{source}.{target}", element=source)(write)


def no_zero(f, values):
    """Divisors that are not 0 (of operands in [-8, 8))."""
    need(values[0].shape == values[1].shape)
    one = f.constant(values[1].shape, values[1].element, "1")
    return [values[0], same_type_op("arith.ori", [values[1], one], f)]


def low_bits(mask):
    def prepare(f, values):
        need(values[0].shape == values[1].shape)
        bits = f.constant(values[1].shape, values[1].element, str(mask))
        return [values[0], same_type_op("arith.andi", [values[1], bits], f)]

    return prepare


def absolute(f, values):
    return [same_type_op("math.absf", values, f)]


for name in "addf subf mulf divf remf maximumf minimumf maxnumf minnumf".split():
    add_same_type(f"arith.{name}", arity=2)
add_same_type("arith.subf", arity=2, position=1)
add_same_type("arith.addf", "bf16", arity=2)
add_same_type("arith.mulf", "f16", arity=2)
add_same_type("arith.addf", arity=2, x=CUBE)
OPS[-1] = OPS[-1]._replace(name="arith.addf.rank3")
add_same_type("arith.negf")
for name in "addi subi muli andi ori xori maxsi maxui minsi minui".split():
    add_same_type(f"arith.{name}", "i32", arity=2)
for name in "divsi divui ceildivsi ceildivui floordivsi remsi remui".split():
    add_same_type(f"arith.{name}", "i32", arity=2, prepare=no_zero)
for name in "shli shrsi shrui".split():
    add_same_type(f"arith.{name}", "i32", arity=2, prepare=low_bits(7))
for name, source, target in (
    ("extf", "f32", "f64"), ("extf", "bf16", "f32"), ("truncf", "f32", "f16"),
    ("truncf", "f32", "bf16"), ("truncf", "f64", "f32"), ("sitofp", "i32", "f32"),
    ("uitofp", "i32", "f32"), ("fptosi", "f32", "i32"), ("bitcast", "f32", "i32"),
    ("extsi", "i8", "i32"), ("extui", "i8", "i32"), ("trunci", "i32", "i8"),
    ("index_cast", "i32", "index"), ("index_castui", "i32", "index"),
):
    add_cast(f"arith.{name}", source, target)
add_cast("arith.fptoui", "f32", "i32", absolute)


def add_compare(name, predicate, element):
    @op(f"{name}.{predicate}", element=element, others=[(MATRIX, element)])
    def write(f, x, w):
        return elementwise(f, f"{name} {predicate}, {x.name}, {w.name} : {x.type}", [x, w], ["i1"])


add_compare("arith.cmpf", "olt", "f32")
add_compare("arith.cmpi", "slt", "i32")


def add_extended(name, second):
    @op(name, element="i32", others=[(MATRIX, "i32")])
    def write(f, x, w):
        types = f"{x.type}, {x.type}" if second == "i32" else f"{x.type}, {tensor(x.shape, 'i1')}"
        text = f"{name} {x.name}, {w.name} : {types if second == 'i1' else x.type}"
        return elementwise(f, text, [x, w], ["i32", second])


add_extended("arith.addui_extended", "i1")
add_extended("arith.mulsi_extended", "i32")
add_extended("arith.mului_extended", "i32")


@op("arith.select.true", others=[(MATRIX, "i32"), MATRIX])
def write(f, x, c, w):
    need(c.shape == x.shape)
    zero = f.constant(c.shape, "i32", "0")
    flags = f.emit(f"arith.cmpi slt, {c.name}, {zero.name} : {c.type}", (c.shape, "i1"))
    return elementwise(f, f"arith.select {flags.name}, {x.name}, {w.name} : {flags.type}, {x.type}", [x, w], ["f32"])


@op("arith.select.condition", element="i32", others=[MATRIX, MATRIX])
def write(f, x, v, w):
    zero = f.constant(x.shape, "i32", "0")
    flags = f.emit(f"arith.cmpi slt, {x.name}, {zero.name} : {x.type}", (x.shape, "i1"))
    return elementwise(f, f"arith.select {flags.name}, {v.name}, {w.name} : {flags.type}, {v.type}", [x, v, w], ["f32"])


@op("arith.select.scalar", others=[((1,), "i32"), MATRIX])
def write(f, x, c, w):
    need(c.shape == (1,))
    at = f.emit("arith.constant 0 : index", ((), "index"))
    number = f.emit(f"tensor.extract {c.name}[{at.name}] : {c.type}", ((), "i32"))
    zero = f.emit("arith.constant 0 : i32", ((), "i32"))
    flag = f.emit(f"arith.cmpi slt, {number.name}, {zero.name} : i32", ((), "i1"))
    # Whichever it chooses, both count.
    one = elementwise(f, f"arith.select {flag.name}, {x.name}, {w.name} : {x.type}", [x, w], ["f32"])
    two = elementwise(f, f"arith.select {flag.name}, {w.name}, {x.name} : {x.type}", [x, w], ["f32"])
    return same_type_op("arith.divf", [one, two], f)


for name in ("absf acos acosh asin asinh atan atanh cbrt ceil cos cosh erf erfc exp exp2 expm1 "
             "floor log log10 log1p log2 round roundeven rsqrt sin sinh sqrt tan tanh trunc").split():
    add_same_type(f"math.{name}")
for name in "absi ctlz cttz ctpop".split():
    add_same_type(f"math.{name}", "i32")
for name in "atan2 copysign powf".split():
    add_same_type(f"math.{name}", arity=2)
add_same_type("math.fma", arity=3)
add_same_type("math.exp", "bf16")
add_same_type("math.tanh", "f16")


# commuter-run has no lowering of what does not execute: the pass alone sees it,
# and the brute force runs its definition.


@op("math.clampf", others=[MATRIX], executes=False)
def write(f, x, w, spelled_out=False):
    need(x.shape == w.shape)
    high = f.constant(w.shape, "f32", "2.0")
    if spelled_out:
        return same_type_op("arith.minimumf", [same_type_op("arith.maximumf", [x, w], f), high], f)
    return f.emit(f"math.clampf {x.name} to [{w.name}, {high.name}] : {x.type}", (x.shape, "f32"))


@op("math.ipowi", element="i32", others=[(MATRIX, "i32")], executes=False)
def write(f, x, w, spelled_out=False):
    x, power = low_bits(3)(f, [x, w])
    if not spelled_out:
        return same_type_op("math.ipowi", [x, power], f)
    result = f.constant(x.shape, "i32", "1")
    for i in range(3):
        number = f.constant(x.shape, "i32", str(i))
        more = f.emit(f"arith.cmpi sgt, {power.name}, {number.name} : {x.type}", (x.shape, "i1"))
        times = same_type_op("arith.muli", [result, x], f)
        result = f.emit(f"arith.select {more.name}, {times.name}, {result.name} : {more.type}, {x.type}", (x.shape, "i32"))
    return result


@op("math.fpowi", others=[(MATRIX, "i32")])
def write(f, x, w):
    return elementwise(f, f"math.fpowi {x.name}, {w.name} : {x.type}, {w.type}", [x, w], ["f32"])


@op("math.sincos")
def write(f, x):
    return f.emit(f"math.sincos {x.name} : {x.type}", (x.shape, "f32"), (x.shape, "f32"))


def odd_numbers(f, x):
    """A NaN, an infinity or a number, for each element."""
    zero = f.constant(x.shape, "f32", "0.0")
    one = f.constant(x.shape, "f32", "1.0")
    far = f.emit(f"arith.cmpf ogt, {x.name}, {one.name} : {x.type}", (x.shape, "i1"))
    near = f.emit(f"arith.select {far.name}, {zero.name}, {x.name} : {far.type}, {x.type}", (x.shape, "f32"))
    quotient = same_type_op("arith.divf", [x, near], f)
    return same_type_op("math.sqrt", [quotient], f)


for name in "isfinite isnan".split():
    @op(f"math.{name}")
    def write(f, x, name=name):
        odd = odd_numbers(f, x)
        return f.emit(f"math.{name} {odd.name} : {x.type}", (x.shape, "i1"))


for name, number, predicate in (("isinf", "0x7F800000", "oeq"), ("isnormal", "1.0e+30", "olt")):
    @op(f"math.{name}", executes=False)
    def write(f, x, name=name, number=number, predicate=predicate, spelled_out=False):
        odd = odd_numbers(f, x)
        if not spelled_out:
            return f.emit(f"math.{name} {odd.name} : {x.type}", (x.shape, "i1"))
        size = same_type_op("math.absf", [odd], f)
        bound = f.constant(x.shape, "f32", number)
        return f.emit(f"arith.cmpf {predicate}, {size.name}, {bound.name} : {x.type}", (x.shape, "i1"))


# Norms.


def write_norm(kind, parameters, axis=None, offset=False):
    """x, [residual,] [scale,] [bias]."""

    def write(f, x, *others):
        at = len(x.shape) - 1 if axis is None else axis
        residual = kind.startswith("add_")
        text = f"norm.{kind} {x.name}"
        rows = [x]
        if residual:
            need(others[0].shape == x.shape)
            text += f", {others[0].name}"
            rows.append(others[0])
        types = [x.type]
        for keyword, value in zip(parameters, others[1:] if residual else others):
            need(value.shape == x.shape[at:])
            text += f" {keyword} {value.name}"
            types.append(value.type)
        text += " offset 1.0" if offset else ""
        text += f" axis {axis}" if axis is not None else ""
        text += f" eps 1.0e-05 : {', '.join(types)}"
        return f.emit(text, *((v.shape, v.element) for v in rows))

    return write


for kind, allowed in (("layer_norm", ("scale", "bias")), ("rms_norm", ("scale",))):
    for add in ("", "add_"):
        for count in range(len(allowed) + 1):
            for x, axis in ((MATRIX, None), (MATRIX, 0), (CUBE, None), (CUBE, 1)):
                if axis is None and x is CUBE and count < len(allowed):
                    continue
                at = len(x) - 1 if axis is None else axis
                row = x[at:]
                others = [x] * bool(add) + [row] * count
                suffix = f".{count}" + (f".rank{len(x)}" if x is CUBE else "") + (f".axis{axis}" if axis is not None else "")
                op(f"norm.{add}{kind}{suffix}", x, others=others)(write_norm(add + kind, allowed[:count], axis))
op("norm.rms_norm.offset", others=[(COLUMNS,)])(write_norm("rms_norm", ("scale",), offset=True))
op("norm.add_rms_norm.bf16", element="bf16", others=[(MATRIX, "bf16"), ((COLUMNS,), "f32")])(write_norm("add_rms_norm", ("scale",)))
op("norm.layer_norm.f16", element="f16", others=[((COLUMNS,), "f16")])(write_norm("layer_norm", ("scale",)))


def add_quantize(mode, element, source="f32", x=MATRIX, group=None):
    suffix = f".{group}" if group else ""
    suffix += ".rank3" if x is CUBE else ""

    @op(f"norm.quantize.{mode}{suffix}.{source}.{element}", x, source, [((), "f32")] if mode == "static" else [])
    def write(f, x, *scale):
        shape = x.shape
        result = tensor(shape, element)
        if mode == "static":
            need(scale[0].shape == ())
            return f.emit(f"norm.quantize {x.name} static {scale[0].name} : {x.type}, tensor<f32> -> {result}", (shape, element))
        scales = {"per_row": shape[:-1] + (1,), "per_tensor": ()}.get(mode)
        if mode == "per_group":
            need(shape[-1] % group == 0)
            scales = shape[:-1] + (shape[-1] // group,)
        how = f"per_group {group}" if group else mode
        return f.emit(f"norm.quantize {x.name} {how} : {x.type} -> {result}, {tensor(scales, 'f32')}", (shape, element), (scales, "f32"))


for mode in ("static", "per_row", "per_tensor"):
    add_quantize(mode, "i8")
    add_quantize(mode, "f8E4M3FN", "bf16")
add_quantize("static", "f8E5M2", x=CUBE)
add_quantize("per_row", "f8E5M2", x=CUBE)
for group in (2, 4, 8, 24):
    add_quantize("per_group", "i8", group=group)
add_quantize("per_group", "f8E4M3FN", "bf16", group=4)
add_quantize("per_group", "i8", x=CUBE, group=2)

for kind, scales in (("tensor", ()), ("row", (ROWS, 1)), ("group4", (ROWS, 6)), ("group8", (ROWS, 3))):
    @op(f"norm.dequantize.{kind}", element="i8", others=[scales])
    def write(f, x, s, whole=scales):
        need(len(s.shape) == len(whole))
        if s.shape:
            need(s.shape[0] == x.shape[0] and x.shape[1] % s.shape[1] == 0)
        return f.emit(f"norm.dequantize {x.name}, {s.name} : {x.type}, {s.type} -> {tensor(x.shape, 'f32')}", (x.shape, "f32"))


# Structured ops.


def maps(rank, *results):
    loops = ", ".join(f"d{i}" for i in range(rank))
    return "[" + ", ".join(f"affine_map<({loops}) -> ({', '.join(f'd{i}' for i in r)})>" for r in results) + "]"


def empty(f, shape, element="f32"):
    return f.emit(f"tensor.empty() : {tensor(shape, element)}", (shape, element))


def filled(f, shape, number="0.0"):
    c = f.emit(f"arith.constant {number} : f32", ((), "f32"))
    e = empty(f, shape)
    return f.emit(f"linalg.fill ins({c.name} : f32) outs({e.name} : {e.type}) -> {e.type}", (shape, "f32"))


def generic(f, loops, ins, outs, results, body, iterators):
    """`ins`, `outs`: values; `results`: the loops of each operand."""
    extents = {}
    for v, r in zip(ins + outs, results):
        need(len(v.shape) == len(r))
        for size, loop in zip(v.shape, r):
            need(extents.setdefault(loop, size) == size)
    block = ", ".join(f"%b{i}: {v.element}" for i, v in enumerate(ins + outs))
    listed = lambda vs: ", ".join(v.name for v in vs) + " : " + ", ".join(v.type for v in vs)
    text = f"linalg.generic {{indexing_maps = {maps(loops, *results)}, iterator_types = [{', '.join(chr(34) + i + chr(34) for i in iterators)}]}}"
    text += f" ins({listed(ins)})" if ins else ""
    types = ", ".join(v.type for v in outs)
    text += f" outs({listed(outs)}) {{\n  ^bb0({block}):\n{body}\n  }} -> {types if len(outs) == 1 else '(' + types + ')'}"
    return f.emit(text, *((v.shape, v.element) for v in outs))


PARALLEL, REDUCTION = "parallel", "reduction"


@op("linalg.generic.elementwise", others=[MATRIX])
def write(f, x, w):
    body = "    %r = arith.mulf %b0, %b1 : f32\n    linalg.yield %r : f32"
    return generic(f, 2, [x, w], [empty(f, x.shape)], [(0, 1)] * 3, body, [PARALLEL] * 2)


@op("linalg.generic.broadcast_columns", others=[(COLUMNS,)])
def write(f, x, w):
    body = "    %r = arith.addf %b0, %b1 : f32\n    linalg.yield %r : f32"
    return generic(f, 2, [x, w], [empty(f, x.shape)], [(0, 1), (1,), (0, 1)], body, [PARALLEL] * 2)


@op("linalg.generic.broadcast_rows", others=[(ROWS,)])
def write(f, x, w):
    body = "    %r = arith.addf %b0, %b1 : f32\n    linalg.yield %r : f32"
    return generic(f, 2, [x, w], [empty(f, x.shape)], [(0, 1), (0,), (0, 1)], body, [PARALLEL] * 2)


@op("linalg.generic.transposed_operand", others=[(COLUMNS, ROWS)])
def write(f, x, w):
    body = "    %r = arith.subf %b0, %b1 : f32\n    linalg.yield %r : f32"
    return generic(f, 2, [x, w], [empty(f, x.shape)], [(0, 1), (1, 0), (0, 1)], body, [PARALLEL] * 2)


@op("linalg.generic.outs_read", others=[MATRIX])
def write(f, x, w):
    body = "    %r = arith.subf %b0, %b1 : f32\n    linalg.yield %r : f32"
    return generic(f, 2, [x], [w], [(0, 1), (0, 1)], body, [PARALLEL] * 2)


@op("linalg.generic.in_outs", others=[MATRIX])
def write(f, x, w):
    body = "    %r = arith.subf %b0, %b1 : f32\n    linalg.yield %r : f32"
    return generic(f, 2, [w], [x], [(0, 1), (0, 1)], body, [PARALLEL] * 2)


for loop in (0, 1):
    @op(f"linalg.generic.index{loop}")
    def write(f, x, loop=loop):
        body = (f"    %i = linalg.index {loop} : index\n    %j = arith.index_cast %i : index to i32\n"
                "    %k = arith.sitofp %j : i32 to f32\n    %r = arith.addf %b0, %k : f32\n    linalg.yield %r : f32")
        return generic(f, 2, [x], [empty(f, x.shape)], [(0, 1)] * 2, body, [PARALLEL] * 2)


@op("linalg.generic.capture", others=[(1,)])
def write(f, x, w):
    need(w.shape == (1,))
    at = f.emit("arith.constant 0 : index", ((), "index"))
    number = f.emit(f"tensor.extract {w.name}[{at.name}] : {w.type}", ((), "f32"))
    body = f"    %r = arith.mulf %b0, {number.name} : f32\n    linalg.yield %r : f32"
    return generic(f, 2, [x], [empty(f, x.shape)], [(0, 1)] * 2, body, [PARALLEL] * 2)


@op("linalg.generic.diagonal", x=(12, 12))
def write(f, x):
    need(x.shape[0] == x.shape[1])
    body = "    linalg.yield %b0 : f32"
    return generic(f, 1, [x], [empty(f, x.shape[:1])], [(0, 0), (0,)], body, [PARALLEL])


@op("linalg.generic.two_results")
def write(f, x):
    body = ("    %m = arith.maximumf %b0, %b1 : f32\n    %s = arith.addf %b0, %b2 : f32\n"
            "    linalg.yield %m, %s : f32, f32")
    outs = [filled(f, x.shape[:1]), filled(f, x.shape[:1])]
    return generic(f, 2, [x], outs, [(0, 1), (0,), (0,)], body, [PARALLEL, REDUCTION])


for axis in (0, 1):
    @op(f"linalg.generic.sum_of_squares{axis}")
    def write(f, x, axis=axis):
        body = ("    %p = arith.mulf %b0, %b0 : f32\n    %s = arith.addf %b1, %p : f32\n    linalg.yield %s : f32")
        kept = 1 - axis
        iterators = [REDUCTION if i == axis else PARALLEL for i in range(2)]
        return generic(f, 2, [x], [filled(f, (x.shape[kept],))], [(0, 1), (kept,)], body, iterators)

    for combiner in ("addf", "maximumf"):
        @op(f"linalg.reduce.{combiner}{axis}", others=[(MATRIX[1 - axis],)])
        def write(f, x, w, axis=axis, combiner=combiner):
            need(w.shape == (x.shape[1 - axis],))
            r = f.emit(f"linalg.reduce ins({x.name} : {x.type}) outs({w.name} : {w.type}) dimensions = [{axis}]\n"
                          f"    (%a: f32, %b: f32) {{ %c = arith.{combiner} %a, %b : f32 linalg.yield %c : f32 }}", (w.shape, "f32"))
            # A maximum may not show its initial value.
            return same_type_op("arith.mulf", [r, w], f)


@op("linalg.generic.reassociated", others=[])
def write(f, x):
    body = "    %s = arith.addf %b1, %b0 fastmath<reassoc> : f32\n    linalg.yield %s : f32"
    return generic(f, 2, [x], [filled(f, (x.shape[0],))], [(0, 1), (0,)], body, [PARALLEL, REDUCTION])


@op("linalg.reduce.middle", x=CUBE)
def write(f, x):
    out = filled(f, (x.shape[0], x.shape[2]))
    return f.emit(f"linalg.reduce ins({x.name} : {x.type}) outs({out.name} : {out.type}) dimensions = [1]\n"
                  f"    (%a: f32, %b: f32) {{ %c = arith.addf %a, %b : f32 linalg.yield %c : f32 }}", (out.shape, "f32"))


def destination(text, shape, f, element="f32"):
    e = empty(f, shape, element)
    return f.emit(text.format(out=e.name, type=e.type), (shape, element))


for place in (0, 1, 2):
    @op(f"linalg.broadcast.{place}")
    def write(f, x, place=place):
        shape = x.shape[:place] + (3,) + x.shape[place:]
        e = empty(f, shape)
        return f.emit(f"linalg.broadcast ins({x.name} : {x.type}) outs({e.name} : {e.type}) dimensions = [{place}]", (shape, "f32"))


@op("linalg.transpose")
def write(f, x):
    e = empty(f, x.shape[::-1])
    return f.emit(f"linalg.transpose ins({x.name} : {x.type}) outs({e.name} : {e.type}) permutation = [1, 0]", (e.shape, "f32"))


def named(name, ins, out, f):
    listed = ", ".join(v.name for v in ins) + " : " + ", ".join(v.type for v in ins)
    return f.emit(f"linalg.{name} ins({listed}) outs({out.name} : {out.type}) -> {out.type}", (out.shape, out.element))


@op("linalg.exp")
def write(f, x):
    return named("exp", [x], empty(f, x.shape), f)


@op("linalg.copy")
def write(f, x):
    return named("copy", [x], empty(f, x.shape), f)


@op("linalg.sub", others=[MATRIX])
def write(f, x, w):
    need(x.shape == w.shape)
    return named("sub", [x, w], empty(f, x.shape), f)


@op("linalg.matmul.left", others=[(COLUMNS, 12)])
def write(f, x, w):
    need(x.shape[1] == w.shape[0])
    return named("matmul", [x, w], filled(f, (x.shape[0], w.shape[1])), f)


@op("linalg.matmul.right", others=[(12, ROWS)])
def write(f, x, w):
    need(w.shape[1] == x.shape[0])
    return named("matmul", [w, x], filled(f, (w.shape[0], x.shape[1])), f)


@op("linalg.matmul.init", others=[(COLUMNS, 12), (ROWS, 12)])
def write(f, x, w, c):
    need(x.shape[1] == w.shape[0] and c.shape == (x.shape[0], w.shape[1]))
    return named("matmul", [x, w], c, f)


@op("linalg.matvec", others=[(COLUMNS,)])
def write(f, x, w):
    need(w.shape == x.shape[1:])
    return named("matvec", [x, w], filled(f, x.shape[:1]), f)


@op("linalg.batch_matmul", x=CUBE, others=[(12, 4, 12)])
def write(f, x, w):
    need(x.shape[0] == w.shape[0] and x.shape[2] == w.shape[1])
    return named("batch_matmul", [x, w], filled(f, (x.shape[0], x.shape[1], w.shape[2])), f)


@op("linalg.conv_1d_nwc_wcf", x=CUBE, others=[(3, 4, 2)])
def write(f, x, w):
    need(x.shape[1] >= 3 and w.shape[0] == 3 and x.shape[2] == w.shape[1])
    out = filled(f, (x.shape[0], x.shape[1] - 2, w.shape[2]))
    listed = f"{x.name}, {w.name} : {x.type}, {w.type}"
    return f.emit("linalg.conv_1d_nwc_wcf {dilations = dense<1> : tensor<1xi64>, strides = dense<1> : tensor<1xi64>} "
                  f"ins({listed}) outs({out.name} : {out.type}) -> {out.type}", (out.shape, "f32"))


@op("linalg.fill.of_x")
def write(f, x):
    c = f.emit("arith.constant 1.5 : f32", ((), "f32"))
    return f.emit(f"linalg.fill ins({c.name} : f32) outs({x.name} : {x.type}) -> {x.type}", (x.shape, "f32"))


@op("linalg.fill.whole_plus_x")
def write(f, x):
    return same_type_op("arith.addf", [x, filled(f, x.shape, "0.7")], f)


for dim in (0, 1):
    @op(f"linalg.softmax{dim}", executes=False)
    def write(f, x, dim=dim, spelled_out=False):
        if not spelled_out:
            e = empty(f, x.shape)
            return f.emit(f"linalg.softmax dimension({dim}) ins({x.name} : {x.type}) outs({e.name} : {e.type}) -> {e.type}", (x.shape, "f32"))
        kept = (x.shape[1 - dim],)
        iterators = [REDUCTION if i == dim else PARALLEL for i in range(2)]
        row = (1 - dim,)
        top = generic(f, 2, [x], [filled(f, kept, "-1.0e+30")], [(0, 1), row],
                      "    %r = arith.maximumf %b0, %b1 : f32\n    linalg.yield %r : f32", iterators)
        power = generic(f, 2, [x, top], [empty(f, x.shape)], [(0, 1), row, (0, 1)],
                        "    %d = arith.subf %b0, %b1 : f32\n    %r = math.exp %d : f32\n    linalg.yield %r : f32", [PARALLEL] * 2)
        total = generic(f, 2, [power], [filled(f, kept)], [(0, 1), row],
                        "    %r = arith.addf %b0, %b1 : f32\n    linalg.yield %r : f32", iterators)
        return generic(f, 2, [power, total], [empty(f, x.shape)], [(0, 1), row, (0, 1)],
                       "    %r = arith.divf %b0, %b1 : f32\n    linalg.yield %r : f32", [PARALLEL] * 2)


# Tensor ops.


@op("tensor.bitcast", executes=False)
def write(f, x, spelled_out=False):
    dialect = "arith" if spelled_out else "tensor"
    return f.emit(f"{dialect}.bitcast {x.name} : {x.type} to {tensor(x.shape, 'i32')}", (x.shape, "i32"))


for dim in (0, 1):
    @op(f"tensor.cast.{dim}")
    def write(f, x, dim=dim):
        shape = ["?" if i == dim else n for i, n in enumerate(x.shape)]
        open_type = tensor(shape, "f32")
        opened = f.emit(f"tensor.cast {x.name} : {x.type} to {open_type}", (shape, "f32"))
        exponent = f.emit(f"math.exp {opened.name} : {open_type}", (shape, "f32"))
        return f.emit(f"tensor.cast {exponent.name} : {open_type} to {x.type}", (x.shape, "f32"))


def add_collapse(x, groups):
    @op(f"tensor.collapse_shape.{'x'.join(map(str, x))}.{groups}".replace(" ", ""), x)
    def write(f, x):
        shape = []
        for group in groups:
            size = 1
            for i in group:
                size *= x.shape[i]
            shape.append(size)
        return f.emit(f"tensor.collapse_shape {x.name} {groups} : {x.type} into {tensor(shape, 'f32')}", (tuple(shape), "f32"))


add_collapse(MATRIX, [[0, 1]])
add_collapse(CUBE, [[0, 1], [2]])
add_collapse(CUBE, [[0], [1, 2]])
add_collapse((12, 1, 12), [[0, 1], [2]])
add_collapse((1, 12, 4), [[0, 1], [2]])


def add_expand(split, outer):
    """Splits dimension `split` into outermost x `outer`... (inner sizes)."""

    @op(f"tensor.expand_shape.{split}.{'x'.join(map(str, outer))}")
    def write(f, x):
        inner = 1
        for n in outer:
            inner *= n
        need(x.shape[split] % inner == 0)
        shape = x.shape[:split] + (x.shape[split] // inner,) + tuple(outer) + x.shape[split + 1 :]
        extra = len(outer)
        groups = [[i] for i in range(split)] + [list(range(split, split + extra + 1))]
        groups += [[i + extra] for i in range(split + 1, len(x.shape))]
        listed = ", ".join(map(str, shape))
        return f.emit(f"tensor.expand_shape {x.name} {groups} output_shape [{listed}] : {x.type} into {tensor(shape, 'f32')}", (shape, "f32"))


add_expand(0, (2,))
add_expand(0, (4,))
add_expand(0, (1,))
add_expand(1, (2,))
add_expand(1, (4, 2))
add_expand(1, (24,))


def add_extract(name, offsets, sizes, strides, drop=()):
    """A size of None takes the dimension whole."""

    @op(f"tensor.extract_slice.{name}")
    def write(f, x):
        taken = [n if s is None else s for s, n in zip(sizes, x.shape)]
        for o, s, t, n in zip(offsets, taken, strides, x.shape):
            need(o + (s - 1) * t < n)
        shape = tuple(s for i, s in enumerate(taken) if i not in drop)
        return f.emit(f"tensor.extract_slice {x.name}{offsets} {taken} {strides} : {x.type} to {tensor(shape, 'f32')}", (shape, "f32"))


add_extract("all", [0, 0], [None, None], [1, 1])
add_extract("columns", [0, 3], [None, 3], [1, 1])
add_extract("even_columns", [0, 0], [None, 3], [1, 2])
add_extract("column", [0, 1], [None, 1], [1, 1], drop=(1,))
add_extract("rows", [1, 0], [2, None], [1, 1])
add_extract("row", [1, 0], [1, None], [1, 1], drop=(0,))


@op("tensor.insert_slice.into", others=[(ROWS, 3)])
def write(f, x, w):
    need(w.shape[0] == x.shape[0] and w.shape[1] + 1 <= x.shape[1])
    return f.emit(f"tensor.insert_slice {w.name} into {x.name}[0, 1] [{w.shape[0]}, {w.shape[1]}] [1, 1] : {w.type} into {x.type}", (x.shape, "f32"))


@op("tensor.insert_slice.of", others=[(ROWS, 30)])
def write(f, x, w):
    need(w.shape[0] == x.shape[0] and x.shape[1] + 2 <= w.shape[1])
    return f.emit(f"tensor.insert_slice {x.name} into {w.name}[0, 2] [{x.shape[0]}, {x.shape[1]}] [1, 1] : {x.type} into {w.type}", (w.shape, "f32"))


for dim in (0, 1):
    @op(f"tensor.pad.{dim}")
    def write(f, x, dim=dim):
        c = f.emit("arith.constant 2.5 : f32", ((), "f32"))
        low, high = ["0", "0"], ["0", "0"]
        low[dim], high[dim] = "1", "2"
        shape = resized(x.shape, dim, x.shape[dim] + 3)
        return f.emit(f"tensor.pad {x.name} low[{', '.join(low)}] high[{', '.join(high)}] {{\n  ^bb0(%i: index, %j: index):\n"
                      f"    tensor.yield {c.name} : f32\n  }} : {x.type} to {tensor(shape, 'f32')}", (shape, "f32"))

    @op(f"tensor.concat.{dim}", others=[MATRIX])
    def write(f, x, w, dim=dim):
        need(all(a == b for i, (a, b) in enumerate(zip(x.shape, w.shape)) if i != dim))
        shape = resized(x.shape, dim, x.shape[dim] + w.shape[dim])
        return f.emit(f"tensor.concat dim({dim}) {x.name}, {w.name} : ({x.type}, {w.type}) -> {tensor(shape, 'f32')}", (shape, "f32"))


for dim in (0, 1):
    for drop in (False, True):
        @op(f"tensor.gather.of.{dim}" + ".dropped" * drop)
        def write(f, x, dim=dim, drop=drop):
            need(x.shape[dim] > 3)
            at = f.emit("arith.constant dense<[[3], [0]]> : tensor<2x1xindex>", ((2, 1), "index"))
            rest = [1 if i == dim else size for i, size in enumerate(x.shape) if not (drop and i == dim)]
            shape = (2, *rest)
            return f.emit(f"tensor.gather {x.name}[{at.name}] gather_dims([{dim}]) : ({x.type}, {at.type}) -> {tensor(shape, 'f32')}", (shape, "f32"))


@op("tensor.gather.by", others=[MATRIX])
def write(f, x, w):
    # Which row each element of x is taken from, by its sign.
    zero = f.emit(f"arith.constant dense<0.0> : {x.type}", (x.shape, "f32"))
    sign = f.emit(f"arith.cmpf olt, {x.name}, {zero.name} : {x.type}", (x.shape, "i1"))
    ids = f.emit(f"arith.extui {sign.name} : {sign.type} to {tensor(x.shape, 'i32')}", (x.shape, "i32"))
    need(w.shape[0] > 1)
    split = (*x.shape, 1)
    at = f.emit(f"tensor.expand_shape {ids.name} [[0], [1, 2]] output_shape {list(split)} : {ids.type} into {tensor(split, 'i32')}", (split, "i32"))
    shape = (*x.shape, w.shape[1])
    return f.emit(f"tensor.gather {w.name}[{at.name}] gather_dims([0]) : ({w.type}, {at.type}) -> {tensor(shape, 'f32')}", (shape, "f32"))


# Collectives: over an axis that x is not gathered over (b, of two), and over the
# gather's own (a).
COLLECTIVES = []


def collective(name, axis, x=MATRIX):
    def add(write):
        op(f"{name}.{axis}", x)(write)
        COLLECTIVES.append((f"{name}.{axis}", axis))

    return add


for axis in "ab":
    for kind in ("sum", "max", "min"):
        @collective(f"dist.all_reduce.{kind}", axis)
        def write(f, x, axis=axis, kind=kind):
            return f.emit(f"dist.all_reduce {x.name} {kind} over @mesh[{axis}] : {x.type}", (x.shape, "f32"))

    @collective("dist.to_partial", axis)
    def write(f, x, axis=axis):
        return f.emit(f"dist.to_partial {x.name} over @mesh[{axis}] : {x.type}", (x.shape, "f32"))

    for dim in (0, 1):
        @collective(f"dist.reduce_scatter.{dim}", axis)
        def write(f, x, axis=axis, dim=dim):
            need(x.shape[dim] % 2 == 0)
            shape = resized(x.shape, dim, x.shape[dim] // 2)
            return f.emit(f"dist.reduce_scatter {x.name} sum dim {dim} over @mesh[{axis}] : {x.type} -> {tensor(shape, 'f32')}", (shape, "f32"))

        @collective(f"dist.all_gather.{dim}", axis)
        def write(f, x, axis=axis, dim=dim):
            shape = resized(x.shape, dim, x.shape[dim] * 2)
            return f.emit(f"dist.all_gather {x.name} dim {dim} over @mesh[{axis}] : {x.type} -> {tensor(shape, 'f32')}", (shape, "f32"))

        @collective(f"dist.all_slice.{dim}", axis)
        def write(f, x, axis=axis, dim=dim):
            need(x.shape[dim] % 2 == 0)
            shape = resized(x.shape, dim, x.shape[dim] // 2)
            return f.emit(f"dist.all_slice {x.name} dim {dim} over @mesh[{axis}] : {x.type} -> {tensor(shape, 'f32')}", (shape, "f32"))

    @collective("dist.all_to_all", axis, CUBE)
    def write(f, x, axis=axis):
        need(x.shape[1] % 2 == 0)
        shape = (x.shape[0], x.shape[1] // 2, x.shape[2] * 2)
        return f.emit(f"dist.all_to_all {x.name} split 1 concat 2 over @mesh[{axis}] : {x.type} -> {tensor(shape, 'f32')}", (shape, "f32"))


COLLECTIVES = dict(COLLECTIVES)
