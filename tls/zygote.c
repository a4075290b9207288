#include "config.h"
#include "tls/zygote.h"
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "lib/bigendian.h"
#include "lib/exitcode.h"
#include "lib/iowait.h"
#include "lib/sandbox.h"
#include "tls/child.h"
#include "tls/client.h"
#include "tls/heap.h"
#include "tls/keeper.h"
#include "tls/netbio.h"
#include "lib/passfd.h"
#include "tls/published.h"
#include "tls/say.h"
#include "tls/warmup.h"

enum { START_LIMIT_MS = 30000, REQUEST_LIMIT_MS = 100, BURIAL_MS = 2000, SHARE_MIN = 4 };

struct session {
  pid_t pid; /* 0: a free place */
  uid_t uid;
};

struct state {
  struct zygote *z;
  struct server server;
  struct identity own; /* shown to servers; its leaf is NULL where there is none */
  struct sign_channel channel;
  SSL_CTX *server_context, *client_context;
  struct keeper keeper;
  struct pollfd *polls; /* listener, master, the keeper's */
  struct session *sessions;
  unsigned count;
  bool said_full;
};

/* ---- certificates from the signer */

static int read_all(int fd, void *to, size_t len) {
  for (char *p = to; len;) {
    ssize_t n = io_read(fd, p, len, START_LIMIT_MS);
    if (n <= 0) return -1;
    p += n;
    len -= (size_t)n;
  }
  return 0;
}

static int replace_key(struct identity *i, uint32_t number, const struct sign_channel *channel) {
  EVP_PKEY *asking = remotekey_make(i->key, number, channel);
  if (!asking) return -1;
  EVP_PKEY_free(i->key);
  i->key = asking;
  return 0;
}

/* 1, 0 where the frame is empty, or -1. */
static int take_certificate(struct state *s, struct identity *i, uint32_t number) {
  static unsigned char octets[IDENTITY_OCTETS];
  char head[4];
  if (read_all(s->z->signer, head, sizeof head) == -1) return -1;
  size_t len = get_u32(head);
  if (len == 0) return 0;
  if (len > sizeof octets || read_all(s->z->signer, octets, len) == -1 || identity_read(i, octets, len) == -1) return -1;
  return replace_key(i, number, &s->channel) == -1 ? -1 : 1;
}

static int take_certificates(struct state *s) {
  struct server *v = &s->server;
  int r = 1;
  while (r == 1 && v->count < SETTINGS_CERTIFICATES)
    if ((r = take_certificate(s, &v->identities[v->count], v->count)) == 1) v->count++;
  struct identity none;
  if (r == 1) r = take_certificate(s, &none, 0); /* the end */
  return r != 0 || take_certificate(s, &s->own, v->count) == -1 ? -1 : 0;
}

/* ---- the start */

static const char *or_none(const char *s) { return *s ? s : NULL; }

static int make_contexts(struct state *s) {
  const struct settings *t = s->z->settings;
  const struct client_settings client = {or_none(t->authorities), or_none(t->client.ciphers), t->client.minversion};
  char why[SERVER_WHY];
  s->client_context = client_context(&client, why, sizeof why);
  if (s->client_context) resume_prepare(s->client_context);
  if (s->client_context && s->own.leaf &&
      SSL_CTX_use_cert_and_key(s->client_context, s->own.leaf, s->own.key, s->own.chain, 1) != 1) {
    say("unable to use the certificate for servers");
    return -1;
  }
  if (s->client_context && s->server.count) s->server_context = server_context(&s->server, t, why);
  if (s->client_context && (s->server_context || s->server.count == 0)) return 0;
  say("%s", why);
  return -1;
}

static int forbid_files(void) {
  if (sandbox_forbid_files() >= 0) return 0;
  say("unable to forbid files: %s", strerror(errno));
  return -1;
}

/* The first conversion of a time would read the zone's file in a child. */
static void settle_time_zone(void) {
  setenv("TZ", "UTC0", 1);
  tzset();
}

static int warm_up(struct state *s) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1 || passfd_send(s->z->signer, "", 1, pair[0]) == -1) {
    say("unable to reach the signer: %s", strerror(errno));
    return -1;
  }
  s->channel.fd = pair[1];
  bool done = warmup_run(s->server_context, &s->server, s->client_context);
  close(pair[0]);
  close(pair[1]);
  if (!done) say("unable to do a handshake with the certificates");
  return done ? 0 : -1;
}

static void compare_with_published(struct state *s) {
  const struct published p = {s->z->settings->me, &s->server, s->server_context, s->client_context, &s->channel, s->z->signer};
  if (s->server_context) published_compare(&p);
}

static int get_ready(struct state *s) {
  settle_time_zone();
  s->server.tickets = s->z->tickets;
  unsigned max = s->z->settings->sessions_max;
  s->sessions = calloc(max + 1u, sizeof *s->sessions);
  s->polls = calloc(max + 3u, sizeof *s->polls);
  if (!s->sessions || !s->polls || !netbio_prepare() || keeper_open(&s->keeper, max) == -1)
    return say("unable to start: out of memory"), -1;
  if (take_certificates(s) == -1) return -1; /* the signer has said why */
  if (make_contexts(s) == -1) return -1;
  compare_with_published(s);
  if (forbid_files() == -1 || warm_up(s) == -1) return -1;
  heap_settle();
  const char octet = s->server.count ? ZYGOTE_SERVES : ZYGOTE_IS_CLIENT;
  return io_write_all(s->z->master, &octet, 1, START_LIMIT_MS);
}

