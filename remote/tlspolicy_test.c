#include "config.h"
#include "lib/unittest.h"
#include "remote/tlspolicy.h"

#define HEX16 "0123456789abcdef"
#define HEX64 HEX16 HEX16 HEX16 HEX16
#define HEX64_UPPER "0123456789ABCDEF" HEX16 HEX16 HEX16

static const struct {
  const char *value;
  bool is_good;
  enum tls_level level;
} values[] = {
  {"none", true, LEVEL_NONE},
  {"may", true, LEVEL_MAY},
  {" encrypt ", true, LEVEL_ENCRYPT},
  {"verify", true, LEVEL_VERIFY},
  {"verify names=mx.example.org,example.org", true, LEVEL_VERIFY},
  {"verify  minversion=1.3 ciphers=HIGH:!aNULL", true, LEVEL_VERIFY},
  {"fingerprint fingerprints=" HEX64, true, LEVEL_FINGERPRINT},
  {"fingerprint fingerprints=" HEX64 "," HEX64_UPPER " implicit", true, LEVEL_FINGERPRINT},
  {"dane nosts", true, LEVEL_DANE},
  {"sts nodane", true, LEVEL_STS},
  {"may nodane nosts implicit", true, LEVEL_MAY},
  {"", false, LEVEL_NONE},
  {"must", false, LEVEL_NONE},
  {"MAY", false, LEVEL_NONE},
  {"may encrypt", false, LEVEL_NONE},
  {"may names=a", false, LEVEL_NONE},
  {"verify names=", false, LEVEL_NONE},
  {"verify names=a,,b", false, LEVEL_NONE},
  {"verify names=a,b,c,d,e,f,g,h,i", false, LEVEL_NONE},
  {"verify minversion=1.1", false, LEVEL_NONE},
  {"verify ciphers=", false, LEVEL_NONE},
  {"verify cipher=HIGH", false, LEVEL_NONE},
  {"fingerprint", false, LEVEL_NONE},
  {"fingerprint fingerprints=", false, LEVEL_NONE},
  {"fingerprint fingerprints=" HEX16, false, LEVEL_NONE},
  {"fingerprint fingerprints=" HEX16 HEX16 HEX16 "0123456789abcdeg", false, LEVEL_NONE},
  {"verify fingerprints=" HEX64, false, LEVEL_NONE},
  {"dane nodane", false, LEVEL_NONE},
  {"sts nosts", false, LEVEL_NONE},
  {"none implicit", false, LEVEL_NONE},
};

static void reads_values(void **state) {
  (void)state;
  struct tlspolicy p;
  for (size_t i = 0; i < COUNT(values); i++) {
    print_message("%s\n", values[i].value);
    const char *wrong = tlspolicy_parse(&p, text_of(values[i].value));
    assert_int_equal(wrong == NULL, values[i].is_good);
    if (!wrong) assert_int_equal(p.level, values[i].level);
  }
}

static void fills_a_request(void **state) {
  (void)state;
  static struct tls_request r;
  struct tlspolicy p;
  assert_null(tlspolicy_parse(&p, text_of("verify names=a.example,b.example minversion=1.3 ciphers=HIGH:!aNULL")));
  assert_true(tlspolicy_put(&r, &p));
  assert_int_equal(r.names_count, 2);
  assert_string_equal(r.names[1], "b.example");
  assert_string_equal(r.minversion, "1.3");
  assert_string_equal(r.ciphers, "HIGH:!aNULL");
  assert_null(tlspolicy_parse(&p, text_of("fingerprint fingerprints=" HEX64_UPPER)));
  assert_true(tlspolicy_put(&r, &p));
  assert_int_equal(r.fingerprints_count, 1);
  assert_string_equal(r.fingerprints[0], HEX64);
}

static void finds_by_destination(void **state) {
  (void)state;
  struct list l;
  assert_int_equal(list_parse_map(&l, text_of("example.org:verify\n.example.org:encrypt\nb\xc3\xbc" "cher.example:dane\n[192.0.2.1]:none\n")), 0);
  assert_int_equal(tlspolicy_find(&l, text_of("Example.org")).level, LEVEL_VERIFY);
  assert_int_equal(tlspolicy_find(&l, text_of("example.org.")).level, LEVEL_VERIFY);
  assert_int_equal(tlspolicy_find(&l, text_of("mx.example.org")).level, LEVEL_ENCRYPT);
  assert_int_equal(tlspolicy_find(&l, text_of("xn--bcher-kva.example")).level, LEVEL_DANE);
  assert_int_equal(tlspolicy_find(&l, text_of("[192.0.2.1]")).level, LEVEL_NONE);
  assert_int_equal(tlspolicy_find(&l, text_of("example.com")).level, LEVEL_MAY);
  assert_false(tlspolicy_find(&l, text_of("example.com")).is_ours);
  assert_true(tlspolicy_find(&l, text_of("example.org")).is_ours);
  list_free(&l);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(reads_values),
    cmocka_unit_test(fills_a_request),
    cmocka_unit_test(finds_by_destination),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
