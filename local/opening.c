#include "config.h"
#include "local/opening.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "lib/sandbox.h"
#include "local/become.h"
#include "local/inherit.h"
#include "local/login.h"
#include "local/signals.h"

enum { ABOVE = 10 };

static bool is_for_the_client(const struct result *r) {
  return text_equals(r->status, MAILBOXDOOR_IN_USE) || text_equals(r->status, MAILBOXDOOR_TOO_SOON);
}

void opening_refuse(const struct opening *o, const struct result *r) {
  struct result told = *r;
  log_s(o->log, "owl-lspawn: ");
  log_t(o->log, o->request->service);
  log_s(o->log, r->class == RESULT_DEFERRAL ? " deferred: " : " refused: ");
  log_t(o->log, r->text);
  log_s(o->log, ": client=");
  log_t(o->log, o->request->client_address);
  log_s(o->log, " user=");
  log_t(o->log, o->pass->user);
  log_end(o->log);
  if (r->class == RESULT_DEFERRAL && !is_for_the_client(r)) told.text = text_of("this mailbox has a problem just now");
  (void)mailboxdoor_send_answer(o->door, &told);
}

static _Noreturn void fail(const struct opening *o, const struct verdict *v) {
  struct result r = verdict_result(v);
  opening_refuse(o, &r);
  _exit(OPENING_FAILED); /* who asked has been told */
}

static struct text word(struct text *rest) {
  struct text one = TEXT_ABSENT;
  return rest->s && text_cut(rest, ' ', &one) ? one : TEXT_ABSENT;
}

static int add_client(struct environment *e, const struct mailboxdoor_request *r) {
  const struct environment_ends ends = {r->client_address, r->client_name, r->local_address, r->client_port, r->local_port};
  struct text tls = r->tls;
  if (environment_add_ends(e, &ends) == -1) return -1;
  if (environment_add(e, "SSL_PROTOCOL", word(&tls)) == -1) return -1;
  return environment_add(e, "SSL_CIPHER", word(&tls));
}

static int make_environment(struct environment *e, const struct opening *o, const struct account *a) {
  const struct mailboxdoor_request *r = o->request;
  if (inherit_environment(e) == -1 || add_client(e, r) == -1) return -1;
  if (environment_add(e, "USER", text_of_stralloc(&a->name)) == -1 ||
      environment_add(e, "HOME", text_of_stralloc(&a->home)) == -1 ||
      environment_add(e, "MAILBOX_LOGIN", o->pass->user) == -1)
    return -1;
  if (environment_add_u(e, "MAILBOX_LOGIN_DELAY", o->settings->pop3_login_delay_s) == -1) return -1;
  if (r->utf8 && environment_add(e, "MAILBOX_UTF8", text_of("1")) == -1) return -1;
  if (environment_add(e, "MAILBOX_LANGUAGE", r->language) == -1) return -1;
  return environment_add_u(e, "MAILBOX_DOOR", MAILBOXDOOR_SESSION_FD);
}

/* Our copies are close-on-exec.  What a user's process holds is the user's: the log
 * is not for him.  With a sanitizer it stays, for its reports. */
static int deal_descriptors(const struct opening *o) {
  int low = open("/dev/null", O_RDWR | O_CLOEXEC), nothing = fcntl(low, F_DUPFD_CLOEXEC, ABOVE);
  int stream = fcntl(o->stream, F_DUPFD_CLOEXEC, ABOVE), door = fcntl(o->door, F_DUPFD_CLOEXEC, ABOVE);
  if (nothing == -1 || stream == -1 || door == -1) return -1;
  if (dup2(stream, 0) == -1 || dup2(stream, 1) == -1) return -1;
  if (!SANDBOX_SANITIZED && dup2(nothing, 2) == -1) return -1;
  return dup2(door, MAILBOXDOOR_SESSION_FD) == -1 ? -1 : 0;
}

/* Before the client's stream is given away, for good. */
static int prepare(const struct opening *o, struct account *a, struct environment *e, struct verdict *v) {
  if (login_find(a, o->settings, o->routes, o->pass, v) == -1) return -1;
  if (make_environment(e, o, a) == -1) return verdict_defer(v, "4.3.0", "out of memory", "");
  if (become_user(a, v) == -1) return -1;
  /* the service goes down with all its sessions; the next one counts its own */
  if (prctl(PR_SET_PDEATHSIG, SIGTERM) == -1) return verdict_defer_errno(v, "unable to follow the service", "");
  if (getppid() != o->service) return verdict_defer(v, "4.3.0", "the service has ended", "");
  if (chdir(a->home.s) == -1) return verdict_defer_errno(v, "unable to enter home ", a->home.s);
  if (access(o->program, X_OK) == -1) return verdict_defer_errno(v, "unable to run ", o->program);
  if (setsid() == -1 && errno != EPERM) return verdict_defer_errno(v, "unable to leave the session", "");
  alarm(0); /* a home may lie on a file server that does not answer */
  return 0;
}

/* Nobody is told any more but by the end of the session. */
static _Noreturn void go(const struct opening *o, const struct environment *e) {
  const char *name = strrchr(o->program, '/');
  const char *const arguments[] = {name ? name + 1 : o->program, "-t", o->settings->session_idle_s.s, "--",
                                   o->settings->maildir.s, NULL};
  struct result started = {.class = RESULT_SUCCESS, .status = text_of("2.0.0"), .text = text_of("started")};
  if (mailboxdoor_send_answer(o->door, &started) == -1) _exit(OPENING_FAILED); /* who asked has gone */
  int r = deal_descriptors(o);
  if (r == 0) execve(o->program, (char **)(uintptr_t)arguments, e->list);
  struct mailboxdoor_end end = {.why = text_of("the session could not be started")};
  (void)mailboxdoor_send_end(o->door, &end);
  _exit(OPENING_FAILED);
}

_Noreturn void opening_run(const struct opening *o) {
  struct verdict v = {0};
  struct account account = {0};
  struct environment environment = {0};
  signals_release();
  alarm((unsigned)o->settings->lookup_s);
  if (prepare(o, &account, &environment, &v) == -1) fail(o, &v);
  go(o, &environment);
}
