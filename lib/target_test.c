#include "config.h"
#include "lib/target.h"
#include "lib/unittest.h"

#define X10 "xxxxxxxxxx"
#define X100 X10 X10 X10 X10 X10 X10 X10 X10 X10 X10

struct target_case {
  const char *value, *host; /* host NULL: malformed */
  uint64_t port;
};

typedef int parse_fn(struct target *t, struct text value);

static void check(parse_fn *parse, const struct target_case *cases, size_t count) {
  for (size_t i = 0; i < count; i++) {
    struct target t;
    const struct target_case *x = &cases[i];
    int r = parse(&t, text_of(x->value));
    if (r != (x->host ? 0 : -1)) fail_msg("%s: %d", x->value, r);
    if (r == 0 && (!text_equals(t.host, x->host) || t.port != x->port))
      fail_msg("%s: %.*s port %u", x->value, (int)t.host.len, t.host.s, (unsigned)t.port);
  }
}

static void relays(void **state) {
  (void)state;
  static const struct target_case cases[] = {
    {"relay.example", "relay.example", 25},
    {"relay.example:", "relay.example", 25},
    {"relay.example:587", "relay.example", 587},
    {"", "", 25},
    {":587", "", 587},
    {"[2001:db8::1]", "[2001:db8::1]", 25},
    {"[2001:db8::1]:2525", "[2001:db8::1]", 2525},
    {"relay:0", NULL, 0},
    {"relay:65535", "relay", 65535},
    {"relay:65536", NULL, 0},
    {"relay:smtp", NULL, 0},
    {"relay:25:", NULL, 0},
    {"relay:25:5 joe", NULL, 0}, /* no user ":5" */
  };
  check(target_parse_relay, cases, COUNT(cases));
}

static void relays_to_log_in_at(void **state) {
  static const struct {
    const char *value, *host; /* host NULL: malformed */
    uint64_t port;
    const char *user, *password;
  } cases[] = {
    {"relay:587|joe|secret", "relay", 587, "joe", "secret"},
    {"relay;587|joe|secret", "relay", 587, "joe", "secret"},
    {"relay:587 joe secret", "relay", 587, "joe", "secret"},
    {"relay;587", "relay", 587, NULL, NULL},
    {"relay|joe|secret", "relay", 25, "joe", "secret"},
    {"relay \tjoe \t secret", "relay", 25, "joe", "secret"},
    {"[2001:db8::1]:587|joe@example|a b|c:d", "[2001:db8::1]", 587, "joe@example", "a b|c:d"},
    {"[2001:db8::1] joe s|e:c", "[2001:db8::1]", 25, "joe", "s|e:c"},
    {"relay:587|joe", NULL, 0, NULL, NULL},
    {"relay:587|joe|", NULL, 0, NULL, NULL},
    {"relay:587||secret", NULL, 0, NULL, NULL},
    {"relay:587 joe", NULL, 0, NULL, NULL},
    {"|joe|secret", NULL, 0, NULL, NULL},
    {"relay:smtp|joe|secret", NULL, 0, NULL, NULL},
    {"relay;65536", NULL, 0, NULL, NULL},
  };
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct target t;
    print_message("%s\n", cases[i].value);
    assert_int_equal(target_parse_relay(&t, text_of(cases[i].value)), cases[i].host ? 0 : -1);
    if (!cases[i].host) continue;
    assert_text(t.host, text_of(cases[i].host));
    assert_int_equal(t.port, cases[i].port);
    assert_text(t.user, cases[i].user ? text_of(cases[i].user) : TEXT_ABSENT);
    assert_text(t.password, cases[i].password ? text_of(cases[i].password) : TEXT_ABSENT);
  }
}

static void mailbox_servers(void **state) {
  (void)state;
  static const struct target_case cases[] = {
    {"store.example", "store.example", 24},
    {"store.example:", "store.example", 24},
    {"127.0.0.1:2424", "127.0.0.1", 2424},
    {"[::1]", "[::1]", 24},
    {"[::1]:2424", "[::1]", 2424},
    {"/run/dovecot/lmtp", "/run/dovecot/lmtp", 0},
    {"unix:/run/dovecot/lmtp", "/run/dovecot/lmtp", 0},
    {"/a:24", "/a:24", 0},
    {"unix:run/lmtp", NULL, 0},
    {"unix:", NULL, 0},
    {"/", NULL, 0},
    {"/with\ttab", NULL, 0},
    {"/" X100 "123456", "/" X100 "123456", 0},
    {"/" X100 "1234567", NULL, 0},
    {"", NULL, 0},
    {":24", NULL, 0},
    {"store:lmtp", NULL, 0},
    {"store:24:5 joe", NULL, 0},
    {"store:65536", NULL, 0},
    {X100 X100 X10 X10 X10 X10 X10 "12345", X100 X100 X10 X10 X10 X10 X10 "12345", 24},
    {X100 X100 X10 X10 X10 X10 X10 "123456", NULL, 0},
  };
  check(target_parse_lmtp, cases, COUNT(cases));
}

static void servers_of_qmtp(void **state) {
  (void)state;
  static const struct target_case cases[] = {
    {"host.example", "host.example", 209}, {"[::1]:2209", "[::1]", 2209}, {"", NULL, 0}, {":209", NULL, 0}, {"host:qmtp", NULL, 0},
  };
  check(target_parse_qmtp, cases, COUNT(cases));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(relays),
    cmocka_unit_test(relays_to_log_in_at),
    cmocka_unit_test(mailbox_servers),
    cmocka_unit_test(servers_of_qmtp),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
