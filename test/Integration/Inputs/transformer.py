"""Writes a transformer of 4 layers: attention parallel over the data in a group of
4 ranks, the MLP's weights sharded over the same ranks. Attention is a stand-in, a
product, an activation and a projection, row by row. With --attn-tp 2 two ranks share
the rows of a data-parallel group, and each has a part of attention's columns: what
attention makes is a partial sum over them (DP != TP).

usage: transformer.py [straight|loop|calls] [--attn-tp N] [--quantize] [--stays LAYER]
"""

import argparse

parser = argparse.ArgumentParser()
parser.add_argument("form", choices=("straight", "loop", "calls"))
parser.add_argument("--attn-tp", type=int, default=1, help="ranks that share rows in attention")
parser.add_argument("--quantize", action="store_true")
parser.add_argument("--stays", type=int, help="a layer whose scale may vary")
args = parser.parse_args()

LAYERS, RANKS, ALL, WIDTH, HIDDEN = 4, 4, 16, 64, 24
TP = args.attn_tp
DP = RANKS // TP
ROWS = ALL // DP  # that a rank has in attention
AXES = "dp" if TP == 1 else "dp, attn_tp"  # of the MLP

OWN = f"tensor<{ROWS}x{WIDTH}xbf16>"
WHOLE = f"tensor<{ALL}x{WIDTH}xbf16>"
INNER = f"tensor<{ALL}x{HIDDEN}xbf16>"
SCALE = f"tensor<{WIDTH}xf32>"
HEADS = f"tensor<{ROWS}x{WIDTH // TP}xbf16>"
OUT = f"tensor<{WIDTH}x{WIDTH // TP}xbf16>"
PROJECTION = f"tensor<{WIDTH // TP}x{WIDTH}xbf16>"
UP = f"tensor<{WIDTH}x{HIDDEN}xbf16>"
DOWN = f"tensor<{HIDDEN}x{WIDTH}xbf16>"
# Parameters of a layer: the scales of both norms, attention, the MLP.
PARAMETERS = [("sa", SCALE, "{}"), ("o", OUT, "{}, {}"), ("sm", SCALE, "{}"),
              ("up", UP, f"{{}}, {{{AXES}}}"), ("down", DOWN, f"{{{AXES}}}, {{}}")]
if TP > 1:
    PARAMETERS[1] = ("o", OUT, "{}, {attn_tp}")
    PARAMETERS.append(("p", PROJECTION, "{attn_tp}, {}"))


def wide(type):
    return type.replace("bf16", "f32")


def sharded(dims):
    return f" {{dist.sharding = #dist.sharding<@mesh, [{dims}]>}}"


def product(p, name, left, left_type, right, right_type, type):
    return f"""\
  %{p}zero_{name} = arith.constant 0.0 : f32
  %{p}empty_{name} = tensor.empty() : {wide(type)}
  %{p}init_{name} = linalg.fill ins(%{p}zero_{name} : f32) outs(%{p}empty_{name} : {wide(type)}) -> {wide(type)}
  %{p}{name} = linalg.matmul ins({left}, {right} : {left_type}, {right_type}) outs(%{p}init_{name} : {wide(type)}) -> {wide(type)}
"""


def layer(p, x, parameters, quantize, scatters):
    """The text of a layer, whose values begin with `p`, and its result."""
    sa, o, sm, up, down, *projection = parameters
    # Own rows: attention; the residual enters the sum once.
    text = f"  %{p}na = norm.rms_norm {x} scale {sa} eps 1.0e-06 : {OWN}, {SCALE}\n"
    text += product(p, "attention", f"%{p}na", OWN, o, OUT, HEADS)
    text += f"""\
  %{p}tanh = math.tanh %{p}attention : {wide(HEADS)}
  %{p}{"t" if projection else "h"} = arith.truncf %{p}tanh : {wide(HEADS)} to {HEADS}
"""
    if projection:
        text += product(p, "projected", f"%{p}t", HEADS, projection[0], PROJECTION, OWN)
        text += f"  %{p}h = arith.truncf %{p}projected : {wide(OWN)} to {OWN}\n"
    text += f"""\
  %{p}once = dist.to_partial {x} over @mesh[attn_tp] : {OWN}
  %{p}s = arith.addf %{p}h, %{p}once : {OWN}
  %{p}g = dist.all_gather %{p}s dim 0 over @mesh[dp] summing [attn_tp] : {OWN} -> {WHOLE}
  %{p}own = dist.all_slice %{p}g dim 0 over @mesh[dp] : {WHOLE} -> {OWN}
  %{p}n = norm.rms_norm %{p}g scale {sm} eps 1.0e-06 : {WHOLE}, {SCALE}
"""
    rows = f"%{p}n"
    if quantize:
        f8, scales = WHOLE.replace("bf16", "f8E4M3FN"), f"tensor<{ALL}x1xf32>"
        text += f"  %{p}q, %{p}qs = norm.quantize %{p}n per_row : {WHOLE} -> {f8}, {scales}\n"
        text += f"  %{p}d = norm.dequantize %{p}q, %{p}qs : {f8}, {scales} -> {WHOLE}\n"
        rows = f"%{p}d"
    # All rows, a part of the hidden columns: a partial sum over dp.
    text += product(p, "u", rows, WHOLE, up, UP, INNER)
    text += f"""\
  %{p}one = arith.constant dense<1.0> : {wide(INNER)}
  %{p}minus = arith.negf %{p}u : {wide(INNER)}
  %{p}exp = math.exp %{p}minus : {wide(INNER)}
  %{p}sum = arith.addf %{p}one, %{p}exp : {wide(INNER)}
  %{p}silu = arith.divf %{p}u, %{p}sum : {wide(INNER)}
  %{p}a = arith.truncf %{p}silu : {wide(INNER)} to {INNER}
"""
    text += product(p, "v", f"%{p}a", INNER, down, DOWN, WHOLE)
    text += f"  %{p}y = arith.truncf %{p}v : {wide(WHOLE)} to {WHOLE}\n"
    # Two ways back to the rank's own rows.
    if scatters:
        part = "back" if TP == 1 else "part"
        text += f"  %{p}{part} = dist.reduce_scatter %{p}y sum dim 0 over @mesh[dp] : {WHOLE} -> {OWN}\n"
        if TP > 1:
            text += f"  %{p}back = dist.all_reduce %{p}part sum over @mesh[attn_tp] : {OWN}\n"
    else:
        text += f"  %{p}all = dist.all_reduce %{p}y sum over @mesh[{AXES}] : {WHOLE}\n"
        text += f"  %{p}back = dist.all_slice %{p}all dim 0 over @mesh[dp] : {WHOLE} -> {OWN}\n"
    text += f"  %{p}next = arith.addf %{p}own, %{p}back : {OWN}\n"
    return text, f"%{p}next"


