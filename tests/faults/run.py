#!/usr/bin/python3
"""Plays the faults and prints a table. scripts/faults builds what this needs and calls it."""
import argparse
import os
import random
import sys
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import oracle  # noqa: E402
from stage import BIN, FAULTS_BIN, Violation  # noqa: E402

NOT_BUILT = 77  # what CTest calls skipped

# name, seconds of the quick share and of the whole on two cores
FAULTS = [("liar", 5, 5), ("kills", 45, 300), ("points", 60, 250), ("powercut", 10, 100),
          ("ioerrors", 10, 120), ("diskfull", 25, 25), ("bitflips", 10, 70), ("sinks", 12, 12), ("torture", 15, 300)]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the share that scripts/test runs")
    parser.add_argument("--seed", type=int, default=None, help="the moments of a former run")
    parser.add_argument("--list", action="store_true", help="names and seconds, then exit")
    parser.add_argument("faults", nargs="*", help="these only")
    options = parser.parse_args()
    names = [name for name, _, _ in FAULTS]
    for name in options.faults:
        if name not in names:
            parser.error("no fault %r; there are: %s" % (name, ", ".join(names)))
    if options.seed is None:
        options.seed = 1 if options.quick else random.randrange(1 << 31)
    return options


def play(name, options):
    """(rows of the table, what is wrong or None, seconds)"""
    module = __import__(name)
    start = time.monotonic()
    try:
        outcomes = module.run(options)
        return outcomes if isinstance(outcomes, list) else [outcomes], None, time.monotonic() - start
    except Violation as wrong:
        return [], wrong, time.monotonic() - start
    except Exception:  # a harness that breaks is no pass
        return [], Violation(traceback.format_exc()), time.monotonic() - start


def main():
    options = arguments()
    chosen = [f for f in FAULTS if not options.faults or f[0] in options.faults]
    if options.list:
        print("\n".join("%-10s %4d s quick, %4d s whole" % f for f in chosen))
        return 0
    for folder, name in ((BIN, "datelined"), (FAULTS_BIN, "faultio.so")):
        if not os.path.exists(os.path.join(folder, name)):
            print("faults: there is no %s in %s; scripts/faults builds it" % (name, folder))
            return NOT_BUILT
    seconds = sum(f[1 if options.quick else 2] for f in chosen)
    print("faults: about %d s for %s, seed %d" % (seconds, ", ".join(f[0] for f in chosen), options.seed), flush=True)
    if oracle.self_test(quiet=True):
        print("faults: the oracle misses what it must find, nothing below would mean anything")
        return 1
    failed, rows = [], []
    for name, _, _ in chosen:
        outcomes, wrong, took = play(name, options)
        for o in outcomes:
            rows.append((o.fault, o.rounds, o.acked, o.leased, o.lost, o.doubled, "skipped" if o.skipped else "held", o.note))
        if wrong:
            failed.append(name)
            rows.append((name, "", "", "", wrong.lost, wrong.doubled, "BROKEN", str(wrong).splitlines()[0][:120]))
            print("%s, --seed %d:\n  %s" % (name, options.seed, wrong), flush=True)
        print("faults: %s took %.0f s" % (name, took), flush=True)
    print_table(rows)
    return 1 if failed else 0


def print_table(rows):
    head = ("fault", "rounds", "acked met", "leases met", "lost", "doubled", "I1-I7", "")
    widths = [max(len(str(r[i])) for r in [head, *rows]) for i in range(7)]
    for row in [head, *rows]:
        cells = [str(c).ljust(w) if i in (0, 6) else str(c).rjust(w) for i, (c, w) in enumerate(zip(row, widths))]
        print(("  ".join(cells) + "  " + row[7]).rstrip())


if __name__ == "__main__":
    sys.exit(main())
