/* Octets from a talker that has been taken over.  Whatever they are, a message
 * that the injector takes is from the client that the doorkeeper knows, and to
 * whom that client may send: a subverted talker cannot relay.
 *
 * The first octet chooses what the rest meets (enum choice), the second is the
 * injector's exit code and two choices more, the third how many of the octets behind it delivery
 * answers to questions about recipients, the runner to ETRN, owl-tlsd to a
 * connection, and owl-authd to AUTH.  Behind a request for TLS the next talker begins. */
#include "config.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include "lib/bigendian.h"
#include "lib/cdbfile.h"
#include "lib/fuzz.h"
#include "lib/iofd.h"
#include "lib/unixsock.h"
#include "smtpd/doorkeeper/doorkeeper.h"
#include "smtpd/doorkeeper/injectormodel.h"
#include "smtpd/doorkeeper/secure.h"

enum choice {
  MAY_RELAY = 1,
  HAS_LIMITS = 2, /* of octets, and of requests */
  DESCRIPTOR = 4, /* one comes with the first octet */
  INJECTOR = 8,
  TRUSTS_RECIPIENTS = 16,
  DATABASES = 32, /* there are some */
  BROKEN = 64,    /* they are; or else, without them, the injector's pipe */
  NAMES = 128     /* the client may name another */
};

enum { IS_SUBMISSION = 64, NEEDS_AUTH = 128 }; /* of the exit code, too */

enum { INPUT_MAX = 4000 /* as many answers as a socket holds, unread */, LIMIT_MS = 1000 };

static struct settings settings;
static struct client client;
static const struct doorkeeper *doorkeeper; /* at work */
static char folder[] = "/tmp/owlpost-fuzz.XXXXXX";
static const char *const databases[] = {"morercpthosts", "recipients"};

static void put_text(stralloc *to, const char *s) {
  check(stralloc_copys(to, s) && stralloc_0(to));
  to->len--;
}

static const char *path_of(const char *which, const char *name) {
  static char path[200];
  snprintf(path, sizeof path, "%s/%s/%s%s", folder, which, name, *name ? ".cdb" : "");
  return path;
}

static int add_keys(struct cdbfile_maker *m, const void *keys) {
  struct text rest = text_of(keys), key;
  while (text_cut(&rest, ' ', &key))
    if (cdbfile_add(m, key, text_of("")) == -1) return -1;
  return 0;
}

static void make_database(const char *name, const char *keys) {
  check(cdbfile_write(path_of("whole", name), 0600, add_keys, keys) == 0);
  FILE *f = fopen(path_of("broken", name), "w");
  check(f && fputs("no database", f) != EOF && fclose(f) == 0);
}

static void take_databases_away(void) {
  static const char *const folders[] = {"whole", "broken"};
  for (int i = 0; i < 4; i++) unlink(path_of(folders[i / 2], databases[i % 2]));
  for (int i = 0; i < 2; i++) rmdir(path_of(folders[i], ""));
  rmdir(folder);
}

static void make_databases(void) {
  check(mkdtemp(folder) != NULL && atexit(take_databases_away) == 0);
  check(mkdir(path_of("whole", ""), 0700) == 0 && mkdir(path_of("broken", ""), 0700) == 0);
  make_database("morercpthosts", "more .above");
  make_database("recipients", "@w a@w *@x @x");
}

static void put_list(struct list *l, const char *lines) { check(list_parse(l, text_of(lines)) == 0); }

static void put_map(struct list *l, const char *lines) { check(list_parse_map(l, text_of(lines)) == 0); }

static void set_up(void) {
  if (settings.maxrecipients) return;
  signal(SIGPIPE, SIG_IGN);
  make_databases();
  settings.maxrecipients = 3;
  settings.timeoutrcpt_s = settings.timeoutverify_s = 1;
  put_list(&settings.rcpthosts, "o\nv\nw\n.sub\n");
  put_list(&settings.badhelo, "bad\n.evil\n");
  put_list(&settings.badmailfrom, "bad@o\n@evil\n.evil\n*spam*\nsp*m@o\n");
  put_list(&settings.badrcptto, "bad@o\n@evil\n.evil\n*spam*\n");
  put_list(&settings.proxyclients, "::2\n");
  put_list(&settings.xclients, "::2\n1.0.0.0/8\n");
  put_list(&settings.relayclients, "9.0.0.0/8\n");
  put_list(&settings.etrnclients, "o:::2\n.o:::/0\n");
  put_list(&settings.routes.locals, "o\n");
  put_list(&settings.routes.percenthack, "o\n");
  put_map(&settings.routes.virtualdomains, "v:pre\n.sub:\nu@o:alias\n");
  put_map(&settings.routes.smtproutes, "w:relay:26\n");
  put_text(&settings.routes.envnoathost, "o");
  put_text(&settings.localiphost, "o");
  put_text(&settings.me, "m");
  put_text(&settings.rcpt_socket, "/rcpt");
  put_text(&settings.nexthop_socket, "/nexthop");
  put_map(&settings.verifyrecipients, "w:defer\nmore:accept\n");
  put_text(&settings.etrn_socket, "/etrn");
  put_text(&settings.inject_socket, "/inject");
  put_text(&settings.rundir, "/run");
  put_list(&settings.tlsclients, "certified\n");
  put_map(&settings.sendermap, "bob@o:bob\n@own.x:=\n@lists.x:ann *\n:bob\n");
  settings.offers_starttls = settings.offers_auth = true;
  settings.authwithouttls = 1;
  settings.mechanisms = SASL_ALL;
  settings.maxauthtries = 2;
  put_text(&client.local_address, "::1");
  put_text(&client.address, "::2");
  put_text(&client.name, "two");
}

