#include "config.h"
#include "smtpd/talker/xclient.h"
#include "lib/unittest.h"

static const struct {
  const char *in;
  enum xclient_status status;
  const char *name, *address, *login, *helo; /* NULL: not given */
  uint64_t port, local_port;
} cases[] = {
  {"NAME=spike.example ADDR=168.100.189.2", XCLIENT_OK, "spike.example", "168.100.189.2", NULL, NULL, 0, 0},
  {"name=[UNAVAILABLE] addr=IPv6:2001:db8::1 PORT=4711", XCLIENT_OK, "", "IPv6:2001:db8::1", NULL, NULL, 4711, 0},
  {"NAME=[TEMPUNAVAIL] ADDR=[unavailable]", XCLIENT_OK, "", "", NULL, NULL, 0, 0},
  {"LOGIN=joe+40example HELO=[UNAVAILABLE]", XCLIENT_OK, NULL, NULL, "joe@example", "", 0, 0},
  {"PORT=[UNAVAILABLE] DESTPORT=25 DESTADDR=::1 PROTO=ESMTP HELO=me", XCLIENT_OK, NULL, NULL, NULL, "me", 0, 25},
  {"", XCLIENT_MALFORMED, NULL, NULL, NULL, NULL, 0, 0},
  {"NAME", XCLIENT_MALFORMED, NULL, NULL, NULL, NULL, 0, 0},
  {"NAME=", XCLIENT_MALFORMED, NULL, NULL, NULL, NULL, 0, 0},
  {"ADDR=example.org", XCLIENT_MALFORMED, NULL, NULL, NULL, NULL, 0, 0},
  {"PORT=65536", XCLIENT_MALFORMED, NULL, NULL, NULL, NULL, 0, 0},
  {"PROTO=LMTP", XCLIENT_MALFORMED, NULL, NULL, NULL, NULL, 0, 0},
  {"NAME=a+0Ab", XCLIENT_MALFORMED, NULL, NULL, NULL, NULL, 0, 0},
  {"NAME=a+4", XCLIENT_MALFORMED, NULL, NULL, NULL, NULL, 0, 0},
  {"REMOTE=a", XCLIENT_MALFORMED, NULL, NULL, NULL, NULL, 0, 0},
};

static void assert_view(struct text t, const char *expected) {
  if (expected) assert_true(text_equals(t, expected));
  else assert_null(t.s);
}

static void arguments(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct xclient x;
    print_message("%s\n", cases[i].in);
    assert_int_equal(xclient_parse(&x, text_of(cases[i].in)), cases[i].status);
    if (cases[i].status == XCLIENT_OK) {
      assert_view(x.request.envelope.client_name, cases[i].name);
      assert_view(x.request.envelope.client_address, cases[i].address);
      assert_view(x.request.envelope.auth_user, cases[i].login);
      assert_view(x.helo, cases[i].helo);
      assert_int_equal(x.request.envelope.client_port, cases[i].port);
      assert_int_equal(x.request.local_port, cases[i].local_port);
    }
    xclient_free(&x);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(arguments)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
