/* owl-start - starts runner, spawners, listener and TLS, each under its own user
 *
 * Root, unless the instance is a private one (then everything runs as one
 * user).  Reads no mail, no network and nothing that others may write; makes
 * the folders of the sockets.  A fault here is a fault of root's.
 *
 * owl-start(8) has the interface.
 */
#include "config.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/control.h"
#include "lib/exitcode.h"
#include "lib/unixsock.h"
#include "queue/start/programs.h"
#include "queue/start/runfolders.h"
#include "queue/start/say.h"

enum { LOG_FD = 2 };

static void die_usage(void) {
  start_say("usage: owl-start [DEFAULTDELIVERY [LOGGER [ARGUMENT...]]]", NULL);
  exit(TOOL_USAGE);
}

/* qmail-start's way: everything that is logged goes to a program's descriptor 0. */
static void start_logger(char **argv) {
  int ends[2];
  struct account a = account_find(LOG_USER);
  if (pipe2(ends, O_CLOEXEC) == -1) start_die_errno("unable to make a pipe");
  pid_t pid = fork();
  if (pid == -1) start_die_errno("unable to fork");
  if (pid == 0) {
    if (dup2(ends[0], 0) == -1) start_die_errno("unable to move a descriptor");
    account_become(a, &a.gid, 1);
    execvp(argv[0], argv);
    start_die_errno(argv[0]);
  }
  if (dup2(ends[1], LOG_FD) == -1) start_die_errno("unable to move a descriptor");
  close(ends[0]);
  close(ends[1]);
}

/* Whether the control file has an address. */
static bool wants_listener(enum control_name addresses) {
  struct control c;
  struct list l = {0};
  if (control_open(&c) == -1 || control_list(&c, addresses, &l) == -1) start_die("configuration", c.error.s);
  bool wanted = l.count > 0;
  list_free(&l);
  control_free(&c);
  return wanted;
}

static bool wants_popup(const struct account *pop) {
  bool wanted = wants_listener(CONTROL_POP3LISTEN);
  if (!wanted || pop) return wanted;
  start_say("no POP3, since there is no user " POP_USER, "add it, or take pop3listen away");
  return false;
}

/* A host that had owlpost before there was this program lacks the user: its mail goes on
 * as it did. */
static bool wants(enum control_name number, const char *user, const char *without, const char *remedy) {
  struct control c;
  uint64_t wanted = 0;
  if (control_open(&c) == -1 || control_number(&c, number, &wanted) == -1) start_die("configuration", c.error.s);
  control_free(&c);
  if (wanted == 0 || account_exists(user)) return wanted > 0;
  start_say(without, remedy);
  return false;
}

static bool wants_tls(void) {
  return wants(CONTROL_TLSDAEMON, TLS_USER, "no TLS, and mail that must have it waits, since there is no user " TLS_USER,
               "add it, or write 0 to tlsdaemon");
}

/* Where there are none the doorkeeper starts one for each message. */
static bool wants_injectors(void) {
  return wants(CONTROL_INJECTORS, INJECT_USER, "no injectors are kept ready, since there is no user " INJECT_USER,
               "add it, or write 0 to injectors");
}

/* Who may ask for TLS. */
static void name_callers(char *list, size_t size, struct account smtpd, struct account far, const struct account *pop) {
  int used = snprintf(list, size, "%lu,%lu", (unsigned long)smtpd.uid, (unsigned long)far.uid);
  if (pop) snprintf(list + used, size - (size_t)used, ",%lu", (unsigned long)pop->uid);
}

/* Who may ask owl-authd, beside the receiver. */
static void name_askers(char *list, size_t size, const struct account *pop) {
  list[0] = 0;
  if (pop) snprintf(list, size, "%lu", (unsigned long)pop->uid);
}

/* Who owl-authd is; root where the site's check program needs it.  false: there is to be none. */
static bool wants_auth(struct account *a, bool *keep_root) {
  struct control c;
  stralloc backend = {0};
  uint64_t root = 0;
  if (control_open(&c) == -1 || control_text(&c, CONTROL_AUTHBACKEND, &backend) == -1 ||
      control_number(&c, CONTROL_AUTHROOT, &root) == -1)
    start_die("configuration", c.error.s);
  bool wanted = backend.len > 0;
  *keep_root = root > 0;
  *a = (struct account){geteuid(), getegid()};
  if (wanted && !root) *a = account_find(AUTH_USER);
  stralloc_free(&backend);
  control_free(&c);
  return wanted;
}

