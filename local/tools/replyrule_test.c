#include "config.h"
#include "local/tools/replyrule.h"
#include "lib/unittest.h"

static const struct {
  const char *sender, *header;
  const char *objection; /* a part of it; NULL: none */
} cases[] = {
  {"ann@x.test", "To: joe@local.test\n", NULL},
  {"ann@x.test", "To: JOE@Local.TEST\n", NULL},
  {"ann@x.test", "Cc: a@b.c,\n Joe <j.smith@other.test>\n", NULL},
  {"ann@x.test", "Resent-To: \"j.smith\"@other.test\n", NULL},
  {"ann@x.test", "Resent-Cc: list: a@b.c, joe@local.test;\n", NULL},
  {"ann@x.test", "Bcc: joe@local.test\n", NULL},
  {"ann@x.test", "To: joe@local.test\nAuto-Submitted: no\nPrecedence: first-class\n", NULL},
  {"ann@x.test", "To: joe@local.test\nAuto-Submitted: No (really)\n", NULL},
  {"ann@x.test", "To: joe@local.test\nX-Auto-Response-Suppress: DR, RN\n", NULL},
  {"owner@x.test", "To: joe@local.test\n", NULL},
  {"requester@x.test", "To: joe@local.test\n", NULL},
  {"", "To: joe@local.test\n", "null"},
  {"#@[]", "To: joe@local.test\n", "null"},
  {"ann", "To: joe@local.test\n", "no address"},
  {"@x.test", "To: joe@local.test\n", "no address"},
  {"a\nb@x.test", "To: joe@local.test\n", "no address"},
  {"J.Smith@other.test", "To: joe@local.test\n", "is the user"},
  {"mailer-daemon@x.test", "To: joe@local.test\n", "program or"},
  {"owner-l@x.test", "To: joe@local.test\n", "program or"},
  {"l-request@x.test", "To: joe@local.test\n", "program or"},
  {"l-bounces@x.test", "To: joe@local.test\n", "program or"},
  {"NoReply@x.test", "To: joe@local.test\n", "program or"},
  {"no-reply+17@x.test", "To: joe@local.test\n", "program or"},
  {"majordomo@x.test", "To: joe@local.test\n", "program or"},
  {"ann@x.test", "To: joe@local.test\nAuto-Submitted: auto-replied\n", "sent by a program"},
  {"ann@x.test", "To: joe@local.test\nauto-submitted:\n auto-generated; x=y\n", "sent by a program"},
  {"ann@x.test", "To: joe@local.test\nAuto-Submitted:\n", "sent by a program"},
  {"ann@x.test", "List-Id: <l.x.test>\nTo: joe@local.test\n", "mailing list's"},
  {"ann@x.test", "To: joe@local.test\nLIST-UNSUBSCRIBE: x\n", "mailing list's"},
  {"ann@x.test", "To: joe@local.test\nMailing-List: x\n", "mailing list's"},
  {"ann@x.test", "To: joe@local.test\nPrecedence: Bulk\n", "bulk"},
  {"ann@x.test", "To: joe@local.test\nPrecedence: list\n", "bulk"},
  {"ann@x.test", "To: joe@local.test\nPrecedence: junk\n", "bulk"},
  {"ann@x.test", "To: joe@local.test\nX-Auto-Response-Suppress: DR, OOF\n", "asks for no reply"},
  {"ann@x.test", "To: joe@local.test\nX-Auto-Response-Suppress: all\n", "asks for no reply"},
  {"ann@x.test", "", "does not name"},
  {"ann@x.test", "To: ann@x.test\n", "does not name"},
  {"ann@x.test", "To: joe@local.test.evil.test, joe@localXtest\n", "does not name"},
  {"ann@x.test", "To: joe\n", "does not name"},
  {"ann@x.test", "To: \"joe@local.test\" <a@b.c>\n", "does not name"},
  {"ann@x.test", "To: a@b.c (joe@local.test)\n", "does not name"},
  {"ann@x.test", "To: \"joe@local.test\n", "does not name"},
  {"ann@x.test", "Subject: joe@local.test\n\nTo: joe@local.test\n", "does not name"},
};

static void answers_people_who_wrote_to_the_user(void **state) {
  (void)state;
  const struct text own[] = {TEXT("joe@local.test"), TEXT("j.smith@other.test")};
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct replycase c = {text_of(cases[i].sender), text_of(cases[i].header), own, COUNT(own)};
    const char *objection = replyrule_objection(&c), *wanted = cases[i].objection;
    if (!objection != !wanted || (wanted && !strstr(objection, wanted)))
      fail_msg("%s, %s: %s", cases[i].sender, cases[i].header, objection ? objection : "no objection");
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(answers_people_who_wrote_to_the_user)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
