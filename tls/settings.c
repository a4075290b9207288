#include "config.h"
#include "tls/settings.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>
#include "lib/controltable.h"

enum { FILE_MAX = 64 * 1024 };

struct reader {
  const char *folder;
  char *error;
};

static int fail(struct reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int fail(struct reader *r, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(r->error, SETTINGS_ERROR, format, arguments);
  va_end(arguments);
  return -1;
}

/* 1, 0 when there is no such file, -1. */
static int slurp(struct reader *r, enum control_name name, char *out, size_t room) {
  char path[2 * SETTINGS_PATH];
  size_t len = 0;
  ssize_t n;
  snprintf(path, sizeof path, "%s/%s", r->folder, control_table[name].name);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd == -1 && errno == ENOENT) return 0;
  if (fd == -1) return fail(r, "unable to open %s: %s", path, strerror(errno));
  while (len < room && (n = read(fd, out + len, room - len)) != 0) {
    if (n == -1 && errno == EINTR) continue;
    if (n == -1) break;
    len += (size_t)n;
  }
  int saved = errno;
  close(fd);
  if (len < room && n == -1) return fail(r, "unable to read %s: %s", path, strerror(saved));
  if (len == room) return fail(r, "unable to read %s: it is too long", path);
  if (memchr(out, 0, len)) return fail(r, "unable to read %s: it holds a NUL", path);
  out[len] = 0;
  return 1;
}

static void trim(char *line) {
  size_t len = strlen(line);
  while (len && strchr(" \t\r", line[len - 1])) line[--len] = 0;
}

static int is_clean(const char *s) {
  for (; *s; s++)
    if ((unsigned char)*s < ' ' || *s == 127) return 0;
  return 1;
}

/* The file's first line, or the default. */
static int text(struct reader *r, enum control_name name, char *out, size_t room) {
  const struct control_row *row = &control_table[name];
  char file[FILE_MAX];
  int found = slurp(r, name, file, sizeof file);
  if (found == -1) return -1;
  if (!found) snprintf(file, sizeof file, "%s", row->fallback);
  file[strcspn(file, "\n")] = 0;
  trim(file);
  if (!is_clean(file)) return fail(r, "unable to read %s: it holds a control octet", row->name);
  if (strlen(file) >= room) return fail(r, "unable to read %s: it is too long", row->name);
  snprintf(out, room, "%s", file);
  return 0;
}

static int number(struct reader *r, enum control_name name, unsigned most, unsigned *out) {
  char digits[32], *end;
  if (text(r, name, digits, sizeof digits) == -1) return -1;
  errno = 0;
  unsigned long n = strtoul(digits, &end, 10);
  if (digits[0] < '0' || digits[0] > '9' || *end)
    return fail(r, "unable to read %s: it is not a number", control_table[name].name);
  if (errno || n > most) return fail(r, "unable to read %s: the number is over %u", control_table[name].name, most);
  *out = (unsigned)n;
  return 0;
}

/* A relative path starts at the control folder. */
static int path_of(struct reader *r, char out[SETTINGS_PATH], const char *value) {
  int n = value[0] == '/' ? snprintf(out, SETTINGS_PATH, "%s", value)
                          : snprintf(out, SETTINGS_PATH, "%s/%s", r->folder, value);
  return n > 0 && n < SETTINGS_PATH ? 0 : fail(r, "this path is too long: %s", value);
}

static int path(struct reader *r, enum control_name name, char out[SETTINGS_PATH]) {
  char value[SETTINGS_PATH];
  if (text(r, name, value, sizeof value) == -1) return -1;
  out[0] = 0;
  return value[0] ? path_of(r, out, value) : 0;
}

