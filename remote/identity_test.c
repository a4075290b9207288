#include "config.h"
#include "remote/identity.h"
#include <stdlib.h>
#include <string.h>
#include "lib/envelope.h"
#include "lib/testfolder.h"

#define NAMES "dest.example:dest.helo\n.sub.dest.example:sub.helo\n@customer.example:customer.helo\n@.customer.example:below.helo\nempty.example:\n"
#define ADDRESSES "dest.example:192.0.2.7\n@customer.example:2001:db8::2 192.0.2.8\nnone.example:\n"

static bool memory_is_out;

/* In place of libowfat's. */
int stralloc_ready(stralloc *s, size_t len) {
  if (s->s && s->a >= len) return 1;
  char *grown = memory_is_out ? NULL : realloc(s->s, len + 30);
  if (!grown) return 0;
  s->s = grown;
  s->a = len + 30;
  return 1;
}

int stralloc_readyplus(stralloc *s, size_t len) { return stralloc_ready(s, (s->s ? s->len : 0) + len); }

static int load(struct identities *s, const char *names, const char *address, const char *addresses) {
  struct control c;
  test_write("me", TEXT("me.example\n"), 0644);
  test_write("helohosts", text_of(names), 0644);
  test_write("outgoingip", text_of(address), 0644);
  test_write("outgoingips", text_of(addresses), 0644);
  setenv("OWLPOST_CONTROL", test_folder, 1);
  assert_int_equal(control_open(&c), 0);
  int r = identities_load(s, &c);
  control_free(&c);
  return r;
}

static const struct {
  const char *sender, *destination, *helohost, *four, *six; /* "" : the system chooses */
} cases[] = {
  {"a@other.example", "elsewhere.example", "me.example", "192.0.2.1", ""},
  {"a@other.example", "DEST.example", "dest.helo", "192.0.2.7", ""},
  {"a@other.example", "x.sub.dest.example", "sub.helo", "192.0.2.1", ""},
  {"a@customer.example", "elsewhere.example", "customer.helo", "192.0.2.8", "2001:db8::2"},
  {"a@customer.example", "dest.example", "customer.helo", "192.0.2.8", "2001:db8::2"},
  {"a@x.customer.example", "dest.example", "below.helo", "192.0.2.7", ""},
  {"a@dest.example", "elsewhere.example", "me.example", "192.0.2.1", ""},
  {"a@other.example", "empty.example", "me.example", "192.0.2.1", ""},
  {"a@other.example", "none.example", "me.example", "", ""},
  {"", "dest.example", "dest.helo", "192.0.2.7", ""},
  {"", "[192.0.2.9]", "me.example", "192.0.2.1", ""},
};

static void check_source(const struct sources *s, int family, const char *expected) {
  const struct ip *ip = sources_find(s, family);
  char text[IP_TEXT_MAX] = "";
  if (ip) ip_format(ip, text);
  assert_string_equal(text, expected);
}

static void by_sender_then_by_destination(void **state) {
  struct identities s;
  struct sources sources;
  (void)state;
  assert_int_equal(load(&s, NAMES, "192.0.2.1\n", ADDRESSES), 0);
  for (size_t i = 0; i < COUNT(cases); i++) {
    print_message("%s to %s\n", cases[i].sender, cases[i].destination);
    struct identity x = identity_find(&s, text_of(cases[i].sender), text_of(cases[i].destination));
    assert_text(x.helohost, text_of(cases[i].helohost));
    assert_true(identity_sources(&s, x.source, &sources));
    check_source(&sources, AF_INET, cases[i].four);
    check_source(&sources, AF_INET6, cases[i].six);
  }
  assert_false(identity_sources(&s, 4, &sources));
  assert_false(identity_sources(&s, UINT64_MAX, &sources));
  identities_free(&s);
}

/* The mail of one customer must not leave as another's. */
static void without_memory_the_identity_is_the_same(void **state) {
  struct identities s;
  (void)state;
  assert_int_equal(load(&s, NAMES, "192.0.2.1\n", ADDRESSES), 0);
  struct identity with = identity_find(&s, text_of("a@customer.example"), text_of("dest.example"));
  memory_is_out = true;
  struct identity x = identity_find(&s, text_of("a@customer.example"), text_of("dest.example"));
  struct identity below = identity_find(&s, text_of("a@x.customer.example"), text_of("dest.example"));
  memory_is_out = false;
  assert_text(x.helohost, text_of("customer.helo"));
  assert_true(identity_equal(&x, &with));
  assert_text(below.helohost, text_of("below.helo"));
  identities_free(&s);
}

static void a_domain_that_no_envelope_has_is_nobodys(void **state) {
  struct identities s;
  char sender[ENVELOPE_ADDRESS_MAX + 4];
  static const char end[] = ".customer.example";
  (void)state;
  assert_int_equal(load(&s, NAMES, "", ""), 0);
  memset(sender, 'x', sizeof sender);
  memcpy(sender, "a@", 2);
  memcpy(sender + sizeof sender - strlen(end), end, strlen(end));
  struct identity longest = identity_find(&s, (struct text){sender + 1, ENVELOPE_ADDRESS_MAX + 3}, text_of("c"));
  assert_text(longest.helohost, text_of("me.example"));
  longest = identity_find(&s, (struct text){sender, sizeof sender}, text_of("c"));
  assert_text(longest.helohost, text_of("me.example"));
  memcpy(sender + 2, "a@", 2);
  longest = identity_find(&s, (struct text){sender + 2, sizeof sender - 2}, text_of("c"));
  assert_text(longest.helohost, text_of("below.helo"));
  identities_free(&s);
}

static void without_settings_the_system_chooses(void **state) {
  struct identities s;
  struct sources sources;
  (void)state;
  assert_int_equal(load(&s, "", "", ""), 0);
  struct identity x = identity_find(&s, text_of("a@b"), text_of("c"));
  assert_int_equal(x.source, 0);
  assert_true(identity_sources(&s, 0, &sources));
  assert_int_equal(sources.count, 0);
  identities_free(&s);
}

static void what_is_no_address_is_an_error(void **state) {
  static const char *const bad[] = {"192.0.2", "192.0.2.1 192.0.2.2", "host.example", "::1 x"};
  struct identities s;
  char line[64];
  (void)state;
  for (size_t i = 0; i < COUNT(bad); i++) {
    assert_int_equal(load(&s, "", bad[i], ""), -1);
    identities_free(&s);
    snprintf(line, sizeof line, "a.example:%s\n", bad[i]);
    assert_int_equal(load(&s, "", "", line), -1);
    identities_free(&s);
  }
}

#define IN_FOLDER(TEST) cmocka_unit_test_setup_teardown(TEST, test_folder_make, test_folder_remove)

int main(void) {
  const struct CMUnitTest tests[] = {IN_FOLDER(by_sender_then_by_destination),
                                     IN_FOLDER(without_memory_the_identity_is_the_same),
                                     IN_FOLDER(a_domain_that_no_envelope_has_is_nobodys),
                                     IN_FOLDER(without_settings_the_system_chooses),
                                     IN_FOLDER(what_is_no_address_is_an_error)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
