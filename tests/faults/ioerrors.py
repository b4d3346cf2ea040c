"""Writing to the state fails (faultio.so): EIO, once or for good, half a write, a kill between write and sync.

The daemon has to stop acknowledging, say so, and end within bounds by a status of its own; after a start without
the fault all invariants hold.
"""
import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor

from stage import FAULTS_BIN, Outcome, Stage, Violation

SIDE_BY_SIDE = 4
STRIKE_S = 30
END_S = 20
ENDS = (65, 73, 74, 75)  # EX_DATAERR, EX_CANTCREAT, EX_IOERR, EX_TEMPFAIL
LOG, MANIFEST = ".journal", "/state/MANIFEST"

QUICK = [("sync", "eio", 6, LOG), ("sync", "once", 9, LOG), ("write", "eio", 12, LOG), ("write", "short", 15, LOG),
         ("sync", "kill", 8, LOG), ("write", "kill", 20, LOG)]


def whole(moments):
    for call, action in (("sync", "eio"), ("sync", "once"), ("sync", "kill"), ("write", "eio"), ("write", "once"),
                         ("write", "short"), ("write", "kill")):
        for _ in range(8):
            yield call, action, moments.randrange(1, 60), LOG
    for call in ("sync", "write"):
        for nth in (1, 2):
            yield call, "eio", nth, MANIFEST


def wait_for_strike(stage, struck):
    end = time.monotonic() + STRIKE_S
    while not os.path.exists(struck) and stage.daemon_process.poll() is None:
        stage.sample()
        stage.offer(5)
        if time.monotonic() > end:
            break
    if not os.path.exists(struck):
        raise Violation("never struck: %s" % stage.tail(stage.daemon_process))


def ends(stage, action):
    """It has to end by itself, and to acknowledge nothing until then."""
    process, end = stage.daemon_process, time.monotonic() + END_S
    while process.poll() is None:
        stage.sample()
        if time.monotonic() > end:
            raise Violation("still runs %d s after its state failed: %s" % (END_S, stage.tail(process)))
        time.sleep(0.01)
    stage.expected.add(process)
    wanted = (-signal.SIGKILL,) if action == "kill" else ENDS
    if process.returncode not in wanted:
        raise Violation("ended with %d: %s" % (process.returncode, stage.tail(process)))
    if action != "kill" and "<3>" not in open(process.log, errors="replace").read():
        raise Violation("said nothing of it: %s" % stage.tail(process))


def one(call, action, nth, part, seed):
    name = "%s-%s-%d" % (call, action, nth)
    with Stage("io-" + name, seed) as stage:
        struck = os.path.join(stage.folder, "struck")
        stage.hire()
        stage.offer(40)
        stage.up(ready=False, env={
            "LD_PRELOAD": os.path.join(FAULTS_BIN, "faultio.so"), "FAULTIO_IN": "datelined", "FAULTIO_SAY": struck,
            "FAULTIO": "%s:%s:%d:%s" % (call, action, nth, part)})
        wait_for_strike(stage, struck)
        ends(stage, action)
        met = stage.last or {"accepted": 0, "leased": 0}
        stage.in_flight += len(stage.offered)
        stage.up()
        stage.judge()
        stage.stop_well()
        return met


def run(options):
    jobs = QUICK if options.quick else QUICK + list(whole(random.Random(options.seed)))
    outcome, wrong = Outcome("write and sync errors"), []
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        futures = [(job, pool.submit(one, *job, options.seed)) for job in jobs]
        for job, future in futures:
            try:
                outcome.met(future.result())
                outcome.rounds += 1
            except Violation as violation:
                wrong.append("%s:%s:%d:%s: %s" % (*job, violation))
    if wrong:
        raise Violation("\n  ".join(wrong))
    return outcome
