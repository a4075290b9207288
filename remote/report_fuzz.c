/* Whatever a program says, each recipient gets a valid result, and what we
 * would say of those results means the same. */
#include "config.h"
#include <stdlib.h>
#include <string.h>
#include "remote/report.h"

enum { RECIPIENTS = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len);

static void check(bool holds) {
  if (!holds) abort();
}

static void check_again(const struct verdict *v, size_t count) {
  struct verdict again[RECIPIENTS] = {0};
  stralloc report = {0};
  check(report_put(&report, v, count) == 0);
  report_read(again, count, text_of_stralloc(&report));
  for (size_t i = 0; i < count; i++) {
    check(again[i].class == v[i].class);
    verdict_free(&again[i]);
  }
  stralloc_free(&report);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len) {
  struct verdict v[RECIPIENTS] = {0};
  size_t count = len ? octets[0] % RECIPIENTS + 1u : 1;
  report_read(v, count, (struct text){(const char *)octets + (len > 0), len - (len > 0)});
  for (size_t i = 0; i < count; i++) {
    struct result r = verdict_result(&v[i]);
    check(result_is_valid(&r));
  }
  check_again(v, count);
  for (size_t i = 0; i < RECIPIENTS; i++) verdict_free(&v[i]);
  return 0;
}
