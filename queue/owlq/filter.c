#include "config.h"
#include "queue/owlq/filter.h"
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include "lib/address.h"
#include "queue/owlq/units.h"

static const char *const names[STATES] = {
  [STATE_NEW] = "new",       [STATE_WAITING] = "waiting", [STATE_HELD] = "held",
  [STATE_FAILED] = "failed", [STATE_BAD] = "bad"};

const char *state_name(enum queue_state s) { return names[s]; }

enum queue_state state_of(const struct message *m) {
  if (m->waiting == 0) return STATE_FAILED;
  if (m->held) return STATE_HELD;
  return m->has_log ? STATE_WAITING : STATE_NEW;
}

/* ---- the command line */

static enum filter_taken wrong(struct filter *f, const char *option, const char *value, const char *why) {
  stralloc_zero(&f->error);
  if (!stralloc_cats(&f->error, option) || !stralloc_cats(&f->error, " ") ||
      !stralloc_cats(&f->error, value) || !stralloc_cats(&f->error, ": ") ||
      !stralloc_cats(&f->error, why) || !stralloc_0(&f->error))
    stralloc_free(&f->error);
  return FILTER_WRONG;
}

const char *filter_error(const struct filter *f) { return f->error.s ? f->error.s : "out of memory"; }

static bool add_word(struct filter_words *w, const char *word) {
  const char **grown = reallocarray(w->words, w->count + 1, sizeof *grown);
  if (!grown) return false;
  w->words = grown;
  w->words[w->count++] = word;
  return true;
}

static enum filter_taken take_word(struct filter *f, struct filter_words *w, const char *option,
                                   const char *value) {
  if (!*value && w != &f->senders) return wrong(f, option, value, "this is empty");
  return add_word(w, value) ? FILTER_TAKEN : wrong(f, option, value, "out of memory");
}

static enum filter_taken take_seconds(struct filter *f, const char *option, const char *value, bool *has,
                                      uint64_t *seconds) {
  if (!units_seconds(value, seconds)) return wrong(f, option, value, "this is no time, as 45, 90m or 2d3h");
  *has = true;
  return FILTER_TAKEN;
}

static enum filter_taken take_octets(struct filter *f, const char *option, const char *value, bool *has,
                                     uint64_t *octets) {
  if (!units_octets(value, octets)) return wrong(f, option, value, "this is no size, as 1000, 512k or 10M");
  *has = true;
  return FILTER_TAKEN;
}

static enum filter_taken take_states(struct filter *f, const char *option, const char *value) {
  for (const char *at = value;; at++) {
    size_t len = strcspn(at, ",");
    unsigned s = 0;
    while (s < STATES && !text_equals((struct text){at, len}, names[s])) s++;
    if (s == STATES) return wrong(f, option, value, "states are new, waiting, held, failed and bad");
    f->states |= 1u << s;
    at += len;
    if (!*at) return FILTER_TAKEN;
  }
}

enum option { SENDER, RECIPIENT, DESTINATION, OLDER, NEWER, LARGER, SMALLER, STATE, OPTIONS };

static const char *const options[OPTIONS] = {
  [SENDER] = "--sender",          [RECIPIENT] = "--recipient",   [DESTINATION] = "--destination",
  [OLDER] = "--older-than",       [NEWER] = "--newer-than",      [LARGER] = "--larger-than",
  [SMALLER] = "--smaller-than",   [STATE] = "--state"};

static enum filter_taken take_value(struct filter *f, enum option o, const char *value) {
  switch (o) {
    case SENDER: return take_word(f, &f->senders, options[o], value);
    case RECIPIENT: return take_word(f, &f->recipients, options[o], value);
    case DESTINATION: return take_word(f, &f->destinations, options[o], value);
    case OLDER: return take_seconds(f, options[o], value, &f->has_older, &f->older_s);
    case NEWER: return take_seconds(f, options[o], value, &f->has_newer, &f->newer_s);
    case LARGER: return take_octets(f, options[o], value, &f->has_larger, &f->larger_octets);
    case SMALLER: return take_octets(f, options[o], value, &f->has_smaller, &f->smaller_octets);
    case STATE: return take_states(f, options[o], value);
    case OPTIONS: break;
  }
  return FILTER_NOT_MINE;
}

static enum filter_taken take_option(struct filter *f, int argc, char **argv, int *at) {
  const char *word = argv[*at];
  size_t len = strcspn(word, "=");
  unsigned o = 0;
  while (o < OPTIONS && !text_equals((struct text){word, len}, options[o])) o++;
  if (o == OPTIONS) return FILTER_NOT_MINE;
  if (!word[len] && *at + 1 == argc) return wrong(f, word, "", "a value is missing");
  const char *value = word[len] ? word + len + 1 : argv[*at + 1];
  enum filter_taken taken = take_value(f, (enum option)o, value);
  if (taken == FILTER_TAKEN) *at += word[len] ? 1 : 2;
  return taken;
}

