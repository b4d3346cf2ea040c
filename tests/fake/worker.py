#!/usr/bin/python3
"""A worker written from proto/PROTOCOL.md alone: takes items, adds an analysis, sends records.

Prints one line of JSON for what happens: {"did": "welcome" | "items" | "result" | "ack" | "nack" |
"bye" | "refused" | "lost", ...}. It can misbehave on purpose, for scenes, or do otherwise than most:
  --stall        takes items and never answers      --die-on TEXT  exits when an item holds TEXT
  --nack         cannot do any of them              --deaf         holds its tongue, heartbeats too
  --ack          keeps its output to itself         --languages en,und   takes items of these alone
"""
import argparse
import json
import os
import signal
import sys
import time

import zmq


def say(did, **more):
    print(json.dumps({"did": did, **more}), flush=True)


class Worker:
    def __init__(self, args):
        self.args = args
        self.zmq = zmq.Context()
        self.held = {}  # lease -> work
        self.beat, self.done, self.leaving, self.welcome = 3.0, 0, False, None
        self.socket = self.zmq.socket(zmq.DEALER)
        for option, value in ((zmq.IMMEDIATE, 1), (zmq.LINGER, 1000), (zmq.MAXMSGSIZE, 4 << 20)):
            self.socket.setsockopt(option, value)
        self.socket.connect(args.connect)
        self.heard = self.spoke = 0.0

    def send(self, verb, header, *payload):
        frames = [b"DLW1", verb.encode(), json.dumps(header).encode(), *payload]
        try:
            self.socket.send_multipart(frames, zmq.DONTWAIT)
            self.spoke = time.monotonic()
        except zmq.Again:
            pass  # nobody there; HELLO is said again

    def hello(self):
        self.welcome, self.heard = None, time.monotonic()
        self.held.clear()
        self.send("HELLO", {"version": 1, "worker": self.args.name, "credit": self.args.credit,
                            "languages": list(filter(None, self.args.languages.split(","))), "capabilities": ["fake"]})

    def analyse(self, work):
        record = json.loads(work)
        record["analysis"] = {"language": {"code": record["item"].get("language", "und"), "confidence": 1.0}}
        record["provenance"] = {"fake": {"version": "1", "model": None}}
        return json.dumps(record, ensure_ascii=False).encode()

    def on_items(self, header, payload):
        for entry, work in zip(header, payload):
            self.held[entry["lease"]] = work
            say("items", lease=entry["lease"], delivery=entry["delivery"], bytes=len(work))
            if self.args.die_on and self.args.die_on.encode() in work:
                os._exit(9)
        if self.args.stall:
            return
        if self.args.nack:
            self.send("NACK", [{"lease": lease, "retry": True, "reason": "as I was told"} for lease in self.held])
            say("nack", leases=list(self.held))
        else:
            time.sleep(self.args.slow)
            leases = [entry["lease"] for entry in header if entry["lease"] in self.held]
            records = [] if self.args.ack else [self.analyse(self.held[n]) for n in leases]
            self.send("ACK" if self.args.ack else "RESULT", [{"lease": n} for n in leases], *records)
            self.done += len(leases)
            say("ack" if self.args.ack else "result", leases=leases, done=self.done)
        self.held.clear()

    def on_message(self, verb, header, payload):
        if verb == "WELCOME":
            self.held.clear()
            self.welcome, self.beat = header, header["heartbeat_ms"] / 1000
            say("welcome", epoch=header["epoch"], session=header["session"])
        elif verb == "ITEMS":
            self.on_items(header, payload)
        elif verb == "PING":
            self.send("PONG", {"n": header.get("n", 0)})
        elif verb == "BYE":
            say("bye")
            self.welcome = None
        elif verb == "REFUSED":
            say("refused", **header)
            if header["reason"] in ("version", "name", "languages"):
                sys.exit(1)
            if header["reason"] == "hello-first":
                self.hello()

    def over(self):
        enough = self.args.count and self.done >= self.args.count
        return enough or self.leaving and (self.welcome is None or not self.held)

    def tick(self):
        now = time.monotonic()
        if now - self.heard >= 3 * self.beat:  # the daemon is gone, or not there yet
            if self.welcome:
                say("lost")
            self.hello()
        elif self.welcome and now - self.spoke >= self.beat:
            self.send("PING", {"n": int(now)})
        if self.welcome is None and not self.leaving and now - self.spoke >= 0.5:
            self.hello()

    def run(self):
        while not self.over():
            if not self.args.deaf or self.welcome is None:
                self.tick()
            if not self.socket.poll(100):
                continue
            frames, self.heard = self.socket.recv_multipart(), time.monotonic()
            if frames[0] != b"DLW1" or len(frames) < 3:
                sys.exit("not DLW1: %r" % frames[0])
            if not (self.args.deaf and self.welcome):
                self.on_message(frames[1].decode(), json.loads(frames[2]), frames[3:])
        if not self.leaving:
            self.send("BYE", {})
        self.socket.close()
        self.zmq.term()

    def leave(self, *_):
        self.leaving = True
        self.send("BYE", {})


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--connect", required=True)
    options.add_argument("--name", default="fake")
    options.add_argument("--credit", type=int, default=64)
    options.add_argument("--count", type=int, default=0, help="leave after so many results")
    options.add_argument("--slow", type=float, default=0, help="seconds a batch")
    options.add_argument("--die-on", default="")
    options.add_argument("--languages", default="")
    for flag in ("--stall", "--nack", "--deaf", "--ack"):
        options.add_argument(flag, action="store_true")
    worker = Worker(options.parse_args())
    signal.signal(signal.SIGTERM, worker.leave)
    signal.signal(signal.SIGINT, worker.leave)
    worker.run()


if __name__ == "__main__":
    main()
