"""Strangers at the work socket: whatever they say is refused by its name or cut off, counted, and changes nothing;
a good worker beside them goes on."""
import json
import os
import random
import re
import shutil
import socket
import tempfile
import time

import pytest

from conftest import World, article, rss, wait_for

zmq = pytest.importorskip("zmq")
from zmq.utils.monitor import recv_monitor_message  # noqa: E402

ITEMS = 400
STATES = ("accepted", "ready", "leased", "delayed", "dead", "done")
GIANT = 4 << 20


class Peer:
    """A DEALER on the work socket. Answers PINGs whenever it listens."""

    def __init__(self, stage, endpoint=None):
        self.stage = stage
        self.socket = stage.zmq.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.IMMEDIATE, 1)
        self.socket.connect(endpoint or stage.world.endpoint("work"))
        stage.peers.append(self)

    def send(self, *frames):
        self.socket.send_multipart([f if isinstance(f, bytes) else f.encode() for f in frames])

    def say(self, verb, header, *payload):
        self.send("DLW1", verb, header if isinstance(header, (str, bytes)) else json.dumps(header), *payload)

    def hear(self, seconds=20):
        """The next message that is no PING, as (verb, header, payload); None when there is none."""
        end = time.monotonic() + seconds
        while self.socket.poll(max(0, int((end - time.monotonic()) * 1000))):
            tag, verb, header, *payload = self.socket.recv_multipart()
            assert tag == b"DLW1"
            if verb != b"PING":
                return verb.decode(), json.loads(header), payload
            self.say("PONG", header)
        return None

    def hello(self, credit=0, **more):
        self.say("HELLO", {"version": 1, "worker": "peer", "credit": credit, **more})
        verb, header, _ = self.hear()
        assert verb == "WELCOME", (verb, header)
        return self

    def items(self):
        verb, header, payload = self.hear()
        assert verb == "ITEMS", (verb, header)
        return [entry["lease"] for entry in header], payload

    def refused(self):
        verb, header, _ = self.hear()
        assert verb == "REFUSED", (verb, header)
        return header["reason"]

    def close(self):
        self.socket.close()


class Stage:
    """One daemon for all cases, a queue of items, and a good worker that holds one of them."""

    def __init__(self, world):
        self.world, self.zmq, self.peers = world, zmq.Context(), []
        publisher = world.publish()
        publisher.put("/feed", rss([(i, "Headline %d" % i, article(i)) for i in range(ITEMS)]))
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.tcp = "127.0.0.1", free.getsockname()[1]
        world.configure([world.feed("/feed", every="1h")], log={"level": "info"}, work={
            "bind": [world.endpoint("work"), "tcp://%s:%d" % self.tcp], "lease": "1h", "max_deliveries": 1000})
        world.daemon()
        wait_for(lambda: world.queue()["ready"] == ITEMS)
        self.good = Peer(self).hello(credit=1)
        self.held = self.good.items()

    def states(self):
        queue = self.world.queue()
        return {k: queue[k] for k in STATES}

    def refusals(self):
        return self.world.queue()["refused"]

    def goes_on(self):
        """The good worker gives one result and is given the next item."""
        done = self.states()["done"]
        (lease,), (work,) = self.held
        self.good.say("RESULT", [{"lease": lease}], work)
        self.held = self.good.items()
        wait_for(lambda: self.states()["done"] == done + 1)

    def leave(self):
        """All peers but the good one are gone for the daemon too, whatever they held is ready again."""
        for peer in self.peers[1:]:
            peer.close()
        del self.peers[1:]

    def close(self):
        for peer in self.peers:
            peer.close()
        self.zmq.term()


@pytest.fixture(scope="module")
def stage():
    folder = tempfile.mkdtemp(prefix="dateline-junk-", dir="/tmp")
    world = World(folder)
    try:
        s = Stage(world)
        yield s
        s.close()
        world.close()
        assert world.alerts() == []
    finally:
        for process in world.processes:
            if process.poll() is None:
                process.kill()
                process.wait()
        if world.publisher:
            world.publisher.stop()
        shutil.rmtree(folder, ignore_errors=True)


