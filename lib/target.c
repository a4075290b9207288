#include "config.h"
#include "lib/target.h"
#include <string.h>
#include "lib/result.h"

static int parse(struct target *t, struct text value, uint64_t port) {
  const char *bracket = value.len && value.s[0] == '[' ? memchr(value.s, ']', value.len) : NULL;
  size_t end = bracket ? (size_t)(bracket - value.s) : 0;
  while (end < value.len && value.s[end] != ':') end++;
  *t = (struct target){{value.s, end}, port};
  if (end + 1 >= value.len) return 0;
  struct text digits = {value.s + end + 1, value.len - end - 1};
  return text_uint(digits, &t->port) == 0 && t->port > 0 && t->port <= 65535 ? 0 : -1;
}

int target_parse_relay(struct target *t, struct text value) { return parse(t, value, PORT_SMTP); }

bool target_is_path(struct text path) {
  return path.len > 1 && path.len <= SOCKET_PATH_MAX && path.s[0] == '/' && text_is_clean(path);
}

int target_parse_lmtp(struct target *t, struct text value) {
  static const char prefix[] = "unix:";
  size_t skip = strlen(prefix);
  bool is_unix = value.len >= skip && memcmp(value.s, prefix, skip) == 0;
  if (is_unix) value = (struct text){value.s + skip, value.len - skip};
  if (is_unix || (value.len && value.s[0] == '/')) {
    *t = (struct target){value, PORT_NONE};
    return target_is_path(value) ? 0 : -1;
  }
  if (parse(t, value, PORT_LMTP) == -1) return -1;
  return t->host.len && t->host.len <= RESULT_HOST_MAX && text_is_clean(t->host) ? 0 : -1;
}
