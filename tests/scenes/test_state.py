"""The state: backed up under load, restored, checked, repaired; old and damaged ones."""
import os
import shutil
import subprocess
import time

from conftest import BIN, article, rss, wait_for

EX_DATAERR, EX_TEMPFAIL, EX_NOINPUT = 65, 75, 66
FEEDS, ITEMS = 6, 60


def datelined(world, *args):
    done = subprocess.run([os.path.join(BIN, "datelined"), *args, "-c", world.config], capture_output=True,
                          text=True, cwd=world.folder, timeout=120)
    return done.returncode, done.stdout, done.stderr


def whole(world):
    code, out, err = datelined(world, "-t", "--check-state")
    assert code == 0, out + err
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines()[1:-1]}
    assert all(int(row[2]) == 0 for row in rows.values()), out
    return {family: int(row[0]) for family, row in rows.items()}


def stage(world, feeds=FEEDS):
    publisher = world.publish()
    for f in range(feeds):
        publisher.put("/f%d" % f, rss([("%d" % i, "Item %d of %d" % (i, f), article(f * ITEMS + i))
                                       for i in range(ITEMS)]))
    world.configure([world.feed("/f%d" % f) for f in range(feeds)], worker={"credit": 16})
    return feeds * ITEMS


def test_a_backup_made_under_load_comes_back_whole_and_with_a_new_epoch(world):
    total = stage(world)
    daemon = world.daemon()
    worker = world.worker()
    wait_for(lambda: world.queue()["done"] > 0)
    before = world.queue()
    made = world.ask("backup", "backups", "--verify")["backup"]
    assert made["id"] == 1 and made["verified"] and made["bytes"] > 0
    again = world.ask("backup", "backups", "--keep", "1")["backup"]
    assert again["id"] == 2
    assert [b["id"] for b in world.ask("backup", "--list", "backups")["backups"]] == [2]
    wait_for(lambda: world.settled(total))
    epoch = world.status()["epoch"]
    last = world.replay(total)[-1]["seq"]
    assert datelined(world, "--restore", "backups")[0] == EX_TEMPFAIL
    world.kill(worker)
    world.kill(daemon)

    code, out, err = datelined(world, "--restore", "backups")
    assert code == 0 and "before-restore" in out, out + err
    rows = whole(world)
    assert rows["queue"] + rows["results"] >= before["accepted"] - before["dead"]
    daemon = world.daemon()
    assert world.status()["epoch"] != epoch
    queue = world.queue()  # checks the balance
    assert queue["accepted"] >= before["accepted"] and queue["done"] >= before["done"]
    world.worker("w2")
    wait_for(lambda: world.settled(total))  # what came after the backup is found again at its sources
    tail = world.run("tail", "--since", str(last), "--json", "-n", "1", check=False)
    assert b"epoch" in tail.stderr or tail.stdout, tail
    assert len({(row[0], row[1]) for row in world.rows()}) == total
    world.stop(daemon)
    whole(world)
    assert os.path.isdir(os.path.join(world.folder, "state.before-restore"))


def test_a_state_of_the_first_schema_goes_on(world):
    world.configure()
    state = os.path.join(world.folder, "state")
    subprocess.run([os.path.join(BIN, "old-state"), state, "100"], check=True)
    daemon = world.daemon()
    queue = world.queue()
    assert queue["ready"] == 100 and queue["dead"] == 1 and queue["done"] == 10
    assert "schema-1" in open(daemon.log).read()
    world.stop(daemon)
    assert whole(world)["heads"] == 100
    assert os.path.isdir(state + ".schema-1")
    daemon = world.daemon()
    assert "schema" not in open(daemon.log).read()
    world.stop(daemon)


def damage(path, at=0.5):
    with open(path, "r+b") as f:
        f.seek(int(os.path.getsize(path) * at))
        f.write(b"\x55" * 64)


def files(world, end):
    state = os.path.join(world.folder, "state")
    return sorted((os.path.join(state, f) for f in os.listdir(state) if f.endswith(end) or f.startswith(end)),
                  key=os.path.getsize)


