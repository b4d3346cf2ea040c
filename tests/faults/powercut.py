"""The power goes while the daemon writes: its state lies on a loop-mounted ext4 that is shut down without a flush.

What was reported before the cut was ordered must be there afterwards. (A sync that races with the cut may return
0 falsely, for a plain file too: what is reported after that moment counts for nothing.)

The control does the same to a daemon whose syncs do nothing (faultio.so). It has to lose: if it does not, this
test could not have seen a loss.
"""
import os
import time

from disk import Ext4, Unavailable
from stage import FAULTS_BIN, Outcome, Stage, Violation

CONTROLS = 8  # rounds in which it must lose at least once


def cut(stage, disk):
    """What was reported before."""
    before = stage.sample()
    disk.cut()
    stage.kill(stage.daemon_process)
    disk.again()
    return before


def moment(stage):
    since = stage.last["accepted"]
    stage.until(lambda q: q["accepted"] > since, 20, why="items accepted before the cut")
    time.sleep(stage.random.uniform(0, 0.5))


def with_syncs(options, rounds, outcome):
    with Stage("power", options.seed) as stage:
        disk = stage.mount(Ext4(stage.folder))
        stage.place_state(os.path.join(disk.path, "state"))
        stage.up()
        stage.hire()
        stage.feed()
        for _ in range(rounds):
            since = stage.last["accepted"]
            if outcome.rounds % 2:  # what a killed daemon had not synced is read again, and must be durable then
                stage.kill(stage.daemon_process)
                stage.up()
            moment(stage)
            before = cut(stage, disk)
            outcome.acked += before["accepted"] - since
            outcome.leased += before["leased"]
            outcome.rounds += 1
            stage.up()
        stage.judge()
        stage.stop_well()


def lies(name):
    return {"LD_PRELOAD": os.path.join(FAULTS_BIN, name), "FAULTIO": "sync:lie:1:state", "FAULTIO_IN": "datelined"}


def control_loses(options, n):
    with Stage("power-control-%d" % n, options.seed) as stage:
        disk = stage.mount(Ext4(stage.folder))
        stage.place_state(os.path.join(disk.path, "state"))
        stage.up(env=lies("faultio.so"))
        stage.feed(limit=2000)
        moment(stage)
        before = cut(stage, disk)
        stage.stop_feeding()
        stage.empty_inbox()
        stage.last = None  # what it forgot is the point
        try:
            stage.up()
        except Violation:  # not even a state that opens
            return True
        lost = stage.last["accepted"] < before["accepted"]
        stage.kill(stage.daemon_process)
        return lost


def run(options):
    outcome = Outcome("power cut, ext4")
    try:
        lost = next((n for n in range(1, CONTROLS + 1) if control_loses(options, n)), 0)
        if not lost:
            raise Violation("the control without syncs lost nothing in %d rounds: this test sees no loss" % CONTROLS)
        with_syncs(options, 3 if options.quick else 40, outcome)
    except Unavailable as why:
        outcome.skipped, outcome.note = True, str(why)
        return outcome
    outcome.note = "the control without syncs lost in round %d" % lost
    return outcome
