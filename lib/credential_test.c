#include "config.h"
#include "lib/credential.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/unittest.h"
#include "lib/unixsock.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OCTETS32 "\0\1\2\3\4\5\6\7\0\1\2\3\4\5\6\7\0\1\2\3\4\5\6\7\0\1\2\3\4\5\6\7"

static struct credential_request sample(void) {
  return (struct credential_request){
    .service = TEXT("submission"),
    .client_address = TEXT("2001:db8::1"),
    .local_address = TEXT("192.0.2.1"),
    .client_port = 40000,
    .local_port = 587,
    .tls = TEXT("TLSv1.3 TLS_AES_256_GCM_SHA384"),
    .mechanism = TEXT("SCRAM-SHA-256-PLUS"),
    .user = TEXT("joe@example.org"),
    .secret = TEXT("s\xc3\xa9same \x01"),
    .challenge = TEXT("<1.2@example.org>"),
    .response = TEXT("0123456789abcdef0123456789abcdef"),
    .auth_message = TEXT("n=joe,r=1,r=12,s=QQ==,i=4096,c=biws,r=12"),
    .proof = TEXT(OCTETS32),
    .certificate = TEXT(HEX64),
    .certificate_name = TEXT("joe.example.org"),
  };
}

static void requests_come_back(void **state) {
  (void)state;
  for (unsigned kind = CREDENTIAL_PASSWORD; kind <= CREDENTIAL_MECHANISMS; kind++) {
    struct credential_request r = sample(), back;
    stralloc out = {0};
    assert_int_equal(credential_put_request(&out, kind, &r), 0);
    assert_int_equal(credential_read_request(&back, kind, text_of_stralloc(&out)), 0);
    assert_text(back.service, r.service);
    assert_text(back.client_address, r.client_address);
    assert_text(back.local_address, r.local_address);
    assert_int_equal(back.client_port, r.client_port);
    assert_int_equal(back.local_port, r.local_port);
    assert_text(back.tls, r.tls);
    assert_text(back.mechanism, r.mechanism);
    assert_text(back.user, r.user);
    assert_text(back.secret, r.secret);
    assert_text(back.challenge, r.challenge);
    assert_text(back.response, r.response);
    assert_text(back.auth_message, r.auth_message);
    assert_text(back.proof, r.proof);
    assert_text(back.certificate, r.certificate);
    assert_text(back.certificate_name, r.certificate_name);
    stralloc_free(&out);
  }
}

#define NOBODY ((struct text){"", 0})
#define WITHOUT(KIND, MEMBER) {KIND, offsetof(struct credential_request, MEMBER), TEXT_ABSENT}
#define WITH(KIND, MEMBER, VALUE) {KIND, offsetof(struct credential_request, MEMBER), VALUE}

static void what_its_kind_does_not_allow_is_not_asked(void **state) {
  (void)state;
  const struct {
    unsigned kind;
    size_t member;
    struct text value;
  } malformed[] = {
    WITHOUT(CREDENTIAL_PASSWORD, user),
    WITHOUT(CREDENTIAL_PASSWORD, secret),
    WITH(CREDENTIAL_PASSWORD, user, NOBODY),
    WITH(CREDENTIAL_PASSWORD, user, TEXT("a\0b")),
    WITH(CREDENTIAL_PASSWORD, user, TEXT("a\nb")),
    WITH(CREDENTIAL_PASSWORD, secret, NOBODY),
    WITH(CREDENTIAL_PASSWORD, secret, TEXT("a\0b")),
    WITHOUT(CREDENTIAL_RESPONSE, user),
    WITHOUT(CREDENTIAL_RESPONSE, challenge),
    WITHOUT(CREDENTIAL_RESPONSE, response),
    WITH(CREDENTIAL_RESPONSE, response, TEXT("0123456789ABCDEF")),
    WITH(CREDENTIAL_RESPONSE, response, TEXT("00 1")),
    WITH(CREDENTIAL_RESPONSE, challenge, TEXT("a\0b")),
    WITHOUT(CREDENTIAL_SCRAM, user),
    WITHOUT(CREDENTIAL_PROOF, auth_message),
    WITHOUT(CREDENTIAL_PROOF, proof),
    WITH(CREDENTIAL_PROOF, proof, TEXT("short")),
    WITHOUT(CREDENTIAL_EXTERNAL, certificate),
    WITH(CREDENTIAL_EXTERNAL, certificate, TEXT("00")),
    WITH(CREDENTIAL_EXTERNAL, certificate, TEXT("X" HEX64)),
    WITH(CREDENTIAL_EXTERNAL, user, NOBODY),
    WITH(CREDENTIAL_ANSWER, user, TEXT("joe")),
    WITH(0, user, TEXT("joe")),
  };
  for (size_t i = 0; i < COUNT(malformed); i++) {
    struct credential_request r = sample();
    stralloc out = {0};
    *(struct text *)((char *)&r + malformed[i].member) = malformed[i].value;
    if (credential_put_request(&out, malformed[i].kind, &r) == 0) fail_msg("case %zu was put", i);
    stralloc_free(&out);
  }
}

