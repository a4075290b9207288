/* Answers one after the other, as far as they are whole: each lies in the input,
 * and makes a result that is valid. */
#include "config.h"
#include "lib/fuzz.h"
#include "remote/qmtpanswer.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  struct text in = fuzz_input(octets, size), answer;
  struct verdict v = {.class = RESULT_NONE};
  size_t taken;
  while (qmtpanswer_read(in, &answer, &taken) == QMTPANSWER_WHOLE) {
    check(answer.len > 0 && answer.len <= QMTPANSWER_OCTETS_MAX);
    check(answer.s > in.s && answer.s + answer.len < in.s + in.len && taken <= in.len);
    qmtpanswer_judge(&v, answer);
    struct result r = verdict_result(&v);
    check(result_is_valid(&r));
    in = (struct text){in.s + taken, in.len - taken};
  }
  verdict_free(&v);
  return 0;
}