# ---- refused by name, by anybody: name of the case -> (the refusal, its frames)

def hello(**members):
    return json.dumps({**{"version": 1, "worker": "junk", "credit": 1}, **members})


noise = random.Random(4711)
STRANGERS = {
    "random frames": ("version", [noise.randbytes(n) for n in (4, 90, 3, 700, 1)]),
    "one empty frame": ("version", [b""]),
    "everything empty": ("version", [b"", b"", b"", b""]),
    "an HTTP request in a frame": ("version", [b"GET / HTTP/1.1\r\n\r\n"]),
    "another protocol": ("version", ["DLW2", "HELLO", hello()]),
    "the replay protocol": ("version", ["DLR1", "REPLAY", "{}"]),
    "HELLO of another version": ("version", ["DLW1", "HELLO", hello(version=2)]),
    "HELLO without a version": ("version", ["DLW1", "HELLO", "{}"]),
    "HELLO whose version is a text": ("version", ["DLW1", "HELLO", hello(version="1")]),
    "the tag alone": ("malformed", ["DLW1"]),
    "no header": ("malformed", ["DLW1", "PING"]),
    "an empty header": ("malformed", ["DLW1", "PING", b""]),
    "half an object": ("malformed", ["DLW1", "HELLO", '{"version":1']),
    "two objects": ("malformed", ["DLW1", "PING", "{}{}"]),
    "a list for an object": ("malformed", ["DLW1", "HELLO", "[]"]),
    "a member twice": ("malformed", ["DLW1", "HELLO", '{"version":1,"version":1,"worker":"w","credit":1}']),
    "10,000 lists in each other": ("malformed", ["DLW1", "PING", b"[" * 10000 + b"]" * 10000]),
    "a header that is not UTF-8": ("malformed", ["DLW1", "PING", b'{"n":"\xff\xfe"}']),
    "a header with a NUL": ("malformed", ["DLW1", "PING", b'{"n":"\\u0000\x00"}']),
    "a header over its limit": ("malformed", ["DLW1", "PING", b'{"x":"' + b"x" * (129 << 10) + b'"}']),
    "a number beyond 64 bits": ("malformed", ["DLW1", "PING", '{"n":99999999999999999999}']),
    "100 frames": ("malformed", ["DLW1", "PING", "{}"] + [b"{}"] * 97),
    "100 records": ("batch", ["DLW1", "RESULT", "[]"] + [b"{}"] * 100),
    "1,000 frames": ("malformed", ["DLW1", "RESULT", "[]"] + [b"{}"] * 1000),
    "no verb": ("verb", ["DLW1", b"", "{}"]),
    "a verb in small letters": ("verb", ["DLW1", "hello", hello()]),
    "a verb of the daemon": ("verb", ["DLW1", "ITEMS", '[{"lease":1,"delivery":1}]', "{}"]),
    "a verb of another socket": ("verb", ["DLW1", "PUSH", "{}"]),
    "a name of 65 bytes": ("name", ["DLW1", "HELLO", hello(worker="x" * 65)]),
    "a name with a line feed": ("name", ["DLW1", "HELLO", hello(worker="a\nerror: b")]),
    "a name with an escape": ("name", ["DLW1", "HELLO", hello(worker="\x1b[31m")]),
    "a name that is a number": ("name", ["DLW1", "HELLO", hello(worker=7)]),
    "an empty name": ("name", ["DLW1", "HELLO", hello(worker="")]),
    "credit 4097": ("credit", ["DLW1", "HELLO", hello(credit=4097)]),
    "credit -1": ("credit", ["DLW1", "HELLO", hello(credit=-1)]),
    "credit that is a text": ("credit", ["DLW1", "HELLO", hello(credit="x")]),
    "credit 1e99": ("credit", ["DLW1", "HELLO", '{"version":1,"worker":"w","credit":1e99}']),
    "no credit": ("malformed", ["DLW1", "HELLO", '{"version":1,"worker":"w"}']),
    "a language in capitals": ("languages", ["DLW1", "HELLO", hello(languages=["EN"])]),
    "65 languages": ("languages", ["DLW1", "HELLO", hello(languages=["en"] * 65)]),
    "languages that are none": ("languages", ["DLW1", "HELLO", hello(languages={"en": 1})]),
    "33 capabilities": ("malformed", ["DLW1", "HELLO", hello(capabilities=["x"] * 33)]),
    "a capability with a bell": ("malformed", ["DLW1", "HELLO", hello(capabilities=["\a"])]),
    "RESULT before HELLO": ("hello-first", ["DLW1", "RESULT", '[{"lease":1}]', "{}"]),
    "ACK before HELLO": ("hello-first", ["DLW1", "ACK", '[{"lease":1}]']),
    "NACK before HELLO": ("hello-first", ["DLW1", "NACK", '[{"lease":1,"retry":false}]']),
    "CREDIT before HELLO": ("hello-first", ["DLW1", "CREDIT", '{"credit":4096}']),
    "PING before HELLO": ("hello-first", ["DLW1", "PING", "{}"]),
    "BYE before HELLO": ("hello-first", ["DLW1", "BYE", "{}"]),
}


