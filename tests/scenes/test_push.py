"""Handing in: items and documents through the intake, until they are durable; nothing lost, nothing doubled."""
import json
import os
import signal
import subprocess
import sys

import zmq
from conftest import BIN, ROOT, article, rss, wait_for

sys.path.insert(0, os.path.join(ROOT, "tests", "fake"))
from pusher import Pusher  # noqa: E402

EX_USAGE, EX_DATAERR, EX_NOINPUT, EX_UNAVAILABLE, EX_TEMPFAIL = 64, 65, 66, 69, 75
WIRE = {"kind": "push", "id": "wire", "title": "The wire"}


def item(n, **more):
    return dict({"uri": "urn:test:%d" % n, "type": "text", "version": "1", "pubStatus": "usable", "language": "en",
                 "headlines": [{"value": "Headline %d" % n}],
                 "bodies": [{"contentType": "text/plain", "value": article(n)}]}, **more)


def write_lines(world, name, items):
    with open(os.path.join(world.folder, name), "w") as f:
        for one in items:
            f.write(json.dumps(one) + "\n")
    return name


def push(world, *args, status=0, stdin=None):
    done = world.run("push", "--json", *args, check=False, stdin=stdin)
    assert done.returncode == status, done.stderr.decode()
    return json.loads(done.stdout) if done.stdout else None


