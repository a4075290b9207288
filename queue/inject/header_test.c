#include "config.h"
#include "queue/inject/header.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "lib/unittest.h"

#define DATE "Date: 23 Nov 2026 12:30:00 -0000\n"
#define ID "Message-ID: <1795437000000000.00000000000000000000.owlpost@id.example>\n"
#define FROM "From: me@host.example\n"
#define CC "Cc: recipient list not shown: ;\n"

enum { NOW_S = 1795437000 };

/* What the tests may set, from a known state. */
static struct injectauthor load_author(const char *letters) {
  struct injectauthor a = {0};
  struct control c;
  stralloc why = {0};
  const char *const unset[] = {"MAILUSER", "USER",     "LOGNAME",  "MAILHOST",
                               "MAILNAME", "QMAILSUSER", "QMAILSHOST"};
  for (size_t i = 0; i < COUNT(unset); i++) unsetenv(unset[i]);
  setenv("QMAILUSER", "me", 1);
  setenv("QMAILHOST", "host.example", 1);
  setenv("QMAILDEFAULTHOST", "dh", 1);
  setenv("QMAILDEFAULTDOMAIN", "dd.example", 1);
  setenv("QMAILPLUSDOMAIN", "pd.example", 1);
  setenv("QMAILIDHOST", "id.example", 1);
  setenv("QMAILINJECT", letters, 1);
  setenv("OWLPOST_CONTROL", "/", 1); /* no setting lies there */
  assert_int_equal(control_open(&c), 0);
  assert_int_equal(injectauthor_load(&a, &c, &why), INJECT_OK);
  control_free(&c);
  return a;
}

struct header_case {
  const char *what, *letters;
  const char *header;
  const char *made;       /* NULL: INJECT_MALFORMED */
  const char *recipients; /* a space behind each */
  const char *sender;     /* NULL: none named */
};

static const struct header_case cases[] = {
  {"nothing", "", "", DATE ID FROM CC, "", NULL},
  {"complete", "", "Date: x\nMessage-Id: y\nFrom: z@a.b\nTo: c@d.e\n",
   "Date: x\nMessage-Id: y\nFrom: z@a.b\nTo: c@d.e\n", "c@d.e ", NULL},
  {"completes", "", "To: a, b@c,\n d@e+\nReply-To: f\n",
   DATE ID FROM "To: a@dh.dd.example, b@c.dd.example,\n d@e.pd.example\nReply-To: f@dh.dd.example\n",
   "a@dh.dd.example b@c.dd.example d@e.pd.example ", NULL},
  {"Bcc is left out, but served", "", "To: a@b.c\nBCC: d@e.f,\n\tg@h.i\nSubject: x\n",
   DATE ID FROM "To: a@b.c\nSubject: x\n", "a@b.c d@e.f g@h.i ", NULL},
  {"Bcc alone", "", "Bcc: a@b.c\n", DATE ID FROM CC, "a@b.c ", NULL},
  {"Apparently-To", "", "Apparently-To: a@b.c\nTo: ;\n", DATE ID FROM "Apparently-To: a@b.c\nTo: ;\n",
   "a@b.c ", NULL},
  {"undisclosed", "", "To: undisclosed-recipients:;\nBcc: a@b.c\n",
   DATE ID FROM "To: undisclosed-recipients:;\n", "a@b.c ", NULL},
  {"Content-Length", "", "Content-Length: 5\nTo: a@b.c\n", DATE ID FROM "To: a@b.c\n", "a@b.c ", NULL},
  {"Return-Path", "", "Return-Path: <a>\nTo: b@c.d\n", DATE ID FROM "To: b@c.d\n", "b@c.d ", "a@dh.dd.example"},
  {"Return-Path, null", "", "Return-Path: <>\nTo: b@c.d\n", DATE ID FROM "To: b@c.d\n", "b@c.d ", ""},
  {"Return-Path twice", "", "Return-Path: <a@b.c>\nReturn-Path: <d@e.f>\nTo: b@c.d\n",
   DATE ID FROM "To: b@c.d\n", "b@c.d ", "a@b.c"},
  {"Return-Path ignored", "s", "Return-Path: (<\nTo: b@c.d\n", DATE ID FROM "To: b@c.d\n", "b@c.d ", NULL},
  {"Return-Path for each recipient", "r", "Return-Path: <a-@b.c>\nTo: b@c.d\n", DATE ID FROM "To: b@c.d\n", "b@c.d ",
   "a-@b.c-@[]"},
  {"Return-Path, null for each recipient", "r", "Return-Path: <>\nTo: b@c.d\n", DATE ID FROM "To: b@c.d\n", "b@c.d ", ""},
  {"Return-Path malformed", "", "Return-Path: (<\nTo: b@c.d\n", NULL, "", NULL},
  {"own From", "f", "From: a@b.c\nTo: b@c.d\n", DATE ID FROM "To: b@c.d\n", "b@c.d ", NULL},
  {"own Message-ID", "i", "Message-ID: x\nTo: b@c.d\n", DATE ID FROM "To: b@c.d\n", "b@c.d ", NULL},
  {"resent", "", "From: a@b.c\nTo: d@e.f\nResent-To: g@h.i\nBcc: j@k.l\n",
   "Resent-" DATE "Resent-" ID "Resent-" FROM "From: a@b.c\nTo: d@e.f\nResent-To: g@h.i\n", "g@h.i ", NULL},
  {"resent, blind", "f", "From: a@b.c\nResent-From: x@y.z\nResent-Bcc: g@h.i\n",
   "Resent-" DATE "Resent-" ID "Resent-" FROM "Resent-" CC "From: a@b.c\n", "g@h.i ", NULL},
  {"resent, complete", "", "Resent-Date: x\nResent-Message-ID: y\nResent-From: z@a.b\nResent-Cc: c@d.e\n",
   "Resent-Date: x\nResent-Message-ID: y\nResent-From: z@a.b\nResent-Cc: c@d.e\n", "c@d.e ", NULL},
  {"other fields stay", "", "X-To: a b c\nSubject:  (x\n\t y \nTO : d@e.f\n",
   DATE ID FROM "X-To: a b c\nSubject:  (x\n\t y \nTO : d@e.f\n", "d@e.f ", NULL},
  {"a sender that cannot be parsed stays", "", "From: x (\nTo: b@c.d\n",
   DATE ID "From: x (\nTo: b@c.d\n", "b@c.d ", NULL},
  {"a recipient that cannot be parsed", "", "To: \"x <b@c.d>\n", NULL, "", NULL},
  {"control octet in a recipient", "", "To: \"x\1\"@c.d\n", NULL, "", NULL},
};

