#include "config.h"
#include "tests/crash/peek.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

ssize_t peek_octets(pid_t pid, uint64_t address, void *to, size_t len) {
  struct iovec here = {to, len}, there = {(void *)(uintptr_t)address, len};
  return process_vm_readv(pid, &here, 1, &there, 1, 0);
}

/* By whole pages: behind the string there may be nothing. */
static int peek_string(pid_t pid, uint64_t address, char out[PATH_SPACE]) {
  for (size_t len = 0; len < PATH_SPACE;) {
    size_t piece = 4096 - (address + len) % 4096;
    if (piece > PATH_SPACE - len) piece = PATH_SPACE - len;
    ssize_t n = peek_octets(pid, address + len, out + len, piece);
    if (n <= 0) return -1;
    if (memchr(out + len, 0, (size_t)n)) return 0;
    len += (size_t)n;
  }
  return -1;
}

static int read_link(const char *path, char out[PATH_SPACE]) {
  ssize_t n = readlink(path, out, PATH_SPACE - 1);
  if (n == -1) return -1;
  out[n] = 0;
  return 0;
}

int peek_descriptor(pid_t pid, int fd, char out[PATH_SPACE]) {
  char path[64];
  if (fd == AT_FDCWD) snprintf(path, sizeof path, "/proc/%ld/cwd", (long)pid);
  else snprintf(path, sizeof path, "/proc/%ld/fd/%d", (long)pid, fd);
  return read_link(path, out);
}

/* "." and ".." by their letters: the recorded folder has no symbolic links. */
static void tidy(char *path) {
  char *to = path;
  for (char *from = path; *from;) {
    size_t len = strcspn(from + 1, "/") + 1;
    bool nothing = len == 1 || (len == 2 && from[1] == '.');
    bool up = len == 3 && from[1] == '.' && from[2] == '.';
    if (up)
      while (to > path && *--to != '/')
        ;
    if (!nothing && !up) {
      memmove(to, from, len);
      to += len;
    }
    from += len;
  }
  *to = 0;
}

int peek_path(pid_t pid, int dirfd, uint64_t address, char out[PATH_SPACE]) {
  char name[PATH_SPACE], base[PATH_SPACE];
  int number;
  if (peek_string(pid, address, name) == -1) return -1;
  if (sscanf(name, "/proc/self/fd/%d", &number) == 1) return peek_descriptor(pid, number, out);
  if (*name == 0) return peek_descriptor(pid, dirfd, out);
  *base = 0;
  if (*name != '/' && peek_descriptor(pid, dirfd, base) == -1) return -1;
  int n = snprintf(out, PATH_SPACE, "%s/%s", base, name);
  if (n >= PATH_SPACE) return -1;
  tidy(out);
  return 0;
}

int peek_open(pid_t pid, int fd) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%ld/fd/%d", (long)pid, fd);
  return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

uint64_t peek_inode(pid_t pid, int fd, bool *folder) {
  char path[64];
  struct stat st;
  snprintf(path, sizeof path, "/proc/%ld/fd/%d", (long)pid, fd);
  if (stat(path, &st) == -1 || (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))) return 0;
  *folder = S_ISDIR(st.st_mode);
  return st.st_ino;
}

int64_t peek_offset(pid_t pid, int fd) {
  char path[64], line[128];
  long long offset = -1;
  snprintf(path, sizeof path, "/proc/%ld/fdinfo/%d", (long)pid, fd);
  FILE *f = fopen(path, "re");
  if (!f) return -1;
  while (offset == -1 && fgets(line, sizeof line, f))
    if (sscanf(line, "pos: %lld", &offset) != 1) offset = -1;
  fclose(f);
  return offset;
}
