/* Sessions of QMTP and QMQP: octets that come in pieces of any size, and a
 * doorkeeper that plays along.  Whatever is completed is a whole message of a
 * simple parser that sees all octets at once, the pipe has its text, and each
 * recipient, or QMQP's message, has one response. */
#include "config.h"
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include "lib/fuzz.h"
#include "smtpd/qmtp/qmqptalker.h"
#include "smtpd/qmtp/qmtptalker.h"
#pragma clang attribute push(FUZZ_UNCOUNTED, apply_to = function)
#include "smtpd/talker/datamodel.h"

enum { DATABYTES = 600, MAXHOPS = 3, MAXRECIPIENTS = 4 };

struct world {
  struct letter *l;
  struct text octets;
  size_t given, most;
  bool is_qmqp;
  int message; /* the pipe's other end is a file */
  struct model model;
};

struct parsed {
  struct text message, sender, recipients;
  size_t responses;
};

static size_t taken(const struct world *w) { return w->given - (w->l->reader.end - w->l->reader.at); }

static ssize_t give(void *context, char *to, size_t size) {
  struct world *w = context;
  size_t n = w->octets.len - w->given;
  if (n > w->most) n = w->most;
  if (n > size) n = size;
  check(channel_flush(&w->l->channel) == 0);
  if (n) memcpy(to, w->octets.s + w->given, n);
  w->given += n;
  return (ssize_t)n;
}

/* The simple parser. */
static bool net(struct text *rest, struct text *value) {
  const char *colon = rest->len ? memchr(rest->s, ':', rest->len) : NULL;
  uint64_t length;
  if (!colon || text_uint((struct text){rest->s, (size_t)(colon - rest->s)}, &length) == -1) return false;
  size_t left = rest->len - (size_t)(colon + 1 - rest->s);
  if (length >= left || colon[1 + length] != ',') return false;
  *value = (struct text){colon + 1, (size_t)length};
  *rest = (struct text){colon + 2 + length, left - (size_t)length - 1};
  return true;
}

static bool parse(struct text *rest, bool is_qmqp, struct parsed *p) {
  struct text all, one, list;
  if (is_qmqp && net(rest, &all) && net(&all, &p->message) && net(&all, &p->sender)) p->recipients = all;
  else if (is_qmqp || !net(rest, &p->message) || !net(rest, &p->sender) || !net(rest, &p->recipients))
    return false;
  for (p->responses = 0, list = p->recipients; list.len; p->responses++)
    if (!net(&list, &one)) return false;
  return true;
}

/* The message whose last octet was the last one taken. */
static struct parsed find(const struct world *w) {
  struct text rest = w->octets;
  struct parsed p = {0};
  while (parse(&rest, w->is_qmqp, &p))
    if ((size_t)(rest.s - w->octets.s) == taken(w)) return p;
  abort();
}

/* QMQP's message goes to all of its recipients or to none. */
static void check_all_granted(struct text recipients) {
  struct text one;
  while (net(&recipients, &one)) check(one.len && one.s[0] != 'n');
}

static void see_complete(struct world *w, uint64_t octets) {
  struct parsed p = find(w);
  struct text m = p.message;
  if (w->is_qmqp) check_all_granted(p.recipients);
  stralloc lines = {0};
  bool lf = w->is_qmqp || m.s[0] == '\n';
  check(w->is_qmqp || m.s[0] == '\n' || m.s[0] == '\r');
  for (size_t i = !w->is_qmqp; i < m.len; i++)
    check(stralloc_catb(&lines, lf && m.s[i] == '\n' ? "\r\n" : m.s + i, lf && m.s[i] == '\n' ? 2 : 1));
  model_decode(&w->model, text_of_stralloc(&lines), true);
  check(!w->model.spoilt || w->l->normalises);
  size_t got = (size_t)lseek(w->message, 0, SEEK_END);
  char *stored = malloc(got + 1);
  check(stored && pread(w->message, stored, got, 0) == (ssize_t)got);
  check(got == octets && got == w->model.out.len && got <= DATABYTES);
  check(got == 0 || memcmp(stored, w->model.out.s, got) == 0);
  free(stored);
  stralloc_free(&lines);
}

static void end(struct world *w) {
  w->message = -1;
}

/* Addresses steer: "no@" is refused, "end@" ends the session, at "gone@" the
 * doorkeeper is gone. */
static int ask(void *context, enum door_frame what, const struct door_request *r, struct door_answer *a,
               int *fd) {
  struct world *w = context;
  struct text address = what == DOOR_RCPT ? r->envelope.recipients[0].address : r->envelope.sender;
  char c = address.len ? address.s[0] : 0;
  *fd = -1;
  *a = (struct door_answer){.result = {.class = c == 'n' ? RESULT_FAILURE : RESULT_SUCCESS}};
  a->ends_session = c == 'e';
  check(text_is_clean(address) && address.len <= ENVELOPE_ADDRESS_MAX);
  if (what == DOOR_DATA) {
    static int file = -1;
    check(w->message == -1);
    w->message = fuzz_file(&file);
    check((*fd = dup(w->message)) >= 0);
  }
  if (what == DOOR_COMPLETE) see_complete(w, r->octets);
  if (what == DOOR_COMPLETE || what == DOOR_ABORT) end(w);
  return c == 'g' ? -1 : 0;
}

/* Of each message that was taken to its end. */
static size_t expected_responses(const struct world *w) {
  struct text rest = w->octets;
  struct parsed p;
  size_t n = 0;
  while (parse(&rest, w->is_qmqp, &p) && (size_t)(rest.s - w->octets.s) <= taken(w)) {
    n += w->is_qmqp ? 1 : p.responses;
    if (w->is_qmqp) break;
  }
  return n;
}

static size_t count_responses(int out) {
  size_t len = (size_t)lseek(out, 0, SEEK_END), n = 0;
  char *octets = malloc(len + 1);
  check(octets && pread(out, octets, len, 0) == (ssize_t)len);
  struct text rest = {octets, len}, one;
  for (; rest.len; n++) check(net(&rest, &one) && one.len && strchr("KZD", one.s[0]) && text_is_clean(one));
  free(octets);
  return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  static struct letter l;
  static struct world w;
  static int out = -1;
  fuzz_file(&out);
  struct text input = fuzz_input(octets, size);
  unsigned choice = fuzz_choice(&input);
  w = (struct world){.l = &l, .octets = input, .message = -1, .is_qmqp = choice & 1, .model.out = w.model.out};
  w.most = choice >> 2 ? choice >> 2 : 70000;
  l = (struct letter){.channel = {.in = -1, .out = out, .door = -1}, .maxhops = MAXHOPS, .databytes = DATABYTES};
  l.normalises = choice & 2;
  l.protocol = w.is_qmqp ? "QMQP" : "QMTP";
  l.ask = ask;
  l.reader.source = give;
  l.context = l.reader.context = &w;
  enum talker_end how = w.is_qmqp ? qmqptalker_run(&l) : qmtptalker_run(&l, MAXRECIPIENTS);
  if (how == TALKER_QUIT) check(count_responses(out) == expected_responses(&w));
  check(how == TALKER_QUIT || count_responses(out) <= expected_responses(&w));
  end(&w);
  letter_free(&l);
  return 0;
}
#pragma clang attribute pop
