#include "config.h"
#include "smtpd/doorkeeper/policy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "smtpd/doorkeeper/trace.h"

static struct settings settings;
static struct client client;

static int set_up(void **state) {
  (void)state;
  if (list_parse(&settings.rcpthosts, text_of("ok.example\n.sub.example\n[192.0.2.1]\n:colon\n")) == -1)
    return -1;
  return stralloc_copys(&settings.folder, "/nonexistent") && stralloc_0(&settings.folder) &&
             stralloc_copys(&settings.localiphost, "me.example") &&
             stralloc_copys(&client.local_address, "192.0.2.7") &&
             stralloc_copys(&client.address, "192.0.2.9")
           ? 0
           : -1;
}

static int tear_down(void **state) {
  (void)state;
  settings_free(&settings);
  client_free(&client);
  return 0;
}

static const struct {
  const char *address;
  bool may;
} relays[] = {
  {"a@ok.example", true},
  {"a@OK.Example", true},
  {"a@x.sub.example", true},
  {"a@x.y.sub.example", true},
  {"a@[192.0.2.1]", true},
  {"postmaster", true},
  {"a@sub.example", false},
  {"a@x.ok.example", false},
  {"a@notok.example", false},
  {"a@evil.example", false},
  {"a@ok.example@evil.example", false},
  {"a@", false},
  {"a@[192.0.2.2]", false},
  {"evil.example!a@ok.example", true}, /* the local part is not our business */
};

static void only_rcpthosts_are_relayed_for(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof relays / sizeof relays[0]; i++)
    if (policy_may_relay(&settings, text_of(relays[i].address), NULL) != relays[i].may)
      fail_msg("%s", relays[i].address);
}

static void nobody_is_relayed_for_without_rcpthosts(void **state) {
  struct settings none = {.folder = settings.folder};
  (void)state;
  assert_false(policy_may_relay(&none, text_of("a@ok.example"), NULL));
  none.relayclient = text_of("");
  assert_true(policy_may_relay(&none, text_of("a@ok.example"), NULL));
}

static void assert_address(const char *recipient, const char *expected) {
  stralloc out = {0};
  assert_int_equal(policy_address(&settings, &client, text_of(recipient), &out), 0);
  if (!text_equals(text_of_stralloc(&out), expected)) fail_msg("%s: %.*s", recipient, (int)out.len, out.s);
  stralloc_free(&out);
}

static void addresses_are_rewritten(void **state) {
  (void)state;
  assert_address("a@b.example", "a@b.example");
  assert_address("a@[192.0.2.7]", "a@me.example");
  assert_address("a@[192.0.2.8]", "a@[192.0.2.8]");
  assert_address("a@[]", "a@[]");
  settings.relayclient = text_of("@fix.example");
  assert_address("a@b", "a@b@fix.example");
  settings.relayclient = TEXT_ABSENT;
}

static void assert_trace(const char *helo, const char *expected) {
  stralloc out = {0};
  assert_int_equal(trace_cat(&out, &client, text_of(helo), text_of("ESMTP"), text_of("me.example"), 1700000000123456, NULL, 0), 0);
  if (!text_equals(text_of_stralloc(&out), expected)) fail_msg("%.*s", (int)out.len, out.s);
  stralloc_free(&out);
}

static void trace_fields_cannot_be_forged(void **state) {
  (void)state;
  assert_trace("h.example", "Received: from h.example ([192.0.2.9])\n"
                            "  by me.example with ESMTP id 1700000000123456; 1 Jan 1970 00:00:00 -0000\n");
  assert_trace("h (x [192.0.2.1])\n by; evil\xff",
               "Received: from h??x?[192.0.2.1]???by??evil? ([192.0.2.9])\n"
               "  by me.example with ESMTP id 1700000000123456; 1 Jan 1970 00:00:00 -0000\n");
  assert_true(stralloc_copys(&client.name, "r.example"));
  assert_true(stralloc_copys(&client.address, "2001:db8::1"));
  assert_true(stralloc_copys(&client.login, "bob+x@example.org)\n (y"));
  assert_trace("h", "Received: from h (r.example [IPv6:2001:db8::1])\n"
                    "  by me.example with ESMTP (user bob+x@example.org????y) id 1700000000123456; 1 Jan 1970 00:00:00 -0000\n");
  stralloc_zero(&client.login);
  assert_trace("[192.0.2.9]", "Received: from [192.0.2.9] (r.example [IPv6:2001:db8::1])\n"
                              "  by me.example with ESMTP id 1700000000123456; 1 Jan 1970 00:00:00 -0000\n");
}

static void clients_come_from_the_environment(void **state) {
  struct client c;
  const struct client_ends nowhere = {0};
  (void)state;
  setenv("TCPREMOTEIP", "198.51.100.1", 1);
  setenv("TCPREMOTEPORT", "1234", 1);
  setenv("TCPREMOTEHOST", "a\nb", 1);
  assert_int_equal(client_find(&c, &nowhere), 0);
  assert_true(text_equals(text_of_stralloc(&c.address), "198.51.100.1"));
  assert_true(text_equals(text_of_stralloc(&c.name), "a?b"));
  assert_int_equal(c.port, 1234);
  client_free(&c);
  setenv("TCPREMOTEIP", "1.2.3.4)\nX: y", 1);
  setenv("TCPREMOTEPORT", "66000", 1);
  assert_int_equal(client_find(&c, &nowhere), 0);
  assert_int_equal(c.address.len, 0);
  assert_int_equal(c.port, 0);
  client_free(&c);
  unsetenv("TCPREMOTEIP");
  setenv("TCP6REMOTEIP", "2001:db8::2", 1);
  assert_int_equal(client_find(&c, &nowhere), 0);
  assert_true(text_equals(text_of_stralloc(&c.address), "2001:db8::2"));
  client_free(&c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(only_rcpthosts_are_relayed_for),
    cmocka_unit_test(nobody_is_relayed_for_without_rcpthosts),
    cmocka_unit_test(addresses_are_rewritten),
    cmocka_unit_test(trace_fields_cannot_be_forged),
    cmocka_unit_test(clients_come_from_the_environment),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