def test_damage_is_told_by_a_check_and_repaired_with_a_list_of_what_was_lost(world):
    total = stage(world)
    daemon = world.daemon()
    wait_for(lambda: world.queue()["accepted"] == total)
    world.stop(daemon)
    world.stop(world.daemon())  # what was in the log is in tables now
    whole(world)
    damage(files(world, ".sst")[-1])
    code, out, err = datelined(world, "-t", "--check-state")
    assert code == EX_DATAERR and "cannot be read" in err and "wrong" in err, out + err
    code, out, err = datelined(world, "--repair")
    assert code == 0 and "lost" in err and "before-repair" in out, out + err
    rows = whole(world)
    assert 0 < rows["queue"] <= total and rows["queue"] == rows["heads"]
    daemon = world.daemon()
    assert world.queue()["ready"] + world.queue()["leased"] >= rows["queue"]
    world.stop(daemon)
    assert datelined(world, "--repair")[1].strip().endswith("nothing was changed")


def test_files_that_are_gone_are_one_line_and_no_fresh_start(world):
    world.configure()
    world.stop(world.daemon())
    world.stop(world.daemon())
    state = os.path.join(world.folder, "state")
    kept = state + "-kept"
    shutil.copytree(state, kept)
    for gone in ("CURRENT", "MANIFEST", ".sst"):
        shutil.rmtree(state)
        shutil.copytree(kept, state)
        os.unlink(files(world, gone)[0])
        for args in ((), ("-t",)):
            code, out, err = datelined(world, *args)
            errors = [line for line in err.splitlines() if line.startswith("<3>")]
            assert code == EX_DATAERR and len(errors) == 1 and "damaged" in errors[0], (gone, args, out, err)
        assert datelined(world, "--repair")[0] == 0
        whole(world)
        shutil.rmtree(state + ".before-repair")


def test_a_stop_does_not_wait_for_a_backup_that_takes_long_and_nothing_is_lost(world):
    total = stage(world, 1)
    daemon = world.daemon()
    wait_for(lambda: world.queue()["accepted"] == total)
    pipe = os.path.join(world.folder, "backups", "meta", ".1.tmp")
    os.makedirs(os.path.dirname(pipe))
    os.mkfifo(pipe)  # where the backup writes last: it waits for a reader that never comes
    making = subprocess.Popen([os.path.join(BIN, "dateline"), "backup", "backups", "-c", world.config], cwd=world.folder,
                              stderr=subprocess.DEVNULL)
    wait_for(lambda: "backup: begun" in open(daemon.log).read())
    time.sleep(1)
    assert making.poll() is None
    world.ask("backup", "--list", "backups")  # which reads the directory beside it
    daemon.terminate()
    assert daemon.wait(15) == 0
    assert "given up" in open(daemon.log).read()
    assert making.wait(30) == 69
    rows = whole(world)
    assert rows["queue"] == total
    os.remove(pipe)
    world.daemon()
    assert world.ask("backup", "backups", "--verify")["backup"]["verified"]


def test_a_folder_of_backups_that_does_not_answer_holds_up_nobody(world):
    world.configure()
    daemon = world.daemon()
    world.run("backup", "backups")
    os.makedirs(os.path.join(world.folder, "slow", "meta"))
    os.mkfifo(os.path.join(world.folder, "slow", "meta", "1"))  # opened for reading, it waits for a writer
    asking = subprocess.Popen([os.path.join(BIN, "dateline"), "backup", "--list", "slow", "-c", world.config],
                              cwd=world.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    assert len(world.ask("backup", "--list", "backups")["backups"]) == 1
    world.run("backup", "backups")
    assert asking.wait(30) == 69
    daemon.terminate()
    assert daemon.wait(15) == 0


def test_maintenance_without_a_state_or_a_backup_says_so(world):
    world.configure()
    assert datelined(world, "-t", "--check-state")[0] == EX_NOINPUT
    assert datelined(world, "--restore", "nowhere")[0] == EX_NOINPUT
    assert datelined(world, "--repair", "--restore", "nowhere")[0] == 64
    world.daemon()
    assert datelined(world, "-t", "--check-state")[0] == EX_TEMPFAIL
    assert world.run("backup", check=False).returncode == 64
    done = world.run("backup", "/proc/nowhere", check=False)
    assert done.returncode == 74 and len(done.stderr.splitlines()) == 1
    done = world.run("backup", "--list", "nowhere", check=False)
    assert done.returncode == EX_NOINPUT and len(done.stderr.splitlines()) == 1