/* The same when it comes from somebody who does not use the encoder. */
static void what_its_kind_does_not_allow_is_not_read(void **state) {
  (void)state;
  const struct {
    unsigned kind;
    struct text payload;
  } cases[] = {
    {CREDENTIAL_PASSWORD, TEXT("\0\x10\0\0\0\1a")},
    {CREDENTIAL_PASSWORD, TEXT("\0\x10\0\0\0\1a\4\2\0\0\0\3x\0y")},
    {CREDENTIAL_PASSWORD, TEXT("\0\x10\0\0\0\3a\0b\4\2\0\0\0\1x")},
    {CREDENTIAL_PASSWORD, TEXT("\0\x10\0\0\0\0\4\2\0\0\0\1x")},
    {CREDENTIAL_PASSWORD, TEXT("\0\x10\0\0\0\1a\4\2\0\0\0\1x\x0f\xff\0\0\0\0")},
    {CREDENTIAL_SCRAM, TEXT("\0\x10\0\0\0\1")},
    {CREDENTIAL_SCRAM, TEXT("")},
    {9, TEXT("\0\x10\0\0\0\1a")},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct credential_request r;
    errno = 0;
    if (credential_read_request(&r, cases[i].kind, cases[i].payload) == 0) fail_msg("case %zu was read", i);
    assert_int_equal(errno, EPROTO);
  }
}

static void truncated_requests_never_crash(void **state) {
  (void)state;
  struct credential_request r = sample(), back;
  stralloc out = {0};
  assert_int_equal(credential_put_request(&out, CREDENTIAL_PASSWORD, &r), 0);
  for (size_t len = 0; len < out.len; len++) {
    char *exact = malloc(len ? len : 1);
    memcpy(exact, out.s, len);
    (void)credential_read_request(&back, CREDENTIAL_PASSWORD, (struct text){exact, len});
    free(exact);
  }
  stralloc_free(&out);
}

static void the_greatest_request_fits_into_a_frame(void **state) {
  (void)state;
  static char x[CREDENTIAL_AUTH_MESSAGE_MAX];
  memset(x, 'a', sizeof x);
  struct credential_request r = sample();
  stralloc out = {0};
  r.service.s = r.client_address.s = r.local_address.s = r.tls.s = r.mechanism.s = r.user.s = x;
  r.secret.s = r.challenge.s = r.response.s = r.auth_message.s = r.certificate_name.s = x;
  r.service.len = 16, r.client_address.len = r.local_address.len = 64, r.tls.len = 512, r.mechanism.len = 20;
  r.user.len = r.certificate_name.len = 255, r.secret.len = CREDENTIAL_SECRET_MAX, r.challenge.len = 512;
  r.response.len = 64, r.auth_message.len = CREDENTIAL_AUTH_MESSAGE_MAX;
  assert_int_equal(credential_put_request(&out, CREDENTIAL_PASSWORD, &r), 0);
  assert_true(out.len <= CREDENTIAL_FRAME_MAX);
  r.secret.len++;
  assert_int_equal(credential_put_request(&out, CREDENTIAL_PASSWORD, &r), -1);
  stralloc_free(&out);
}