@pytest.mark.parametrize("case", STRANGERS)
def test_a_stranger_is_refused_by_name(stage, case):
    reason, frames = STRANGERS[case]
    before, refused = stage.states(), stage.refusals()
    peer = Peer(stage)
    peer.send(*frames)
    assert peer.refused() == reason
    assert stage.states() == before
    assert stage.refusals() == refused + 1
    assert peer.hello()  # it is no worse off than before
    stage.leave()
    stage.goes_on()


# ---- refused by name, from one that was welcomed. L is a lease of the good worker.

WELCOMED = {
    "a result of another's lease": ("not-held", ["RESULT", '[{"lease":L}]', "{}"]),
    "an ACK of another's lease": ("not-held", ["ACK", '[{"lease":L}]']),
    "a NACK of another's lease": ("not-held", ["NACK", '[{"lease":L}]']),
    "a NACK for ever of another's lease": ("not-held", ["NACK", '[{"lease":L,"retry":false,"reason":"mine"}]']),
    "a TOUCH of another's lease": ("not-held", ["TOUCH", '[{"lease":L}]']),
    "a lease of nobody": ("not-held", ["ACK", '[{"lease":9007199254740991}]']),
    "the same lease 64 times": ("not-held", ["ACK", "[%s]" % ",".join(['{"lease":L}'] * 64)]),
    "a lease beyond 2^53": ("malformed", ["ACK", '[{"lease":9007199254740992}]']),
    "lease 0": ("malformed", ["ACK", '[{"lease":0}]']),
    "a lease below 0": ("malformed", ["ACK", '[{"lease":-L}]']),
    "a lease with a fraction": ("malformed", ["ACK", '[{"lease":L.0}]']),
    "a lease that is a text": ("malformed", ["ACK", '[{"lease":"L"}]']),
    "leases that are no objects": ("malformed", ["ACK", "[L]"]),
    "leases that are no list": ("malformed", ["ACK", '{"lease":L}']),
    "a batch of 65": ("batch", ["ACK", "[%s]" % ",".join(['{"lease":L}'] * 65)]),
    "an empty batch": ("batch", ["RESULT", "[]"]),
    "fewer records than leases": ("batch", ["RESULT", '[{"lease":L}]']),
    "more records than leases": ("batch", ["RESULT", '[{"lease":L}]', "{}", "{}"]),
    "a payload for an ACK": ("malformed", ["ACK", '[{"lease":L}]', "{}"]),
    "a record that is a list": ("record", ["RESULT", '[{"lease":L}]', "[]"]),
    "a record that is not UTF-8": ("record", ["RESULT", '[{"lease":L}]', b'{"event":"\xff"}']),
    "an empty record": ("record", ["RESULT", '[{"lease":L}]', b""]),
    "a retry that is a text": ("malformed", ["NACK", '[{"lease":L,"retry":"no"}]']),
    "a reason that is a number": ("malformed", ["NACK", '[{"lease":L,"reason":5}]']),
    "a window of 4097": ("credit", ["CREDIT", '{"credit":4097}']),
    "a window below 0": ("credit", ["CREDIT", '{"credit":-1}']),
    "a window that is none": ("malformed", ["CREDIT", "{}"]),
}