def stacked(type):
    return type.replace("tensor<", f"tensor<{LAYERS}x")


def take(p, type):
    """A layer's part of the stacked weights."""
    sizes = type[len("tensor<") :].split("x")[:-1]
    offsets = ", ".join(["%i"] + ["0"] * len(sizes))
    return (f"  %{p} = tensor.extract_slice %all_{p}[{offsets}] [1, {', '.join(sizes)}] "
            f"[{', '.join(['1'] * (len(sizes) + 1))}] : {stacked(type)} to {type}\n")


def main():
    names = [name for name, _, _ in PARAMETERS]
    arguments = [f"%x: {OWN}" + sharded("{dp}, {}"), f"%last: {SCALE}" + sharded("{}")]
    text, x = "", "%x"
    print(f"dist.mesh @mesh(dp = {DP}, attn_tp = {TP})")
    if args.form == "loop":
        arguments += [f"%all_{name}: {stacked(type)}" + sharded("{}, " + dims) for name, type, dims in PARAMETERS]
        for number in (0, 1, LAYERS):
            text += f"  %c{number} = arith.constant {number} : index\n"
        text += f"  %end = scf.for %i = %c0 to %c{LAYERS} step %c1 iter_args(%r = %x) -> {OWN} {{\n"
        text += "".join(take(name, type) for name, type, _ in PARAMETERS)
        body, result = layer("", "%r", [f"%{name}" for name in names], args.quantize, True)
        text += body + f"  scf.yield {result} : {OWN}\n  }}\n"
        x = "%end"
    elif args.form == "straight":
        for i in range(LAYERS):
            arguments += [f"%{name}{i}: {type}" + ("" if i == args.stays and name == "sm" else sharded(dims))
                          for name, type, dims in PARAMETERS]
            body, x = layer(f"l{i}_", x, [f"%{name}{i}" for name in names], args.quantize, i % 2 == 0)
            text += body
    else:
        for i in range(LAYERS):
            arguments += [f"%{name}{i}: {type}" + sharded(dims) for name, type, dims in PARAMETERS]
            values = ", ".join([x] + [f"%{name}{i}" for name in names])
            types = ", ".join([OWN] + [type for _, type, _ in PARAMETERS])
            text += f"  %x{i} = func.call @layer({values}) : ({types}) -> {OWN}\n"
            x = f"%x{i}"
        body, result = layer("", "%r", [f"%{name}" for name in names], args.quantize, True)
        parameters = ", ".join([f"%r: {OWN}"] + [f"%{name}: {type}" for name, type, _ in PARAMETERS])
        print(f"func.func private @layer({parameters}) -> {OWN} {{\n{body}  return {result} : {OWN}\n}}")
    # The head needs all rows.
    text += f"""\
  %end_g = dist.all_gather {x} dim 0 over @mesh[dp] : {OWN} -> {WHOLE}
  %end_n = norm.rms_norm %end_g scale %last eps 1.0e-06 : {WHOLE}, {SCALE}
  return %end_n, {x} : {WHOLE}, {OWN}
"""
    print(f"func.func @main({', '.join(arguments)}) -> ({WHOLE}, {OWN}{sharded('{dp}, {}')}) {{\n{text}}}")


main()
