#include "config.h"
#include "local/alias/dotforward.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "local/alias/expand.h"
#include "local/alias/include.h"
#include "local/alias/aliasplan.h"

static const char name[] = ".forward";

static void note(struct facts *f, bool found) {
  if (!f) return;
  fact_begin(f, "file");
  fact_s(f, name);
  fact_s(f, found ? ": it counts, for there is no .qmail file" : ": there is no such file");
  fact_detail(f, "name", text_of(name));
  fact_detail(f, "found", text_of(found ? "yes" : "no"));
  fact_end(f);
}

static int check(const struct stat *st, struct verdict *v) {
  if (!S_ISREG(st->st_mode)) return verdict_defer(v, "4.2.1", "not a file any more: ", name);
  if (st->st_uid != geteuid()) return verdict_defer(v, "4.7.0", "belongs to somebody else: ", name);
  if (st->st_mode & S_IWOTH) return verdict_defer(v, "4.7.0", "can be written by others: ", name);
  return 1;
}

/* Only regular files are even opened: nothing can hang. */
int dotforward_open(int *fd, struct verdict *v) {
  struct stat st;
  bool found = stat(name, &st) == 0;
  if (!found && errno != ENOENT && errno != ENOTDIR) return verdict_defer_errno(v, "unable to look at ", name);
  found = found && S_ISREG(st.st_mode);
  note(v->facts, found);
  if (!found) return 0;
  *fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (*fd == -1) return verdict_defer_errno(v, "unable to open ", name);
  int r = fstat(*fd, &st) == -1 ? verdict_defer_errno(v, "unable to look at ", name) : check(&st, v);
  if (r == -1) close(*fd);
  return r;
}

static int read_values(stralloc *values, int fd, struct verdict *v) {
  stralloc octets = {0};
  int r = io_slurp(fd, &octets, INSTRUCTION_FILE_MAX, IO_FOREVER);
  if (r == -1 && errno == EFBIG) verdict_defer(v, "4.2.1", "too long: ", name);
  else if (r == -1) verdict_defer_errno(v, "unable to read ", name);
  else r = aliasinclude_parse(values, text_of_stralloc(&octets), name, v);
  stralloc_free(&octets);
  return r;
}

static int add_own(struct aliasexpand *e, const struct mailbox *box, struct plan *p) {
  p->is_default = e->lines.count == 0;
  if (textset_add(&e->lines, text_of(box->default_delivery)) != -1) return 0;
  return verdict_defer(e->v, "4.3.0", "out of memory", "");
}

/* What a user writes there has his own rights. */
static int use(struct plan *p, const struct mailbox *box, struct text values, struct verdict *v) {
  struct aliasexpand e = {.self = box, .rules = {ALIASDB_INCLUDES, ALIASDB_INCLUDES}, .v = v};
  int r = aliasexpand_values(&e, values);
  if (r == 0 && e.has_self) r = add_own(&e, box, p);
  if (r == 0) r = aliasplan_take(p, &e.lines, name, v);
  aliasexpand_free(&e);
  return r;
}

int dotforward_load(struct plan *p, const struct mailbox *box, struct verdict *v) {
  stralloc values = {0};
  int fd;
  int r = dotforward_open(&fd, v);
  if (r != 1) return r;
  r = read_values(&values, fd, v);
  close(fd);
  if (r == 0 && values.len) r = use(p, box, text_of_stralloc(&values), v) == 0 ? 1 : -1;
  stralloc_free(&values);
  return r;
}