@pytest.mark.parametrize("case", WELCOMED)
def test_a_worker_that_says_nonsense_is_refused_by_name(stage, case):
    reason, (verb, header, *payload) = WELCOMED[case]
    peer = Peer(stage).hello()
    before, refused = stage.states(), stage.refusals()
    peer.say(verb, header.replace("L", str(stage.held[0][0])), *payload)
    assert peer.refused() == reason
    assert stage.states() == before
    assert stage.refusals() == refused + 1
    peer.say("PING", {"n": 5})
    assert peer.hear()[:2] == ("PONG", {"n": 5})  # still welcome
    stage.leave()
    stage.goes_on()


# ---- what a worker did already

def taken(stage):
    """A peer, its lease and its work."""
    peer = Peer(stage).hello(credit=1)
    (lease,), (work,) = peer.items()
    peer.say("CREDIT", {"credit": 0})
    return peer, lease, work


@pytest.mark.parametrize("first", ["RESULT", "ACK"])
@pytest.mark.parametrize("second", ["RESULT", "ACK", "NACK", "TOUCH"])
def test_a_lease_ends_once(stage, first, second):
    peer, lease, work = taken(stage)
    done = stage.states()["done"]
    peer.say(first, [{"lease": lease}], *([work] if first == "RESULT" else []))
    wait_for(lambda: stage.states()["done"] == done + 1)
    before, refused = stage.states(), stage.refusals()
    peer.say(second, [{"lease": lease, "retry": False}], *([work] if second == "RESULT" else []))
    assert peer.refused() == "not-held"
    assert stage.states() == before and stage.refusals() == refused + 1
    stage.leave()
    stage.goes_on()


def test_an_acknowledged_item_is_done_and_nothing_of_it_is_recorded(stage):
    peer, lease, _ = taken(stage)
    before, newest = stage.states(), stage.world.status()["live"]["newest"]
    peer.say("ACK", [{"lease": lease}])
    wait_for(lambda: stage.states()["done"] == before["done"] + 1)
    assert stage.world.status()["live"]["newest"] == newest
    stage.leave()
    stage.goes_on()


def test_a_record_of_another_item_is_refused_and_its_item_comes_again(stage):
    peer, lease, work = taken(stage)
    before, refused = stage.states(), stage.refusals()
    record = json.loads(work)
    record["item"]["uri"] += "x"
    peer.say("RESULT", [{"lease": lease}], json.dumps(record).encode())
    assert peer.refused() == "record"
    assert stage.refusals() == refused + 1
    after = stage.states()
    assert after["done"] == before["done"] and after["dead"] == before["dead"] and after["leased"] == before["leased"] - 1
    wait_for(lambda: stage.states()["delayed"] == 0)
    stage.leave()
    stage.goes_on()


def test_hello_again_begins_again(stage):
    peer, lease, work = taken(stage)
    peer.hello()
    assert stage.states()["leased"] == 1  # the good worker's
    refused = stage.refusals()
    peer.say("RESULT", [{"lease": lease}], work)
    assert peer.refused() == "not-held"
    assert stage.refusals() == refused + 1
    wait_for(lambda: stage.states()["delayed"] == 0)
    stage.leave()
    stage.goes_on()


