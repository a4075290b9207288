#include "config.h"
#include "remote/mx.h"
#include <stdlib.h>
#include <string.h>

static int compare(const void *left, const void *right) {
  const struct mx *a = left, *b = right;
  if (a->preference != b->preference) return a->preference < b->preference ? -1 : 1;
  return a->order < b->order ? -1 : a->order > b->order;
}

static struct mx *worst(struct mx_set *set) {
  struct mx *w = set->hosts;
  for (size_t i = 1; i < set->count; i++)
    if (compare(&set->hosts[i], w) > 0) w = &set->hosts[i];
  return w;
}

void mx_add(struct mx_set *set, unsigned preference, struct text name, uint32_t random) {
  struct mx host = {preference, random, ""};
  set->records++;
  if (name.len == 0 || text_equals(name, ".")) {
    set->null = true;
    return;
  }
  if (name.len > MX_NAME_MAX) return;
  memcpy(host.name, name.s, name.len);
  if (set->count < MX_MAX)
    set->hosts[set->count++] = host;
  else if (compare(&host, worst(set)) < 0)
    *worst(set) = host;
}

bool mx_is_null(const struct mx_set *set) { return set->null && set->count == 0; }

void mx_sort(struct mx_set *set) { qsort(set->hosts, set->count, sizeof *set->hosts, compare); }

size_t mx_group_end(const struct mx_set *set, size_t begin) {
  size_t end = begin;
  while (end < set->count && set->hosts[end].preference == set->hosts[begin].preference) end++;
  return end;
}

static struct text without_dot(struct text t) {
  if (t.len && t.s[t.len - 1] == '.') t.len--;
  return t;
}

bool mx_same_name(struct text a, struct text b) {
  return text_equal_nocase(without_dot(a), without_dot(b));
}
