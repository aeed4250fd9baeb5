"""Runs the commands of sections of docs/integration.md, as a reader would: in a
directory of its own, which has the checkout's directories. A block whose first line
is a comment with a path is a file. Prints each command and what it says, and ends
with the first that fails.

usage: integration-doc.py PAGE SOURCE_DIR BUILD_DIR MLIR_OPT [--move] [SECTION...]
  --move   moves what the first command that uses $PREFIX puts there, before the next
           commands
  SECTION  by title; none: those that do not need $PREFIX
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile


def run(command, directory, environment):
    print(f"$ {command}", flush=True)
    done = subprocess.run(["bash", "-euc", command], cwd=directory, env=environment,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(done.stdout, flush=True)
    if done.returncode:
        sys.exit(f"exit status {done.returncode}: {command}")


def split_commands(block):
    """One a line, except for here-documents."""
    return re.findall(r"^(?:.*<<'END'\n(?:.*\n)*?END|.+)$", block, re.M)


def main(page, source, build, mlir_opt, *sections):
    os.nice(19)  # tests that measure times go first
    move = "--move" in sections
    wanted = [s for s in sections if s != "--move"]
    parts = re.split(r"^## ", open(page).read(), flags=re.M)
    titles = [part.split("\n")[0] for part in parts[1:]]
    assert set(wanted) <= set(titles), (wanted, titles)
    # Not under the source tree: what builds here must not find anything there.
    directory = tempfile.mkdtemp(prefix="commuter-")
    try:
        tools = os.path.join(directory, "tools")
        os.mkdir(tools)
        os.symlink(mlir_opt, os.path.join(tools, "mlir-opt-22"))
        os.symlink(build, os.path.join(directory, "build"))
        os.symlink(os.path.join(source, "examples"), os.path.join(directory, "examples"))
        environment = dict(os.environ, PATH=tools + os.pathsep + os.environ["PATH"],
                           PREFIX=os.path.join(directory, "installed"))
        if shutil.which("ccache"):
            environment.update(CMAKE_C_COMPILER_LAUNCHER="ccache", CMAKE_CXX_COMPILER_LAUNCHER="ccache",
                               CCACHE_BASEDIR=directory, CCACHE_NOHASHDIR="1")
        for title, part in zip([""] + titles, parts):
            isWanted = title in wanted if wanted else "$PREFIX" not in part
            for kind, block in re.findall(r"^```(\w+)\n(.*?)^```", part, re.M | re.S):
                path = re.match(r"(?://|#) ([\w/.-]+)\n", block)
                if path and "." in path[1]:
                    path = os.path.join(directory, path[1])
                    os.makedirs(os.path.dirname(path), exist_ok=True)
                    open(path, "w").write(block)
                elif kind == "sh" and isWanted:
                    for command in split_commands(block):
                        run(command, directory, environment)
                        if move and "$PREFIX" in command:
                            moved = os.path.join(directory, "moved")
                            os.rename(environment["PREFIX"], moved)
                            environment["PREFIX"] = moved
                            move = False
    finally:
        shutil.rmtree(directory)


main(*sys.argv[1:])
