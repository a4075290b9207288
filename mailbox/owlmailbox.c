/* owl-mailbox - look at a mailbox as the mailbox servers do (owl-mailbox(1))
 *
 * Runs as the user who starts it, and works on his Maildir while servers and
 * deliveries do.  File names are cleaned before they reach a terminal.
 */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/exitcode.h"
#include "mailbox/trouble.h"

enum { FOUND_PROBLEMS = 1 };

static int unable(const char *what, const char *object) {
  fprintf(stderr, "owl-mailbox: unable to %s %s: %s\n", what, object, strerror(errno));
  return TOOL_SYSTEM;
}

static void print_cleaned(struct text t) {
  stralloc cleaned = {0};
  if (text_cat_cleaned(&cleaned, t) == 0) fwrite(cleaned.s, 1, cleaned.len, stdout);
  stralloc_free(&cleaned);
}

static const char *name_of(const struct mailbox *m, size_t i) { return m->names.s + m->messages[i].name_at; }

static void print_size(uint64_t size) {
  if (size == SIZE_UNKNOWN) printf("\t-");
  else printf("\t%" PRIu64, size);
}

static int end_output(int code) {
  if (fflush(stdout) == 0 && !ferror(stdout)) return code;
  return unable("write", "standard output");
}

static int unable_to_open(const struct mailbox *m, const char *path) {
  stralloc why = {0};
  if (trouble_put(&why, m, path, errno) == 0) fprintf(stderr, "owl-mailbox: unable to open %.*s\n", (int)why.len, why.s);
  stralloc_free(&why);
  return TOOL_SYSTEM;
}

/* ---- list */

static int print_message(const struct mailbox *m, size_t i, stralloc *uidl) {
  const struct mailbox_message *x = &m->messages[i];
  stralloc_zero(uidl);
  if (mailbox_uidl(m, i, uidl) == -1) return -1;
  printf("%" PRIu32, x->uid);
  print_size(x->size);
  print_size(x->wire_size);
  printf("\t%.*s\t%s/", (int)uidl->len, uidl->s, x->is_new ? "new" : "cur");
  print_cleaned(text_of(name_of(m, i)));
  printf("\n");
  return 0;
}

static int list(struct mailbox *m, const char *path) {
  stralloc uidl = {0};
  int r = 0;
  mailbox_measure(m);
  for (size_t i = 0; i < m->count && r == 0; i++) r = print_message(m, i, &uidl);
  stralloc_free(&uidl);
  return end_output(r == 0 ? TOOL_OK : unable("read", path));
}

/* ---- check */

static void problem(const struct mailbox *m, size_t i, const char *what) {
  printf("problem: %s/", m->messages[i].is_new ? "new" : "cur");
  print_cleaned(text_of(name_of(m, i)));
  printf(": %s\n", what);
}

static bool check_message(struct mailbox *m, size_t i) {
  struct filename f;
  uint64_t size, wire_size;
  char what[128];
  int fd = mailbox_file(m, i);
  if (fd == -1 && errno == ENOENT) return true; /* somebody has deleted it just now */
  int r = fd == -1 ? -1 : mailbox_measure_file(fd, &size, &wire_size);
  if (r == -1) problem(m, i, strerror(errno));
  if (fd >= 0) close(fd);
  if (r == -1) return false;
  filename_read(&f, text_of(name_of(m, i)));
  bool right = (f.size == SIZE_UNKNOWN || f.size == size) && (f.wire_size == SIZE_UNKNOWN || f.wire_size == wire_size);
  snprintf(what, sizeof what, "its name gives another size than %" PRIu64 " octets, %" PRIu64 " with CRLF", size, wire_size);
  if (!right) problem(m, i, what);
  return right;
}

/* Of the log as it is found, since an opening mends it. */
static struct finding {
  uint64_t wrong;
  bool is_headless;
} found;

