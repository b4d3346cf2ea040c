"""What bench/queue measures: one function a mode, and the targets that its figures are held against."""
import json
import os
import subprocess

from queue_servers import Dateline, DatelineCurve, DatelineTcp

STALL_MS = 50       # the daemon's loop serves workers, the page and the watchdog: nobody may notice a turn
RESTART_S = 2
GROUPS = [1, 10, 64, 1000]


def table(head, rows):
    widths = [max(len(str(r[i])) for r in [head] + rows) for i in range(len(head))]
    for row in [head] + rows:
        print("  ".join(str(c).ljust(w) if i == 0 else str(c).rjust(w) for i, (c, w) in enumerate(zip(row, widths))).rstrip())
    print()


def number(x, form="{:,.0f}"):
    return "-" if x is None or x != x else form.format(x)


def ratio(a, b):
    return "-" if not a or not b else "%.2fx" % (a / b)


def floors(bench, items=60000):
    """What disk, RocksDB and ZeroMQ give alone, measured in this run."""
    def lines(argv):
        out = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
        return [line.split() for line in out.splitlines()]
    few = [str(items // 10)]
    program = lambda name: os.path.join(bench.bin, name)
    f = {"append": {}, "rocksdb": {}}
    for group in GROUPS:
        n = str(max(2000, min(items, items // 10 * group)))
        f["append"][group] = float(lines([program("queue_floor"), bench.folder, n, "2048", str(group)])[0][1])
        f["rocksdb"][group] = float(lines([program("floor_commit"), "-n", n, "-d", bench.folder, str(group)])[0][4])
    z = json.loads(subprocess.run([program("floor_zmq"), str(items * 5), "2048"], capture_output=True, text=True, check=True).stdout)
    f["zmq"] = z["items"] / z["seconds"]
    table(["floor: synced writes of 2 KB, items a sync"] + [str(g) for g in GROUPS],
          [["append + fdatasync, items/s"] + [number(f["append"][g]) for g in GROUPS],
           ["RocksDB synced batch, items/s"] + [number(f["rocksdb"][g]) for g in GROUPS]])
    print("floor: ROUTER/DEALER over ipc and back, 16 a message: %s items/s\n" % number(f["zmq"]))
    return f


def one_round(bench, kind, items, **o):
    server = None
    try:
        server = bench.fresh(kind)
        return bench.drive(server, max(100, int(items * kind.share)), **o)
    except (RuntimeError, subprocess.SubprocessError) as e:
        print("FAILED %s: %s" % (kind.__name__, e))
        return {"ok": False}
    finally:
        if server:
            bench.discard(server)


def rounds(bench, kinds, items, count, **o):
    """Interleaved: what the machine does to one it does to all."""
    found = {kind: [] for kind in kinds}
    for _ in range(count):
        for kind in kinds:
            found[kind].append(one_round(bench, kind, items, **o))
    return {kind(bench).label: (kind, bench.median(results)) for kind, results in found.items()}


def plain(found):
    return {label: dict(r, durable=kind.durable, client=kind.client) if r else None for label, (kind, r) in found.items()}


def throughput(bench, kinds):
    items = bench.options.items or 60000
    f = floors(bench)
    found = rounds(bench, kinds, items, bench.options.rounds)
    fastest = max((r["rate"] for k, r in found.values() if r and k.durable and k.client != "dateline"), default=None)
    rows = []
    for label, (kind, r) in found.items():
        if not r:
            rows.append([label, "failed"] + [""] * 14)
            continue
        rows.append([label, "yes" if kind.durable else "NO", number(r["items"]), number(r["rate"]),
                     number(min(r["rates"])) + "-" + number(max(r["rates"])), number(r["taken_rate"]), ratio(r["rate"], fastest),
                     ratio(r["rate"], f["append"][64]), ratio(r["rate"], f["rocksdb"][64]), ratio(r["rate"], f["zmq"]),
                     number(r["server_us"]), number(r["publisher_us"]), number(r["workers_us"]), number(r["rss_mb"]), number(r["sync_ms"], "{:.2f}"),
                     "%d/%d" % (r["items"] - r["done"], r["twice"])])
    print("throughput, medians of %d interleaved rounds; ratios: to the fastest durable peer, to the floors at 64 a sync" %
          bench.options.rounds)
    table(["", "durable", "items", "items/s", "rounds", "confirmed/s", "x peer", "x append", "x rocksdb", "x zmq",
           "server us", "publ us", "work us", "RSS MB", "sync ms", "lost/twice"], rows)
    for label, (kind, r) in found.items():
        if r and len(r["spent"]) > 1:
            print("%s: us an item of %s" % (label, ", ".join("%s %.0f" % s for s in sorted(r["spent"].items()))))
    return {"floors": f, "peers": plain(found), "fastest": fastest}


def latency(bench, kinds):
    rate = 1000
    found = rounds(bench, kinds, (bench.options.items or 10 * rate) , bench.options.rounds, batch=1, window=16, rate=rate)
    rows = [[label] + ([number(r[k], "{:.2f}") for k in ("p50_ms", "p99_ms", "worst_ms", "sync_ms")] if r else ["failed"] + [""] * 3)
            for label, (_, r) in found.items()]
    print("latency at %d items/s, one a hand-in, from when it was due to its receipt by a worker" % rate)
    table(["", "p50 ms", "p99 ms", "worst ms", "sync ms"], rows)
    return {"peers": plain(found)}


def burst(bench, kinds):
    items, server = bench.options.items or 250000, bench.fresh(Dateline)
    try:
        r = bench.drive(server, items)
        s = server.status() or {}
    finally:
        bench.discard(server)
    loop, store = s.get("loop", {}), s.get("store", {})
    r.update(stall_ms=1e3 * loop.get("longest_s", float("nan")), sync_max_ms=1e3 * store.get("sync_max_s", float("nan")))
    print("burst of %s: %s items/s, longest turn of the daemon's loop %.1f ms, longest sync %.1f ms (not on the loop), RSS %.0f MB\n"
          % (number(items), number(r.get("rate")), r["stall_ms"], r["sync_max_ms"], r["rss_mb"]))
    return r


def batch(bench, kinds):
    found = {}
    for size in (1, 16):
        items = (bench.options.items or 30000) // (1 if size > 1 else 3)
        found[size] = bench.median([one_round(bench, Dateline, items, batch=size) for _ in range(bench.options.rounds)])
    rates = {size: r["rate"] if r else None for size, r in found.items()}
    print("batch: singly %s items/s, 16 a hand-in %s items/s: %s\n" % (number(rates[1]), number(rates[16]), ratio(rates[16], rates[1])))
    return {str(size): rate for size, rate in rates.items()}


def scale(bench, kinds):
    """Workers that sleep 2 ms an item: the dispatcher has to keep all of them busy."""
    per_worker, work_us, rates = 1500, 2000, {}
    for workers in (1, 2, 4, 8):
        r = bench.median([one_round(bench, Dateline, per_worker * workers, workers=workers, work_us=work_us, hold=32)
                          for _ in range(bench.options.rounds)])
        rates[workers] = r["rate"] if r else None
    rows = [[str(w), number(rate), number(rate and rate / w / rates[1], "{:.2f}"), number(rate and rate * work_us / 1e6 / w, "{:.2f}")]
            for w, rate in rates.items() if rates[1]]
    print("scale: workers with %d us of sleep an item" % work_us)
    table(["workers", "items/s", "of one worker's x n", "of the sleep's own bound"], rows)
    return {str(w): rate for w, rate in rates.items()}


def queued(bench, kind, items):
    """RSS with so many waiting and nobody who takes them, and how long a start takes after kill -9."""
    server = bench.fresh(kind)
    try:
        idle = server.rss_mb()
        r = bench.drive(server, items, workers=0)
        server.stop(hard=True)
        server.start(server.folder)
        r.update(idle_mb=idle, restart_s=server.ready_s, restart_cpu_s=sum(server.cpu_by_name().values()), after_mb=server.rss_mb())
        return r
    finally:
        bench.discard(server)


def memory(bench, kinds):
    found = {}
    for kind in kinds:
        if kind.result:
            continue
        items = (bench.options.items or 1000000) // (1 if kind.client == "dateline" else 4)
        try:
            found[kind(bench).label] = queued(bench, kind, max(100, int(items * kind.share)))
        except (RuntimeError, subprocess.SubprocessError) as e:
            print("FAILED %s: %s" % (kind.__name__, e))
    rows = [[label, number(r["items"]), number(r["idle_mb"]), number(r["rss_mb"]), number(1e6 * (r["rss_mb"] - r["idle_mb"]) / r["items"]),
             number(r["taken_rate"]), number(r["restart_s"], "{:.2f}"), number(r["restart_cpu_s"], "{:.2f}"),
             number(r["after_mb"])] for label, r in found.items()]
    print("memory: items queued, no workers; then kill -9 and a start")
    table(["", "items", "idle MB", "queued MB", "bytes an item", "confirmed/s", "start s", "cpu s", "MB after"], rows)
    return {"peers": found}


def curve(bench, kinds):
    items = bench.options.items or 60000
    found = rounds(bench, [DatelineTcp, DatelineCurve], items, bench.options.rounds)
    rates = {label: r["rate"] if r else None for label, (_, r) in found.items()}
    tcp, secure = rates.values()
    print("curve: tcp %s items/s, tcp + CURVE %s items/s: %s\n" % (number(tcp), number(secure), ratio(secure, tcp)))
    return {"tcp": tcp, "curve": secure}


MODES = {"throughput": throughput, "latency": latency, "burst": burst, "batch": batch, "curve": curve, "scale": scale,
         "memory": memory}


# ---- targets
def verdict_throughput(r):
    for label, ours in r["peers"].items():
        if ours and ours["client"] == "dateline" and r["fastest"]:
            yield "%s: at least 2x the fastest durable peer" % label, ours["rate"] / r["fastest"], lambda x: x >= 2, "%.2fx"


def verdict_latency(r):
    ours, redis = r["peers"].get("dateline"), r["peers"].get("redis, always")
    if ours and redis:
        for name in ("p50_ms", "p99_ms"):
            yield ("%s at most that of Redis, always (%.2f)" % (name[:3] + " ms", redis[name]), ours[name],
                   lambda x, most=redis[name]: x <= most, "%.2f")


def verdict_burst(r):
    yield "worst stall of the loop in a burst at most %d ms" % STALL_MS, r["stall_ms"], lambda x: x <= STALL_MS, "%.1f"


def verdict_batch(r):
    if r["1"] and r["16"]:
        yield "16 a hand-in at least 2x singly", r["16"] / r["1"], lambda x: x >= 2, "%.2fx"


def verdict_curve(r):
    if r["tcp"] and r["curve"]:
        yield "CURVE at least .45x plain tcp", r["curve"] / r["tcp"], lambda x: x >= 0.45, "%.2fx"


def verdict_scale(r):
    if r["1"] and r["8"]:
        yield "8 workers at least .9 of 8x one", r["8"] / r["1"] / 8, lambda x: x >= 0.9, "%.2f"


def verdict_memory(r):
    ours = r["peers"].get("dateline")
    if ours:
        yield "start with %s queued in under %d s" % (number(ours["items"]), RESTART_S), ours["restart_s"], lambda x: x < RESTART_S, "%.2f"


VERDICTS = {"throughput": verdict_throughput, "latency": verdict_latency, "burst": verdict_burst, "batch": verdict_batch,
            "curve": verdict_curve, "scale": verdict_scale, "memory": verdict_memory}


def verdicts(results):
    """One line a target; how many were missed."""
    missed = 0
    for mode, result in results.items():
        for what, value, good, form in VERDICTS[mode](result):
            met = good(value)
            missed += not met
            print("%s  %-10s %s: %s" % ("met   " if met else "MISSED", mode, what, form % value))
    return missed
