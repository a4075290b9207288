#include "config.h"
#include "local/tools/replytext.h"
#include "lib/unittest.h"

#define HEAD(FROM, SUBJECT, REFERENCES)                                              \
  "From: " FROM "\nTo: ann@x.test\nSubject: " SUBJECT "\n"                           \
  "Date: 23 Nov 2026 12:30:00 -0000\n"                                               \
  "Message-ID: <1795437000000000.00000000000000000000.owlpost@local.test>\n" REFERENCES \
  "Auto-Submitted: auto-replied\nMIME-Version: 1.0\n"                                \
  "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: "

static const struct {
  const char *text, *subject, *from, *header;
  const char *made; /* NULL: malformed, for ... */
  const char *why;
} cases[] = {
  {"Away.\n", NULL, NULL, "Subject: Lunch?\nMessage-ID: <1@x.test>\n",
   HEAD("joe@local.test", "Auto: Lunch?", "In-Reply-To: <1@x.test>\nReferences: <1@x.test>\n") "7bit\n\nAway.\n", NULL},
  {"Gr\xc3\xbc\xc3\x9f" "e", "Fort", "J\xc3\xb6rg <joe@other.test>", "",
   HEAD("=?utf-8?q?J=C3=B6rg?= <joe@other.test>", "Fort", "") "8bit\n\nGr\xc3\xbc\xc3\x9f" "e\n", NULL},
  {"Subject: Gr\xc3\xbc\xc3\x9f" "e\nFrom: \"Joe Q. User\" <joe@local.test>\n\nLine\r\n", NULL, NULL, "",
   HEAD("\"Joe Q. User\" <joe@local.test>", "=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "") "7bit\n\nLine\n", NULL},
  {"Note: this is no header\n", NULL, NULL, "", HEAD("joe@local.test", "Auto: your mail", "") "7bit\n\nNote: this is no header\n", NULL},
  {"", NULL, NULL, "Subject: =?utf-8?q?x?=\n\tand\r\n more\nMessage-ID: x\n",
   HEAD("joe@local.test", "Auto: =?utf-8?q?x?= and more", "") "7bit\n\n", NULL},
  {"", NULL, NULL, "Subject: a\1b\nMessage-ID: <3@x>\nReferences: <1@x> junk <2@x> <a b@x> <no>\n",
   HEAD("joe@local.test", "Auto: a?b", "In-Reply-To: <3@x>\nReferences: <1@x>\n <2@x>\n <3@x>\n") "7bit\n\n", NULL},
  {"", NULL, NULL, "Subject: a\nMessage-ID: <3@x>\nIn-Reply-To: <2@x>\n",
   HEAD("joe@local.test", "Auto: a", "In-Reply-To: <3@x>\nReferences: <2@x>\n <3@x>\n") "7bit\n\n", NULL},
  {"Subject: x\nBcc: all@local.test\n\ny\n", NULL, NULL, "", NULL, "From, Subject and Reply-To only"},
  {"Subject: x\ny\n", NULL, NULL, "", NULL, "no empty line"},
  {"\xff\n", NULL, NULL, "", NULL, "not UTF-8"},
  {"x\n", NULL, "joe", "", NULL, "one address"},
  {"x\n", NULL, "joe@a.b, ann@a.b", "", NULL, "one address"},
  {"x\n", NULL, "joe@a.b\nBcc: x@y.z", "", NULL, "one address"},
  {"From: joe@a.b\nReply-To: <>\n\n", NULL, NULL, "", NULL, "one address"},
};

static struct text given(const char *s) { return s ? text_of(s) : TEXT_ABSENT; }

static void makes_replies(void **state) {
  (void)state;
  struct queueid id;
  queueid_from(&id, 1795437000000000u, (const unsigned char[10]){0});
  for (size_t i = 0; i < COUNT(cases); i++) {
    stralloc out = {0};
    const char *why = NULL;
    struct replyorder o = {text_of(cases[i].text), given(cases[i].subject), given(cases[i].from), TEXT("joe@local.test"),
                           TEXT("ann@x.test"), text_of(cases[i].header), 1795437000000000u, &id};
    enum replytext_status s = replytext_make(&out, &o, &why);
    if (s != (cases[i].made ? REPLYTEXT_OK : REPLYTEXT_MALFORMED)) fail_msg("%zu: status %d", i, s);
    if (cases[i].made && !text_equal(text_of_stralloc(&out), text_of(cases[i].made)))
      fail_msg("%zu:\n%.*s", i, (int)out.len, out.s);
    if (!cases[i].made && !strstr(why, cases[i].why)) fail_msg("%zu: %s", i, why);
    stralloc_free(&out);
  }
}

static void long_values_are_cut(void **state) {
  (void)state;
  stralloc header = {0}, out = {0};
  struct queueid id;
  const char *why;
  queueid_from(&id, 0, (const unsigned char[10]){0});
  assert_true(stralloc_copys(&header, "Message-ID: <m@x>\nSubject:"));
  for (int i = 0; i < 1000; i++) assert_true(stralloc_cats(&header, " word"));
  assert_true(stralloc_cats(&header, "\nReferences:"));
  for (int i = 0; i < 1000; i++) assert_true(stralloc_cats(&header, " <r@x>"));
  assert_true(stralloc_cats(&header, "\n"));
  struct replyorder o = {TEXT(""), TEXT_ABSENT, TEXT_ABSENT, TEXT("joe@local.test"), TEXT("ann@x.test"),
                         text_of_stralloc(&header), 0, &id};
  assert_int_equal(replytext_make(&out, &o, &why), REPLYTEXT_OK);
  assert_true(out.len < 1000);
  assert_true(stralloc_0(&out));
  assert_non_null(strstr(out.s, " word\nDate: "));
  stralloc_free(&header);
  stralloc_free(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(makes_replies), cmocka_unit_test(long_values_are_cut)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
