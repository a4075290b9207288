#include "config.h"
#include "remote/connector.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/iofd.h"
#include "lib/unixsock.h"
#include "remote/handshake.h"
#include "remote/race.h"
#include "remote/walk.h"

/* ---- answers */

static int send_none(int talker, const struct verdict *v, bool host_waits) {
  stralloc payload = {0};
  const struct net_none n = {verdict_result(v), host_waits};
  int sent = net_put_none(&payload, &n);
  if (sent == 0)
    sent = frame_send(talker, &net_protocol, NET_NONE, text_of_stralloc(&payload), -1, IO_FOREVER);
  stralloc_free(&payload);
  return sent;
}

/* Closes fd. */
static int send_connected(int talker, const struct net_peer *peer, int fd) {
  stralloc payload = {0};
  int sent = net_put_connected(&payload, peer);
  if (sent == 0)
    sent = frame_send(talker, &net_protocol, NET_CONNECTED, text_of_stralloc(&payload), fd,
                      IO_FOREVER);
  stralloc_free(&payload);
  close(fd);
  return sent;
}

/* A refusal is an answer, and costs no time: it is not remembered. */
static bool is_silence(int error) {
  return error == ETIMEDOUT || error == EHOSTUNREACH || error == EHOSTDOWN;
}

static void remember(const struct walk *w, const struct walk_target *t, int error) {
  uint64_t lasts_us = (uint64_t)w->settings->deadaddresstime_s * 1000000;
  if (w->settings->deadlist && lasts_us && is_silence(error))
    deadlist_add(w->settings->deadlist, &t->ip, w->destination->port,
                 clock_boot_us(&clock_system) + lasts_us);
}

static void note_target(struct facts *f, const char *kind, const struct walk_target *t, unsigned port) {
  char address[IP_TEXT_MAX];
  ip_format(&t->ip, address);
  fact_begin(f, kind);
  fact_t(f, t->host);
  fact_s(f, " [");
  fact_s(f, address);
  fact_s(f, "] port ");
  fact_u(f, port);
  fact_detail(f, "host", t->host);
  fact_detail(f, "address", text_of(address));
  fact_detail_u(f, "port", port);
  fact_end(f);
}

static void note_failure(void *context, const struct walk_target *t, int error) {
  struct walk *w = context;
  struct verdict *v = &w->trouble;
  char address[IP_TEXT_MAX], number[FMT_ULONG + 1];
  remember(w, t, error);
  walk_note(w, t->host, false);
  ip_format(&t->ip, address);
  number[fmt_ulong(number, w->destination->port)] = 0;
  /* a limit of ours says nothing about the host (queue/window.h) */
  verdict_set(v, RESULT_DEFERRAL, error == EBUSY ? "4.3.0" : "4.4.1", "unable to connect to ");
  verdict_add_text(v, t->host);
  verdict_add(v, " [");
  verdict_add(v, address);
  verdict_add(v, "] port ");
  verdict_add(v, number);
  verdict_add(v, ": ");
  verdict_add(v, error == EBUSY ? "too many others are trying to" : strerror(error));
  fact_say(w->facts, "unreachable", "", text_of_stralloc(&v->text));
}

struct connector {
  struct walk walk;
  struct sources sources;
  struct net_wish wish; /* its texts are views of helohost */
  stralloc helohost;
  struct handshake handshake;
};

/* Connected, but there is TLS to see to. */
static enum handshake_end finish(struct connector *c, int talker, struct walk_target *t, struct net_peer *peer, int *fd) {
  c->handshake.walk = &c->walk;
  c->handshake.wish = &c->wish;
  c->handshake.talker = talker;
  c->handshake.peer = peer;
  return handshake_run(&c->handshake, t, fd);
}

static int send_target(struct connector *c, int talker, const struct walk_target *t, struct net_peer *peer, int fd) {
  char address[IP_TEXT_MAX];
  ip_format(&t->ip, address);
  peer->host = t->host;
  peer->address = text_of(address);
  walk_note(&c->walk, t->host, true);
  verdict_set(&c->walk.trouble, RESULT_DEFERRAL, "4.4.1", "");
  verdict_set(&c->walk.said, RESULT_NONE, "", "");
  return send_connected(talker, peer, fd);
}

/* What a server has said is worth more than that another cannot be reached.  But
 * that we send nothing to this host is for good only where no other host is left
 * to ask. */
static int send_end(struct connector *c, int talker) {
  struct verdict *said = &c->walk.said;
  bool host_waits = walk_has_waiting(&c->walk);
  walk_end(&c->walk);
  if (host_waits && said->class == RESULT_FAILURE && said->code == 0) verdict_defer(said, "4.7.10");
  return send_none(talker, said->class == RESULT_NONE ? &c->walk.trouble : said, host_waits);
}

