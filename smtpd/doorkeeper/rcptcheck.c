#include "config.h"
#include "smtpd/doorkeeper/rcptcheck.h"
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include "lib/child.h"
#include "lib/iofd.h"
#include "lib/variable.h"
#include "smtpd/doorkeeper/event.h"

/* What others' programs for this place say. */
enum { CHECK_REJECTS = 100, CHECK_DEFERS = 111, CHECK_NOT_RUN = 120 };
enum { SAID_MAX_OCTETS = 512 };

/* Client and log are no part of its interface: it reads nothing, and what it
 * says on 1 is the reply's text. */
static _Noreturn void become_program(const char *path, const struct envelope *e, struct text address, int out) {
  int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  signal(SIGPIPE, SIG_DFL);
  if (setsid() == -1 || dup2(nothing, 0) == -1 || dup2(out, 1) == -1) _exit(CHECK_NOT_RUN);
  if (variable_set("SENDER", e->sender) == -1 || variable_set("RECIPIENT", address) == -1 ||
      variable_set("HELO", e->helo) == -1)
    _exit(CHECK_NOT_RUN);
  execl(path, path, (char *)NULL);
  _exit(CHECK_NOT_RUN);
}

/* The first line, without waiting: who holds the pipe may live on. */
static void read_said(stralloc *said, int from) {
  char octets[SAID_MAX_OCTETS];
  ssize_t n = read(from, octets, sizeof octets);
  struct text all = {octets, n > 0 ? (size_t)n : 0};
  const char *newline = all.len ? memchr(octets, '\n', all.len) : NULL;
  if (newline) all.len = (size_t)(newline - octets);
  stralloc_zero(said);
  if (text_cat_cleaned(said, all) == -1) stralloc_zero(said);
}

static int run(struct doorkeeper *k, const struct envelope *e, struct text address) {
  int out[2];
  if (pipe2(out, O_CLOEXEC | O_NONBLOCK) == -1) return CHECK_NOT_RUN;
  (void)fcntl(out[1], F_SETFL, 0); /* the program's end blocks, as it expects */
  pid_t pid = fork();
  if (pid == 0) become_program(k->settings->rcptcheck, e, address, out[1]);
  close(out[1]);
  int code = pid > 0 ? child_await(pid, io_limit_ms(k->settings->timeoutrcpt_s), -1) : CHILD_NO_CODE;
  read_said(&k->text, out[0]);
  close(out[0]);
  return code == CHILD_NO_CODE ? CHECK_NOT_RUN : code;
}

static struct outcome judge(struct doorkeeper *k, int code) {
  struct outcome o = outcome_grant(250, "2.1.5", "recipient ok");
  if (code == CHECK_REJECTS) o = outcome_refuse(553, "5.7.1", "sorry, that recipient is not taken from you");
  if (code == CHECK_DEFERS) o = outcome_refuse(451, "4.7.1", "that recipient cannot be taken now");
  if (code == CHECK_NOT_RUN) o = outcome_refuse(451, "4.3.0", "unable to check that recipient now, please try later");
  bool says = code == CHECK_REJECTS || code == CHECK_DEFERS;
  if (says && k->text.len) o.answer.result.text = text_of_stralloc(&k->text);
  return o;
}

static void log_failure(struct doorkeeper *k) {
  event_begin(k);
  log_s(k->log, "unable to get an answer from ");
  log_s(k->log, k->settings->rcptcheck);
  log_end(k->log);
}

struct outcome rcptcheck_ask(struct doorkeeper *k, struct text address) {
  struct envelope e = {0};
  int code = CHECK_NOT_RUN;
  if (!k->settings->rcptcheck) return outcome_grant(250, "2.1.5", "recipient ok");
  fact_say(k->facts, "rcptcheck", "the site's program is asked: ", text_of(k->settings->rcptcheck));
  if (envelope_decode(&e, (struct text){k->grant.s, k->grant_sender_octets}) == ENVELOPE_OK) code = run(k, &e, address);
  envelope_free(&e);
  if (code == CHECK_NOT_RUN) log_failure(k);
  return judge(k, code);
}
