"""Much that waits: all of it is found, costs little memory, and holds up nothing."""
import re
import shutil
import subprocess

import pytest

import processes
from instance import ROOT, WORK
from waiting import wait_until

COUNT = 20_000
OCTETS_PER_MESSAGE = 96


@pytest.fixture
def spacious(owlpost):
    """An instance whose queue lies in memory where that can be had: to remove 40,000 files takes a disk long."""
    if ROOT:
        owlpost.queue = "/srv/queue"
        owlpost.control("queuedir", owlpost.queue)
    yield owlpost
    owlpost.kill_all()
    if ROOT:
        shutil.rmtree(owlpost.queue)


def fill(owlpost, count, *options):
    subprocess.run([f"{WORK}/fillqueue", *options, owlpost.queue, str(count)], check=True)


def counts(owlpost):
    """(waiting, active) messages as the runner sees them."""
    status = owlpost.owlq("status")
    return tuple(int(re.search(rf"{word} messages: (\d+)", status).group(1)) for word in ("waiting", "active"))


def memory(owlpost):
    (runner,) = owlpost.named("owl-send")
    return 1024 * int(processes.status(runner)["VmHWM"].split()[0])


def test_much_that_waits_is_all_found_and_costs_little_memory(spacious):
    spacious.start()
    empty = memory(spacious)
    spacious.stop()
    fill(spacious, COUNT, "-d", "100")
    spacious.start()
    spacious.inject("Subject: fresh\n\nhoo\n", "joe@local.test")
    spacious.wait_for_mail("joe")
    wait_until(lambda: counts(spacious) == (COUNT, 0), 60, lambda: counts(spacious))
    used = memory(spacious)
    print(f"{empty} octets without messages, {used} with {COUNT}")
    assert used - empty <= OCTETS_PER_MESSAGE * COUNT
    assert spacious.log().count("starting delivery") == 1, "what is not due is not tried"
    spacious.stop()
    spacious.start()
    wait_until(lambda: counts(spacious) == (COUNT, 0), 60, lambda: counts(spacious))


def test_what_waits_and_is_due_goes_out_once_while_more_is_loaded(spacious):
    """Those that are due are delivered by the runner that still reads the rest."""
    spacious.setup()
    fill(spacious, 300, "-n", "0", "-a", "400-10000", "-r", "joe@local.test")  # too young for a warning
    fill(spacious, 3000, "-S", "2")
    spacious.start()
    spacious.wait_for_mail("joe", 300, 60)
    wait_until(lambda: counts(spacious) == (3000, 0), 60, lambda: counts(spacious))
    subjects = sorted(re.search(rb"Subject: message (\d+)", m).group(1) for m in spacious.messages("joe"))
    assert subjects == sorted(str(n).encode() for n in range(300))