static void check_made(const struct header_case *c, const struct injectheader *h) {
  stralloc recipients = {0};
  assert_int_equal(text_cat(&recipients, text_of_stralloc(&h->recipients.octets)), 0);
  for (size_t i = 0; i < recipients.len; i++)
    if (!recipients.s[i]) recipients.s[i] = ' ';
  if (!text_equal(text_of_stralloc(&h->header), text_of(c->made)))
    fail_msg("%s: header\n%.*s", c->what, (int)h->header.len, h->header.s);
  if (!text_equal(text_of_stralloc(&recipients), text_of(c->recipients)))
    fail_msg("%s: recipients %.*s", c->what, (int)recipients.len, recipients.s);
  assert_int_equal(h->has_sender, c->sender != NULL);
  if (c->sender) assert_text(text_of_stralloc(&h->sender), text_of(c->sender));
  stralloc_free(&recipients);
}

static void run(const struct header_case *c) {
  struct injectauthor a = load_author(c->letters);
  struct injectheader h = {0};
  struct queueid id;
  stralloc why = {0};
  queueid_from(&id, (uint64_t)NOW_S * 1000000u, (const unsigned char[10]){0});
  struct injectheader_order order = {&a, TEXT_ABSENT, true, true, (uint64_t)NOW_S * 1000000u, &id};
  enum inject_outcome o = injectheader_make(&h, &order, text_of(c->header), &why);
  if (o != (c->made ? INJECT_OK : INJECT_MALFORMED)) fail_msg("%s: outcome %d", c->what, o);
  if (c->made) check_made(c, &h);
  else assert_true(why.len > 0);
  injectheader_free(&h);
  injectauthor_free(&a);
  stralloc_free(&why);
}

static void makes_headers(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) run(&cases[i]);
}

static void unused_recipients_need_not_parse(void **state) {
  (void)state;
  struct injectauthor a = load_author("");
  struct injectheader h = {0};
  struct queueid id;
  stralloc why = {0};
  queueid_from(&id, 0, (const unsigned char[10]){0});
  struct injectheader_order order = {&a, TEXT("x y@z.example"), false, false, 0, &id};
  assert_int_equal(injectheader_make(&h, &order, text_of("To: \"\nDate: x\nMessage-ID: x\nBcc: b\n"), &why), INJECT_OK);
  assert_text(text_of_stralloc(&h.header),
              TEXT("From: \"x y\"@z.example\nTo: \"\nDate: x\nMessage-ID: x\n"));
  assert_int_equal(h.recipients.count, 0);
  injectheader_free(&h);
  injectauthor_free(&a);
  stralloc_free(&why);
}

