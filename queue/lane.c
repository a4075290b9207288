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

/* ---- names */

static int compare(const void *a, const void *b) {
  const struct lane *x = a, *y = b;
  if (x->name.len != y->name.len) return x->name.len < y->name.len ? -1 : 1;
  return memcmp(x->name.s, y->name.s, x->name.len);
}

struct text lane_host(const struct lane *l) { return lanename_host(text_of_stralloc(&l->name)); }

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
  l->channel = lanename_channel(text_of_stralloc(name));
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