static void look_at_log(const char *path) {
  struct uidlog l;
  struct uidlog_time t = {0};
  int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder == -1) return;
  if (uidlog_open(&l, folder) == 0 && uidlog_time(folder, &t) == 0)
    found = (struct finding){l.lines.wrong, t.octets > 0 && !l.lines.validity};
  uidlog_close(&l);
  close(folder);
}

static bool check_log(const struct mailbox *m) {
  uint64_t wrong = m->log.lines.wrong;
  if (found.is_headless) printf("problem: " UIDLOG_NAME ": it had no first line; UIDs began anew, with another UIDVALIDITY\n");
  else if (wrong) printf("problem: " UIDLOG_NAME ": %" PRIu64 " lines do not check; owl-mailbox rebuild drops them\n", wrong);
  else if (found.wrong) printf("problem: " UIDLOG_NAME ": %" PRIu64 " lines did not check and were dropped\n", found.wrong);
  return !found.is_headless && !wrong && !found.wrong;
}

static int check(struct mailbox *m, const char *path) {
  if (mailbox_read_log(m) == -1) return unable("read the UID log of", path);
  uint64_t problems = !check_log(m);
  for (size_t i = 0; i < m->count; i++) problems += !check_message(m, i);
  printf("%zu messages, UIDVALIDITY %" PRIu32 ", UIDNEXT %" PRIu64 "\n", m->count, m->log.lines.validity, m->log.lines.next);
  return end_output(problems ? FOUND_PROBLEMS : TOOL_OK);
}

/* ---- rebuild */

static int rebuild(struct mailbox *m, const char *path) {
  int r = uidlog_lock(&m->log);
  if (r == 0) r = uidlog_rewrite(&m->log);
  int code = r == 0 ? TOOL_OK : unable("write the UID log of", path);
  uidlog_unlock(&m->log);
  return code;
}

/* ---- the command line */

static const struct command {
  const char *name, *help;
  int (*run)(struct mailbox *m, const char *path);
} commands[] = {
  {"list", "its messages: UID, octets, octets with CRLF, UIDL, file", list},
  {"check", "is everything in it as it should be?", check},
  {"rebuild", "write its UID log anew; UIDs stay", rebuild},
  {"takeover", "make its UID log; Dovecot has had this pop3_uidl_format", list},
};

static int usage(FILE *to, int code) {
  fprintf(to, "usage: owl-mailbox COMMAND MAILDIR\n       owl-mailbox takeover MAILDIR FORMAT\n");
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
    fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].help);
  return code;
}

/* What root makes in a user's Maildir the user could not write to. */
static bool is_anothers(const char *path) {
  struct stat st;
  return stat(path, &st) == 0 && st.st_uid != geteuid();
}

/* format: of a takeover; NULL: another command. */
static int run(const struct command *c, const char *path, const char *format) {
  struct mailbox m;
  if (is_anothers(path)) {
    fprintf(stderr, "owl-mailbox: %s belongs to another user: run this as that one\n", path);
    return TOOL_USAGE;
  }
  if (c->run == check) look_at_log(path);
  int r = format ? mailbox_take_over(&m, path, text_of(format)) : mailbox_open(&m, path), code;
  if (r == 0 && m.is_uncertain) code = (errno = ENOSPC, unable("write the UID log of", path));
  else code = r == 0 ? c->run(&m, path) : unable_to_open(&m, path);
  mailbox_close(&m);
  return code;
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "--help") == 0) return usage(stdout, TOOL_OK);
  for (size_t i = 0; argc >= 3 && i < sizeof commands / sizeof *commands; i++) {
    bool has_format = strcmp(commands[i].name, "takeover") == 0;
    if (strcmp(argv[1], commands[i].name) == 0 && argc == 3 + has_format)
      return run(&commands[i], argv[2], has_format ? argv[3] : NULL);
  }
  return usage(stderr, TOOL_USAGE);
}
