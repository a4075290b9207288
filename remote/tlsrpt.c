#include "config.h"
#include "remote/tlsrpt.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "lib/crc32c.h"
#include "lib/sts.h"
#include "lib/subfolder.h"
#include "lib/xtext.h"

/* ---- lines */

static int put(stralloc *line, const char *name, struct text value, size_t max) {
  if (value.len == 0) return 0;
  if (value.len > max) value.len = max;
  return stralloc_cats(line, " ") && stralloc_cats(line, name) && stralloc_cats(line, "=") ? xtext_encode(line, value) : -1;
}

static struct text whole_lines(struct text lines) {
  if (lines.len <= TLSRPT_LINES_MAX) return lines;
  lines.len = TLSRPT_LINES_MAX;
  while (lines.len && lines.s[lines.len - 1] != '\n') lines.len--;
  return lines;
}

static int put_policy(stralloc *line, const struct tlsrpt_session *s) {
  return put(line, "type", text_of(tlsrpt_policy_name(s->policy)), TLSRPT_TEXT_MAX) == 0
           ? put(line, "lines", whole_lines(s->policy_lines), TLSRPT_LINES_MAX) : -1;
}

static int put_session(stralloc *line, const struct tlsrpt_session *s) {
  return put(line, "result", s->result, TLSRPT_TEXT_MAX) == 0 && put(line, "from", s->sending_ip, TLSRPT_TEXT_MAX) == 0 &&
             put(line, "mx", s->mx, TLSRPT_TEXT_MAX) == 0 && put(line, "helo", s->helo, TLSRPT_TEXT_MAX) == 0 &&
             put(line, "to", s->receiving_ip, TLSRPT_TEXT_MAX) == 0
           ? put(line, "code", s->code, TLSRPT_TEXT_MAX) : -1;
}

/* The same policy has the same key. */
static void key_of(char key[9], const stralloc *policy) {
  uint32_t sum = crc32c(0, policy->s, policy->len);
  for (int i = 7; i >= 0; i--, sum >>= 4) key[i] = "0123456789abcdef"[sum & 15];
  key[8] = 0;
}

static int put_lines(stralloc *out, const struct tlsrpt_session *s) {
  stralloc policy = {0};
  char key[9];
  int r = put_policy(&policy, s);
  if (r == 0) key_of(key, &policy);
  if (r == 0 && (!stralloc_cats(out, "policy ") || !stralloc_cats(out, key) || !stralloc_cat(out, &policy) ||
                 !stralloc_cats(out, "\nsession ") || !stralloc_cats(out, key)))
    r = -1;
  if (r == 0) r = put_session(out, s);
  stralloc_free(&policy);
  return r == 0 && stralloc_cats(out, "\n") ? 0 : (errno = ENOMEM, -1);
}

/* ---- files */

void tlsrpt_day(char day[9], uint64_t wall_us) {
  time_t seconds = (time_t)(wall_us / 1000000);
  struct tm t;
  if (!gmtime_r(&seconds, &t) || strftime(day, 9, "%Y%m%d", &t) != 8) memcpy(day, "19700101", 9);
}

/* Closes at. */
static int step(int at, const char *name) {
  int fd = subfolder_enter(at, name), saved = errno;
  close(at);
  return errno = saved, fd;
}

static int open_notes(const char *folder, const char *day, const char *domain) {
  int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (at != -1) at = step(at, "tlsrpt");
  if (at != -1) at = step(at, day);
  if (at == -1) return -1;
  int fd = openat(at, domain, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600), saved = errno;
  close(at);
  return errno = saved, fd;
}

/* A policy is written again only where this process has written another one. */
static struct text without_policy(const stralloc *lines, const char *day, const char *domain) {
  static char last_day[9], last_domain[256];
  static uint32_t last;
  size_t end = (size_t)((const char *)memchr(lines->s, '\n', lines->len) - lines->s) + 1;
  uint32_t sum = crc32c(0, lines->s, end);
  struct text all = text_of_stralloc(lines);
  if (sum == last && strcmp(day, last_day) == 0 && strcmp(domain, last_domain) == 0)
    return (struct text){all.s + end, all.len - end};
  last = sum;
  memcpy(last_day, day, sizeof last_day);
  memcpy(last_domain, domain, strlen(domain) + 1);
  return all;
}

static int append(int fd, struct text lines) {
  struct stat st;
  if (fstat(fd, &st) == -1) return -1;
  if (st.st_size > TLSRPT_FILE_MAX) return errno = E2BIG, -1;
  ssize_t r = write(fd, lines.s, lines.len);
  return r == (ssize_t)lines.len ? 0 : (errno = r == -1 ? errno : ENOSPC, -1);
}

int tlsrpt_note(const char *folder, const struct tlsrpt_session *s, const struct clock *c) {
  stralloc lines = {0};
  char domain[254], day[9];
  int r = -1, fd = -1, saved;
  if (!sts_domain(domain, sizeof domain, s->domain.s ? s->domain.s : "", s->domain.len)) return errno = EINVAL, -1;
  tlsrpt_day(day, clock_wall_us(c));
  if (put_lines(&lines, s) == 0 && (fd = open_notes(folder, day, domain)) != -1)
    r = append(fd, without_policy(&lines, day, domain));
  saved = errno;
  if (fd != -1) close(fd);
  stralloc_free(&lines);
  return errno = saved, r;
}