static void the_environment_names_the_author(void **state) {
  (void)state;
  const struct {
    const char *letters, *name, *from;
  } named[] = {
    {"", "Joe User", "From: Joe User <me@host.example>\n"},
    {"", "Joe Q. User", "From: \"Joe Q. User\" <me@host.example>\n"},
    {"c", "Joe (Q)", "From: me@host.example (Joe \\(Q\\))\n"},
    {"", "a\nBcc: x", "From: \"a?Bcc: x\" <me@host.example>\n"},
    {"", "", "From: me@host.example\n"},
  };
  for (size_t i = 0; i < COUNT(named); i++) {
    struct header_case c = {named[i].name, named[i].letters, "Date: x\nMessage-ID: x\nTo: a@b.c\n", NULL, "a@b.c ", NULL};
    stralloc made = {0};
    assert_true(stralloc_copys(&made, named[i].from) && stralloc_cats(&made, c.header) && stralloc_0(&made));
    c.made = made.s;
    setenv("NAME", "not used", 1);
    setenv("QMAILNAME", named[i].name, 1);
    run(&c);
    stralloc_free(&made);
  }
  unsetenv("NAME");
  unsetenv("QMAILNAME");
}

static void letters_mark_the_sender(void **state) {
  (void)state;
  struct injectauthor a = load_author("r");
  assert_text(text_of_stralloc(&a.sender), TEXT("me-@host.example-@[]"));
  assert_text(text_of_stralloc(&a.address), TEXT("me@host.example"));
  injectauthor_free(&a);
  a = load_author("m");
  assert_true(stralloc_0(&a.sender));
  unsigned long seconds, pid;
  char rest[32];
  assert_int_equal(sscanf(a.sender.s, "me-%lu.%lu%31s", &seconds, &pid, rest), 3);
  assert_string_equal(rest, "@host.example");
  assert_int_equal(pid, (unsigned long)getpid());
  injectauthor_free(&a);
}

static void each_recipient_once(void **state) {
  (void)state;
  const char *const found[] = {"b@x.example", "a@x.example", "b@X.Example", "B@x.example", "a@x.example", "b"};
  struct injectrecipients r = {0};
  struct envelope e = {0};
  stralloc why = {0};
  for (size_t i = 0; i < COUNT(found); i++)
    assert_int_equal(injectrecipients_add(&r, text_of(found[i]), &why), INJECT_OK);
  assert_int_equal(injectrecipients_fill(&r, &e, NOTIFY_DELAY), 0);
  assert_int_equal(e.recipient_count, 4);
  assert_text(e.recipients[0].address, TEXT("b@x.example"));
  assert_text(e.recipients[1].address, TEXT("a@x.example"));
  assert_text(e.recipients[2].address, TEXT("B@x.example"));
  assert_text(e.recipients[3].address, TEXT("b"));
  assert_int_equal(e.recipients[3].notify, NOTIFY_DELAY);
  envelope_free(&e);
  injectrecipients_free(&r);
}

static void lists_get_a_followup_field(void **state) {
  (void)state;
  char path[] = "/tmp/injectheader_test.XXXXXX";
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, "# mine\nList@l.example\n", 22), 22);
  close(fd);
  setenv("QMAILMFTFILE", path, 1);
  const struct header_case followed = {
    "list", "", "Date: x\nMessage-ID: x\nFrom: f@g.h\nTo: list@L.example, a@b.c\nCc: d, a@b.c\n",
    "Mail-Followup-To: list@L.example,\n  a@b.c,\n  d@dh.dd.example\n"
    "Date: x\nMessage-ID: x\nFrom: f@g.h\nTo: list@L.example, a@b.c\nCc: d@dh.dd.example, a@b.c\n",
    "list@L.example a@b.c d@dh.dd.example a@b.c ", NULL};
  run(&followed);
  const struct header_case given = {
    "given", "", "Mail-Followup-To: x@y.z\nDate: x\nMessage-ID: x\nFrom: f@g.h\nTo: list@l.example\n",
    "Mail-Followup-To: x@y.z\nDate: x\nMessage-ID: x\nFrom: f@g.h\nTo: list@l.example\n", "list@l.example ", NULL};
  run(&given);
  const struct header_case other = {
    "other", "", "Date: x\nMessage-ID: x\nFrom: f@g.h\nTo: a@b.c\n",
    "Date: x\nMessage-ID: x\nFrom: f@g.h\nTo: a@b.c\n", "a@b.c ", NULL};
  run(&other);
  unsetenv("QMAILMFTFILE");
  unlink(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(makes_headers),
    cmocka_unit_test(unused_recipients_need_not_parse),
    cmocka_unit_test(the_environment_names_the_author),
    cmocka_unit_test(letters_mark_the_sender),
    cmocka_unit_test(each_recipient_once),
    cmocka_unit_test(lists_get_a_followup_field),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
