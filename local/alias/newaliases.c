/* owl-newaliases - make the database of aliases from their file
 * (owl-newaliases(8))
 *
 * Runs as its caller, who must be able to write in the folder of the control
 * files: as a rule that is root.  It reads one file, which is the operator's,
 * and writes one.  A fault in it can send mail for names without an account
 * anywhere, and let it run programs as the user of the aliases.
 */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/control.h"
#include "lib/exitcode.h"
#include "lib/iofd.h"
#include "lib/log.h"
#include "local/alias/db.h"
#include "local/alias/table.h"

enum { COMPLAINTS_MAX = 20, EXCERPT_MAX = 200 };

static struct log errors = {2, {0}};
static struct control control;
static stralloc source_path;
static size_t complaints;

static void say(const char *ours, const char *theirs, const char *reason) {
  log_s(&errors, "owl-newaliases: ");
  log_s(&errors, ours);
  log_t(&errors, text_of(theirs));
  if (*reason) log_s(&errors, ": ");
  log_s(&errors, reason);
  log_end(&errors);
}

static _Noreturn void die_usage(void) {
  say("usage: owl-newaliases", "", "");
  _exit(TOOL_USAGE);
}
static _Noreturn void die_control(void) {
  say("", control.error.s, "");
  _exit(TOOL_SYSTEM);
}
static _Noreturn void die_memory(void) {
  say("out of memory", "", "");
  _exit(TOOL_SYSTEM);
}
static _Noreturn void die_source(const char *verb) {
  say(verb, source_path.s, strerror(errno));
  _exit(TOOL_SYSTEM);
}
static _Noreturn void die_unsafe(const char *reason) {
  say("", source_path.s, reason);
  _exit(TOOL_USAGE);
}
static _Noreturn void die_faults(void) {
  if (complaints > COMPLAINTS_MAX) say("", source_path.s, "and more of that kind");
  say("nothing was changed", "", "");
  _exit(TOOL_USAGE);
}

static void complain(void *context, size_t line, const char *why, struct text at) {
  (void)context;
  if (++complaints > COMPLAINTS_MAX) return;
  if (at.len > EXCERPT_MAX) at.len = EXCERPT_MAX;
  log_s(&errors, "owl-newaliases: ");
  log_t(&errors, text_of(source_path.s));
  log_s(&errors, ": line ");
  log_u(&errors, line);
  log_s(&errors, ": ");
  log_s(&errors, why);
  if (at.len) log_s(&errors, ": ");
  log_t(&errors, at);
  log_end(&errors);
}

static enum aliasdb_trust read_trust(enum control_name name) {
  uint64_t number;
  if (control_number(&control, name, &number) == -1) die_control();
  if (number > ALIASDB_INCLUDES) {
    control_fail(&control, name, "it is none of 0, 1 and 2");
    die_control();
  }
  return (enum aliasdb_trust)number;
}

/* Whoever can write the file could run programs as the aliases' user: that is
 * for root, and for who makes the database. */
static bool is_trusted(const struct stat *st) {
  return (st->st_uid == 0 || st->st_uid == geteuid()) && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

/* Whether programs and files may stand in it is the result. */
static bool read_source(stralloc *octets) {
  struct stat st;
  int fd = open(source_path.s, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd == -1 || fstat(fd, &st) == -1) die_source("unable to open ");
  if (!S_ISREG(st.st_mode)) die_unsafe("not a file");
  if (st.st_mode & S_IWOTH) die_unsafe("everybody can write to it");
  if (io_slurp(fd, octets, ALIASTABLE_FILE_MAX, IO_FOREVER) == -1) die_source("unable to read ");
  close(fd);
  return is_trusted(&st);
}

static const char *objection(const struct aliasvalue *v, struct aliasdb_rules r, bool trusted) {
  static const char not_trusted[] =
    "programs and files may not stand in a file that others than root and you can write";
  bool program = v->kind == ALIASVALUE_PROGRAM;
  if (!program && (v->kind != ALIASVALUE_FILE || text_equals(v->text, "/dev/null"))) return NULL;
  if (program && r.programs == ALIASDB_NOWHERE) return "the control file aliasprograms forbids programs";
  if (!program && r.files == ALIASDB_NOWHERE) return "the control file aliasfiles forbids files";
  return trusted ? NULL : not_trusted;
}

static void check_rules(const struct aliastable *t, struct aliasdb_rules r, bool trusted) {
  for (size_t i = 0; i < t->count; i++) {
    struct text rest = t->rows[i].values;
    struct aliasvalue v;
    while (aliasvalue_next(&rest, &v) == 1) {
      const char *why = objection(&v, r, trusted);
      if (why) complain(NULL, t->rows[i].line, why, v.text);
    }
  }
}

static void warn_of_missing(const struct aliastable *t) {
  static const char *const needed[] = {"postmaster", "mailer-daemon"};
  for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
    if (!aliastable_find(t, text_of(needed[i]))) say("warning: there is no alias ", needed[i], "");
}

static void report(const struct aliastable *t) {
  struct log out = {1, {0}};
  size_t longest = 0, total = 0;
  for (size_t i = 0; i < t->count; i++) {
    size_t len = t->rows[i].values.len;
    if (len > longest) longest = len;
    total += t->rows[i].name.len + len;
  }
  log_t(&out, text_of(source_path.s));
  log_s(&out, ": ");
  log_u(&out, t->count);
  log_s(&out, " aliases, longest ");
  log_u(&out, longest);
  log_s(&out, " bytes, ");
  log_u(&out, total);
  log_s(&out, " bytes total");
  log_end(&out);
  stralloc_free(&out.line);
}

struct database {
  const struct aliastable *table;
  struct aliasdb_rules rules;
};

static int add_all(struct cdbfile_maker *m, const void *context) {
  const struct database *d = context;
  if (aliasdb_put_rules(m, d->rules) == -1) return -1;
  for (size_t i = 0; i < d->table->count; i++)
    if (cdbfile_add(m, d->table->rows[i].name, d->table->rows[i].values) == -1) return -1;
  return 0;
}

static void write_database(const struct database *d) {
  stralloc path = {0};
  if (aliasdb_path(&path, control.folder.s) == -1) die_memory();
  if (cdbfile_write(path.s, 0644, add_all, d) == -1) {
    say("unable to make ", path.s, strerror(errno));
    _exit(TOOL_SYSTEM);
  }
  stralloc_free(&path);
}

int main(int argc, char **argv) {
  struct aliastable table = {0};
  stralloc octets = {0};
  (void)argv;
  if (argc > 1) die_usage();
  if (control_open(&control) == -1) die_memory();
  if (control_text(&control, CONTROL_ALIASFILE, &source_path) == -1) die_control();
  struct aliasdb_rules rules = {read_trust(CONTROL_ALIASPROGRAMS), read_trust(CONTROL_ALIASFILES)};
  bool trusted = read_source(&octets);
  bool good = aliastable_parse(&table, text_of_stralloc(&octets), complain, NULL) == 0;
  check_rules(&table, rules, trusted);
  if (!good || complaints) die_faults();
  write_database(&(struct database){&table, rules});
  warn_of_missing(&table);
  report(&table);
  aliastable_free(&table);
  stralloc_free(&octets);
  stralloc_free(&source_path);
  control_free(&control);
  stralloc_free(&errors.line);
  return TOOL_OK;
}
