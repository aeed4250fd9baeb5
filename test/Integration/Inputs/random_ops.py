"""Random distributed programs: write(N) is program N, the same everywhere.

A program is grown op by op from a pool of values, with no regard for what may move:
collectives over any axes and dimensions, norms, quantisation, elementwise and
structured ops, reshapes, branches (some of which ranks take differently), loops, some
of blocks, and calls; arguments with and without shardings; axes of known and of open
size. Every third one has ragged rows, none of them on some ranks.
"""

import itertools
import math
import random

MESHES = [
    {"a": 2}, {"a": 3}, {"a": 2, "b": 2}, {"a": 2, "b": 3},
    {"a": 1, "b": 3}, {"a": 4, "b": 1}, {"a": 2, "b": 1, "c": 2},
]

SHAPES = [(6, 8), (6, 8), (12, 12), (2, 6, 4), (4, 12), (5, 7), (1, 6), (2, 1, 3, 4)]
LARGEST = 6000  # elements of a value
FLOATS = ("f32", "bf16", "f16")
ELEMENTS = ["f32", "f32", "f32", "bf16", "bf16", "f16"]
# Infinities, NaN, zeros and numbers that are nearly zero.
SPECIAL = {
    "f32": ["0x7F800000", "0xFF800000", "0x7FC00000", "-0.0", "1.0e-40", "3.0e38"],
    "bf16": ["0x7F80", "0xFF80", "0x7FC0", "-0.0", "1.0e-40", "3.0e38"],
    "f16": ["0x7C00", "0xFC00", "0x7E00", "-0.0", "6.0e-8", "6.0e4"],
}


class Skip(Exception):
    """There are no values for an op."""


class Ragged:
    """A number of rows that may differ from rank to rank: `origin`'s, gathered over
    each of `gathers`, one after the other."""

    def __init__(self, origin, gathers=()):
        self.origin, self.gathers = origin, gathers

    def __str__(self):
        return "?"

    def __repr__(self):
        return f"{self.origin}{self.gathers}"

    def __eq__(self, other):
        return repr(self) == repr(other)

    def __hash__(self):
        return hash(repr(self))

    def gathered(self, axes):
        return Ragged(self.origin, self.gathers + (tuple(axes),))

    def own(self):
        return Ragged(self.origin, self.gathers[:-1])


class Value:
    def __init__(self, name, shape, element):
        self.name, self.shape, self.element = name, tuple(shape), element

    @property
    def type(self):
        return "tensor<" + "".join(f"{n}x" for n in self.shape) + self.element + ">"

    @property
    def kind(self):
        """Values of one kind are of one type and equally long."""
        return self.shape, self.element

    def of(self, name):
        """A value of the same kind."""
        return Value(name, self.shape, self.element)


def listed(items):
    return ", ".join(map(str, items))


def names_of(values):
    return listed(v.name for v in values)


def types_of(values):
    return listed(v.type for v in values)


def replaced(shape, dim, sizes):
    return shape[:dim] + tuple(sizes) + shape[dim + 1 :]


def is_float(value):
    return value.element in FLOATS and len(value.shape) > 0


def is_ragged(value):
    return len(value.shape) > 0 and isinstance(value.shape[0], Ragged)


def is_matrix(value):
    return len(value.shape) == 2


def is_float_matrix(value):
    return is_float(value) and is_matrix(value)


class Function:
    def __init__(self, name, parameters, results, lines):
        self.name, self.parameters, self.results, self.lines = name, parameters, results, lines

    def text(self):
        parameters = listed(f"{p.name}: {p.type}" for p in self.parameters)
        head = f"func.func private @{self.name}({parameters}) -> ({types_of(self.results)}) {{"
        tail = f"  return {names_of(self.results)} : {types_of(self.results)}"
        return "\n".join([head, *self.lines, tail, "}"])


