"""The disk is full: first the state's, then the sinks'. Room is made, and everything goes on; nothing is lost.

With a full state the daemon either pauses and goes on by itself, or ends by a status of its own and is started
again as a service manager would (it must not come up and fall in a circle that acknowledges what it loses).
"""
import os
import time

from disk import Tmpfs, Unavailable
from stage import Outcome, Stage, Violation

FULL_S = 90  # until the disk is met full
ENDS = (73, 74, 75)  # EX_CANTCREAT, EX_IOERR, EX_TEMPFAIL
LIMIT_ITEMS = 40000


def runs(stage):
    return stage.daemon_process.poll() is None


def is_full(stage, disk):
    """The daemon ended, or says that it is not ready."""
    if not runs(stage):
        return True
    status = stage.status_now()
    if status:
        stage.last = status["queue"]
        stage.samples.append(stage.last)
    return bool(status and status.get("trouble")) and disk.free() < 4 << 20


def fill(stage, disk):
    end = time.monotonic() + FULL_S
    while not is_full(stage, disk):
        if time.monotonic() > end or len(stage.offered) >= LIMIT_ITEMS:
            raise Violation("the disk never got full: %d KB free, %s" % (disk.free() >> 10, stage.last))
        stage.offer(200)
        time.sleep(0.02)


def state_full(options):
    outcome = Outcome("full disk, the state's")
    with Stage("full-state", options.seed) as stage:
        disk = stage.mount(Tmpfs(stage.folder, 24, 12))
        stage.place_state(os.path.join(disk.path, "state"))
        stage.up()
        fill(stage, disk)
        outcome.rounds, outcome.acked = 1, stage.last["accepted"]
        paused = runs(stage)
        time.sleep(1)
        if not runs(stage):
            paused = False
            stage.expected.add(stage.daemon_process)
            if stage.daemon_process.returncode not in ENDS:
                raise Violation("ended with %d: %s" % (stage.daemon_process.returncode, stage.tail(stage.daemon_process)))
        disk.make_room()
        grow(disk)
        if not paused:
            stage.up()
        stage.hire()
        stage.hire()
        stage.judge()
        stage.stop_well()
        outcome.note = "paused and went on by itself" if paused else "ended by itself and was started again"
    return outcome


def grow(disk):
    """The results of what waited take room too."""
    os.system("mount -o remount,size=400m %s" % disk.path)


def sinks_full(options):
    outcome = Outcome("full disk, the sinks'")
    with Stage("full-sinks", options.seed) as stage:
        disk = stage.mount(Tmpfs(stage.folder, 8, 7))
        stage.place_records(disk.path)
        stage.up()
        stage.hire()
        stage.hire()
        held, end = 0, time.monotonic() + FULL_S
        while not held:
            if time.monotonic() > end or len(stage.offered) >= LIMIT_ITEMS:
                raise Violation("no worker met the full disk: %d KB free, %s" % (disk.free() >> 10, stage.last))
            stage.offer(40)
            stage.sample()
            held = sum("No space left" in open(w.log, errors="replace").read() for w in stage.workers)
            time.sleep(0.02)
        outcome.rounds, outcome.acked, outcome.leased = 1, stage.last["accepted"], stage.last["leased"]
        if outcome.leased == 0:
            raise Violation("nothing is held though the sinks are full")
        time.sleep(3)  # more than a lease: what is held is touched
        disk.make_room()
        grow(disk)
        stage.in_flight = len(stage.offered)
        stage.judge()
        stage.stop_well()
    return outcome


def run(options):
    outcomes = []
    try:
        outcomes.append(state_full(options))
        outcomes.append(sinks_full(options))
    except Unavailable as why:
        skipped = Outcome("full disk")
        skipped.skipped, skipped.note = True, str(why)
        outcomes.append(skipped)
    return outcomes
