#include "config.h"
#include <stdio.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include "tests/crash/handlers.h"
#include "tests/crash/peek.h"
#include "tests/crash/trace.h"

enum { IOVECS_MAX = 64 };

static bool is_socket(struct tracee *t, unsigned long long *number) {
  char path[PATH_SPACE];
  return peek_descriptor(t->pid, descriptor(t, 0), path) == 0 && sscanf(path, "socket:[%llu]", number) == 1;
}

/* The queue's FIFO is no file. */
void before_write(struct tracee *t) {
  bool is_folder;
  t->call.alone = recorded_path(t, 0) && peek_inode(t->pid, descriptor(t, 0), &is_folder);
}

static void put_piece(const struct tracee *t, const char *event, unsigned long long on, uint64_t address,
                      uint64_t len) {
  unsigned long long at = trace_memory(t->pid, address, len);
  trace_event(t, event, "%llu\t%llu\t%llu", on, (unsigned long long)len, at);
}

/* What a call moved, in one piece or several. */
static void put_vector(const struct tracee *t, const char *event, unsigned long long on, uint64_t address,
                       uint64_t count, uint64_t moved) {
  struct iovec v[IOVECS_MAX];
  if (count > IOVECS_MAX || peek_octets(t->pid, address, v, count * sizeof *v) == -1) {
    trace_event(t, "unknown", "vector\t-");
    return;
  }
  for (uint64_t i = 0; i < count && moved; i++) {
    uint64_t len = v[i].iov_len < moved ? v[i].iov_len : moved;
    if (len) put_piece(t, event, on, (uintptr_t)v[i].iov_base, len);
    moved -= len;
  }
}

/* The file has the octets now, whatever call brought them. */
void after_file_write(struct tracee *t, int64_t offset, int64_t moved) {
  bool is_folder;
  int fd = peek_open(t->pid, descriptor(t, 0));
  unsigned long long inode = peek_inode(t->pid, descriptor(t, 0), &is_folder);
  if (offset < 0) offset = peek_offset(t->pid, descriptor(t, 0)) - moved;
  if (fd == -1 || inode == 0 || offset < 0) trace_event(t, "unknown", "write\t%s", t->call.path);
  else {
    unsigned long long at = trace_file(fd, (uint64_t)offset, (uint64_t)moved);
    trace_event(t, "write", "%llu\t%lld\t%lld\t%llu\t%s", inode, (long long)offset, (long long)moved, at,
                trace_relative(t->call.path));
  }
  if (fd >= 0) close(fd);
}

void after_write(struct tracee *t, int64_t moved, bool vector) {
  unsigned long long number;
  const struct call *c = &t->call;
  if (c->alone) after_file_write(t, -1, moved);
  else if (!is_socket(t, &number)) return;
  else if (vector) put_vector(t, "send", number, c->args[1], c->args[2], (uint64_t)moved);
  else put_piece(t, "send", number, c->args[1], (uint64_t)moved);
}

void after_read(struct tracee *t, int64_t moved, bool vector) {
  unsigned long long number;
  const struct call *c = &t->call;
  if (!is_socket(t, &number)) return;
  if (vector) put_vector(t, "receive", number, c->args[1], c->args[2], (uint64_t)moved);
  else put_piece(t, "receive", number, c->args[1], (uint64_t)moved);
}

void after_message(struct tracee *t, const char *event, int64_t moved) {
  unsigned long long number;
  struct msghdr m;
  if (!is_socket(t, &number)) return;
  if (peek_octets(t->pid, t->call.args[1], &m, sizeof m) == -1) {
    trace_event(t, "unknown", "message\t-");
    return;
  }
  put_vector(t, event, number, (uintptr_t)m.msg_iov, m.msg_iovlen, (uint64_t)moved);
}

void after_truncate(struct tracee *t) {
  bool is_folder;
  unsigned long long inode = peek_inode(t->pid, descriptor(t, 0), &is_folder);
  if (t->call.alone)
    trace_event(t, "truncate", "%llu\t%llu\t%s", inode, (unsigned long long)t->call.args[1],
                trace_relative(t->call.path));
}

void before_sync(struct tracee *t) { t->call.alone = recorded_path(t, 0) != NULL; }

void after_sync(struct tracee *t) {
  bool is_folder;
  unsigned long long inode = peek_inode(t->pid, descriptor(t, 0), &is_folder);
  if (t->call.alone) trace_event(t, "sync", "%llu\t%s", inode, trace_relative(t->call.path));
}
