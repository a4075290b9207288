/* RFC 7671's and RFC 7672's rules, in handshakes of client.c */
#include "config.h"
#include "tls/dane.h"
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include "lib/plaintest.h"
#include "tls/client.h"
#include "tls/testcertificate.h"

enum whose { NOBODY, ROOT, MIDDLE, LEAF, EXPIRED, WRONG, COMMON, ALONE, STRANGER, CERTIFICATES };
enum sent { BARE, WITH_MIDDLE, WITH_ROOT };

static struct test_certificate made[CERTIFICATES];
static SSL_CTX *context;

static void make(enum whose whose, const struct test_subject *s, enum whose issuer) {
  made[whose] = test_certificate_make(s, issuer == NOBODY ? NULL : &made[issuer]);
}

static int make_world(void **state) {
  (void)state;
  char why[256];
  make(ROOT, &(struct test_subject){.common_name = "root", .authority = true}, NOBODY);
  make(MIDDLE, &(struct test_subject){.common_name = "middle", .authority = true}, ROOT);
  make(LEAF, &(struct test_subject){.names = "DNS:mx.a.test"}, MIDDLE);
  make(EXPIRED, &(struct test_subject){.names = "DNS:mx.a.test", .from_s = -3L * TEST_DAY_S, .until_s = -TEST_DAY_S}, MIDDLE);
  make(WRONG, &(struct test_subject){.names = "DNS:mx.other.test"}, MIDDLE);
  make(COMMON, &(struct test_subject){.common_name = "mx.a.test"}, MIDDLE);
  make(ALONE, &(struct test_subject){.common_name = "itself"}, NOBODY);
  make(STRANGER, &(struct test_subject){.common_name = "stranger", .authority = true}, NOBODY);
  context = client_context(&(struct client_settings){0}, why, sizeof why);
  return context ? 0 : -1;
}

static int free_world(void **state) {
  (void)state;
  for (enum whose w = ROOT; w < CERTIFICATES; w++) test_certificate_free(&made[w]);
  SSL_CTX_free(context);
  return 0;
}

static SSL_CTX *serve(enum whose leaf, enum sent sent) {
  X509 *chain[] = {made[MIDDLE].certificate, made[ROOT].certificate, NULL};
  if (sent == WITH_MIDDLE) chain[1] = NULL;
  return test_server(&made[leaf], sent == BARE ? NULL : chain);
}

static struct tls_facts meet(SSL_CTX *server, const struct tls_request *r) { return test_meet(context, r, server); }

struct record {
  int usage, selector, matching;
  enum whose whose; /* NOBODY: one octet */
};

static void put_record(struct tls_request *r, const struct record *record) {
  char *to = r->tlsa[r->tlsa_count++];
  if (record->whose == NOBODY)
    snprintf(to, TLSWIRE_TLSA_MAX, "%d %d %d 00", record->usage, record->selector, record->matching);
  else
    test_tlsa(to, TLSWIRE_TLSA_MAX, record->usage, record->selector, record->matching, made[record->whose].certificate);
}

