#include "config.h"
#include "lib/pass.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/unittest.h"

enum { NOW = 1000, END = 2000 };

static const uint8_t key[PASS_KEY_OCTETS] = {1, 2, 3}, other_key[PASS_KEY_OCTETS] = {1, 2, 4};

static struct pass sample(void) {
  return (struct pass){.user = TEXT("joe@example.org"), .service = TEXT("pop3"), .client_address = TEXT("2001:db8::1"),
                       .expires_us = END, .has_account = true, .uid = 1000, .gid = 100, .home = TEXT("/home/joe")};
}

static void seal(stralloc *out, const struct pass *p) { assert_int_equal(pass_seal(out, key, p), 0); }

static void comes_back(void **state) {
  struct pass p = sample(), back;
  stralloc out = {0};
  (void)state;
  assert_true(stralloc_copys(&out, "before")); /* it is appended */
  seal(&out, &p);
  struct text sealed = {out.s + 6, out.len - 6};
  assert_int_equal(pass_open(&back, key, sealed, NOW), 0);
  assert_text(back.user, p.user);
  assert_text(back.service, p.service);
  assert_text(back.client_address, p.client_address);
  assert_text(back.home, p.home);
  assert_int_equal(back.expires_us, p.expires_us);
  assert_true(back.has_account);
  assert_int_equal(back.uid, p.uid);
  assert_int_equal(back.gid, p.gid);
  stralloc_free(&out);
}

static void assert_not_opened(const uint8_t *with, struct text sealed, uint64_t now, int error) {
  struct pass back;
  errno = 0;
  assert_int_equal(pass_open(&back, with, sealed, now), -1);
  assert_int_equal(errno, error);
  assert_int_equal(back.user.len, 0);
}

static void is_good_for_its_time(void **state) {
  struct pass p = sample(), back;
  stralloc out = {0};
  (void)state;
  seal(&out, &p);
  assert_int_equal(pass_open(&back, key, text_of_stralloc(&out), END - 1), 0);
  assert_not_opened(key, text_of_stralloc(&out), END, ETIME);
  stralloc_free(&out);
}

static void needs_its_key(void **state) {
  struct pass p = sample();
  stralloc out = {0};
  (void)state;
  seal(&out, &p);
  assert_not_opened(other_key, text_of_stralloc(&out), NOW, EBADMSG);
  stralloc_free(&out);
}

/* Every octet of it is sealed, and it is whole. */
static void cannot_be_changed(void **state) {
  struct pass p = sample();
  stralloc out = {0};
  (void)state;
  seal(&out, &p);
  for (size_t i = 0; i < out.len; i++) {
    out.s[i] ^= 1;
    assert_not_opened(key, text_of_stralloc(&out), NOW, EBADMSG);
    out.s[i] ^= 1;
    assert_not_opened(key, (struct text){out.s, i}, NOW, EBADMSG);
  }
  assert_true(stralloc_append(&out, "x"));
  assert_not_opened(key, text_of_stralloc(&out), NOW, EBADMSG);
  assert_not_opened(key, TEXT_ABSENT, NOW, EBADMSG);
  stralloc_free(&out);
}

static void is_for_somebody(void **state) {
  struct pass p[6];
  stralloc out = {0};
  (void)state;
  for (size_t i = 0; i < 6; i++) p[i] = sample();
  p[0].user = TEXT_ABSENT;
  p[1].user = text_of("");
  p[2].service = TEXT_ABSENT;
  p[3].expires_us = 0;
  p[4].home = TEXT_ABSENT;
  p[5].home = text_of("home/joe");
  for (size_t i = 0; i < 6; i++) {
    errno = 0;
    assert_int_equal(pass_seal(&out, key, &p[i]), -1);
    assert_int_equal(errno, EINVAL);
  }
  assert_int_equal(out.len, 0);
  stralloc_free(&out);
}

/* uid 0 is told, so that it can be refused. */
static void root_is_not_nobody(void **state) {
  struct pass p = sample(), back;
  stralloc out = {0};
  (void)state;
  p.uid = p.gid = 0;
  seal(&out, &p);
  assert_int_equal(pass_open(&back, key, text_of_stralloc(&out), NOW), 0);
  assert_true(back.has_account);
  assert_int_equal(back.uid, 0);
  stralloc_free(&out);
}

static void services_are_mailboxes(void **state) {
  (void)state;
  assert_true(pass_service(text_of("pop3")));
  assert_true(pass_service(text_of("imap")));
  assert_false(pass_service(text_of("smtp")));
  assert_false(pass_service(text_of("submission")));
  assert_false(pass_service(text_of("pop")));
  assert_false(pass_service(TEXT_ABSENT));
}

static void key_is_given(void **state) {
  uint8_t got[PASS_KEY_OCTETS];
  (void)state;
  assert_int_equal(pass_take_key(got), -1);
  assert_int_equal(errno, ENOENT);
  assert_int_equal(pass_give_key(key), 0);
  int fd = atoi(getenv("PASS_KEY_FD"));
  assert_int_equal(pass_take_key(got), 0);
  assert_memory_equal(got, key, PASS_KEY_OCTETS);
  assert_null(getenv("PASS_KEY_FD"));
  assert_int_equal(fcntl(fd, F_GETFD), -1);
  assert_int_equal(setenv("PASS_KEY_FD", "three", 1), 0);
  assert_int_equal(pass_take_key(got), -1);
  assert_int_equal(unsetenv("PASS_KEY_FD"), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(comes_back),
    cmocka_unit_test(is_good_for_its_time),
    cmocka_unit_test(needs_its_key),
    cmocka_unit_test(cannot_be_changed),
    cmocka_unit_test(is_for_somebody),
    cmocka_unit_test(root_is_not_nobody),
    cmocka_unit_test(services_are_mailboxes),
    cmocka_unit_test(key_is_given),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
