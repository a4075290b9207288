/* Whatever the octets: every value lies in the file, is a C string of its
 * length, an address is fit for the queue, and a folder may have its name. */
#include "config.h"
#include "local/instruction.h"
#include <stdlib.h>
#include <string.h>
#include "lib/address.h"
#include "lib/envelope.h"
#include "local/store/folder.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

static void check(bool holds) {
  if (!holds) abort();
}

static void check_value(const struct instructions *i, const struct instruction *one, bool forward_only) {
  struct text v = one->value;
  check(v.s >= i->octets.s && v.s + v.len < i->octets.s + i->octets.len);
  check(strlen(v.s) == v.len);
  if (one->kind == INSTRUCTION_FORWARD)
    check(v.len > 0 && v.len <= ENVELOPE_ADDRESS_MAX && address_is_clean(v));
  else
    check(!forward_only);
  if (one->is_folder)
    check(one->kind == INSTRUCTION_MAILDIR && !folder_fault(v));
  else if (one->kind == INSTRUCTION_MAILDIR)
    check(v.s[v.len - 1] == '/' && v.len <= INSTRUCTION_PATH_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  struct instructions i = {0};
  struct verdict v = {0};
  stralloc file = {0};
  bool forward_only = size && octets[0] & 1;
  check(stralloc_copyb(&file, (const char *)octets, size));
  if (instruction_parse(&i, &file, forward_only, ".qmail", &v) == 0)
    for (size_t n = 0; n < i.count; n++) check_value(&i, &i.list[n], forward_only);
  else
    check(v.class == RESULT_DEFERRAL);
  instructions_free(&i);
  verdict_free(&v);
  return 0;
}