static bool ends_with(struct text t, const char *what) {
  size_t len = strlen(what);
  return t.len >= len && text_equal_nocase((struct text){t.s + t.len - len, len}, text_of(what));
}

/* As set_up() has it, and simply told. */
static bool may_be_sent_to(struct text address) {
  static const char *const hosts[] = {"@o", "@v", "@w", "@more", ".sub", ".above"};
  bool found = address.len && !memchr(address.s, '@', address.len);
  for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) found |= ends_with(address, hosts[i]);
  return found || doorkeeper->settings->relayclient.s;
}

static bool is_listed(struct text address) {
  bool has_domain = address.len && memchr(address.s, '@', address.len);
  return text_equal_nocase(address, text_of("bad@o")) || ends_with(address, "@evil") ||
         (has_domain && ends_with(address, ".evil"));
}

static void see(const struct envelope *e) {
  const struct client *c = doorkeeper->client;
  check(e->recipient_count && e->recipient_count <= settings.maxrecipients);
  for (size_t i = 0; i < e->recipient_count; i++) {
    struct text address = e->recipients[i].address;
    check(may_be_sent_to(address) && address.len <= ENVELOPE_ADDRESS_MAX && text_is_clean(address));
    check(!is_listed(address));
  }
  check(!is_listed(e->sender));
  bool is_secured = doorkeeper->secure.facts;
  check(is_secured == !!e->tls.len && (is_secured || !e->requiretls));
  check(!doorkeeper->sent_away);
  check(text_equal(e->client_address, text_of_stralloc(&c->address)) && e->client_port == c->port);
  check(text_equal(e->client_name, text_of_stralloc(&c->name)));
  check(text_equal(e->auth_user, text_of_stralloc(&c->login)));
  check(e->auth_user.len || !settings.needs_auth);
  check(e->arrival_us && e->arrival_us == doorkeeper->number && e->kind == KIND_MAIL && e->submitter_uid == 0);
}

static void choose(unsigned choice, unsigned code) {
  static const struct list nobody;
  static struct list proxyclients, xclients;
  if (!proxyclients.count) proxyclients = settings.proxyclients, xclients = settings.xclients;
  settings.proxyclients = choice & NAMES ? proxyclients : nobody;
  settings.xclients = choice & NAMES ? xclients : nobody;
  settings.relayclient = choice & MAY_RELAY ? text_of("") : TEXT_ABSENT;
  settings.databytes = choice & HAS_LIMITS ? 100 : 0;
  settings.maxrequests = settings.maxtransactions = choice & HAS_LIMITS ? 6 : 0;
  settings.trusts_recipients = choice & TRUSTS_RECIPIENTS;
  settings.needs_auth = code & NEEDS_AUTH;
  settings.is_submission = code & IS_SUBMISSION;
  put_text(&settings.folder, choice & DATABASES ? path_of(choice & BROKEN ? "broken" : "whole", "") : "/nonexistent");
  injectormodel = (struct injectormodel){.starts = choice & INJECTOR, .code = (int)code, .text = text_of("Dno"),
                                         .see = see, .message = -1};
  injectormodel.takes_octets = choice & DATABASES || !(choice & BROKEN);
}

