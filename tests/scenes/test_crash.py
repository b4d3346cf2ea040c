"""kill -9 under load: nothing lost, nothing recorded twice."""
import random

from conftest import article, rss, wait_for

FEEDS, ITEMS = 20, 100


def stage(world):
    publisher = world.publish()
    for f in range(FEEDS):
        publisher.put("/f%d" % f, rss([("%d" % i, "Item %d of %d" % (i, f), article(f * ITEMS + i))
                                       for i in range(ITEMS)]))
    world.configure([world.feed("/f%d" % f) for f in range(FEEDS)], worker={"credit": 32})
    return FEEDS * ITEMS


def judge(world, total):
    """Every accepted item is in each sink once and was given one seq."""
    lines, rows = world.lines(), world.rows()
    keys = [(r["item"]["uri"], r["item"]["version"]) for r in lines]
    assert len(keys) == len(set(keys)) == total
    assert {(row[0], row[1]) for row in rows} == set(keys)
    live = world.replay(total)
    assert [r["seq"] for r in live] == list(range(1, total + 1))
    assert {(r["item"]["uri"], r["item"]["version"]) for r in live} == set(keys)
    bodies = [r["item"]["bodies"][0]["value"] for r in live]
    assert len(set(bodies)) == total


def test_workers_that_die_lose_and_double_nothing(world):
    total = stage(world)
    random.seed(1)
    world.daemon()
    workers = [world.worker("w%d" % n) for n in range(3)]
    leased_at_kills = done_at_kills = 0
    for round_ in range(8):
        before = world.queue()
        busy = wait_for(lambda: (q := world.queue())["leased"] and q["done"] >= before["done"] and q
                        or (q["done"] == total and q))
        victim = random.randrange(len(workers))
        world.kill(workers[victim])
        leased_at_kills += busy["leased"]
        done_at_kills = max(done_at_kills, busy["done"])
        workers[victim] = world.worker("w%d-%d" % (victim, round_))
        if busy["done"] == total:
            break
    assert leased_at_kills > 0 and done_at_kills > 0, "no kill met any work: this run proves nothing"
    wait_for(lambda: world.settled(total))
    assert world.queue()["dead"] == 0
    judge(world, total)


def test_a_daemon_that_dies_loses_and_doubles_nothing(world):
    total = stage(world)
    random.seed(2)
    daemon = world.daemon()
    for n in range(2):
        world.worker("w%d" % n)
    unfinished_at_kills = done_at_kills = 0
    for target in (50, 300, 700, 1100, 1500):
        state = wait_for(lambda: (q := world.queue())["done"] >= target and q, step=0.01)
        world.kill(daemon)
        unfinished_at_kills += state["ready"] + state["leased"]
        done_at_kills = max(done_at_kills, state["done"])
        daemon = world.daemon()
        after = world.queue()
        assert after["accepted"] >= state["accepted"], "an accepted item is gone"
        assert after["done"] >= state["done"], "a durable result is gone"
    assert unfinished_at_kills > 0 and done_at_kills > 0, "no kill met any work: this run proves nothing"
    wait_for(lambda: world.settled(total))
    judge(world, total)