static enum filter_taken take_rest(struct filter *f, int argc, char **argv, int *at) {
  while (++*at < argc)
    if (!add_word(&f->ids, argv[*at])) return wrong(f, "id", argv[*at], "out of memory");
  return FILTER_TAKEN;
}

enum filter_taken filter_take(struct filter *f, int argc, char **argv, int *at) {
  const char *word = argv[*at];
  if (strcmp(word, "--") == 0) return take_rest(f, argc, argv, at);
  if (word[0] == '-') return take_option(f, argc, argv, at);
  enum filter_taken taken = take_word(f, &f->ids, "id", word);
  if (taken == FILTER_TAKEN) ++*at;
  return taken;
}

/* ---- what fits */

static bool matches(const char *pattern, struct text t) {
  if (text_equal_nocase(text_of(pattern), t)) return true; /* also user@[192.0.2.1] */
  if (!strpbrk(pattern, "*?[\\")) return false;
  stralloc word = {0};
  bool fits = text_cat(&word, t) == 0 && stralloc_0(&word) && fnmatch(pattern, word.s, FNM_CASEFOLD) == 0;
  stralloc_free(&word);
  return fits;
}

static struct text domain_of(struct text address) {
  struct text local, domain;
  return address_split(address, &local, &domain) ? domain : TEXT_ABSENT;
}

bool pattern_fits(const char *pattern, struct text address) {
  if (!*pattern || strcmp(pattern, "<>") == 0) return address.len == 0;
  if (*pattern == '@' && domain_of(address).s) return matches(pattern + 1, domain_of(address));
  return matches(pattern, address);
}

static bool any_pattern_fits(const struct filter_words *w, struct text address) {
  for (size_t i = 0; i < w->count; i++)
    if (pattern_fits(w->words[i], address)) return true;
  return false;
}

/* route: where it last went, as the log has it; absent before the first deferral. */
static bool any_destination_fits(const struct filter_words *w, struct text address, struct text route) {
  struct text domain = domain_of(address);
  for (size_t i = 0; i < w->count; i++)
    if ((domain.s && matches(w->words[i], domain)) || (route.s && matches(w->words[i], route))) return true;
  return false;
}

static bool recipients_fit(const struct filter *f, const struct message *m) {
  const struct filter_words *r = &f->recipients, *d = &f->destinations;
  if (!r->count && !d->count) return true;
  for (size_t i = 0; i < m->file.envelope.recipient_count; i++) {
    struct text address = m->file.envelope.recipients[i].address;
    if (m->states[i].progress != RECIPIENT_DONE && (!r->count || any_pattern_fits(r, address)) &&
        (!d->count || any_destination_fits(d, address, m->states[i].last.route)))
      return true;
  }
  return false;
}

static bool numbers_fit(const struct filter *f, uint64_t arrival_us, uint64_t octets, uint64_t now_us) {
  uint64_t age_s = now_us > arrival_us ? (now_us - arrival_us) / 1000000u : 0;
  return (!f->has_older || age_s >= f->older_s) && (!f->has_newer || age_s < f->newer_s) &&
         (!f->has_larger || octets > f->larger_octets) && (!f->has_smaller || octets < f->smaller_octets);
}

bool filter_is_empty(const struct filter *f) { return f->ids.count == 0 && !filter_needs_messages(f); }

bool filter_needs_messages(const struct filter *f) {
  return f->senders.count || f->recipients.count || f->destinations.count || f->has_older || f->has_newer ||
         f->has_larger || f->has_smaller || f->states;
}

bool filter_wants(const struct filter *f, enum queue_state s) { return !f->states || f->states & 1u << s; }

bool filter_fits(const struct filter *f, const struct message *m, uint64_t now_us) {
  const struct envelope *e = &m->file.envelope;
  return filter_wants(f, state_of(m)) && numbers_fit(f, e->arrival_us, m->file.body_octets, now_us) &&
         (!f->senders.count || any_pattern_fits(&f->senders, e->sender)) && recipients_fit(f, m);
}

bool filter_fits_bad(const struct filter *f, uint64_t arrival_us, uint64_t octets, uint64_t now_us) {
  return filter_wants(f, STATE_BAD) && !f->senders.count && !f->recipients.count && !f->destinations.count &&
         numbers_fit(f, arrival_us, octets, now_us);
}

void filter_free(struct filter *f) {
  free(f->senders.words);
  free(f->recipients.words);
  free(f->destinations.words);
  free(f->ids.words);
  stralloc_free(&f->error);
  *f = (struct filter){0};
}
