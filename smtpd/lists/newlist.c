/* owl-newmrh, owl-newrecipients - make a cdb of a control file that is a list
 *
 * Run by who owns the control files, reads nothing else.  A fault can refuse
 * mail that should be taken, or relay mail for the wrong domains.
 */
#include "config.h"
#include <errno.h>
#include <unistd.h>
#include "lib/control.h"
#include "lib/exitcode.h"
#include "lib/iofd.h"
#include "lib/log.h"
#include "smtpd/lists/list.h"

enum { FILE_OCTETS_MAX = 1 << 30, CDB_MODE = 0644 };

static struct log errors = {.fd = 2};

static void say(const char *ours, const char *path) { log_say(&errors, cdb_list.program, ours, text_of(path)); }

static _Noreturn void die_usage(void) {
  say("it takes no arguments", "");
  _exit(TOOL_USAGE);
}
static _Noreturn void die_memory(void) {
  say("out of memory", "");
  _exit(TOOL_SYSTEM);
}
static _Noreturn void die_wrong(const char *path) {
  say("unable to use it, its cdb stays as it was: ", path);
  _exit(TOOL_USAGE);
}
static _Noreturn void die_errno(const char *text, const char *path) {
  log_say_errno(&errors, cdb_list.program, text, text_of(path));
  _exit(TOOL_SYSTEM);
}

static const char *refuse(struct text line) {
  for (size_t i = 0; i < line.len; i++)
    if (line.s[i] == ' ' || line.s[i] == '\t') return "a blank within it";
  return text_is_clean(line) ? cdb_list.refuse(line) : "a control octet in it";
}

static bool check(const struct list *lines, const char *path) {
  bool good = true;
  for (size_t i = 0; i < lines->count; i++) {
    const char *reason = refuse(lines->lines[i].key);
    if (!reason) continue;
    log_s(&errors, cdb_list.program);
    log_s(&errors, ": ");
    log_s(&errors, path);
    log_s(&errors, ": ");
    log_t(&errors, lines->lines[i].key);
    log_s(&errors, ": ");
    log_s(&errors, reason);
    log_end(&errors);
    good = false;
  }
  return good;
}

static void read_lines(struct list *lines, const char *path) {
  stralloc octets = {0};
  if (io_slurp_file(path, &octets, FILE_OCTETS_MAX) == -1) die_errno("unable to read ", path);
  if (list_parse(lines, text_of_stralloc(&octets)) == -1) die_memory();
  stralloc_free(&octets);
}

int add_key(struct cdbfile_maker *m, const char *kind, struct text key) {
  stralloc whole = {0};
  int r = (errno = ENOMEM, -1);
  if (stralloc_copys(&whole, kind) && text_cat_lower(&whole, key) == 0)
    r = cdbfile_add(m, text_of_stralloc(&whole), text_of(""));
  stralloc_free(&whole);
  return r;
}

static int add_lines(struct cdbfile_maker *m, const void *lines) { return cdb_list.add(m, lines); }

static void make_path(stralloc *out, const struct control *c, const char *suffix) {
  if (!stralloc_copys(out, c->folder.s) || !stralloc_cats(out, "/") ||
      !stralloc_cats(out, cdb_list.file) || !stralloc_cats(out, suffix) || !stralloc_0(out))
    die_memory();
}

int main(int argc, char **argv) {
  struct control c;
  struct list lines = {0};
  stralloc path = {0}, cdb = {0};
  (void)argv;
  if (argc > 1) die_usage();
  if (control_open(&c) == -1) die_memory();
  make_path(&path, &c, "");
  make_path(&cdb, &c, ".cdb");
  read_lines(&lines, path.s);
  if (!check(&lines, path.s)) die_wrong(path.s);
  if (cdbfile_write(cdb.s, CDB_MODE, add_lines, &lines) == -1) die_errno("unable to make ", cdb.s);
  list_free(&lines);
  stralloc_free(&path);
  stralloc_free(&cdb);
  control_free(&c);
  stralloc_free(&errors.line);
  return TOOL_OK;
}
