/* owl-newu - compile users/assign to users/cdb (owl-newu(8))
 *
 * Runs as root, who owns both files, and reads nothing but the first, which is
 * the operator's own.  A fault in it can give one user's mail to another.
 */
#include "config.h"
#include <unistd.h>
#include "lib/cdbfile.h"
#include "lib/control.h"
#include "lib/exitcode.h"
#include "lib/iofd.h"
#include "lib/log.h"
#include "local/users/assignfile.h"

enum { FILE_OCTETS_MAX = 1 << 30, CDB_MODE = 0644 };

static const char program[] = "owl-newu";
static struct log errors = {2, {0}};

static _Noreturn void die_usage(void) {
  log_say(&errors, program, "usage: owl-newu", TEXT_ABSENT);
  _exit(TOOL_USAGE);
}
static _Noreturn void die_memory(void) {
  log_say(&errors, program, "out of memory", TEXT_ABSENT);
  _exit(TOOL_SYSTEM);
}
static _Noreturn void die_errno(const char *text, const char *path) {
  log_say_errno(&errors, program, text, text_of(path));
  _exit(TOOL_SYSTEM);
}
static _Noreturn void die_wrong(const char *path) {
  log_say(&errors, program, "unable to use it, users/cdb stays as it was: ", text_of(path));
  _exit(TOOL_USAGE);
}

static void tell(const char *kind, const char *path, size_t number, const char *what,
                 struct text about) {
  log_s(&errors, program);
  log_s(&errors, ": ");
  log_s(&errors, kind);
  log_t(&errors, text_of(path));
  if (number) log_s(&errors, ": line ");
  if (number) log_u(&errors, number);
  log_s(&errors, ": ");
  log_s(&errors, what);
  log_t(&errors, about);
  log_end(&errors);
}

static void complain(void *path, size_t number, const char *what, struct text about) {
  tell("", path, number, what, about);
}

static void warn(void *path, size_t number, const char *what, struct text about) {
  tell("warning: ", path, number, what, about);
}

static void make_path(stralloc *out, const struct control *c, const char *name) {
  if (!stralloc_copys(out, c->folder.s) || !stralloc_cats(out, name) || !stralloc_0(out)) die_memory();
}

static int add_all(struct cdbfile_maker *m, const void *context) {
  const struct assignfile *f = context;
  if (cdbfile_add(m, text_of(""), text_of_stralloc(&f->wildcards)) == -1) return -1;
  for (size_t i = 0; i < f->count; i++)
    if (cdbfile_add(m, assignfile_key(f, i), assignfile_data(f, i)) == -1) return -1;
  return 0;
}

static void compile(const char *assign, const char *cdb) {
  struct assignfile file = {0};
  stralloc octets = {0};
  char *about = (char *)(uintptr_t)assign;
  if (io_slurp_file(assign, &octets, FILE_OCTETS_MAX) == -1) die_errno("unable to read ", assign);
  int r = assignfile_parse(&file, text_of_stralloc(&octets), complain, warn, about);
  if (r == -1) die_memory();
  if (r == 1) die_wrong(assign);
  if (cdbfile_write(cdb, CDB_MODE, add_all, &file) == -1) die_errno("unable to make ", cdb);
  assignfile_free(&file);
  stralloc_free(&octets);
}

int main(int argc, char **argv) {
  struct control c;
  stralloc assign = {0}, cdb = {0};
  (void)argv;
  if (argc > 1) die_usage();
  if (control_open(&c) == -1) die_memory();
  make_path(&assign, &c, "/users/assign");
  make_path(&cdb, &c, "/users/cdb");
  compile(assign.s, cdb.s);
  stralloc_free(&assign);
  stralloc_free(&cdb);
  control_free(&c);
  stralloc_free(&errors.line);
  return TOOL_OK;
}
