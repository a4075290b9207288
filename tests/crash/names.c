#include "config.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "tests/crash/calls.h"
#include "tests/crash/handlers.h"
#include "tests/crash/peek.h"
#include "tests/crash/trace.h"

static bool unnamed_denied;

void calls_deny_unnamed(void) { unnamed_denied = true; }

int descriptor(const struct tracee *t, int argument) { return (int)t->call.args[argument]; }

/* The path of a call's descriptor, where it lies in the recorded folder. */
const char *recorded_path(struct tracee *t, int argument) {
  if (peek_descriptor(t->pid, descriptor(t, argument), t->call.path) == -1) return NULL;
  return trace_relative(t->call.path);
}

/* The path of (dirfd, name), where it lies in the recorded folder. */
const char *named_path(struct tracee *t, int dirfd, int name, char out[PATH_SPACE]) {
  int fd = dirfd < 0 ? AT_FDCWD : descriptor(t, dirfd);
  if (peek_path(t->pid, fd, t->call.args[name], out) == -1) return *out = 0, NULL;
  return trace_relative(out);
}

static bool is_unnamed(uint64_t flags) { return (flags & O_TMPFILE) == O_TMPFILE; }

void before_open(struct tracee *t, int dirfd, int name) {
  struct stat st;
  uint64_t flags = t->call.args[name + 1];
  if (!(flags & (O_CREAT | O_TRUNC)) && !is_unnamed(flags)) return;
  if (!named_path(t, dirfd, name, t->call.path)) return;
  t->call.alone = true;
  t->call.existed = lstat(t->call.path, &st) == 0;
  t->call.denied = is_unnamed(flags) && unnamed_denied;
}

void after_open(struct tracee *t, int name, int64_t fd) {
  bool is_folder;
  uint64_t flags = t->call.args[name + 1], inode = peek_inode(t->pid, (int)fd, &is_folder);
  if (!t->call.alone || inode == 0 || is_folder) return;
  if (is_unnamed(flags)) trace_event(t, "create", "%llu\t-", (unsigned long long)inode);
  else if (!t->call.existed)
    trace_event(t, "create", "%llu\t%s", (unsigned long long)inode, trace_relative(t->call.path));
  else if (flags & O_TRUNC)
    trace_event(t, "truncate", "%llu\t0\t%s", (unsigned long long)inode, trace_relative(t->call.path));
}

static uint64_t inode_of(const char *path) {
  struct stat st;
  return lstat(path, &st) == 0 ? st.st_ino : 0;
}

void before_name(struct tracee *t, int dirfd, int name) {
  t->call.alone = named_path(t, dirfd, name, t->call.path) != NULL;
}

static void before_two_names(struct tracee *t, int dirfd, int name, int to_dirfd, int to_name) {
  const char *from = named_path(t, dirfd, name, t->call.path);
  const char *to = named_path(t, to_dirfd, to_name, t->call.to);
  t->call.alone = from || to;
  t->call.inode = from ? inode_of(t->call.path) : 0;
}

/* linkat() of an unnamed file, through /proc/self/fd/N or by descriptor alone. */
void before_link(struct tracee *t, int dirfd, int name, int to_dirfd, int to_name) {
  bool is_folder;
  int fd;
  char text[32] = "";
  before_two_names(t, dirfd, name, to_dirfd, to_name);
  if (t->call.inode || !t->call.alone) return;
  (void)peek_octets(t->pid, t->call.args[name], text, sizeof text - 1);
  if (sscanf(text, "/proc/self/fd/%d", &fd) != 1) fd = dirfd < 0 ? -1 : descriptor(t, dirfd);
  t->call.inode = fd < 0 ? 0 : peek_inode(t->pid, fd, &is_folder);
}

void after_link(const struct tracee *t) {
  const char *to = trace_relative(t->call.to);
  if (!t->call.alone) return;
  if (!to || t->call.inode == 0) trace_event(t, "unknown", "link\t%s", t->call.to);
  else trace_event(t, "link", "%llu\t%s", (unsigned long long)t->call.inode, to);
}

/* Two names of one file: then rename() does nothing. */
void before_rename(struct tracee *t, int dirfd, int name, int to_dirfd, int to_name) {
  before_two_names(t, dirfd, name, to_dirfd, to_name);
  t->call.existed = t->call.inode && inode_of(t->call.to) == t->call.inode;
}

void after_rename(const struct tracee *t, uint64_t flags) {
  const char *from = trace_relative(t->call.path), *to = trace_relative(t->call.to);
  if (!t->call.alone || t->call.existed) return;
  if (!from || !to || flags > 1) trace_event(t, "unknown", "rename\t%s", t->call.to);
  else trace_event(t, "rename", "%s\t%s", from, to);
}

void after_unlink(const struct tracee *t) {
  if (t->call.alone) trace_event(t, "unlink", "%s", trace_relative(t->call.path));
}

void after_mkdir(const struct tracee *t) {
  if (t->call.alone)
    trace_event(t, "mkdir", "%llu\t%s", (unsigned long long)inode_of(t->call.path), trace_relative(t->call.path));
}
