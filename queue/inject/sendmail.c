/* sendmail - what programs that send mail expect to find
 *
 * owl-inject with other options and exit codes; becomes owl-smtpd for -bs,
 * owlq for -bp and owl-newaliases for -bi.  Runs as its caller, with its caller's rights, on its caller's
 * own words: a fault here harms nobody but the caller.
 *
 * sendmail(8) has the interface and the exit codes.
 */
#include "config.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>
#include "lib/control.h"
#include "lib/log.h"
#include "queue/inject/sendmailoptions.h"

static struct log errors = {2, {0}};

static void die(int code, const char *ours, struct text theirs) {
  log_say(&errors, "sendmail", ours, theirs);
  _exit(code);
}

static void die_no_memory(void) { die(EX_TEMPFAIL, "out of memory", TEXT_ABSENT); }
static void die_exec(const char *path) { die(EX_TEMPFAIL, "unable to start ", text_of(path)); }
static void die_listen(void) {
  die(EX_USAGE, "the SMTP listener is not started by this command: see owl-smtpd(8)", TEXT_ABSENT);
}

static int exit_code(enum inject_outcome o) {
  switch (o) {
    case INJECT_OK: return EX_OK;
    case INJECT_USAGE: return EX_USAGE;
    case INJECT_MALFORMED: return EX_DATAERR;
    case INJECT_REFUSED: return EX_NOPERM;
    case INJECT_TEMPORARY: break;
  }
  return EX_TEMPFAIL;
}

/* Only returns when there is no such program. */
static void try(const char *path, const char *name, const char *argument) {
  execl(path, name, argument, (char *)NULL);
  if (errno != ENOENT) die_exec(path);
}

static void become(const char *name, const char *argument) {
  stralloc path = {0};
  if (program_path(&path, name) == -1) die_no_memory();
  try(path.s, name, argument);
  die_exec(path.s);
}

/* The tool lies with the commands, not with the programs that run by themselves. */
static void become_owlq(void) {
  try(BIN_DIR "/owlq", "owlq", "list");
  become("owlq", "list");
}

/* inetd starts "sendmail -bs" with a client's connection. */
static bool has_network_client(void) {
  struct sockaddr_storage a;
  socklen_t len = sizeof a;
  if (getpeername(0, (struct sockaddr *)&a, &len) == -1) return false;
  return a.ss_family != AF_UNIX;
}

/* A server's environment, or a connection, tells who the client is, and
 * whether it may relay; otherwise it is the caller, who could as well inject. */
static void become_smtpd(void) {
  static const char *const client[] = {"TCPREMOTEIP", "TCPREMOTEHOST", "TCPREMOTEPORT", "TCPLOCALIP",
                                       "TCP6REMOTEIP", "TCP6REMOTEHOST", "TCP6REMOTEPORT", "TCP6LOCALIP"};
  if (!getenv("PROTO") && !has_network_client()) {
    for (size_t i = 0; i < sizeof client / sizeof client[0]; i++) unsetenv(client[i]);
    if (setenv("RELAYCLIENT", "", 1) == -1 || setenv("DATABYTES", "0", 1) == -1) die_no_memory();
  }
  become("owl-smtpd", NULL);
}

static void mail(struct sendmailoptions *o) {
  stralloc why = {0};
  signal(SIGPIPE, SIG_IGN);
  if (o->full_name && setenv("QMAILNAME", o->full_name, 1) == -1) die_no_memory();
  enum inject_outcome outcome = injectsubmit(&o->submit, 0, &why);
  if (outcome != INJECT_OK) die(exit_code(outcome), "", text_of_stralloc(&why));
}

int main(int argc, char **argv) {
  struct sendmailoptions o = {0};
  stralloc why = {0};
  if (sendmailoptions_read(&o, argc, argv, &why) == -1)
    die(EX_USAGE, "", text_of_stralloc(&why));
  switch (o.mode) {
    case SENDMAIL_MAIL: mail(&o); break;
    case SENDMAIL_SMTP: become_smtpd(); break;
    case SENDMAIL_LIST: become_owlq(); break;
    case SENDMAIL_ALIASES: become("owl-newaliases", NULL); break;
    case SENDMAIL_LISTEN: die_listen(); break;
    case SENDMAIL_NOTHING: break;
  }
  return EX_OK;
}