static void answers_come_back(void **state) {
  (void)state;
  const struct credential_answer cases[] = {
    {.result = {.class = RESULT_SUCCESS}, .user = TEXT("joe")},
    {.result = {.class = RESULT_SUCCESS}, .salt = TEXT("\0salt"), .iterations = 4096},
    {.result = {.class = RESULT_SUCCESS}, .user = TEXT("joe"), .signature = TEXT(OCTETS32)},
    {.result = {.class = RESULT_SUCCESS}, .mechanisms = TEXT("PLAIN LOGIN")},
    {.result = {.class = RESULT_FAILURE, .status = TEXT("5.7.8"), .text = TEXT("no")}},
    {.result = {.class = RESULT_DEFERRAL, .status = TEXT("4.7.0"), .text = TEXT("later")}},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct credential_answer back;
    stralloc out = {0};
    assert_int_equal(credential_put_answer(&out, &cases[i]), 0);
    assert_int_equal(credential_read_answer(&back, text_of_stralloc(&out)), 0);
    assert_int_equal(back.result.class, cases[i].result.class);
    assert_text(back.result.text, cases[i].result.text);
    assert_text(back.user, cases[i].user);
    assert_text(back.salt, cases[i].salt);
    assert_int_equal(back.iterations, cases[i].iterations);
    assert_text(back.signature, cases[i].signature);
    assert_text(back.mechanisms, cases[i].mechanisms);
    stralloc_free(&out);
  }
  struct credential_answer back;
  assert_int_equal(credential_read_answer(&back, TEXT("")), -1);
  assert_int_equal(credential_read_answer(&back, TEXT("\1\0\0\0\0\x08\0\0\0\0\0\0\0\1\6\5\0\0\0\1x")), -1);
}

static void ask_of(unsigned type, const struct credential_answer *answer, int expected) {
  int pair[2];
  struct credential_request r = sample();
  struct credential_answer got;
  stralloc out = {0};
  assert_int_equal(unixsock_pair(pair), 0);
  struct credential_link l = {pair[0], {.protocol = &credential_protocol, .no_descriptors = true}};
  if (answer) {
    assert_int_equal(credential_put_answer(&out, answer), 0);
    assert_int_equal(frame_send(pair[1], &credential_protocol, type, text_of_stralloc(&out), -1, 1000), 0);
  } else
    shutdown(pair[1], SHUT_WR);
  errno = 0;
  assert_int_equal(credential_ask(&l, CREDENTIAL_PASSWORD, &r, &got, 1000), expected ? -1 : 0);
  assert_int_equal(errno, expected);
  if (!expected) assert_int_equal(got.result.class, answer->result.class);
  credential_close(&l);
  close(pair[1]);
  stralloc_free(&out);
}

static void a_question_is_answered_or_the_link_is_given_up(void **state) {
  (void)state;
  struct credential_answer right = {.result = {.class = RESULT_SUCCESS}, .user = TEXT("joe")};
  ask_of(CREDENTIAL_ANSWER, &right, 0);
  ask_of(CREDENTIAL_PASSWORD, &right, EPROTO);
  ask_of(CREDENTIAL_ANSWER, NULL, EPROTO);
}

static void no_daemon_is_an_error(void **state) {
  (void)state;
  struct credential_link l;
  assert_int_equal(credential_connect(&l, "/nonexistent", 100), -1);
  assert_int_equal(errno, ENOENT);
  credential_close(&l);
}

static void wiping_reaches_what_was_cut_off(void **state) {
  (void)state;
  stralloc s = {0};
  assert_true(stralloc_copys(&s, "secret"));
  s.len = 2;
  credential_wipe(&s);
  assert_int_equal(s.len, 0);
  assert_memory_equal(s.s, "\0\0\0\0\0\0", 6);
  stralloc_free(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(requests_come_back),
    cmocka_unit_test(what_its_kind_does_not_allow_is_not_asked),
    cmocka_unit_test(what_its_kind_does_not_allow_is_not_read),
    cmocka_unit_test(truncated_requests_never_crash),
    cmocka_unit_test(the_greatest_request_fits_into_a_frame),
    cmocka_unit_test(answers_come_back),
    cmocka_unit_test(a_question_is_answered_or_the_link_is_given_up),
    cmocka_unit_test(no_daemon_is_an_error),
    cmocka_unit_test(wiping_reaches_what_was_cut_off),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
