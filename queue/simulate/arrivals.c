#include "config.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "queue/simulate/simulation.h"

static const char header[] = "Subject: simulation\n\n";
enum { LINE_OCTETS = 72 };

/* ---- one message */

static bool make_body(stralloc *body, uint64_t size) {
  if (body->len == 0 && !stralloc_copys(body, header)) return false;
  while (body->len < size)
    if (!stralloc_append(body, body->len % LINE_OCTETS == 0 ? "\n" : "x")) return false;
  return true;
}

static int count_sent(struct simulation *s, const struct envelope *e) {
  struct figures *sender = figures_named(&s->senders, e->sender, false);
  if (!sender) return -1;
  sender->sent += e->recipient_count;
  for (size_t i = 0; i < e->recipient_count; i++) {
    struct figures *to = simulation_destination(s, e->recipients[i].address);
    if (!to) return -1;
    to->sent++;
  }
  return 0;
}

static int put(struct simulation *s, struct envelope *e, uint64_t size) {
  struct queueid id;
  unsigned char octets[10];
  if (!make_body(&s->body, size)) return simulation_fail(s, "a message", "out of memory");
  struct text body = text_of_stralloc(&s->body);
  if (size >= sizeof header - 1) body.len = size;
  e->arrival_us = s->wall_us;
  chance_octets(&s->chance, octets);
  /* numbers in the log differ, as those of real messages do */
  s->last_id_us = s->wall_us > s->last_id_us ? s->wall_us : s->last_id_us + 1;
  queueid_from(&id, s->last_id_us, octets);
  if (privatequeue_put(&s->store, &id, e, body) == -1) return simulation_fail(s, "a message", strerror(errno));
  if (count_sent(s, e) == -1) return simulation_fail(s, "a message", "out of memory");
  runner_found(&s->runner, &id);
  s->message_count++;
  return 0;
}

/* ---- loads */

int arrivals_begin(struct simulation *s) {
  size_t count = s->scenario->load_count;
  s->next_us = calloc(count + 1, sizeof *s->next_us);
  s->messages = calloc(count + 1, sizeof *s->messages);
  if (!s->next_us || !s->messages) return simulation_fail(s, "the loads", "out of memory");
  for (size_t i = 0; i < count; i++)
    s->next_us[i] = s->scenario->loads[i].count ? s->scenario->loads[i].at_us : UINT64_MAX;
  return 0;
}

/* Addresses stand one after the other in octets. */
static bool cat_one(stralloc *octets, struct text pattern, uint64_t number, struct text *out) {
  size_t start = octets->len;
  if (scenario_cat_address(octets, pattern, number) == -1) return false;
  *out = (struct text){NULL, octets->len - start};
  return true;
}

static void point_into(const stralloc *octets, struct text *t, size_t *at) {
  t->s = octets->s + *at;
  *at += t->len;
}

static bool fill(struct envelope *e, stralloc *octets, const struct load *l, uint64_t message) {
  size_t at = 0;
  if (!stralloc_ready(octets, 1) || !cat_one(octets, l->from, message, &e->sender)) return false;
  for (uint64_t i = 0; i < l->recipients; i++) {
    uint64_t number = message * l->recipients + i;
    struct envelope_recipient *r = envelope_add(e);
    if (!r || !cat_one(octets, l->to[number % l->to_count], number / l->to_count, &r->address)) return false;
  }
  point_into(octets, &e->sender, &at);
  for (size_t i = 0; i < e->recipient_count; i++) point_into(octets, &e->recipients[i].address, &at);
  return true;
}

static int make_one(struct simulation *s, const struct load *l, uint64_t message) {
  struct envelope e = {0};
  stralloc octets = {0};
  int r = fill(&e, &octets, l, message) ? put(s, &e, l->size) : simulation_fail(s, "a message", "out of memory");
  envelope_free(&e);
  stralloc_free(&octets);
  return r;
}

static int make_due(struct simulation *s, size_t i) {
  const struct load *l = &s->scenario->loads[i];
  while (s->next_us[i] <= simulation_now_us(s)) {
    if (make_one(s, l, s->messages[i]++) == -1) return -1;
    s->next_us[i] += l->random ? chance_gap_us(&s->chance, l->gap_us) : l->gap_us;
    if (s->messages[i] == l->count) s->next_us[i] = UINT64_MAX;
  }
  return 0;
}

/* ---- the recording */

static uint64_t recorded_us(const struct simulation *s) {
  const struct recording *r = s->recording;
  return r && s->recorded < r->count ? r->messages[s->recorded].arrival_us - r->messages[0].arrival_us : UINT64_MAX;
}

static int make_recorded(struct simulation *s, const struct recorded *m) {
  struct envelope e = {.sender = m->sender};
  int r = 0;
  for (size_t i = 0; r == 0 && i < m->count; i++) {
    struct envelope_recipient *to = envelope_add(&e);
    if (to) to->address = s->recording->recipients[m->first + i].address;
    else r = simulation_fail(s, "a message", "out of memory");
  }
  if (r == 0) r = put(s, &e, m->size);
  envelope_free(&e);
  return r;
}

uint64_t arrivals_next_us(const struct simulation *s) {
  uint64_t next_us = recorded_us(s);
  for (size_t i = 0; i < s->scenario->load_count; i++)
    if (s->next_us[i] < next_us) next_us = s->next_us[i];
  return next_us;
}

int arrivals_make(struct simulation *s) {
  while (recorded_us(s) <= simulation_now_us(s))
    if (make_recorded(s, &s->recording->messages[s->recorded++]) == -1) return -1;
  for (size_t i = 0; i < s->scenario->load_count; i++)
    if (make_due(s, i) == -1) return -1;
  return 0;
}
