"""Enumerates programs `f(all_gather(x), w)`, moves f in front of the gather in
every way that type-checks, and runs both: equal bits on all ranks say that the
motion is sound, whatever a compiler thinks. Then asks dist-commute-norms.

For each op f, each gathered dimension, each state of x and of one other operand
at a time, on each of several meshes:

  written     f(all_gather(x), w);
  candidates  all_gather(f(x, w')), for each w' among w, each all_slice of w, and
              what w is gathered from, and each dimension that f's result can be
              gathered along;
  moved       what the pass makes of s(f(all_gather(x), w)), if its remark says
              passed, with and without allow-extra-gather; s copies its operand, in
              a reduction of length 1, so that something worth moving is there.

Fails if a moved program differs in a bit from the written one, or if the sound
motions that the pass missed are not those of the list. (Sound here is what random
numbers do not tell apart. Programs whose x is replicated are not listed: there the
equal rows hide differences.)

usage: enumerate.py COMMUTER_OPT COMMUTER_RUN FOLDER LIST [--full] [--update] [--only OP]

--full runs all programs (20 minutes on 2 cores), else a fixed sample of each op's;
--update writes what it found into the list.
"""

import argparse
import collections
import concurrent.futures
import itertools
import os
import re
import shlex
import subprocess
import sys
import textwrap
import zlib

sys.path.insert(0, os.path.dirname(__file__))
from enumerate_ops import COLLECTIVES, OPS, Function, Unwritable, empty, need, resized, tensor

BATCH = 40

# -----------------------------------------------------------------------------
# Meshes, states, cases
# -----------------------------------------------------------------------------

Layout = collections.namedtuple("Layout", "name mesh size axes outside")
LAYOUTS = [
    Layout("2", "a = 2", 2, ("a",), None),
    Layout("3", "a = 3", 3, ("a",), None),
    Layout("2x2[a]", "a = 2, b = 2", 2, ("a",), "b"),
    Layout("2x2[a,b]", "a = 2, b = 2", 4, ("a", "b"), None),
    Layout("2x2[b,a]", "a = 2, b = 2", 4, ("b", "a"), None),
]
X_STATES = ["varying", "sharded", "replicated", "partial", "partial-outside", "summing"]
W_STATES = ["replicated", "varying", "partial", "partial-outside", "alike", "other-dim", "other-axes",
            "axes-reordered", "fewer-axes", "splat", "rows-in-constant", "broadcast"]

Case = collections.namedtuple("Case", "op dim x_state operand w_state")


def name_of(case):
    name = f"{case.op.name} dim {case.dim} x {case.x_state}"
    return name + (f" w{case.operand} {case.w_state}" if case.operand is not None else "")


def make_cases():
    for o in OPS:
        for dim in range(len(o.x[0])):
            for state in X_STATES:
                yield Case(o, dim, state, 0 if o.others else None, "replicated" if o.others else None)
            for operand in range(len(o.others)):
                for state in W_STATES:
                    if operand or state != "replicated":
                        yield Case(o, dim, "varying", operand, state)


def sharding(rank, placed=None, unreduced=None):
    dims = ", ".join("{" + ", ".join((placed or {}).get(i, ())) + "}" for i in range(rank))
    suffix = f", unreduced {{{unreduced}}}" if unreduced else ""
    return f"#dist.sharding<@mesh, [{dims}]{suffix}>"


