#include "config.h"
#include "local/alias/include.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "local/alias/lines.h"
#include "local/alias/value.h"
#include "local/instruction.h"

static int complain(struct verdict *v, const char *why, size_t line, const char *name) {
  stralloc where = {0};
  int r = verdict_defer(v, "4.2.1", why, "");
  if (stralloc_copys(&where, ": line ") && text_cat_uint(&where, line) == 0 && stralloc_cats(&where, " of ") &&
      stralloc_cats(&where, name) && stralloc_0(&where))
    r = verdict_defer(v, "4.2.1", why, where.s);
  stralloc_free(&where);
  return r;
}

int aliasinclude_parse(stralloc *values, struct text octets, const char *name, struct verdict *v) {
  struct aliaslines lines = {.rest = octets, .alone = true};
  struct aliasfault f = {"out of memory", TEXT_ABSENT};
  struct text line;
  size_t number = 0;
  int r;
  while ((r = aliaslines_next(&lines, &line, &number)) == 1)
    if ((r = aliasvalue_parse(values, line, &f)) == -1) break;
  aliaslines_free(&lines);
  return r == -1 ? complain(v, f.why, number, name) : 0;
}

static int check(const struct stat *st, const char *path, struct verdict *v) {
  if (!S_ISREG(st->st_mode)) return verdict_defer(v, "4.7.0", "not a file: ", path);
  if (st->st_uid != 0 && st->st_uid != geteuid())
    return verdict_defer(v, "4.7.0", "belongs to somebody else: ", path);
  if (st->st_mode & (S_IWGRP | S_IWOTH)) return verdict_defer(v, "4.7.0", "can be written by others: ", path);
  return 0;
}

static int slurp(int fd, stralloc *octets, const char *path, struct verdict *v) {
  struct stat st;
  if (fstat(fd, &st) == -1) return verdict_defer_errno(v, "unable to look at ", path);
  if (check(&st, path, v) == -1) return -1;
  if (io_slurp(fd, octets, INSTRUCTION_FILE_MAX, IO_FOREVER) == 0) return 0;
  if (errno == EFBIG) return verdict_defer(v, "4.2.1", "too long: ", path);
  return verdict_defer_errno(v, "unable to read ", path);
}

int aliasinclude_read(stralloc *values, const char *path, struct verdict *v) {
  stralloc octets = {0};
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
  if (fd == -1 && errno == ELOOP) return verdict_defer(v, "4.7.0", "a symbolic link: ", path);
  if (fd == -1) return verdict_defer_errno(v, "unable to open ", path);
  int r = slurp(fd, &octets, path, v);
  close(fd);
  if (r == 0) r = aliasinclude_parse(values, text_of_stralloc(&octets), path, v);
  stralloc_free(&octets);
  return r;
}