def start_push(world, *args):
    process = subprocess.Popen([os.path.join(BIN, "dateline"), "push", "--json", "-c", world.config, *args],
                               cwd=world.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    world.processes.append(process)  # ended with the scene, whatever becomes of it
    return process


def everything_arrives_once(world, uris):
    wait_for(lambda: world.settled(len(uris)), seconds=300, step=0.5)
    lines = world.lines()
    guids = [alt["value"] for line in lines for alt in line["item"]["altIds"] if alt["role"] == "guid"]
    assert sorted(guids) == sorted(uris)
    assert len({line["item"]["uri"] for line in lines}) == len(uris)


def test_lines_of_ninjs_become_records_and_a_second_push_finds_them_known(world):
    world.configure([WIRE])
    world.daemon()
    world.worker()
    name = write_lines(world, "items.ndjson", [item(n) for n in range(200)])
    assert push(world, "--source", "wire", name)["accepted"] == 200
    again = push(world, "--source", "wire", name)
    assert (again["accepted"], again["known"], again["refused"]) == (0, 200, 0)
    changed = item(7, headlines=[{"value": "Headline 7, corrected"}])
    assert push(world, "--source", "wire", "--ndjson", "-", stdin=json.dumps(changed).encode())["accepted"] == 1
    gone = item(8, pubStatus="canceled")
    assert push(world, "--source", "wire", "--ndjson", "-", stdin=json.dumps(gone).encode())["accepted"] == 1
    wait_for(lambda: world.settled(202))
    events = [line["event"] for line in world.lines()]
    assert (events.count("new"), events.count("update"), events.count("retraction")) == (200, 1, 1)
    assert all(line["source"]["id"] == "wire" and line["source"]["title"] == "The wire" for line in world.lines())
    source = [s for s in world.ask("sources")["sources"] if s["id"] == "wire"][0]
    assert source["state"] == "listening" and source["items"] == 402 and source["fresh_items"] == 202
    assert source["last_new"] and "hand in" in world.run("explain", "wire").stdout.decode()


def test_documents_of_any_kind_go_to_the_source_that_is_always_there(world):
    world.configure([])
    world.daemon()
    world.worker()
    files = {"a.xml": rss([("g1", "One", article(1)), ("g2", "Two", article(2))]),
             "b.html": "<html><head><title>A page</title></head><body><article><h1>A page of news</h1><p>%s</p>"
                       "<p>%s</p></article></body></html>" % (article(3), article(4)),
             "c.txt": "A wire story\n\n%s\n" % article(5), "d.pdf": "%PDF-1.4 nothing"}
    for name, text in files.items():
        with open(os.path.join(world.folder, name), "w") as f:
            f.write(text)
    done = world.run("push", "--url", "https://example.org/in", *files, check=False)
    assert done.returncode == EX_DATAERR
    assert b"d.pdf: not-understood: a PDF" in done.stderr
    wait_for(lambda: world.settled(4))
    assert {line["source"]["id"] for line in world.lines()} == {"push"}
    world.stop(world.processes[0])
    world.daemon()
    assert [s["id"] for s in world.ask("sources")["sources"]] == ["push"]  # and it stays known


def test_a_bad_line_is_named_and_the_others_are_taken(world):
    world.configure([WIRE])
    world.daemon()
    with open(os.path.join(world.folder, "mixed.jsonl"), "wb") as f:
        for n in range(150):
            f.write(b'{"uri": "\xff"}\n' if n == 99 else json.dumps(item(n)).encode() + b"\n")
    done = world.run("push", "--source", "wire", "mixed.jsonl", check=False)
    assert done.returncode == EX_DATAERR and b"mixed.jsonl:100: not-understood" in done.stderr
    assert world.queue()["accepted"] == 149


def test_nobody_there_and_a_source_that_is_none(world):
    world.configure([WIRE])
    write_lines(world, "one.ndjson", [item(1)])
    assert world.run("push", "one.ndjson", check=False).returncode == EX_UNAVAILABLE
    world.daemon()
    assert world.run("push", "--source", "other", "one.ndjson", check=False).returncode == EX_NOINPUT
    assert world.run("push", "--type", "other", "one.ndjson", check=False).returncode == EX_USAGE
    world.run("source", "pause", "wire")
    paused = start_push(world, "--source", "wire", "one.ndjson")
    wait_for(lambda: b"waiting" in paused.stderr.peek(1000))
    world.run("source", "resume", "wire")
    out, _ = paused.communicate(timeout=60)
    assert json.loads(out)["accepted"] == 1 and world.queue()["accepted"] == 1


def test_an_intake_that_is_off_is_not_there(world):
    world.configure([WIRE], intake={"bind": ["off"]})
    world.daemon()
    write_lines(world, "one.ndjson", [item(1)])
    assert world.run("push", "one.ndjson", check=False).returncode == 78
    assert not os.path.exists(os.path.join(world.folder, "run", "intake"))


def test_the_daemon_is_killed_in_the_middle_and_nothing_is_lost_or_doubled(world):
    world.configure([WIRE], log={"level": "info"})
    daemon = world.daemon()
    world.worker()
    name = write_lines(world, "many.ndjson", [item(n) for n in range(20000)])
    pushing = start_push(world, "--source", "wire", name)
    for part in (3000, 9000):
        wait_for(lambda: world.run("status", check=False).returncode == 0 and world.queue()["accepted"] > part)
        world.kill(daemon)
        daemon = world.daemon()
    out, err = pushing.communicate(timeout=300)
    assert pushing.returncode == 0, err.decode()
    sums = json.loads(out)
    assert sums["accepted"] + sums["known"] == 20000 and sums["refused"] == 0
    everything_arrives_once(world, ["urn:test:%d" % n for n in range(20000)])


def test_a_push_that_is_killed_goes_on_where_it_was(world):
    world.configure([WIRE], log={"level": "info"})
    world.daemon()
    name = write_lines(world, "many.ndjson", [item(n) for n in range(6000)])
    place = os.path.join(world.folder, "place")
    for how, part, status in ((signal.SIGKILL, 500, -9), (signal.SIGINT, 2000, EX_TEMPFAIL)):
        pushing = start_push(world, "--source", "wire", "--position", place, name)
        wait_for(lambda: os.path.exists(place) and world.queue()["accepted"] > part)
        pushing.send_signal(how)
        pushing.communicate(timeout=60)
        assert pushing.returncode in (status, 0)
        before = json.load(open(place))["files"][os.path.join(world.folder, name)]["line"]
        assert before <= world.queue()["accepted"]  # never ahead of what is durable
    rest = push(world, "--source", "wire", "--position", place, name)
    assert rest["documents"] == 6000 - before and world.queue()["accepted"] == 6000
    assert push(world, "--source", "wire", "--position", place, name)["documents"] == 0


def test_a_full_queue_makes_pushers_wait_and_lets_them_finish(world):
    world.configure([WIRE], queue={"max_items": 1000}, log={"level": "info"})
    world.daemon()
    name = write_lines(world, "many.ndjson", [item(n) for n in range(8000)])
    pushing = start_push(world, "--source", "wire", name)
    wait_for(lambda: world.status()["intake"]["held"] and world.queue()["accepted"] >= 1000)
    assert world.queue()["accepted"] < 3000 and pushing.poll() is None
    world.worker()
    out, err = pushing.communicate(timeout=300)
    assert pushing.returncode == 0 and json.loads(out)["accepted"] == 8000, err.decode()
    everything_arrives_once(world, ["urn:test:%d" % n for n in range(8000)])


def test_a_pusher_written_from_the_protocol_alone(world):
    world.configure([WIRE])
    world.daemon()
    pusher = Pusher(world.endpoint("intake"), source="wire", type="ninjs", lane="backfill")
    for n in range(0, 1000, 50):
        pusher.push([json.dumps(item(i)).encode() for i in range(n, n + 50)])
    pusher.push([b"nonsense", json.dumps(item(5000)).encode()])
    assert pusher.finish() == {"accepted": 1001, "known": 0, "refused": 1}
    assert pusher.refusals == [{"at": 0, "reason": "not-understood", "why": "not JSON in UTF-8"}]
    assert world.queue()["lanes"]["backfill"] == 1001


GOOD = json.dumps(item(1)).encode()
HOSTILE = {
    "no frames but one": ([b"x"], "version"),
    "another version": ([b"DLI2", b"PUSH", b'{"id":1}', GOOD], "version"),
    "no header": ([b"DLI1", b"PUSH"], "malformed"),
    "header cut": ([b"DLI1", b"PUSH", b'{"id":1', GOOD], "malformed"),
    "header not UTF-8": ([b"DLI1", b"PUSH", b'{"id":1,"type":"\xff"}', GOOD], "malformed"),
    "header too large": ([b"DLI1", b"PUSH", b'{"id":1,"x":"%s"}' % (b"y" * 200000), GOOD], "malformed"),
    "member twice": ([b"DLI1", b"PUSH", b'{"id":1,"id":2}', GOOD], "malformed"),
    "no id": ([b"DLI1", b"PUSH", b"{}", GOOD], "malformed"),
    "verb of the daemon": ([b"DLI1", b"TAKEN", b'{"id":1}'], "verb"),
    "no documents": ([b"DLI1", b"PUSH", b'{"id":1}'], "batch"),
    "too many documents": ([b"DLI1", b"PUSH", b'{"id":1}'] + [GOOD] * 65, "batch"),
    "too many frames": ([b"DLI1", b"PUSH", b'{"id":1}'] + [b""] * 3000, "malformed"),
    "documents do not count the same": ([b"DLI1", b"PUSH", b'{"id":1,"documents":[{},{}]}', GOOD], "batch"),
    "a giant batch": ([b"DLI1", b"PUSH", b'{"id":1}'] + [b"z" * (3 << 20)] * 2, "batch"),
    "unknown source": ([b"DLI1", b"PUSH", b'{"id":1,"source":"nobody"}', GOOD], "source"),
    "source of another kind": ([b"DLI1", b"PUSH", b'{"id":1,"source":"drop"}', GOOD], "source"),
    "source that is paused": ([b"DLI1", b"PUSH", b'{"id":1,"source":"resting"}', GOOD], "unavailable"),
    "unknown type": ([b"DLI1", b"PUSH", b'{"id":1,"source":"wire","type":"exe"}', GOOD], "type"),
}


def test_hostile_batches_are_refused_by_name_and_change_nothing(world):
    os.makedirs(os.path.join(world.folder, "drop"))
    world.configure([WIRE, {"kind": "directory", "id": "drop", "path": "drop"}, {"kind": "push", "id": "resting"}])
    world.daemon()
    world.run("source", "pause", "resting")
    socket = zmq.Context.instance().socket(zmq.DEALER)
    socket.linger = 0
    socket.connect(world.endpoint("intake"))
    for name, (frames, reason) in HOSTILE.items():
        socket.send_multipart(frames)
        assert socket.poll(30000), name
        tag, verb, header = socket.recv_multipart()
        assert (tag, verb, json.loads(header)["reason"]) == (b"DLI1", b"REFUSED", reason), name
    giant = zmq.Context.instance().socket(zmq.DEALER)
    giant.linger = 0
    giant.connect(world.endpoint("intake"))
    giant.send_multipart([b"DLI1", b"PUSH", b'{"id":1}', b"z" * (5 << 20)])  # cut off by libzmq
    assert not giant.poll(500)
    bodies = [b"\xff\xfe junk \x00", b"{" * 100000, b"\x1e" + GOOD, b"", b'{"uri":"a","headlines":[{"value":7}]}']
    socket.send_multipart([b"DLI1", b"PUSH", b'{"id":9,"source":"wire","type":"ninjs"}'] + bodies)
    assert socket.poll(30000)
    answer = json.loads(socket.recv_multipart()[2])
    assert answer["accepted"] == 0 and answer["refused"] == len(bodies)
    assert {d["at"] for d in answer["documents"]} == set(range(len(bodies)))
    assert world.queue()["accepted"] == 0
    socket.send_multipart([b"DLI1", b"PUSH", b'{"id":10,"source":"wire","type":"ninjs"}', GOOD])
    assert socket.poll(30000) and json.loads(socket.recv_multipart()[2])["accepted"] == 1
    socket.close(), giant.close()


def test_the_window_is_kept_while_nothing_is_answered(world):
    world.configure([WIRE], queue={"max_items": 1})
    world.daemon()
    write_lines(world, "one.ndjson", [item(0)])
    push(world, "--source", "wire", "one.ndjson")
    wait_for(lambda: world.status()["intake"]["held"])
    socket = zmq.Context.instance().socket(zmq.DEALER)
    socket.linger = 0
    socket.connect(world.endpoint("intake"))
    for n in range(1, 18):
        socket.send_multipart([b"DLI1", b"PUSH", b'{"id":%d,"source":"wire","type":"ninjs"}' % n, json.dumps(item(n)).encode()])
    assert socket.poll(30000)
    answer = socket.recv_multipart()
    assert answer[1] == b"REFUSED" and json.loads(answer[2]) == {"reason": "window", "id": 17}
    socket.send_multipart([b"DLI1", b"PING", b'{"n":4}'])
    verbs = []
    while b"PONG" not in verbs:  # it lives, though it takes nothing
        assert socket.poll(30000)
        verbs.append(socket.recv_multipart()[1])
    assert set(verbs) <= {b"PING", b"PONG"}
    world.worker()
    taken = set()
    while len(taken) < 16:
        assert socket.poll(30000)
        answer = socket.recv_multipart()
        if answer[1] == b"TAKEN":
            taken.add(json.loads(answer[2])["id"])
    assert taken == set(range(1, 17))
    socket.close()


def test_a_request_socket_does_as_well(world):
    world.configure([WIRE])
    world.daemon()
    socket = zmq.Context.instance().socket(zmq.REQ)
    socket.linger = 0
    socket.connect(world.endpoint("intake"))
    for n in (1, 2):
        socket.send_multipart([b"DLI1", b"PUSH", b'{"id":%d,"source":"wire"}' % n, json.dumps(item(n)).encode()])
        assert socket.poll(30000)
        tag, verb, header = socket.recv_multipart()
        assert verb == b"TAKEN" and json.loads(header) == {"id": n, "accepted": 1, "known": 0, "refused": 0}
    socket.close()


def test_documents_that_are_too_much_together_are_read_one_by_one(world):
    world.configure([WIRE], log={"level": "info"})
    world.daemon()

    def lines(first, count):
        return "\n".join('{"uri":"urn:n:%d","headline":"Number %d of many"}' % (n, n)
                         for n in range(first, first + count)).encode()
    pusher = Pusher(world.endpoint("intake"), source="wire", type="ninjs")
    pusher.push([lines(0, 6000), b"nonsense", lines(6000, 6000)])  # 12,000 items, 10,000 are the most of one text
    pusher.push([lines(12000, 10001), lines(30000, 5)])
    assert pusher.finish() == {"accepted": 12005, "known": 0, "refused": 2}
    assert sorted((d["at"], d["reason"]) for d in pusher.refusals) == [(0, "over-limit"), (1, "not-understood")]
    assert world.queue()["accepted"] == 12005


def test_a_key_of_a_publisher_may_hand_in_and_that_of_a_subscriber_may_not(world):
    world.run("keygen", "daemon.key", config=False)
    authorised = b"".join(world.run("keygen", "--role", role, role + ".key", config=False).stdout
                          for role in ("publisher", "subscriber"))
    with open(os.path.join(world.folder, "authorised"), "wb") as f:
        f.write(authorised)
    world.configure([WIRE], security={"key": "daemon.key", "authorised_keys": "authorised"})
    world.daemon()
    name = write_lines(world, "items.ndjson", [item(n) for n in range(100)])
    assert push(world, "--source", "wire", "--key", "publisher.key", name)["accepted"] == 100
    refused = world.run("push", "--source", "wire", "--key", "subscriber.key", name, check=False)
    assert refused.returncode == 77 and b"refuses this key" in refused.stderr
    assert world.queue()["accepted"] == 100


def test_lines_of_ninjs_are_read_from_a_feed_and_from_a_directory_as_well(world):
    publisher = world.publish()
    os.makedirs(os.path.join(world.folder, "drop"))
    lines = "\n".join(json.dumps(item(n)) for n in range(5))
    publisher.put("/items", lines, type="application/x-ndjson")
    world.configure([world.feed("/items", full_text="never"), {"kind": "directory", "id": "drop", "path": "drop"}])
    world.daemon()
    world.worker()
    write_lines(world, os.path.join("drop", "more.ndjson"), [item(n) for n in range(5, 8)])
    wait_for(lambda: world.settled(8))
    assert sorted(line["source"]["id"] for line in world.lines()) == ["drop"] * 3 + ["items"] * 5
