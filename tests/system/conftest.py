"""Fixtures: one instance, the processes it is tested with, and their end."""
import os
import re
import shutil

import pytest

import processes
from backlog import NextHop
from instance import ROOT, WORK, Instance
from peers import Bystanders


def pytest_configure(config):
    config.addinivalue_line("markers", "needs_root(reason): needs the namespaces and accounts that only root gets")
    if not WORK:
        raise pytest.UsageError("start these tests with tests/system/run")
    processes.adopt_orphans()


def pytest_runtest_setup(item):
    for marker in item.iter_markers("needs_root"):
        if not ROOT:
            pytest.skip(f"needs root: {marker.args[0]}")


@pytest.fixture
def full():
    """Whether this is ./check --full."""
    return bool(os.environ.get("OWLPOST_CHECK_FULL"))


@pytest.fixture
def bystanders():
    b = Bystanders()
    yield b
    b.end()


@pytest.fixture
def folder(request):
    """A private folder that all users may pass through."""
    path = f"{WORK}/{re.sub('[^a-zA-Z0-9]', '_', request.node.name)[:60]}"
    os.mkdir(path, 0o711)
    os.chmod(path, 0o711)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def instances(folder, bystanders):
    """Makes an instance from a build: "plain" or "sanitized".  One at a time."""
    made = []

    def make(build=os.environ.get("OWLPOST_BUILD", "plain")):
        where = f"{folder}/{len(made)}"
        os.mkdir(where, 0o711)
        os.chmod(where, 0o711)
        made.append(Instance(where, bystanders, build))
        return made[-1]

    yield make
    for instance in made:
        instance.dismantle()


@pytest.fixture
def owlpost(instances):
    return instances()


@pytest.fixture
def next_hop(owlpost):
    """Defers what is for sink.test, until it accepts."""
    with NextHop(owlpost) as hop:
        yield hop
