"""kill -9 of the daemon and of workers under full load. Each moment is drawn by the seed.

A kill of the daemon counts when it met work: items accepted since the last kill and leases not answered yet.
A run of which fewer than four in five kills counted proves too little, and fails.
"""
import time

from stage import CREDIT, Outcome, Stage, Violation

WORKERS = 3
MEET = 0.8


def met(outcome, before, since):
    outcome.acked += before["accepted"] - since
    outcome.leased += before["leased"]
    return before["accepted"] > since and before["leased"] > 0


def wait_for_work(stage, since):
    """In vain: the kill is counted as one that met nothing."""
    try:
        stage.until(lambda q: q["accepted"] > since and q["leased"] > 0, 20)
    except Violation:
        pass


def kill_daemon(stage, outcome):
    """True when it met work."""
    since = stage.last["accepted"]
    wait_for_work(stage, since)
    time.sleep(stage.random.uniform(0, 0.4))
    before = stage.sample()
    stage.redelivered += before["redeliveries"]
    stage.kill(stage.daemon_process)
    stage.up()
    return met(outcome, before, since)


def kill_worker(stage, outcome):
    wait_for_work(stage, 0)
    time.sleep(stage.random.uniform(0, 0.4))
    victim = stage.random.randrange(len(stage.workers))
    before = stage.sample()
    outcome.leased += before["leased"]
    stage.in_flight += CREDIT
    stage.kill(stage.workers.pop(victim))
    stage.hire()
    return before["leased"] > 0


def run(options):
    rounds = 10 if options.quick else 100
    outcome = Outcome("kill -9, daemon and workers")
    with Stage("kills", options.seed, lease="10s") as stage:
        stage.up()
        for _ in range(WORKERS):
            stage.hire()
        stage.at_rest = stage.resources()
        stage.feed()
        kinds = [kill_daemon, kill_worker] * rounds
        stage.random.shuffle(kinds)
        meetings = {kill_daemon: 0, kill_worker: 0}
        for kill in kinds:
            meetings[kill] += kill(stage, outcome)
            outcome.rounds += 1
        stage.stop_feeding()
        stage.settle()
        stage.redelivered += stage.last["redeliveries"]
        evidence = stage.judge()
        outcome.note = "%d of %d daemon kills met both, %d of %d worker kills met leases; %d redelivered, %d dead" % (
            meetings[kill_daemon], rounds, meetings[kill_worker], rounds, evidence.redelivered, len(evidence.dead))
        if meetings[kill_daemon] < MEET * rounds:
            raise Violation("this run proves nothing: " + outcome.note)
        stage.stop_well()
    return outcome
