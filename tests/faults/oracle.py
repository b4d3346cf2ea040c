#!/usr/bin/python3
"""What must be true after any fault. Items have deterministic ids, and their text is a function of the id,
so that the judge needs no memory of what was sent beyond the ids.

  I1 conservation  every item that was accepted arrives in every sink and in the replay, or is dead with a reason
  I2 integrity     with the text that its id stands for
  I3 no invention  nothing else arrives
  I4 effect once   one row a (uri, version) in a sink, one result an item; redeliveries within what was in flight
  I5 liveness      after the last fault a fresh item passes from end to end within ten seconds
  I6 hygiene       no alert in a log, no process that ended by itself, descriptors and memory as before, sinks whole
  I7 balance       accepted = ready + leased + delayed + dead + done in every sample; what was fetched is
                   accounted for; over a restart neither accepted nor done falls behind what was reported

  oracle.py --self-test   breaks each invariant on purpose and fails when that is not told
"""
import hashlib
import json
import re
import time
import sys
from collections import Counter
from dataclasses import dataclass, field

FRESH_S = 10.0  # I5
SLACK = 0.10  # I6: descriptors may differ by that much, and by a few
SLACK_FDS = 8
MEMORY_MB = 600  # I6: what the store's caches and a full backlog may take
STATES = ("ready", "leased", "delayed", "dead", "done")
FATES = ("accepted", "duplicate", "filtered", "refused")

WORDS = ("harbour council bridge winter market election river minister budget railway strike hospital museum "
         "teacher forecast storm champion court verdict treaty embassy border harvest factory engine satellite "
         "vaccine orchestra festival library glacier volcano senate parliament reform tariff currency inflation").split()


# ---- items

def headline(item):
    return "Report %s on the %s" % (item, WORDS[digest(item)[0] % len(WORDS)])


def digest(item):
    return hashlib.sha256(item.encode()).digest()


def body(item):
    """60 to 187 words that nobody else's id gives."""
    seed, words = digest(item), []
    count = 60 + seed[1] % 128
    while len(words) < count:
        seed = hashlib.sha256(seed).digest()
        words += [WORDS[b % len(WORDS)] for b in seed]
    return "%s. %s." % (item, " ".join(words[:count]))


def feed(items):
    """A JSON Feed (jsonfeed.org/version/1.1) of these ids."""
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "Faults", "items": [
        {"id": item, "title": headline(item), "content_text": body(item), "language": "en"} for item in items]})


EMBARGO_S = 4


def ninjs(items, now):
    """The same as ninjs (iptc.org/standards/ninjs) 3.1, a line each, every second one under an embargo of some seconds."""
    def until(item):
        end = int(now) + 1 + digest(item)[2] % EMBARGO_S
        return {"embargoedUntil": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end))} if digest(item)[3] % 2 else {}
    return "".join(json.dumps(dict({"uri": item, "type": "text", "pubStatus": "usable", "language": "en",
                                    "headlines": [{"value": headline(item)}],
                                    "bodies": [{"contentType": "text/plain", "value": body(item)}]}, **until(item))) + "\n"
                   for item in items)


ID = re.compile(r"^Report ([a-z]+-\d{6}) on the ")


def id_of(record):
    """The id that a record claims to be of, or None."""
    try:
        match = ID.match(record["item"]["headlines"][0]["value"])
    except (KeyError, IndexError, TypeError):
        return None
    return match.group(1) if match else None


def text_of(record):
    try:
        return record["item"]["headlines"][0]["value"], record["item"]["bodies"][0]["value"]
    except (KeyError, IndexError, TypeError):
        return None


def key_of(record):
    return record["item"].get("uri"), record["item"].get("version")


# ---- the case

@dataclass
class Evidence:
    offered: set  # ids that were handed to the daemon in any way
    accepted: set  # ids that were reported durable (a subset)
    sinks: dict  # name -> records, in the order of the sink
    replay: list = field(default_factory=list)  # records with seq; everything that is kept
    dead: set = field(default_factory=set)  # ids that the daemon lists as dead
    samples: list = field(default_factory=list)  # the "queue" part of status, at any time
    restarts: list = field(default_factory=list)  # (sample before a fault, sample after the restart)
    fetched: list = field(default_factory=list)  # (intake and queue before, the same after) of one life at rest
    redelivered: int = 0
    in_flight: int = 0  # the most redeliveries that the faults explain
    fresh_s: float = None  # None: was not tried; inf: never came
    alerts: list = field(default_factory=list)
    ended: list = field(default_factory=list)  # processes that ended and should not have
    before: dict = field(default_factory=dict)  # fds, rss_mb of the daemon at rest
    after: dict = field(default_factory=dict)
    whole: dict = field(default_factory=dict)  # sink -> what its own check said, "ok" is well


