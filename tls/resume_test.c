#include "config.h"
#include "tls/resume.h"
#include <openssl/err.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/plaintest.h"
#include "tls/client.h"
#include "tls/rehearsal.h"
#include "tls/testcertificate.h"

static unsigned char answer[RESUME_PACKET];

static struct tls_request request(const char *session) {
  struct tls_request r = {.role = TLS_CLIENT, .check = TLS_CHECK_NAMES, .names = {"a.test", "b.test"}, .names_count = 2};
  snprintf(r.session, sizeof r.session, "%s", session);
  return r;
}

static void make_key(unsigned char key[SESSIONS_KEY], unsigned n) {
  memset(key, 0, SESSIONS_KEY);
  memcpy(key + 8, &n, sizeof n);
}

static size_t found(const struct sessions *s, const unsigned char key[SESSIONS_KEY], void *to, size_t room, uint64_t now_s) {
  uint64_t checked_s;
  return sessions_get(s, key, to, room, now_s, &checked_s);
}

static void what_is_kept_is_found(void **state) {
  (void)state;
  unsigned char key[SESSIONS_KEY], to[SESSIONS_MAX + 1] = {0};
  struct sessions *s = sessions_new();
  make_key(key, 1);
  assert_int_equal(found(s, key, to, sizeof to, 5), 0);
  sessions_put(s, key, "first", 5, 5);
  sessions_put(s, key, "second", 6, 6);
  assert_int_equal(found(s, key, to, sizeof to, 5 + SESSIONS_LIFE_S), 6);
  assert_memory_equal(to, "second", 6);
  assert_int_equal(found(s, key, to, 5, 6), 0);
  assert_int_equal(found(s, key, to, sizeof to, 6 + SESSIONS_LIFE_S), 0);
  sessions_put(s, key, to, SESSIONS_MAX + 1, 7);
  assert_int_equal(found(s, key, to, sizeof to, 7), 6);
  sessions_free(s);
}

/* These keys have the same places. */
static void the_oldest_gives_way(void **state) {
  (void)state;
  unsigned char key[SESSIONS_KEY], to[8];
  struct sessions *s = sessions_new();
  for (unsigned n = 0; n < 100; n++) {
    make_key(key, n);
    sessions_put(s, key, "octets", 6, n);
  }
  for (unsigned n = 0; n < 100; n++) {
    make_key(key, n);
    assert_int_equal(found(s, key, to, sizeof to, 100), n < 96 ? 0 : 6);
  }
  sessions_free(s);
}

static void a_child_sees_none(void **state) {
  (void)state;
  unsigned char key[SESSIONS_KEY], to[8];
  struct sessions *s = sessions_new();
  int status;
  make_key(key, 1);
  sessions_put(s, key, "octets", 6, 1);
  pid_t child = fork();
  if (child == 0) _exit(found(s, key, to, sizeof to, 1) == 0 ? 0 : 1);
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  assert_int_equal(found(s, key, to, sizeof to, 1), 6);
  sessions_free(s);
}

static void keys_are_of_what_the_check_depends_on(void **state) {
  (void)state;
  unsigned char key[SESSIONS_KEY], other[SESSIONS_KEY];
  struct tls_request r = request("mx"), same = r;
  assert_true(sessions_key(&r, key));
  same.limit_s = 5;
  assert_true(sessions_key(&same, other));
  assert_memory_equal(key, other, SESSIONS_KEY);
  struct tls_request different[] = {r, r, r, r, r, r, r};
  different[0].check = TLS_CHECK_NOTHING;
  strcpy(different[1].names[1], "c.test");
  strcpy(different[2].sni, "a.test");
  strcpy(different[3].ciphers, "HIGH");
  strcpy(different[4].minversion, "1.3");
  strcpy(different[5].session, "my");
  strcpy(different[6].fingerprints[0], "ab"), different[6].fingerprints_count = 1;
  for (size_t i = 0; i < COUNT(different); i++) {
    assert_true(sessions_key(&different[i], other));
    if (memcmp(key, other, SESSIONS_KEY) == 0) fail_msg("case %zu has the same key", i);
  }
  r = request("");
  assert_false(sessions_key(&r, key));
}

static void records_in_any_order(void **state) {
  (void)state;
  unsigned char key[SESSIONS_KEY], other[SESSIONS_KEY];
  struct tls_request r = request("mx");
  r.tlsa_count = 2;
  strcpy(r.tlsa[0], "3 1 1 00"), strcpy(r.tlsa[1], "2 1 1 00");
  assert_true(sessions_key(&r, key));
  strcpy(r.tlsa[1], "3 1 1 00"), strcpy(r.tlsa[0], "2 1 1 00");
  assert_true(sessions_key(&r, other));
  assert_memory_equal(key, other, SESSIONS_KEY);
  strcpy(r.tlsa[0], "2 1 1 01");
  assert_true(sessions_key(&r, other));
  assert_memory_not_equal(key, other, SESSIONS_KEY);
}

/* The octets of the session that a child gets who comes at this time, before it
 * puts one of its own. */
static int resume_at(struct sessions *s, const unsigned char key[SESSIONS_KEY], uint64_t now_s) {
  struct resume_seat seat = {0};
  int len = resume_serve(&seat, s, key, SESSIONS_KEY, answer, now_s);
  assert_int_equal(resume_serve(&seat, s, (const unsigned char *)"Sabc", 4, answer, now_s), 0);
  return len - 1;
}

