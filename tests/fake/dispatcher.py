"""A daemon's side of the work protocol for scenes of the worker, written from proto/PROTOCOL.md, section 1.

It holds no queue: a scene hands out work by hand and looks at what comes back.
"""
import json
import time

import zmq


def work(number, text="The striker scored twice as the club won the cup final."):
    return {"event": "new", "url": "http://example.org/%d" % number,
            "item": {"uri": "urn:dateline:scene:%d" % number, "version": "1", "type": "text",
                     "headlines": [{"value": "Cup final %d" % number}],
                     "bodies": [{"contentType": "text/plain", "value": text}]}}


class Dispatcher:
    def __init__(self, endpoint, heartbeat_ms=500, lease_ms=3000):
        self.socket = zmq.Context.instance().socket(zmq.ROUTER)
        self.socket.linger = 0
        self.socket.bind(endpoint)
        self.welcome = {"version": 1, "epoch": "0123456789abcdef", "session": "1", "lease_ms": lease_ms,
                        "heartbeat_ms": heartbeat_ms}
        self.workers, self.said, self.results, self.nacks, self.touched = [], [], {}, {}, []
        self.next_lease = 1

    def send(self, worker, verb, header, *payload):
        self.socket.send_multipart([worker, b"DLW1", verb.encode(), json.dumps(header).encode(), *payload])

    def give(self, worker, payloads):
        """One ITEMS message of objects or bytes."""
        leases = range(self.next_lease, self.next_lease + len(payloads))
        self.next_lease += len(payloads)
        self.send(worker, "ITEMS", [{"lease": n, "delivery": 1} for n in leases],
                  *[p if isinstance(p, bytes) else json.dumps(p).encode() for p in payloads])

    def take(self, worker, tag, verb, header, *payload):
        assert tag == b"DLW1"
        verb, header = verb.decode(), json.loads(header)
        self.said.append(verb)
        if verb == "HELLO":
            self.workers.append(worker)
            self.send(worker, "WELCOME", self.welcome)
        elif verb == "PING":
            self.send(worker, "PONG", header)
        elif verb == "RESULT":
            assert len(header) == len(payload)
            self.results.update((entry["lease"], json.loads(p)) for entry, p in zip(header, payload))
        elif verb == "NACK":
            self.nacks.update((entry["lease"], entry) for entry in header)
        elif verb == "TOUCH":
            self.touched += [entry["lease"] for entry in header]
        elif verb == "BYE":
            self.send(worker, "BYE", {})

    def serve(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.socket.poll(10):
                self.take(*self.socket.recv_multipart())

    def until(self, what, seconds=60):
        end = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < end, "waited in vain; said: %s" % self.said[-10:]
            self.serve(0.02)

    def close(self):
        self.socket.close()
