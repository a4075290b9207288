/* Nothing is read beyond the octets, and a policy that is read allows what its
 * patterns say.  The first octet chooses: record, name, or policy. */
#include "config.h"
#include "lib/fuzz.h"
#include "lib/sts.h"
#include <string.h>

static void try_record(struct text in) {
  char id[STS_ID_MAX + 1];
  bool read = sts_record_id(id, in.s, in.len);
  check(!read || (sts_is_record(in.s, in.len) && strlen(id) > 0 && strlen(id) <= STS_ID_MAX));
  struct sts_records r = {0};
  sts_records_add(&r, in.s, in.len);
  check(sts_records_announce(&r) == read);
}

static void try_domain(struct text in) {
  char once[254], twice[254];
  if (!sts_domain(once, sizeof once, in.s, in.len)) return;
  check(once[0] != '.' && !strchr(once, '/') && !strstr(once, ".."));
  check(sts_domain(twice, sizeof twice, once, strlen(once)) && strcmp(once, twice) == 0);
}

static void try_policy(struct text in) {
  struct sts_policy p;
  const char *s;
  size_t len, count = 0;
  if (sts_policy_read(&p, in.s, in.len)) return;
  check(p.max_age_s <= STS_MAX_AGE_MAX && (p.mode == STS_NONE || p.mx_count > 0));
  for (size_t at = 0; sts_policy_next_mx(&p, &at, &s, &len); count++) {
    check(s >= in.s && s + len <= in.s + in.len && len > 0);
    if (s[0] != '*') check(sts_policy_allows(&p, s, len));
    else check(!sts_policy_allows(&p, s + 1, len - 1));
  }
  check(count == p.mx_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  struct text in = fuzz_input(octets, size);
  char *exact;
  unsigned choice = fuzz_choice(&in);
  check((exact = malloc(in.len + 1)) != NULL);
  if (in.len) memcpy(exact, in.s, in.len);
  exact = realloc(exact, in.len ? in.len : 1);
  in.s = exact;
  switch (choice) {
    case 'r': try_record(in); break;
    case 'd': try_domain(in); break;
    default: try_policy(in);
  }
  free(exact);
  return 0;
}