int main(int argc, char **argv) {
  int local[2], remote[2];
  if (argc > 1 && argv[1][0] == '-') die_usage();
  if (argc > 2) start_logger(argv + 2);
  if (account_is_private()) start_say("not root: a private instance, everything runs as one user", NULL);
  struct account send = account_find(SEND_USER), far = account_find(REMOTE_USER);
  struct account smtpd_user = account_find(SMTPD_USER);
  bool has_tls = wants_tls();
  programs_make_key();
  struct account tls = has_tls ? account_find(TLS_USER) : send;
  struct account auth;
  bool auth_root, has_auth = wants_auth(&auth, &auth_root);
  bool has_injectors = wants_injectors();
  struct account inject = has_injectors ? account_find(INJECT_USER) : send;
  /* a host that had owlpost before it served mailboxes lacks the user */
  bool has_pop = account_exists(POP_USER);
  struct account pop_user = has_pop ? account_find(POP_USER) : send;
  const struct account *pop = has_pop ? &pop_user : NULL;
  runfolders_make(send, smtpd_user, far, tls, auth, inject, pop);
  if (unixsock_pair(local) == -1 || unixsock_pair(remote) == -1) start_die_errno("unable to make sockets");

  struct program runner = {.name = "owl-send", .descriptors = {local[0], remote[0]}, .hears = RUNNER_HEARS,
                           .ends_all = true, .account = send, .group = account_group(QUEUE_GROUP)};
  struct program lspawn = {.name = "owl-lspawn", .argument = argc > 1 ? argv[1] : NULL, .hears = SPAWNER_HEARS,
                           .descriptors = {local[1], -1}, .keep_root = true, .gets_key = true};
  struct program rspawn = {.name = "owl-rspawn", .descriptors = {remote[1], -1}, .hears = SPAWNER_HEARS,
                           .account = far, .group = far.gid};
  /* binds its addresses as root, and drops root itself */
  struct program smtpd = {.name = "owl-smtpd", .argument = "--listen", .descriptors = {-1, -1},
                          .hears = LISTENER_HEARS, .ends_all = true, .keep_root = true};
  struct program popup = {.name = "owl-popup", .argument = "--listen", .descriptors = {-1, -1},
                          .hears = LISTENER_HEARS, .comes_back = true, .keep_root = true};
  char callers[96], askers[64];
  name_callers(callers, sizeof callers, smtpd_user, far, pop);
  name_askers(askers, sizeof askers, pop);
  struct program tlsd = {.name = "owl-tlsd", .argument = callers, .descriptors = {-1, -1}, .hears = DAEMON_HEARS,
                         .comes_back = true, .account = tls, .group = tls.gid};
  struct program authd = {.name = "owl-authd", .argument = askers[0] ? askers : NULL, .descriptors = {-1, -1},
                          .hears = DAEMON_HEARS, .comes_back = true, .keep_root = auth_root, .account = auth,
                          .group = auth.gid, .gets_key = true};
  struct program queued = {.name = "owl-queued", .descriptors = {-1, -1}, .hears = DAEMON_HEARS, .comes_back = true,
                           .account = inject, .group = account_group(QUEUE_GROUP)};
  /* also: whether the configuration can be read, before anybody runs */
  bool listens = wants_listener(CONTROL_SMTPLISTEN), shows_mailboxes = wants_popup(pop);
  programs_catch_signals();
  programs_add(&lspawn);
  programs_add(&rspawn);
  programs_add(&runner);
  for (int end = 0; end < 2; end++) {
    close(local[end]);
    close(remote[end]);
  }
  if (has_tls) programs_add(&tlsd);
  if (has_auth) programs_add(&authd);
  if (has_injectors) programs_add(&queued);
  if (listens) programs_add(&smtpd);
  if (shows_mailboxes) programs_add(&popup);
  return programs_wait(&runner);
}
