"""What the RFCs ask of a receiver, as dialogs with owl-smtpd, and the table that says so."""
import os
import re

import dialog

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../doc/rfc5321.md")
CASES = dialog.read_all()


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
    owlpost.start()
    wrong = [w for w in (dialog.run(owlpost, case, queue) for case in CASES) if w]
    assert not wrong, f"{len(wrong)} of {len(CASES)}:\n" + "\n".join(wrong)


def test_every_case_has_a_name_of_its_own_and_a_section():
    names = [case.name for case in CASES]
    assert sorted(set(names)) == sorted(names)
    assert len(names) >= 450
    assert not [case.place for case in CASES if not re.match(r"\d{4}( |$)", case.sections) or not case.steps]


def test_the_table_names_cases_that_exist():
    rows = [line.split("|") for line in open(TABLE) if re.match(r"\| [2-4]\.", line)]
    named = {name for row in rows for name in re.findall(r"`([a-z0-9-]+)`", row[4])}
    assert len(rows) >= 60 and not [row for row in rows if not row[4].strip()]
    assert not named - {case.name for case in CASES}


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
