#include "config.h"
#include "sts/fetch.h"
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/iowait.h"
#include "lib/sandbox.h"
#include "sts/http.h"

enum { AUTHORITIES_MAX = 16 * 1024 * 1024, RESOLVED_OCTETS = 1024, HOST_OCTETS = 300 };

const char *fetch_result(enum fetch_status status) {
  switch (status) {
    case FETCH_OK: return "";
    case FETCH_FAILED: return "sts-policy-fetch-error";
    case FETCH_INVALID: return "sts-policy-invalid";
    case FETCH_UNTRUSTED: return "sts-webpki-invalid";
  }
  return "";
}

static void fail(struct fetch *f, const char *what, const char *object, const char *reason) {
  f->status = FETCH_FAILED;
  f->len = 0;
  snprintf(f->reason, sizeof f->reason, "%s %.250s: %.80s", what, object, reason);
}

/* ---- before the child is shut in */

/* NULL with errno; else the caller frees. */
static char *read_whole(const char *path, size_t *len) {
  struct stat st;
  char *octets = NULL;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd == -1) return NULL;
  if (fstat(fd, &st) == 0 && st.st_size > 0 && st.st_size <= AUTHORITIES_MAX) octets = malloc((size_t)st.st_size);
  else if (errno == 0 || st.st_size <= 0) errno = ENODATA;
  size_t at = 0;
  for (ssize_t n; octets && at < (size_t)st.st_size; at += (size_t)n)
    if ((n = io_read(fd, octets + at, (size_t)st.st_size - at, IO_FOREVER)) <= 0) break;
  close(fd);
  *len = at;
  return octets;
}

static size_t add_address(char *out, size_t len, const struct addrinfo *a) {
  char text[NI_MAXHOST];
  if (getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST) != 0) return len;
  bool six = a->ai_family == AF_INET6;
  if (strchr(text, '%') || len + strlen(text) + 4 > RESOLVED_OCTETS) return len;
  int n = snprintf(out + len, RESOLVED_OCTETS - len, "%s%s%s%s", out[len - 1] == ':' ? "" : ",", six ? "[" : "", text, six ? "]" : "");
  return len + (size_t)n;
}

/* HOST:443:ADDRESS,... */
static bool resolve(char out[RESOLVED_OCTETS], const char *host, struct fetch *f) {
  const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
  struct addrinfo *found = NULL;
  int r = getaddrinfo(host, "443", &hints, &found);
  if (r != 0) return fail(f, "unable to look up", host, gai_strerror(r)), false;
  size_t start = (size_t)snprintf(out, RESOLVED_OCTETS, "%s:443:", host), len = start;
  for (const struct addrinfo *a = found; a; a = a->ai_next) len = add_address(out, len, a);
  freeaddrinfo(found);
  return len > start ? true : (fail(f, "unable to look up", host, "no address"), false);
}

/* ---- the child */

static void shut_in(void) {
  if (sandbox_forbid_files_but_connect(443) == -1) _exit(111);
}

static void run_child(int out, const char *domain, const char *authorities, unsigned limit_s) {
  static struct fetch f;
  char host[HOST_OCTETS], resolved[RESOLVED_OCTETS];
  struct http_request r = {.host = host, .resolved = resolved, .limit_s = limit_s};
  snprintf(host, sizeof host, "mta-sts.%s", domain);
  char *octets = read_whole(authorities, &r.authorities_len);
  r.authorities = octets;
  if (!octets) fail(&f, "unable to read", authorities, strerror(errno));
  else if (resolve(resolved, host, &f)) {
    if (http_begin() == -1) _exit(111);
    shut_in();
    http_get(&f, &r);
  }
  _exit(io_write_all(out, &f, offsetof(struct fetch, text) + f.len, IO_FOREVER) == 0 ? 0 : 111);
}

/* ---- the parent */

static bool receive(struct fetch *f, int in, int limit_ms) {
  uint64_t deadline = io_deadline(limit_ms);
  size_t at = 0;
  for (ssize_t n; at < sizeof *f; at += (size_t)n) {
    n = io_read(in, (char *)f + at, sizeof *f - at, io_remaining_ms(deadline));
    if (n == -1) return false;
    if (n == 0) break;
  }
  return at >= offsetof(struct fetch, text) && f->len <= sizeof f->text && f->len <= at - offsetof(struct fetch, text);
}

static void clean(struct fetch *f) {
  f->reason[sizeof f->reason - 1] = 0;
  for (char *c = f->reason; *c; c++)
    if ((unsigned char)*c < ' ' || *c == 127) *c = '?';
  if (f->status != FETCH_OK && f->status != FETCH_INVALID && f->status != FETCH_UNTRUSTED) f->status = FETCH_FAILED;
}

static void check_policy(struct fetch *f) {
  struct sts_policy p;
  const char *problem = f->status == FETCH_OK ? sts_policy_read(&p, f->text, f->len) : NULL;
  if (!problem) return;
  f->status = FETCH_INVALID;
  snprintf(f->reason, sizeof f->reason, "the policy is malformed: %s", problem);
}

void fetch_policy(struct fetch *f, const char *domain, const char *authorities, unsigned limit_s) {
  int ends[2], limit_ms = io_limit_ms((uint64_t)limit_s + 1);
  if (pipe2(ends, O_CLOEXEC) == -1) {
    fail(f, "unable to make", "a pipe", strerror(errno));
    return;
  }
  pid_t pid = fork();
  if (pid == 0) run_child(ends[1], domain, authorities, limit_s);
  close(ends[1]);
  errno = 0;
  if (pid == -1) fail(f, "unable to", "fork", strerror(errno));
  else if (!receive(f, ends[0], limit_ms)) fail(f, "unable to fetch the policy of", domain, errno ? strerror(errno) : "the child ended");
  else clean(f), check_policy(f);
  close(ends[0]);
  if (pid == -1) return;
  kill(pid, SIGKILL);
  while (waitpid(pid, NULL, 0) == -1 && errno == EINTR) continue;
}
