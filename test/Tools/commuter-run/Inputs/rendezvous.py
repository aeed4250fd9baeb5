"""Starts processes of commuter-run --transport tcp in right and wrong ways, and
checks how they end.

usage: rendezvous.py COMMUTER_RUN [CASE]...
       rendezvous.py COMMUTER_RUN --launcher MPIRUN
"""

import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

TOOL = sys.argv[1]
SLACK = 5.0  # seconds, for crowded machines

# What a launcher may have set where this runs.
NAMES = ("COMMUTER_", "OMPI_", "PMI_", "PMIX_", "SLURM_", "TORCHELASTIC_",
         "RANK", "WORLD_SIZE", "MASTER_")
CLEAN = {k: v for k, v in os.environ.items() if not k.startswith(NAMES)}

PROGRAM = """
dist.mesh @mesh(dp = ?)
func.func @main(%x: tensor<4xi32>) -> tensor<4xi32> {
  %y = dist.all_reduce %x sum over @mesh[dp] : tensor<4xi32>
  return %y : tensor<4xi32>
}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Process:
    def __init__(self, size, environment, timeout_ms, launcher=()):
        environment = dict(CLEAN, COMMUTER_TIMEOUT_MS=str(timeout_ms),
                           **{k: str(v) for k, v in environment.items()})
        self.start = time.monotonic()
        self.process = subprocess.Popen(
            [*launcher, TOOL, program, "--transport", "tcp", "--axis", f"dp={size}"],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True)
        self.waiter = threading.Thread(target=self.wait)
        self.waiter.start()

    def wait(self):
        self.out, self.err = self.process.communicate()
        self.seconds = time.monotonic() - self.start

    def join(self, limit):
        self.waiter.join(limit + SLACK)
        if self.waiter.is_alive():
            self.process.kill()
            self.waiter.join()
            raise AssertionError(f"did not end within {limit} s: {self.err}")


def named(rank, size, port, host="127.0.0.1", **more):
    return dict(COMMUTER_RANK=rank, COMMUTER_WORLD_SIZE=size,
                COMMUTER_RENDEZVOUS=f"{host}:{port}", **more)


def start(size, environments, timeout_ms=20000):
    return [Process(size, e, timeout_ms) for e in environments]


def listening_port(process):
    """Where it listens, once it does: rank 0 for all, others for their peers."""
    pid = process.process.pid
    end = time.monotonic() + 20
    while time.monotonic() < end:
        sockets = set()
        for fd in os.listdir(f"/proc/{pid}/fd"):
            try:
                sockets.add(os.readlink(f"/proc/{pid}/fd/{fd}"))
            except OSError:
                pass
        for table in ("/proc/net/tcp", "/proc/net/tcp6"):
            with open(table) as file:
                for entry in list(file)[1:]:
                    fields = entry.split()
                    if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                        return int(fields[1].split(":")[1], 16)
        time.sleep(0.05)
    raise AssertionError("it does not listen")


def start_and_come(size, environments):
    """Returns once they have met rank 0, or are about to."""
    processes = start(size, environments)
    for p in processes:
        listening_port(p)
    time.sleep(0.5)
    return processes


def succeed(processes, limit=20):
    for p in processes:
        p.join(limit)
    for p in processes:
        assert p.process.returncode == 0 and not p.err, p.err
    assert processes[0].out.startswith("@main on "), processes[0].out


def fail(processes, expected, limit=20):
    """Each ends with one line, which has what is expected."""
    for p in processes:
        p.join(limit)
    for p in processes:
        assert p.process.returncode == 1, (p.process.returncode, p.out, p.err)
        assert re.fullmatch("commuter-run: error: [^\n]*\n", p.err), p.err
        assert re.search(expected, p.err), f"expected {expected}: {p.err}"


#===------------------------------------------------------------------------===#
# Ways that are right
#===------------------------------------------------------------------------===#


def names_of_launchers():
    for rank, size in (("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
                       ("PMI_RANK", "PMI_SIZE"), ("RANK", "WORLD_SIZE"),
                       ("SLURM_PROCID", "SLURM_NTASKS")):
        at = f"127.0.0.1:{free_port()}"
        succeed(start(2, [{rank: r, size: 2, "COMMUTER_RENDEZVOUS": at}
                          for r in range(2)]))


def order_of_names():
    port = free_port()
    succeed(start(2, [named(r, 2, port, RANK=1 - r, WORLD_SIZE=3, SLURM_PROCID=0,
                            SLURM_NTASKS=7) for r in range(2)]))
    # Slurm starts torchrun, once a node.
    succeed(start(2, [dict(RANK=r, WORLD_SIZE=2, SLURM_PROCID=0, SLURM_NTASKS=1,
                           COMMUTER_RENDEZVOUS=f"127.0.0.1:{port}")
                      for r in range(2)]))


def torchrun():
    torch = dict(WORLD_SIZE=3, MASTER_ADDR="localhost", LOCAL_WORLD_SIZE=3,
                 TORCHELASTIC_RUN_ID="none")
    port = free_port()
    succeed(start(3, [dict(torch, RANK=r, MASTER_PORT=port) for r in range(3)]))
    # Its agent listens at the port; the next one is ours.
    with socket.create_server(("127.0.0.1", 0)) as agent:
        port = agent.getsockname()[1]
        succeed(start(3, [dict(torch, RANK=r, MASTER_PORT=port,
                               TORCHELASTIC_USE_AGENT_STORE="True")
                          for r in range(3)]))


def launcher():
    """mpirun.sh starts the processes, and does nothing else."""
    succeed([Process(3, dict(COMMUTER_RENDEZVOUS=f"127.0.0.1:{free_port()}"), 20000,
                     [sys.argv[3], "3"])])


def one_process():
    succeed(start(1, [dict(COMMUTER_RANK=0, COMMUTER_WORLD_SIZE=1)]))


def address_families():
    hosts = ["localhost"]
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            hosts.append("[::1]")
    except OSError:
        print("no IPv6 here")
    for host in hosts:
        port = free_port()
        succeed(start(3, [named(r, 3, port, host) for r in range(3)]))


def late_rank_0():
    port = free_port()
    others = start(3, [named(r, 3, port) for r in (1, 2)])
    time.sleep(1)
    succeed(start(3, [named(0, 3, port)]) + others)


#===------------------------------------------------------------------------===#
# Wrong environments
#===------------------------------------------------------------------------===#


def environments():
    two = dict(COMMUTER_RANK=0, COMMUTER_WORLD_SIZE=2)
    for environment, expected in (
        ({}, "COMMUTER_RANK and COMMUTER_WORLD_SIZE are not set"),
        (dict(COMMUTER_RANK=0), "COMMUTER_RANK is set, but COMMUTER_WORLD_SIZE is"),
        (dict(WORLD_SIZE=2), "WORLD_SIZE is set, but RANK is not"),
        (dict(COMMUTER_RANK=2, COMMUTER_WORLD_SIZE=2),
         "COMMUTER_RANK=2: expected a rank, 0 to 1, since COMMUTER_WORLD_SIZE=2"),
        (dict(COMMUTER_RANK="1x", COMMUTER_WORLD_SIZE=2), "COMMUTER_RANK=1x: exp"),
        (dict(COMMUTER_RANK=-1, COMMUTER_WORLD_SIZE=2), "COMMUTER_RANK=-1: exp"),
        (dict(PMI_RANK=0, PMI_SIZE=0), "PMI_SIZE=0: expected a number of proc"),
        (dict(PMI_RANK=0, PMI_SIZE=99999999999), "PMI_SIZE=99999999999: expected"),
        (two, "COMMUTER_RENDEZVOUS is not set, nor are MASTER_ADDR and MASTER_PORT"),
        (dict(two, MASTER_ADDR="h"), "MASTER_ADDR is set, but MASTER_PORT is not"),
        (dict(two, MASTER_PORT="7"), "MASTER_PORT is set, but MASTER_ADDR is not"),
        (dict(two, MASTER_ADDR="h", MASTER_PORT="x"), "MASTER_PORT=x: expected a p"),
        *((dict(two, COMMUTER_RENDEZVOUS=at),
           f"COMMUTER_RENDEZVOUS={re.escape(at)}: expected host:port")
          for at in ("host", ":1", "host:", "host:0", "host:65536", "host:1x",
                     "::1:29400", "[::1]", "[]:1", "host:-1")),
        (dict(two, COMMUTER_RENDEZVOUS="no.such.host.invalid:29400"),
         "COMMUTER_RENDEZVOUS=no.such.host.invalid:29400: cannot resolve 'no.such"),
        # Of the addresses that are for documentation: none of this host.
        (dict(two, COMMUTER_RENDEZVOUS="192.0.2.1:29400"),
         "COMMUTER_RENDEZVOUS=192.0.2.1:29400: rank 0 cannot listen at 192.0.2.1"),
    ):
        fail(start(2, [environment]), expected)


def port_in_use():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        fail(start(2, [named(0, 2, port)]),
             f"COMMUTER_RENDEZVOUS=127.0.0.1:{port}: rank 0 cannot listen at "
             f"127.0.0.1:{port}: Address already in use; is there another rank 0")


def another_size():
    port = free_port()
    came = start_and_come(3, [named(r, 3, port) for r in (0, 1)])
    fail(came + start(3, [named(2, 4, port)]),
         "COMMUTER_WORLD_SIZE is 3 on rank 0, but rank 2 .* is one of 4")


def two_of_one_rank():
    port = free_port()
    fail(start(3, [named(0, 3, port), named(1, 3, port), named(1, 3, port)]),
         "two processes are rank 1: 127.0.0.1:.* and 127.0.0.1:.* [(]COMMUTER_RANK")


#===------------------------------------------------------------------------===#
# Processes that do not come, or go
#===------------------------------------------------------------------------===#


def missing_ranks():
    port = free_port()
    came = start(5, [named(r, 5, port) for r in (0, 2, 4)], 3000)
    fail(came, f"ranks 1 and 3 did not come to 127.0.0.1:{port} within 3000 ms", 4)


def missing_for_those_who_came_first():
    """Rank 0 does not wait longer than they do."""
    port = free_port()
    came = start(3, [named(1, 3, port)], 3000)
    time.sleep(0.3)
    fail(came + start(3, [named(0, 3, port)], 20000),
         "rank 2 did not come to .* within 3000 ms", 4)


def missing_rank_0():
    port = free_port()
    came = start(3, [named(r, 3, port) for r in (1, 2)], 1000)
    fail(came, f"127.0.0.1:{port}: rank 0 did not come within 1000 ms "
               f"[(]127.0.0.1:{port}: Connection refused[)]", 2)


def killed_while_waiting():
    for victim in (0, 1):
        port = free_port()
        came = start_and_come(4, [named(r, 4, port) for r in range(3)])
        came.pop(victim).process.kill()
        fail(came, rf"lost rank {victim} \(.*\) before all had met", 3)


#===------------------------------------------------------------------------===#
# Strangers
#===------------------------------------------------------------------------===#

MAGIC = b"Commuter"


def hello(order=0x01020304, version=4, job=0, rank=1, size=2, port=1):
    return MAGIC + struct.pack("=IIQiiqqii", order, version, job, rank, size,
                               10000, 10000, port, 0)


def hash_of(job):
    value = 0xcbf29ce484222325
    for byte in job:
        value = (value ^ byte) * 0x100000001b3 % 2**64
    return value


def connect(port):
    end = time.monotonic() + SLACK
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port))
        except ConnectionRefusedError:
            assert time.monotonic() < end
            time.sleep(0.05)


def annoy(port, kept):
    for text in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", os.urandom(100000), b"",
                 MAGIC, hello()[:20], hello(order=0x04030201), hello(version=9),
                 hello(job=1)):
        stranger = connect(port)
        try:
            stranger.sendall(text)
        except OSError:
            pass
        kept.append(stranger)
    connect(port).close()


def strangers():
    """They are turned away, and those of the job meet."""
    port = free_port()
    kept = []
    job = start_and_come(3, [named(r, 3, port) for r in (0, 1)])
    annoy(port, kept)
    annoy(listening_port(job[1]), kept)
    succeed(job + start(3, [named(2, 3, port)]))


def strangers_claims():
    port = free_port()
    job = start(2, [named(0, 2, port)])
    stranger = connect(port)
    stranger.sendall(hello(job=hash_of(b""), rank=7))
    fail(job, "says that it is rank 7")
    # As a rank it is trusted, until it makes no sense.
    port = free_port()
    job = start(3, [named(0, 3, port)])
    stranger = connect(port)
    stranger.sendall(hello(job=hash_of(b""), size=3) + b"x" * 1000)
    fail(job, r"lost rank 1 \(what it sent makes no sense\) before all had met")


def another_job():
    port = free_port()
    own = start(2, [named(0, 2, port, COMMUTER_JOB_ID="a")])
    fail(start(2, [named(1, 2, port, COMMUTER_JOB_ID="b")]),
         "rank 0 turned this process away, since it is of another job")
    succeed(own + start(2, [named(1, 2, port, COMMUTER_JOB_ID="a")]))
    own = start(2, [named(0, 2, port, COMMUTER_JOB_ID="a")], 3000)
    fail(start(2, [named(1, 2, port, COMMUTER_JOB_ID="b")]), "turned this process")
    fail(own, "rank 1 did not come .* [(]turned away: .* another job")


def stranger_for_rank_0():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        job = start(2, [named(1, 2, port)])
        connection, _ = other.accept()
        connection.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
        fail(job, f"127.0.0.1:{port}: what answers there is no rank 0")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        job = start(2, [named(1, 2, port)], 1000)
        fail(job, f"127.0.0.1:{port}: rank 0 did not answer within 1000 ms", 2)


CASES = (names_of_launchers, order_of_names, torchrun, one_process,
         address_families, late_rank_0, environments, port_in_use, another_size,
         two_of_one_rank, missing_ranks, missing_for_those_who_came_first,
         missing_rank_0, killed_while_waiting, strangers, strangers_claims,
         another_job, stranger_for_rank_0)

with tempfile.NamedTemporaryFile("w", suffix=".mlir") as file:
    program = file.name
    file.write(PROGRAM)
    file.flush()
    bad = 0
    wanted = sys.argv[2:]
    for case in (launcher,) if wanted[:1] == ["--launcher"] else CASES:
        if wanted and case is not launcher and case.__name__ not in wanted:
            continue
        try:
            case()
        except AssertionError as error:
            bad += 1
            print(f"{case.__name__}: {error}", flush=True)
print(f"{bad} cases failed" if bad else "all cases ended as they should")
# Threads of processes that were not waited for must not keep this one.
sys.stdout.flush()
os._exit(1 if bad else 0)
