"""Allocations fail (failmalloc.so), the n-th alone or all from the n-th on.

What decodes messages, settings and documents either ends as it would, or by the one abort that says "out of memory";
nothing else. (A library in C++ aborts by std::bad_alloc.) The store may die by any abort of RocksDB's, but what it told durable is there afterwards, and the
state opens.
"""
import glob
import os
import random
import signal
import subprocess
import tempfile

from conftest import ROOT
from stage import FAULTS_BIN, Outcome, Violation

READERS = {"over_wire": "tests/cases/wire/*/input*", "over_config": "tests/cases/config/*/input*",
           "over_feeds": "tests/cases/feeds/*/input*"}
SHIM = os.path.join(FAULTS_BIN, "failmalloc.so")
OUT_OF_MEMORY = (b": out of memory", b"bad_alloc")  # ours, and what C++ inside a library says
ROWS = 300
WRITING = 20000  # allocations that some hundred rows take


def environment(n, sticky, count=None):
    plan = {"LD_PRELOAD": SHIM}
    if n:
        plan["FAIL_AT"] = str(n)
    if sticky:
        plan["FAIL_STICKY"] = "1"
    if count:
        plan["FAIL_COUNT"] = count
    return {**os.environ, **plan}


def read_files(program, files, n, sticky, count=None):
    return subprocess.run([os.path.join(FAULTS_BIN, program), *files], env=environment(n, sticky, count),
                          capture_output=True, timeout=60)


def allocations(program, files):
    with tempfile.NamedTemporaryFile() as count:
        if read_files(program, files, 0, False, count.name).returncode != 0:
            raise Violation("%s fails without a fault" % program)
        return int(open(count.name).read())


def reader(program, files, tries, moments, wrong):
    total = allocations(program, files)
    chosen = range(1, total + 1) if tries >= total else sorted(moments.sample(range(1, total + 1), tries))
    for n in chosen:
        for sticky in (False, True):
            done = read_files(program, files, n, sticky)
            aborted = done.returncode == -signal.SIGABRT and any(words in done.stderr for words in OUT_OF_MEMORY)
            if done.returncode != 0 and not aborted:
                wrong.append("%s, allocation %d of %d%s: ended with %d: %s" % (
                    program, n, total, " and all after it" if sticky else "", done.returncode,
                    done.stderr.decode(errors="replace")[-200:]))
    return 2 * len(chosen)


def write_rows(state, n, sticky):
    """(the last row told durable, exit status or None when it was stopped, what it said)"""
    child = subprocess.Popen([os.path.join(FAULTS_BIN, "store_kill"), "child", state], env=environment(n, sticky),
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    last = 0
    while last < ROWS and (told := child.stdout.read(8)):
        last = int.from_bytes(told, "little")
    ended = child.poll() if last >= ROWS else child.wait(30)
    child.kill()
    rest, said = child.communicate()
    if len(rest) >= 8:
        last = int.from_bytes(rest[len(rest) // 8 * 8 - 8:len(rest) // 8 * 8], "little")
    return last, ended, said.decode(errors="replace")


def opening():
    """Allocations of opening a store that is not there yet, and of closing it."""
    with tempfile.TemporaryDirectory(prefix="dateline-fault-store-") as folder:
        count = os.path.join(folder, "count")
        subprocess.run([os.path.join(FAULTS_BIN, "store_kill"), "judge", os.path.join(folder, "state"), "0"],
                       env=environment(0, False, count), capture_output=True, check=True)
        return int(open(count).read())


def store(tries, moments, outcome, wrong):
    """One third of the failures while it opens, the others while it writes."""
    opens = opening()
    for i in range(tries):
        n = moments.randrange(1, opens) if i % 3 == 0 else opens + moments.randrange(WRITING)
        sticky = moments.random() < 0.5
        with tempfile.TemporaryDirectory(prefix="dateline-fault-store-") as folder:
            state = os.path.join(folder, "state")
            last, ended, said = write_rows(state, n, sticky)
            what = "store, allocation %d%s" % (n, " and all after it" if sticky else "")
            if ended not in (None, -signal.SIGABRT, 1, 2):
                wrong.append("%s: ended with %s: %s" % (what, ended, said[-200:]))
            judged = subprocess.run([os.path.join(FAULTS_BIN, "store_kill"), "judge", state, str(last)], capture_output=True)
            if judged.returncode != 0:
                wrong.append("%s: afterwards %s" % (what, judged.stderr.decode(errors="replace")[-200:]))
            outcome.acked += last
    if outcome.acked < tries * 10:
        wrong.append("store: only %d rows were told in %d rounds, this run proves nothing" % (outcome.acked, tries))


def run(options):
    moments, wrong, outcomes = random.Random(options.seed), [], []
    for program, pattern in READERS.items():
        files = sorted(f for f in glob.glob(os.path.join(ROOT, pattern)) if os.path.getsize(f) < 1 << 16)
        if not files:
            raise Violation("no files for %s" % program)
        outcome = Outcome("failing malloc, " + program[5:])
        outcome.rounds = reader(program, files, 25 if options.quick else 600, moments, wrong)
        outcomes.append(outcome)
    outcomes.append(Outcome("failing malloc, store"))
    outcomes[-1].rounds = 12 if options.quick else 150
    store(outcomes[-1].rounds, moments, outcomes[-1], wrong)
    if wrong:
        raise Violation("%d of them\n  %s" % (len(wrong), "\n  ".join(wrong[:20])))
    return outcomes
