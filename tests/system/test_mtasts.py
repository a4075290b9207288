"""MTA-STS (RFC 8461): what is asked of a domain's hosts, against a name server and a web server of our own."""
import os
import shutil
import ssl
import subprocess
import time

import pytest

from certificates import DAY
from instance import WORK
from stsworld import TEXT, Authority, Names, Site, Web, policy, serve

pytestmark = pytest.mark.needs_root("ports 53 and 443")
FETCH, INVALID, WEBPKI = "sts-policy-fetch-error", "sts-policy-invalid", "sts-webpki-invalid"


class World:
    """One domain, a.test, unless a case wants more."""

    def __init__(self, owlpost, folder):
        self.owlpost, self.remotedir = owlpost, f"{folder}/remote"
        self.names, self.authority, self.sites = Names(), Authority(folder), {}
        self.web = Web(self.sites)
        os.mkdir(self.remotedir, 0o700)
        shutil.chown(self.remotedir, "owlremote", "owlremote")
        owlpost.control("remotedir", self.remotedir)
        owlpost.control("stsauthorities", self.authority.file)
        owlpost.control("timeoutsts", "20")
        os.chmod(self.authority.file, 0o644)

    def close(self):
        self.web.close()
        self.names.close()

    def announce(self, *records, domain="a.test"):
        self.names.records[f"_mta-sts.{domain}", "TXT"] = [f'"{r}"' for r in records]

    def site(self, answer, domain="a.test", **certificate):
        host = f"mta-sts.{domain}"
        self.names.records[host, "A"] = ["127.0.0.1"]
        self.sites[host] = Site(self.authority.context(host, **certificate), answer)
        return self.sites[host]

    def ask(self, *hosts, domain="a.test", limit="20", user="owlremote"):
        """What stspolicy_find() says, as a dictionary."""
        done = subprocess.run([f"{WORK}/stsask", self.remotedir, limit, domain, *hosts], capture_output=True, text=True,
                              timeout=60, user=user, group=user, extra_groups=[])
        assert done.returncode == 0, done.stderr
        return dict(line.rsplit("=", 1) if line.startswith("allows") else line.split("=", 1)
                    for line in done.stdout.splitlines())

    def path(self, kind="policies", domain="a.test"):
        return f"{self.remotedir}/sts/{kind}/{domain}"

    def age(self, seconds, kind="policies", name="fetched", domain="a.test"):
        """Makes what is kept so much older."""
        with open(self.path(kind, domain)) as f:
            text = f.read()
        at = int(text.split(f"{name} ")[1].split("\n")[0])
        with open(self.path(kind, domain), "w") as f:
            f.write(text.replace(f"{name} {at}", f"{name} {at - seconds}"))

    def refresh(self):
        return self.owlpost.call("owl-sts", "--refresh", user="owlremote")


@pytest.fixture
def world(owlpost, folder):
    w = World(owlpost, folder)
    yield w
    w.close()


def fetched(world, **more):
    """A world in which a.test's policy is kept."""
    site = world.site(serve(policy(**more)))
    world.announce("v=STSv1; id=1")
    assert world.ask()["source"] == "fetched"
    return site


# ---- policies

@pytest.mark.parametrize("body, mode, allowed, refused", [
    (policy(), "enforce", ["mx.a.test", "MX.A.test."], ["mx2.a.test", "a.test", "x.mx.a.test"]),
    (policy("testing"), "testing", ["mx.a.test"], ["other.test"]),
    (policy("none"), "none", ["mx.a.test", "other.test"], []),
    (policy("none", mx=()), "none", ["other.test"], []),
    (policy(mx=["*.a.test"]), "enforce", ["mx.a.test", "y.a.test"], ["a.test", "x.mx.a.test", "mx.aa.test"]),
    (policy(mx=["mx.a.test", "*.b.test"]), "enforce", ["mx.a.test", "mx.b.test"], ["b.test", "mx.c.test"]),
    (policy(end="\n"), "enforce", ["mx.a.test"], []),
    (policy() + "x-more: of it\r\n\r\n", "enforce", ["mx.a.test"], []),
    (policy() + "mode: none\r\n", "enforce", ["mx.a.test"], ["other.test"]),
    (policy(max_age=99999999), "enforce", ["mx.a.test"], ["other.test"]),
], ids=["enforce", "testing", "none", "none_without_mx", "wildcard", "several", "lf", "extensions", "twice", "long_age"])
def test_a_policy_is_fetched(world, body, mode, allowed, refused):
    site = world.site(serve(body))
    world.announce("v=STSv1; id=1")
    for source in ("fetched", "cached"):
        said = world.ask(*allowed, *refused)
        assert (said["mode"], said["source"], said["problem"]) == (mode, source, "")
        assert [said[f"allows {h}"] for h in allowed] == ["1"] * len(allowed)
        assert [said[f"allows {h}"] for h in refused] == ["0"] * len(refused)
    assert site.requests == 1


