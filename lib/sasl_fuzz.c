/* Any exchange, with answers that grant: what is asked keeps to its limits, and
 * nobody is let in who was not asked about. */
#include "config.h"
#include "lib/fuzz.h"
#include "lib/sasl.h"
#include "lib/utf8.h"

static void check_question(const struct sasl_question *q) {
  check(q->user.len <= SASL_USER_MAX && text_is_clean(q->user) && utf8_is_valid(q->user));
  check(q->attributes.len <= SASL_ATTRIBUTES_MAX && text_is_clean(q->attributes));
  check(q->binding.len <= SASL_BINDING_MAX && text_is_clean(q->binding));
  check(q->secret.len <= SASL_SECRET_MAX);
}

/* The name that SCRAM's client wrote is made again from what was read. */
static void check_name(const struct sasl_question *q, struct text message) {
  stralloc again = {0};
  if (!q->attributes.s || !q->user.s) return;
  check(text_cat(&again, q->binding) == 0 && stralloc_cats(&again, "n=") && sasl_cat_name(&again, q->user) == 0 &&
        stralloc_cats(&again, ",") && text_cat(&again, q->attributes) == 0);
  check(text_equal(text_of_stralloc(&again), message));
  stralloc_free(&again);
}

/* Names that are found are written as names that are found. */
static void check_names(struct text names) {
  stralloc again = {0};
  unsigned set = sasl_set(names);
  check(sasl_cat_set(&again, set) == 0 && sasl_set(text_of_stralloc(&again)) == set && set <= SASL_ALL);
  stralloc_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  struct text input = fuzz_input(octets, size), message = TEXT_ABSENT;
  struct sasl s = {.step = 0};
  enum sasl_mechanism m = (enum sasl_mechanism)(fuzz_choice(&input) % SASL_MECHANISM_COUNT);
  unsigned asked = 0;
  check_names(input);
  if (input.len && input.s[0] != '-') text_cut(&input, '\n', &message);
  enum sasl_next next = sasl_begin(&s, m, message);
  while (next == SASL_SEND || next == SASL_ASK) {
    if (next == SASL_SEND) {
      if (!text_cut(&input, '\n', &message)) break;
      next = sasl_take(&s, message);
      continue;
    }
    check_question(&s.question);
    check_name(&s.question, message);
    bool two_steps = m == SASL_CRAM_MD5 || m == SASL_SCRAM_SHA_256 || m == SASL_SCRAM_SHA_256_PLUS;
    next = sasl_answered(&s, true, two_steps && (asked == 0 || m != SASL_CRAM_MD5) ? text_of("challenge") : TEXT_ABSENT);
    asked++;
  }
  check(next != SASL_OVER || asked);
  sasl_free(&s);
  return 0;
}
