#include "config.h"
#include "queue/simulate/scenario.h"
#include <stdlib.h>
#include <string.h>
#include "lib/address.h"
#include "lib/envelope.h"
#include "queue/simulate/words.h"

enum { SIZE_DEFAULT = 300, SIZE_MAX_OCTETS = 16 * 1024 * 1024, ERROR_MAX = 512 };

static const uint64_t local_latency_us = 20000, connect_us = 100000, latency_us = 400000,
                      timeout_us = 30 * UINT64_C(1000000);
static const char no_memory[] = "out of memory";

struct model scenario_model(enum route_channel channel) {
  bool local = channel == CHANNEL_LOCAL;
  return (struct model){.connect = {local ? 0 : connect_us, local ? 0 : connect_us},
                        .latency = {local ? local_latency_us : latency_us, local ? local_latency_us : latency_us},
                        .timeout_us = timeout_us};
}

static bool is(struct text word, const char *literal) { return text_equals(word, literal); }

/* ---- destination NAME ... */

static void parse_down(struct model *m, struct words *w) {
  if (m->down_count == DOWNS_MAX) w->error = "a destination is down too often";
  else m->downs[m->down_count++] = words_span(w);
}

static void parse_property(struct model *m, struct text word, struct words *w) {
  if (is(word, "latency")) m->latency = words_span(w);
  else if (is(word, "connect")) m->connect = words_span(w);
  else if (is(word, "down")) parse_down(m, w);
  else if (is(word, "timeout")) m->timeout_us = words_time(w);
  else if (is(word, "defer")) m->defer = words_percent(w);
  else if (is(word, "fail")) m->fail = words_percent(w);
  else if (is(word, "slower")) m->slower = words_percent(w);
  else if (is(word, "connections")) m->connections = words_number(w);
  else if (is(word, "rate")) m->rate = words_rate(w, &m->rate_us);
  else w->error = "a destination has no such property";
}

static bool is_local(struct text name) { return name.len >= 6 && memcmp(name.s, "local/", 6) == 0; }

static void parse_model(struct change *o, struct words *w) {
  struct text word;
  o->kind = CHANGE_DESTINATION;
  o->name = words_want(w);
  o->model = scenario_model(is_local(o->name) ? CHANNEL_LOCAL : CHANNEL_REMOTE);
  while (words_next(w, &word)) parse_property(&o->model, word, w);
  if (!w->error && o->model.defer + o->model.fail + o->model.slower > 100)
    w->error = "defer, fail and slower are over 100 percent together";
}

/* ---- send ... */

static bool add_pattern(struct load *l, struct text word) {
  struct text *grown = reallocarray(l->to, l->to_count + 1, sizeof *grown);
  if (!grown) return false;
  l->to = grown;
  l->to[l->to_count++] = word;
  return true;
}

/* A recipient's length is bounded by the envelope; numbers make it longer. */
static void check_address(struct text word, struct words *w) {
  if (!w->error && (word.len + 20 > ENVELOPE_ADDRESS_MAX || !address_is_clean(word)))
    w->error = "an address is too long, or holds a control octet";
}

static void parse_recipients(struct load *l, struct words *w) {
  struct text word;
  while (words_next(w, &word)) {
    check_address(word, w);
    if (!w->error && !add_pattern(l, word)) w->error = no_memory;
  }
  if (!w->error && l->to_count == 0) w->error = "nobody gets it";
}

static void parse_part(struct load *l, struct text word, struct words *w) {
  if (is(word, "count")) l->count = words_number(w);
  else if (is(word, "every")) l->gap_us = words_time(w);
  else if (is(word, "about")) l->gap_us = words_time(w), l->random = true;
  else if (is(word, "size")) l->size = words_number(w);
  else if (is(word, "recipients")) l->recipients = words_number(w);
  else if (is(word, "from")) l->from = words_want(w);
  else if (is(word, "to")) parse_recipients(l, w);
  else w->error = "send has no such part";
}

static void parse_load(struct load *l, struct words *w) {
  struct text word;
  *l = (struct load){.at_us = l->at_us, .count = 1, .size = SIZE_DEFAULT};
  while (words_next(w, &word)) parse_part(l, word, w);
  if (is(l->from, "<>")) l->from.len = 0;
  check_address(l->from, w);
  if (!w->error && (!l->from.s || !l->to)) w->error = "send needs from and to";
  if (!l->recipients) l->recipients = l->to_count;
  if (!w->error && l->recipients > ENVELOPE_RECIPIENTS_MAX) w->error = "a message has too many recipients";
  if (!w->error && l->size > SIZE_MAX_OCTETS) w->error = "a message is too large";
}

/* ---- the other lines */

static void parse_setting(struct change *o, struct words *w) {
  struct text name = words_want(w);
  o->kind = CHANGE_SET;
  o->value = words_rest(w);
  for (unsigned i = 0; i < CONTROL_COUNT; i++)
    if (is(name, control_table[i].name)) {
      o->setting = (enum control_name)i;
      return;
    }
  if (!w->error) w->error = "there is no control file of this name";
}

