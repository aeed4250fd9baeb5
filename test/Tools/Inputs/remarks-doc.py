"""Runs the programs of docs/remarks.md. The first line of each says what the pass
reports: `// Stays: REASON.`, perhaps `Moves with OPTION.`, or `// Moves.`

usage: remarks-doc.py PAGE HEADER COMMUTER_OPT...
"""

import re
import subprocess
import sys


def get_verdicts(tool, program, options=""):
    """What the pass says of each op that is worth moving."""
    done = subprocess.run(
        tool + ["-", f"--dist-commute-norms={options}" if options else "--dist-commute-norms",
         "--remark-format=emitRemark", "--remarks-filter=dist", "-o", "-"],
        input=program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0, f"{done.stderr}\n{program}"
    found = []
    for line in done.stderr.splitlines():
        if "[Passed]" in line:
            found.append("moves")
        elif "[Missed]" in line:
            found.append(re.search(r"Reason=([a-z-]+)", line).group(1))
    # A norm that moved is in front of a gather.
    moved = re.search(r"(norm\.\w+) .*\n(.*\n)*?.*dist\.all_gather", done.stdout)
    assert found != ["moves"] or moved, done.stdout
    return found


def main(page, header, *tool):
    page, header = open(page).read(), open(header).read()
    reasons = re.findall(r'StringLiteral k\w+ =\s*"([a-z-]+)"', header)
    rows = re.findall(r"^\| `([a-z-]+)` \|", page, re.M)
    assert len(reasons) > 10 and sorted(rows) == sorted(reasons), (rows, reasons)

    sections = re.split(r"^## ", page, flags=re.M)[1:]
    count = 0
    for section in sections:
        title = section.split("\n")[0]
        programs = re.findall(r"^```mlir\n(.*?)^```", section, re.M | re.S)
        stays = moves = 0
        for program in programs:
            line = program.split("\n")[0]
            said = re.fullmatch(r"// (?:Stays: ([a-z-]+)\.|Moves\.)(?: Moves with ([a-z=-]+)\.)?", line)
            assert said, f"{title}: what is {line!r}?"
            reason, option = said.groups()
            assert reason in (None, title), f"{title}: {line}"
            found = get_verdicts(list(tool), program)
            assert found == [reason or "moves"], f"{title}: expected {line!r}, found {found}\n{program}"
            if option:
                found = get_verdicts(list(tool), program, option)
                assert found == ["moves"], f"{title}: with {option} found {found}\n{program}"
            stays += reason is not None
            moves += reason is None or option is not None
            count += 1
        assert stays and moves, f"{title}: a program that stays, and one that moves"
    assert sorted(s.split("\n")[0] for s in sections) == sorted(reasons)
    print(f"{count} programs, {len(reasons)} reasons")


main(*sys.argv[1:])