/* What goes wrong now is news to the talker; what went wrong before the last
 * connection is older than what that server said. */
static int answer(int talker, struct connector *c) {
  struct walk *w = &c->walk;
  const struct race race = {
    .port = w->destination->port,
    .timeoutconnect_s = w->settings->timeoutconnect_s,
    .watched = talker,
    .sources = &c->sources,
    .attempts = &w->settings->attempts,
    .failed = note_failure,
    .context = w,
  };
  const struct walk_target *winner;
  struct walk_target *targets;
  size_t count;
  while ((targets = walk_targets(w, &count))) {
    int fd = race_run(&race, targets, count, &winner);
    if (fd == -1 && errno == EPIPE) return 0; /* the talker is gone, which ends all */
    if (fd == -1) continue;
    if (w->settings->deadlist)
      deadlist_remove(w->settings->deadlist, &winner->ip, w->destination->port);
    note_target(w->facts, "connected", winner, w->destination->port);
    struct net_peer peer = {0};
    enum handshake_end end = finish(c, talker, &targets[winner - targets], &peer, &fd);
    if (end == HANDSHAKE_GONE) return 0;
    if (end == HANDSHAKE_DONE) return send_target(c, talker, winner, &peer, fd);
  }
  return send_end(c, talker);
}

static int connect_path(const char *path, unsigned limit_s) {
  int fd = unixsock_connect_within(path, io_limit_ms(limit_s));
  if (fd == -1 || io_set_nonblocking(fd) == 0) return fd;
  int saved = errno;
  close(fd);
  return errno = saved, -1;
}

/* NULL: the only address has been tried, and its server said more. */
static int send_no_socket(int talker, const char *path) {
  struct verdict v = {.class = RESULT_NONE};
  const char *error = strerror(errno);
  verdict_set(&v, RESULT_DEFERRAL, "4.4.1", "");
  if (path) {
    verdict_add(&v, "unable to connect to ");
    verdict_add(&v, path);
    verdict_add(&v, ": ");
    verdict_add(&v, error);
  }
  int sent = send_none(talker, &v, false);
  verdict_free(&v);
  return sent;
}

/* Who listens at a Unix socket is this host: no path stands in a DSN as the
 * server's name. */
static int answer_socket(int talker, enum net_frame question, const struct destination *d,
                         const struct connector_settings *s) {
  struct net_peer here = {.host = s->me};
  if (question != NET_CONNECT) return send_no_socket(talker, NULL);
  int fd = connect_path(d->socket_path, s->timeoutconnect_s);
  return fd == -1 ? send_no_socket(talker, d->socket_path) : send_connected(talker, &here, fd);
}

/* A number that is none would be nonsense, as any other payload. */
static int take_wish(struct connector *c, const struct connector_settings *s, struct text payload) {
  if (net_read_connect(&c->wish, payload) == -1) return -1;
  if (text_copy(&c->helohost, c->wish.helohost) == -1) return -1;
  c->wish.helohost = text_of_stralloc(&c->helohost);
  return identity_sources(s->identities, c->wish.source, &c->sources) ? 0 : -1;
}

static int serve(int talker, struct connector *c, const struct frame *f, const struct destination *d,
                 const struct connector_settings *s) {
  if (f->type == NET_CONNECT && take_wish(c, s, f->payload) == -1) return -1;
  if (f->type != NET_CONNECT && (f->type != NET_NEXT || f->payload.len)) return -1;
  if (d->socket_path) return answer_socket(talker, (enum net_frame)f->type, d, s);
  if (f->type == NET_CONNECT) walk_begin(&c->walk, d, s);
  else if (!c->walk.destination) return -1;
  return answer(talker, c);
}

int connector_run(int talker, const struct destination *d, const struct connector_settings *s) {
  static struct connector connector; /* large */
  struct frame_reader reader = {.protocol = &net_protocol, .no_descriptors = true};
  struct frame f;
  enum frame_status status = FRAME_ERROR;
  int r = 0;
  connector.walk.facts = s->facts;
  while (r == 0 && (status = frame_receive(&reader, talker, &f, IO_FOREVER)) == FRAME_READY)
    r = serve(talker, &connector, &f, d, s);
  frame_reader_free(&reader);
  walk_free(&connector.walk);
  stralloc_free(&connector.helohost);
  stralloc_free(&connector.handshake.hello);
  return r == 0 && status == FRAME_EOF ? 0 : -1;
}