/* However often it is resumed: then the certificate is checked again. */
static void a_check_counts_for_an_hour(void **state) {
  unsigned char key[SESSIONS_KEY];
  struct sessions *s = sessions_new();
  (void)state;
  make_key(key, 1);
  assert_int_equal(resume_at(s, key, 10), 0);
  for (uint64_t t = 10; t < 10 + SESSIONS_LIFE_S; t += 600) assert_int_equal(resume_at(s, key, t), 3);
  assert_int_equal(resume_at(s, key, 10 + SESSIONS_LIFE_S), 0);
  assert_int_equal(resume_at(s, key, 11 + SESSIONS_LIFE_S), 3);
  sessions_free(s);
}

static void a_child_has_one_key(void **state) {
  (void)state;
  struct sessions *s = sessions_new();
  struct resume_seat seat = {0}, second = {0};
  unsigned char key[SESSIONS_KEY], to[8];
  make_key(key, 1);
  assert_int_equal(resume_serve(&seat, s, key, SESSIONS_KEY, answer, 1), 1);
  assert_int_equal(answer[0], 'S');
  assert_int_equal(resume_serve(&seat, s, (const unsigned char *)"Sabc", 4, answer, 1), 0);
  assert_int_equal(found(s, key, to, sizeof to, 1), 3);
  make_key(key, 2);
  assert_int_equal(resume_serve(&seat, s, key, SESSIONS_KEY, answer, 1), -1);
  assert_int_equal(resume_serve(&seat, s, key, 0, answer, 1), -1);
  assert_int_equal(resume_serve(&second, s, key, SESSIONS_KEY - 1, answer, 1), -1);
  for (int i = 1; i < RESUME_PUTS; i++)
    assert_int_equal(resume_serve(&seat, s, (const unsigned char *)"Sab", 3, answer, 1), 0);
  assert_int_equal(resume_serve(&seat, s, (const unsigned char *)"Sab", 3, answer, 1), -1);
  sessions_free(s);
}

/* ---- with handshakes */

static struct test_certificate authority, leaf;
static SSL_CTX *client_side, *server_side;

static int make_world(void **state) {
  (void)state;
  authority = test_certificate_make(&(struct test_subject){.common_name = "authority", .authority = true}, NULL);
  leaf = test_certificate_make(&(struct test_subject){.names = "DNS:a.test"}, &authority);
  client_side = test_client(&authority);
  resume_prepare(client_side);
  server_side = test_server(&leaf, NULL);
  return 0;
}

static int free_world(void **state) {
  (void)state;
  SSL_CTX_free(client_side);
  SSL_CTX_free(server_side);
  test_certificate_free(&leaf);
  test_certificate_free(&authority);
  return 0;
}

struct keeping {
  int fd;
  struct sessions *sessions;
};

static void *keep(void *argument) {
  struct keeping *k = argument;
  struct resume_seat seat = {0};
  unsigned char packet[RESUME_PACKET + 1], reply[RESUME_PACKET];
  for (;;) {
    ssize_t got = recv(k->fd, packet, sizeof packet, 0);
    if (got <= 0) return NULL;
    int len = resume_serve(&seat, k->sessions, packet, (size_t)got, reply, 1);
    if (len > 0) assert_int_equal(send(k->fd, reply, (size_t)len, 0), len);
  }
}

static struct tls_facts connect_once(struct sessions *sessions, const struct tls_request *r) {
  struct tls_facts f = {0};
  int pair[2], ret;
  char octet;
  pthread_t keeper;
  assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
  struct keeping k = {pair[1], sessions};
  assert_int_equal(pthread_create(&keeper, NULL, keep, &k), 0);
  SSL *client = client_open(client_side, r, &f), *server = SSL_new(server_side);
  int seat = pair[0];
  resume_begin(client, r, &seat);
  assert_int_equal(seat, *r->session ? pair[0] : -1);
  assert_true(rehearsal_run(client, server, &ret));
  SSL_read(client, &octet, 1); /* takes the tickets */
  client_facts(client, r, &f);
  SSL_free(client);
  SSL_free(server);
  if (seat >= 0) close(seat);
  pthread_join(keeper, NULL); /* sees the end */
  close(pair[1]);
  return f;
}

static void sessions_are_resumed(void **state) {
  (void)state;
  for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
    struct sessions *s = sessions_new();
    struct tls_request r = request("mx");
    SSL_CTX_set_max_proto_version(server_side, version);
    assert_int_equal(connect_once(s, &r).resumed, 0);
    struct tls_facts f = connect_once(s, &r);
    assert_int_equal(f.resumed, 1);
    assert_string_equal(f.verified, "names");
    assert_string_equal(f.peer, "a.test");
    assert_int_equal(strlen(f.fingerprint), 64);
    r.check = TLS_CHECK_NOTHING;
    assert_int_equal(connect_once(s, &r).resumed, 0);
    assert_int_equal(connect_once(s, &r).resumed, 1);
    sessions_free(s);
  }
}

/* Whoever subverts the child then could name any. */
static void without_a_key_nothing_can_be_named_later(void **state) {
  (void)state;
  struct sessions *s = sessions_new();
  struct tls_request r = request("");
  for (int i = 0; i < 2; i++) assert_int_equal(connect_once(s, &r).resumed, 0);
  sessions_free(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_is_kept_is_found), cmocka_unit_test(the_oldest_gives_way),
    cmocka_unit_test(a_child_sees_none),     cmocka_unit_test(keys_are_of_what_the_check_depends_on),
    cmocka_unit_test(records_in_any_order),  cmocka_unit_test(a_check_counts_for_an_hour), cmocka_unit_test(a_child_has_one_key),
    cmocka_unit_test(sessions_are_resumed),   cmocka_unit_test(without_a_key_nothing_can_be_named_later),
  };
  return cmocka_run_group_tests(tests, make_world, free_world);
}