/* CERTIFICATE [KEY [STAPLE]] */
static int certificate_line(struct reader *r, struct settings *s, char *line) {
  struct certificate_files *c = &s->certificates[s->count];
  char *rest = line, *certificate = strtok_r(line, " \t", &rest);
  char *key = strtok_r(NULL, " \t", &rest), *staple = strtok_r(NULL, " \t", &rest);
  if (!certificate || certificate[0] == '#') return 0;
  if (s->count == SETTINGS_CERTIFICATES) return fail(r, "tlscertificates: more than %d", SETTINGS_CERTIFICATES);
  if (strtok_r(NULL, " \t", &rest)) return fail(r, "tlscertificates: more than three files in a line");
  c->staple[0] = 0;
  if (path_of(r, c->certificate, certificate) == -1) return -1;
  if (path_of(r, c->key, key ? key : certificate) == -1) return -1;
  if (staple && path_of(r, c->staple, staple) == -1) return -1;
  s->count++;
  return 0;
}

/* Without the file: qmail's servercert.pem, if it is there. */
static int certificates(struct reader *r, struct settings *s) {
  char file[FILE_MAX], *line = file;
  int found = slurp(r, CONTROL_TLSCERTIFICATES, file, sizeof file);
  if (found == -1) return -1;
  if (!found) {
    char usual[] = "servercert.pem";
    if (certificate_line(r, s, usual) == -1) return -1;
    if (access(s->certificates[0].certificate, F_OK) == -1 && errno == ENOENT) s->count = 0;
    return 0;
  }
  while (line) {
    char *end = strchr(line, '\n'), *next = end ? end + 1 : NULL;
    if (end) *end = 0;
    trim(line);
    if (certificate_line(r, s, line) == -1) return -1;
    line = next;
  }
  return 0;
}

static int side(struct reader *r, enum control_name ciphers, enum control_name minversion, struct tls_side *s) {
  if (text(r, ciphers, s->ciphers, sizeof s->ciphers) == -1) return -1;
  if (text(r, minversion, s->minversion, sizeof s->minversion) == -1) return -1;
  if (strcmp(s->minversion, "1.2") == 0 || strcmp(s->minversion, "1.3") == 0) return 0;
  return fail(r, "unable to read %s: it is neither 1.2 nor 1.3", control_table[minversion].name);
}

/* Its default is the host's name, which other defaults need, but none of ours. */
static int me(struct reader *r, struct settings *s) {
  if (text(r, CONTROL_ME, s->me, sizeof s->me) == -1) return -1;
  if (s->me[0] == '=' && gethostname(s->me, sizeof s->me) == -1) return fail(r, "this host has no name");
  return 0;
}

int settings_read(struct settings *s, char error[SETTINGS_ERROR]) {
  const char *own = getauxval(AT_SECURE) ? NULL : getenv("OWLPOST_CONTROL");
  struct reader r = {own && *own ? own : CONTROL_DIR, error};
  memset(s, 0, sizeof *s);
  if (me(&r, s) == -1 || path(&r, CONTROL_RUNDIR, s->rundir) == -1 || certificates(&r, s) == -1) return -1;
  if (side(&r, CONTROL_TLSSERVERCIPHERS, CONTROL_TLSSERVERMINVERSION, &s->server) == -1) return -1;
  if (side(&r, CONTROL_TLSCLIENTCIPHERS, CONTROL_TLSCLIENTMINVERSION, &s->client) == -1) return -1;
  if (path(&r, CONTROL_TLSAUTHORITIES, s->authorities) == -1) return -1;
  if (path(&r, CONTROL_TLSCLIENTAUTHORITIES, s->client_authorities) == -1) return -1;
  if (path(&r, CONTROL_TLSCLIENTCERTIFICATE, s->client_certificate) == -1) return -1;
  if (access(s->client_certificate, F_OK) == -1 && errno == ENOENT) s->client_certificate[0] = 0;
  if (number(&r, CONTROL_TIMEOUTTLS, 3600, &s->handshake_s) == -1) return -1;
  if (number(&r, CONTROL_MAXTLSSESSIONS, 65536, &s->sessions_max) == -1) return -1;
  return number(&r, CONTROL_TLSTICKETLIFETIME, 86400, &s->ticket_s);
}
