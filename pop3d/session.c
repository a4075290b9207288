#include "config.h"
#include "pop3d/session.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "pop3d/language.h"
#include "pop3d/multiline.h"
#include "pop3d/pop3.h"

/* ---- replies */

static int no_memory(void) { return errno = ENOMEM, -1; }

static int cat(struct pop3_session *s, const char *words) { return stralloc_cats(&s->out, words) ? 0 : no_memory(); }

static int cat_u(struct pop3_session *s, uint64_t n) { return text_cat_uint(&s->out, n) == 0 ? 0 : no_memory(); }

/* "FIRST SECOND" */
static int cat_pair(struct pop3_session *s, uint64_t first, uint64_t second) {
  return cat_u(s, first) == 0 && cat(s, " ") == 0 ? cat_u(s, second) : -1;
}

static int reply(struct pop3_session *s, const char *words) { return cat(s, words) == 0 ? cat(s, "\r\n") : -1; }

static int make_room(struct pop3_session *s) {
  return s->out.len < POP3_OUT_OCTETS ? 0 : s->flush(s->context, &s->out);
}

/* ---- which message */

static size_t count_of(const struct pop3_session *s) { return s->mailbox->count; }

/* RFC 1939 8: octets with CRLF line ends; of a file that cannot be read nobody knows. */
static uint64_t size_of(const struct pop3_session *s, size_t i) {
  uint64_t size = s->mailbox->messages[i].wire_size;
  return size == SIZE_UNKNOWN ? 0 : size;
}

/* 1 and the index; 0: the reply says why there is none; or -1. */
static int find(struct pop3_session *s, struct text number, size_t *i) {
  uint64_t n;
  if (text_uint(number, &n) == -1) return reply(s, "-ERR that is no message number");
  if (n == 0 || n > count_of(s)) return reply(s, "-ERR there is no such message");
  if (s->deleted[n - 1]) return reply(s, "-ERR that message is marked as deleted");
  *i = (size_t)n - 1;
  return 1;
}

static void totals(const struct pop3_session *s, uint64_t *count, uint64_t *octets) {
  *count = *octets = 0;
  for (size_t i = 0; i < count_of(s); i++) {
    if (s->deleted[i]) continue;
    ++*count;
    *octets += size_of(s, i);
  }
}

/* ---- commands; the argument is what follows the first space */

static int stat_command(struct pop3_session *s, struct text argument) {
  uint64_t count, octets;
  (void)argument;
  totals(s, &count, &octets);
  if (cat(s, "+OK ") == -1 || cat_pair(s, count, octets) == -1) return -1;
  return reply(s, "");
}

typedef int row_fn(struct pop3_session *s, size_t i);

static int list_row(struct pop3_session *s, size_t i) { return cat_pair(s, i + 1, size_of(s, i)); }

static int uidl_row(struct pop3_session *s, size_t i) {
  if (cat_u(s, i + 1) == -1 || cat(s, " ") == -1) return -1;
  return mailbox_uidl(s->mailbox, i, &s->out);
}

static int put_rows(struct pop3_session *s, row_fn *row) {
  if (reply(s, "+OK") == -1) return -1;
  for (size_t i = 0; i < count_of(s); i++) {
    if (s->deleted[i]) continue;
    if (row(s, i) == -1 || reply(s, "") == -1 || make_room(s) == -1) return -1;
  }
  return reply(s, ".");
}

static int put_row(struct pop3_session *s, struct text argument, row_fn *row) {
  size_t i;
  int found = argument.s ? find(s, argument, &i) : -1;
  if (!argument.s) return put_rows(s, row);
  if (found != 1) return found;
  if (cat(s, "+OK ") == -1 || row(s, i) == -1) return -1;
  return reply(s, "");
}

/* RFC 1460: the highest number that has been retrieved or deleted; clients of that time ask for it. */
static int last_command(struct pop3_session *s, struct text argument) {
  (void)argument;
  if (cat(s, "+OK ") == -1 || cat_u(s, s->last) == -1) return -1;
  return reply(s, "");
}

static void note_last(struct pop3_session *s, size_t i) {
  if (s->last < i + 1) s->last = i + 1;
}

static int list_command(struct pop3_session *s, struct text argument) { return put_row(s, argument, list_row); }

static int uidl_command(struct pop3_session *s, struct text argument) { return put_row(s, argument, uidl_row); }

/* Some file systems give less than is asked for in mid-file.  Where its size is known
 * and has come, no further look is needed. */
static int send_file(struct pop3_session *s, int fd, uint64_t size, uint64_t body_lines) {
  static char piece[POP3_OUT_OCTETS];
  struct multiline m = {.body_lines = body_lines};
  uint64_t sum = 0;
  ssize_t got;
  for (bool is_end = false; !m.is_over && !is_end;) {
    if ((got = read(fd, piece, sizeof piece)) == -1) return -1; /* what is missing cannot be told any more */
    sum += (uint64_t)got;
    is_end = got == 0 || (got < (ssize_t)sizeof piece && sum == size);
    if (multiline_put(&m, (struct text){piece, (size_t)got}, &s->out) == -1) return no_memory();
    if (make_room(s) == -1) return -1;
  }
  return multiline_end(&m, &s->out) == 0 ? 0 : no_memory();
}

