"""What owlq tells the operator about mistakes."""
import json
import os

import pytest


def test_config_names_files_that_are_no_setting(owlpost):
    owlpost.control("concurencylocal", "5")
    owlpost.control("tcp.smtp", "127.:allow")
    shown = owlpost.owlq("config")
    assert "concurencylocal: no setting has this name\n" in shown
    assert "tcp.smtp" not in shown


def test_a_control_folder_that_is_missing_is_an_error(owlpost):
    done = owlpost.call("owlq", "config", "me", environment={"OWLPOST_CONTROL": "/nonexistent"})
    assert done.returncode == 111
    assert b"unable to read /nonexistent/me: No such file" in done.stderr


@pytest.mark.needs_root("the set-gid injector")
def test_setup_complains_when_the_injector_has_lost_its_group(owlpost):
    owlpost.setup()
    injector = owlpost.program("owl-queue")
    before = os.stat(injector).st_mode & 0o7777
    os.chmod(injector, 0o755)
    try:
        done = owlpost.call("owlq", "setup")
    finally:
        os.chmod(injector, before)
    assert done.returncode == 111
    assert b"users cannot send" in done.stderr


def test_what_operators_read_programs_read_too(owlpost):
    """--json of status, top, config, flush, rescan, setup and the list of held destinations."""
    owlpost.control("concurrencyremote", "7")
    owlpost.up()
    status = json.loads(owlpost.owlq("status", "--json"))
    assert status["remote_limit"] == 7 and status["waiting"] == status["active"] == 0
    settings = {row["name"]: row for row in map(json.loads, owlpost.owlq("config", "--json").splitlines())}
    assert settings["concurrencyremote"]["value"] == 7 and settings["concurrencyremote"]["set"]
    assert settings["backoffmax"]["value"] == 3600 and not settings["backoffmax"]["set"]
    assert settings["locals"]["type"] == "list" and isinstance(settings["locals"]["value"], list)
    owlpost.owlq("hold-destination", "b.example")
    assert json.loads(owlpost.owlq("hold-destination", "--json")) == {"destination": "b.example"}
    for command in ("flush", "rescan"):
        assert json.loads(owlpost.owlq(command, "--json")) == {"done": command}
    assert json.loads(owlpost.owlq("setup", "--json")) == {"queue": owlpost.queue}
    assert json.loads(owlpost.owlq("top", "--json").splitlines()[0])["remote_limit"] == 7
