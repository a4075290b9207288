/* What MAIL and RCPT say to servers that understand this or that. */
#include "config.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "remote/command.h"

#define T(s) {s, sizeof(s) - 1}

static const struct offer nothing, dsn = {.dsn = true},
  all = {.size = true, .eightbit = true, .utf8 = true, .dsn = true, .chunking = true, .binary = true};

static const struct {
  const char *name;
  const struct offer *offer;
  struct envelope envelope;
  bool utf8;
  const char *command;
} mails[] = {
  {"nothing offered", &nothing, {.sender = T("a@b"), .ret = RET_FULL, .envid = T("x"), .body = BODY_8BITMIME}, false,
   "MAIL FROM:<a@b>\r\n"},
  {"all of it", &all, {.sender = T("a@b"), .ret = RET_HEADERS, .envid = T("x +="), .body = BODY_8BITMIME}, true,
   "MAIL FROM:<a@b> SIZE=7 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=x+20+2B+3D\r\n"},
  {"nothing asked for", &dsn, {.sender = T("")}, false, "MAIL FROM:<>\r\n"},
  {"RET=FULL", &dsn, {.sender = T(""), .ret = RET_FULL}, false, "MAIL FROM:<> RET=FULL\r\n"},
  {"an ENVID that is none", &dsn, {.sender = T("a@b"), .envid = T("x\r\ny")}, false, "MAIL FROM:<a@b>\r\n"},
  {"binary", &all, {.sender = T("a@b"), .body = BODY_BINARYMIME}, false, "MAIL FROM:<a@b> SIZE=7 BODY=BINARYMIME\r\n"},
};

static const struct {
  const char *name;
  const struct offer *offer;
  struct envelope_recipient recipient;
  const char *command;
} rcpts[] = {
  {"nothing offered", &nothing, {.address = T("x@y"), .notify = NOTIFY_NEVER, .orcpt = T("rfc822;a@b")}, "RCPT TO:<x@y>\r\n"},
  {"nothing asked for", &dsn, {.address = T("x@y")}, "RCPT TO:<x@y>\r\n"},
  {"never", &dsn, {.address = T("x@y"), .notify = NOTIFY_NEVER}, "RCPT TO:<x@y> NOTIFY=NEVER\r\n"},
  {"all three", &dsn, {.address = T("x@y"), .notify = NOTIFY_SUCCESS | NOTIFY_FAILURE | NOTIFY_DELAY},
   "RCPT TO:<x@y> NOTIFY=SUCCESS,FAILURE,DELAY\r\n"},
  {"never and more", &dsn, {.address = T("x@y"), .notify = NOTIFY_NEVER | NOTIFY_DELAY}, "RCPT TO:<x@y>\r\n"},
  {"ORCPT", &dsn, {.address = T("x@y"), .orcpt = T("rfc822;a b+c@d")}, "RCPT TO:<x@y> ORCPT=rfc822;a+20b+2Bc@d\r\n"},
  {"ORCPT in UTF-8", &dsn, {.address = T("x@y"), .notify = NOTIFY_FAILURE, .orcpt = T("utf-8;\303\274@d")},
   "RCPT TO:<x@y> NOTIFY=FAILURE ORCPT=utf-8;\\x{FC}@d\r\n"},
  {"ORCPT that is none", &dsn, {.address = T("x@y"), .orcpt = T("rfc822")}, "RCPT TO:<x@y>\r\n"},
};

static void assert_command(const char *name, stralloc *out, bool ok, const char *expected) {
  print_message("%s\n", name);
  assert_true(ok);
  assert_true(stralloc_0(out));
  assert_string_equal(out->s, expected);
  stralloc_zero(out);
}

static void commands(void **state) {
  stralloc out = {0};
  (void)state;
  for (size_t i = 0; i < sizeof mails / sizeof *mails; i++) {
    struct mail_terms m = {&mails[i].envelope, 7, mails[i].envelope.body, mails[i].utf8};
    assert_command(mails[i].name, &out, command_put_mail(&out, mails[i].offer, &m), mails[i].command);
  }
  for (size_t i = 0; i < sizeof rcpts / sizeof *rcpts; i++)
    assert_command(rcpts[i].name, &out, command_put_rcpt(&out, rcpts[i].offer, &rcpts[i].recipient), rcpts[i].command);
  stralloc_free(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(commands)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
