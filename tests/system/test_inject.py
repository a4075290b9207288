"""owl-inject does to headers and envelopes what qmail-inject's manual promises.

Each case is what goes in and what the rules say comes out.  D, I and F stand
for the Date, Message-ID and From that are added.
"""
import re

from fakequeue import Injector

CONTROLS = {"defaultdomain": "dd.test", "defaulthost": "dh", "plusdomain": "pd.test", "idhost": "id.test"}
USER = {"USER": "joe"}
NAMED = USER | {"NAME": "Joe User"}
CC = "Cc: recipient list not shown: ;\n"
D, I, F = "Date: D\n", "Message-ID: I\n", "From: joe@dh.dd.test\n"
ADDED = D + I + F
RESENT = "".join("Resent-" + line for line in (D, I, F))
JOE = "joe@dh.dd.test"

# To: what it becomes; the recipients
ADDRESSES = [
    ("a@b.test", "a@b.test", ["a@b.test"]),
    ("a", "a@dh.dd.test", ["a@dh.dd.test"]),
    ("a@h", "a@h.dd.test", ["a@h.dd.test"]),
    ("a@h+", "a@h.pd.test", ["a@h.pd.test"]),
    ("a@x.y+", "a@x.y.pd.test", ["a@x.y.pd.test"]),
    ("a+", "a+@dh.dd.test", ["a+@dh.dd.test"]),
    ("a+b@h", "a+b@h.dd.test", ["a+b@h.dd.test"]),
    ("a@b.test.", "a@b.test", ["a@b.test"]),
    ("a%b", "a%b@dh.dd.test", ["a%b@dh.dd.test"]),
    ("a%b@c.test", "a%b@c.test", ["a%b@c.test"]),
    ("a!b", "a!b@dh.dd.test", ["a!b@dh.dd.test"]),
    ("a@[127.0.0.1]", "a@[127.0.0.1]", ["a@[127.0.0.1]"]),
    ("a, b@c.test", "a@dh.dd.test, b@c.test", ["a@dh.dd.test", "b@c.test"]),
    ("a b", "a@dh.dd.test, b@dh.dd.test", ["a@dh.dd.test", "b@dh.dd.test"]),
    ("a@b.test c@d.test", "a@b.test, c@d.test", ["a@b.test", "c@d.test"]),
    ("a@b.test,,c@d.test", "a@b.test,,c@d.test", ["a@b.test", "c@d.test"]),
    ("a@b.test,\n\tc", "a@b.test,\n\tc@dh.dd.test", ["a@b.test", "c@dh.dd.test"]),
    ("<a>", "<a@dh.dd.test>", ["a@dh.dd.test"]),
    ("Ann <a@h>", "Ann <a@h.dd.test>", ["a@h.dd.test"]),
    ("Ann B. C <a>", "Ann B. C <a@dh.dd.test>", ["a@dh.dd.test"]),
    ('"C, Ann" <a>', '"C, Ann" <a@dh.dd.test>', ["a@dh.dd.test"]),
    ("a (Ann, C)", "a@dh.dd.test (Ann, C)", ["a@dh.dd.test"]),
    ("a@b.test (x (y) \\) z)", "a@b.test (x (y) \\) z)", ["a@b.test"]),
    ("(before) a", "(before) a@dh.dd.test", ["a@dh.dd.test"]),
    ("<@r.test:a@b.test>", "<a@b.test>", ["a@b.test"]),
    ("Ann <@r.test,@s.test:a@h>", "Ann <a@h.dd.test>", ["a@h.dd.test"]),
    ("list: a, b@c.test;", "list: a@dh.dd.test, b@c.test;", ["a@dh.dd.test", "b@c.test"]),
    ("l: a;, b", "l: a@dh.dd.test;, b@dh.dd.test", ["a@dh.dd.test", "b@dh.dd.test"]),
    ("l: Ann <a>, <b>;", "l: Ann <a@dh.dd.test>, <b@dh.dd.test>;", ["a@dh.dd.test", "b@dh.dd.test"]),
    ("nobody: ;, a", "nobody: ;, a@dh.dd.test", ["a@dh.dd.test"]),
    ('"a b"', '"a b"@dh.dd.test', ["a b@dh.dd.test"]),
    ('"a b"@c.test', '"a b"@c.test', ["a b@c.test"]),
    ('"a\\"b"@c.test', '"a\\"b"@c.test', ['a"b@c.test']),
    ('"a@b"@c.test', '"a@b"@c.test', ["a@b@c.test"]),
    ('a."b".c@d.test', 'a."b".c@d.test', ["a.b.c@d.test"]),
    ("a . b @ c . test", "a . b @ c . test", ["a.b@c.test"]),
    ("a @ h", "a@h.dd.test", ["a@h.dd.test"]),
    ("a.@b.test", "a.@b.test", ["a.@b.test"]),
    ("ü@b.test", "ü@b.test", ["ü@b.test"]),
    ("<>, a", "<>, a@dh.dd.test", ["a@dh.dd.test"]),
    ("a, a, A, a@dh.dd.test", "a@dh.dd.test, a@dh.dd.test, A@dh.dd.test, a@dh.dd.test",
     ["a@dh.dd.test", "A@dh.dd.test"]),
    ("-a", "-a@dh.dd.test", ["-a@dh.dd.test"]),
    ("a@localhost", "a@localhost", ["a@localhost"]),
]

