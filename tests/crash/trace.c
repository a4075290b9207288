#include "config.h"
#include "tests/crash/trace.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "tests/crash/peek.h"

static FILE *events, *data;
static uint64_t data_octets;
static const char *folder;

int trace_open(const char *path, const char *root) {
  char name[PATH_SPACE];
  folder = root;
  events = fopen(path, "we");
  snprintf(name, sizeof name, "%s.data", path);
  data = fopen(name, "we");
  return events && data ? 0 : -1;
}

int trace_close(void) {
  int r = fclose(events);
  return fclose(data) == 0 && r == 0 ? 0 : -1;
}

const char *trace_relative(const char *path) {
  size_t len = strlen(folder);
  if (strncmp(path, folder, len) != 0) return NULL;
  if (path[len] == 0) return ".";
  return path[len] == '/' ? path + len + 1 : NULL;
}

void trace_event(const struct tracee *t, const char *name, const char *format, ...) {
  struct timespec now;
  va_list arguments;
  clock_gettime(CLOCK_BOOTTIME, &now);
  fprintf(events, "%lld\t%ld\t%s\t%s\t", (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000,
          (long)t->process, t->program, name);
  va_start(arguments, format);
  vfprintf(events, format, arguments);
  va_end(arguments);
  fputc('\n', events);
}

static uint64_t keep(const void *octets, size_t len) {
  uint64_t at = data_octets;
  fwrite(octets, 1, len, data);
  data_octets += len;
  return at;
}

/* What cannot be read any more makes a trace that proves nothing. */
static void die_unreadable(void) {
  fputs("record: unable to read what was written\n", stderr);
  exit(111);
}

uint64_t trace_memory(pid_t pid, uint64_t address, uint64_t len) {
  uint64_t at = data_octets;
  char piece[65536];
  while (len) {
    ssize_t n = peek_octets(pid, address, piece, len < sizeof piece ? len : sizeof piece);
    if (n <= 0) die_unreadable();
    keep(piece, (size_t)n);
    address += (uint64_t)n;
    len -= (uint64_t)n;
  }
  return at;
}

uint64_t trace_file(int fd, uint64_t offset, uint64_t len) {
  uint64_t at = data_octets;
  char piece[65536];
  while (len) {
    ssize_t n = pread(fd, piece, len < sizeof piece ? len : sizeof piece, (off_t)offset);
    if (n <= 0) die_unreadable();
    keep(piece, (size_t)n);
    offset += (uint64_t)n;
    len -= (uint64_t)n;
  }
  return at;
}
