#include "config.h"
#include "remote/tlsreport/rua.h"
#include "lib/unittest.h"

static void records(void **state) {
  (void)state;
  static const struct {
    const char *records[3];
    bool counts;
    const char *addresses; /* a blank behind each */
    size_t others;
  } cases[] = {
    {{"v=TLSRPTv1; rua=mailto:reports@example.com"}, true, "reports@example.com ", 0},
    {{"v=TLSRPTv1;rua=mailto:a@b.test;"}, true, "a@b.test ", 0},
    {{"v=TLSRPTv1; rua=https://reporting.example.com/v1/tlsrpt"}, false, "", 1},
    {{"v=TLSRPTv1; rua=mailto:a@b.test , https://c.test/x,MAILTO:d@e.test"}, true, "a@b.test d@e.test ", 1},
    {{"v=TLSRPTv1; x=y; rua = mailto:a%2bb@c.test?subject=%0d"}, true, "a+b@c.test ", 0},
    {{"other", "v=TLSRPTv1; rua=mailto:a@b.test", "v=TLSRPTv2; rua=mailto:c@d.test"}, true, "a@b.test ", 0},
    {{"v=TLSRPTv1; rua=mailto:a@b.test", "v=TLSRPTv1; rua=mailto:a@b.test"}, false, "a@b.test a@b.test ", 0},
    {{"v=TLSRPTv1; rua="}, false, "", 1},
    {{"v=TLSRPTv1; rua"}, false, "", 0},
    {{"v=TLSRPTv1; "}, false, "", 0},
    {{"v=TLSRPTv1"}, false, "", 0},
    {{"v=tlsrptv1; rua=mailto:a@b.test"}, false, "", 0},
    {{"v=TLSRPTv1; rua=mailto:"}, false, "", 0},
    {{"v=TLSRPTv1; rua=mailto:a"}, false, "", 0},
    {{"v=TLSRPTv1; rua=mailto:@b.test"}, false, "", 0},
    {{"v=TLSRPTv1; rua=mailto:a@"}, false, "", 0},
    {{"v=TLSRPTv1; rua=mailto:a%0aBcc:x@b.test"}, false, "", 0},
    {{"v=TLSRPTv1; rua=mailto:a@b.test%3e"}, false, "", 0},
    {{"v=TLSRPTv1; rua=mailto:a%4@b.test"}, false, "", 0},
    {{"v=TLSRPTv1; rua=mailto:a@b.test%4"}, false, "", 0},
    {{"v=TLSRPTv1; rua=mailto:a@[127.0.0.1]"}, false, "", 0},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct rua r = {0};
    stralloc found = {0};
    for (size_t n = 0; n < 3 && cases[i].records[n]; n++) assert_int_equal(rua_add_record(&r, text_of(cases[i].records[n])), 0);
    for (size_t n = 0; n < r.count; n++)
      assert_true(stralloc_cat(&found, &r.addresses[n]) && stralloc_cats(&found, " "));
    if (rua_counts(&r) != cases[i].counts || r.others != cases[i].others || !text_equals(text_of_stralloc(&found), cases[i].addresses))
      fail_msg("%s: %d, %zu, %.*s", cases[i].records[0], rua_counts(&r), r.others, (int)found.len, found.s);
    stralloc_free(&found);
    rua_free(&r);
  }
}

static void a_list_has_an_end(void **state) {
  (void)state;
  char record[512] = "v=TLSRPTv1; rua=mailto:a@b.test";
  struct rua r = {0};
  for (int i = 0; i < 2 * RUA_MAX; i++) strcat(record, ",mailto:a@b.test");
  assert_int_equal(rua_add_record(&r, text_of(record)), 0);
  assert_true(rua_counts(&r));
  assert_int_equal(r.count, RUA_MAX);
  rua_free(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(records), cmocka_unit_test(a_list_has_an_end)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
