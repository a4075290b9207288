#include "config.h"
#include "lib/network.h"
#include "lib/testfolder.h"

static const struct {
  const char *network, *address;
  bool valid, has;
} cases[] = {
  {"192.0.2.0/24", "192.0.2.255", true, true},
  {"192.0.2.0/24", "192.0.3.0", true, false},
  {"192.0.2.1", "192.0.2.1", true, true},
  {"192.0.2.1", "192.0.2.2", true, false},
  {"192.0.2.1", "::ffff:192.0.2.1", true, true},
  {"0.0.0.0/0", "255.0.0.1", true, true},
  {"0.0.0.0/0", "::1", true, false},
  {"10.16.0.0/12", "10.31.255.255", true, true},
  {"10.16.0.0/12", "10.32.0.0", true, false},
  {"2001:db8::/33", "2001:db8:7fff::1", true, true},
  {"2001:db8::/33", "2001:db8:8000::1", true, false},
  {"[2001:db8::1]", "2001:db8::1", true, true},
  {"::/0", "2001:db8::1", true, true},
  {"192.0.2.1/24", "192.0.2.1", false, false},
  {"192.0.2.0/33", "192.0.2.0", false, false},
  {"2001:db8::/129", "2001:db8::", false, false},
  {"192.0.2.0/", "192.0.2.0", false, false},
  {"192.0.2.0/x", "192.0.2.0", false, false},
  {"example.org", "192.0.2.0", false, false},
  {"", "192.0.2.0", false, false},
};

static void networks_have_their_addresses(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct network n;
    struct ip ip;
    print_message("%s %s\n", cases[i].network, cases[i].address);
    assert_true(ip_parse_literal(&ip, text_of(cases[i].address), true));
    assert_int_equal(network_parse(&n, text_of(cases[i].network)), cases[i].valid);
    if (cases[i].valid) assert_int_equal(network_has(&n, &ip), cases[i].has);
  }
}

static void a_file_of_networks(void **state) {
  struct control c;
  struct list l;
  struct ip in, out;
  (void)state;
  setenv("OWLPOST_CONTROL", test_folder, 1);
  assert_int_equal(control_open(&c), 0);
  test_write("relayclients", text_of("# ours\n192.0.2.0/24\n::1\n"), 0644);
  assert_int_equal(network_load(&l, &c, CONTROL_RELAYCLIENTS), 0);
  assert_true(ip_parse_literal(&in, text_of("192.0.2.7"), true));
  assert_true(ip_parse_literal(&out, text_of("192.0.3.7"), true));
  assert_true(network_list_has(&l, &in));
  assert_false(network_list_has(&l, &out));
  list_free(&l);
  test_write("relayclients", text_of("192.0.2.0/24\nfriends\n"), 0644);
  assert_int_equal(network_load(&l, &c, CONTROL_RELAYCLIENTS), -1);
  assert_non_null(strstr(c.error.s, "relayclients: a line is no address"));
  control_free(&c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(networks_have_their_addresses),
    cmocka_unit_test_setup_teardown(a_file_of_networks, test_folder_make, test_folder_remove),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