class Program:
    """What its blocks have in common: the mesh, the arguments, the functions."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.mesh = self.random.choice(MESHES)
        self.is_ragged = seed % 3 == 2
        self.open = [axis for axis in self.mesh if self.random.random() < 0.15]
        self.arguments, self.functions, self.extents = [], [], {}
        self.options = [option for a in self.open for option in ("--axis", f"{a}={self.mesh[a]}")]
        self.counter = itertools.count()

    def name(self):
        return f"%{next(self.counter)}"

    def mesh_text(self):
        sizes = listed(f"{a} = {'?' if a in self.open else n}" for a, n in self.mesh.items())
        return f"dist.mesh @m({sizes})"

    def group_size(self, axes):
        return math.prod(self.mesh[axis] for axis in axes)

    def pick_axes(self):
        axes = list(self.mesh)
        self.random.shuffle(axes)
        return axes[: self.random.randint(1, len(axes))] if self.random.random() < 0.4 else axes[:1]

    def pick_sharding(self, rank):
        dims, unreduced = [[] for _ in range(rank)], []
        for axis in self.random.sample(list(self.mesh), len(self.mesh)):
            kind = self.random.random()
            if kind < 0.4 and rank:
                self.random.choice(dims).append(axis)
            elif kind < 0.5:
                unreduced.append(axis)
        return dims, unreduced

    def pick_rows(self, number):
        """How many argument `number` has: another one's, or its own."""
        origin = self.random.choice([number, *self.extents])
        if origin == number:
            ranks = self.group_size(self.mesh)
            self.extents[number] = ",".join(self.random.choice("0125") for _ in range(ranks))
        self.options += ["--extent", f"{number}.0={self.extents[origin]}"]
        return Ragged(origin)

    def argument(self, shape, element, is_annotated):
        value = Value(f"%arg{len(self.arguments)}", shape, element)
        sharding = ""
        if is_annotated:
            dims, unreduced = [[]] * len(shape), []
            if self.random.random() < 0.5:
                dims, unreduced = self.pick_sharding(len(shape))
            tail = f", unreduced {{{listed(unreduced)}}}" if unreduced else ""
            dims = listed(f"{{{listed(axes)}}}" for axes in dims)
            sharding = f" {{dist.sharding = #dist.sharding<@m, [{dims}]{tail}>}}"
        self.arguments.append(f"{value.name}: {value.type}{sharding}")
        return value


