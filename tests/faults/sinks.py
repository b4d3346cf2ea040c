"""The sink's database is away: locked by somebody for longer than a worker waits, then removed under its feet.

Locked: the queue waits, leases are touched, nothing dies of it, all arrives. Removed: what comes afterwards is in
the file of that name again; the other sink has all.
"""
import os
import sqlite3
import time

import oracle
from stage import Outcome, Stage, Violation

LOCKED_S = 6  # longer than a lease, and than the sink waits for a lock


def locked(stage, outcome):
    db = sqlite3.connect(os.path.join(stage.records, "records.db"), isolation_level=None)
    db.execute("begin immediate")
    end = time.monotonic() + LOCKED_S
    while time.monotonic() < end:
        stage.offer(20)
        stage.sample()
        time.sleep(0.2)
    held = stage.sample()
    if held["leased"] == 0 or held["done"] == held["accepted"]:
        raise Violation("nothing waits though the sink is locked: %s" % held)
    outcome.met(held)
    outcome.rounds += 1
    db.execute("rollback")
    db.close()
    stage.in_flight += len(stage.offered)
    stage.judge()


def removed(stage, outcome):
    for name in ("records.db", "records.db-wal", "records.db-shm"):
        path = os.path.join(stage.records, name)
        if os.path.exists(path):
            os.unlink(path)
    items = stage.offer(40)
    stage.settle()
    outcome.rounds += 1
    evidence = oracle.Evidence(offered=set(stage.offered), accepted=set(items), sinks={"sqlite": stage.sqlite_records()},
                               alerts=stage.alerts())
    if wrong := oracle.judge(evidence):
        raise Violation("after the database was removed: " + "; ".join(wrong))
    if lost := set(stage.offered) - {oracle.id_of(r) for r in stage.lines()}:
        raise Violation("the other sink lost %d" % len(lost))


def run(options):
    outcome = Outcome("sink database away")
    with Stage("sinks", options.seed) as stage:
        stage.up()
        stage.hire()
        stage.offer(40)
        if not stage.settle():
            raise Violation("the first items never passed: %s" % stage.last)
        locked(stage, outcome)
        removed(stage, outcome)
        stage.stop_well()
    return outcome
