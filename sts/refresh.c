#include "config.h"
#include "sts/refresh.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "sts/fetch.h"
#include "sts/say.h"

enum { TODAY_S = 12 * 3600, LEFTOVER_S = 86400, LOCKS = 65536 };

static struct stscache_entry entry; /* large */
static struct fetch fetched;

/* ---- one */

/* An octet of the lock file for each domain, or a few. */
static off_t place_of(const char *domain) {
  unsigned long sum = 5381;
  for (; *domain; domain++) sum = sum * 33 + (unsigned char)*domain;
  return (off_t)(sum % LOCKS);
}

/* A descriptor that holds it, or -1: then there is no lock. */
static int lock(int folder, const char *domain) {
  struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = place_of(domain), .l_len = 1};
  int fd = openat(folder, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd != -1) fcntl(fd, F_SETLKW, &l);
  return fd;
}

/* While the lock was waited for.  1: it is there; -1: it failed; 0: neither. */
static int done_by_others(int folder, const char *domain, const char *id, int64_t begun_s) {
  struct stscache_failure f;
  if (stscache_read(&entry, folder, domain) == 1 && entry.fetched_s >= begun_s && strcmp(entry.id, id) == 0) return 1;
  return stscache_read_failure(&f, folder, domain) == 1 && f.tried_s >= begun_s && strcmp(f.id, id) == 0 ? -1 : 0;
}

static int note_failure(int folder, const char *domain, const char *id, int64_t now_s) {
  struct stscache_failure f = {.tried_s = now_s};
  snprintf(f.id, sizeof f.id, "%s", id);
  snprintf(f.result, sizeof f.result, "%s", fetch_result(fetched.status));
  snprintf(f.reason, sizeof f.reason, "%s", fetched.reason);
  say(f.reason, domain);
  if (stscache_write_failure(folder, domain, &f) == -1) say_errno("unable to write", domain);
  return -1;
}

static int fetch_now(int folder, const char *domain, const char *id, const struct settings *s) {
  fetch_policy(&fetched, domain, s->authorities, s->timeout_s);
  int64_t now_s = (int64_t)time(NULL);
  if (fetched.status != FETCH_OK) return note_failure(folder, domain, id, now_s);
  if (stscache_write(folder, domain, id, now_s, fetched.text, fetched.len) == 0) return 0;
  return say_errno("unable to write", domain), -1;
}

int refresh_one(int folder, const char *domain, const char *id, const struct settings *s) {
  int64_t begun_s = (int64_t)time(NULL);
  int fd = lock(folder, domain);
  int done = done_by_others(folder, domain, id, begun_s);
  int r = done ? (done == 1 ? 0 : -1) : fetch_now(folder, domain, id, s);
  if (fd != -1) close(fd);
  return r;
}

/* ---- all */

/* Of who was ended while writing. */
static void remove_leftover(int at, const char *name, int64_t now_s) {
  struct stat st;
  if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) && now_s - (int64_t)st.st_mtime > LEFTOVER_S)
    unlinkat(at, name, 0);
}

static void refresh_entry(int folder, const char *name, int64_t now_s, const struct settings *s) {
  if (stscache_read(&entry, folder, name) != 1) return;
  char id[STS_ID_MAX + 1];
  memcpy(id, entry.id, sizeof id);
  if (stscache_is_over(&entry, now_s)) stscache_remove(folder, name);
  else if (now_s - entry.fetched_s >= TODAY_S || stscache_is_old(&entry, now_s)) refresh_one(folder, name, id, s);
}

struct names {
  char **names;
  size_t count, room;
};

static int add_name(struct names *n, const char *name) {
  if (n->count == n->room) {
    size_t room = n->room ? 2 * n->room : 64;
    char **more = realloc(n->names, room * sizeof *more);
    if (!more) return -1;
    n->names = more;
    n->room = room;
  }
  return (n->names[n->count] = strdup(name)) ? (n->count++, 0) : -1;
}

/* All at first, since files come and go while policies are fetched. */
static int list(int folder, const char *name, struct names *n, int64_t now_s) {
  int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *d = fd == -1 ? NULL : fdopendir(fd);
  char domain[254];
  int r = 0;
  if (!d) return -1;
  for (struct dirent *e; r == 0 && (e = readdir(d));) {
    if (e->d_name[0] == '.') remove_leftover(dirfd(d), e->d_name, now_s);
    else if (!n) remove_leftover(dirfd(d), e->d_name, now_s);
    else if (sts_domain(domain, sizeof domain, e->d_name, strlen(e->d_name))) r = add_name(n, domain);
  }
  closedir(d);
  return r;
}

int refresh_all(int folder, const struct settings *s) {
  struct names n = {0};
  int64_t now_s = (int64_t)time(NULL);
  int r = list(folder, "policies", &n, now_s);
  for (size_t i = 0; r == 0 && i < n.count; i++) refresh_entry(folder, n.names[i], now_s, s);
  for (size_t i = 0; i < n.count; i++) free(n.names[i]);
  free(n.names);
  return r == 0 ? list(folder, "failures", NULL, now_s) : r;
}
