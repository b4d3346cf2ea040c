"""Bits of the state flip while the daemon is stopped. It either refuses to start, in a clear line and with 65, or it
runs and tells what is damaged. Never are there fewer items than before without a word, never another text.
"""
import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor

import oracle
from stage import Outcome, Stage, Violation

SIDE_BY_SIDE = 3
ITEMS = 400
REFUSED = 65  # EX_DATAERR
FAILED = 74  # EX_IOERR: met while it ran
FLIPS = (1, 1, 3, 20)
DRAIN_S = 30


def make_state(options, journal):
    """A state of ITEMS items of which some are done, and what a sink holds of them. With a journal: as a kill leaves it."""
    stage = Stage("bits-base", options.seed)
    stage.up()
    for _ in range(ITEMS // 40):
        stage.offer(40)
    stage.until(lambda q: q["accepted"] >= ITEMS)
    stage.hire()
    stage.until(lambda q: q["done"] >= 50)
    stage.stop_well()  # the worker gives back what it did not begin
    stage.up()  # once more, so that tables of two lives are there
    stage.stop_well()
    if journal:  # and what the database has not got yet
        stage.up()
        stage.offer(40)
        stage.until(lambda q: q["accepted"] >= len(stage.offered))
        stage.kill(stage.daemon_process)
    return stage


def flip(path, moments):
    """One file, some bits; what was done."""
    names = sorted(n for n in os.listdir(path) if os.path.isfile(os.path.join(path, n)) and n not in ("LOCK", "IDENTITY")
                   and not n.startswith("LOG") and os.path.getsize(os.path.join(path, n)))
    name, count = moments.choice(names), moments.choice(FLIPS)
    with open(os.path.join(path, name), "r+b") as f:
        size = f.seek(0, 2)
        for _ in range(count):
            at = moments.randrange(size)
            f.seek(at)
            byte = f.read(1)[0]
            f.seek(at)
            f.write(bytes([byte ^ 1 << moments.randrange(8)]))
    return "%d bits of %s" % (count, name)


def log_of(process):
    with open(process.log, errors="replace") as f:
        return f.read()


def tells(process):
    """An error, or a warning, about the state."""
    return any(line.startswith(("<3>", "<4>")) and ("store:" in line or "pipeline:" in line or "state" in line)
               for line in log_of(process).splitlines())


def ended(stage, process):
    """The daemon stopped by itself: in a clear line, by a status of its own."""
    stage.expected.add(process)
    if process.returncode not in (REFUSED, FAILED) or not tells(process):
        raise Violation("ended with %d: %s" % (process.returncode, stage.tail(process)))
    return "refused" if process.returncode == REFUSED else "failed"


def drain(stage, process):
    """Until all that it knows of is done or dead, or it ends."""
    end = time.monotonic() + DRAIN_S
    while process.poll() is None:
        q = stage.sample()
        if q and q["done"] + q["dead"] == q["accepted"]:
            return
        if q and q["delayed"] and not q["ready"] and not q["leased"] and tells(process):
            return  # what cannot be read is tried again and again, and said so
        if time.monotonic() > end:
            raise Violation("stands still: %s, log: %s" % (q, stage.tail(process)))
        time.sleep(0.05)


def one(base, n, seed):
    with Stage("bits-%d" % n, "%s %d" % (seed, n)) as stage:
        shutil.copytree(base.state, stage.state)
        shutil.copy(os.path.join(base.folder, "records.db"), stage.folder)
        shutil.copy(os.path.join(base.folder, "records.jsonl"), stage.folder)
        did = flip(stage.state, stage.random)
        stage.configure([])  # nobody offers again what was lost
        try:
            process = stage.up(ready=False)
            try:
                stage.wait_ready()
                stage.hire()
                drain(stage, process)
            except Violation:
                if process.poll() is None:
                    raise
            if process.poll() is not None:
                return ended(stage, process)
            return weigh(base, stage, process)
        except Violation as violation:
            raise Violation("%s: %s" % (did, violation)) from None


def weigh(base, stage, process):
    """It ran to the end: what is there?"""
    offered = set(base.offered)
    evidence = oracle.Evidence(offered=offered, accepted=offered, sinks={"sqlite": stage.sqlite_records(), "jsonl": stage.lines()},
                               dead=stage.dead(), samples=stage.samples, alerts=stage.alerts())
    wrong = oracle.judge(evidence)
    told = tells(process)
    silent = [w for w in wrong if not (w.startswith("I1") and told)]
    if silent:
        raise Violation("; ".join(silent) + "; log: " + stage.tail(process))
    return "told" if told else "harmless"


def run(options):
    rounds = 8 if options.quick else 80
    outcome, wrong, ends = Outcome("bit flips"), [], {}
    for journal in (False, True):
        with make_state(options, journal) as base, ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            outcome.acked += len(base.offered) * rounds // 2
            for n, future in [(n, pool.submit(one, base, n, "%s %s" % (options.seed, journal))) for n in range(rounds // 2)]:
                try:
                    how = future.result()
                    ends[how] = ends.get(how, 0) + 1
                    outcome.rounds += 1
                except Violation as violation:
                    wrong.append("%s, round %d: %s" % ("journal" if journal else "tables", n, violation))
    if wrong:
        raise Violation("\n  ".join(wrong))
    outcome.note = ", ".join("%d %s" % (n, how) for how, n in sorted(ends.items()))
    return outcome