/* 1: it is sent; 0: the reply says why it is not; or -1. */
static int send_message(struct pop3_session *s, size_t i, uint64_t body_lines) {
  int fd = mailbox_file(s->mailbox, i);
  if (fd == -1 && errno == ENOENT) return reply(s, "-ERR [SYS/TEMP] another program has deleted that message");
  if (fd == -1) return reply(s, "-ERR [SYS/TEMP] unable to read that message");
  int r = reply(s, "+OK");
  if (r == 0) r = send_file(s, fd, s->mailbox->messages[i].size, body_lines);
  int saved = errno;
  close(fd);
  errno = saved;
  return r == 0 ? 1 : -1;
}

static int retr_command(struct pop3_session *s, struct text argument) {
  size_t i;
  int found = find(s, argument, &i);
  int sent = found == 1 ? send_message(s, i, MULTILINE_ALL) : found;
  if (sent != 1) return sent;
  note_last(s, i);
  s->retrieved++;
  s->sent += size_of(s, i);
  return 0;
}

static int top_command(struct pop3_session *s, struct text argument) {
  struct text number = {0};
  uint64_t lines;
  size_t i;
  if (!text_cut(&argument, ' ', &number) || text_uint(argument, &lines) == -1)
    return reply(s, "-ERR TOP takes a message number and a number of lines");
  int found = find(s, number, &i);
  int sent = found == 1 ? send_message(s, i, lines) : found;
  return sent == 1 ? 0 : sent;
}

static int dele_command(struct pop3_session *s, struct text argument) {
  size_t i;
  int found = find(s, argument, &i);
  if (found != 1) return found;
  note_last(s, i);
  s->deleted[i] = true;
  return reply(s, "+OK marked as deleted");
}

static int rset_command(struct pop3_session *s, struct text argument) {
  (void)argument;
  memset(s->deleted, 0, count_of(s) * sizeof *s->deleted);
  s->last = 0;
  return stat_command(s, argument);
}

static int noop_command(struct pop3_session *s, struct text argument) {
  (void)argument;
  return reply(s, "+OK");
}

static int lang_command(struct pop3_session *s, struct text argument) {
  return language_reply(argument, &s->out) == 0 ? 0 : no_memory();
}

/* RFC 6856 2.1: it belongs before the login. */
static int utf8_command(struct pop3_session *s, struct text argument) {
  (void)argument;
  return reply(s, "-ERR UTF8 comes before the login");
}

/* What our login program has offered is named here, too; of another's nothing is known. */
static int capa_command(struct pop3_session *s, struct text argument) {
  (void)argument;
  if (cat(s, s->is_behind_door ? "+OK\r\nUSER\r\n" : "+OK\r\n") == -1) return -1;
  return pop3_put_capabilities(&s->out, s->is_behind_door, s->login_delay_s) == 0 ? 0 : no_memory();
}

/* ---- UPDATE */

/* Whether all that is marked has gone; what has not stays marked by nobody. */
static bool remove_marked(struct pop3_session *s) {
  bool all = true;
  for (size_t i = 0; i < count_of(s); i++) {
    if (!s->deleted[i]) continue;
    if (mailbox_remove(s->mailbox, i) == 0) s->removed++;
    else all = false;
  }
  if (s->removed && mailbox_sync(s->mailbox) == -1) all = false;
  return all;
}

static int quit_command(struct pop3_session *s, struct text argument) {
  (void)argument;
  s->is_over = true;
  bool all = remove_marked(s);
  mailbox_seen(s->mailbox);
  return reply(s, all ? "+OK" : "-ERR [SYS/TEMP] some messages are not deleted");
}

/* ---- the table */

static const struct command {
  const char *name;
  enum pop3_argument argument;
  int (*run)(struct pop3_session *s, struct text argument);
} commands[] = {
  {"RETR", POP3_NEEDED, retr_command}, {"DELE", POP3_NEEDED, dele_command}, {"TOP", POP3_NEEDED, top_command},
  {"UIDL", POP3_MAYBE, uidl_command},  {"LIST", POP3_MAYBE, list_command},  {"STAT", POP3_NONE, stat_command},
  {"QUIT", POP3_NONE, quit_command},   {"NOOP", POP3_NONE, noop_command},   {"RSET", POP3_NONE, rset_command},
  {"CAPA", POP3_NONE, capa_command},   {"LAST", POP3_NONE, last_command},   {"LANG", POP3_MAYBE, lang_command},
  {"UTF8", POP3_NONE, utf8_command},
};

static struct text without_spaces(struct text t) {
  while (t.len && t.s[t.len - 1] == ' ') t.len--;
  return t;
}

int session_run(struct pop3_session *s, struct text line) {
  struct text name = {0}, argument = without_spaces(line);
  if (!text_cut(&argument, ' ', &name)) name = text_of("");
  if (argument.len == 0) argument = TEXT_ABSENT;
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
    if (!text_equal_nocase(name, text_of(commands[i].name))) continue;
    if (!pop3_fits(commands[i].argument, argument)) return reply(s, "-ERR wrong number of arguments");
    return commands[i].run(s, argument);
  }
  return reply(s, "-ERR unknown command");
}

int session_refuse(struct pop3_session *s, const char *why) {
  return cat(s, "-ERR ") == 0 ? reply(s, why) : -1;
}

int session_begin(struct pop3_session *s) {
  uint64_t count, octets;
  s->deleted = calloc(count_of(s) + 1, sizeof *s->deleted);
  if (!s->deleted) return -1;
  totals(s, &count, &octets);
  if (cat(s, "+OK ") == -1 || cat_u(s, count) == -1 || cat(s, " messages, ") == -1 || cat_u(s, octets) == -1) return -1;
  return reply(s, " octets");
}

void session_free(struct pop3_session *s) {
  free(s->deleted);
  stralloc_free(&s->out);
}
