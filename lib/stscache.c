#include "config.h"
#include "lib/stscache.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/iowait.h"
#include "lib/subfolder.h"

static const char policies[] = "policies", failures[] = "failures";
#define POLICY_HEAD "owlpost-sts 1\n"
#define FAILURE_HEAD "owlpost-sts-failure 1\n"

enum { PATH_OCTETS = 300 };

static const char *path_of(char path[PATH_OCTETS], const char *kind, const char *name) {
  snprintf(path, PATH_OCTETS, "%s/%s", kind, name);
  return path;
}

/* ---- folders */

static int make_within(int folder, const char *name) {
  int fd = subfolder_enter(folder, name);
  if (fd == -1) return -1;
  close(fd);
  return 0;
}

int stscache_open(const char *remotedir) {
  int at = open(remotedir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (at == -1) return -1;
  int fd = subfolder_enter(at, "sts"), saved = errno;
  close(at);
  if (fd == -1) return errno = saved, -1;
  if (make_within(fd, policies) == 0 && make_within(fd, failures) == 0) return fd;
  saved = errno;
  close(fd);
  return errno = saved, -1;
}

/* ---- reading */

/* Octets, 0 where there is no such file, or -1.  One that fills the room is too long. */
static ssize_t read_file(int folder, const char *kind, const char *name, char *to, size_t room) {
  char path[PATH_OCTETS];
  size_t len = 0;
  ssize_t n = 0;
  int fd = openat(folder, path_of(path, kind, name), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (fd == -1) return errno == ENOENT ? 0 : -1;
  while (len < room && (n = io_read(fd, to + len, room - len, IO_FOREVER)) != 0) {
    if (n == -1) break;
    len += (size_t)n;
  }
  int saved = errno;
  close(fd);
  if (n == -1) return errno = saved, -1;
  return len < room ? (ssize_t)len : 0;
}

/* Takes "NAME VALUE\n" off *at. */
static bool take_line(const char **at, const char *name, char *value, size_t room) {
  size_t n = strlen(name);
  if (strncmp(*at, name, n) != 0 || (*at)[n] != ' ') return false;
  const char *start = *at + n + 1, *end = strchr(start, '\n');
  if (!end || (size_t)(end - start) >= room) return false;
  memcpy(value, start, (size_t)(end - start));
  value[end - start] = 0;
  *at = end + 1;
  return true;
}

static bool take_time(const char **at, const char *name, int64_t *seconds) {
  char digits[24], *end;
  if (!take_line(at, name, digits, sizeof digits) || digits[0] < '0' || digits[0] > '9') return false;
  errno = 0;
  *seconds = strtoll(digits, &end, 10);
  return errno == 0 && *end == 0;
}

static bool take_head(const char **at, const char *head) {
  size_t n = strlen(head);
  if (strncmp(*at, head, n) != 0) return false;
  *at += n;
  return true;
}

static bool parse(struct stscache_entry *e, size_t len) {
  const char *at = e->octets;
  return take_head(&at, POLICY_HEAD) && take_line(&at, "id", e->id, sizeof e->id) &&
         take_time(&at, "fetched", &e->fetched_s) && take_head(&at, "\n") &&
         sts_policy_read(&e->policy, at, len - (size_t)(at - e->octets)) == NULL;
}

int stscache_read(struct stscache_entry *e, int folder, const char *domain) {
  ssize_t len = read_file(folder, policies, domain, e->octets, sizeof e->octets);
  if (len <= 0) return (int)len;
  e->octets[len] = 0;
  return parse(e, (size_t)len);
}

int stscache_read_failure(struct stscache_failure *f, int folder, const char *domain) {
  char octets[1024];
  const char *at = octets;
  ssize_t len = read_file(folder, failures, domain, octets, sizeof octets);
  if (len <= 0) return (int)len;
  octets[len] = 0;
  return take_head(&at, FAILURE_HEAD) && take_line(&at, "id", f->id, sizeof f->id) &&
         take_time(&at, "tried", &f->tried_s) && take_line(&at, "result", f->result, sizeof f->result) &&
         take_line(&at, "reason", f->reason, sizeof f->reason);
}

/* A clock that was set back makes none last longer. */
static int64_t age_s(const struct stscache_entry *e, int64_t now_s) {
  return now_s < e->fetched_s ? 0 : now_s - e->fetched_s;
}

bool stscache_is_over(const struct stscache_entry *e, int64_t now_s) {
  return age_s(e, now_s) >= (int64_t)e->policy.max_age_s;
}

bool stscache_is_old(const struct stscache_entry *e, int64_t now_s) {
  return now_s < e->fetched_s || age_s(e, now_s) >= (int64_t)e->policy.max_age_s / 4 * 3;
}

/* ---- writing */

struct part {
  const char *s;
  size_t len;
};

static int write_parts(int fd, const struct part *parts, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (io_write_all(fd, parts[i].s, parts[i].len, IO_FOREVER) == -1) return -1;
  return fsync(fd);
}

/* No domain's name begins with a dot. */
static int replace(int folder, const char *kind, const char *domain, const struct part *parts, size_t count) {
  char name[32], fresh[PATH_OCTETS], path[PATH_OCTETS];
  snprintf(name, sizeof name, ".%ld", (long)getpid());
  path_of(fresh, kind, name);
  int fd = openat(folder, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd == -1) return -1;
  int r = write_parts(fd, parts, count);
  if (close(fd) == -1) r = -1;
  if (r == 0) r = renameat(folder, fresh, folder, path_of(path, kind, domain));
  int saved = errno;
  if (r == -1) unlinkat(folder, fresh, 0);
  return errno = saved, r;
}

static int remove_file(int folder, const char *kind, const char *domain) {
  char path[PATH_OCTETS];
  return unlinkat(folder, path_of(path, kind, domain), 0) == 0 || errno == ENOENT ? 0 : -1;
}

int stscache_write(int folder, const char *domain, const char *id, int64_t fetched_s, const char *text, size_t len) {
  char head[128];
  int n = snprintf(head, sizeof head, POLICY_HEAD "id %s\nfetched %" PRId64 "\n\n", id, fetched_s);
  const struct part parts[] = {{head, (size_t)n}, {text, len}};
  return replace(folder, policies, domain, parts, 2) == 0 ? remove_file(folder, failures, domain) : -1;
}

int stscache_remove(int folder, const char *domain) { return remove_file(folder, policies, domain); }

int stscache_write_failure(int folder, const char *domain, const struct stscache_failure *f) {
  char octets[1024];
  int n = snprintf(octets, sizeof octets, FAILURE_HEAD "id %s\ntried %" PRId64 "\nresult %s\nreason %s\n", f->id,
                   f->tried_s, f->result, f->reason);
  const struct part part = {octets, (size_t)n};
  return replace(folder, failures, domain, &part, 1);
}