@pytest.mark.parametrize("answer, result, problem", [
    (serve(policy(version="STSv2")), INVALID, "its version is unknown"),
    (serve(policy(mx=())), INVALID, "it has no mx"),
    (serve(policy("Enforce")), INVALID, "its mode is unknown"),
    (serve(policy(max_age="soon")), INVALID, "max_age is no number of seconds"),
    (serve("<html>not here</html>"), INVALID, "a line is no field"),
    (serve(""), INVALID, "it has no version"),
    (serve(policy(), header="Content-Type: text/html\r\n"), INVALID, "the policy is not text/plain"),
    (serve(policy(), header=""), INVALID, "the policy is not text/plain"),
    (serve(policy() + "x: " + "y" * 65536), INVALID, "the policy is too long"),
    (b"HTTP/1.1 200 OK\r\n" + TEXT.encode() + b"Connection: close\r\n\r\n" + b"x: y\n" * 20000, INVALID, "the policy is too long"),
    (serve(policy(), "404 Not Found"), FETCH, "the server answered 404"),
    (serve(policy(), "500 Broken"), FETCH, "the server answered 500"),
    (serve(policy(), "301 Moved", TEXT + "Location: https://mta-sts.b.test/.well-known/mta-sts.txt\r\n"), FETCH,
     "the server answered 301"),
    (b"", FETCH, ""),
    (b"HTTP/1.1 200 OK\r\n" + TEXT.encode() + b"Content-Length: 500\r\n\r\nversion: STSv1\r\n", FETCH, ""),
    (b"220 mail ESMTP\r\n", FETCH, ""),
], ids=["version", "no_mx", "mode", "max_age", "page", "empty", "html", "no_type", "too_long", "endless", "404", "500",
        "redirect", "nothing", "cut_off", "no_http"])
def test_a_policy_that_is_none(world, answer, result, problem):
    site = world.site(answer)
    other = world.site(serve(policy()), domain="b.test")
    world.announce("v=STSv1; id=1")
    for _ in range(2):
        said = world.ask("other.test")
        assert (said["mode"], said["source"], said["result"], said["allows other.test"]) == ("none", "failed", result, "1")
        assert problem in said["problem"] != ""
    assert (site.requests, other.requests) == (1, 0), "not again within five minutes, and no redirection"


# ---- web servers

@pytest.mark.parametrize("certificate", [
    {"end": -DAY, "start": -3 * DAY}, {"names": ["a.test", "mta-sts.b.test"]}, {"issuer": "stranger"}, {"issuer": "self"},
    {"names": []}, {"start": DAY},
], ids=["expired", "wrong_name", "stranger", "self_signed", "only_cn", "not_yet"])
def test_a_web_server_with_a_wrong_certificate(world, certificate):
    world.site(serve(policy()), **certificate)
    world.announce("v=STSv1; id=1")
    said = world.ask()
    assert (said["mode"], said["source"], said["result"]) == ("none", "failed", WEBPKI), said


def test_a_web_server_with_a_wildcard_certificate(world):
    world.site(serve(policy()), names=["*.a.test"])
    world.announce("v=STSv1; id=1")
    assert world.ask()["mode"] == "enforce"


def test_a_web_server_with_old_tls_only(world):
    world.web.speak_only(ssl.TLSVersion.TLSv1_1)
    world.site(serve(policy()))
    world.announce("v=STSv1; id=1")
    assert world.ask()["result"] == FETCH


def test_a_web_server_with_tls_1_2_only(world):
    world.web.speak_only(ssl.TLSVersion.TLSv1_2)
    world.site(serve(policy()), key="rsa")
    world.announce("v=STSv1; id=1")
    assert world.ask()["mode"] == "enforce"


def test_a_web_server_that_says_nothing_ends_at_the_limit(world):
    world.owlpost.control("timeoutsts", "1")
    world.site(None)
    world.announce("v=STSv1; id=1")
    said = world.ask(limit="1")
    assert (said["mode"], said["source"], said["result"]) == ("none", "failed", FETCH), said


