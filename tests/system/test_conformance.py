"""What the RFCs ask of a receiver, as dialogs with owl-smtpd, and the table that says so."""
import glob
import os
import re

import authd
import dialog

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
TABLE = f"{ROOT}/doc/rfc5321.md"
CASES = dialog.read_all()
# at IANA, and of these what owl-smtpd does
REGISTERED = {"pipelining", "8bitmime", "chunking", "smtputf8", "enhancedstatuscodes", "dsn", "help", "limits", "size", "etrn"}


def test_dialogs_go_as_the_rfcs_say(owlpost):
    os.mkdir(f"{owlpost.folder}/filter", 0o755)
    os.chmod(f"{owlpost.folder}/filter", 0o755)
    queue = f"{owlpost.folder}/filter/queue"
    with open(queue, "w") as f:
        f.write(dialog.QUEUE)
    os.chmod(queue, 0o755)
    os.chmod(f"{owlpost.folder}/filter", 0o777)
    owlpost.dot_qmail("joe", "-default", "./Maildir/\n")
    owlpost.dot_qmail("alias", "-postmaster", "./Maildir/\n")
    owlpost.mailboxes({"joe": "secret"})
    owlpost.start()
    authd.wait_for_daemon(owlpost)
    wrong = [w for w in (dialog.run(owlpost, case, queue) for case in CASES) if w]
    assert not wrong, f"{len(wrong)} of {len(CASES)}:\n" + "\n".join(wrong)


def test_every_case_has_a_name_of_its_own_and_a_section():
    names = [case.name for case in CASES]
    assert sorted(set(names)) == sorted(names)
    assert len(names) >= 450
    assert not [case.place for case in CASES if not re.match(r"\d{4}( |$)", case.sections) or not case.steps]


def rows():
    """Of the table: section, word, rule, cases."""
    return [[cell.strip() for cell in line.split("|")[1:5]] for line in open(TABLE) if re.match(r"\| [2-4]\.", line)]


def functions():
    """Names of all unit tests and whole-program tests."""
    files = [*glob.glob(f"{ROOT}/*/*_test.c"), *glob.glob(f"{ROOT}/*/*/*_test.c"), *glob.glob(f"{ROOT}/tests/system/test_*.py")]
    text = "\n".join(open(path, encoding="utf-8").read() for path in files)
    return set(re.findall(r"^(?:static void|def) (\w+)\(", text, re.M))


def test_the_table_names_what_is_there():
    assert len(rows()) >= 120 and not [row for row in rows() if not row[3]]
    assert {row[1] for row in rows()} == {"MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY", "says"}
    named = {name for row in rows() for name in re.findall(r"`([^`]+)`", row[3])}
    assert not named - {case.name for case in CASES} - functions()
    paths = {path for row in rows() for path in re.findall(r"\b\w+/[\w/]+\.(?:py|c)\b", row[3])}
    assert paths and not [path for path in paths if not os.path.exists(f"{ROOT}/{path}")]


def test_the_table_has_the_section_of_every_case():
    sections = {row[0] for row in rows()}
    assert not [f"{case.name}: {section}" for case in CASES for section in re.findall(r"[\w.]+", case.sections)[1:]
                if case.sections.startswith("5321 ") and section[0] in "234" and section not in sections]


def test_each_departure_is_written_down():
    with open(f"{ROOT}/doc/violations.md", encoding="utf-8") as f:
        departures = [line.split("|")[1] for line in f if line.startswith("| 5321 ")]
    wanted = {row[0] for row in rows() if "departure" in row[3]}
    assert wanted and not [section for section in wanted if not any(section in re.split("[ ,]+", d) for d in departures)]


def test_ehlo_offers_what_is_registered(owlpost):
    owlpost.control("etrnclients", "node.test:127.0.0.1")
    owlpost.up()
    with owlpost.client() as session:
        session.ehlo()
        assert set(session.esmtp_features) == REGISTERED


def test_reports_keep_to_the_terms_of_the_session(owlpost):
    owlpost.dot_qmail("joe", "-fails", "|echo not today; exit 100\n")
    owlpost.up()
    with owlpost.client() as session:
        session.ehlo()
        session.mail("ann@local.test", ["RET=HDRS", "ENVID=QQ+3D31"])
        session.rcpt("joe-fails@local.test", ["NOTIFY=FAILURE", "ORCPT=rfc822;first+2Bone@x.test"])
        session.rcpt("joe@local.test", ["NOTIFY=SUCCESS", "ORCPT=utf-8;\\x{E9}@x.test"])
        assert session.data("Subject: terms\n\nthe body\n")[0] == 250
    owlpost.wait_for_mail("ann")
    owlpost.wait_for_empty_queue()
    reports = b"\n".join(owlpost.messages("ann"))
    for words in (b"Original-Envelope-Id: QQ=31", b"Original-Recipient: rfc822;first+one@x.test", b"Action: failed",
                  b"Original-Recipient: utf-8; \\x{E9}@x.test", b"Action: delivered", b"Subject: terms"):
        assert words in reports, (words, reports)
    assert b"the body" not in reports
