/* owl-pop3d - show a Maildir by POP3 to who has logged in (owl-pop3d(8))
 *
 * Runs as the mailbox's user, behind what has checked the password.  Shuts
 * itself in: of all files only those of the Maildir are left.  Commands are
 * hostile, and so are names and octets of messages.
 */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/exitcode.h"
#include "lib/iowait.h"
#include "lib/line.h"
#include "lib/log.h"
#include "lib/sandbox.h"
#include "mailbox/trouble.h"
#include "pop3d/report.h"
#include "pop3d/session.h"
#include "pop3d/wire.h"

enum { IDLE_S = 600, LINGER_MS = 2000 }; /* RFC 1939 3: at least ten minutes */

static const char program[] = "owl-pop3d";
static struct log out = {.fd = 2};
static uint64_t idle_s = IDLE_S;

static int flush(void *context, stralloc *replies) {
  int r = wire_write(context, replies->s, replies->len);
  stralloc_zero(replies);
  return r;
}

/* A line_source: replies leave before the client is waited for. */
static ssize_t read_client(void *session, char *to, size_t size) {
  struct pop3_session *s = session;
  if (flush(s->context, &s->out) == -1) return -1;
  return wire_read(s->context, to, size);
}

static const char *serve(struct pop3_session *s) {
  static struct line_reader reader; /* not written to as a whole: only pages that are used are there */
  stralloc line = {0};
  reader.source = read_client;
  reader.context = s;
  int r = session_begin(s);
  const char *end = "quit";
  while (r == 0 && !s->is_over) {
    enum line_status status = line_read(&reader, &line, POP3_LINE_MAX);
    if (status == LINE_OK) r = session_run(s, text_of_stralloc(&line));
    else if (status == LINE_TOO_LONG) r = session_refuse(s, "line too long");
    else if (status == LINE_BARE_CR || status == LINE_BARE_LF) r = session_refuse(s, "lines end with CRLF");
    else if (status == LINE_EOF) end = "closed by the client", s->is_over = true;
    else r = -1;
  }
  if (r == 0) r = flush(s->context, &s->out);
  stralloc_free(&line);
  if (r == 0) return end;
  return errno == ETIMEDOUT ? "timed out" : strerror(errno);
}

static void log_session(const struct pop3_session *s, const char *path, const char *end) {
  log_s(&out, program);
  log_s(&out, ": pid ");
  log_u(&out, (uint64_t)getpid());
  log_s(&out, " mailbox ");
  log_t(&out, text_of(path));
  log_s(&out, " messages ");
  log_u(&out, s->mailbox->count);
  log_s(&out, " retrieved ");
  log_u(&out, s->retrieved);
  log_s(&out, " deleted ");
  log_u(&out, s->removed);
  log_s(&out, ": ");
  log_s(&out, end);
  log_end(&out);
}

static void report_session(const struct pop3_session *s, const char *end) {
  struct mailboxdoor_end e = {
    .seen = s->mailbox->count, .retrieved = s->retrieved, .sent = s->sent, .removed = s->removed};
  report_end(&e, text_of(end));
}

/* what: of us; m: a Maildir that could not be opened. */
static int refuse(const char *what, const struct mailbox *m, const char *path) {
  static const char words[] = "-ERR [SYS/TEMP] unable to open the mailbox\r\n";
  struct mailboxdoor_end e = {0};
  stralloc why = {0};
  int error = errno;
  if (stralloc_cats(&why, what) && trouble_put(&why, m, path, error) == 0) {
    log_say(&out, program, "", text_of_stralloc(&why));
    report_end(&e, text_of_stralloc(&why));
  }
  stralloc_free(&why);
  io_last_words(0, 1, words, sizeof words - 1, LINGER_MS);
  return TOOL_SYSTEM;
}

static int show(struct mailbox *m, const char *path) {
  struct wire w;
  struct pop3_session s = {.mailbox = m, .flush = flush, .context = &w, .is_behind_door = report_is_wanted(), .login_delay_s = report_login_delay()};
  mailbox_measure(m);
  mailbox_keep(m);
  malloc_trim(0); /* sessions wait for long */
  wire_begin(&w, 0, 1, io_limit_ms(idle_s));
  const char *end = serve(&s);
  log_session(&s, path, end);
  report_session(&s, end);
  (void)shutdown(1, SHUT_WR); /* the client has nothing to wait for */
  mailbox_settle(m);
  mailbox_clean(m, clock_wall_us(&clock_system));
  session_free(&s);
  return TOOL_OK;
}

/* Before a name or an octet of a message is read. */
static int shut_in(const char *path) {
  int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder == -1 || chdir(path) == -1) return -1;
  int r = sandbox_forbid_files_outside(folder);
  int saved = errno;
  close(folder);
  errno = saved;
  return r == -1 ? -1 : 0;
}

static int usage(void) {
  log_say(&out, program, "usage: owl-pop3d [-t seconds] maildir", TEXT_ABSENT);
  return TOOL_USAGE;
}

int main(int argc, char **argv) {
  struct mailbox m = {.folder = -1};
  for (int option; (option = getopt(argc, argv, "t:")) != -1;)
    if (option != 't' || text_uint(text_of(optarg), &idle_s) == -1 || idle_s == 0) return usage();
  if (argc - optind != 1) return usage();
  const char *path = argv[optind];
  signal(SIGPIPE, SIG_IGN);
  if (geteuid() == 0) return log_say(&out, program, "not for root", TEXT_ABSENT), TOOL_USAGE;
  if (shut_in(path) == -1) return refuse("unable to enter ", &m, path);
  int code = mailbox_open(&m, ".") == 0 ? show(&m, path) : refuse("unable to open ", &m, path);
  mailbox_close(&m);
  return code;
}
