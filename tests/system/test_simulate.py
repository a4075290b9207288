"""owlq simulate, with the settings and the log of an instance."""
import json

SCENARIO = """\
destination slow.example latency 2
send count 40 from ann@a.example to joe@slow.example
"""


def simulate(owlpost, *arguments, scenario=None):
    if scenario is not None:
        path = f"{owlpost.folder}/scenario"
        with open(path, "w") as f:
            f.write(scenario)
        arguments += (path,)
    return [json.loads(line) for line in owlpost.owlq("simulate", "--json", *arguments).splitlines()]


def one(lines, kind, name):
    return next(line for line in lines if line.get(kind) == name)


def test_the_settings_are_the_instances_own(owlpost):
    few = one(simulate(owlpost, scenario=SCENARIO), "destination", "slow.example")
    owlpost.control("concurrencydomain", "slow.example:2")
    fewer = one(simulate(owlpost, scenario=SCENARIO), "destination", "slow.example")
    assert few["delivered"] == fewer["delivered"] == 40
    assert few["connections_most"] > 2 and fewer["connections_most"] == 2
    assert fewer["delay_longest_us"] > few["delay_longest_us"]


def test_a_log_is_replayed(owlpost):
    log = f"{owlpost.folder}/log"
    first = simulate(owlpost, "--log", log, scenario=SCENARIO)
    again = simulate(owlpost, "--replay", log, scenario="destination slow.example latency 2\n")
    before, after = (one(lines, "destination", "slow.example") for lines in (first, again))
    assert after["delivered"] == 40
    assert abs(after["delay_longest_us"] - before["delay_longest_us"]) < 1000
    assert one(again, "sender", "ann@a.example")["recipients"] == 40


def test_a_mistake_is_named(owlpost):
    path = f"{owlpost.folder}/scenario"
    with open(path, "w") as f:
        f.write("send a lot\n")
    done = owlpost.call("owlq", "simulate", path)
    assert done.returncode == 100
    assert b"line 1: send has no such part" in done.stderr


def test_addresses_of_a_log_reach_no_terminal(owlpost):
    log = f"{owlpost.folder}/log"
    with open(log, "w") as f:
        f.write("new msg 1\ninfo msg 1: bytes 99 from <csi\u009b2J@a.example> qp 7 uid 7\n"
                "starting delivery 1: msg 1 to remote joe@turned\u202e.example\n")
    shown = owlpost.owlq("simulate", "--replay", log)
    assert "csi?2J@a.example" in shown and "turned?.example" in shown
    assert "\u009b" not in shown and "\u202e" not in shown
