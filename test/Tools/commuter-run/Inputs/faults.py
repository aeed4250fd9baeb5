"""Breaks jobs of commuter-run, and checks how they end.

usage: faults.py TRANSPORT LAUNCHER COMMUTER_RUN [--runs N] [--seed S]
                 [--slack SECONDS] [--faults kill,stop]

Each run starts four ranks, does something to one of them at a random time, and
demands that every survivor names the fault within the deadline and two seconds
(and the slack, for crowded machines), and that nothing is left running. TRANSPORT
is mpi, tcp or nccl, LAUNCHER runtime/cts/mpirun.sh or tcprun.sh. On nccl
COMMUTER_RUN is commuter-loop, which needs no compiled program. The faults, in turns:

  kill      SIGKILL. On mpi, under stock mpirun, which then ends the others; on tcp
            and nccl, the others say within a second which rank was lost
  recovery  mpi: SIGKILL, under mpirun --enable-recovery, which lets them be
  stop      SIGSTOP
  mismatch  a rank issues another collective than its peers
"""

import argparse
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid

RANKS = 4
DEADLINE = 2.0  # seconds; COMMUTER_TIMEOUT_MS
BOUND = DEADLINE + 2.0
LOSS_BOUND = 1.0  # where the messages go over tcp
FAULTS = {"mpi": "kill,recovery,stop,mismatch", "tcp": "kill,stop,mismatch",
          "nccl": "kill,stop,mismatch"}
RANK_NAMES = (b"OMPI_COMM_WORLD_RANK=", b"COMMUTER_RANK=")

PROGRAM = """
dist.mesh @mesh(dp = 2, tp = 2)
func.func @main(%x: tensor<64x64xf32>) -> tensor<128x64xf32> {
  %s = dist.all_reduce %x sum over @mesh[tp] : tensor<64x64xf32>
  %g = dist.all_gather %s dim 0 over @mesh[dp] : tensor<64x64xf32> -> tensor<128x64xf32>
  return %g : tensor<128x64xf32>
}
func.func @mismatch(%x: tensor<4xf32>) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %i = dist.axis_index @mesh[dp, tp] : index
  %isFirst = arith.cmpi eq, %i, %c0 : index
  %y = scf.if %isFirst -> tensor<4xf32> {
    %a = dist.all_reduce %x sum over @mesh[dp, tp] : tensor<4xf32>
    scf.yield %a : tensor<4xf32>
  } else {
    %b = dist.all_reduce %x max over @mesh[dp, tp] : tensor<4xf32>
    scf.yield %b : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}
"""
ERROR = re.compile(r"commuter-run: error: rank (\d): (.*)")


