"""Every crash point of base/crash.h: the program ends itself there for the n-th time, is started again, and goes on.

Fails on a point that is never reached, and on one that stands in the list or in the sources alone.
"""
import glob
import os
import re
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

from conftest import ROOT
from stage import FAULTS_BIN, Outcome, Stage, Violation

SIDE_BY_SIDE = 4  # they wait for leases and reconnections most of the time
FILES, ITEMS = 3, 80  # more than a message to a worker holds
REACH_S = 30
PUSHED = ("pushed", "before-taken", "taken-sent")
MIGRATION = ("migration-begun", "rows-migrated", "migrated")  # reached once in a life
OLD_ITEMS = 5000  # more than a batch of a migration


def listed():
    """[(name, program)] of base/crash.h."""
    with open(os.path.join(ROOT, "base", "crash.h")) as f:
        return re.findall(r'X\("([a-z-]+)", "([a-z-]+)",', f.read())


def in_sources():
    names = set()
    for folder in ("daemon", "workers", "proto"):
        for path in glob.glob(os.path.join(ROOT, folder, "**", "*.c"), recursive=True):
            with open(path, errors="replace") as f:
                names |= set(re.findall(r'CRASH_POINT\("([a-z-]+)"\)', f.read()))
    return names


def check_list(points):
    names = {name for name, _ in points}
    if alone := sorted(names ^ in_sources()):
        raise Violation("in base/crash.h or in the sources alone: %s" % ", ".join(alone))


def wait_for_crash(stage, process, point):
    """Offers more until it is reached."""
    end = time.monotonic() + REACH_S
    while process.poll() is None:
        try:
            stage.until(lambda _: process.poll() is not None, 1, step=0.01)
        except Violation:
            stage.offer(ITEMS)
            stimulate(stage, point)
        if time.monotonic() > end:
            raise Violation("%s was never reached" % point)
    if process.returncode != -signal.SIGKILL:
        raise Violation("%s: ended with %d: %s" % (point, process.returncode, stage.tail(process)))
    stage.expected.add(process)


def stimulate(stage, point):
    """What has to be asked for."""
    if point.startswith("backup-"):
        stage.ask_control({"do": "backup", "dir": os.path.join(stage.folder, "backup")})


def one(point, program, nth, seed):
    """What it met when it crashed."""
    with Stage("point-%s-%d" % (point, nth), seed, bin=FAULTS_BIN) as stage:
        plan = {"DATELINE_CRASH_AT": "%s:%d" % (point, nth)}
        if point == "fetched":
            stage.serve()
        if program == "datelined":
            stage.up(env=plan, ready=False)  # it may crash before it answers
        else:
            stage.up()
        if point in PUSHED:
            stage.feed()
        worker = stage.hire(env=plan if program == "dateline-worker" else None)
        for _ in range(FILES):
            stage.offer(ITEMS)
        stimulate(stage, point)
        victim = stage.daemon_process if program == "datelined" else worker
        wait_for_crash(stage, victim, point)
        met = stage.last or {"accepted": 0, "leased": 0}
        stage.in_flight += len(stage.offered)
        if program == "datelined":
            stage.up()
        else:
            stage.hire()
        stage.judge()
        stage.stop_well()
        return met


def one_migration(point, _, nth, seed):
    """An old state that was left in the middle of its migration has afterwards what it would have had at once."""
    with Stage("point-%s-%d" % (point, nth), seed, bin=FAULTS_BIN) as stage:
        stage.configure([])
        whole, cut = (os.path.join(stage.folder, name) for name in ("whole", "cut"))
        for state in (whole, cut):
            subprocess.run([os.path.join(FAULTS_BIN, "old-state"), state, str(OLD_ITEMS)], check=True)
        stage.place_state(whole)
        stage.up()
        wanted = stage.last
        stage.stop_well()
        stage.last = None
        stage.place_state(cut)
        crashed = stage.up(env={"DATELINE_CRASH_AT": "%s:%d" % (point, nth)}, ready=False)
        if crashed.wait(REACH_S) != -signal.SIGKILL:
            raise Violation("%s: ended with %d: %s" % (point, crashed.returncode, stage.tail(crashed)))
        stage.expected.add(crashed)
        stage.up()
        differs = [k for k in ("accepted", "ready", "dead", "done") if stage.last[k] != wanted[k]]
        if differs:
            raise Violation("after the migration %s, without the crash %s" % (stage.last, wanted))
        stage.stop_well()
        return stage.last


def run(options):
    points = listed()
    check_list(points)
    outcome = Outcome("crash points, %d" % len(points))
    jobs = [(name, program, n) for name, program in points for n in (1, 2, 3)
            if n == 1 or not (options.quick or name in MIGRATION)]
    wrong = []
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        futures = [(job, pool.submit(one_migration if job[0] in MIGRATION else one, *job, options.seed)) for job in jobs]
        for (name, _, n), future in futures:
            try:
                outcome.met(future.result())
                outcome.rounds += 1
            except Violation as violation:
                wrong.append("%s:%d: %s" % (name, n, violation))
    if wrong:
        raise Violation("\n  ".join(wrong))
    return outcome
