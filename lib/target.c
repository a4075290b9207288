#include "config.h"
#include "lib/target.h"
#include <string.h>
#include "lib/result.h"

static bool is_in(const char *set, char c) { return c && strchr(set, c); }

/* What stands before the first of the ends, taken off *rest. */
static struct text take_until(struct text *rest, const char *ends) {
  struct text part = {rest->s, 0};
  while (part.len < rest->len && !is_in(ends, rest->s[part.len])) part.len++;
  *rest = (struct text){rest->s + part.len, rest->len - part.len};
  return part;
}

static void skip(struct text *rest, const char *set, size_t most) {
  while (most-- && rest->len && is_in(set, *rest->s)) *rest = (struct text){rest->s + 1, rest->len - 1};
}

/* A bracket's end, so that the colons before it are the address's. */
static struct text take_host(struct text *rest, const char *ends) {
  const char *bracket = rest->len && *rest->s == '[' ? memchr(rest->s, ']', rest->len) : NULL;
  struct text whole = *rest;
  if (bracket) *rest = (struct text){bracket, rest->len - (size_t)(bracket - rest->s)};
  take_until(rest, ends);
  return (struct text){whole.s, whole.len - rest->len};
}

static int take_port(struct text *rest, const char *ends, uint64_t *port) {
  skip(rest, ":;", 1);
  struct text digits = take_until(rest, ends);
  if (digits.len == 0) return 0;
  return text_uint(digits, port) == 0 && *port > 0 && *port <= 65535 ? 0 : -1;
}

static int parse(struct target *t, struct text value, const char *ends, uint64_t port) {
  struct text rest = value;
  *t = (struct target){.host = take_host(&rest, ends), .port = port};
  if (rest.len && is_in(":;", *rest.s) && take_port(&rest, ends, &t->port) == -1) return -1;
  if (rest.len == 0) return 0;
  if (!is_in("| \t", *rest.s)) return -1;
  bool is_bar = *rest.s == '|';
  const char *between = is_bar ? "|" : " \t";
  size_t most = is_bar ? 1 : rest.len;
  skip(&rest, between, most);
  t->user = take_until(&rest, between);
  skip(&rest, between, most);
  t->password = is_bar ? rest : take_until(&rest, between);
  return t->host.len && t->user.len && t->password.len ? 0 : -1;
}

int target_parse_relay(struct target *t, struct text value) {
  return parse(t, value, ":;| \t", PORT_SMTP);
}

bool target_is_path(struct text path) {
  return path.len > 1 && path.len <= SOCKET_PATH_MAX && path.s[0] == '/' && text_is_clean(path);
}

static int parse_server(struct target *t, struct text value, uint64_t port) {
  if (parse(t, value, ":", port) == -1) return -1;
  return t->host.len && t->host.len <= RESULT_HOST_MAX && text_is_clean(t->host) ? 0 : -1;
}

int target_parse_lmtp(struct target *t, struct text value) {
  static const char prefix[] = "unix:";
  size_t skip = strlen(prefix);
  bool is_unix = value.len >= skip && memcmp(value.s, prefix, skip) == 0;
  if (is_unix) value = (struct text){value.s + skip, value.len - skip};
  if (is_unix || (value.len && value.s[0] == '/')) {
    *t = (struct target){.host = value, .port = PORT_NONE};
    return target_is_path(value) ? 0 : -1;
  }
  return parse_server(t, value, PORT_LMTP);
}

int target_parse_qmtp(struct target *t, struct text value) { return parse_server(t, value, PORT_QMTP); }