# header; arguments; environment; header that comes out, sender, recipients
HEADERS = [
    # what is added, and what is left out
    ("To: a@b.c\n", (), USER, ADDED + "To: a@b.c\n", JOE, ["a@b.c"]),
    ("Bcc: a@b.c\n", (), USER, ADDED + CC, JOE, ["a@b.c"]),
    ("Cc: a@b.c\nBCC: d@e.f\n", (), USER, ADDED + "Cc: a@b.c\n", JOE, ["a@b.c", "d@e.f"]),
    ("Apparently-To: a@b.c\n", (), USER, ADDED + CC + "Apparently-To: a@b.c\n", JOE, ["a@b.c"]),
    ("Date: x\nMessage-Id: y\nFrom: z@a.b\nTo: a@b.c\n", (), USER,
     "Date: x\nMessage-Id: y\nFrom: z@a.b\nTo: a@b.c\n", JOE, ["a@b.c"]),
    ("To: a@b.c\nContent-Length: 7\nX-A: b\n", (), USER, ADDED + "To: a@b.c\nX-A: b\n", JOE, ["a@b.c"]),
    ("To: a@b.c\nNotice-Requested-Upon-Delivery-To: x\nReceived: x\n", (), USER,
     ADDED + "To: a@b.c\nNotice-Requested-Upon-Delivery-To: x\nReceived: x\n", JOE, ["a@b.c"]),
    ("To: a@b.c\nSubject: a b, c (\n", (), USER, ADDED + "To: a@b.c\nSubject: a b, c (\n", JOE, ["a@b.c"]),
    # fields of senders are completed
    ("To: a@b.c\nFrom: x\nSender: y\nReply-To: z, (c) v@h\n", (), USER,
     D + I + "To: a@b.c\nFrom: x@dh.dd.test\nSender: y@dh.dd.test\nReply-To: z@dh.dd.test, (c) v@h.dd.test\n",
     JOE, ["a@b.c"]),
    ("To: a@b.c\nErrors-To: x\nReturn-Receipt-To: y\n", (), USER,
     ADDED + "To: a@b.c\nErrors-To: x@dh.dd.test\nReturn-Receipt-To: y@dh.dd.test\n", JOE, ["a@b.c"]),
    # the sender
    ("Return-Path: x\nTo: a@b.c\n", (), USER, ADDED + "To: a@b.c\n", "x@dh.dd.test", ["a@b.c"]),
    ("Return-Path: <x@y.z>\nTo: a@b.c\n", ("-f", "v"), USER, ADDED + "To: a@b.c\n", "v@dh.dd.test", ["a@b.c"]),
    ("Return-Path: <>\nTo: a@b.c\n", (), USER, ADDED + "To: a@b.c\n", "", ["a@b.c"]),
    ("To: a@b.c\n", ("-f", ""), USER, ADDED + "To: a@b.c\n", "", ["a@b.c"]),
    ("To: a@b.c\n", ("-fx y@z.test",), USER, ADDED + "To: a@b.c\n", "x y@z.test", ["a@b.c"]),
    ("To: a@b.c\n", ("-f", "l-@h.test-@[]"), USER, ADDED + "To: a@b.c\n", "l-@h.test-@[]", ["a@b.c"]),
    ("To: a@b.c\n", ("-f", "#@[]"), USER, ADDED + "To: a@b.c\n", "#@[]", ["a@b.c"]),
    # recipients of arguments and header
    ("To: a@b.c\n", ("d", "e@f.g"), USER, ADDED + "To: a@b.c\n", JOE, ["d@dh.dd.test", "e@f.g"]),
    ("To: a@b.c\n", ("-a", "d"), USER, ADDED + "To: a@b.c\n", JOE, ["d@dh.dd.test"]),
    ("To: a@b.c\n", ("-h", "d"), USER, ADDED + "To: a@b.c\n", JOE, ["a@b.c"]),
    ("To: a@b.c\n", ("-H", "d"), USER, ADDED + "To: a@b.c\n", JOE, ["d@dh.dd.test", "a@b.c"]),
    ("To: a@b.c\n", ("-A", "d"), USER, ADDED + "To: a@b.c\n", JOE, ["d@dh.dd.test"]),
    ("To: a@b.c\n", ("-h", "-A", "d"), USER, ADDED + "To: a@b.c\n", JOE, ["d@dh.dd.test"]),
    ("", ("-a", "a b@c+", '"q"@r.s'), USER, ADDED + CC, JOE, ["a b@c.pd.test", '"q"@r.s']),
    ('To: "x\n', ("a@b.c",), USER, ADDED + 'To: "x\n', JOE, ["a@b.c"]),
    # the environment
    ("To: a\n", (), USER | {"QMAILDEFAULTHOST": "v.w"}, D + I + "From: joe@v.w\nTo: a@v.w\n", "joe@v.w", ["a@v.w"]),
    ("To: a\n", (), USER | {"QMAILDEFAULTHOST": "v+"}, D + I + "From: joe@v.pd.test\nTo: a@v.pd.test\n",
     "joe@v.pd.test", ["a@v.pd.test"]),
    ("To: a\n", (), USER | {"QMAILDEFAULTDOMAIN": "v.w"}, D + I + "From: joe@dh.v.w\nTo: a@dh.v.w\n",
     "joe@dh.v.w", ["a@dh.v.w"]),
    ("To: a@h+\n", (), USER | {"QMAILPLUSDOMAIN": "v.w"}, ADDED + "To: a@h.v.w\n", JOE, ["a@h.v.w"]),
    ("To: a@b.c\n", (), NAMED, D + I + "From: Joe User <joe@dh.dd.test>\nTo: a@b.c\n", JOE, ["a@b.c"]),
    ("To: a@b.c\n", (), NAMED | {"QMAILINJECT": "c"}, D + I + "From: joe@dh.dd.test (Joe User)\nTo: a@b.c\n",
     JOE, ["a@b.c"]),
    ("To: a@b.c\n", (), NAMED | {"MAILNAME": "M", "QMAILNAME": "Q."}, D + I + 'From: "Q." <joe@dh.dd.test>\nTo: a@b.c\n',
     JOE, ["a@b.c"]),
    ("To: a@b.c\n", (), {"LOGNAME": "l", "USER": "u", "MAILUSER": "m", "QMAILUSER": "q"},
     D + I + "From: q@dh.dd.test\nTo: a@b.c\n", "q@dh.dd.test", ["a@b.c"]),
    ("To: a@b.c\n", (), {"LOGNAME": "l", "USER": "u", "MAILUSER": "m"}, D + I + "From: m@dh.dd.test\nTo: a@b.c\n",
     "m@dh.dd.test", ["a@b.c"]),
    ("To: a@b.c\n", (), {"LOGNAME": "l", "USER": "u"}, D + I + "From: u@dh.dd.test\nTo: a@b.c\n",
     "u@dh.dd.test", ["a@b.c"]),
    ("To: a@b.c\n", (), {"LOGNAME": "l"}, D + I + "From: l@dh.dd.test\nTo: a@b.c\n", "l@dh.dd.test", ["a@b.c"]),
    ("To: a@b.c\n", (), {"USER": "j u"}, D + I + 'From: "j u"@dh.dd.test\nTo: a@b.c\n', "j u@dh.dd.test", ["a@b.c"]),
    ("To: a@b.c\n", (), USER | {"MAILHOST": "m", "QMAILHOST": "q"}, D + I + "From: joe@q.dd.test\nTo: a@b.c\n",
     "joe@q.dd.test", ["a@b.c"]),
    ("To: a@b.c\n", (), USER | {"QMAILSUSER": "s"}, ADDED + "To: a@b.c\n", "s@dh.dd.test", ["a@b.c"]),
    ("To: a@b.c\n", (), USER | {"QMAILSHOST": "s"}, ADDED + "To: a@b.c\n", "joe@s.dd.test", ["a@b.c"]),
    ("To: a@b.c\nReturn-Path: <x@y.z>\n", (), USER | {"QMAILINJECT": "s"}, ADDED + "To: a@b.c\n", JOE, ["a@b.c"]),
    ("To: a@b.c\nFrom: x@y.z\n", (), USER | {"QMAILINJECT": "f"}, ADDED + "To: a@b.c\n", JOE, ["a@b.c"]),
    ("To: a@b.c\nMessage-ID: x\n", (), USER | {"QMAILINJECT": "i"}, ADDED + "To: a@b.c\n", JOE, ["a@b.c"]),
    ("To: a@b.c\nMessage-ID: x\nFrom: x\n", (), NAMED | {"QMAILINJECT": "cfi"},
     D + I + "From: joe@dh.dd.test (Joe User)\nTo: a@b.c\n", JOE, ["a@b.c"]),
    ("To: a@b.c\n", (), USER | {"QMAILINJECT": "r"}, ADDED + "To: a@b.c\n", "joe-@dh.dd.test-@[]", ["a@b.c"]),
    ("To: a@b.c\n", (), USER | {"QMAILINJECT": "r", "QMAILSUSER": "l-x", "QMAILSHOST": "s.t"}, ADDED + "To: a@b.c\n",
     "l-x-@s.t-@[]", ["a@b.c"]),
    ("To: a@b.c\nReturn-Path: <x-@y.z>\n", (), USER | {"QMAILINJECT": "r"}, ADDED + "To: a@b.c\n", "x-@y.z-@[]", ["a@b.c"]),
    ("To: a@b.c\nReturn-Path: <>\n", (), USER | {"QMAILINJECT": "r"}, ADDED + "To: a@b.c\n", "", ["a@b.c"]),
    ("To: a@b.c\n", ("-f", "x@y.z"), USER | {"QMAILINJECT": "rm"}, ADDED + "To: a@b.c\n", "x@y.z", ["a@b.c"]),
    # resent messages
    ("To: a@b.c\nFrom: x@y.z\nResent-To: d\n", (), USER, RESENT + "To: a@b.c\nFrom: x@y.z\nResent-To: d@dh.dd.test\n",
     JOE, ["d@dh.dd.test"]),
    ("To: a@b.c\nResent-Cc: d@e.f\nResent-Bcc: g@h.i\nBcc: j@k.l\n", (), USER,
     RESENT + "To: a@b.c\nResent-Cc: d@e.f\n", JOE, ["d@e.f", "g@h.i"]),
    ("Resent-Bcc: g@h.i\n", (), USER, RESENT + "Resent-" + CC, JOE, ["g@h.i"]),
    ("To: a@b.c\nResent-Date: x\n", ("d@e.f",), USER,
     "Resent-" + I + "Resent-" + F + "Resent-" + CC + "To: a@b.c\nResent-Date: x\n", JOE, ["d@e.f"]),
    ("Resent-From: x\nResent-Sender: y\nResent-Reply-To: z\nResent-Message-ID: v\nResent-To: g@h.i\n", (), USER,
     "Resent-" + D + "Resent-From: x@dh.dd.test\nResent-Sender: y@dh.dd.test\nResent-Reply-To: z@dh.dd.test\n"
     "Resent-Message-ID: v\nResent-To: g@h.i\n", JOE, ["g@h.i"]),
    # the text itself
    ("From x Fri Nov 27\nTo: a@b.c\n", (), USER, ADDED + "To: a@b.c\n", JOE, ["a@b.c"]),
    ("TO : a\n", (), USER, ADDED + "TO : a@dh.dd.test\n", JOE, ["a@dh.dd.test"]),
]