#define UNVERIFIED ""
#define DANE "dane"
static const struct {
  enum whose leaf;
  enum sent sent;
  struct record records[4];
  const char *outcome; /* verified, or the result */
} cases[] = {
  /* RFC 7671 5.1: usage 3, whatever the dates and names are */
  {EXPIRED, BARE, {{3, 0, 1, EXPIRED}}, DANE},
  {WRONG, BARE, {{3, 1, 1, WRONG}}, DANE},
  {ALONE, BARE, {{3, 1, 2, ALONE}}, DANE},
  {LEAF, WITH_MIDDLE, {{3, 1, 1, MIDDLE}}, "tlsa-invalid"},
  {LEAF, WITH_MIDDLE, {{3, 1, 1, STRANGER}}, "tlsa-invalid"},
  /* one of several is enough: a rollover */
  {LEAF, BARE, {{3, 1, 1, STRANGER}, {3, 1, 1, LEAF}}, DANE},
  {LEAF, WITH_MIDDLE, {{3, 1, 1, STRANGER}, {2, 0, 1, MIDDLE}}, DANE},
  {LEAF, WITH_ROOT, {{3, 1, 1, LEAF}, {2, 0, 1, STRANGER}}, DANE},
  {EXPIRED, WITH_ROOT, {{3, 1, 1, EXPIRED}, {2, 0, 1, ROOT}}, DANE},
  /* RFC 7671 5.2: usage 2 asks for the chain, the dates and the name */
  {LEAF, WITH_ROOT, {{2, 0, 1, STRANGER}}, "tlsa-invalid"},
  {EXPIRED, WITH_ROOT, {{2, 0, 1, ROOT}}, "certificate-expired"},
  {WRONG, WITH_ROOT, {{2, 0, 1, ROOT}}, "certificate-host-mismatch"},
  {COMMON, WITH_ROOT, {{2, 0, 1, ROOT}}, DANE}, /* RFC 7672 3.2.3 */
  {LEAF, WITH_ROOT, {{2, 0, 1, LEAF}}, "tlsa-invalid"},
  /* 5.2.2: the server must send the anchor, but for full data */
  {LEAF, BARE, {{2, 0, 1, MIDDLE}}, "tlsa-invalid"},
  {LEAF, WITH_MIDDLE, {{2, 0, 1, ROOT}}, "tlsa-invalid"},
  {LEAF, WITH_MIDDLE, {{2, 0, 0, ROOT}}, DANE},
  {LEAF, BARE, {{2, 0, 0, MIDDLE}}, DANE},
  {LEAF, BARE, {{2, 1, 0, MIDDLE}}, DANE},
  {LEAF, BARE, {{2, 1, 0, STRANGER}}, "tlsa-invalid"},
  {WRONG, BARE, {{2, 0, 0, MIDDLE}}, "certificate-host-mismatch"},
  {EXPIRED, BARE, {{2, 1, 0, MIDDLE}}, "certificate-expired"},
  /* RFC 7672 3.1.3, 2.2: unusable ones do not count; alone they ask for TLS only */
  {LEAF, BARE, {{1, 1, 1, LEAF}}, UNVERIFIED},
  {LEAF, BARE, {{0, 0, 1, STRANGER}}, UNVERIFIED},
  {LEAF, BARE, {{3, 2, 1, LEAF}}, UNVERIFIED},
  {LEAF, BARE, {{4, 1, 1, LEAF}, {255, 1, 1, LEAF}}, UNVERIFIED},
  {LEAF, BARE, {{3, 1, 1, NOBODY}}, UNVERIFIED},
  {LEAF, BARE, {{3, 0, 0, NOBODY}, {2, 1, 0, NOBODY}, {3, 1, 3, NOBODY}}, UNVERIFIED},
  {LEAF, BARE, {{1, 1, 1, LEAF}, {3, 1, 1, STRANGER}}, "tlsa-invalid"},
  {LEAF, BARE, {{3, 1, 1, NOBODY}, {3, 1, 1, LEAF}}, DANE},
  /* RFC 7671 9: the strongest digest of a usage and selector counts; full data always does */
  {LEAF, BARE, {{3, 1, 2, STRANGER}, {3, 1, 1, LEAF}}, "tlsa-invalid"},
  {LEAF, BARE, {{3, 1, 1, STRANGER}, {3, 1, 2, LEAF}}, DANE},
  {LEAF, BARE, {{3, 1, 2, STRANGER}, {3, 0, 1, LEAF}}, DANE},
  {LEAF, BARE, {{3, 1, 2, STRANGER}, {3, 1, 0, LEAF}}, DANE},
  {LEAF, BARE, {{3, 1, 2, NOBODY}, {3, 1, 1, LEAF}}, DANE},
};

static void the_rules_hold(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct tls_request r = {.role = TLS_CLIENT, .check = TLS_CHECK_DANE, .names = {"mx.a.test"}, .names_count = 1};
    for (const struct record *record = cases[i].records; record < cases[i].records + 4; record++)
      if (record->whose != NOBODY || record->usage > 0) put_record(&r, record);
    SSL_CTX *server = serve(cases[i].leaf, cases[i].sent);
    struct tls_facts f = meet(server, &r);
    if (strcmp(f.ok ? f.verified : f.result, cases[i].outcome) != 0)
      fail_msg("case %zu: ok=%u verified=%s result=%s error=%s", i, f.ok, f.verified, f.result, f.error);
    SSL_CTX_free(server);
  }
}

/* Each usage, selector and matching type by itself, right and wrong. */
static void every_combination(void **state) {
  (void)state;
  SSL_CTX *server = serve(LEAF, WITH_ROOT);
  for (int n = 0; n < 24; n++) {
    int usage = 2 + n % 2, selector = n / 2 % 2, matching = n / 4 % 3;
    bool right = n < 12;
    enum whose whose = !right ? STRANGER : usage == 3 ? LEAF : ROOT;
    struct tls_request r = {.role = TLS_CLIENT, .check = TLS_CHECK_DANE, .names = {"mx.a.test"}, .names_count = 1};
    put_record(&r, &(struct record){usage, selector, matching, whose});
    struct tls_facts f = meet(server, &r);
    if (f.ok != right || strcmp(f.ok ? f.verified : f.result, right ? DANE : "tlsa-invalid") != 0)
      fail_msg("%s: ok=%u verified=%s result=%s", r.tlsa[0], f.ok, f.verified, f.result);
  }
  SSL_CTX_free(server);
}

/* RFC 7672 3.2.3: the next hop's name counts too for usage 2, and the peer is the one that matched. */
static void second_name(void **state) {
  (void)state;
  SSL_CTX *server = serve(LEAF, WITH_ROOT);
  struct tls_request r = {
    .role = TLS_CLIENT, .check = TLS_CHECK_DANE, .names = {"mx.b.test", "192.0.2.1", "mx.a.test"}, .names_count = 3};
  put_record(&r, &(struct record){2, 0, 1, ROOT});
  struct tls_facts f = meet(server, &r);
  assert_string_equal(f.error, "");
  assert_string_equal(f.peer, "mx.a.test");
  assert_string_equal(f.verified, "dane");
  SSL_CTX_free(server);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_rules_hold),
    cmocka_unit_test(every_combination),
    cmocka_unit_test(second_name),
  };
  return cmocka_run_group_tests(tests, make_world, free_world);
}
