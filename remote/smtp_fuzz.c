/* A server that says anything, to SMTP, to LMTP, and to who logs in: every recipient gets exactly
 * one valid result, and a success only after the data. */
#include "config.h"
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "remote/credentials.h"
#include "remote/smtp.h"

enum { RECIPIENTS = 3, SERVER_OCTETS_MAX = 32768 };

static const int limits[SMTP_STEPS] = {100, 100, 100, 100, 100, 100, 100, 100};

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len);

static void check(bool holds) {
  if (!holds) abort();
}

static void report(void *context, size_t n, const struct verdict *v) {
  unsigned *reported = context;
  struct result r = verdict_result(v);
  check(n < RECIPIENTS && result_is_valid(&r));
  check(v->class != RESULT_SUCCESS || v->code / 100 == 2);
  reported[n]++;
}

/* The second needs what the first does not. */
static const char *const bodies[] = {"hello\n.\n", "Subject: x\n\n.\303\274\r\n"};

static void add_recipients(struct envelope *e) {
  static const char *const addresses[RECIPIENTS] = {"x@y", "z@y", "x@w"};
  for (int i = 0; i < RECIPIENTS; i++) {
    struct envelope_recipient *r = envelope_add(e);
    r->address = text_of(addresses[i]);
    r->notify = NOTIFY_SUCCESS;
    r->orcpt = text_of("rfc822;a@b");
  }
}

static void send_twice(struct smtp *s) {
  struct envelope e = {.sender = text_of("a@b"), .ret = RET_FULL, .envid = text_of("id")};
  add_recipients(&e);
  for (int i = 0; i < 2 && s->open; i++) {
    unsigned reported[RECIPIENTS] = {0};
    enum recipient_state states[RECIPIENTS] = {RECIPIENT_WAITS};
    struct text body = text_of(bodies[i]);
    struct transaction t = {.envelope = &e,
                            .states = states,
                            .body = {body, -1, body.len, false, NULL},
                            .report = report,
                            .context = reported};
    enum smtp_end end = smtp_send(s, &t);
    if (end == SMTP_LOST) check(s->verdict.class == RESULT_DEFERRAL);
    if (end != SMTP_DONE) smtp_quit(s);
    if (end != SMTP_DONE) smtp_report_rest(&t, &s->verdict);
    for (int n = 0; n < RECIPIENTS; n++) check(reported[n] == 1);
  }
  envelope_free(&e);
}

/* Each reply is a packet, which one read takes: what has not been asked for yet
 * is not there.  A line with nothing but a dot is an empty one, which whoever
 * looks for early replies finds. */
static void send_replies(int fd, struct text t) {
  struct text line;
  const char *start = t.s;
  while (text_cut(&t, '\n', &line)) {
    const char *end = line.s + line.len + (t.s != NULL);
    bool goes_on = t.s && line.len > 3 && line.s[3] == '-';
    if (goes_on) continue;
    bool is_empty = text_equals(line, ".");
    if (write(fd, start, is_empty ? 0 : (size_t)(end - start)) == -1) return; /* enough */
    start = end;
  }
}

static void talk(const uint8_t *octets, size_t len, bool is_lmtp, const struct credentials *c) {
  struct smtp s = {.is_lmtp = is_lmtp,
                   .credentials = c,
                   .address = text_of("127.0.0.1"),
                   .stream = {.fd = -1, .watched = -1},
                   .limits_ms = limits};
  int pair[2];
  check(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair) == 0);
  send_replies(pair[1], (struct text){(const char *)octets, len});
  check(shutdown(pair[1], SHUT_WR) == 0);
  if (smtp_hello(&s, pair[0], text_of("client.test"))) {
    send_twice(&s);
    smtp_quit(&s);
  } else
    check(!s.open && s.verdict.class == RESULT_DEFERRAL);
  smtp_free(&s);
  close(pair[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len) {
  struct credentials c = {.user = {"tim", 3, 3}, .password = {"secret", 6, 6}};
  signal(SIGPIPE, SIG_IGN);
  if (len > SERVER_OCTETS_MAX) return 0;
  talk(octets, len, false, NULL);
  talk(octets, len, true, NULL);
  talk(octets, len, false, &c);
  return 0;
}
