"""What `cmake --install` puts in place works from there: programs, parser child, models, man pages."""
import json
import os
import subprocess

import conftest
from conftest import ROOT, article, rss, wait_for


def test_an_installed_dateline_goes_the_whole_way(world, monkeypatch):
    stage = os.path.join(world.folder, "stage")
    subprocess.run(["cmake", "--install", os.path.join(ROOT, "build", "release")], check=True, capture_output=True,
                   env=dict(os.environ, DESTDIR=stage))
    prefix = os.path.join(stage, "usr", "local")
    for path in ("bin/datelined", "bin/dateline", "bin/dateline-worker", "libexec/dateline/dateline-parser",
                 "share/dateline/models/topics.model", "share/dateline/models/language.model",
                 "share/man/man8/datelined.8", "share/man/man5/dateline.yaml.5"):
        assert os.path.exists(os.path.join(prefix, path)), path
    units = subprocess.run(["find", stage, "-name", "*.service"], capture_output=True, text=True).stdout
    assert "datelined.service" in units and "dateline-worker@.service" in units
    monkeypatch.setattr(conftest, "BIN", os.path.join(prefix, "bin"))
    publisher = world.publish()
    publisher.put("/feed", rss([("1", "One", article(1))]))
    world.configure([world.feed("/feed")], worker={"models": os.path.join(prefix, "share", "dateline", "models")})
    world.daemon()
    world.worker()
    wait_for(lambda: world.settled(1))
    assert json.loads(json.dumps(world.lines()[0]))["analysis"]["topics"]