static void send_with(int sock, struct text octets, int fd) {
  struct iovec v = {(void *)(uintptr_t)octets.s, octets.len};
  union {
    struct cmsghdr head;
    char octets[CMSG_SPACE(sizeof fd)];
  } control = {.head = {.cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
  memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
  struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  check(sendmsg(sock, &m, 0) == (ssize_t)octets.len);
}

/* A socket at which these octets wait, and then its end. */
static int hold(struct text octets, int *other, bool with_descriptor) {
  int pair[2];
  check(unixsock_pair(pair) == 0);
  if (with_descriptor) send_with(pair[1], octets, STDERR_FILENO);
  else check(io_write_all(pair[1], octets.s, octets.len, LIMIT_MS) == 0);
  check(shutdown(pair[1], SHUT_WR) == 0);
  *other = pair[1];
  return pair[0];
}

/* Delivery and the runner: in the place of a connection to either comes a socket
 * at which the answers wait already (the linker's --wrap). */
enum { CONNECTIONS_MAX = 500 };

static struct {
  struct text answers;
  int ends[CONNECTIONS_MAX];
  unsigned count;
} answerer;

int __wrap_unixsock_connect_within(const char *path, int limit_ms);
int __wrap_unixsock_connect_in(const char *rundir, const char *name, int limit_ms);

int __wrap_unixsock_connect_in(const char *rundir, const char *name, int limit_ms) {
  check(*name && *name != '/');
  return __wrap_unixsock_connect_within(rundir, limit_ms);
}

int __wrap_unixsock_connect_within(const char *path, int limit_ms) {
  check(*path == '/' && limit_ms > 0);
  if (answerer.answers.len == 0 || answerer.count == CONNECTIONS_MAX) return errno = ECONNREFUSED, -1;
  return hold(answerer.answers, &answerer.ends[answerer.count++], false);
}

/* Each request has at most one answer. */
static void check_answers(int sock, const struct doorkeeper *k) {
  struct frame_reader reader = {.protocol = &door_protocol};
  struct frame f;
  uint64_t n = 0;
  for (enum frame_status s; (s = frame_poll(&reader, sock, &f)) != FRAME_EOF; n++) {
    struct door_answer a;
    check(s == FRAME_READY && f.type == DOOR_ANSWER && door_read_answer(&a, f.payload) == 0);
    check(f.fd == -1 || (a.result.class == RESULT_SUCCESS && a.result.reply_code == 354));
    if (f.fd >= 0) close(f.fd);
  }
  check(n <= k->requests);
  frame_reader_free(&reader);
}

/* The listener has enough sessions of 8.0.0.0/8. */
static bool move(void *context, const struct ip *address) {
  (void)context;
  return address->octets[0] != 8;
}

/* The octets up to the first request for TLS, it included. */
static size_t before_tls(struct text input) {
  size_t at = 0;
  while (input.len - at >= FRAME_HEAD_OCTETS) {
    size_t len = FRAME_HEAD_OCTETS + (size_t)get_u32(input.s + at);
    if (input.len - at < len) break;
    at += len;
    if (input.s[at - len + 7] == DOOR_TLS) return at;
  }
  return input.len;
}

static enum doorkeeper_end serve_talker(struct doorkeeper *k, struct text input, bool with_descriptor) {
  int talker;
  int door = hold(input, &talker, with_descriptor);
  enum doorkeeper_end end = doorkeeper_serve(k, door);
  check(k->messages == injectormodel.taken);
  close(door);
  check_answers(talker, k);
  close(talker);
  return end;
}

/* As a session does. */
static bool secure(struct doorkeeper *k) {
  int plain[2];
  bool ok = secure_begin(k, STDERR_FILENO, plain) == 0;
  if (ok) close(plain[0]);
  check(ok == k->settings->is_secured);
  return ok;
}

static void serve(struct text input, bool with_descriptor) {
  static const struct place place = {.move = move};
  struct log silent = {.fd = -1};
  struct doorkeeper k;
  size_t first = before_tls(input);
  struct text rest = {input.s + first, input.len - first};
  doorkeeper_open(&k, &settings, &client, &clock_system, &silent);
  k.place = &place;
  doorkeeper = &k;
  enum doorkeeper_end end = serve_talker(&k, (struct text){input.s, first}, with_descriptor);
  if (end == DOORKEEPER_TALKER_LEFT && secure_is_granted(&k) && rest.len && secure(&k))
    (void)serve_talker(&k, rest, false);
  doorkeeper_close(&k);
  while (answerer.count) close(answerer.ends[--answerer.count]);
  check(injectormodel.message == -1);
  stralloc_free(&silent.line);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  struct text input = fuzz_input(octets, size);
  unsigned choice = fuzz_choice(&input), code = fuzz_choice(&input), count = fuzz_choice(&input);
  if (count > input.len) count = (unsigned)input.len;
  struct text answers = {input.s, count};
  input = (struct text){input.s + count, input.len - count};
  if (input.len == 0 || input.len > INPUT_MAX) return 0;
  set_up();
  choose(choice, code);
  answerer.answers = answers;
  serve(input, choice & DESCRIPTOR);
  return 0;
}
