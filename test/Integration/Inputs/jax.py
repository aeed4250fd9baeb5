"""Runs the programs of examples/jax that are checked in, and holds them to what JAX
computed, and to the table in its README.

jax.py COMMUTER-OPT COMMUTER-RUN EXAMPLES OUTPUT
"""

import json
import pathlib
import re
import shlex
import subprocess
import sys

opt, run, examples, output = sys.argv[1:]
opt = shlex.split(opt)
examples, output = pathlib.Path(examples), pathlib.Path(output)
sys.path += [str(examples), str(pathlib.Path(__file__).parents[2] / "Inputs")]
import inputs
import npy

# Relative to the largest result. f32: sums of at most 128 terms in another order, a
# few of them one behind the other; exp, sin and cos to a few ulps. bf16: what
# is rounded between two ops differs; each is about as far from the result in f32.
TOLERANCE = {"f32": 1e-5, "bf16": 3e-2}

OPTIMIZE = "commuter-optimize{raise-norms=true}"


def call(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stderr}"
    return done.stdout


def read(paths):
    return [npy.read(path)[2] for path in paths]


def get_error(results, expected):
    """The largest, relative to the largest number that is expected."""
    assert len(results) == len(expected) > 0
    worst = 0
    for ours, theirs in zip(results, expected):
        assert len(ours) == len(theirs) > 0
        differences = [abs(a - b) for a, b in zip(ours, theirs)]
        assert all(d == d for d in differences), "NaN"
        worst = max(worst, max(differences) / max(map(abs, theirs)))
    return worst


def make_arguments(name):
    """The options that give the program its inputs, and their types."""
    options, types = [], set()
    arguments = json.loads((examples / f"data/{name}.json").read_text())
    for i, a in enumerate(arguments):
        path = output / f"{name}.{i}.npy"
        values = inputs.make(a["shape"], a["seed"], a["scale"], a["offset"])
        npy.write(path, a["type"], a["shape"], values)
        options += ["--input", f"{i}={path}"]
        types.add(a["type"])
    assert len(types) == 1
    return options, types.pop()


def check(name):
    """The figures of the program's line in the table."""
    program, raised = output / f"{name}.mlir", output / f"{name}.raised.mlir"
    arguments, type = make_arguments(name)
    source = examples / f"data/{name}.mlir"
    passes = ("--import-stablehlo", "--inline", "--canonicalize")
    call(*opt, "--allow-unregistered-dialect", source, *passes, "-o", program)
    expected = read(sorted(examples.glob(f"data/{name}.result*.npy")))

    results = {}
    for version, pipeline in (("none", "none"), ("optimized", OPTIMIZE)):
        folder = output / f"{name}.{version}"
        call(run, program, "--pipeline", pipeline, "--output-dir", folder, *arguments)
        results[version] = read(sorted(folder.glob("*.npy")))
        error = get_error(results[version], expected)
        print(f"{name} {version}: {error:.2g} from JAX")
        assert error <= TOLERANCE[type], error
    # The norm's op adds up in another order than its parts.
    error = get_error(results["optimized"], results["none"])
    assert error <= TOLERANCE[type], error

    # With the norms raised before, not a bit differs.
    call(*opt, program, "--norm-raise", "--canonicalize", "-o", raised)
    report = json.loads(call(run, raised, "--compare", "--json", *arguments))
    assert report["agrees"] and all(r["bit_exact"] for r in report["results"])
    assert len(report["results"]) == len(expected)
    figures = []
    for figure in ("norm_rows", "bytes_received"):
        for version in report["versions"]:
            (number,) = set(version[figure])  # the same on all ranks
            figures.append(number)
    return figures


def read_table():
    """The figures that the README states, by program."""
    table = {}
    for line in (examples / "README.md").read_text().splitlines():
        if found := re.match(r"\| `(\w+)` \|(.*)\|$", line):
            cells = found[2].split("|")
            table[found[1]] = [int(cell) for cell in cells[-4:]]
    return table


def main():
    output.mkdir(parents=True, exist_ok=True)
    names = sorted(path.stem for path in examples.glob("data/*.mlir"))
    measured = {}
    for name in names:
        measured[name] = check(name)
        print(f"| `{name}` |", " | ".join(map(str, measured[name])), "|")
    assert measured == read_table(), "README.md has other figures"


main()