LISTS = [
    ("To: L@l.test, a\nCc: b@c.test\n", "Mail-Followup-To: L@l.test,\n  a@dh.dd.test,\n  b@c.test\n"),
    ("To: a@b.c\nCc: (the list) <l@L.test>\n", "Mail-Followup-To: a@b.c,\n  l@L.test\n"),
    ("To: a@b.c\n", ""),
    ("Bcc: l@l.test\nTo: a@b.c\n", ""),
    ("Mail-Followup-To: x\nTo: l@l.test\n", ""),
    ("Resent-To: a@b.c\nTo: l@l.test\n", ""),
]

REFUSED = [
    ('To: "x\n', (), 100), ("To: a (x\n", (), 100), ("To: <a\n", (), 100), ("To: a)\n", (), 100),
    ("Return-Path: (\nTo: a@b.c\n", (), 100), ("Subject: x\n", (), 100), ("To: ;\n", (), 100), ("To: <>\n", (), 100),
    ("To: a@b.c\n", ("-x",), 100), ("To: a@b.c\n", ("-f",), 100), ("To: a@b.c\n", ("@b.c",), 100),
    ("To: a@b.c\n", ("a\nb",), 100), ("To: " + "a" * 1004 + "@b.c\n", (), 100), ("X: " + "x" * 1100000 + "\n", ("a",), 100),
    ("To: a@b.c\n", ("-a",), 100),
]


