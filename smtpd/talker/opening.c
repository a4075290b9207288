#include "config.h"
#include "smtpd/talker/opening.h"
#include <errno.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "lib/network.h"
#include "smtpd/talker/proxy.h"

/* The reader has octets afterwards.  0, or -1. */
static int need_octets(struct talker *t, uint64_t deadline) {
  if (t->reader.at < t->reader.end) return 0;
  t->channel.limit_ms = io_remaining_ms(deadline);
  ssize_t n = line_fill(&t->reader);
  if (n == 0) errno = ECONNRESET;
  return n > 0 ? 0 : -1;
}

/* An octet at a time, so that none behind the header is taken. */
static int read_head(struct talker *t, uint64_t deadline, struct proxy *p, size_t *taken) {
  char head[PROXY_HEAD_MAX];
  enum proxy_status s = PROXY_MORE;
  for (*taken = 0; s == PROXY_MORE && *taken < sizeof head;) {
    if (need_octets(t, deadline) == -1) return -1;
    head[(*taken)++] = t->reader.octets[t->reader.at++];
    s = proxy_parse(p, (struct text){head, *taken});
  }
  return s == PROXY_OK ? 0 : (errno = EBADMSG, -1);
}

static int pass_over(struct talker *t, uint64_t deadline, size_t octets) {
  while (octets) {
    if (need_octets(t, deadline) == -1) return -1;
    size_t here = t->reader.end - t->reader.at;
    if (here > octets) here = octets;
    t->reader.at += here;
    octets -= here;
  }
  return 0;
}

static int tell(struct talker *t, const struct proxy *p) {
  char remote[IP_TEXT_MAX], local[IP_TEXT_MAX];
  struct door_request r = {.local_port = p->local_port};
  struct door_answer a;
  int fd = -1;
  ip_format(&p->remote, remote);
  ip_format(&p->local, local);
  r.envelope.client_address = text_of(remote);
  r.envelope.client_port = p->remote_port;
  r.local_address = text_of(local);
  if (t->session.ask(t->session.context, DOOR_PROXY, &r, &a, &fd) == -1) return errno = ESHUTDOWN, -1;
  if (fd >= 0) close(fd);
  t->session.may_etrn = a.may_etrn;
  if (a.result.class == RESULT_SUCCESS) return 0;
  if (a.result.reply_code == 421) return errno = EUSERS, -1;
  return errno = a.result.class == RESULT_DEFERRAL ? ENOMEM : EBADMSG, -1;
}

int opening_read(struct talker *t) {
  struct proxy p;
  size_t taken;
  int limit_ms = t->channel.limit_ms;
  uint64_t deadline = io_deadline(OPENING_MS);
  int r = read_head(t, deadline, &p, &taken);
  if (r == 0) r = pass_over(t, deadline, p.octets - taken);
  t->channel.limit_ms = limit_ms;
  if (r == -1 && errno == ETIMEDOUT) errno = EBADMSG;
  if (r == -1 || !p.named) return r;
  t->session.may_xclient = network_list_has(t->xclients, &p.remote);
  return tell(t, &p);
}

static ssize_t read_one(void *channel, char *to, size_t size) { return channel_read(channel, to, size > 0); }

enum talker_end opening_before_tls(struct talker *t) {
  struct door_request r = {0};
  struct door_answer a;
  int fd = -1;
  if (t->reader.source == channel_read) t->reader.source = read_one;
  if (opening_read(t) == -1) return channel_end_of(errno);
  if (t->session.ask(t->session.context, DOOR_TLS, &r, &a, &fd) == -1) return TALKER_SHUTDOWN;
  if (fd >= 0) close(fd);
  return a.result.class == RESULT_SUCCESS ? TALKER_STARTTLS : TALKER_HUNG_UP;
}
