#!/usr/bin/env python3
"""The whole boundary, as written against optimised. See README.md."""

import argparse
import importlib.util
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import machine

# A residual is added, the rows are gathered, normalised and, in the second program,
# quantised; each rank keeps its own rows of the sum.
HEAD = """\
dist.mesh @mesh(dp = {dp})
func.func @main(
    %h: tensor<{own}x{hidden}xbf16> {{dist.sharding = #dist.sharding<@mesh, [{{dp}}, {{}}]>}},
    %x: tensor<{own}x{hidden}xbf16> {{dist.sharding = #dist.sharding<@mesh, [{{dp}}, {{}}]>}},
    %w: tensor<{hidden}xbf16> {{dist.sharding = #dist.sharding<@mesh, [{{}}]>}})
    -> ({results}, tensor<{own}x{hidden}xbf16>) {{
  %s = arith.addf %h, %x : tensor<{own}x{hidden}xbf16>
  %g = dist.all_gather %s dim 0 over @mesh[dp] : tensor<{own}x{hidden}xbf16> -> tensor<{all}x{hidden}xbf16>
  %r = dist.all_slice %g dim 0 over @mesh[dp] : tensor<{all}x{hidden}xbf16> -> tensor<{own}x{hidden}xbf16>
  %n = norm.rms_norm %g scale %w eps 1.0e-06 : tensor<{all}x{hidden}xbf16>, tensor<{hidden}xbf16>
"""
NORM = "  return %n, %r : {results}, tensor<{own}x{hidden}xbf16>\n}}\n"
QUANTIZE = """\
  %q, %f = norm.quantize %n per_row : tensor<{all}x{hidden}xbf16> -> {results}
  return %q, %f, %r : {results}, tensor<{own}x{hidden}xbf16>
}}
"""
PROGRAMS = {
    "norm": (NORM, "tensor<{all}x{hidden}xbf16>"),
    "norm and quantisation": (
        QUANTIZE,
        "tensor<{all}x{hidden}xf8E4M3FN>, tensor<{all}x1xf32>",
    ),
}


def read_numbers(text):
    return [int(number) for number in text.split(",")]


def write_program(name, dp, tokens, hidden):
    body, results = PROGRAMS[name]
    sizes = {"dp": dp, "own": tokens, "all": dp * tokens, "hidden": hidden}
    return (HEAD + body).format(results=results.format(**sizes), **sizes)


def memory(dp, tokens, hidden):
    """Bytes of a run: on each rank, two of all rows and the result of the last run."""
    return 3 * dp * (dp * tokens * hidden * 2)


def measure(run, name, dp, tokens, hidden, iterations):
    """Milliseconds of the slowest rank, as written and optimised; the two take turns."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "boundary.mlir")
        pathlib.Path(path).write_text(write_program(name, dp, tokens, hidden))
        command = [run, path, "--compare", "--json", "--iterations", str(iterations)]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")
    report = json.loads(done.stdout)
    assert all(result["bit_exact"] for result in report["results"])
    return [version["total_ms"] for version in report["versions"]]


def choose_iterations(dp, tokens, hidden):
    """Fewer where a run is long."""
    return max(3, min(101, 2**32 // (dp * dp * tokens * hidden * 2) | 1))


def plot(path, ratios):
    """`ratios`: {program: {dp: {tokens: ratio}}}"""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "commuter"
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(
        1, len(ratios), figsize=(10, 4), sharey=True, layout="constrained"
    )
    for panel, (name, lines) in zip(panels, ratios.items()):
        for dp, line in lines.items():
            panel.plot(line.keys(), line.values(), marker="o", ms=3, label=f"DP = {dp}")
        panel.axhline(1, color="black", linewidth=0.8)
        panel.set(title=name, xlabel="tokens per rank")
        panel.set_xscale("log", base=2)
        panel.set_ylim(bottom=0)
        panel.grid(alpha=0.3)
    panels[0].set_ylabel("time, optimised / as written")
    panels[0].legend()
    figure.savefig(path, metadata={"Date": None})


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", help="the build's folder")
    parser.add_argument("--hidden", type=int, default=2048)
    parser.add_argument("--dp", type=read_numbers, default=[2, 4, 8, 16])
    parser.add_argument(
        "--tokens", type=read_numbers, default=[2**i for i in range(14)], help="per rank"
    )
    parser.add_argument("--memory", type=int, default=12, help="at most so many GiB")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument(
        "--seconds", type=int, default=8, help="no further process of a point after this"
    )
    parser.add_argument("--plot", help="an SVG of the ratios; needs matplotlib")
    args = parser.parse_args()
    if args.plot and not importlib.util.find_spec("matplotlib"):
        parser.error("--plot needs matplotlib")
    run = os.path.join(args.build, "bin", "commuter-run")
    about = machine.describe()

    points = [
        (name, dp, tokens)
        for name in PROGRAMS
        for dp in args.dp
        for tokens in args.tokens
        if memory(dp, tokens, args.hidden) <= args.memory << 30
    ]
    runs = {point: [] for point in points}
    seconds = dict.fromkeys(points, 0.0)
    for _ in range(args.repetitions):
        for point in points:
            if seconds[point] > args.seconds:
                continue
            start = time.monotonic()
            iterations = choose_iterations(*point[1:], args.hidden)
            runs[point].append(measure(run, *point, args.hidden, iterations))
            seconds[point] += time.monotonic() - start

    print(
        f"# The boundary between two parts of a layer\n\n{about}; hidden {args.hidden}, "
        f"bf16; medians of {args.repetitions} processes, of fewer once a point has taken "
        f"{args.seconds} s.\n\nHow each figure is taken: "
        "[../README.md](../README.md#boundarypy). *As written → optimised, ratio*; the "
        "plot is [boundary.svg](../../docs/boundary.svg).\n"
    )
    ratios = {}
    for name in PROGRAMS:
        print(f"## {name.capitalize()}\n")
        print("| tokens per rank | " + " | ".join(f"DP = {dp}" for dp in args.dp) + " |")
        print("|---:|" + "---:|" * len(args.dp))
        lines = ratios[name] = {dp: {} for dp in args.dp}
        for tokens in args.tokens:
            cells = []
            for dp in args.dp:
                times = runs.get((name, dp, tokens))
                if not times:
                    cells.append("–")
                    continue
                ratio = statistics.median(after / before for before, after in times)
                before, after = (statistics.median(column) for column in zip(*times))
                lines[dp][tokens] = ratio
                cells.append(f"{before:.3g} → {after:.3g} ms, {ratio:.2f}")
            print(f"| {tokens} | " + " | ".join(cells) + " |")
        print()
    if args.plot:
        plot(args.plot, ratios)
    return 0


if __name__ == "__main__":
    sys.exit(main())
