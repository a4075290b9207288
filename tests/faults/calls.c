#include "config.h"
typedef int calls_of_x86_64_only; /* elsewhere this file is empty, which C does not allow */
#ifdef __x86_64__
#include "tests/faults/calls.h"
#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define CALL(NAME, OBJECT, LENGTH) {SYS_##NAME, #NAME, OBJECT, LENGTH}
static const struct call calls[] = {
  CALL(open, OBJECT_PATH, -1),
  CALL(openat, OBJECT_AT, -1),
  CALL(close, OBJECT_FD, -1),
  CALL(read, OBJECT_FD, 2),
  CALL(pread64, OBJECT_FD, 2),
  CALL(write, OBJECT_FD, 2),
  CALL(writev, OBJECT_FD, -1),
  CALL(sendfile, OBJECT_FD, 3),
  CALL(fsync, OBJECT_FD, -1),
  CALL(fdatasync, OBJECT_FD, -1),
  CALL(syncfs, OBJECT_FD, -1),
  CALL(linkat, OBJECT_TO, -1),
  CALL(renameat2, OBJECT_TO, -1),
  CALL(renameat, OBJECT_TO, -1),
  CALL(rename, OBJECT_SECOND, -1),
  CALL(unlinkat, OBJECT_AT, -1),
  CALL(unlink, OBJECT_PATH, -1),
  CALL(mkdir, OBJECT_PATH, -1),
  CALL(ftruncate, OBJECT_FD, -1),
  CALL(fstat, OBJECT_FD, -1),
  CALL(stat, OBJECT_PATH, -1),
  CALL(newfstatat, OBJECT_AT, -1),
  CALL(fstatfs, OBJECT_FD, -1),
  CALL(access, OBJECT_PATH, -1),
  CALL(faccessat, OBJECT_AT, -1),
  CALL(faccessat2, OBJECT_AT, -1),
  CALL(getdents64, OBJECT_FD, -1),
  CALL(flock, OBJECT_FD, -1),
  CALL(lseek, OBJECT_FD, -1),
  CALL(chdir, OBJECT_PATH, -1),
  CALL(getrandom, OBJECT_NONE, -1),
  CALL(socket, OBJECT_NONE, -1),
  CALL(socketpair, OBJECT_NONE, -1),
  CALL(pipe2, OBJECT_NONE, -1),
  CALL(memfd_create, OBJECT_NONE, -1),
  CALL(accept4, OBJECT_NONE, -1),
  CALL(recvmsg, OBJECT_FD, -1),
  CALL(sendmsg, OBJECT_FD, -1),
  CALL(recvfrom, OBJECT_FD, -1),
  CALL(sendto, OBJECT_FD, -1),
  CALL(poll, OBJECT_NONE, -1),
  CALL(signalfd4, OBJECT_NONE, -1),
  CALL(fork, OBJECT_NONE, -1),
  CALL(vfork, OBJECT_NONE, -1),
  CALL(clone, OBJECT_NONE, -1),
  CALL(execve, OBJECT_PATH, -1),
  CALL(dup2, OBJECT_NONE, -1),
  CALL(mmap, OBJECT_NONE, -1),
  CALL(mremap, OBJECT_NONE, -1),
  CALL(brk, OBJECT_NONE, -1),
};

const struct call *call_find(long number) {
  for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
    if (calls[i].number == number) return &calls[i];
  return NULL;
}

unsigned long long *call_argument(struct user_regs_struct *r, int number) {
  unsigned long long *places[] = {&r->rdi, &r->rsi, &r->rdx, &r->r10, &r->r8, &r->r9};
  return places[number];
}

/* ---- paths */

static void read_string(pid_t pid, unsigned long long address, char out[OBJECT_SPACE]) {
  out[0] = 0;
  for (size_t len = 0; len < OBJECT_SPACE - 1;) {
    size_t piece = 4096 - (address + len) % 4096; /* behind the page there may be nothing */
    if (piece > OBJECT_SPACE - 1 - len) piece = OBJECT_SPACE - 1 - len;
    struct iovec here = {out + len, piece}, there = {(void *)(address + len), piece};
    ssize_t n = process_vm_readv(pid, &here, 1, &there, 1, 0);
    if (n <= 0) return;
    len += (size_t)n;
    out[len] = 0;
    if (memchr(out, 0, len)) return;
  }
}