def furnished(owlpost):
    for name, value in CONTROLS.items():
        owlpost.control(name, value)
    return Injector(owlpost)


def inject(owlpost, injector, header, arguments=(), environment=USER):
    return owlpost.call("owl-inject", *arguments, user="joe", input=header.encode() + b"\nbody\n",
                        environment=environment | injector.environment)


def plain(octets):
    """The header, with what nobody can foresee replaced."""
    header, body = octets.decode().split("\n\n", 1)
    assert body == "body\n"
    header = re.sub(r"^((?:Resent-)?Date): \d+ \w+ \d{4} [\d:]{8} -0000$", r"\1: D", header + "\n", flags=re.M)
    return re.sub(r"^((?:Resent-)?Message-ID): <\d{16}\.[0-9a-f]{20}\.owlpost@id\.test>$", r"\1: I", header, flags=re.M)


def outcome(injector, done):
    assert done.returncode == 0, done.stderr
    parts = injector.envelope().decode().split("\0")
    assert parts[-2:] == ["", ""] and parts[0].startswith("F")
    assert all(p.startswith("T") for p in parts[1:-2])
    return plain(injector.message()), parts[0][1:], [p[1:] for p in parts[1:-2]]


def test_addresses(owlpost):
    injector = furnished(owlpost)
    for written, made, recipients in ADDRESSES:
        done = inject(owlpost, injector, f"To: {written}\n")
        assert outcome(injector, done) == (f"{ADDED}To: {made}\n", JOE, recipients), written


