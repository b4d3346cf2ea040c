#!/usr/bin/python3
"""A program that hands in documents, written from proto/PROTOCOL.md, section "Intake", alone.

    pusher.py ENDPOINT [--source ID] [--type T] FILE…

One document a line. Ends with a line of JSON: {"accepted": …, "known": …, "refused": …}.
"""
import argparse
import json
import time

import zmq

WINDOW, SILENCE = 16, 9.0


class Pusher:
    def __init__(self, endpoint, **header):
        self.endpoint, self.header = endpoint, {k: v for k, v in header.items() if v}
        self.socket, self.unanswered, self.next_id = None, {}, 1  # unanswered: id -> (frames, pings before it)
        self.sums, self.refusals = {"accepted": 0, "known": 0, "refused": 0}, []
        self.connect()

    def connect(self):
        """Anew; whatever has no answer is handed in again, which is harmless."""
        if self.socket:
            self.socket.close(0)
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.connect(self.endpoint)
        self.heard = self.pinged = time.monotonic()
        self.pings = 0
        for number, (frames, _) in self.unanswered.items():
            self.unanswered[number] = (frames, 0)
            self.socket.send_multipart(frames)

    def push(self, documents):
        while len(self.unanswered) >= WINDOW:
            self.hear()
        header = json.dumps(dict(self.header, id=self.next_id)).encode()
        frames = [b"DLI1", b"PUSH", header, *documents]
        self.unanswered[self.next_id] = (frames, self.pings)
        self.next_id += 1
        self.socket.send_multipart(frames)

    def hear(self):
        now = time.monotonic()
        if now - self.heard > SILENCE:
            self.connect()
        elif now - self.pinged > 1:
            self.pinged, self.pings = now, self.pings + 1
            self.socket.send_multipart([b"DLI1", b"PING", b'{"n":%d}' % self.pings])
        if not self.socket.poll(500):
            return
        self.heard = now
        _, verb, header = self.socket.recv_multipart()[:3]
        answer = json.loads(header)
        if verb == b"TAKEN" and self.unanswered.pop(answer["id"], None):
            self.sums = {name: n + answer[name] for name, n in self.sums.items()}
            self.refusals += answer.get("documents", [])
        elif verb == b"PONG" and answer["unanswered"] < sum(p < answer["n"] for _, p in self.unanswered.values()):
            self.connect()
        elif verb == b"REFUSED":
            if answer["reason"] not in ("draining", "unavailable", "window"):
                raise SystemExit("refused: %s" % answer["reason"])
            time.sleep(0.5)
            self.connect()

    def finish(self):
        while self.unanswered:
            self.hear()
        return self.sums


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("endpoint")
    options.add_argument("files", nargs="+")
    options.add_argument("--source")
    options.add_argument("--type", default="ninjs")
    given = options.parse_args()
    pusher = Pusher(given.endpoint, source=given.source, type=given.type)
    for path in given.files:
        lines = open(path, "rb").read().splitlines()
        for at in range(0, len(lines), 64):
            pusher.push(lines[at:at + 64])
    print(json.dumps(pusher.finish()))