def test_a_mixed_message_counts_for_the_leases_that_are_held(stage):
    peer, lease, _ = taken(stage)
    before, refused = stage.states(), stage.refusals()
    peer.say("ACK", [{"lease": stage.held[0][0]}, {"lease": lease}, {"lease": lease}])
    verb, header, _ = peer.hear()
    assert verb == "REFUSED" and header["reason"] == "not-held" and header["leases"] == [stage.held[0][0], lease]
    wait_for(lambda: stage.states()["done"] == before["done"] + 1)
    assert stage.refusals() == refused + 1
    stage.leave()
    stage.goes_on()


# ---- cut off by libzmq, without a word

@pytest.mark.parametrize("endpoint", ["ipc", "tcp"])
def test_a_giant_frame_closes_the_connection(stage, endpoint):
    before = stage.states()
    peer = Peer(stage, None if endpoint == "ipc" else "tcp://%s:%d" % stage.tcp).hello()
    monitor = peer.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
    peer.say("RESULT", [{"lease": stage.held[0][0]}], b"{" + b" " * GIANT + b"}")
    assert monitor.poll(20000), "not disconnected"
    assert recv_monitor_message(monitor)["event"] == zmq.EVENT_DISCONNECTED
    peer.socket.disable_monitor()
    assert stage.states() == before
    stage.leave()
    stage.goes_on()


GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(48)
RAW = {
    "an HTTP request": b"GET /status HTTP/1.1\r\nHost: dateline\r\n\r\n",
    "noise": noise.randbytes(4096),
    "a TLS hello": bytes.fromhex("1603010200010001fc0303") + bytes(200),
    "half a greeting": GREETING[:11],
    "a greeting and no more": GREETING,
    "a greeting and a command of no end": GREETING + b"\x06" + b"\xff" * 8,
    "a greeting and noise": GREETING + noise.randbytes(2000),
    "nothing": b"",
}


@pytest.mark.parametrize("case", RAW)
def test_what_is_not_zmtp_is_cut_off(stage, case):
    before = stage.states()
    with socket.create_connection(stage.tcp, timeout=30) as raw:
        raw.sendall(RAW[case])
        end = time.monotonic() + 30  # the handshake may take 5 s
        while True:
            stage.good.hear(0)  # it says that it lives
            raw.settimeout(1)
            try:
                if not raw.recv(4096):
                    break
            except TimeoutError:
                assert time.monotonic() < end, "not closed"
            except ConnectionResetError:
                break
    assert stage.states() == before
    stage.goes_on()


# ---- many of them

def test_a_flood_of_junk_is_counted_one_by_one_and_logged_in_a_few_lines(stage):
    before, refused = stage.states(), stage.refusals()
    log = stage.world.logs[0]
    size = os.path.getsize(log)
    peer = Peer(stage).hello()
    begun = time.monotonic()
    for _ in range(3000):
        peer.send("DLW1", "BYTE", "{}")
    wait_for(lambda: stage.refusals() == refused + 3000)
    seconds = time.monotonic() - begun + 2
    time.sleep(1.1)  # the next line of its kind tells what was left out of the second before
    peer.send("DLW1", "BYTE", "{}")
    wait_for(lambda: stage.refusals() == refused + 3001)
    with open(log, errors="replace") as f:
        f.seek(size)
        lines = [line for line in f if "refused reason=verb" in line]
    assert 0 < len(lines) <= 20 * seconds + 21
    assert sum(int(n) for line in lines for n in re.findall(r"suppressed=(\d+)", line)) + len(lines) == 3001
    assert stage.states() == before
    stage.leave()
    stage.goes_on()


def test_hundreds_of_connections_that_say_nothing_do_not_keep_others_out(stage):
    before = stage.states()
    raw = []
    try:
        for _ in range(300):
            raw.append(socket.create_connection(stage.tcp, timeout=30))
        assert Peer(stage, "tcp://%s:%d" % stage.tcp).hello()
        assert stage.states() == before
    finally:
        for connection in raw:
            connection.close()
    stage.leave()
    stage.goes_on()
