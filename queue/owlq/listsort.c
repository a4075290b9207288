#include "config.h"
#include "queue/owlq/listsort.h"
#include <stdlib.h>
#include <string.h>
#include "lib/room.h"
#include "queue/owlq/describe.h"

struct sort_entry {
  struct queueid id;
  uint64_t number;
  char *text; /* owned; NULL: by number */
};

const char sort_names[] = "arrival, age, next, size, sender, state or attempts";

bool sort_parse(const char *word, enum sort_key *key) {
  static const char *const names[SORTS] = {
    [SORT_ARRIVAL] = "arrival", [SORT_AGE] = "age",     [SORT_NEXT] = "next",        [SORT_SIZE] = "size",
    [SORT_SENDER] = "sender",   [SORT_STATE] = "state", [SORT_ATTEMPTS] = "attempts"};
  for (unsigned i = 0; i < SORTS; i++)
    if (strcmp(word, names[i]) == 0) return *key = (enum sort_key)i, true;
  return false;
}

static uint64_t most_attempts(const struct message *m) {
  uint64_t most = 0;
  for (size_t i = 0; m && i < m->file.envelope.recipient_count; i++)
    if (m->states[i].attempts > most) most = m->states[i].attempts;
  return most;
}

static uint64_t number_of(enum sort_key key, const struct selected *m) {
  switch (key) {
    case SORT_ARRIVAL:
    case SORT_AGE:
    case SORT_SENDER:
    case SORTS: break;
    case SORT_NEXT: return m->message ? describe_next(m->message) : UINT64_MAX;
    case SORT_SIZE: return m->octets;
    case SORT_STATE: return m->state;
    case SORT_ATTEMPTS: return most_attempts(m->message);
  }
  return 0;
}

static bool set_text(struct sort_entry *e, const struct selected *m) {
  struct text sender = m->message ? m->message->file.envelope.sender : text_of("");
  return (e->text = strndup(sender.len ? sender.s : "", sender.len));
}

int sorter_add(struct sorter *s, const struct selected *m) {
  if (room_make(&s->entries, s->count, &s->space, sizeof *s->entries, 64) == -1) return -1;
  struct sort_entry *e = &s->entries[s->count];
  *e = (struct sort_entry){.id = *m->id, .number = number_of(s->key, m)};
  if (s->key == SORT_SENDER && !set_text(e, m)) return -1;
  s->count++;
  return 0;
}

static int compare(const void *left, const void *right) {
  const struct sort_entry *a = left, *b = right;
  if (a->text) return strcasecmp(a->text, b->text);
  return (a->number > b->number) - (a->number < b->number);
}

static int compare_up(const void *a, const void *b) {
  int r = compare(a, b);
  return r ? r : strcmp(((const struct sort_entry *)a)->id.s, ((const struct sort_entry *)b)->id.s);
}

static int compare_down(const void *a, const void *b) {
  int r = compare(b, a);
  return r ? r : strcmp(((const struct sort_entry *)a)->id.s, ((const struct sort_entry *)b)->id.s);
}

int sorter_take(struct sorter *s, bool reverse, struct ids *out) {
  int r = 0;
  if (s->count) qsort(s->entries, s->count, sizeof *s->entries, reverse ? compare_down : compare_up);
  for (size_t i = 0; i < s->count; i++) {
    if (r == 0) r = ids_add(out, &s->entries[i].id);
    free(s->entries[i].text);
  }
  free(s->entries);
  *s = (struct sorter){0};
  return r;
}