class Writer:
    """Writes one case, on one layout, into functions of a batch."""

    def __init__(self, case, layout):
        self.case, self.layout = case, layout
        axis = COLLECTIVES.get(case.op.name)
        need(axis is None or layout.outside == "b")

    def gather(self, f, value, dim, axes=None, summing=None):
        axes = axes or self.layout.axes
        size = 2 ** len(axes) if "b" in self.layout.mesh else self.layout.size
        shape = resized(value.shape, dim, value.shape[dim] * size)
        suffix = f" summing [{summing}]" if summing else ""
        return f.emit(f"dist.all_gather {value.name} dim {dim} over @mesh[{', '.join(axes)}]{suffix} : "
                      f"{value.type} -> {tensor(shape, value.element)}", (shape, value.element))

    def slice(self, f, value, dim):
        need(value.shape[dim] % self.layout.size == 0)
        shape = resized(value.shape, dim, value.shape[dim] // self.layout.size)
        return f.emit(f"dist.all_slice {value.name} dim {dim} over @mesh[{', '.join(self.layout.axes)}] : "
                      f"{value.type} -> {tensor(shape, value.element)}", (shape, value.element))

    def x_part(self, f):
        """This rank's part of x, and the axis over which its gather sums."""
        (shape, element), dim, state = self.case.op.x, self.case.dim, self.case.x_state
        need(shape[dim] % self.layout.size == 0)
        shape = resized(shape, dim, shape[dim] // self.layout.size)
        rank, outside = len(shape), self.layout.outside
        own = {dim: self.layout.axes}
        need(outside or state not in ("partial-outside", "summing"))
        need(element[0] in "fb" or state not in ("partial", "partial-outside", "summing"))
        annotation = {
            "varying": "",
            "sharded": sharding(rank, own),
            "replicated": sharding(rank),
            "partial": sharding(rank, unreduced=self.layout.axes[0]),
            "partial-outside": sharding(rank, own, outside),
            "summing": sharding(rank, own, outside),
        }[state]
        return f.argument("x", shape, element, annotation), outside if state == "summing" else None

    def other(self, f, number):
        """Operand w, whole, and what it is gathered from, if alike."""
        shape, element = self.case.op.others[number]
        state = self.case.w_state if number == self.case.operand else "replicated"
        rank, axes, size = len(shape), self.layout.axes, self.layout.size
        slot = f"w{number}"
        dim = min(self.case.dim, rank - 1)

        def gathered(along, over):
            count = 2 ** len(over) if "b" in self.layout.mesh else size
            need(along >= 0 and shape[along] % count == 0)
            part = f.argument(slot, resized(shape, along, shape[along] // count), element)
            return self.gather(f, part, along, over), part

        if state == "replicated":
            return f.argument(slot, shape, element, sharding(rank)), None
        if state == "varying" and shape == (1,) and element == "i32":
            # One small number might be the same on all ranks by chance.
            index = f.emit(f"dist.axis_index @mesh[{', '.join(axes)}] : index", ((), "index"))
            number = f.emit(f"arith.index_cast {index.name} : index to i32", ((), "i32"))
            one = f.emit("arith.constant 1 : i32", ((), "i32"))
            less = f.emit(f"arith.subi {number.name}, {one.name} : i32", ((), "i32"))
            return f.emit(f"tensor.from_elements {less.name} : tensor<1xi32>", (shape, element)), None
        if state == "varying":
            return f.argument(slot, shape, element), None
        if state in ("partial", "partial-outside"):
            axis = axes[0] if state == "partial" else self.layout.outside
            need(axis and element[0] in "fb")
            return f.argument(slot, shape, element, sharding(rank, unreduced=axis)), None
        if state == "alike":
            return gathered(dim, axes)
        if state == "other-dim":
            need(rank > 1)
            return gathered((dim + 1) % rank, axes)[0], None
        if state == "other-axes":
            need(self.layout.outside)
            return gathered(dim, (self.layout.outside,))[0], None
        if state == "axes-reordered":
            need(len(axes) > 1)
            return gathered(dim, axes[::-1])[0], None
        if state == "fewer-axes":
            # May move across the gather of w, which is no candidate: to be run.
            need(len(axes) > 1 and self.case.op.executes)
            return gathered(dim, axes[:1])[0], None
        if state == "splat":
            return f.constant(shape, element, "0.75" if element[0] in "fb" else "3"), None
        if state == "rows-in-constant":
            need(1 <= rank <= 2)
            number = (lambda i: f"{i % 7}.5") if element[0] in "fb" else (lambda i: str(i % 7 - 3))
            flat = [number(i * i + i // 5) for i in range(shape[0] * (shape[1] if rank == 2 else 1))]
            if rank == 1:
                return f.constant(shape, element, "[" + ", ".join(flat) + "]"), None
            rows = ["[" + ", ".join(flat[i * shape[1] : (i + 1) * shape[1]]) + "]" for i in range(shape[0])]
            return f.constant(shape, element, "[" + ", ".join(rows) + "]"), None
        need(state == "broadcast" and rank == 2)
        row = f.argument(slot, shape[1:], element, sharding(1))
        e = empty(f, shape, element)
        return f.emit(f"linalg.broadcast ins({row.name} : {row.type}) outs({e.name} : {e.type}) dimensions = [0]", (shape, element)), None

    def apply(self, f, x, others, for_pass):
        extra = {} if self.case.op.executes or for_pass else {"spelled_out": True}
        results = self.case.op.write(f, x, *others, **extra)
        return results if isinstance(results, list) else [results]

    def write(self, f, label, for_pass):
        """Appends the written program, for the pass with a copy behind it; returns
        the shapes of f's results."""
        part, summing = self.x_part(f)
        x = self.gather(f, part, self.case.dim, summing=summing)
        others = [self.other(f, i)[0] for i in range(len(self.case.op.others))]
        results = self.apply(f, x, others, for_pass)
        if for_pass:
            one = f.constant((1,), "f32", "0.0")
            f.results += [generic_copy(f, one, r, len(r.shape), f' loc("{label}#{i}")') for i, r in enumerate(results)]
        else:
            f.results += results
        return [r.shape for r in results]

    def write_candidates(self, shapes, start):
        """Yields functions that append each moved program that there is; `shapes`
        are those of the written program's results."""
        probe = start()
        options = []
        for i in range(len(self.case.op.others)):
            w, part = self.other(probe, i)
            choices = [("whole", None)] + [("slice", e) for e, n in enumerate(w.shape) if n % self.layout.size == 0]
            options.append(choices + ([("part", None)] if part else []))
        for choice in itertools.product(*options):
            for completes in (False, True) if self.case.x_state == "summing" else (False,):
                def build(f, choice=choice, completes=completes, dims=None):
                    x, summing = self.x_part(f)
                    if completes:
                        x = f.emit(f"dist.all_reduce {x.name} sum over @mesh[{summing}] : {x.type}", (x.shape, x.element))
                    others = []
                    for i, (kind, dim) in enumerate(choice):
                        w, part = self.other(f, i)
                        others.append({"whole": lambda: w, "part": lambda: part, "slice": lambda: self.slice(f, w, dim)}[kind]())
                    results = self.apply(f, x, others, False)
                    if dims is None:
                        return [r.shape for r in results]
                    f.results += [r if d is None else self.gather(f, r, d) for r, d in zip(results, dims)]

                try:
                    local = build(start())
                except Unwritable:
                    continue
                ways = []
                for have, want in zip(local, shapes):
                    fits = [d for d in range(len(want)) if len(have) == len(want) and resized(have, d, have[d] * self.layout.size) == want]
                    ways.append(fits or ([None] if have == want == () else []))
                for dims in itertools.product(*ways):
                    yield lambda f, build=build, dims=dims: build(f, dims=dims)


def generic_copy(f, one, value, rank, loc):
    loops = ", ".join(f"d{i}" for i in range(rank + 1))
    kept = ", ".join(f"d{i}" for i in range(rank))
    iterators = ", ".join(['"parallel"'] * rank + ['"reduction"'])
    return f.emit(
        f"linalg.generic {{indexing_maps = [affine_map<({loops}) -> (d{rank})>, affine_map<({loops}) -> ({kept})>], "
        f"iterator_types = [{iterators}]}} ins({one.name} : {one.type}) outs({value.name} : {value.type}) {{\n"
        f"  ^bb0(%a: f32, %b: {value.element}):\n    linalg.yield %b : {value.element}\n  }} -> {value.type}",
        (value.shape, value.element), loc=loc)


# -----------------------------------------------------------------------------
# Running
# -----------------------------------------------------------------------------


def bits(folder, number):
    with open(os.path.join(folder, f"result{number}.npy"), "rb") as file:
        return file.read()


def call(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"failed: {' '.join(command)}\n{done.stderr[:3000]}")
    return done


class Batch:
    """Cases on one layout, in one module: written, candidates, moved."""

    def __init__(self, args, number, layout, writers):
        self.opt, self.runner = shlex.split(args.opt), args.run
        self.folder = os.path.join(args.folder, f"batch{number}")
        os.makedirs(self.folder, exist_ok=True)
        self.layout, self.writers = layout, writers

    def path(self, name):
        return os.path.join(self.folder, name)

    def save(self, name, *functions):
        with open(self.path(name), "w") as file:
            file.write(f"dist.mesh @mesh({self.layout.mesh})\n" + "".join(functions))

    def execute(self, module):
        call([self.runner, self.path(module + ".mlir"), "--entry", "main", "--pipeline=none", "--seed", "11",
              "--output-dir", self.path(module)])

    def write(self, module, which, pool, for_pass):
        """Writes one module of the cases `which`; returns where each one's results
        begin, and their shapes."""
        f, places = Function(pool), {}
        for i in which:
            begin = len(f.results)
            places[i] = (begin, self.writers[i].write(f, i, for_pass))
        self.save(module + ".mlir", f.text("main"))
        return places

    def move(self, module, options):
        """Runs the pass; returns its remarks by case and result."""
        done = call(self.opt + [self.path(module + ".mlir"), f"--pass-pipeline=builtin.module(dist-commute-norms{options})",
                     "--remark-format=emitRemark", "--remarks-filter=dist", "-o", self.path(module + "-moved.mlir")])
        return self.read_remarks(done.stderr)

    def run(self):
        pool = {}
        everything = range(len(self.writers))
        places = self.write("written", everything, pool, False)
        f, starts = Function(pool), {i: [] for i in everything}
        for i in everything:
            for build in self.writers[i].write_candidates(places[i][1], lambda: Function(dict(pool))):
                starts[i].append(len(f.results))
                build(f)
        self.save("candidates.mlir", f.text("main"))
        self.execute("written")
        if f.results:
            self.execute("candidates")
        wanted = {i: [bits(self.path("written"), begin + k) for k in range(len(shapes))] for i, (begin, shapes) in places.items()}
        sound = {i: any(all(bits(self.path("candidates"), s + k) == w for k, w in enumerate(wanted[i])) for s in starts[i])
                 for i in everything}

        # What the pass says of all, and what it makes of those that it moved.
        verdicts, wrong, before = [], set(), None
        for mode, options in (("default", ""), ("extra", "{allow-extra-gather=true}")):
            self.write(mode, everything, pool, True)
            remarks = self.move(mode, options)
            which = [i for i in everything if self.writers[i].case.op.executes and self.should_run(i, remarks, before)]
            if which:
                moved = self.write(mode + "-run", which, pool, True)
                self.move(mode + "-run", options)
                self.execute(mode + "-run-moved")
                for i, (begin, shapes) in moved.items():
                    if any(bits(self.path(mode + "-run-moved"), begin + k) != w for k, w in enumerate(wanted[i])):
                        wrong.add(i)
            verdicts.append({i: self.get_verdict(remarks[i], len(wanted[i])) for i in everything})
            before = remarks
        return [(w.case, w.layout, sound[i], len(starts[i]), verdicts[0][i], verdicts[1][i], i not in wrong)
                for i, w in enumerate(self.writers)]

    def should_run(self, i, remarks, before):
        return "passed" in remarks[i].values() and (before is None or remarks[i] != before[i])

    @staticmethod
    def get_verdict(remarks, count):
        reasons = [remarks.get(k, "no remark") for k in range(count)]
        return next((r for r in reasons if r != "passed"), "passed")

    @staticmethod
    def read_remarks(text):
        found = collections.defaultdict(dict)
        for number, result, rest in re.findall(r'remark: loc\("(\d+)#(\d+)"\): (.*)', text):
            reason = re.search(r"Reason=([a-z-]+)", rest)
            found[int(number)][int(result)] = reason.group(1) if reason else "passed"
        return found


def choose(args):
    """The programs to run, in batches on one layout: all, or a fixed sample of
    each op's."""
    programs = collections.defaultdict(list)
    for case, layout in itertools.product(make_cases(), LAYOUTS):
        if args.only and args.only not in case.op.name:
            continue
        try:
            writer = Writer(case, layout)
            writer.write(Function({}), "", True)
        except Unwritable:
            continue
        programs[case.op.name].append(writer)
    by_layout = {layout: [] for layout in LAYOUTS}
    for writers in programs.values():
        if not args.full:
            place = lambda w: zlib.crc32(f"{name_of(w.case)} {w.layout.name}".encode())
            writers = sorted(writers, key=place)[: -(-len(writers) // args.share)]
        for w in writers:
            by_layout[w.layout].append(w)
    return [(layout, writers[i : i + BATCH]) for layout, writers in by_layout.items() for i in range(0, len(writers), BATCH)]


def read_list(path):
    """{program and layout: reason} of a list that `write_list` wrote."""
    known = {}
    if os.path.exists(path):
        for line in open(path):
            if line.startswith("  "):
                for name in line.split():
                    known.update({(f"{name} {states}", layout): reason for layout in layouts})
            elif line.strip() and not line.startswith("#"):
                states, _, reason, _, layouts = re.fullmatch(r"(.*?)(: )(.*?)( on )(.*)", line.strip()).groups()
                layouts = layouts.split()
    return known


HEADER = """\
# Sound motions that dist-commute-norms does not make, by brute force, with its
# reason: written by enumerate.py --full --update, compared by enumerate.test.
#
# gathered dimension, states of operands: reason on meshes, [axes of the gather]
#   ops
"""


def write_list(path, missed):
    layouts = collections.defaultdict(list)
    for (program, layout), reason in missed.items():
        layouts[program, reason].append(layout)
    ops = collections.defaultdict(list)
    for (program, reason), names in layouts.items():
        name, states = program.split(" ", 1)
        ops[states, reason, " ".join(sorted(names))].append(name)
    with open(path, "w") as file:
        file.write(HEADER)
        for (states, reason, names), listed in sorted(ops.items()):
            file.write(f"{states}: {reason} on {names}\n")
            file.write(textwrap.fill(" ".join(sorted(listed)), 90, initial_indent="  ", subsequent_indent="  ",
                                     break_long_words=False, break_on_hyphens=False) + "\n")


def main():
    parser = argparse.ArgumentParser()
    for name in ("opt", "run", "folder", "list"):
        parser.add_argument(name)
    parser.add_argument("--full", action="store_true", help="all programs, not a sample")
    parser.add_argument("--update", action="store_true", help="write the list")
    parser.add_argument("--only", help="the ops whose name has this")
    parser.add_argument("--verbose", action="store_true", help="name what moved beyond the candidates")
    parser.add_argument("--share", type=int, default=50, help="one in how many programs is sampled")
    args = parser.parse_args()

    batches = [Batch(args, n, *w) for n, w in enumerate(choose(args))]
    with concurrent.futures.ThreadPoolExecutor(2) as workers:
        results = [r for rs in workers.map(Batch.run, batches) for r in rs]

    known, missed, wrong = read_list(args.list), {}, []
    counts = collections.Counter()
    for case, layout, sound, candidates, verdict, extra, exact in results:
        program = name_of(case)
        passed = verdict == "passed"
        counts["programs"] += 1
        counts["candidates"] += candidates
        counts["sound"] += sound
        counts["moved"] += passed
        counts["moved with allow-extra-gather"] += extra == "passed"
        counts["moved beyond the candidates"] += passed and not sound
        if passed and not sound and args.verbose:
            print(f"beyond the candidates: {program} on {layout.name}")
        counts["stayed, and no motion is sound"] += not passed and not sound
        if not exact or (not sound and not case.op.executes and "passed" in (verdict, extra)):
            wrong.append(f"UNSOUND: {program} on {layout.name}: {verdict}, {extra}")
        if sound and not passed and case.x_state != "replicated":
            missed[program, layout.name] = verdict + (" unless allow-extra-gather" if extra == "passed" else "")
        key = (program, layout.name)
        if not args.update and known.get(key) != missed.get(key):
            wrong.append(f"CHANGED: {program} on {layout.name}: listed as {known.get(key)}, found {missed.get(key)}")
    ran = {(name_of(case), layout.name) for case, layout, *_ in results}
    rest = {key: reason for key, reason in known.items() if key not in ran}
    if args.full and not args.only:
        wrong += [] if args.update else [f"GONE: {' on '.join(key)}" for key in rest]
        rest = {}
    if args.update:
        write_list(args.list, {**rest, **missed})
    counts["sound, missed"] = len(missed)
    counts["unsound moves"] = sum(w.startswith("UNSOUND") for w in wrong)
    for name, count in counts.items():
        print(f"{name}: {count}")
    print("\n".join(wrong))
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