def test_no_web_server(world):
    world.announce("v=STSv1; id=1")
    said = world.ask()
    assert (said["source"], said["result"]) == ("failed", FETCH) and "mta-sts.a.test" in said["problem"]


# ---- records

@pytest.mark.parametrize("records", [
    (), ("v=STSv1; id=1", "v=STSv1;id=1"), ("v=STSv1; id=1", "v=STSv1; id=2"), ("v=STSv1",), ("v=STSv1;",), ("v=STSv1; id=a-b",),
    ("v=STSv1; id=",), ("v=STSv2; id=1",), ("v=spf1 -all",),
], ids=["none", "twice", "two", "no_field", "no_id", "odd_id", "empty_id", "version", "other"])
def test_records_that_announce_nothing(world, records):
    site = world.site(serve(policy()))
    world.announce(*records)
    said = world.ask()
    assert (said["mode"], said["source"], said["problem"]) == ("none", "absent", "") and not site.requests


@pytest.mark.parametrize("records", [
    ("v=STSv1; id=1;",), ("v=spf1 -all", "v=STSv1; id=1"), ("v=STSv1;id=1;x-y=z",), ('v=STS" "v1; i" "d=1',),
], ids=["plain", "among_others", "extension", "in_pieces"])
def test_records_that_announce(world, records):
    world.site(serve(policy()))
    world.announce(*records)
    assert world.ask()["mode"] == "enforce"


@pytest.mark.parametrize("how", ["silent", "failing"])
def test_a_name_server_that_fails(world, how):
    """Without a policy mail goes on; one that is kept counts."""
    site = fetched(world)
    getattr(world.names, how).add("_mta-sts.a.test")
    said = world.ask("other.test")
    assert (said["mode"], said["source"], said["allows other.test"]) == ("enforce", "kept", "0")
    assert "unable to look up _mta-sts.a.test" in said["problem"]
    os.unlink(world.path())
    said = world.ask("other.test")
    assert (said["mode"], said["source"]) == ("none", "unknown") and site.requests == 1


# ---- what is kept

def test_a_new_id_is_fetched_at_once(world):
    site = fetched(world)
    site.answer = serve(policy("testing"))
    assert world.ask()["mode"] == "enforce"
    world.announce("v=STSv1; id=2")
    said = world.ask()
    assert (said["mode"], said["source"], site.requests) == ("testing", "fetched", 2)


def test_mode_none_replaces_a_policy(world):
    site = fetched(world)
    site.answer = serve(policy("none", mx=()))
    world.announce("v=STSv1; id=2")
    assert world.ask("other.test")["allows other.test"] == "1"


@pytest.mark.parametrize("trouble", ["404", "certificate", "gone", "invalid"])
def test_what_cannot_be_fetched_again_keeps_what_there_is(world, trouble):
    site = fetched(world)
    world.announce("v=STSv1; id=2")
    if trouble == "404":
        site.answer = serve("", "404 Not Found")
    elif trouble == "certificate":
        world.site(serve(policy("none")), issuer="stranger")
    elif trouble == "gone":
        del world.names.records["mta-sts.a.test", "A"]
    else:
        site.answer = serve(policy(version="9"))
    said = world.ask("other.test")
    assert (said["mode"], said["source"], said["allows other.test"]) == ("enforce", "kept", "0")
    assert said["result"] == {"certificate": WEBPKI, "invalid": INVALID}.get(trouble, FETCH)


def test_it_is_tried_again_after_five_minutes(world):
    site = fetched(world)
    world.announce("v=STSv1; id=2")
    site.answer = serve("", "404 Not Found")
    assert world.ask()["source"] == "kept"
    site.answer = serve(policy("testing"))
    assert world.ask()["source"] == "kept"
    world.age(300, "failures", "tried")
    assert (world.ask()["mode"], site.requests) == ("testing", 3)
    assert not os.path.exists(world.path("failures"))


def test_a_record_that_went_away_keeps_the_policy_until_it_ends(world):
    fetched(world, max_age=1000)
    world.announce()
    assert (world.ask()["mode"], world.ask()["source"]) == ("enforce", "kept")
    world.age(1000)
    assert (world.ask()["mode"], world.ask()["source"]) == ("none", "absent")


def test_a_policy_that_is_over_and_cannot_be_fetched_counts_no_more(world):
    site = fetched(world, max_age=1000)
    site.answer = serve("", "404 Not Found")
    world.age(1000)
    said = world.ask()
    assert (said["mode"], said["source"], said["result"]) == ("none", "failed", FETCH)


