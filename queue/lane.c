#include "config.h"
#include "queue/lane.h"
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include "lib/agent.h"
#include "lib/idn.h"
#include "queue/schedule.h"

enum { FIRST_SPACE = 64, MORE_THAN_PLACES = 64, ROOM_MAX = 1000, CONCURRENCY_DEFAULT = 20 };

static const uint64_t kept_us = 60 * UINT64_C(1000000);
static const char local_prefix[] = "local/", lmtp_prefix[] = "lmtp:", qmtp_prefix[] = "qmtp:", socket_prefix[] = "lmtp:unix:";

/* ---- names */

static int compare(const void *a, const void *b) {
  const struct lane *x = a, *y = b;
  if (x->name.len != y->name.len) return x->name.len < y->name.len ? -1 : 1;
  return memcmp(x->name.s, y->name.s, x->name.len);
}

static bool starts_with(struct text name, const char *prefix) {
  return name.len >= strlen(prefix) && memcmp(name.s, prefix, strlen(prefix)) == 0;
}

static struct text without(struct text name, const char *prefix) {
  return (struct text){name.s + strlen(prefix), name.len - strlen(prefix)};
}

static struct text host_of(struct text name) {
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

struct text lane_host(const struct lane *l) { return host_of(text_of_stralloc(&l->name)); }

/* In a path case counts. */
static void fold_case(stralloc *s) {
  if (starts_with(text_of_stralloc(s), socket_prefix)) return;
  for (size_t i = 0; i < s->len; i++)
    if (s->s[i] >= 'A' && s->s[i] <= 'Z') s->s[i] = (char)(s->s[i] + ('a' - 'A'));
}

/* Appends it with its host as routes have it: in the form that the DNS knows.
 * What has none is no destination's. */
static int cat_with_ascii_host(stralloc *out, struct text name) {
  struct text host = host_of(name);
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

static enum route_channel channel_of(struct text name) {
  return starts_with(name, local_prefix) ? CHANNEL_LOCAL : CHANNEL_REMOTE;
}

/* ---- rules */

static bool parse_rate(struct text value, uint64_t *rate, uint64_t *rate_s) {
  const char *slash = memchr(value.s, '/', value.len);
  if (!slash) return false;
  size_t len = (size_t)(slash - value.s);
  return text_uint((struct text){value.s, len}, rate) == 0 && *rate && *rate <= UINT32_MAX &&
         text_uint((struct text){slash + 1, value.len - len - 1}, rate_s) == 0 && *rate_s &&
         *rate_s <= SCHEDULE_GAP_MAX_S;
}

bool lanes_check_rate(struct text value) {
  uint64_t rate, rate_s;
  return value.s && parse_rate(value, &rate, &rate_s);
}

bool lanes_check_concurrency(struct text value) {
  uint64_t n;
  return text_uint(value, &n) == 0 && n && n <= UINT32_MAX;
}

static struct text value_for(const struct list *rules, struct text domain) {
  const struct list_line *line = rules ? idn_find_domain(rules, domain) : NULL;
  return line ? line->value : TEXT_ABSENT;
}

/* Rules are for the host, whatever its port; places of local users are shared
 * by the dispatcher alone. */
static void configure(const struct lanes *s, struct lane *l) {
  struct text host = lane_host(l), value;
  l->limits = (struct window_limits){.backoff_first_s = s->rules.backoff_first_s,
                                     .backoff_max_s = s->rules.backoff_max_s};
  if (l->channel == CHANNEL_LOCAL) return;
  l->limits.most = CONCURRENCY_DEFAULT;
  value = value_for(s->rules.concurrencydomain, host);
  if (value.s) (void)text_uint(value, &l->limits.most);
  value = value_for(s->rules.ratelimit, host);
  if (value.s && !parse_rate(value, &l->limits.rate, &l->limits.rate_s)) l->limits.rate = 0;
}

/* ---- the table */

struct lane *lanes_at(const struct lanes *s, uint32_t number) {
  return number < s->count ? s->at[number] : NULL;
}

void lane_refer(const struct lanes *s, uint32_t *place, uint32_t number) {
  struct lane *before = lanes_at(s, *place), *after = lanes_at(s, number);
  if (after) after->references++;
  if (before) before->references--;
  *place = number;
}

uint32_t lanes_overflow(enum route_channel channel) { return channel == CHANNEL_LOCAL ? 1 : 2; }

static void lane_free(struct lane *l) {
  stralloc_free(&l->name);
  stralloc_free(&l->last_error);
  free(l);
}

static bool take_number(struct lanes *s, struct lane *l) {
  uint32_t number = s->maybe_free > LANES_FIRST_OWN ? s->maybe_free : LANES_FIRST_OWN;
  while (number < s->count && s->at[number]) number++;
  if (number >= s->space) {
    uint32_t space = s->space ? s->space * 2 : FIRST_SPACE;
    struct lane **grown = reallocarray(s->at, space, sizeof *grown);
    if (!grown) return false;
    memset(grown + s->space, 0, (space - s->space) * sizeof *grown);
    s->at = grown;
    s->space = space;
  }
  if (number >= s->count) s->count = number + 1;
  s->at[number] = l;
  s->maybe_free = number + 1;
  l->number = number;
  return true;
}

static struct lane *make_lane(struct lanes *s, const stralloc *name) {
  struct lane *l = calloc(1, sizeof *l);
  if (!l) return NULL;
  l->channel = channel_of(text_of_stralloc(name));
  l->slow = l->channel == CHANNEL_REMOTE;
  if (!stralloc_copy(&l->name, name) || !take_number(s, l)) return lane_free(l), NULL;
  if (!tsearch(l, &s->by_name, compare)) {
    s->at[l->number] = NULL;
    return lane_free(l), NULL;
  }
  configure(s, l);
  return l;
}

struct lane *lanes_named(struct lanes *s, struct text given, bool make) {
  struct lane key = {.name = {0}}, *l = NULL;
  if (lane_cat_given(&key.name, given) == 0) {
    struct lane **node = tfind(&key, &s->by_name, compare);
    l = node ? *node : make ? make_lane(s, &key.name) : NULL;
  }
  stralloc_free(&key.name);
  return l;
}

struct lane *lanes_for(struct lanes *s, const struct route *r) {
  stralloc name = {0};
  struct lane *l = lane_cat_name(&name, r) == 0 ? lanes_named(s, text_of_stralloc(&name), true) : NULL;
  stralloc_free(&name);
  return l;
}

void lanes_configure(struct lanes *s, const struct lane_rules *rules, const uint64_t concurrency[2],
                     uint64_t now_us) {
  s->rules = *rules;
  for (int channel = 0; channel < 2; channel++) {
    uint64_t each = channel == CHANNEL_LOCAL ? AGENT_JOBS_AHEAD / 2 : 2;
    uint64_t places = concurrency[channel] < ROOM_MAX ? concurrency[channel] : ROOM_MAX;
    uint64_t room = each * places + MORE_THAN_PLACES;
    s->room[channel] = (size_t)(room < ROOM_MAX ? room : ROOM_MAX);
  }
  for (uint32_t i = LANES_FIRST_OWN; i < s->count; i++)
    if (s->at[i]) {
      configure(s, s->at[i]);
      lane_changed(s, s->at[i], now_us);
    }
}

/* ---- the end */

/* What was learnt about a next hop is kept a while. */
static bool is_idle(const struct lanes *s, const struct lane *l, uint64_t now_us) {
  if (l->held || l->jobs || l->references || l->destinations || waitlist_in_lane(s->waitlist, l->number)) return false;
  if (l->channel == CHANNEL_LOCAL) return true;
  return now_us >= l->used_us + kept_us && window_opens_us(&l->window, &l->limits, now_us) <= now_us;
}

static void forget(struct lanes *s, struct lane *l) {
  lane_rest(s, l);
  tdelete(l, &s->by_name, compare);
  s->at[l->number] = NULL;
  if (l->number < s->maybe_free) s->maybe_free = l->number;
  lane_free(l);
}

void lanes_forget_idle(struct lanes *s, uint64_t now_us) {
  for (uint32_t i = LANES_FIRST_OWN; i < s->count; i++)
    if (s->at[i] && is_idle(s, s->at[i], now_us)) forget(s, s->at[i]);
  while (s->count > LANES_FIRST_OWN && !s->at[s->count - 1]) s->count--;
}

void lanes_free(struct lanes *s) {
  for (uint32_t i = LANES_FIRST_OWN; i < s->count; i++)
    if (s->at[i]) forget(s, s->at[i]);
  free(s->at);
  free(s->timers);
  *s = (struct lanes){0};
}
