#!/usr/bin/env python3
"""What run.sh needs besides the shell: measures commands, compares trees, prints the table.

    measure.py run RESULTS SIZE NAME -- COMMAND...   runs it, output dropped, and notes wall, CPU and peak memory
    measure.py files DIR                             what every file below DIR is: inode, change time, size
    measure.py table RESULTS PEOPLE                  the figures, and their ratios; PEOPLE: how many useradd made
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

MIB = 1024 * 1024
READ = ["ldapsearch people", "ldapsearch groups"]
FIRST = {source: [f"{source} first"] for source in ["file", "slapd"]}
SECOND = {source: [f"{source} second"] for source in ["file", "slapd"]}
UNMOVED = {source: [f"{source} unmoved"] for source in ["file", "slapd"]}
SAME = ["slapd same"]
TEN = ["slapd ten"]


def run(results, size, name, command):
    """Notes how long a command and all it starts take, and how much memory the largest of them has at most."""
    with open(results + ".log", "ab") as log:
        begin = time.monotonic()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - begin
    if status != 0:
        sys.exit(f"{' '.join(command)}: status {status}; what it said is in {results}.log")
    # The kernel counts KiB here.
    row = {"size": int(size), "name": name, "wall": wall, "cpu": usage.ru_utime + usage.ru_stime}
    with open(results, "a", encoding="utf-8") as file:
        print(json.dumps({**row, "peak": usage.ru_maxrss * 1024}), file=file)


def files(root):
    for path in sorted(pathlib.Path(root).rglob("*")):
        info = path.lstat()
        # What saves the next run its reading.
        if path.suffix in (".stamp", ".reading"):
            continue
        # Who holds the lock and how each run ended: the directory in which that is replaced is changed by it, too.
        if path.is_dir() or path.name in ("lock", "last-runs.json"):
            print(path)
        else:
            print(path, info.st_ino, info.st_mtime_ns, info.st_ctime_ns, info.st_size)


class Figures:
    """All rows of a size; each figure is the median of its runs."""

    def __init__(self, rows):
        self.rows = rows

    def runs(self, names, key):
        """Per run, the sum over some commands that belong together."""
        columns = [[row[key] for row in self.rows if row["name"] == name] for name in names]
        return [sum(run) for run in zip(*columns)] if all(columns) else []

    def median(self, names, key):
        return statistics.median(self.runs(names, key))

    def peak(self, names):
        return max(row["peak"] for row in self.rows if row["name"] in names)

    def has(self, names):
        return bool(self.runs(names, "wall"))

    def ratio(self, names, beside, key="wall"):
        """Run by run, then the median: what slows a whole run down changes no ratio."""
        pairs = zip(self.runs(names, key), self.runs(beside, key))
        return statistics.median(a / b for a, b in pairs)


def table(results, people):
    with open(results, encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    sizes = sorted({row["size"] for row in rows})
    everything = {size: Figures([row for row in rows if row["size"] == size]) for size in sizes}
    head = ["people", "what", "wall s", "min-max", "CPU s", "MiB", "us/person", "wall x ldapsearch", "CPU x"]
    lines = [head]
    for size, figures in everything.items():
        for what, names in parts():
            if not figures.has(names):
                continue
            walls = figures.runs(names, "wall")
            compared = figures.has(READ) and "useradd" not in what
            ratios = [f"{figures.ratio(names, READ, key):.2f}" if compared else "" for key in ["wall", "cpu"]]
            lines.append([
                str(size),
                what,
                f"{figures.median(names, 'wall'):.3f}",
                f"{min(walls):.3f}-{max(walls):.3f}",
                f"{figures.median(names, 'cpu'):.3f}",
                f"{figures.peak(names) / MIB:.0f}",
                f"{figures.median(names, 'wall') / (int(people) if 'useradd' in what else size) * 1e6:.0f}",
                *ratios,
            ])
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    for line in lines:
        cells = [cell.ljust(width) if i == 1 else cell.rjust(width) for i, (cell, width) in enumerate(zip(line, widths))]
        print("  ".join(cells).rstrip())
    summary(everything)


def parts():
    """The lines of the table, and the commands that each is the sum of."""
    yield "ldapsearch, people and groups", READ
    for source in ["file", "slapd"]:
        yield f"first sync from {source}", FIRST[source]
        yield f"second sync from {source}, --full", SECOND[source]
        yield f"nothing has moved, {source}", UNMOVED[source]
    yield "read, and as it was, slapd", SAME
    yield "ten changes, slapd", TEN
    yield "first sync from file: users with keys", ["keys first users"]
    yield "second sync from file: users with keys", ["keys second users"]
    yield "useradd in a loop", ["useradd"]
    yield "the same people by gosync", ["instead of useradd"]


def summary(everything):
    print()
    for size, figures in everything.items():
        if figures.has(FIRST["slapd"]) and figures.has(READ):
            both = [figures.ratio(names["slapd"], READ, "cpu") for names in [FIRST, SECOND, UNMOVED]]
            first, second, unmoved = both
            print(f"{size}: CPU from slapd {first:.2f} times ldapsearch, again {second:.2f}, where nothing has moved {unmoved:.3f}")
        if figures.has(["useradd"]):
            ratio = figures.ratio(["useradd"], ["instead of useradd"])
            print(f"{size}: useradd in a loop takes {ratio:.0f} times as long as gosync")
    for small, large in zip(list(everything), list(everything)[1:]):
        for source in ["file", "slapd"]:
            if everything[small].has(FIRST[source]) and everything[large].has(FIRST[source]):
                a, b = (everything[size].median(FIRST[source], "wall") for size in (small, large))
                print(f"{small} to {large} from {source}: {large / small:.0f} times the people take {b / a:.1f} times as long")


def main():
    match sys.argv[1:]:
        case ["run", results, size, name, "--", *command] if command:
            run(results, size, name, command)
        case ["files", root]:
            files(root)
        case ["table", results, people]:
            table(results, people)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
