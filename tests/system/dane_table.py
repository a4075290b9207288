"""What domains publish, what their hosts show, and what is to become of mail for them (RFC 7671, RFC 7672).

A row's domain is NAME.dane.test, its mail exchanger NAME.mx.dane.test, both in a signed zone, unless its dns says
otherwise: lines of a zone file, in which {d} and {h} are those names, {records} the TLSA records.  A record is "USAGE
SELECTOR MATCHING WHOSE".  Outcomes: dane (delivered, verified), tls (delivered, encrypted, not verified), clear
(delivered, without TLS: the host offers none), defer."""
from collections import namedtuple

Row = namedtuple("Row", "name records leaf chain outcome dns starttls")

HOST = "{d}. 60 MX 10 {h}.\n{h}. 60 A 127.0.0.2\n"
TLSA = "_25._tcp.{h}. 60 TLSA {records}\n"


def row(name, records, outcome, leaf="good", chain=2, dns=HOST + TLSA, starttls=True):
    return Row(name, records if isinstance(records, list) else [records], leaf, chain, outcome, dns, starttls)


def combinations():
    """Every usage, selector and matching type, right and wrong."""
    for usage, right in ((2, "root"), (3, "good")):
        for selector in (0, 1):
            for matching in (0, 1, 2):
                name = f"u{usage}{selector}{matching}"
                yield row(name, f"{usage} {selector} {matching} {right}", "dane")
                yield row(f"{name}-wrong", f"{usage} {selector} {matching} stranger", "defer")
                if usage == 2:
                    yield row(f"{name}-middle", f"2 {selector} {matching} middle", "dane", chain=1)
                    yield row(f"{name}-not-sent", f"2 {selector} {matching} root", "dane" if matching == 0 else "defer", chain=1)


