#include "config.h"
#include "tls/signer.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/bigendian.h"
#include "lib/exitcode.h"
#include "lib/iowait.h"
#include "lib/sandbox.h"
#include "tls/identity.h"
#include "lib/passfd.h"
#include "tls/say.h"
#include "tls/sign.h"
#include "tls/staple.h"

enum { CONTROL = 0, START_LIMIT_MS = 30000 };

struct signer {
  struct identity identities[SETTINGS_CERTIFICATES + 1];
  unsigned count;
  unsigned serving; /* of these; one more is shown to servers */
  struct pollfd *ports; /* the first is control */
  nfds_t ports_count, ports_max;
};

/* ---- loading */

static void look_at_dates(const struct identity *i, const char *path) {
  const char *fault = identity_date_fault(i, time(NULL));
  if (fault) say("warning: certificate %s: %s", path, fault);
}

static void take_staple(struct identity *i, const struct certificate_files *f) {
  char why[IDENTITY_WHY];
  if (!f->staple[0] || staple_load(i, f->staple, time(NULL), why) == 0) return;
  say("warning: %s; none is shown", why);
  OPENSSL_free(i->staple);
  i->staple = NULL;
  i->staple_len = 0;
}

static int load_one(struct signer *s, const struct certificate_files *f, bool strict) {
  char why[IDENTITY_WHY];
  struct identity *i = &s->identities[s->count];
  if (identity_load(i, f, why) == -1) {
    say("%s", why);
    return strict ? -1 : 0;
  }
  look_at_dates(i, f->certificate);
  take_staple(i, f);
  s->count++;
  return 0;
}

static void look_at_name(const struct signer *s, const char *me) {
  for (unsigned i = 0; i < s->count; i++)
    if (identity_is_for(&s->identities[i], me)) return;
  if (s->count) say("warning: no certificate is for %s, which is this host's name", me);
}

static int load_all(struct signer *s, const struct settings *settings, bool strict) {
  for (unsigned i = 0; i < settings->count; i++)
    if (load_one(s, &settings->certificates[i], strict) == -1) return -1;
  s->serving = s->count;
  look_at_name(s, settings->me);
  struct certificate_files client = {0};
  memcpy(client.certificate, settings->client_certificate, sizeof client.certificate);
  memcpy(client.key, settings->client_certificate, sizeof client.key);
  return client.key[0] ? load_one(s, &client, strict) : 0;
}

/* NULL: an empty frame. */
static int publish_one(const struct identity *i, int control) {
  static unsigned char octets[IDENTITY_OCTETS];
  char head[4];
  size_t len = i ? identity_put(i, octets, sizeof octets) : 0;
  if (i && len == 0) {
    say("a certificate and its chain are too long");
    return -1;
  }
  put_u32(head, (uint32_t)len);
  if (io_write_all(control, head, sizeof head, START_LIMIT_MS) == -1) return -1;
  return io_write_all(control, octets, len, START_LIMIT_MS);
}

static int publish(const struct signer *s, int control) {
  for (unsigned i = 0; i < s->serving; i++)
    if (publish_one(&s->identities[i], control) == -1) return -1;
  if (publish_one(NULL, control) == -1) return -1;
  return publish_one(s->count > s->serving ? &s->identities[s->serving] : NULL, control);
}

/* ---- answering */

static void drop(struct signer *s, nfds_t n) {
  close(s->ports[n].fd);
  s->ports[n] = s->ports[--s->ports_count];
}

/* The socket of a new child. */
static void take_port(struct signer *s) {
  int fd = -1;
  char octet;
  ssize_t n = passfd_receive(s->ports[CONTROL].fd, &octet, 1, &fd);
  if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR)) {
    close(s->ports[CONTROL].fd);
    s->ports[CONTROL].fd = -1; /* poll() passes it over */
  }
  if (fd == -1) return;
  if (s->ports_count == s->ports_max) close(fd);
  else s->ports[s->ports_count++] = (struct pollfd){fd, POLLIN, 0};
}

/* false: this child is done with, or speaks nonsense. */
static bool answer(struct signer *s, int fd) {
  struct sign_question q;
  struct sign_answer a = {0};
  struct iovec in = {&q, sizeof q}, out = {&a, sizeof a};
  struct msghdr question = {.msg_iov = &in, .msg_iovlen = 1}, reply = {.msg_iov = &out, .msg_iovlen = 1};
  ssize_t n = recvmsg(fd, &question, MSG_DONTWAIT);
  if (n == -1 && (errno == EAGAIN || errno == EINTR)) return true;
  if (n != (ssize_t)sizeof q || q.identity >= s->count) return false;
  sign_answer(s->identities[q.identity].key, &q, &a);
  return sendmsg(fd, &reply, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)sizeof a;
}

static void serve(struct signer *s) {
  while (s->ports_count > 1 || s->ports[CONTROL].fd >= 0) {
    if (poll(s->ports, s->ports_count, -1) == -1) continue;
    for (nfds_t n = s->ports_count - 1; n > CONTROL; n--)
      if (s->ports[n].revents && !answer(s, s->ports[n].fd)) drop(s, n);
    if (s->ports[CONTROL].revents) take_port(s);
  }
}

static int shut_in(nfds_t ports) {
  struct sandbox box = {.descriptors_max = (unsigned)ports + 8, .openssl = true};
  if (sandbox_forbid_cores() == 0 && sandbox_enter(&box) == 0) return 0;
  say("unable to shut the signer in: unable to %s: %s", box.step ? box.step : "forbid to look in", strerror(errno));
  return -1;
}

int signer_run(const struct settings *settings, int control, bool strict) {
  static struct signer s;
  s.ports_max = settings->sessions_max + 64u;
  s.ports = calloc(s.ports_max, sizeof *s.ports);
  if (!s.ports) return say("unable to start the signer: out of memory"), TOOL_SYSTEM;
  s.ports[s.ports_count++] = (struct pollfd){control, POLLIN, 0};
  if (load_all(&s, settings, strict) == -1 || publish(&s, control) == -1) return TOOL_SYSTEM;
  sandbox_close_others((const int[]){control, 2}, 2);
  if (shut_in(s.ports_max) == -1) return TOOL_SYSTEM;
  serve(&s);
  return 0;
}
