/* Other servers' files: their UIDs rise, and their UIDLs fit. */
#include "config.h"
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include "mailbox/takeover.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

static void check(bool fact) {
  if (!fact) abort();
}

static void check_order(struct text a, struct text b) {
  struct filename x, y;
  filename_read(&x, a);
  filename_read(&y, b);
  int order = filename_compare(&x, &y), reverse = filename_compare(&y, &x);
  check((order > 0) == (reverse < 0) && (order == 0) == text_equal(a, b));
}

static void check_roster(const struct roster *r) {
  for (size_t i = 0; i < r->count; i++) {
    check(i == 0 || r->entries[i].uid > r->entries[i - 1].uid);
    check(roster_base(r, i).len > 0 && roster_uidl(r, i).len <= ROSTER_UIDL_MAX);
    check(roster_find(r, roster_base(r, i)) == i);
    check_order(roster_base(r, i), roster_base(r, i ? i - 1 : 0));
  }
}

/* The first octet says whose file it is. */
int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  takeover_fn *const readers[] = {takeover_dovecot, takeover_courier_imap, takeover_courier_pop3};
  struct takeover t = {0};
  if (size == 0) return 0;
  check(readers[octets[0] % 3](&t, (struct text){(const char *)octets + 1, size - 1}) != -1);
  check_roster(&t.known);
  check_roster(&t.uidls);
  for (size_t i = 0; i < t.known.count; i++) check(takeover_uidl(&t, roster_base(&t.known, i)).len <= ROSTER_UIDL_MAX);
  takeover_free(&t);
  return 0;
}
