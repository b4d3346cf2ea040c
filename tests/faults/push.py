"""A program that hands in items over the intake socket (proto/PROTOCOL.md, "Intake"), written for being cut off: it
knows which of its items were reported durable, and pushes a batch again until it was."""
import json
import threading
import time

import zmq

import oracle

DOCUMENTS, ITEMS = 5, 8  # of a batch; of a document
WINDOW = 4
HELD = 6  # one batch in so many has items under an embargo
SILENT_S = 5.0


class Pusher(threading.Thread):
    def __init__(self, stage):
        super().__init__(daemon=True)
        self.stage = stage
        self.stop, self.acked, self.refused = threading.Event(), set(), []
        self.unanswered, self.again, self.next_id = {}, [], 1
        self.socket, self.life, self.heard = None, None, 0.0

    def connect(self):
        """Anew with each life of the daemon: what has no answer yet is pushed again."""
        if self.socket:
            self.socket.close(0)
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.setsockopt(zmq.IMMEDIATE, 1)
        self.socket.connect(self.stage.endpoint("intake"))
        self.life, self.heard = self.stage.life, time.monotonic()
        self.again += self.unanswered.values()
        self.unanswered.clear()

    def send(self, verb, header, *payload):
        self.socket.send_multipart([b"DLI1", verb, json.dumps(header).encode(), *payload], zmq.DONTWAIT)

    def push(self):
        batch = self.again.pop() if self.again else [self.stage.number(ITEMS) for _ in range(DOCUMENTS)]
        self.unanswered[self.next_id] = batch
        self.next_id += 1
        held = oracle.digest(batch[0][0])[4] % HELD == 0
        write = (lambda items: oracle.ninjs(items, time.time())) if held else oracle.feed
        self.send(b"PUSH", {"id": self.next_id - 1, "source": "pushed", "type": "ninjs" if held else "jsonfeed"},
                  *[write(items).encode() for items in batch])

    def hear(self):
        _, verb, header, *_ = self.socket.recv_multipart()
        header = json.loads(header)
        self.heard = time.monotonic()
        if verb == b"PING":
            self.send(b"PONG", {"n": header.get("n", 0)})
            return
        batch = self.unanswered.pop(header.get("id"), None)
        if batch is None:
            return
        if verb == b"TAKEN" and header.get("refused", 0) == 0:
            self.acked.update(item for items in batch for item in items)
        elif verb == b"TAKEN":
            self.refused.append(header)
        else:
            self.again.append(batch)

    def step(self):
        if self.socket is None or self.life != self.stage.life or time.monotonic() - self.heard > SILENT_S:
            self.connect()
        more = bool(self.again) or (self.stage.has_room() and not self.stop.is_set())
        try:
            if more and len(self.unanswered) < WINDOW:
                self.push()
        except zmq.Again:
            self.again += [self.unanswered.pop(max(self.unanswered))]
            time.sleep(0.02)
        while self.socket.poll(5):
            self.hear()

    def run(self):
        """Until it is stopped, and everything was taken."""
        while not self.stop.is_set() or self.unanswered or self.again:
            self.step()
        self.socket.close(0)
