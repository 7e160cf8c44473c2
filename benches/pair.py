#!/usr/bin/env python3
"""Measures commands for compare.sh: interleaved pairs, peak memory, and whether the answer is right.

Standard library only. A wrong answer ends the program with status 1: a fast wrong answer is no result.
"""

import argparse
import json
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

SAMPLE_EVERY_S = 0.004


@dataclass
class Run:
    """One process from start to end."""

    wall_s: float
    cpu_s: float
    peak_rss_bytes: int
    status: int
    stdout: str


def run(command: str, leftover: Path | None = None) -> Run:
    """Runs a command; its children count where it waited for them. What an earlier run left is removed first."""
    if leftover:
        shutil.rmtree(leftover, ignore_errors=True)
    with tempfile.TemporaryFile() as out:
        start = time.perf_counter()
        process = subprocess.Popen(shlex.split(command), stdin=subprocess.DEVNULL, stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read().decode(errors="replace")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, process.returncode, text)


def peak_anonymous_bytes(command: str) -> tuple[int, Run]:
    """Runs a command once more and watches its anonymous memory, which rusage does not tell apart from mapped files.

    It is sampled, so a peak of less than a few milliseconds can be missed.
    """
    start = time.perf_counter()
    process = subprocess.Popen(shlex.split(command), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    peak = 0
    with open(f"/proc/{process.pid}/status", "rb", buffering=0) as status_file:
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            try:
                status_file.seek(0)
                for line in status_file.read(8192).splitlines():
                    if line.startswith(b"RssAnon:"):
                        peak = max(peak, int(line.split()[1]) * 1024)
            except ProcessLookupError:
                pass
            time.sleep(SAMPLE_EVERY_S)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - start
    return peak, Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, process.returncode, "")


def fail(message: str) -> None:
    """Ends the program aloud."""
    print(f"WRONG: {message}", file=sys.stderr)
    sys.exit(1)


def check_case(label: str, done: Run, case: Path, truth: dict) -> str:
    """Compares the case with the truth.

    Some generated lines only quote a record. Those that quote an operation too may be kept, all or none of them.
    """
    if done.status != 0:
        fail(f"{label}: ended with status {done.status}")
    totals = json.loads((case / "case.json").read_text())["totals"]
    found = {verdict.upper(): count for verdict, count in totals["events_by_verdict"].items() if count}
    genuine, record_like = truth["by_verdict"], truth["record_like_by_verdict"]
    both = {verdict: genuine.get(verdict, 0) + record_like.get(verdict, 0) for verdict in {**genuine, **record_like}}
    for expected, word in ((genuine, "exact"), (both, "exact, with quoted records")):
        if found == expected and totals["records"] == sum(expected.values()):
            return word
    fail(
        f"{label}: found {totals['records']} records, {found}; the truth is {genuine}, "
        f"and {record_like} that only quote a record"
    )
    return ""


def check_count(label: str, done: Run, truth: dict) -> str:
    """A searching peer counts quoted records as well."""
    counts = [int(line.rsplit(":", 1)[-1]) for line in done.stdout.split()]
    if sum(counts) != truth["records"] + truth["decoys"]:
        fail(f"{label}: the peer counted {sum(counts)}, not {truth['records']} + {truth['decoys']}")
    return "counts"


def check_digest(label: str, done: Run, case: Path) -> None:
    """The digest that a hashing peer printed must stand in the case."""
    digest = done.stdout.split()[-1]
    if digest not in (case / "case.json").read_text():
        fail(f"{label}: the case does not hold the digest {digest}")


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.3f} ({min(values):.3f}–{max(values):.3f})"


def pair(options: argparse.Namespace) -> None:
    """Prints one row: ours, the peer, and their ratio."""
    truth = json.loads(options.truth.read_text())
    ours, peers = [], []
    answer = ""
    for number in range(options.runs + 1):
        mine, other = run(options.ours, options.case), run(options.peer)
        if other.status != 0:
            fail(f"{options.label}: the peer ended with status {other.status}")
        answer = check_case(options.label, mine, options.case, truth)
        if options.peer_answer == "count":
            check_count(options.label, other, truth)
        else:
            check_digest(options.label, other, options.case)
        if number > 0:  # the first pair warms
            ours.append(mine)
            peers.append(other)
    walls, peer_walls = [one.wall_s for one in ours], [one.wall_s for one in peers]
    of_medians = statistics.median(walls) / statistics.median(peer_walls)
    of_pairs = statistics.median(mine / other for mine, other in zip(walls, peer_walls))
    peak = max(one.peak_rss_bytes for one in ours) / 2**20
    verdict = "reached" if of_medians <= options.limit else "**not reached**"
    print(
        f"| {options.label} | {spread(walls)} | {spread(peer_walls)} | {of_medians:.2f} | {of_pairs:.2f} "
        f"| ≤ {options.limit:.2f} {verdict} | {statistics.median(one.cpu_s for one in ours):.2f} "
        f"/ {statistics.median(one.cpu_s for one in peers):.2f} | {peak:.0f} | {answer} |"
    )


def memory(options: argparse.Namespace) -> None:
    """Prints one row: peak anonymous memory of ours."""
    truth = json.loads(options.truth.read_text())
    peak, done = peak_anonymous_bytes(options.ours)
    answer = check_case(options.label, done, options.case, truth)
    limit = options.limit * 2**20
    verdict = "reached" if peak <= limit else "**not reached**"
    print(
        f"| {options.label} | {truth['bytes'] / 1e6:.0f} | {truth['records']:,} | {peak / 2**20:.0f} "
        f"| {done.peak_rss_bytes / 2**20:.0f} | ≤ {options.limit:.0f} {verdict} | {done.wall_s:.2f} | {answer} |"
    )


def single(options: argparse.Namespace) -> None:
    """Prints one row: time and memory of ours for one size."""
    truth = json.loads(options.truth.read_text())
    runs = []
    answer = ""
    for number in range(options.runs + 1):
        done = run(options.ours, options.case)
        answer = check_case(options.label, done, options.case, truth)
        if number > 0:
            runs.append(done)
    peak, _ = peak_anonymous_bytes(options.ours)
    walls = [one.wall_s for one in runs]
    middle = statistics.median(walls)
    print(
        f"| {options.label} | {truth['bytes'] / 1e6:.0f} | {spread(walls)} | {truth['bytes'] / 1e6 / middle:.0f} "
        f"| {middle / truth['bytes'] * 1e9:.3f} | {peak / 2**20:.0f} | {answer} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    kinds = parser.add_subparsers(required=True)
    for name, action in (("pair", pair), ("memory", memory), ("single", single)):
        kind = kinds.add_parser(name, help=action.__doc__)
        kind.set_defaults(action=action)
        kind.add_argument("--label", required=True)
        kind.add_argument("--ours", required=True, help="the command, as a shell would split it")
        kind.add_argument("--case", required=True, type=Path, help="the case that it writes")
        kind.add_argument("--truth", required=True, type=Path)
        if name != "single":
            kind.add_argument("--limit", required=True, type=float)
        if name != "memory":
            kind.add_argument("--runs", type=int, default=7)
        if name == "pair":
            kind.add_argument("--peer", required=True)
            kind.add_argument("--peer-answer", choices=("count", "digest"), default="count")
    options = parser.parse_args()
    options.action(options)


if __name__ == "__main__":
    main()
