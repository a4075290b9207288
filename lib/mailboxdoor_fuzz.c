/* The first octet is the frame's type.  What decodes encodes to the same, and no
 * octets that come without the key are a pass. */
#include "config.h"
#include "lib/fuzz.h"
#include "lib/mailboxdoor.h"

static const uint8_t key[PASS_KEY_OCTETS] = {7};

static void check_request(struct text payload) {
  struct mailboxdoor_request r, again;
  struct pass p;
  stralloc one = {0}, two = {0};
  if (mailboxdoor_read_request(&r, payload) == -1) return;
  check(text_is_clean(r.client_name) && text_is_clean(r.language));
  check(pass_open(&p, key, r.pass, 0) == -1);
  check(mailboxdoor_put_request(&one, &r) == 0);
  check(mailboxdoor_read_request(&again, text_of_stralloc(&one)) == 0);
  check(mailboxdoor_put_request(&two, &again) == 0);
  check(text_equal(text_of_stralloc(&one), text_of_stralloc(&two)));
  stralloc_free(&one);
  stralloc_free(&two);
}

static void check_answer(struct text payload) {
  struct result r, again;
  stralloc one = {0};
  if (mailboxdoor_read_answer(&r, payload) == -1) return;
  check(r.class != RESULT_NONE && text_is_clean(r.text));
  check(mailboxdoor_put_answer(&one, &r) == 0);
  check(mailboxdoor_read_answer(&again, text_of_stralloc(&one)) == 0);
  check(r.class == again.class && text_equal(r.text, again.text));
  stralloc_free(&one);
}

static void check_end(struct text payload) {
  struct mailboxdoor_end e, again;
  stralloc one = {0};
  if (mailboxdoor_read_end(&e, payload) == -1) return;
  check(text_is_clean(e.why) && e.why.len <= MAILBOXDOOR_WHY_MAX);
  check(mailboxdoor_put_end(&one, &e) == 0);
  check(mailboxdoor_read_end(&again, text_of_stralloc(&one)) == 0);
  check(e.seen == again.seen && e.sent == again.sent && text_equal(e.why, again.why));
  stralloc_free(&one);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  struct text payload = fuzz_input(octets, size);
  switch (fuzz_choice(&payload)) {
    case MAILBOXDOOR_OPEN: check_request(payload); break;
    case MAILBOXDOOR_ANSWER: check_answer(payload); break;
    case MAILBOXDOOR_END: check_end(payload); break;
  }
  return 0;
}
