#include "config.h"
#include "queue/inject/recipients.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "lib/address.h"

enum inject_outcome injectrecipients_add(struct injectrecipients *r, struct text address, stralloc *why) {
  if (!address_is_clean(address))
    return inject_fail(why, INJECT_MALFORMED, "a control octet in the address ", address);
  if (address.len > ENVELOPE_ADDRESS_MAX)
    return inject_fail(why, INJECT_MALFORMED, "address too long: ", (struct text){address.s, 80});
  if (text_cat(&r->octets, address) == -1 || !stralloc_0(&r->octets)) return inject_no_memory(why);
  r->count++;
  return INJECT_OK;
}

enum inject_outcome injectrecipients_add_all(struct injectrecipients *r, const struct addrlist *l,
                                             const struct addrlist_completion *c, stralloc *why) {
  stralloc address = {0};
  enum inject_outcome o = INJECT_OK;
  for (size_t i = 0; i < l->count && o == INJECT_OK; i++) {
    if (l->mailboxes[i].null) continue;
    stralloc_zero(&address);
    if (addrlist_cat_address(&address, &l->mailboxes[i], c) == -1) o = inject_no_memory(why);
    else o = injectrecipients_add(r, text_of_stralloc(&address), why);
  }
  stralloc_free(&address);
  return o;
}

struct entry {
  struct text address;
  bool doubled;
};

static int compare_entries(const void *a, const void *b) {
  const struct entry *x = *(struct entry *const *)a, *y = *(struct entry *const *)b;
  struct text local[2], domain[2];
  address_split(x->address, &local[0], &domain[0]);
  address_split(y->address, &local[1], &domain[1]);
  if (local[0].len != local[1].len) return local[0].len < local[1].len ? -1 : 1;
  if (domain[0].len != domain[1].len) return domain[0].len < domain[1].len ? -1 : 1;
  int r = local[0].len ? memcmp(local[0].s, local[1].s, local[0].len) : 0;
  return r || domain[0].len == 0 ? r : strncasecmp(domain[0].s, domain[1].s, domain[0].len);
}

/* The address itself decides between doubles, so that the first found stays. */
static int compare_places(const void *a, const void *b) {
  const struct entry *x = *(struct entry *const *)a, *y = *(struct entry *const *)b;
  int r = compare_entries(a, b);
  return r ? r : (x > y) - (x < y);
}

static void mark_doubles(struct entry **sorted, size_t count) {
  qsort(sorted, count, sizeof *sorted, compare_places);
  for (size_t i = 1; i < count; i++)
    sorted[i]->doubled = compare_entries(&sorted[i - 1], &sorted[i]) == 0;
}

static void list_entries(const struct injectrecipients *r, struct entry *entries, struct entry **sorted) {
  const char *p = r->octets.s;
  for (size_t i = 0; i < r->count; i++) {
    entries[i] = (struct entry){text_of(p), false};
    sorted[i] = &entries[i];
    p += entries[i].address.len + 1;
  }
}

static int add_once(struct envelope *e, const struct entry *entries, size_t count, uint64_t notify) {
  for (size_t i = 0; i < count; i++) {
    if (entries[i].doubled) continue;
    struct envelope_recipient *added = envelope_add(e);
    if (!added) return -1;
    added->address = entries[i].address;
    added->notify = notify;
  }
  return 0;
}

int injectrecipients_fill(const struct injectrecipients *r, struct envelope *e, uint64_t notify) {
  struct entry *entries = calloc(r->count + 1, sizeof *entries);
  struct entry **sorted = calloc(r->count + 1, sizeof *sorted);
  int result = -1;
  if (entries && sorted) {
    list_entries(r, entries, sorted);
    mark_doubles(sorted, r->count);
    result = add_once(e, entries, r->count, notify);
  }
  free(sorted);
  free(entries);
  return result;
}

void injectrecipients_free(struct injectrecipients *r) {
  stralloc_free(&r->octets);
  *r = (struct injectrecipients){0};
}
