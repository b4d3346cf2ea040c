"""Bad input: one line that says what, where and what to do; exit codes by sysexits.h; nothing lost."""
import os
import socket
import subprocess

import pytest
from conftest import BIN, article, rss, wait_for

EX_USAGE, EX_DATAERR, EX_NOINPUT, EX_UNAVAILABLE, EX_CANTCREAT, EX_TEMPFAIL, EX_CONFIG = 64, 65, 66, 69, 73, 75, 78


def datelined(*args):
    done = subprocess.run([os.path.join(BIN, "datelined"), *args], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stderr.strip().splitlines()


def one_line(lines):
    assert len(lines) == 1, lines
    return lines[0]


def test_a_missing_config_is_named(world):
    code, lines = datelined("-t", "-c", world.folder + "/nowhere.yaml")
    assert code == EX_NOINPUT and "nowhere.yaml" in one_line(lines)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_config_is_named(world):
    world.configure()
    os.chmod(world.config, 0)
    code, lines = datelined("-t", "-c", world.config)
    assert code == EX_NOINPUT and "ermission" in one_line(lines)


def test_an_unknown_key_is_named_with_its_line_and_a_suggestion(world):
    with open(world.config, "w") as f:
        f.write("state: state\nfetch:\n  spacign: 5s\n")
    code, lines = datelined("-t", "-c", world.config)
    line = one_line(lines)
    assert code == EX_CONFIG and ":3:" in line and "spacign" in line and "spacing" in line


def test_a_port_in_use_is_named(world):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        endpoint = "tcp://127.0.0.1:%d" % s.getsockname()[1]
        world.configure(live={"bind": [endpoint]})
        code, lines = datelined("-c", world.config)
    errors = [line for line in lines if line.startswith("<3>")]
    assert code == EX_UNAVAILABLE and endpoint in one_line(errors) and "in use" in errors[0]


def test_a_state_that_cannot_be_made_is_named(world):
    with open(os.path.join(world.folder, "file"), "w"):
        pass
    world.configure(state="file/state")
    code, lines = datelined("-c", world.config)
    assert code == EX_CANTCREAT and "file/state" in one_line([x for x in lines if x.startswith("<3>")])


def test_a_second_daemon_on_the_same_state_is_refused_and_a_check_beside_it_is_not(world):
    world.configure()
    world.daemon()
    code, lines = datelined("-c", world.config)
    assert code == EX_TEMPFAIL and "state" in one_line([x for x in lines if x.startswith("<3>")])
    assert datelined("-t", "-c", world.config)[0] == 0


def test_a_bind_beyond_loopback_is_refused(world):
    world.configure(live={"bind": ["tcp://0.0.0.0:5571"]})
    code, lines = datelined("-t", "-c", world.config)
    assert code == EX_CONFIG and "0.0.0.0" in one_line(lines)


def test_commands_without_a_daemon_say_so(world):
    world.configure()
    done = world.run("status", check=False)
    assert done.returncode == EX_UNAVAILABLE and len(done.stderr.decode().strip().splitlines()) == 1


def test_parse_names_each_document_it_does_not_understand_and_goes_on(world):
    files = {"page.pdf": "%PDF-1.4\n", "empty": "", "good.xml": rss([("1", "One", article(1))])}
    for name, text in files.items():
        with open(os.path.join(world.folder, name), "w") as f:
            f.write(text)
    done = world.run("parse", "empty", "page.pdf", "good.xml", check=False, config=False)
    errors = done.stderr.decode().strip().splitlines()
    assert done.returncode == EX_DATAERR
    assert len(done.stdout.splitlines()) == 1
    assert len(errors) == 2 and "empty" in errors[0] and "page.pdf" in errors[1] and "PDF" in errors[1]


def test_a_page_that_is_a_pdf_costs_nothing_but_its_text(world):
    publisher = world.publish()
    publisher.put("/feed", rss([("1", "Annual report out", "See the document.", publisher.url + "/report.pdf")]))
    publisher.put("/report.pdf", b"%PDF-1.4\n\x00\x01", type="application/pdf")
    world.configure([world.feed("/feed")])
    daemon = world.daemon()
    world.worker()
    wait_for(lambda: world.settled(1))
    wait_for(lambda: len(publisher.log("/feed")) >= 3)
    assert world.lines()[0]["item"]["bodies"][0]["value"] == "See the document."
    assert len(publisher.log("/report.pdf")) == 1
    assert "PDF" in open(daemon.log).read()


def test_a_state_of_a_newer_version_is_refused_by_run_and_check(world):
    world.configure()
    world.stop(world.daemon())
    state = os.path.join(world.folder, "state")
    subprocess.run([os.path.join(BIN, "newer-state"), state], check=True)
    for args in (("-c", world.config), ("-t", "-c", world.config)):
        code, lines = datelined(*args)
        line = one_line([x for x in lines if x.startswith("<3>")])
        assert code == EX_DATAERR and "newer version" in line and state in line


def test_a_second_daemon_on_the_same_sockets_is_refused_and_harms_nobody(world):
    world.configure()
    world.daemon()
    other = os.path.join(world.folder, "other.yaml")
    with open(other, "w") as f:
        f.write("state: other-state\nruntime: run\nweb: {listen: 'off'}\n"
                "live: {bind: ['ipc://%s/l2']}\nreplay: {bind: ['ipc://%s/r2']}\n" % (world.folder, world.folder))
    code, lines = datelined("-c", other)
    assert code == EX_UNAVAILABLE and "another datelined" in one_line([x for x in lines if x.startswith("<3>")])
    assert world.status()["pid"] == world.processes[0].pid


def test_an_empty_state_folder_is_a_first_start(world):
    os.mkdir(os.path.join(world.folder, "state"))
    world.configure()
    assert datelined("-t", "-c", world.config)[0] == 0
    world.daemon()


def test_noise_is_no_news(world):
    import random
    noise = random.Random(5).randbytes(5000)
    for size in (300, 5000):
        done = world.run("parse", stdin=noise[:size], check=False, config=False)
        assert done.returncode == EX_DATAERR and done.stdout == b"" and b"binary" in done.stderr