static void read_descriptor(pid_t pid, int fd, char out[OBJECT_SPACE]) {
  char path[64];
  if (fd == AT_FDCWD) snprintf(path, sizeof path, "/proc/%d/cwd", (int)pid);
  else snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, fd);
  ssize_t n = readlink(path, out, OBJECT_SPACE - 1);
  out[n < 0 ? 0 : n] = 0;
}

static void read_path(pid_t pid, int fd, unsigned long long name, char out[OBJECT_SPACE]) {
  char text[OBJECT_SPACE];
  read_string(pid, name, text);
  if (text[0] == '/') {
    memcpy(out, text, OBJECT_SPACE);
    return;
  }
  read_descriptor(pid, fd, out);
  size_t len = strlen(out);
  snprintf(out + len, OBJECT_SPACE - len, "/%.200s", text[0] == '.' && text[1] == '/' ? text + 2 : text);
}

/* ---- the same in each run */

static bool all(const char *s, size_t len, int (*is)(int)) {
  for (size_t i = 0; i < len; i++)
    if (!is((unsigned char)s[i])) return false;
  return len > 0;
}

static bool is_queue_id(const char *s, size_t len) {
  return len >= 37 && all(s, 16, isdigit) && s[16] == '.' && all(s + 17, 20, isxdigit);
}

static const char *name_for(const char *s, size_t len, bool waits) {
  if (is_queue_id(s, len)) return len > 37 ? "ID.log" : "ID";
  if (waits && len == 2 && all(s, len, isxdigit)) return "XX";
  if (s[0] == '#') return "unnamed";
  if (isdigit((unsigned char)s[0]) && memchr(s, 'M', len)) return "UNIQUE";
  if (all(s, len, isdigit)) return "N";
  return NULL;
}

static void put(char out[OBJECT_SPACE], const char *s, size_t len) {
  size_t at = strlen(out);
  snprintf(out + at, OBJECT_SPACE - at, "%.*s", (int)len, s);
}

/* Of names in /etc and the like nothing is told apart; of control files, too. */
static void simplify(char out[OBJECT_SPACE], const char *path, const char *root) {
  size_t root_len = strlen(root);
  out[0] = 0;
  if (strncmp(path, "socket:", 7) == 0 || strncmp(path, "pipe:", 5) == 0) {
    put(out, path, strcspn(path, ":"));
    return;
  }
  if (strncmp(path, "/memfd:", 7) == 0) {
    put(out, "memfd", 5);
    return;
  }
  if (strncmp(path, root, root_len) == 0 && path[root_len] == '/') path += root_len + 1;
  if (strncmp(path, "control/", 8) == 0) {
    put(out, "control/FILE", 12);
    return;
  }
  bool waits = false;
  for (const char *p = path; *p;) {
    size_t len = strcspn(p, "/");
    const char *name = name_for(p, len, waits);
    waits = len == 4 && memcmp(p, "wait", 4) == 0;
    if (name) put(out, name, strlen(name));
    else put(out, p, len);
    p += len;
    if (*p == '/') put(out, p++, 1);
  }
}

void call_describe(char out[OBJECT_SPACE], pid_t pid, const struct call *c,
                   const struct user_regs_struct *r, const char *root) {
  char path[OBJECT_SPACE] = "";
  switch (c->object) {
    case OBJECT_NONE: break;
    case OBJECT_FD: read_descriptor(pid, (int)r->rdi, path); break;
    case OBJECT_AT: read_path(pid, (int)r->rdi, r->rsi, path); break;
    case OBJECT_TO: read_path(pid, (int)r->rdx, r->r10, path); break;
    case OBJECT_PATH: read_path(pid, AT_FDCWD, r->rdi, path); break;
    case OBJECT_SECOND: read_path(pid, AT_FDCWD, r->rsi, path); break;
  }
  simplify(out, path, root);
  if (!out[0]) put(out, "-", 1);
}
#endif
