#include "config.h"
#include "queue/lanename.h"
#include <string.h>
#include "lib/idn.h"

static const char local_prefix[] = "local/", lmtp_prefix[] = "lmtp:", qmtp_prefix[] = "qmtp:", socket_prefix[] = "lmtp:unix:";

static bool starts_with(struct text name, const char *prefix) {
  return name.len >= strlen(prefix) && memcmp(name.s, prefix, strlen(prefix)) == 0;
}

static struct text without(struct text name, const char *prefix) {
  return (struct text){name.s + strlen(prefix), name.len - strlen(prefix)};
}

struct text lanename_host(struct text name) {
  struct text host = name;
  if (starts_with(host, socket_prefix)) return without(host, socket_prefix);
  if (starts_with(host, lmtp_prefix)) host = without(host, lmtp_prefix);
  if (starts_with(host, qmtp_prefix)) host = without(host, qmtp_prefix);
  const char *bracket = host.len && host.s[0] == '[' ? memchr(host.s, ']', host.len) : NULL;
  size_t end = bracket ? (size_t)(bracket - host.s) : 0;
  while (end < host.len && host.s[end] != ':') end++;
  host.len = end;
  return host;
}

/* In a path case counts. */
static void fold_case(stralloc *s) {
  if (starts_with(text_of_stralloc(s), socket_prefix)) return;
  for (size_t i = 0; i < s->len; i++)
    if (s->s[i] >= 'A' && s->s[i] <= 'Z') s->s[i] = (char)(s->s[i] + ('a' - 'A'));
}

/* Appends it with its host as routes have it: in the form that the DNS knows.
 * What has none is no destination's. */
static int cat_with_ascii_host(stralloc *out, struct text name) {
  struct text host = lanename_host(name);
  stralloc ascii = {0};
  bool is_host = !starts_with(name, local_prefix) && !starts_with(name, socket_prefix);
  if (!is_host || text_is_ascii(host) || idn_to_ascii(&ascii, host) == -1) return text_cat(out, name);
  const char *behind = host.s + host.len;
  int r = text_cat(out, (struct text){name.s, (size_t)(host.s - name.s)});
  if (r == 0) r = stralloc_cat(out, &ascii) ? 0 : -1;
  if (r == 0) r = text_cat(out, (struct text){behind, name.len - (size_t)(behind - name.s)});
  stralloc_free(&ascii);
  return r;
}

int lane_cat_given(stralloc *out, struct text given) {
  if (!stralloc_ready(out, 1) || cat_with_ascii_host(out, given) == -1) return -1;
  fold_case(out);
  return 0;
}

/* A local user is the name before the first break character. */
static struct text user_of(const stralloc *address) {
  size_t len = 0;
  while (len < address->len && address->s[len] != '-' && address->s[len] != '@') len++;
  return (struct text){address->s, len};
}

static const char *prefix_of(const struct route *r) {
  switch (r->protocol) {
    case PROTOCOL_LMTP: return r->port == PORT_NONE ? socket_prefix : lmtp_prefix;
    case PROTOCOL_QMTP: return qmtp_prefix;
    case PROTOCOL_SMTP: break;
  }
  return "";
}

static uint64_t usual_port(const struct route *r) {
  switch (r->protocol) {
    case PROTOCOL_LMTP: return PORT_LMTP;
    case PROTOCOL_QMTP: return PORT_QMTP;
    case PROTOCOL_SMTP: break;
  }
  return PORT_SMTP;
}

int lane_cat_name(stralloc *out, const struct route *r) {
  if (r->channel == CHANNEL_LOCAL)
    return stralloc_cats(out, local_prefix) ? text_cat(out, user_of(&r->address)) : -1;
  bool is_socket = r->port == PORT_NONE;
  if (!stralloc_cats(out, prefix_of(r)) || !stralloc_cat(out, &r->host)) return -1;
  if (r->use_mx || is_socket || r->port == usual_port(r)) return 0;
  return stralloc_cats(out, ":") ? text_cat_uint(out, r->port) : -1;
}

enum route_channel lanename_channel(struct text name) {
  return starts_with(name, local_prefix) ? CHANNEL_LOCAL : CHANNEL_REMOTE;
}
