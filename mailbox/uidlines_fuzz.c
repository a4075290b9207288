/* What is read of a log, written anew, is read as the same. */
#include "config.h"
#include <stdint.h>
#include <stdlib.h>
#include "mailbox/uidlines.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

static void check(bool fact) {
  if (!fact) abort();
}

static void write_anew(stralloc *out, const struct uidlines *u) {
  check(uidlines_put_first(out, u->validity, u->next) == 0);
  for (size_t i = 0; i < u->roster.count; i++)
    if (!u->roster.entries[i].gone) check(uidlines_put_message(out, &u->roster, i) == 0);
}

static void compare(const struct uidlines *u, const struct uidlines *again) {
  size_t n = 0;
  check(again->wrong == 0 && again->validity == u->validity && again->next == u->next);
  for (size_t i = 0; i < u->roster.count; i++) {
    if (u->roster.entries[i].gone) continue;
    check(again->roster.entries[n].uid == u->roster.entries[i].uid);
    check(text_equal(roster_base(&again->roster, n), roster_base(&u->roster, i)));
    check(roster_find(&u->roster, roster_base(&u->roster, i)) == i);
    n++;
  }
  check(n == again->roster.count);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  struct text t = {size ? (const char *)octets : "", size};
  struct uidlines u = {0}, again = {0};
  stralloc out = {0};
  check(uidlines_read(&u, t) == 0 && u.read <= size);
  if (u.validity) {
    write_anew(&out, &u);
    check(uidlines_read(&again, text_of_stralloc(&out)) == 0 && again.read == out.len);
    compare(&u, &again);
  }
  uidlines_free(&u);
  uidlines_free(&again);
  stralloc_free(&out);
  return 0;
}