def processes(mark, tool):
    """{rank: pid} of the job's living ranks; each has the mark in its environment."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                environ = file.read().split(b"\0")
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                command = file.read().split(b"\0")[0]
            with open(f"/proc/{pid}/stat") as file:
                state = file.read().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if mark not in environ or state == "Z":
            continue
        for entry in environ:
            if entry.startswith(RANK_NAMES) and tool in command:
                found[int(entry.partition(b"=")[2])] = int(pid)
    return found


class Job:
    def __init__(self, options, fault, program):
        self.tool = os.fsencode(options.tool)
        mark = f"COMMUTER_FAULT_RUN={uuid.uuid4()}"
        self.mark = mark.encode()
        self.errors = {}  # rank: (seconds, message)
        self.text = ""
        flags = "--enable-recovery" if fault == "recovery" else ""
        environment = dict(os.environ, MPIRUN_FLAGS=flags,
                           COMMUTER_TIMEOUT_MS=str(int(DEADLINE * 1000)))
        name, _, value = mark.partition("=")
        environment[name] = value
        command = [options.launcher, str(RANKS), options.tool, program,
                   "--transport", options.transport]
        command += (["--entry", "mismatch"] if fault == "mismatch" else
                    ["--entry", "main", "--iterations", "1000000"])
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.text += line
            match = ERROR.search(line)
            if match and int(match[1]) not in self.errors:
                self.errors[int(match[1])] = (time.monotonic(), match[2])

    def wait_for_ranks(self):
        end = time.monotonic() + 30
        while time.monotonic() < end:
            found = processes(self.mark, self.tool)
            if len(found) == RANKS:
                return found
            time.sleep(0.02)
        return {}

    def end(self):
        """Kills what is left, and returns how many ranks that were."""
        left = processes(self.mark, self.tool)
        for pid in left.values():
            os.kill(pid, signal.SIGKILL)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join()
        return len(left)


def run(options, program, fault):
    """Returns what was wrong, or "", and the seconds that the last rank took."""
    job = Job(options, fault, program)
    slack = options.slack
    survivors = set(range(RANKS))
    start = time.monotonic()
    if fault != "mismatch":
        ranks = job.wait_for_ranks()
        # Any time from the first collective on. Compiling takes half a second.
        time.sleep(1 + slack + random.uniform(0, 1))
        victim = random.randrange(RANKS)
        if len(ranks) != RANKS or job.errors:
            job.end()
            return f"the job did not run:\n{job.text}", 0
        start = time.monotonic()
        os.kill(ranks[victim],
                signal.SIGSTOP if fault == "stop" else signal.SIGKILL)
        survivors.discard(victim)
    bound = BOUND + slack + (30 if fault == "mismatch" else 0)  # with its start
    while time.monotonic() < start + bound:
        if survivors <= set(job.errors):
            break
        time.sleep(0.01)
    # The launcher may be about to end those that are left.
    time.sleep(2.5 if fault == "stop" else 1)
    left = job.end()
    missing = survivors - set(job.errors)
    if missing:
        return f"no message within {bound} s from ranks {sorted(missing)}:\n{job.text}", 0
    last = max(job.errors[rank][0] for rank in survivors) - start
    for rank in survivors:
        message = job.errors[rank][1]
        if fault == "kill" and options.transport != "mpi":
            if last > LOSS_BOUND + slack:
                return f"took {last:.1f} s:\n{job.text}", last
            if f"lost rank {victim} (" not in message:
                return f"rank {rank} does not name rank {victim}:\n{job.text}", last
        # Told to end by mpirun, a rank may be between two collectives.
        elif fault == "kill" and "waited in" not in message:
            continue
        if not all(f"rank {r}: " in message for r in range(RANKS)):
            return f"rank {rank} does not name every rank:\n{job.text}", last
    # mpirun ends one that is stopped; nobody else does.
    if left > (fault == "stop" and options.transport != "mpi"):
        return f"{left} ranks were still running:\n{job.text}", last
    if fault != "recovery" and job.process.returncode == 0:
        return "the launcher ended with 0", last
    return "", last


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("transport", choices=FAULTS)
    parser.add_argument("launcher")
    parser.add_argument("tool")
    parser.add_argument("--runs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--slack", type=float, default=0)
    parser.add_argument("--faults")
    options = parser.parse_args()
    faults = (options.faults or FAULTS[options.transport]).split(",")
    random.seed(options.seed)
    slowest = {}
    bad = 0
    with tempfile.NamedTemporaryFile("w", suffix=".mlir") as program:
        program.write(PROGRAM)
        program.flush()
        for i in range(options.runs):
            fault = faults[i % len(faults)]
            wrong, seconds = run(options, program.name, fault)
            slowest[fault] = max(seconds, slowest.get(fault, 0))
            if wrong:
                bad += 1
                print(f"run {i}, {fault}: {wrong}", flush=True)
    for fault, seconds in slowest.items():
        if fault == "mismatch":
            continue  # counts from the start of the job
        print(f"{fault}: every survivor spoke within {seconds:.1f} s")
    print(f"{options.runs - bad} of {options.runs} runs ended as they should")
    return 1 if bad else 0


sys.exit(main())
