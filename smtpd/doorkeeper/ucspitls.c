#include "config.h"
#include "smtpd/doorkeeper/ucspitls.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "lib/text.h"

enum { VARIABLES_MAX = 65536, NUMBER_MAX = 65535 };

static int descriptor(const char *name) {
  uint64_t n;
  if (text_uint(text_of(getenv(name)), &n) == -1 || n < 3 || n > NUMBER_MAX) return -1;
  return io_set_cloexec((int)n) == 0 ? (int)n : -1;
}

void ucspitls_find(struct ucspitls *u) {
  static const char *const names[] = {"UCSPITLS", "SSLCTLFD", "SSLREADFD", "SSLWRITEFD"};
  const char *leave = getenv("UCSPITLS");
  *u = (struct ucspitls){.control = descriptor("SSLCTLFD"), .in = descriptor("SSLREADFD"), .out = descriptor("SSLWRITEFD")};
  u->is_there = leave && strcmp(leave, "-") && u->control >= 0 && u->in >= 0 && u->out >= 0;
  u->is_needed = leave && strcmp(leave, "!") == 0;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) unsetenv(names[i]);
}

static void put(char *to, size_t size, const char *value) { snprintf(to, size, "%s", value); }

static void take_fact(struct tls_facts *f, const char *name, const char *value) {
  uint64_t bits;
  if (strcmp(name, "SSL_PROTOCOL") == 0) put(f->version, sizeof f->version, value);
  if (strcmp(name, "SSL_CIPHER") == 0) put(f->cipher, sizeof f->cipher, value);
  if (strcmp(name, "SSL_TLS_SNI") == 0) put(f->sni, sizeof f->sni, value);
  if (strcmp(name, "SSL_CLIENT_S_DN_CN") == 0) put(f->peer, sizeof f->peer, value);
  if (strcmp(name, "SSL_CIPHER_USEKEYSIZE") == 0 && text_uint(text_of(value), &bits) == 0 && bits < 10000)
    f->bits = (unsigned)bits;
}

static bool is_name(const char *name) {
  if (strncmp(name, "SSL_", 4) && strncmp(name, "TLS_", 4)) return false;
  return name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")] == 0;
}

/* NAME=VALUE, NUL-terminated; altered. */
static bool take_variable(struct tls_facts *f, char *variable) {
  char *equals = strchr(variable, '=');
  if (!equals) return true;
  *equals = 0;
  const char *value = equals + 1;
  if (!is_name(variable) || !text_is_clean(text_of(value))) return true;
  take_fact(f, variable, value);
  return setenv(variable, value, 1) == 0;
}

/* A server need not tell. */
static void complete(struct tls_facts *f) {
  f->ok = 1;
  if (!*f->version) put(f->version, sizeof f->version, "TLS");
  if (!*f->cipher) put(f->cipher, sizeof f->cipher, "unknown");
}

bool ucspitls_take(struct tls_facts *f, const char *octets, size_t len) {
  bool ok = true;
  memset(f, 0, sizeof *f);
  while (ok && len) {
    const char *end = memchr(octets, 0, len);
    char *variable = end ? strdup(octets) : NULL;
    if (!end) break;
    ok = variable && take_variable(f, variable);
    free(variable);
    len -= (size_t)(end - octets) + 1;
    octets = end + 1;
  }
  complete(f);
  return ok;
}

bool ucspitls_is_on(struct tls_facts *f) {
  static const char *const names[] = {"SSL_PROTOCOL", "SSL_CIPHER", "SSL_TLS_SNI", "SSL_CLIENT_S_DN_CN", "SSL_CIPHER_USEKEYSIZE"};
  memset(f, 0, sizeof *f);
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    const char *value = getenv(names[i]);
    if (value && text_is_clean(text_of(value))) take_fact(f, names[i], value);
  }
  f->ok = *f->version && *f->cipher;
  return f->ok;
}

/* A NUL at the start of a variable is the end of all. */
static bool is_complete(const stralloc *s) {
  return s->len >= 1 && s->s[s->len - 1] == 0 && (s->len == 1 || s->s[s->len - 2] == 0);
}

/* The server sends nothing behind the end. */
static int read_variables(int control, stralloc *to, uint64_t deadline) {
  char piece[4096];
  while (!is_complete(to)) {
    ssize_t n = io_read(control, piece, sizeof piece, io_remaining_ms(deadline));
    if (n == 0) errno = ECONNRESET;
    if (n <= 0) return -1;
    if (to->len + (size_t)n > VARIABLES_MAX) return errno = EMSGSIZE, -1;
    if (!stralloc_catb(to, piece, (size_t)n)) return errno = ENOMEM, -1;
  }
  return 0;
}

static int ask(const struct ucspitls *u, stralloc *variables, int limit_ms) {
  uint64_t deadline = io_deadline(limit_ms);
  if (io_write_all(u->control, "Y", 1, limit_ms) == -1) return -1;
  return read_variables(u->control, variables, deadline);
}

int ucspitls_begin(struct ucspitls *u, struct tls_facts *f, int limit_ms) {
  stralloc variables = {0};
  int r = ask(u, &variables, limit_ms);
  if (r == 0 && !ucspitls_take(f, variables.s, variables.len)) errno = ENOMEM, r = -1;
  if (r == -1) {
    const char *why = errno == ECONNRESET ? "it has given the handshake up" : strerror(errno);
    memset(f, 0, sizeof *f);
    snprintf(f->error, sizeof f->error, "unable to have TLS of the server in front: %s", why);
  }
  close(u->control);
  u->control = -1;
  stralloc_free(&variables);
  return r;
}

void ucspitls_close(struct ucspitls *u) {
  if (u->control >= 0) close(u->control);
  if (u->in >= 0) close(u->in);
  if (u->out >= 0) close(u->out);
  *u = (struct ucspitls){.control = -1, .in = -1, .out = -1};
}
