"""The worker against a daemon that misbehaves, dies and comes back: sinks hold everything once."""
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from conftest import BIN, ROOT

sys.path.insert(0, os.path.join(ROOT, "tests", "fake"))
dispatcher = pytest.importorskip("dispatcher")  # needs python3-zmq
work = dispatcher.work


class Place:
    def __init__(self, folder):
        self.folder, self.started = folder, []
        self.endpoint = "ipc://%s/work" % folder
        with open(self.path("dateline.yaml"), "w") as f:
            f.write("state: %s\nruntime: %s\nworker: {connect: [\"%s\"], models: %s}\nsinks:\n"
                    "  - {kind: jsonl, path: %s}\n  - {kind: sqlite, path: %s}\n"
                    % (self.path("state"), folder, self.endpoint, os.path.join(ROOT, "workers", "models"),
                       self.path("r.jsonl"), self.path("r.db")))

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self):
        with open(self.path("log"), "a") as log:
            process = subprocess.Popen([os.path.join(BIN, "dateline-worker"), "-c", self.path("dateline.yaml")], stderr=log)
        self.started.append(process)
        return process

    def lines(self):
        with open(self.path("r.jsonl")) as f:
            return [json.loads(line)["item"]["uri"] for line in f]

    def rows(self):
        db = sqlite3.connect(self.path("r.db"))
        try:
            return db.execute("SELECT count(*) FROM records").fetchone()[0]
        finally:
            db.close()

    def end(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.wait()
        with open(self.path("log")) as f:
            log = f.read()
        assert "Sanitizer" not in log and "runtime error" not in log, log


@pytest.fixture
def place(tmp_path):
    p = Place(str(tmp_path))
    yield p
    p.end()


@pytest.fixture
def daemon(place):
    d = dispatcher.Dispatcher(place.endpoint)
    yield d
    d.close()


def test_work_comes_back_analysed_and_stands_in_every_sink(place, daemon):
    place.start()
    daemon.until(lambda: daemon.workers)
    daemon.give(daemon.workers[0], [work(n) for n in range(64)])
    daemon.until(lambda: len(daemon.results) == 64)
    record = daemon.results[1]
    assert record["analysis"]["language"]["code"] == "en"
    assert record["analysis"]["topics"][0]["name"] == "sport"
    assert set(record["provenance"]) == {"language", "topics", "dateline"}
    assert len(place.lines()) == 64 and place.rows() == 64


def test_what_is_no_work_is_refused_for_good_and_its_neighbours_live(place, daemon):
    place.start()
    daemon.until(lambda: daemon.workers)
    daemon.give(daemon.workers[0], [work(1), b'{"event":"new"}', work(2)])
    daemon.until(lambda: len(daemon.results) == 2 and daemon.nacks)
    assert list(daemon.nacks) == [2] and daemon.nacks[2]["retry"] is False


def test_a_sink_that_fails_is_waited_for_and_leases_are_touched(place, daemon):
    place.start()
    daemon.until(lambda: daemon.workers)
    db = sqlite3.connect(place.path("r.db"), isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    daemon.give(daemon.workers[0], [work(n) for n in range(5)])
    daemon.serve(5)
    assert not daemon.results and not daemon.nacks and daemon.touched
    db.execute("ROLLBACK")
    db.close()
    daemon.until(lambda: len(daemon.results) == 5)
    assert len(place.lines()) == 5 and place.rows() == 5


def test_a_row_that_the_users_own_trigger_refuses_is_given_up_with_its_words_and_the_others_live(place, daemon):
    place.start()
    daemon.until(lambda: daemon.workers)
    with sqlite3.connect(place.path("r.db")) as db:
        db.execute("CREATE TRIGGER t BEFORE INSERT ON records WHEN new.uri LIKE '%:7'"
                   " BEGIN SELECT RAISE(ABORT, 'not seven'); END")
    db.close()
    daemon.give(daemon.workers[0], [work(n) for n in range(16)])
    daemon.until(lambda: len(daemon.results) == 15 and daemon.nacks)
    assert list(daemon.nacks) == [8] and daemon.nacks[8]["retry"] is False
    assert "not seven" in daemon.nacks[8]["reason"]
    assert place.rows() == 15


def test_a_worker_outlives_its_daemon(place, daemon):
    place.start()
    daemon.until(lambda: daemon.workers)
    daemon.close()
    time.sleep(2.5)
    other = dispatcher.Dispatcher(place.endpoint)
    other.until(lambda: other.workers)
    other.give(other.workers[0], [work(1)])
    other.until(lambda: other.results)
    other.close()


def test_sigterm_finishes_what_is_held_and_says_goodbye(place, daemon):
    worker = place.start()
    daemon.until(lambda: daemon.workers)
    daemon.give(daemon.workers[0], [work(n) for n in range(64)])
    worker.send_signal(signal.SIGTERM)
    daemon.until(lambda: worker.poll() is not None, 15)
    daemon.serve(0.2)
    assert worker.returncode == 0 and "BYE" in daemon.said
    assert len(daemon.results) == 64 and len(place.lines()) == 64


def test_sigterm_ends_a_worker_whose_sink_hangs_and_gives_its_work_back(place, daemon):
    worker = place.start()
    daemon.until(lambda: daemon.workers)
    db = sqlite3.connect(place.path("r.db"), isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    daemon.give(daemon.workers[0], [work(n) for n in range(8)])
    daemon.serve(0.5)
    worker.send_signal(signal.SIGTERM)
    daemon.until(lambda: worker.poll() is not None, 15)
    daemon.serve(0.5)
    db.close()
    assert worker.returncode == 0
    assert len(daemon.nacks) == 8 and all(n["retry"] for n in daemon.nacks.values())


def test_workers_killed_at_any_time_leave_each_record_once(place, daemon):
    batches = [[work(n) for n in range(k, k + 64)] for k in range(0, 1024, 64)]
    workers = [place.start(), place.start()]
    daemon.until(lambda: len(daemon.workers) == 2)
    for turn in range(5):
        known = len(daemon.workers)
        for batch in batches:
            for worker in daemon.workers[-2:]:
                daemon.give(worker, batch)
        daemon.serve(0.02 * turn)
        workers[turn % 2].kill()
        workers[turn % 2].wait()
        workers[turn % 2] = place.start()
        daemon.until(lambda: len(daemon.workers) > known)
    before = len(daemon.results)
    for batch in batches:
        daemon.give(daemon.workers[-1], batch)
    daemon.until(lambda: len(daemon.results) >= before + 1024)
    assert len(place.lines()) == len(set(place.lines())) == 1024
    assert place.rows() == 1024
