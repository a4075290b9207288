/* Requests and replies: what is read can be written, and is the same again. */
#include "config.h"
#include "lib/ctl.h"
#include "lib/ctlstats.h"
#include "lib/fuzz.h"

static void request(struct text payload) {
  struct ctl_request r, back;
  stralloc out = {0};
  if (ctl_read_request(&r, payload) == -1) return;
  check(text_is_clean(r.messages) && text_is_clean(r.destination) && ctl_put_request(&out, &r) == 0);
  check(ctl_read_request(&back, text_of_stralloc(&out)) == 0);
  struct queueid id;
  check(text_equal(back.messages, r.messages) && text_equal(back.destination, r.destination));
  for (size_t n = 0; n <= r.messages.len / QUEUEID_LENGTH; n++) (void)ctl_message(&r, n, &id);
  stralloc_free(&out);
}

static void reply(struct text payload) {
  struct ctl_reply r, back;
  stralloc out = {0};
  if (ctl_read_reply(&r, payload) == -1) return;
  check(text_is_clean(r.text) && ctl_put_reply(&out, &r) == 0);
  check(ctl_read_reply(&back, text_of_stralloc(&out)) == 0);
  check(back.active == r.active && text_equal(back.text, r.text));
  stralloc_free(&out);
}

static void statistics(struct text payload) {
  struct ctlstats_totals t, totals;
  struct ctlstats_destination d, back;
  stralloc out = {0};
  if (ctlstats_read_totals(&t, payload) == 0) {
    check(ctlstats_put_totals(&out, &t) == 0);
    check(ctlstats_read_totals(&totals, text_of_stralloc(&out)) == 0 && totals.taken == t.taken);
  }
  stralloc_zero(&out);
  if (ctlstats_read_destination(&d, payload) == 0) {
    check(text_is_clean(d.name) && text_is_clean(d.last_error) && ctlstats_put_destination(&out, &d) == 0);
    check(ctlstats_read_destination(&back, text_of_stralloc(&out)) == 0 && text_equal(back.name, d.name));
  }
  stralloc_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  request(fuzz_input(octets, size));
  reply(fuzz_input(octets, size));
  statistics(fuzz_input(octets, size));
  return 0;
}