RULES = [
    # usage 3: the record is all that counts
    row("expired3", "3 1 1 expired", "dane", "expired"),
    row("wrong3", "3 0 1 wrong", "dane", "wrong"),
    row("alone3", "3 1 1 alone", "dane", "alone"),
    row("rsa3", "3 1 2 rsa", "dane", "rsa"),
    # usage 2: dates and names count
    row("expired2", "2 0 1 root", "defer", "expired"),
    row("wrong2", "2 0 1 root", "defer", "wrong"),
    row("alone2", "2 0 1 root", "defer", "alone"),
    row("rsa2", "2 1 1 root", "dane", "rsa"),
    row("common2", "2 1 1 root", "dane", "common"),
    row("nexthop2", "2 1 1 root", "dane", "nexthop"),
    row("leaf2", "2 0 1 good", "defer"),
    # several records
    row("rollover", ["3 1 1 stranger", "3 1 1 good"], "dane"),
    row("rollover2", ["2 1 1 stranger", "2 1 1 root"], "dane"),
    row("either", ["3 1 1 stranger", "2 0 1 root"], "dane"),
    row("either-expired", ["3 1 1 expired", "2 0 1 root"], "dane", "expired"),
    row("neither", ["3 1 1 stranger", "2 0 1 stranger"], "defer"),
    row("agile", ["3 1 2 stranger", "3 1 1 good"], "defer"),
    row("agile-right", ["3 1 1 stranger", "3 1 2 good"], "dane"),
    row("agile-selectors", ["3 1 2 stranger", "3 0 1 good"], "dane"),
    row("agile-full", ["3 1 2 stranger", "3 1 0 good"], "dane"),
    # records that do not count
    row("pkix-ta", "0 0 1 root", "tls"),
    row("pkix-ee", "1 1 1 good", "tls"),
    row("pkix-and-right", ["1 1 1 good", "3 1 1 good"], "dane"),
    row("pkix-and-wrong", ["1 1 1 good", "3 1 1 stranger"], "defer"),
    row("selector", "3 2 1 good", "tls"),
    row("matching", "3 1 3 good", "tls"),
    row("usage", "4 1 1 good", "tls"),
    row("short", "3 1 1 nothing", "tls"),
    row("no-certificate", "3 0 0 nothing", "tls"),
    row("no-key", "3 1 0 nothing", "tls"),
    row("no-key-and-right", ["3 1 0 nothing", "3 1 1 good"], "dane"),
    row("short-and-right", ["3 1 1 nothing", "3 1 1 good"], "dane"),
    # no TLS where it is asked for
    row("stripped", "3 1 1 good", "defer", starttls=False),
    row("stripped-unusable", "1 1 1 good", "defer", starttls=False),
    row("stripped-none", [], "clear", dns=HOST, starttls=False),
    row("none", [], "tls", dns=HOST),
    row("none-expired", [], "tls", "expired", dns=HOST),
    row("other-port", "3 1 1 stranger", "tls", dns=HOST + "_465._tcp.{h}. 60 TLSA {records}\n"),
    # no MX record
    row("addressed", "3 1 1 good", "dane", dns="{d}. 60 A 127.0.0.2\n_25._tcp.{d}. 60 TLSA {records}\n"),
    row("addressed-wrong", "3 1 1 stranger", "defer", dns="{d}. 60 A 127.0.0.2\n_25._tcp.{d}. 60 TLSA {records}\n"),
    # aliases: the domain, the host, the TLSA record (RFC 7672 2.2.2, 2.2.3)
    row("alias", "3 1 1 good", "dane", dns="{d}. 60 CNAME to.{d}.\nto.{d}. 60 MX 10 {h}.\n{h}. 60 A 127.0.0.2\n" + TLSA),
    row("host-alias", "3 1 1 good", "dane", dns="{d}. 60 MX 10 {h}.\n{h}. 60 CNAME to.{h}.\nto.{h}. 60 A 127.0.0.2\n"
        "_25._tcp.to.{h}. 60 TLSA {records}\n"),
    row("host-alias-first", "3 1 1 good", "dane", dns="{d}. 60 MX 10 {h}.\n{h}. 60 CNAME to.{h}.\nto.{h}. 60 A 127.0.0.2\n" + TLSA),
    row("host-alias-wrong", "3 1 1 stranger", "defer", dns="{d}. 60 MX 10 {h}.\n{h}. 60 CNAME to.{h}.\nto.{h}. 60 A 127.0.0.2\n"
        "_25._tcp.to.{h}. 60 TLSA {records}\n"),
    row("tlsa-alias", "3 1 1 good", "dane", dns=HOST + "_25._tcp.{h}. 60 CNAME shared.{d}.\nshared.{d}. 60 TLSA {records}\n"),
    row("tlsa-alias-wrong", "3 1 1 stranger", "defer", dns=HOST + "_25._tcp.{h}. 60 CNAME shared.{d}.\nshared.{d}. 60 TLSA {records}\n"),
    row("wildcard", "3 1 1 good", "dane", dns=HOST + "*._tcp.{h}. 60 TLSA {records}\n"),
    # parts in a zone that nobody signs
    row("host-open", "3 1 1 stranger", "tls", dns="{d}. 60 MX 10 host-open.open.test.\n"),
    row("mx-open", "3 1 1 stranger", "tls", dns="{d}. 60 CNAME to.open.test.\n{h}. 60 A 127.0.0.2\n" + TLSA),
    row("tlsa-open", "3 1 1 stranger", "tls", dns=HOST + "_25._tcp.{h}. 60 CNAME tlsa.open.test.\n"),
    # answers that are false
    row("tlsa-bogus", "3 1 1 good", "defer", dns=HOST + "_25._tcp.{h}. 60 CNAME tlsa.bogus.test.\n"),
    row("host-bogus", "3 1 1 good", "defer", dns="{d}. 60 MX 10 host.bogus.test.\n"),
    # two hosts
    row("second", "3 1 1 good", "dane", dns="{d}. 60 MX 10 bad.{h}.\n{d}. 60 MX 20 {h}.\nbad.{h}. 60 A 127.0.0.2\n{h}. 60 A 127.0.0.2\n"
        "_25._tcp.bad.{h}. 60 TLSA {other}\n" + TLSA),
]

ROWS = [*combinations(), *RULES]
