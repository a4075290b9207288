#include "config.h"
#include "smtpd/qmtp/testpeer.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "smtpd/talker/reply.h"

static void cats(stralloc *to, const char *s) { assert_true(stralloc_cats(to, s)); }

static void cat(stralloc *to, struct text t) { assert_int_equal(text_cat(to, t), 0); }

static void note(struct testpeer *p, const char *what, struct text detail) {
  if (p->asked.len) cats(&p->asked, " ");
  cats(&p->asked, what);
  cat(&p->asked, detail);
}

static ssize_t give(void *context, char *to, size_t size) {
  struct testpeer *p = context;
  size_t n = p->input.len - p->given;
  if (n > p->at_once) n = p->at_once;
  if (n > size) n = size;
  if (n) memcpy(to, p->input.s + p->given, n);
  p->given += n;
  return (ssize_t)n;
}

static struct result answer(enum result_class class, const char *status, const char *text) {
  return (struct result){.class = class, .status = text_of(status), .text = text_of(text)};
}

static bool is_named(struct text address, const char *start) {
  size_t len = strlen(start);
  return address.len >= len && memcmp(address.s, start, len) == 0;
}

static struct result judge(struct text address) {
  if (is_named(address, "no@")) return answer(RESULT_FAILURE, "5.1.1", "not here");
  if (is_named(address, "later@")) return answer(RESULT_DEFERRAL, "4.3.0", "not now");
  return answer(RESULT_SUCCESS, "2.1.0", "granted");
}

static struct result place(struct testpeer *p, int *fd) {
  int ends[2];
  note(p, "data", text_of(""));
  if (p->place == PLACE_NONE) return answer(RESULT_DEFERRAL, "4.3.1", "no space");
  assert_int_equal(pipe(ends), 0);
  close(ends[0]);
  if (p->place == PLACE_BROKEN_PIPE) return *fd = ends[1], answer(RESULT_SUCCESS, "2.0.0", "");
  close(ends[1]);
  p->message = memfd_create("message", MFD_CLOEXEC);
  assert_true((*fd = dup(p->message)) >= 0);
  return answer(RESULT_SUCCESS, "2.0.0", "");
}

static void cat_number(struct testpeer *p, uint64_t number) {
  assert_int_equal(text_cat_uint(&p->asked, number), 0);
}

static void store(struct testpeer *p, uint64_t octets) {
  note(p, "complete:", text_of(""));
  cat_number(p, octets);
  assert_true(stralloc_ready(&p->stored, (size_t)octets + 1));
  p->stored.len = (size_t)octets;
  assert_int_equal(pread(p->message, p->stored.s, (size_t)octets + 1, 0), (ssize_t)octets);
}

static void forget_message(struct testpeer *p) {
  if (p->message >= 0) close(p->message);
  p->message = -1;
}

static int ask(void *context, enum door_frame what, const struct door_request *r, struct door_answer *a,
               int *fd) {
  struct testpeer *p = context;
  struct text address = what == DOOR_RCPT ? r->envelope.recipients[0].address : r->envelope.sender;
  *fd = -1;
  *a = (struct door_answer){.result = judge(address), .ends_session = is_named(address, "end@")};
  if (what == DOOR_MAIL) note(p, "mail:", address);
  if (what == DOOR_MAIL && r->octets) cats(&p->asked, ":"), cat_number(p, r->octets);
  if (what == DOOR_RCPT) note(p, "rcpt:", address);
  if (what == DOOR_DATA) a->result = place(p, fd);
  if (what == DOOR_COMPLETE) store(p, r->octets), a->result = answer(RESULT_SUCCESS, "2.0.0", "ok");
  if (what == DOOR_ABORT) note(p, "abort:", r->status);
  if (what == DOOR_ABORT) a->result = answer(RESULT_DEFERRAL, "4.3.0", "the injector failed");
  if (what == DOOR_ABORT || what == DOOR_COMPLETE) forget_message(p);
  return is_named(address, "gone@") ? -1 : 0;
}

void testpeer_open(struct testpeer *p, const char *protocol, size_t at_once) {
  static struct letter letter; /* large */
  signal(SIGPIPE, SIG_IGN);
  *p = (struct testpeer){.letter = &letter, .at_once = at_once, .message = -1};
  p->out = memfd_create("responses", MFD_CLOEXEC);
  letter = (struct letter){.channel = {.in = -1, .out = p->out, .door = -1}, .protocol = protocol};
  letter.databytes = 22;
  letter.maxhops = 2;
  letter.ask = ask;
  letter.reader.source = give;
  letter.context = letter.reader.context = p;
}

void testpeer_close(struct testpeer *p) {
  letter_free(p->letter);
  forget_message(p);
  close(p->out);
  stralloc_free(&p->input);
  stralloc_free(&p->asked);
  stralloc_free(&p->stored);
}

void testpeer_netstring(stralloc *to, struct text octets) {
  assert_int_equal(text_cat_netstring(to, octets), 0);
}

void testpeer_netstrings(stralloc *to, const char *list, char end) {
  struct text rest = text_of(list), one;
  while (rest.len) {
    text_cut(&rest, end, &one);
    testpeer_netstring(to, one);
  }
}

void testpeer_expect(struct testpeer *p, const char *responses, const char *asked, const char *stored) {
  static char heard[4096];
  stralloc expected = {0};
  testpeer_netstrings(&expected, responses, '|');
  ssize_t n = pread(p->out, heard, sizeof heard - 1, 0);
  assert_true(n >= 0 && stralloc_0(&expected) && stralloc_0(&p->asked) && stralloc_0(&p->stored));
  heard[n] = 0;
  assert_string_equal(heard, expected.s);
  assert_string_equal(p->asked.s, asked);
  assert_string_equal(p->stored.s, stored);
  stralloc_free(&expected);
}