def test_headers_and_envelopes(owlpost):
    injector = furnished(owlpost)
    for header, arguments, environment, *expected in HEADERS:
        done = inject(owlpost, injector, header, arguments, environment)
        assert list(outcome(injector, done)) == expected, (header, arguments, environment)


def test_lists_and_followups(owlpost):
    injector = furnished(owlpost)
    path = f"{owlpost.folder}/lists"
    with open(path, "w") as f:
        f.write("# lists\nl@l.test\n")
    for header, added in LISTS:
        header = f"Date: x\nMessage-ID: x\nFrom: x@y.z\nResent-Date: x\n{header}" if "Resent" in header else \
            f"Date: x\nMessage-ID: x\nFrom: x@y.z\n{header}"
        done = inject(owlpost, injector, header, (), USER | {"QMAILMFTFILE": path})
        made = outcome(injector, done)[0]
        assert "".join(re.findall(r"^Mail-Followup-To: L@l.*\n(?:  .*\n)*|^Mail-Followup-To: a.*\n(?:  .*\n)*", made,
                                  flags=re.M)) == added, header
    assert inject(owlpost, injector, "To: a@b.c\n", (), USER | {"QMAILMFTFILE": "/no/such"}).returncode == 0


def test_refused(owlpost):
    injector = furnished(owlpost)
    for header, arguments, code in REFUSED:
        done = inject(owlpost, injector, header, arguments)
        assert (done.returncode, injector.envelope()) == (code, None), (header[:80], arguments)
        assert re.fullmatch(rb"(.*option.*\n)?owl-inject: [^\n]+\n", done.stderr), done.stderr


