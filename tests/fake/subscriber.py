#!/usr/bin/python3
"""A gap-free subscriber written from proto/PROTOCOL.md alone: prints records as lines of JSON.

What happens besides goes to stderr: "gap", "epoch", "lost". --drop N throws every N-th live message
away, as a slow network would, so that scenes see gaps repaired.
"""
import argparse
import json
import sys
import time

import zmq


class Subscriber:
    def __init__(self, args):
        self.args = args
        self.zmq = zmq.Context()
        self.live = self.zmq.socket(zmq.SUB)
        self.live.setsockopt(zmq.LINGER, 0)
        for topic in args.topic:
            self.live.subscribe(topic)
        self.live.subscribe("heartbeat" if args.topic else "")
        self.live.connect(args.live)
        self.dealer = None
        self.epoch, self.sure, self.got = None, 0, set()
        self.asked, self.given, self.heard_live = 0, 0, 0

    def tell(self, what, **more):
        print(what, json.dumps(more), file=sys.stderr, flush=True)

    def give(self, seq, record):
        if seq <= self.sure or seq in self.got:
            return
        self.got.add(seq)
        print(record.decode(), flush=True)
        self.given += 1
        if self.args.count and self.given >= self.args.count:
            raise SystemExit(0)

    def same_epoch(self, epoch):
        if self.epoch in (None, epoch):
            self.epoch = epoch
            return True
        self.tell("epoch", old=self.epoch, new=epoch)
        self.epoch, self.sure, self.got = epoch, 0, set()
        return False

    def request(self, header):
        """One page; asks again until it is answered."""
        while True:
            self.asked += 1
            if self.dealer is None:
                self.dealer = self.zmq.socket(zmq.DEALER)
                self.dealer.setsockopt(zmq.LINGER, 0)
                self.dealer.connect(self.args.replay)
            frames = [b"DLR1", b"REPLAY", json.dumps({"id": self.asked, "topics": self.args.topic, **header}).encode()]
            self.dealer.send_multipart(frames)
            while self.dealer.poll(3000):
                answer = self.dealer.recv_multipart()
                head = json.loads(answer[2])
                if head.get("id", self.asked) != self.asked:
                    continue
                if answer[1] == b"RECORDS":
                    return head, answer[3:]
                if head["reason"] != "unavailable":
                    sys.exit("refused: " + head["reason"])
                time.sleep(1)
                break
            else:
                self.dealer.close()
                self.dealer = None

    def catch_up(self, header):
        """From where the header says to the end."""
        while True:
            head, records = self.request(header)
            if not self.same_epoch(head["epoch"]):
                header = {"since": 1}
                continue
            asked = header.get("since", 0)
            first = head.get("first") or head["next"]
            if asked > 1 and first > asked:
                self.tell("lost", first=asked, last=first - 1)
            for entry, record in zip(head["records"], records):
                self.give(entry["seq"], record)
            self.is_sure(head["next"] - 1)
            if head["next"] > head["newest"]:
                return
            header = {"since": head["next"]}

    def is_sure(self, seq):
        self.sure = max(self.sure, seq)
        self.got = {n for n in self.got if n > self.sure}

    def repair(self, why):
        self.tell("gap", since=self.sure + 1, why=why)
        self.catch_up({"since": self.sure + 1})

    def known(self, seq):
        return seq is None or seq <= self.sure or seq in self.got

    def wanted(self, topic):
        return not self.args.topic or any(topic.startswith(prefix) for prefix in self.args.topic)

    def on_heartbeat(self, head, body):
        topics = body.get("topics")
        if head["newest"] <= self.sure:
            return
        if head["since"] <= self.sure and topics is not None and \
                all(self.known(seq) for topic, seq in topics.items() if self.wanted(topic)):
            self.is_sure(head["newest"])
        else:
            self.repair("heartbeat")

    def on_live(self, topic, head, body):
        if not self.same_epoch(head["epoch"]):
            self.catch_up({"since": 1})
        if topic == "heartbeat":
            self.on_heartbeat(head, json.loads(body))
        elif "seq" in head and not self.known(head["seq"]):
            if not self.known(head["prev"]):
                self.repair("prev")
            self.give(head["seq"], body)

    def run(self):
        self.catch_up({} if self.args.since is None else {"since": self.args.since})
        while True:
            frames = self.live.recv_multipart()
            topic = frames[0].decode()
            self.heard_live += topic != "heartbeat"
            if topic != "heartbeat" and self.args.drop and self.heard_live % self.args.drop == 0:
                continue
            self.on_live(topic, json.loads(frames[1]), frames[2])


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--live", default="tcp://127.0.0.1:5571")
    options.add_argument("--replay", default="tcp://127.0.0.1:5572")
    options.add_argument("--topic", action="append", default=[])
    options.add_argument("--since", type=int, help="a seq; without: from now on")
    options.add_argument("--count", type=int, default=0, help="end after so many")
    options.add_argument("--drop", type=int, default=0)
    Subscriber(options.parse_args()).run()


if __name__ == "__main__":
    main()
