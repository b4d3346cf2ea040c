"""The PostgreSQL sink against a real server that is killed, frozen, read-only, empty, too old and too new."""
import json
import os
import random
import shutil
import signal
import socket
import string
import subprocess
import sys
import threading
import time

import pytest

from conftest import BIN, ROOT, article, rss, wait_for

sys.path.insert(0, os.path.join(ROOT, "tests", "fake"))
dispatcher = pytest.importorskip("dispatcher")  # needs python3-zmq
import pgserver

if not pgserver.binaries():
    pytest.skip("no PostgreSQL server here", allow_module_level=True)
work = dispatcher.work

COLUMNS = "uri, version, event, language, headline, published, record"


@pytest.fixture(scope="module")
def server():
    s = pgserver.Server(deadlock_timeout="100ms")
    try:
        yield s.start()
    finally:
        s.close()


class Place:
    """One database, one configuration, its workers."""

    def __init__(self, folder, server, database):
        self.folder, self.server, self.database, self.started = folder, server, database, []
        self.endpoint = "ipc://%s/work" % folder
        server.sql('CREATE DATABASE "%s"' % database)
        self.configure()

    def configure(self, user="dateline", **more):
        sink = dict({"kind": "postgres", "conninfo": self.server.conninfo(self.database, user)}, **more)
        doc = {"state": self.path("state"), "runtime": self.folder,
               "worker": {"connect": [self.endpoint], "models": os.path.join(ROOT, "workers", "models")},
               "sinks": [{"kind": "jsonl", "path": self.path("r.jsonl")}, sink]}
        with open(self.path("dateline.yaml"), "w") as f:
            json.dump(doc, f)

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self, *args):
        with open(self.path("log"), "a") as log:
            process = subprocess.Popen([os.path.join(BIN, "dateline-worker"), "-c", self.path("dateline.yaml"), *args],
                                       stderr=log)
        self.started.append(process)
        return process

    def log(self):
        with open(self.path("log")) as f:
            return f.read()

    def sql(self, text):
        return self.server.sql(text, self.database)

    def count(self):
        return int(self.sql("SELECT count(*) FROM records")[0])

    def lines(self):
        with open(self.path("r.jsonl")) as f:
            return [json.loads(line) for line in f]

    def end(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.wait()
        log = self.log()
        assert "Sanitizer" not in log and "runtime error" not in log and "Assertion" not in log, log


@pytest.fixture(scope="module")
def tls():
    """One that speaks TLS on a port of its own."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    server = pgserver.Server(ssl="on", listen_addresses="localhost", port=str(port))
    try:
        server.certify("localhost")
        yield server.start()
    finally:
        server.close()


@pytest.fixture
def tls_place(tmp_path, tls):
    p = Place(str(tmp_path), tls, "d" + os.urandom(6).hex())
    shutil.copy(os.path.join(tls.data, "server.crt"), p.path("root.crt"))
    p.configure(conninfo="host=localhost port=%s dbname=%s user=dateline sslmode=verify-full sslrootcert=%s"
                % (tls.settings["port"], p.database, p.path("root.crt")))
    yield p
    p.end()


@pytest.fixture
def place(tmp_path, server):
    server.start()  # whatever the scene before did to it
    p = Place(str(tmp_path), server, "d" + os.urandom(6).hex())
    yield p
    p.end()
    server.start()
    server.sql('DROP DATABASE IF EXISTS "%s" WITH (FORCE)' % p.database)


@pytest.fixture
def daemon(request):
    place = request.getfixturevalue("tls_place" if "tls_place" in request.fixturenames else "place")
    d = dispatcher.Dispatcher(place.endpoint, heartbeat_ms=3000, lease_ms=12000)  # patient, as datelined is
    yield d
    d.close()


def hire(place, daemon, count=1):
    known = len(daemon.workers)
    started = [place.start() for _ in range(count)]
    daemon.until(lambda: len(daemon.workers) >= known + count)
    return started


def meanwhile(daemon, what):
    """Does it while the daemon goes on answering."""
    thread = threading.Thread(target=what)
    thread.start()
    daemon.until(lambda: not thread.is_alive())


def give(daemon, numbers, **more):
    daemon.give(daemon.workers[-1], [dict(work(n), **more) for n in numbers])


# ---- what is written

def test_rows_hold_what_the_json_lines_hold(place, daemon):
    hire(place, daemon)
    give(daemon, range(64), published="2026-11-21T18:32:12.25+01:00")
    give(daemon, range(64, 100))
    daemon.until(lambda: len(daemon.results) == 100)
    place.sql("SET timezone = 'UTC'")
    rows = [json.loads(line) for line in place.sql("SELECT to_jsonb(r) - 'written_at' FROM records r ORDER BY uri")]
    lines = sorted(place.lines(), key=lambda r: r["item"]["uri"])
    assert [r["record"] for r in rows] == lines
    for row, record in zip(rows, lines):
        item = record["item"]
        assert (row["uri"], row["version"], row["event"], row["headline"]) == \
            (item["uri"], item["version"], record["event"], item["headlines"][0]["value"])
        assert row["language"] == item.get("language")
        assert (row["published"] is None) == ("published" not in record)
    published = place.sql("SELECT DISTINCT published AT TIME ZONE 'UTC' FROM records WHERE published IS NOT NULL")
    assert published == ["2026-11-21 17:32:12.25"]


def test_a_key_again_is_one_row_with_the_newest_content(place, daemon):
    hire(place, daemon)
    give(daemon, range(8))
    daemon.until(lambda: len(daemon.results) == 8)
    before = place.sql("SELECT uri, written_at FROM records ORDER BY uri")
    give(daemon, range(8))
    daemon.until(lambda: len(daemon.results) == 16)
    assert place.sql("SELECT uri, written_at FROM records ORDER BY uri") == before
    daemon.give(daemon.workers[-1], [dict(work(3), event="update")] * 2)
    daemon.until(lambda: len(daemon.results) == 18)
    assert place.sql("SELECT event, record->>'event', count(*) FROM records GROUP BY 1, 2 ORDER BY 1") == \
        ["new|new|7", "update|update|1"]
    assert place.sql("SELECT uri, written_at FROM records ORDER BY uri") != before


def test_a_record_that_the_server_cannot_hold_is_refused_with_its_words_and_the_others_live(place, daemon):
    hire(place, daemon)
    items = [work(n) for n in range(20)]
    chance = random.Random(1)
    for n in (0, 7, 19):  # longer than a B-tree's row may be, and not to be compressed
        items[n]["item"]["uri"] = "urn:" + "".join(chance.choice(string.ascii_letters) for _ in range(6000))
    items[5]["published"] = "the day before yesterday"
    daemon.give(daemon.workers[0], items)
    daemon.until(lambda: len(daemon.results) == 16 and len(daemon.nacks) == 4)
    assert sorted(daemon.nacks) == [1, 6, 8, 20] and not any(n["retry"] for n in daemon.nacks.values())
    assert "index row" in daemon.nacks[1]["reason"] and "54000" in daemon.nacks[1]["reason"]
    assert "22007" in daemon.nacks[6]["reason"]
    assert place.count() == 16


def test_a_constraint_that_speaks_at_the_commit_refuses_its_record_alone(place, daemon):
    hire(place, daemon)
    give(daemon, [0])
    daemon.until(lambda: len(daemon.results) == 1)
    place.sql("""CREATE FUNCTION no7() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                   IF NEW.uri LIKE '%:7' THEN RAISE check_violation USING MESSAGE = 'not seven'; END IF;
                   RETURN NULL; END $$;
                 CREATE CONSTRAINT TRIGGER t AFTER INSERT ON records DEFERRABLE INITIALLY DEFERRED
                   FOR EACH ROW EXECUTE FUNCTION no7()""")
    give(daemon, range(1, 17))
    daemon.until(lambda: len(daemon.results) == 16 and len(daemon.nacks) == 1)
    assert list(daemon.nacks) == [8] and "not seven" in daemon.nacks[8]["reason"]
    assert place.count() == 16


# ---- the table

def test_ten_workers_that_start_at_once_make_one_table(place, daemon):
    hire(place, daemon, 10)
    for worker in daemon.workers:
        daemon.give(worker, [work(n) for n in range(30)])
    daemon.until(lambda: len(daemon.results) == 300)
    assert place.sql("SELECT relation, version FROM dateline_schema") == ["records|2"]
    assert place.count() == 30
    assert "<3>" not in place.log() and "<4>" not in place.log(), place.log()


def test_a_table_of_the_first_version_is_migrated_with_its_rows(place, daemon):
    place.sql("""CREATE TABLE dateline_schema (relation text PRIMARY KEY, version int NOT NULL);
                 INSERT INTO dateline_schema VALUES ('records', 1);
                 CREATE TABLE records (uri text NOT NULL, version text NOT NULL, event text, language text,
                   headline text, published timestamptz, record jsonb NOT NULL, PRIMARY KEY (uri, version));
                 CREATE INDEX ON records (published);
                 INSERT INTO records VALUES ('urn:old', '1', 'new', 'en', 'Old', NULL, '{"event": "new"}')""")
    hire(place, daemon, 3)
    give(daemon, range(5))
    daemon.until(lambda: len(daemon.results) == 5)
    assert place.sql("SELECT version FROM dateline_schema") == ["2"]
    assert place.sql("SELECT headline, written_at IS NOT NULL FROM records WHERE uri = 'urn:old'") == ["Old|t"]
    assert place.count() == 6


def test_a_table_of_a_later_version_is_refused_in_words_and_left_alone(place):
    place.sql("""CREATE TABLE dateline_schema (relation text PRIMARY KEY, version int NOT NULL);
                 INSERT INTO dateline_schema VALUES ('records', 9)""")
    assert place.start().wait(30) == 73
    assert "has version 9, this worker knows versions up to 2" in place.log()
    assert place.sql("SELECT * FROM dateline_schema") == ["records|9"]


def test_a_table_of_somebody_else_is_refused(place):
    place.sql("CREATE TABLE records (id int)")
    assert place.start().wait(30) == 73
    assert 'relation \\"records\\" already exists' in place.log()
    assert place.sql("SELECT to_regclass('dateline_schema') IS NULL") == ["t"]


def test_two_tables_of_one_schema_are_filled_by_themselves(place, daemon):
    place.sql("CREATE SCHEMA wire")
    place.configure(schema="wire", table="Archive")
    hire(place, daemon)
    give(daemon, range(3))
    daemon.until(lambda: len(daemon.results) == 3)
    place.configure(schema="wire", table="other")
    hire(place, daemon)
    give(daemon, range(2))
    daemon.until(lambda: len(daemon.results) == 5)
    assert place.sql('SELECT (SELECT count(*) FROM wire."Archive"), (SELECT count(*) FROM wire.other)') == ["3|2"]


# ---- faults: each is waited for, said, and over when it is over

def waits_and_heals(place, daemon, words, heal, give_first=True):
    """Five items wait while the fault lasts, nothing is acknowledged; healed, all of them are rows."""
    if give_first:
        give(daemon, range(5))
    daemon.until(lambda: words in place.log())
    daemon.until(lambda: daemon.touched)
    assert not daemon.results and not daemon.nacks
    meanwhile(daemon, heal)
    daemon.until(lambda: len(daemon.results) == 5)
    assert place.count() == 5 and len(place.lines()) == 5


def test_a_server_that_is_away_for_long_is_waited_for(place, daemon):
    place.server.stop()
    hire(place, daemon)
    give(daemon, range(5))
    daemon.serve(8)
    waits_and_heals(place, daemon, "Is the server running", place.server.start, False)
    assert len(daemon.workers) == 1, "it said HELLO again: its leases were void"


def test_a_server_that_does_not_answer_holds_no_heartbeat_back(place, daemon):
    hire(place, daemon)
    give(daemon, [99])
    daemon.until(lambda: len(daemon.results) == 1)
    daemon.results.clear()
    place.sql("DELETE FROM records")
    os.unlink(place.path("r.jsonl"))
    place.server.freeze()
    try:
        give(daemon, range(5))
        daemon.until(lambda: "no answer from the server in time" in place.log())
        said = len(daemon.said)
        daemon.serve(9)
        assert "PING" in daemon.said[said:] or "TOUCH" in daemon.said[said:]
        assert not daemon.results and not daemon.nacks
    finally:
        place.server.freeze(False)
    daemon.until(lambda: len(daemon.results) == 5)
    assert place.count() == 5 and len(daemon.workers) == 1


def test_a_server_killed_again_and_again_loses_and_doubles_nothing(place, daemon):
    hire(place, daemon, 2)
    give(daemon, [0])
    daemon.until(lambda: daemon.results)
    total = 1
    for turn in range(6):
        for k in range(8):
            daemon.give(daemon.workers[k % 2], [work(n) for n in range(total, total + 64)])
            total += 64
        daemon.serve(0.03 * turn)
        if turn % 2:
            place.server.kill()
        else:
            os.kill(random.Random(turn).choice(place.server.backends()), signal.SIGKILL)
        known = len(daemon.results)
        daemon.serve(0.3)
        meanwhile(daemon, place.server.start)
        daemon.until(lambda: len(daemon.results) > known or len(daemon.results) == total)
    daemon.until(lambda: len(daemon.results) == total, 120)
    assert place.count() == total and not daemon.nacks
    assert len(place.lines()) == total
    assert len(daemon.workers) == 2, "a worker lost its leases"


def test_what_is_acknowledged_is_committed(place, daemon):
    hire(place, daemon)
    for turn in range(8):
        give(daemon, range(turn * 64, turn * 64 + 64))
    daemon.until(lambda: daemon.results)
    place.server.kill()
    daemon.serve(0.2)
    acknowledged = {r["item"]["uri"] for r in daemon.results.values()}
    meanwhile(daemon, place.server.start)
    assert acknowledged <= set(place.sql("SELECT uri FROM records"))
    daemon.until(lambda: len(daemon.results) == 512)
    assert place.count() == 512


def test_sessions_ended_by_an_operator_are_opened_anew(place, daemon):
    hire(place, daemon)
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'dateline-worker'"
    for turn in range(20):
        give(daemon, range(turn * 32, turn * 32 + 32))
        daemon.serve(0.02)
        place.sql(end)
    daemon.until(lambda: len(daemon.results) == 640)
    assert place.count() == 640
    place.sql(end)
    daemon.until(lambda: not place.sql("SELECT 1 FROM pg_stat_activity WHERE application_name = 'dateline-worker'"))
    failures = place.log().count("cannot write")
    give(daemon, [640])
    daemon.until(lambda: len(daemon.results) == 641)
    assert place.log().count("cannot write") == failures, "an idle session that ended costs a failure"


def test_a_database_that_is_read_only_is_waited_for(place, daemon):
    hire(place, daemon)
    give(daemon, [100])
    daemon.until(lambda: daemon.results)
    daemon.results.clear()
    place.sql("DELETE FROM records")
    os.unlink(place.path("r.jsonl"))
    name = place.database
    place.sql('ALTER DATABASE "%s" SET default_transaction_read_only = on' % name)
    place.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'dateline-worker'")
    waits_and_heals(place, daemon, "25006", lambda: place.server.sql(
        'ALTER DATABASE "%s" SET default_transaction_read_only = off' % name))


def test_a_wrong_password_is_said_and_a_right_one_is_found_without_a_restart(place, daemon):
    user = "u" + place.database
    place.server.sql("CREATE USER %s PASSWORD 'right'" % user)
    place.sql("GRANT CREATE ON SCHEMA public TO %s" % user)
    hba = os.path.join(place.server.data, "pg_hba.conf")
    with open(hba) as f:
        before = f.read()
    with open(hba, "w") as f:
        f.write("local all %s scram-sha-256\n%s" % (user, before))
    place.sql("SELECT pg_reload_conf()")
    with open(place.path("password"), "w") as f:
        f.write("wrong\n")
    os.chmod(place.path("password"), 0o600)
    place.configure(user, password_file="password")

    def heal():
        with open(place.path("password"), "w") as f:
            f.write("right\n")

    worker = place.start()
    daemon.until(lambda: daemon.workers)
    waits_and_heals(place, daemon, "password authentication failed", heal)
    with open("/proc/%d/cmdline" % worker.pid) as line, open("/proc/%d/environ" % worker.pid) as env:
        assert "right" not in line.read() and "PGPASSWORD" not in env.read()
    assert "right" not in place.log()
    with open(hba, "w") as f:
        f.write(before)
    place.sql("DROP OWNED BY %s; DROP USER %s" % (user, user))


def test_a_password_in_the_wrong_place_or_open_to_all_is_refused(place, daemon):
    place.configure("dateline password=hush")
    assert place.start().wait(30) == 73
    assert "password does not belong here" in place.log() and "hush" not in place.log()
    with open(place.path("password"), "w") as f:
        f.write("secret\n")
    os.chmod(place.path("password"), 0o644)
    place.configure(password_file="password")
    hire(place, daemon)
    waits_and_heals(place, daemon, "lets others read it", lambda: os.chmod(place.path("password"), 0o600))


def test_a_server_that_comes_back_on_the_other_of_two_hosts_is_found(place, daemon):
    server, other = place.server, os.path.join(place.server.folder, "other")
    subprocess.run(["mkdir", "-m", "755", other], check=True, cwd="/", **server.who)
    place.configure(conninfo="host=%s,%s dbname=%s user=dateline" % (server.folder, other, place.database))
    hire(place, daemon)
    give(daemon, range(5))
    daemon.until(lambda: len(daemon.results) == 5)
    try:
        server.kill()
        give(daemon, range(5, 10))
        daemon.until(lambda: "cannot write" in place.log())
        server.socket = other
        meanwhile(daemon, server.start)
        daemon.until(lambda: len(daemon.results) == 10)
        assert place.count() == 10 and not daemon.nacks
    finally:
        server.stop()
        server.socket = server.folder


def test_a_server_is_believed_when_its_certificate_is(tls_place, daemon):
    hire(tls_place, daemon)
    give(daemon, range(5))
    daemon.until(lambda: len(daemon.results) == 5)
    assert tls_place.count() == 5
    assert tls_place.sql("SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)"
                         " WHERE application_name = 'dateline-worker'") == ["t"]


def test_a_server_with_another_certificate_gets_nothing(tls_place, daemon):
    root, server = tls_place.path("root.crt"), tls_place.server
    shutil.copy(server.certify("localhost"), root)  # it still has the one before
    hire(tls_place, daemon)

    def heal():
        server.stop()
        server.start()

    waits_and_heals(tls_place, daemon, "certificate verify failed", heal)


def test_a_server_with_the_certificate_of_another_host_gets_nothing(tls_place, daemon):
    root, server = tls_place.path("root.crt"), tls_place.server

    def certify(name):
        shutil.copy(server.certify(name), root)
        server.stop()
        server.start()

    certify("elsewhere.example")
    hire(tls_place, daemon)
    waits_and_heals(tls_place, daemon, "does not match host name", lambda: certify("localhost"))


def test_a_database_that_is_not_there_yet_is_waited_for(place, daemon):
    place.server.sql('DROP DATABASE "%s"' % place.database)
    hire(place, daemon)
    waits_and_heals(place, daemon, "does not exist",
                    lambda: place.server.sql('CREATE DATABASE "%s"' % place.database))


def test_a_permission_that_is_missing_is_waited_for(place, daemon):
    user = "u" + place.database
    place.server.sql("CREATE USER %s" % user)
    place.configure(user)
    hire(place, daemon)
    waits_and_heals(place, daemon, "permission denied for schema public",
                    lambda: place.sql("GRANT CREATE ON SCHEMA public TO %s" % user))
    place.sql("DROP OWNED BY %s; DROP USER %s" % (user, user))


def test_a_transaction_that_lost_against_another_is_tried_again_at_once(place, daemon):
    hire(place, daemon)
    give(daemon, [100])
    daemon.until(lambda: daemon.results)
    place.sql("""CREATE SEQUENCE tries;
                 CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                   IF nextval('tries') <= 2 THEN RAISE serialization_failure; END IF; RETURN NEW; END $$;
                 CREATE TRIGGER t BEFORE INSERT ON records FOR EACH ROW EXECUTE FUNCTION lose()""")
    give(daemon, range(10))
    daemon.until(lambda: len(daemon.results) == 11)
    assert place.count() == 11 and "cannot write" not in place.log()


def test_a_lock_that_is_held_is_waited_for_within_bounds(place, daemon):
    hire(place, daemon)
    give(daemon, [100])
    daemon.until(lambda: daemon.results)
    daemon.results.clear()
    place.sql("DELETE FROM records")
    os.unlink(place.path("r.jsonl"))
    holder = subprocess.Popen([os.path.join(place.server.bin, "psql"), "-Xq", place.server.conninfo(place.database)],
                              stdin=subprocess.PIPE, text=True)
    holder.stdin.write("BEGIN; LOCK TABLE records;\n")
    holder.stdin.flush()
    wait_for(lambda: place.sql("SELECT 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND "
                               "relation = 'records'::regclass"))

    def heal():
        holder.stdin.close()
        holder.wait()

    waits_and_heals(place, daemon, "57014", heal)


def test_sigterm_ends_a_worker_whose_server_is_away_and_gives_its_work_back(place, daemon):
    worker, = hire(place, daemon)
    place.server.stop()
    give(daemon, range(8))
    daemon.until(lambda: "cannot write" in place.log())
    worker.send_signal(signal.SIGTERM)
    daemon.until(lambda: worker.poll() is not None, 15)
    daemon.serve(0.5)
    assert worker.returncode == 0
    assert len(daemon.nacks) == 8 and all(n["retry"] for n in daemon.nacks.values())


# ---- the whole way

def test_a_database_killed_under_a_running_daemon_costs_nothing(world, server):
    server.start()
    database = "d" + os.urandom(6).hex()
    server.sql('CREATE DATABASE "%s"' % database)
    publisher = world.publish()
    publisher.put("/a.xml", rss([("g%d" % n, "Headline %d" % n, article(n)) for n in range(100)]))
    world.configure([world.feed("/a.xml")], work={"lease": "3s"},
                    sinks=[{"kind": "jsonl", "path": "records.jsonl"},
                           {"kind": "postgres", "conninfo": server.conninfo(database)}])
    world.daemon()
    world.worker()
    wait_for(lambda: world.settled(100))
    server.kill()
    publisher.put("/a.xml", rss([("g%d" % n, "Headline %d" % n, article(n)) for n in range(200)]))
    wait_for(lambda: world.queue()["accepted"] == 200)
    end = time.monotonic() + 8  # longer than two leases
    while time.monotonic() < end:
        queue = world.queue()
        assert queue["done"] == 100 and queue["dead"] == 0, queue
        time.sleep(0.5)
    server.start()
    wait_for(lambda: world.settled(200))
    rows = [json.loads(row) for row in server.sql("SELECT record FROM records ORDER BY uri", database)]
    assert rows == sorted(world.lines(), key=lambda r: r["item"]["uri"]) and len(rows) == 200
    assert world.queue()["dead"] == 0