class Block:
    """A list of ops, and the values that they may use."""

    def __init__(self, program, pool, depth=0, has_collectives=True, is_isolated=False):
        self.program, self.random = program, program.random
        self.pool, self.depth, self.has_collectives = list(pool), depth, has_collectives
        self.is_isolated = is_isolated  # in a function that does not see the arguments
        self.lines, self.extents = [], {}

    def line(self, text):
        self.lines.append("  " * (self.depth + 1) + text)

    def define(self, text):
        """An op of a result that is no tensor."""
        name = self.program.name()
        self.line(f"{name} = {text}")
        return name

    def emit(self, text, *results):
        """An op of results of these shapes and elements."""
        values = [Value(self.program.name(), *result) for result in results]
        self.line(f"{names_of(values)} = {text}")
        self.pool += values
        return values[0] if len(values) == 1 else values

    def emit_from(self, text, x, shape, element=None, arrow="->"):
        """Likewise of one operand x, whose element the result has, unless given."""
        result = Value("", shape, element or x.element)
        return self.emit(f"{text} : {x.type} {arrow} {result.type}", (shape, result.element))

    def emit_alike(self, text, x):
        return self.emit(f"{text} : {x.type}", (x.shape, x.element))

    def add_results(self, name, values):
        """What an op of several results, called `name`, makes: of these types."""
        self.pool += [v.of(f"{name}#{i}") for i, v in enumerate(values)]

    def find(self, test):
        found = [v for v in self.pool if test(v)]
        # The latest are the likeliest, so that chains grow.
        return found[max(self.random.randrange(len(found)) for _ in range(2))] if found else None

    def pick(self, test=lambda v: v.shape):
        value = self.find(test)
        if value is None:
            raise Skip
        return value

    def pick_kind(self, kind):
        return self.pick(lambda v: v.kind == kind)

    def constant(self, shape, element, text):
        value = Value("", shape, element)
        return self.emit(f"arith.constant dense<{text}> : {value.type}", (shape, element))

    def pick_vector(self, size, element):
        found = self.find(lambda v: v.shape == (size,) and v.element == element)
        if found and self.random.random() < 0.5:
            return found
        if self.depth or self.random.random() < 0.3:
            numbers = [f"{self.random.randint(-8, 8) / 4:.2f}" for _ in range(size)]
            if self.random.random() < 0.1:
                numbers[-1] = self.random.choice(SPECIAL[element])
            return self.constant((size,), element, f"[{listed(numbers)}]")
        self.pool.append(self.program.argument((size,), element, is_annotated=True))
        return self.pool[-1]

    # ------------------------------------------------------------- collectives

    def all_gather(self):
        x = self.pick()
        axes = self.program.pick_axes()
        dim = self.random.randrange(len(x.shape)) if self.random.random() < 0.4 else 0
        shape = replaced(x.shape, dim, [x.shape[dim] * self.program.group_size(axes)])
        if math.prod(shape) > LARGEST:
            raise Skip
        return self.emit_gather(x, dim, axes, shape)

    def emit_gather(self, x, dim, axes, shape, extents=""):
        others = [axis for axis in self.program.mesh if axis not in axes]
        text = f"dist.all_gather {x.name} dim {dim}{extents} over @m[{listed(axes)}]"
        if others and is_float(x) and not is_ragged(x) and self.random.random() < 0.25:
            text += f" summing [{self.random.choice(others)}]"
        types = f"{x.type}, {self.extents_type(axes)}" if extents else x.type
        return self.emit(f"{text} : {types} -> {Value('', shape, x.element).type}", (shape, x.element))

    def extents_type(self, axes):
        return f"tensor<{self.program.group_size(axes)}xindex>"

    def gather_rows(self):
        """A gather of ragged rows, whose extents are exchanged by the program or not."""
        x, axes = self.pick(is_ragged), self.program.pick_axes()
        whole = x.shape[0].gathered(axes)
        if len(whole.gathers) > 2:
            raise Skip  # too many rows
        extents = ""
        if self.random.random() < 0.6:
            zero = self.define("arith.constant 0 : index")
            rows = self.define(f"tensor.dim {x.name}, {zero} : {x.type}")
            text = f"dist.exchange_extents {rows} over @m[{listed(axes)}] : {self.extents_type(axes)}"
            self.extents[whole] = self.define(text)
            extents = f" extents {self.extents[whole]}"
        return self.emit_gather(x, 0, axes, replaced(x.shape, 0, [whole]), extents)

    def slice_rows(self):
        """Takes its own rows back."""
        x = self.pick(lambda v: v.shape and v.shape[0] in self.extents)
        rows, extents = x.shape[0], self.extents[x.shape[0]]
        axes = rows.gathers[-1]
        own = Value("", replaced(x.shape, 0, [rows.own()]), x.element)
        text = f"dist.all_slice {x.name} dim 0 extents {extents} over @m[{listed(axes)}]"
        self.emit(f"{text} : {x.type}, {self.extents_type(axes)} -> {own.type}", own.kind)

    def boundary(self):
        """A gather and a norm of it, with a few ops in between."""
        gathered = self.gather_rows() if self.program.is_ragged else self.all_gather()
        between = [
            self.unary, self.elementwise, self.broadcast_add, self.cast, self.quantize, self.select,
            self.add_captured, self.add_index, self.concat, self.pad,
        ]
        rest, self.pool = self.pool, [gathered]
        try:
            for _ in range(self.random.randint(0, 2)):
                self.random.choice(between)()
            self.norm()
        finally:
            self.pool = rest + self.pool

    def pick_split(self, x, axes):
        """A dimension that splits evenly, and the shape of a part."""
        size = self.program.group_size(axes)
        dims = [d for d, extent in enumerate(x.shape) if extent % size == 0]
        if not dims:
            raise Skip
        dim = self.random.choice(dims)
        return dim, replaced(x.shape, dim, [x.shape[dim] // size])

    def all_slice(self):
        x, axes = self.pick(), self.program.pick_axes()
        dim, shape = self.pick_split(x, axes)
        self.emit_from(f"dist.all_slice {x.name} dim {dim} over @m[{listed(axes)}]", x, shape)

    def reduce_scatter(self):
        x, axes = self.pick(is_float), self.program.pick_axes()
        dim, shape = self.pick_split(x, axes)
        kind = self.random.choice(["sum", "sum", "max", "min"])
        self.emit_from(f"dist.reduce_scatter {x.name} {kind} dim {dim} over @m[{listed(axes)}]", x, shape)

    def all_reduce(self):
        x, axes = self.pick(is_float), self.program.pick_axes()
        kind = self.random.choice(["sum", "sum", "sum", "max", "min"])
        self.emit_alike(f"dist.all_reduce {x.name} {kind} over @m[{listed(axes)}]", x)

    def to_partial(self):
        x, axes = self.pick(is_float), self.program.pick_axes()
        self.emit_alike(f"dist.to_partial {x.name} over @m[{listed(axes)}]", x)

    def all_to_all(self):
        x, axes = self.pick(lambda v: len(v.shape) > 1), self.program.pick_axes()
        split, shape = self.pick_split(x, axes)
        concat = self.random.choice([d for d in range(len(x.shape)) if d != split])
        shape = replaced(shape, concat, [shape[concat] * self.program.group_size(axes)])
        text = f"dist.all_to_all {x.name} split {split} concat {concat} over @m[{listed(axes)}]"
        self.emit_from(text, x, shape)

    # ------------------------------------------------------------------- norms

    def norm(self):
        x = self.pick(is_float)
        name = self.random.choice(["layer_norm", "rms_norm"])
        operands, types, results = [x], [x], [(x.shape, x.element)]
        last = axis = len(x.shape) - 1
        if self.random.random() < 0.15:
            axis = self.random.randrange(len(x.shape))
        if self.random.random() < 0.25:
            operands.append(self.pick_kind(x.kind))
            results *= 2
        parameters = ""
        if axis == last and self.random.random() < 0.6:
            types.append(self.pick_vector(x.shape[-1], x.element))
            parameters = f" scale {types[-1].name}"
            if name == "layer_norm" and self.random.random() < 0.5:
                types.append(self.pick_vector(x.shape[-1], x.element))
                parameters += f" bias {types[-1].name}"
        if axis != last:
            parameters += f" axis {axis}"
        name = "add_" + name if len(operands) > 1 else name
        text = f"norm.{name} {names_of(operands)}{parameters} eps 1.0e-05 : {types_of(types)}"
        self.emit(text, *results)

    def quantize(self):
        x = self.pick(is_float)
        element = self.random.choice(["f8E4M3FN", "f8E5M2", "i8"])
        how = self.random.choice(["static", "per_row", "per_group", "per_tensor"])
        if how == "static":
            return self.quantize_static(x, element)
        scales = x.shape[:-1] + (1,)
        if how == "per_group":
            columns = x.shape[-1]
            group = self.random.choice([g for g in range(1, columns + 1) if columns % g == 0])
            scales, how = x.shape[:-1] + (columns // group,), f"per_group {group}"
        elif how == "per_tensor":
            scales = ()
        types = types_of([Value("", x.shape, element), Value("", scales, "f32")])
        text = f"norm.quantize {x.name} {how} : {x.type} -> {types}"
        pair = self.emit(text, (x.shape, element), (scales, "f32"))
        if self.random.random() < 0.7:
            text = f"norm.dequantize {names_of(pair)} : {types_of(pair)} -> {x.type}"
            self.emit(text, (x.shape, x.element))

    def quantize_static(self, x, element):
        scale = self.find(lambda v: v.shape == () and v.element == "f32")
        if scale is None:
            scale = self.constant((), "f32", "0.125")
        quantized = Value("", x.shape, element)
        text = f"norm.quantize {x.name} static {scale.name} : {types_of([x, scale])}"
        quantized = self.emit(f"{text} -> {quantized.type}", quantized.kind)
        if self.random.random() < 0.7:
            text = f"norm.dequantize {names_of([quantized, scale])} : {types_of([quantized, scale])}"
            self.emit(f"{text} -> {x.type}", x.kind)

    # ------------------------------------------------------------------- local

    def elementwise(self):
        x = self.pick(is_float)
        name = self.random.choice(["addf", "addf", "addf", "mulf", "subf", "divf", "maximumf"])
        self.emit_alike(f"arith.{name} {x.name}, {self.pick_kind(x.kind).name}", x)

    def unary(self):
        x = self.pick(is_float)
        name = self.random.choice(["arith.negf", "math.absf", "math.tanh"])
        self.emit_alike(f"{name} {x.name}", x)

    def cast(self):
        x = self.pick(is_float)
        name, element = "extf", "f32"
        if x.element == "f32":
            name, element = "truncf", self.random.choice(["bf16", "f16"])
        self.emit_from(f"arith.{name} {x.name}", x, x.shape, element, arrow="to")

    def select(self):
        """By a mask, or by one condition for all."""
        x = self.pick(is_float)
        y = self.pick_kind(x.kind)
        if self.random.random() < 0.3:
            condition, _ = self.pick_condition()
            self.emit(f"arith.select {condition}, {names_of([x, y])} : {x.type}", x.kind)
            return
        compared = names_of([x, self.pick_kind(x.kind)])
        mask = Value(self.define(f"arith.cmpf ogt, {compared} : {x.type}"), x.shape, "i1")
        self.emit(f"arith.select {names_of([mask, x, y])} : {types_of([mask, x])}", x.kind)

    def round_trip(self):
        """To integers and back."""
        x = self.pick(is_float)
        whole = Value("", x.shape, "i8")
        small = self.define(f"math.tanh {x.name} : {x.type}")
        whole = whole.of(self.define(f"arith.fptosi {small} : {x.type} to {whole.type}"))
        self.pool.append(whole)
        self.emit_from(f"arith.sitofp {whole.name}", whole, x.shape, x.element, arrow="to")

    def pad(self):
        x = self.pick(is_float)
        dim = self.random.randrange(len(x.shape))
        if isinstance(x.shape[dim], Ragged):
            raise Skip
        zeros = [0] * len(x.shape)
        low, high = zeros[:], zeros[:]
        low[dim], high[dim] = self.random.randint(0, 1), self.random.randint(0, 2)
        shape = replaced(x.shape, dim, [x.shape[dim] + low[dim] + high[dim]])
        value = self.define(f"arith.constant 0.5 : {x.element}")
        indices = listed(f"{self.program.name()}: index" for _ in x.shape)
        text = (
            f"tensor.pad {x.name} low[{listed(low)}] high[{listed(high)}] {{ ^bb0({indices}):"
            f" tensor.yield {value} : {x.element} }}"
        )
        self.emit_from(text, x, shape, arrow="to")

    def concat(self):
        x = self.pick(is_float)
        dim = self.random.randrange(len(x.shape))
        if isinstance(x.shape[dim], Ragged):
            raise Skip
        y = self.pick(lambda v: v.element == x.element and len(v.shape) == len(x.shape)
                      and replaced(v.shape, dim, [0]) == replaced(x.shape, dim, [0])
                      and not isinstance(v.shape[dim], Ragged))
        shape = replaced(x.shape, dim, [x.shape[dim] + y.shape[dim]])
        if not is_ragged(x) and math.prod(shape) > LARGEST:
            raise Skip
        result = Value("", shape, x.element)
        text = f"tensor.concat dim({dim}) {names_of([x, y])} : ({types_of([x, y])}) -> {result.type}"
        self.emit(text, result.kind)

    def add_captured(self):
        """Adds, to each element, one number that the body takes from outside."""
        x = self.pick(is_float)
        other = self.pick(lambda v: is_float(v) and v.element == x.element and 0 not in v.shape
                          and not is_ragged(v))
        place = listed([self.define("arith.constant 0 : index")] * len(other.shape))
        number = self.define(f"tensor.extract {other.name}[{place}] : {other.type}")
        self.map_each(x, f"%y = arith.addf %x, {number} : {x.element}")

    def add_index(self):
        """Adds, to each element, its place along a dimension."""
        x = self.pick(is_float)
        dim = self.random.randrange(len(x.shape))
        lines = [
            f"%i = linalg.index {dim} : index", "%w = arith.index_cast %i : index to i32",
            f"%f = arith.sitofp %w : i32 to {x.element}", f"%y = arith.addf %x, %f : {x.element}",
        ]
        self.map_each(x, " ".join(lines))

    def map_each(self, x, body):
        """Makes %y of each element %x."""
        dims = listed(f"d{i}" for i in range(len(x.shape)))
        maps = listed([f"affine_map<({dims}) -> ({dims})>"] * 2)
        kinds = listed(['"parallel"'] * len(x.shape))
        text = (
            f"linalg.generic {{indexing_maps = [{maps}], iterator_types = [{kinds}]}}"
            f" ins({x.name} : {x.type}) outs({x.name} : {x.type})"
            f" {{ ^bb0(%x: {x.element}, %o: {x.element}): {body} linalg.yield %y : {x.element} }}"
            f" -> {x.type}"
        )
        self.emit(text, x.kind)

    def transpose(self):
        x = self.pick(is_matrix)
        empty = self.emit_empty(x.shape[::-1], x.element)
        text = f"linalg.transpose ins({x.name} : {x.type}) outs({empty.name} : {empty.type})"
        self.emit(text + " permutation = [1, 0]", (empty.shape, empty.element))

    def emit_empty(self, shape, element):
        """Of no use to other ops: its elements are nothing in particular."""
        empty = Value("", shape, element)
        return empty.of(self.define(f"tensor.empty() : {empty.type}"))

    def collapse(self):
        """Merges two dimensions next to each other."""
        x = self.pick(lambda v: len(v.shape) > 2 and not is_ragged(v))
        rank = len(x.shape)
        dim = self.random.randrange(rank - 1)
        groups = [[i] for i in range(dim)] + [[dim, dim + 1]] + [[i] for i in range(dim + 2, rank)]
        shape = x.shape[:dim] + (x.shape[dim] * x.shape[dim + 1],) + x.shape[dim + 2 :]
        self.emit_from(f"tensor.collapse_shape {x.name} {groups}", x, shape, arrow="into")

    def expand(self):
        """Splits a dimension in two."""
        x = self.pick(lambda v: 1 < len(v.shape) < 5 and not is_ragged(v))
        rank = len(x.shape)
        dim = self.random.randrange(rank)
        size = x.shape[dim]
        outer = self.random.choice([p for p in range(1, size + 1) if size % p == 0])
        shape = replaced(x.shape, dim, [outer, size // outer])
        groups = [[i] for i in range(dim)] + [[dim, dim + 1]] + [[i + 1] for i in range(dim + 1, rank)]
        text = f"tensor.expand_shape {x.name} {groups} output_shape [{listed(shape)}]"
        self.emit_from(text, x, shape, arrow="into")

    def extract_slice(self):
        x = self.pick()
        dim = self.random.randrange(len(x.shape))
        size = self.random.randint(1, x.shape[dim])
        shape = replaced(x.shape, dim, [size])
        offsets = replaced((0,) * len(shape), dim, [self.random.randint(0, x.shape[dim] - size)])
        ones = listed([1] * len(shape))
        text = f"tensor.extract_slice {x.name}[{listed(offsets)}] [{listed(shape)}] [{ones}]"
        self.emit_from(text, x, shape, arrow="to")

    def insert_slice(self):
        x = self.pick()

        def fits(v):
            return (v.element == x.element and len(v.shape) == len(x.shape)
                    and all(a <= b for a, b in zip(v.shape, x.shape)))

        y = self.pick(fits)
        offsets = [self.random.randint(0, b - a) for a, b in zip(y.shape, x.shape)]
        place = f"[{listed(offsets)}] [{listed(y.shape)}] [{listed([1] * len(offsets))}]"
        text = f"tensor.insert_slice {y.name} into {x.name}{place} : {y.type} into {x.type}"
        self.emit(text, (x.shape, x.element))

    def generic(self, maps, kinds, inputs, output):
        """The sum of the inputs' elements, added to the output's where that is of
        another shape than the first input's."""
        maps = listed(f"affine_map<(d0, d1) -> ({m})>" for m in maps)
        kinds = listed(f'"{kind}"' for kind in kinds)
        element = output.element
        arguments = [f"%x{i}" for i in range(len(inputs))] + ["%o"]
        other = "%x1" if len(inputs) > 1 else "%o"
        text = (
            f"linalg.generic {{indexing_maps = [{maps}], iterator_types = [{kinds}]}}"
            f" ins({names_of(inputs)} : {types_of(inputs)}) outs({output.name} : {output.type})"
            f" {{ ^bb0({listed(f'{a}: {element}' for a in arguments)}):"
            f" %sum = arith.addf %x0, {other} : {element} linalg.yield %sum : {element} }}"
            f" -> {output.type}"
        )
        self.emit(text, (output.shape, element))

    def broadcast_add(self):
        x = self.pick(is_float_matrix)
        dim = 1 if is_ragged(x) else self.random.choice([1, 1, 0])
        v = self.pick_vector(x.shape[dim], x.element)
        self.generic(["d0, d1", f"d{dim}", "d0, d1"], ["parallel"] * 2, [x, v], x)

    def reduce(self):
        x = self.pick(is_float_matrix)
        dim = 1 if is_ragged(x) else self.random.randrange(2)
        zero = self.constant((x.shape[dim],), x.element, "0.0")
        kinds = ["parallel", "reduction"]
        self.generic(["d0, d1", f"d{dim}"], kinds if dim == 0 else kinds[::-1], [x], zero)

    def matmul(self):
        x = self.pick(lambda v: is_matrix(v) and v.element == "f32")
        y = self.pick(lambda v: is_matrix(v) and v.element == "f32" and v.shape[0] == x.shape[1])
        shape = (x.shape[0], y.shape[1])
        if math.prod(shape) > LARGEST:
            raise Skip
        zero = self.constant(shape, "f32", "0.0")
        text = f"linalg.matmul ins({names_of([x, y])} : {types_of([x, y])})"
        self.emit(f"{text} outs({zero.name} : {zero.type}) -> {zero.type}", (shape, "f32"))

    # ----------------------------------------------------------------- regions

    def pick_condition(self):
        """A scalar, and whether it is the same on all ranks."""
        if not self.is_isolated and self.random.random() < 0.7:
            number = len(self.program.arguments)
            self.program.arguments.append(
                f"%arg{number}: tensor<i1> {{dist.sharding = #dist.sharding<@m, []>}}"
            )
            return self.define(f"tensor.extract %arg{number}[] : tensor<i1>"), True
        index, zero = self.axis_index(), self.define("arith.constant 0 : index")
        return self.define(f"arith.cmpi eq, {index}, {zero} : index"), False

    def axis_index(self):
        axis = self.random.choice(list(self.program.mesh))
        return self.define(f"dist.axis_index @m[{axis}] : index")

    def grow_inner(self, has_collectives, more=()):
        block = Block(self.program, self.pool + list(more), self.depth + 1,
                      self.has_collectives and has_collectives, self.is_isolated)
        block.extents = dict(self.extents)
        block.grow(self.random.randint(1, 4))
        return block

    def finish(self, block, kinds, opened, closed):
        """A region's text: what it yields is of these kinds."""
        values = [block.pick_kind(kind) for kind in kinds]
        block.line(f"scf.yield {names_of(values)} : {types_of(values)}")
        self.line(opened)
        self.lines += block.lines
        if closed:
            self.line(closed)

    def branch(self):
        condition, is_uniform = self.pick_condition()
        blocks = [self.grow_inner(is_uniform), self.grow_inner(is_uniform)]
        made = [{v.kind for v in block.pool[len(self.pool) :]} for block in blocks]
        # What one of them made, if the other one has such a value, too.
        held = [{v.kind for v in block.pool} for block in blocks]
        kinds = sorted((made[0] | made[1]) & held[0] & held[1], key=repr)
        if not kinds:
            raise Skip
        kinds = [self.random.choice(kinds) for _ in range(self.random.randint(1, 2))]
        results = [Value("", *kind) for kind in kinds]
        name = self.program.name()
        head = f"{name}:{len(kinds)} = scf.if {condition} -> ({types_of(results)}) {{"
        self.finish(blocks[0], kinds, head, "")
        self.finish(blocks[1], kinds, "} else {", "}")
        self.add_results(name, results)

    def loop(self):
        starts = [self.pick(is_float) for _ in range(self.random.randint(1, 2))]
        carried = [start.of(self.program.name()) for start in starts]
        begin, end, step = (
            self.define(f"arith.constant {n} : index") for n in (0, self.random.randint(0, 3), 1)
        )
        block = self.grow_inner(True, carried)
        kinds = [start.kind for start in starts]
        name, index = self.program.name(), self.program.name()
        pairs = listed(f"{c.name} = {s.name}" for c, s in zip(carried, starts))
        head = (
            f"{name}:{len(starts)} = scf.for {index} = {begin} to {end} step {step}"
            f" iter_args({pairs}) -> ({types_of(starts)}) {{"
        )
        self.finish(block, kinds, head, "}")
        self.add_results(name, starts)

    def repeat(self):
        """A while loop: its condition is on a counter, its body behind it."""
        start = self.pick(is_float)
        before, after = start.of(self.program.name()), start.of(self.program.name())
        zero, one, end = (
            self.define(f"arith.constant {n} : index") for n in (0, 1, self.random.randint(0, 3))
        )
        is_uniform = self.random.random() < 0.8
        end = end if is_uniform else self.axis_index()
        name, i, j, k, c = (self.program.name() for _ in range(5))
        types = f"({start.type}, index)"
        starts = f"{before.name} = {start.name}, {i} = {zero}"
        self.line(f"{name}:2 = scf.while ({starts}) : {types} -> {types} {{")
        self.line(f"  {c} = arith.cmpi ult, {i}, {end} : index")
        self.line(f"  scf.condition({c}) {before.name}, {i} : {start.type}, index")
        self.line(f"}} do {{ ^bb0({after.name}: {start.type}, {j}: index):")
        block = self.grow_inner(is_uniform, [after])
        value = block.pick_kind(start.kind)
        self.lines += block.lines
        self.line(f"  {k} = arith.addi {j}, {one} : index")
        self.line(f"  scf.yield {value.name}, {k} : {start.type}, index")
        self.line("}")
        self.pool.append(start.of(f"{name}#0"))

    def blocks(self):
        """A loop of blocks in a region, which may be left in its middle, too."""
        start = self.pick(is_float)
        carried, left = start.of(self.program.name()), start.of(self.program.name())
        zero, one, end = (
            self.define(f"arith.constant {n} : index") for n in (0, 1, self.random.randint(0, 3))
        )
        condition, is_uniform = self.pick_condition()
        name, i, j, more = (self.program.name() for _ in range(4))
        loop, rest, behind = (f"^{way}{name[1:]}" for way in ("loop", "rest", "behind"))
        self.line(f"{name} = scf.execute_region -> {start.type} {{")
        self.line(f"  cf.br {loop}({start.name}, {zero} : {start.type}, index)")
        self.line(f"{loop}({carried.name}: {start.type}, {i}: index):")
        block = self.grow_inner(is_uniform, [carried])
        value, early = block.pick_kind(start.kind), block.pick_kind(start.kind)
        self.lines += block.lines
        self.line(f"  cf.cond_br {condition}, {rest}, {behind}({early.name} : {start.type})")
        self.line(f"{rest}:")
        self.line(f"  {j} = arith.addi {i}, {one} : index")
        self.line(f"  {more} = arith.cmpi ult, {j}, {end} : index")
        again, out = (f"({names_of(v)} : {types})" for v, types in (
            ([value, value.of(j)], f"{start.type}, index"), ([value], start.type)))
        self.line(f"  cf.cond_br {more}, {loop}{again}, {behind}{out}")
        self.line(f"{behind}({left.name}: {start.type}):")
        self.line(f"  scf.yield {left.name} : {start.type}")
        self.line("}")
        self.pool.append(start.of(name))

    def switch(self):
        """Three ways, which ranks may take differently."""
        is_uniform = self.random.random() < 0.6
        number = self.random.randint(0, 2)
        index = self.define(f"arith.constant {number} : index") if is_uniform else self.axis_index()
        kind = self.pick(is_float).kind
        result = Value(self.program.name(), *kind)
        self.line(f"{result.name} = scf.index_switch {index} -> {result.type}")
        for case in ("case 0", "case 1", "default"):
            self.finish(self.grow_inner(is_uniform), [kind], case + " {", "}")
        self.pool.append(result)

    def call(self):
        functions = self.program.functions
        if functions and self.random.random() < 0.5:
            function = self.random.choice(functions)
            passed = [self.pick_kind(parameter.kind) for parameter in function.parameters]
        else:
            passed = [self.pick() for _ in range(self.random.randint(1, 3))]
            function = self.grow_function([v.of(f"%p{i}") for i, v in enumerate(passed)])
            functions.append(function)
        name = self.program.name()
        types = f"({types_of(passed)}) -> ({types_of(function.results)})"
        count = len(function.results)
        self.line(f"{name}:{count} = func.call @{function.name}({names_of(passed)}) : {types}")
        self.add_results(name, function.results)

    def grow_function(self, parameters):
        block = Block(self.program, parameters, 1, self.has_collectives, is_isolated=True)
        block.grow(self.random.randint(1, 5))
        results = [block.pick() for _ in range(self.random.randint(1, 2))]
        return Function(f"f{len(self.program.functions)}", parameters, results, block.lines)

    # -------------------------------------------------------------------- grow

    def grow(self, count):
        """Adds up to `count` ops."""
        ops = {
            self.norm: 7, self.elementwise: 5, self.unary: 2, self.cast: 2, self.quantize: 2,
            self.broadcast_add: 2, self.reduce: 1, self.select: 1, self.round_trip: 1, self.pad: 1,
            self.concat: 1, self.add_captured: 1, self.add_index: 1,
        }
        if not self.program.is_ragged:
            ops |= {
                self.transpose: 1, self.collapse: 2, self.expand: 1, self.extract_slice: 1,
                self.insert_slice: 1, self.matmul: 1,
            }
        if self.has_collectives and self.program.is_ragged:
            ops |= {self.gather_rows: 5, self.boundary: 10, self.slice_rows: 3}
        elif self.has_collectives:
            ops |= {
                self.all_gather: 5, self.boundary: 10, self.all_slice: 3, self.reduce_scatter: 1,
                self.all_reduce: 2, self.all_to_all: 1, self.to_partial: 1,
            }
        if self.depth < 2:
            ops |= {self.branch: 1, self.loop: 1, self.repeat: 1, self.blocks: 1, self.switch: 1}
        if self.depth == 0:
            ops |= {self.call: 1}
        for op in self.random.choices(list(ops), ops.values(), k=count):
            try:
                op()
            except Skip:
                pass


def write(seed):
    """The text of program `seed`, and commuter-run's options for its arguments."""
    program = Program(seed)
    pool = []
    for number in range(program.random.randint(2, 4)):
        shape, element = program.random.choice(SHAPES), program.random.choice(ELEMENTS)
        if program.is_ragged:
            shape = (program.pick_rows(number), 8)
        is_annotated = not program.is_ragged and program.random.random() < 0.6
        pool.append(program.argument(shape, element, is_annotated))
    block = Block(program, pool)
    block.grow(program.random.randint(5, 24))
    made = block.pool[len(pool) :] or pool
    results = made[-1:] + program.random.sample(made, min(len(made), 2))
    head = f"func.func @main({listed(program.arguments)}) -> ({types_of(results)}) {{"
    tail = f"  return {names_of(results)} : {types_of(results)}"
    functions = [function.text() for function in program.functions]
    text = "\n".join([program.mesh_text(), *functions, head, *block.lines, tail, "}", ""])
    return text, program.options