def some(ids):
    ids = sorted(map(str, ids))
    return ", ".join(ids[:5]) + (" and %d more" % (len(ids) - 5) if len(ids) > 5 else "")


def everywhere(e):
    return {**e.sinks, "replay": e.replay} if e.replay else e.sinks


def i1_conservation(e):
    for name, records in everywhere(e).items():
        lost = e.accepted - {id_of(r) for r in records} - e.dead
        if lost:
            yield "%d accepted items are not in %s: %s" % (len(lost), name, some(lost))


def i2_integrity(e):
    for name, records in everywhere(e).items():
        changed = [i for i in map(lambda r: (id_of(r), text_of(r)), records)
                   if i[0] and i[1] != (headline(i[0]), body(i[0]))]
        if changed:
            yield "%d items have another text in %s: %s" % (len(changed), name, some(i[0] for i in changed))


def i3_no_invention(e):
    for name, records in everywhere(e).items():
        strange = [r for r in records if id_of(r) not in e.offered]
        if strange:
            yield "%d records of %s were never offered: %s" % (
                len(strange), name, some(id_of(r) or json.dumps(r)[:80] for r in strange))


def i4_effect_once(e):
    for name, records in everywhere(e).items():
        twice = [k for k, n in Counter(map(key_of, records)).items() if n > 1]
        if twice:
            yield "%d keys more than once in %s: %s" % (len(twice), name, some(twice))
        again = [i for i, n in Counter(map(id_of, records)).items() if n > 1 and i]
        if again:
            yield "%d items under more than one key in %s: %s" % (len(again), name, some(again))
    seqs = [r.get("seq") for r in e.replay]
    if seqs and seqs != list(range(1, len(seqs) + 1)):
        yield "the sequence of results has holes or repeats"
    if e.redelivered > e.in_flight:
        yield "%d redeliveries, the faults explain %d" % (e.redelivered, e.in_flight)


def i5_liveness(e):
    if e.fresh_s is not None and e.fresh_s > FRESH_S:
        yield "a fresh item took %.1f s from end to end" % e.fresh_s


def i6_hygiene(e):
    for line in e.alerts[:5]:
        yield "in a log: " + line.strip()
    for process in e.ended:
        yield "ended by itself: " + process
    for sink, said in e.whole.items():
        if said != "ok":
            yield "%s is not whole: %s" % (sink, said)
    if e.before and e.after.get("fds", 0) > e.before["fds"] * (1 + SLACK) + SLACK_FDS:
        yield "descriptors %d before, %d after" % (e.before["fds"], e.after["fds"])
    if e.after.get("rss_mb", 0) > MEMORY_MB:
        yield "memory %d MB after" % e.after["rss_mb"]


def i7_balance(e):
    for q in e.samples:
        if q["accepted"] != sum(q[s] for s in STATES):
            yield "accepted %d is not %s" % (q["accepted"], " + ".join("%d %s" % (q[s], s) for s in STATES))
            break
    for before, after in e.restarts:
        for what in ("accepted", "done"):
            if after[what] < before[what]:
                yield "%d %s were reported, %d after the restart" % (before[what], what, after[what])
    for before, after in e.fetched:
        moved = {k: after[k] - before[k] for k in before}
        if moved["fetched"] != sum(moved[k] for k in FATES):
            yield "fetched %d is not %s" % (moved["fetched"], " + ".join("%d %s" % (moved[k], k) for k in FATES))


INVARIANTS = {
    "I1 conservation": i1_conservation, "I2 integrity": i2_integrity, "I3 no invention": i3_no_invention,
    "I4 effect once": i4_effect_once, "I5 liveness": i5_liveness, "I6 hygiene": i6_hygiene, "I7 balance": i7_balance,
}


def lost(e):
    """Accepted items that some sink, or the replay, has not."""
    return len(set().union(*(e.accepted - {id_of(r) for r in records} - e.dead for records in everywhere(e).values())))


def doubled(e):
    """Keys that are somewhere more than once."""
    return len(set().union(*({k for k, n in Counter(map(key_of, records)).items() if n > 1}
                             for records in everywhere(e).values())))


def judge(evidence):
    """All that is wrong, as "I1 conservation: what"."""
    return ["%s: %s" % (name, said) for name, check in INVARIANTS.items() for said in check(evidence)]


