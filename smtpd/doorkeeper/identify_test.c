/* Clients that are named: PROXY and XCLIENT. */
#include "config.h"
#include "smtpd/doorkeeper/testtalker.h"

static struct door_request named(const char *address) {
  struct door_request r = {.local_address = text_of("192.0.2.2"), .local_port = 25};
  r.envelope.client_address = text_of(address);
  r.envelope.client_port = 1;
  return r;
}

static void believe(const char *proxies, const char *xclients) {
  assert_true(stralloc_copys(&client.address, *proxies ? "198.51.100.7" : ""));
  list_free(&settings.proxyclients);
  list_free(&settings.xclients);
  assert_int_equal(list_parse(&settings.proxyclients, text_of(proxies)), 0);
  assert_int_equal(list_parse(&settings.xclients, text_of(xclients)), 0);
}

static void strangers_name_no_client(void **state) {
  struct door_request r = named("192.0.2.9");
  int fd;
  (void)state;
  believe("198.51.101.0/24", "198.51.101.0/24");
  start();
  assert_int_equal(send_request(DOOR_PROXY, &r, &fd), 550);
  assert_int_equal(send_request(DOOR_XCLIENT, &r, &fd), 550);
  assert_int_equal(end(), DOORKEEPER_TALKER_LEFT);
  believe("", "");
}

static void a_client_is_named_once(void **state) {
  struct door_request r = named("192.0.2.9");
  int fd;
  (void)state;
  believe("0.0.0.0/0", "192.0.2.9");
  start();
  assert_int_equal(send_request(DOOR_PROXY, &r, &fd), 250);
  assert_int_equal(send_request(DOOR_PROXY, &r, &fd), 503);
  assert_int_equal(send_request(DOOR_XCLIENT, &r, &fd), 250); /* the named one may */
  assert_int_equal(send_request(DOOR_XCLIENT, &r, &fd), 503);
  assert_int_equal(end(), DOORKEEPER_TALKER_LEFT);
  believe("", "");
}

static bool move(void *context, const struct ip *address) {
  (void)context;
  return address->octets[3] != 9;
}

static void who_has_no_place_has_no_session(void **state) {
  static const struct place counted = {.move = move};
  struct door_request stays = named("192.0.2.8"), goes = named("192.0.2.9");
  int fd;
  (void)state;
  believe("0.0.0.0/0", "");
  place = &counted;
  start();
  assert_int_equal(send_request(DOOR_PROXY, &stays, &fd), 250);
  assert_int_equal(ask_mail("s@a.example"), 250);
  assert_int_equal(end(), DOORKEEPER_TALKER_LEFT);
  start();
  assert_int_equal(send_request(DOOR_PROXY, &goes, &fd), 421);
  assert_int_equal(ask_mail("s@a.example"), 0);
  assert_int_equal(end(), DOORKEEPER_MALFORMED);
  place = NULL;
  believe("", "");
}

static void a_name_that_is_none_ends_the_session(void **state) {
  static const char *const addresses[] = {"example.org", "1.2.3", "", "1.2.3.4 "};
  (void)state;
  believe("0.0.0.0/0", "");
  for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
    struct door_request r = named(addresses[i]);
    int fd;
    start();
    assert_int_equal(send_request(DOOR_PROXY, &r, &fd), 0);
    assert_int_equal(end(), DOORKEEPER_MALFORMED);
  }
  believe("", "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(strangers_name_no_client),
    cmocka_unit_test(a_client_is_named_once),
    cmocka_unit_test(who_has_no_place_has_no_session),
    cmocka_unit_test(a_name_that_is_none_ends_the_session),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