def test_the_queues_word(owlpost):
    furnished(owlpost)
    for code, expected in ((0, 0), (11, 100), (31, 100), (51, 111), (53, 111), (71, 111), (91, 111), (120, 111)):
        injector = Injector(owlpost, code)
        assert inject(owlpost, injector, "To: a@b.c\n").returncode == expected, code
    owlpost.control("defaulthost", "x\1y")
    assert inject(owlpost, Injector(owlpost), "To: a@b.c\n").returncode == 111


def test_the_number_of_the_message(owlpost):
    injector = furnished(owlpost)
    sender = outcome(injector, inject(owlpost, injector, "To: a@b.c\n", (), USER | {"QMAILINJECT": "m"}))[1]
    assert re.fullmatch(r"joe-\d+\.\d+@dh\.dd\.test", sender)
    sender = outcome(injector, inject(owlpost, injector, "To: a@b.c\n", (), USER | {"QMAILINJECT": "rm"}))[1]
    assert re.fullmatch(r"joe-\d+\.\d+-@dh\.dd\.test-@\[\]", sender)


def test_printing(owlpost):
    injector = furnished(owlpost)
    for arguments, sender in (((), JOE), (("-f", "x y@z"), '"x y"@z.dd.test'), (("-f", ""), "")):
        done = inject(owlpost, injector, "To: a\nBcc: b\n", ("-n", *arguments))
        assert done.returncode == 0 and injector.envelope() is None
        assert plain(done.stdout) == f"Return-Path: <{sender}>\n{ADDED}To: a@dh.dd.test\n"
    done = inject(owlpost, injector, "To: a\n", ("-n", "-N"))
    assert (done.stdout, injector.envelope() is None) == (b"", False)
    assert inject(owlpost, injector, "", ("-n",)).returncode == 0