static void parse_hold(struct change *o, enum change_kind kind, struct words *w) {
  o->kind = kind;
  o->name = words_want(w);
}

/* False: word begins no change. */
static bool parse_change(struct change *o, struct text word, struct words *w) {
  if (is(word, "set")) parse_setting(o, w);
  else if (is(word, "destination")) parse_model(o, w);
  else if (is(word, "hold")) parse_hold(o, CHANGE_HOLD, w);
  else if (is(word, "release")) parse_hold(o, CHANGE_RELEASE, w);
  else if (is(word, "flush")) o->kind = CHANGE_FLUSH;
  else if (is(word, "restart")) o->kind = CHANGE_RESTART;
  else return false;
  return true;
}

static void add_load(struct scenario *s, uint64_t at_us, struct words *w) {
  struct load l = {.at_us = at_us};
  parse_load(&l, w);
  struct load *grown = w->error ? NULL : reallocarray(s->loads, s->load_count + 1, sizeof *grown);
  if (grown) {
    s->loads = grown;
    s->loads[s->load_count++] = l;
    return;
  }
  if (!w->error) w->error = no_memory;
  free(l.to);
}

static void add_change(struct scenario *s, const struct change *o, struct words *w) {
  struct change *grown = reallocarray(s->changes, s->change_count + 1, sizeof *grown);
  if (!grown) {
    w->error = no_memory;
    return;
  }
  s->changes = grown;
  size_t i = s->change_count++;
  for (; i && s->changes[i - 1].at_us > o->at_us; i--) s->changes[i] = s->changes[i - 1];
  s->changes[i] = *o;
}

/* "at T" may stand before everything but end. */
static void parse_line(struct scenario *s, struct words *w) {
  struct change o = {0};
  struct text word;
  if (!words_next(w, &word) || word.s[0] == '#') {
    w->rest.len = 0;
    return;
  }
  if (is(word, "end")) {
    s->end_us = words_time(w);
    return;
  }
  if (is(word, "at")) {
    o.at_us = words_time(w);
    word = words_want(w);
  }
  if (w->error) return;
  if (is(word, "send")) add_load(s, o.at_us, w);
  else if (parse_change(&o, word, w)) add_change(s, &o, w);
  else w->error = "it begins with none of send, destination, set, hold, release, flush, restart, at, end";
}

static int fail(struct scenario *s, size_t line, const char *why) {
  stralloc_zero(&s->error);
  if (stralloc_cats(&s->error, "line ") && text_cat_uint(&s->error, line) == 0 &&
      stralloc_cats(&s->error, ": ") && stralloc_cats(&s->error, why))
    (void)!stralloc_0(&s->error);
  return -1;
}

int scenario_parse(struct scenario *s, struct text octets) {
  size_t line = 0;
  *s = (struct scenario){.end_us = UINT64_MAX};
  if (!stralloc_ready(&s->error, ERROR_MAX) || text_cat(&s->octets, octets) == -1) return fail(s, line, no_memory);
  for (struct text rest = text_of_stralloc(&s->octets), end; rest.len; rest = end) {
    const char *newline = memchr(rest.s, '\n', rest.len);
    size_t len = newline ? (size_t)(newline - rest.s) : rest.len;
    struct words w = {.rest = {rest.s, len}};
    end = newline ? (struct text){newline + 1, rest.len - len - 1} : (struct text){rest.s + len, 0};
    line++;
    parse_line(s, &w);
    if (!w.error && words_rest(&w).len) w.error = "there is more on it than belongs there";
    if (w.error) return fail(s, line, w.error);
  }
  return 0;
}

void scenario_free(struct scenario *s) {
  for (size_t i = 0; i < s->load_count; i++) free(s->loads[i].to);
  free(s->loads);
  free(s->changes);
  stralloc_free(&s->octets);
  stralloc_free(&s->error);
  *s = (struct scenario){0};
}

/* ---- addresses */

/* What stands in braces at the start of t: its length with them, or 0. */
static size_t take_braces(struct text t, uint64_t *modulus) {
  const char *end = t.len && t.s[0] == '{' ? memchr(t.s, '}', t.len) : NULL;
  if (!end) return 0;
  struct text inside = {t.s + 1, (size_t)(end - t.s) - 1};
  *modulus = 0;
  if (inside.len && (text_uint(inside, modulus) == -1 || *modulus == 0)) return 0;
  return inside.len + 2;
}

int scenario_cat_address(stralloc *out, struct text pattern, uint64_t number) {
  uint64_t modulus;
  while (pattern.len) {
    size_t used = take_braces(pattern, &modulus);
    int r = used ? text_cat_uint(out, modulus ? number % modulus : number) : text_cat(out, (struct text){pattern.s, 1});
    if (r == -1) return -1;
    if (!used) used = 1;
    pattern.s += used;
    pattern.len -= used;
  }
  return 0;
}