/* ---- callers */

static bool may_ask(const struct zygote *z, int caller, uid_t *uid) {
  struct ucred peer;
  socklen_t len = sizeof peer;
  if (getsockopt(caller, SOL_SOCKET, SO_PEERCRED, &peer, &len) == -1) return false;
  *uid = peer.uid;
  if (peer.uid == 0 || peer.uid == geteuid()) return true;
  for (unsigned i = 0; i < z->callers_count; i++)
    if (z->callers[i] == peer.uid) return true;
  say("uid %u may not ask for TLS", (unsigned)peer.uid);
  return false;
}

/* No caller has more than three quarters, so that mail goes out while it comes in. */
static bool has_room(struct state *s, uid_t uid) {
  unsigned max = s->z->settings->sessions_max, own = 0;
  for (unsigned i = 0; i < s->count; i++) own += s->sessions[i].uid == uid;
  bool room = s->count < max && (max < SHARE_MIN || own < max - max / 4);
  if (!room && !s->said_full) say("%u sessions: further ones are refused", s->count);
  s->said_full = !room;
  return room;
}

/* What is asked is taken out first: a socket that is closed with octets in it
 * loses what was written to it.  Callers write as soon as they are connected. */
static void refuse(int caller) {
  static char octets[TLSWIRE_MAX];
  struct tls_facts f = {.temporary = 1, .error = "unable to begin TLS: too many sessions"};
  int network = -1;
  (void)io_wait(caller, POLLIN, REQUEST_LIMIT_MS);
  while (passfd_receive(caller, octets, sizeof octets, &network) > 0) {}
  if (network >= 0) close(network);
  size_t len = tlswire_put_facts(octets, sizeof octets, &f);
  (void)socket_give(caller, octets, len);
}

static void run_child(struct state *s, int caller, int signer, int seat) {
  const struct child c = {.caller = caller, .seat = seat, .signer = &s->channel, .server = &s->server,
                          .server_context = s->server_context, .client_context = s->client_context,
                          .handshake_s = s->z->settings->handshake_s};
  s->channel.fd = signer;
  _exit(child_run(&c));
}

static void start_child(struct state *s, int caller, uid_t uid) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1) {
    say("unable to make sockets: %s", strerror(errno));
    return;
  }
  if (passfd_send(s->z->signer, "", 1, pair[0]) == -1) say("the signer does not listen: %s", strerror(errno));
  int seat = keeper_seat(&s->keeper);
  pid_t pid = _Fork(); /* what fork() does for threads dirties pages */
  if (pid == 0) run_child(s, caller, pair[1], seat);
  if (pid == -1) say("unable to fork: %s", strerror(errno));
  else s->sessions[s->count++] = (struct session){pid, uid};
  if (seat >= 0) close(seat);
  close(pair[0]);
  close(pair[1]);
}

static void take_caller(struct state *s) {
  uid_t uid;
  int caller = accept4(s->z->listener, NULL, NULL, SOCK_CLOEXEC);
  if (caller == -1) return;
  if (may_ask(s->z, caller, &uid)) {
    if (has_room(s, uid)) start_child(s, caller, uid);
    else refuse(caller);
  }
  close(caller);
}

/* ---- the rest */

static void reap(struct state *s) {
  int status;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    if (WIFSIGNALED(status)) say("a child was killed by signal %d", WTERMSIG(status));
    for (unsigned i = 0; i < s->count; i++)
      if (s->sessions[i].pid == pid) {
        s->sessions[i] = s->sessions[--s->count];
        break;
      }
  }
}

/* false: the master has gone, or wants us to go. */
static bool take_tickets(struct state *s) {
  struct tickets fresh;
  if (read_all(s->z->master, &fresh, sizeof fresh) == -1) return false;
  s->server.tickets = fresh;
  return true;
}

/* A child that ends does not wake us: it is buried before the next caller is counted,
 * or a moment later. */
static void serve(struct state *s) {
  struct pollfd *p = s->polls;
  for (;;) {
    p[0] = (struct pollfd){s->z->listener, POLLIN, 0};
    p[1] = (struct pollfd){s->z->master, POLLIN, 0};
    keeper_polls(&s->keeper, p + 2);
    int n = poll(p, 2u + s->keeper.count, s->count ? BURIAL_MS : IO_FOREVER);
    reap(s);
    if (n <= 0) continue;
    keeper_serve(&s->keeper, p + 2);
    if (p[1].revents && !take_tickets(s)) return;
    if (p[0].revents) take_caller(s);
  }
}

int zygote_run(struct zygote *z) {
  static struct state s;
  s.z = z;
  if (get_ready(&s) == -1) return TOOL_SYSTEM;
  serve(&s);
  return 0;
}