# ---- the self-test

def record(item, uri=None, version="1", text=None):
    return {"event": "new", "item": {"uri": uri or "urn:" + item, "version": version,
                                     "headlines": [{"value": headline(item)}],
                                     "bodies": [{"value": text or body(item)}]}}


def honest():
    items = ["a-%06d" % n for n in range(1, 21)]
    queue = {"accepted": 20, "ready": 3, "leased": 2, "delayed": 1, "dead": 0, "done": 14}
    return Evidence(
        offered=set(items), accepted=set(items[:18]),
        sinks={"jsonl": [record(i) for i in items], "sqlite": [record(i) for i in items]},
        replay=[dict(record(i), seq=n) for n, i in enumerate(items, 1)],
        samples=[queue], restarts=[(queue, dict(queue, done=15, ready=2))],
        fetched=[(dict(fetched=0, accepted=20, duplicate=0, filtered=0, refused=0),
                  dict(fetched=6, accepted=23, duplicate=1, filtered=1, refused=1))],
        redelivered=2, in_flight=64, fresh_s=0.5,
        before={"fds": 50, "rss_mb": 100}, after={"fds": 55, "rss_mb": 120}, whole={"sqlite": "ok"})


def doctored():
    """(the invariant that is broken, what is done to honest evidence)"""
    queue = honest().samples[0]
    yield "I1", "an item is missing in one sink", lambda e: e.sinks["jsonl"].pop(3)
    yield "I1", "an item is missing in the replay only", lambda e: e.replay.pop(17)
    yield "I2", "one word of a text changed", lambda e: e.sinks["sqlite"][4]["item"]["bodies"][0].update(value="x")
    yield "I2", "a text was cut", lambda e: e.replay[4]["item"]["bodies"][0].update(value=body("a-000005")[:-1])
    yield "I3", "an item that nobody offered", lambda e: e.sinks["jsonl"].append(record("a-000099"))
    yield "I3", "a record that is of no item", lambda e: e.sinks["jsonl"].append({"item": {"uri": "urn:x", "version": "1"}})
    yield "I4", "a key twice", lambda e: e.sinks["jsonl"].append(record("a-000001"))
    yield "I4", "an item as two versions", lambda e: e.sinks["sqlite"].append(record("a-000001", version="2"))
    yield "I4", "an item under two uris", lambda e: e.sinks["sqlite"].append(record("a-000001", uri="urn:other"))
    yield "I4", "a hole in the sequence", lambda e: e.replay[-1].update(seq=22)
    yield "I4", "more redeliveries than were in flight", lambda e: setattr(e, "redelivered", 65)
    yield "I5", "the fresh item never came", lambda e: setattr(e, "fresh_s", float("inf"))
    yield "I6", "an alert in a log", lambda e: e.alerts.append("<2>base: out of memory")
    yield "I6", "a process ended by itself", lambda e: e.ended.append("datelined status 1")
    yield "I6", "descriptors leak", lambda e: e.after.update(fds=90)
    yield "I6", "memory leaks", lambda e: e.after.update(rss_mb=MEMORY_MB + 1)
    yield "I6", "a sink's file is damaged", lambda e: e.whole.update(sqlite="row 3 missing from index")
    yield "I7", "the counts do not add up", lambda e: e.samples.append(dict(queue, ready=4))
    yield "I7", "accepted falls behind", lambda e: e.restarts.append((queue, dict(queue, accepted=19)))
    yield "I7", "done falls behind", lambda e: e.restarts.append((queue, dict(queue, done=13)))
    yield "I7", "a fetched item is not accounted for", lambda e: e.fetched[0][1].update(fetched=7)


def self_test(quiet=False):
    failed = 0
    said = judge(honest())
    if said:
        print("oracle: honest evidence is called wrong: %s" % said)
        failed += 1
    for invariant, what, break_it in doctored():
        evidence = honest()
        break_it(evidence)
        told = {line[:2] for line in judge(evidence)}
        ok = invariant in told and told <= {invariant, "I1"} | ({"I4"} if "missing in the replay" in what else set())
        failed += not ok
        if not ok or not quiet:
            print("%-4s %-6s %s%s" % (invariant, "told" if ok else "MISSED", what, "" if ok else " (said %s)" % sorted(told)))
    return failed


if __name__ == "__main__":
    if sys.argv[1:] != ["--self-test"]:
        sys.exit("usage: oracle.py --self-test")
    sys.exit(1 if self_test() else 0)
