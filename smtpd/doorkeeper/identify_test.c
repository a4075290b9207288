/* Clients that are named: PROXY and XCLIENT. */
#include "config.h"
#include "smtpd/doorkeeper/identify.h"
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

/* What a program is told, in the order of names[]; "-": nothing. */
static const char *const names[] = {"TCPREMOTEIP", "TCPREMOTEPORT", "TCPREMOTEHOST", "TCPREMOTEINFO",
                                    "TCPLOCALIP", "TCPLOCALPORT", "TCPLOCALHOST"};
enum { NAMES = sizeof names / sizeof names[0] };

#define ALL "198.51.100.7 9 proxy.example joe 192.0.2.2 25 mx.example"

static const struct {
  const char *label, *before;
  const char *address, *name, *login, *local_address; /* NULL: not said */
  unsigned port, local_port;
  const char *after;
} tellings[] = {
  {"LOGIN", ALL, NULL, NULL, "ann", NULL, 0, 0, ALL},
  {"PORT", ALL, NULL, NULL, NULL, NULL, 7, 0, "198.51.100.7 7 proxy.example joe 192.0.2.2 25 mx.example"},
  {"NAME", ALL, NULL, "far.example", NULL, NULL, 0, 0, "198.51.100.7 9 far.example joe 192.0.2.2 25 mx.example"},
  {"no NAME", ALL, NULL, "", NULL, NULL, 0, 0, "198.51.100.7 9 - joe 192.0.2.2 25 mx.example"},
  {"ADDR", ALL, "192.0.2.9", NULL, NULL, NULL, 7, 0, "192.0.2.9 7 - - 192.0.2.2 25 -"},
  {"ADDR NAME", ALL, "192.0.2.9", "far.example", NULL, NULL, 7, 0, "192.0.2.9 7 far.example - 192.0.2.2 25 -"},
  {"ADDR as before", ALL, "198.51.100.7", NULL, NULL, NULL, 7, 0, "198.51.100.7 7 - - 192.0.2.2 25 -"},
  {"no ADDR", ALL, "", NULL, NULL, NULL, 0, 0, "- - - - 192.0.2.2 25 -"},
  {"no ADDR, PORT", ALL, "", "far.example", NULL, NULL, 7, 0, "- - far.example - 192.0.2.2 25 -"},
  {"DESTADDR", ALL, NULL, NULL, NULL, "192.0.2.3", 0, 26, "198.51.100.7 9 proxy.example joe 192.0.2.3 26 -"},
  {"no DESTADDR", ALL, NULL, NULL, NULL, "", 0, 0, "198.51.100.7 9 proxy.example joe - - -"},
  {"no more is known", "198.51.100.7 9 - - - - -", NULL, NULL, "ann", NULL, 0, 0, "198.51.100.7 9 - - - - -"},
};

static void set_environment(const char *values) {
  struct text rest = text_of(values), value;
  for (size_t i = 0; i < NAMES && text_cut(&rest, ' ', &value); i++) {
    char copy[100];
    snprintf(copy, sizeof copy, "%.*s", (int)value.len, value.s);
    if (strcmp(copy, "-") == 0) unsetenv(names[i]);
    else setenv(names[i], copy, 1);
  }
}

static void assert_environment(const char *expected) {
  char values[400] = "";
  size_t len = 0;
  for (size_t i = 0; i < NAMES; i++) {
    const char *value = getenv(names[i]);
    len += (size_t)snprintf(values + len, sizeof values - len, "%s%s", i ? " " : "", value ? value : "-");
  }
  assert_string_equal(values, expected);
}

static struct text said(const char *s) { return s ? text_of(s) : TEXT_ABSENT; }

static void programs_are_told_of_the_client_that_is_named(void **state) {
  (void)state;
  believe("", "198.51.100.7");
  for (size_t i = 0; i < sizeof tellings / sizeof tellings[0]; i++) {
    struct door_request r = {.local_address = said(tellings[i].local_address), .local_port = tellings[i].local_port};
    struct client of_server;
    struct doorkeeper k;
    print_message("%s\n", tellings[i].label);
    r.envelope.client_address = said(tellings[i].address);
    r.envelope.client_name = said(tellings[i].name);
    r.envelope.auth_user = said(tellings[i].login);
    r.envelope.client_port = tellings[i].port;
    set_environment(tellings[i].before);
    assert_int_equal(client_find(&of_server, &(struct client_ends){0}), 0);
    doorkeeper_open(&k, &settings, &of_server, &clock_system, &silent);
    assert_int_equal(identify_xclient(&k, &r).answer.result.reply_code, 250);
    assert_environment(tellings[i].after);
    doorkeeper_close(&k);
    client_free(&of_server);
  }
  client_forget_environment();
  believe("", "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(strangers_name_no_client),
    cmocka_unit_test(a_client_is_named_once),
    cmocka_unit_test(who_has_no_place_has_no_session),
    cmocka_unit_test(a_name_that_is_none_ends_the_session),
    cmocka_unit_test(programs_are_told_of_the_client_that_is_named),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