def test_a_policy_is_fetched_again_in_its_last_quarter(world):
    site = fetched(world, max_age=1000)
    world.age(700)
    assert (world.ask()["source"], site.requests) == ("cached", 1)
    world.age(60)
    assert (world.ask()["source"], site.requests) == ("fetched", 2)


def test_a_file_that_is_not_sound_is_fetched_again(world):
    site = fetched(world)
    with open(world.path(), "w") as f:
        f.write("owlpost-sts 1\nid 1\n")
    assert (world.ask()["source"], site.requests) == ("fetched", 2)


def test_files_that_cannot_be_read_are_not_files_that_are_not_there(world):
    """One of them may hold an enforced policy: what there is, is not known."""
    fetched(world)
    for path, mode in ((world.path(), 0), (f"{world.remotedir}/sts", 0)):
        was = os.stat(path).st_mode
        os.chmod(path, mode)
        said = world.ask("other.test")
        os.chmod(path, was)
        assert (said["mode"], said["source"]) == ("none", "unreadable") and "Permission denied" in said["problem"], said
    assert world.ask()["mode"] == "enforce"


def test_a_folder_that_holds_nothing_of_ours(world):
    """Another instance's, or one in which nothing can be made: no mail waits for it."""
    fetched(world)
    assert world.ask(user="joe")["source"] == "absent"
    shutil.rmtree(f"{world.remotedir}/sts")
    os.chmod(world.remotedir, 0o500)
    said = world.ask()
    assert (said["mode"], said["source"]) == ("none", "absent") and "Permission denied" in said["problem"], said


def test_0_seconds_look_nothing_up(world):
    site = fetched(world)
    asked = len(world.names.asked)
    assert world.ask(limit="0")["source"] == "cached"
    os.unlink(world.path())
    assert world.ask(limit="0")["source"] == "absent"
    assert (site.requests, len(world.names.asked)) == (1, asked)


def test_many_who_want_a_policy_fetch_it_once(world):
    site = world.site(serve(policy()))
    world.announce("v=STSv1; id=1")
    command = [f"{WORK}/stsask", world.remotedir, "20", "a.test"]
    many = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, user="owlremote", group="owlremote", extra_groups=[])
            for _ in range(8)]
    assert all("mode=enforce" in one.communicate(timeout=60)[0] for one in many)
    assert site.requests < 8, "those who waited took what was there"
    assert sorted(os.listdir(f"{world.remotedir}/sts/policies")) == ["a.test"]


def test_names_that_are_no_policy_domains(world):
    for name in ("[127.0.0.1]", "../a.test", "a..test", ""):
        assert world.ask(domain=name)["source"] == "absent"
    assert not world.names.asked


def test_a_domain_beyond_ascii(world):
    world.site(serve(policy()), domain="xn--bcher-kva.test")
    world.announce("v=STSv1; id=1", domain="xn--bcher-kva.test")
    assert world.ask(domain="Bücher.test")["mode"] == "enforce"


# ---- from cron

def test_refresh_fetches_what_is_old_and_takes_away_what_is_over(world):
    site = fetched(world)
    assert world.refresh().returncode == 0 and site.requests == 1
    world.age(13 * 3600)
    site.answer = serve(policy("testing"))
    assert world.refresh().returncode == 0 and site.requests == 2
    assert (world.ask()["mode"], world.ask()["source"]) == ("testing", "cached")
    world.age(86400)
    assert world.refresh().returncode == 0 and not os.path.exists(world.path())
    assert site.requests == 2


def test_a_refresh_that_fails_says_so_and_keeps_what_there_is(world):
    site = fetched(world)
    world.age(13 * 3600)
    site.answer = serve("", "404 Not Found")
    done = world.refresh()
    assert (done.returncode, done.stderr) == (0, b"owl-sts: a.test: the server answered 404\n")
    assert world.ask()["mode"] == "enforce"


def test_refresh_takes_away_what_who_was_killed_left(world):
    fetched(world)
    leftover = f"{world.remotedir}/sts/policies/.1"
    for age, stays in ((0, True), (2 * 86400, False)):
        with open(leftover, "w") as f:
            f.write("version")
        os.utime(leftover, (time.time() - age, time.time() - age))
        assert world.refresh().returncode == 0
        assert os.path.exists(leftover) == stays


def test_wrong_arguments(world):
    for arguments in ((), ("a.test",), ("../a", "1"), ("a.test", "a;b"), ("a.test", "1", "2"), ("--refresh", "1", "2")):
        assert world.owlpost.call("owl-sts", *arguments, user="owlremote").returncode == 100
