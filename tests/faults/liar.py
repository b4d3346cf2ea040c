"""A control for all the others: a worker that acknowledges and keeps nothing must be found out, end to end."""
import os
import subprocess
import sys

from conftest import ROOT
from stage import Outcome, Stage, Violation


def lie(stage):
    """tests/fake/worker.py answers with results and has no sinks."""
    process = subprocess.Popen([sys.executable, os.path.join(ROOT, "tests", "fake", "worker.py"), "--name", "liar",
                                "--connect", stage.endpoint("work")], stdout=subprocess.DEVNULL)
    process.log = os.devnull
    stage.processes.append(process)


def run(options):
    outcome = Outcome("control: a worker that lies")
    with Stage("liar", options.seed) as stage:
        stage.up()
        stage.hire()
        lie(stage)
        stage.until(lambda _: len(stage.status_now()["workers"]) == 2, why="both workers")
        stage.offer(200)
        try:
            stage.judge()
        except Violation as told:
            if "I1 conservation" in str(told) and "jsonl" in str(told) and "sqlite" in str(told):
                outcome.rounds, outcome.note = 1, "found out"
                return outcome
            raise
        raise Violation("a worker that acknowledged and kept nothing was not found out")
