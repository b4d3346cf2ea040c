"""What bench/feeds and bench/articles share: running a *_rate program (see rate.h) and its table."""
import json
import os
import shutil
import statistics
import subprocess
import tempfile
from contextlib import contextmanager

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


@contextmanager
def folder():
    path = tempfile.mkdtemp(prefix="dateline-bench-", dir="/tmp")
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def add_options(parser, rounds):
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--bin", default=os.path.join(ROOT, "build", "release"))


class Rate:
    """Medians of the rounds, for `child`, `here` and `floor`: seconds, cpu, items."""

    def __init__(self, program, paths, options):
        command = [os.path.join(os.path.abspath(options.bin), program), str(options.rounds)]
        said = json.loads(subprocess.run(command + paths, stdout=subprocess.PIPE, text=True, check=True).stdout)
        self.bytes, self.documents, self.rounds = said["bytes"], said["documents"], said["rounds"]

    def median(self, name, what):
        return statistics.median(r[name][what] for r in self.rounds)

    def items(self, name):
        return self.rounds[0][name]["items"]

    def ratio(self, name):
        """How many times as fast as the floor, by processor time: what else runs on the machine hardly shows."""
        return self.median("floor", "cpu") / self.median(name, "cpu")


def print_table(rate, counted, count, rows, peers=()):
    """`count` of what is `counted`. rows: (name of a run, label); peers: (label, processor seconds)."""
    print("%-36s %9s %11s %9s %9s" % ("", "MB/s", counted + "/s", "alone", "/ floor"))
    for name, label in rows:
        seconds, cpu = rate.median(name, "seconds"), rate.median(name, "cpu")
        print("%-36s %9.0f %11.0f %9.0f %9.2f" % (label, rate.bytes / 1e6 / cpu, count / seconds, count / cpu, rate.ratio(name)))
    for label, cpu in peers:
        print("%-36s %9.1f %11s %9.0f %9.2f" % (label, rate.bytes / 1e6 / cpu, "", count / cpu, rate.median("floor", "cpu") / cpu))


def missed(targets):
    """targets: (what, got, wanted). Prints those that were missed; the exit status."""
    short = [t for t in targets if t[1] < t[2]]
    for what, got, wanted in short:
        print("missed: %s %.2f, target %.2f" % (what, got, wanted))
    return 1 if short else 0
