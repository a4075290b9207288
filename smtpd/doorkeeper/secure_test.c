/* A doorkeeper that is asked for TLS, and an owl-tlsd that the test plays. */
#include "config.h"
#include "smtpd/doorkeeper/secure.h"
#include "lib/testtlsd.h"
#include "smtpd/doorkeeper/certified.h"
#include "smtpd/doorkeeper/trace.h"

static struct settings settings;
static struct client client;
static struct log silent = {.fd = -1};
static struct doorkeeper keeper;
static const struct door_request nothing;

static int set_up(void **state) {
  if (testtlsd_make(state) == -1) return -1;
  settings = (struct settings){.offers_starttls = true};
  if (!stralloc_copys(&settings.rundir, test_folder) || !stralloc_0(&settings.rundir)) return -1;
  doorkeeper_open(&keeper, &settings, &client, &clock_system, &silent);
  return 0;
}

static int tear_down(void **state) {
  doorkeeper_close(&keeper);
  settings_free(&settings);
  certified_forget();
  return testtlsd_remove(state);
}

static uint64_t ask(void) { return secure_grant(&keeper, &nothing).answer.result.reply_code; }

static const struct tls_facts good = {.ok = 1,
                                      .version = "TLSv1.3",
                                      .cipher = "TLS_AES_256_GCM_SHA384",
                                      .bits = 256,
                                      .resumed = 1,
                                      .sni = "mx.a.example",
                                      .peer = "joe (smtp)",
                                      .verified = "authority",
                                      .fingerprint = "00ff",
                                      .key_fingerprint = "11ee"};

static const char words[] =
  "TLSv1.3 TLS_AES_256_GCM_SHA384 256 resumed sni mx.a.example client joe (smtp) verified authority sha256 00ff";

/* Grants, with an owl-tlsd that answers f; what secure_begin() returns. */
static int begin(const struct tls_facts *f, bool (*expects)(const struct tls_request *)) {
  int listener = testtlsd_listen(), network[2];
  assert_int_equal(unixsock_pair(network), 0);
  pid_t pid = testtlsd_serve(listener, testtlsd_facts("", f), expects);
  assert_int_equal(ask(), 220);
  assert_true(secure_is_granted(&keeper));
  int plain[2];
  int r = secure_begin(&keeper, network[1], plain);
  assert_false(secure_is_granted(&keeper));
  if (r == 0) assert_int_equal(plain[0], plain[1]), close(plain[0]);
  testtlsd_went_well(pid);
  close(network[0]);
  close(network[1]);
  close(listener);
  return r;
}

static bool asks_nobody(const struct tls_request *r) {
  return r->role == TLS_SERVER && !r->peer_asked && r->limit_s > 0;
}

static void facts_are_for_envelope_trace_and_programs(void **state) {
  stralloc trace = {0};
  (void)state;
  assert_true(begin(&good, asks_nobody) == 0);
  assert_text(text_of_stralloc(&keeper.secure.words), text_of(words));
  assert_int_equal(trace_cat(&trace, &client, text_of("h"), text_of("ESMTPS"), text_of("me"), 7, keeper.secure.facts, 0), 0);
  assert_text(text_of_stralloc(&trace),
              text_of("Received: from h (local)\n  by me with ESMTPS id 7\n"
                      "  tls TLS_AES_256_GCM_SHA384 (TLSv1.3); 1 Jan 1970 00:00:00 -0000\n"));
  assert_string_equal(getenv("SSL_PROTOCOL"), "TLSv1.3");
  assert_string_equal(getenv("SSL_CIPHER"), "TLS_AES_256_GCM_SHA384");
  assert_string_equal(getenv("SSL_CIPHER_USEKEYSIZE"), "256");
  assert_string_equal(getenv("SSL_CLIENT_S_DN_CN"), "joe (smtp)");
  assert_string_equal(getenv("SSL_TLS_SNI"), "mx.a.example");
  assert_string_equal(getenv("SSL_CLIENT_VERIFY"), "SUCCESS");
  assert_true(keeper.settings->is_secured);
  assert_false(keeper.settings->offers_starttls);
  stralloc_free(&trace);
}

static void what_a_server_in_front_says_stays(void **state) {
  (void)state;
  setenv("SSL_PROTOCOL", "TLSv1.2", 1);
  setenv("SSL_CIPHER", "X", 1);
  setenv("SSL_CLIENT_VERIFY", "SUCCESS", 1);
  assert_int_equal(secure_inherit(&keeper), 0);
  assert_true(keeper.settings->is_secured);
  assert_string_equal(getenv("SSL_CLIENT_VERIFY"), "SUCCESS");
  assert_null(getenv("SSL_CIPHER_USEKEYSIZE"));
}

/* A child of owl-tlsd that has been taken over can say what it likes. */
static void facts_cannot_forge_a_trace_field(void **state) {
  stralloc trace = {0};
  struct tls_facts evil = good;
  (void)state;
  strcpy(evil.cipher, "x; y) by z");
  assert_int_equal(trace_cat(&trace, &client, text_of("h"), text_of("ESMTPS"), text_of("me"), 7, &evil, 0), 0);
  assert_non_null(strstr((stralloc_0(&trace), trace.s), "\n  tls x??y??by?z (TLSv1.3); "));
  stralloc_free(&trace);
}

static void it_goes_once(void **state) {
  (void)state;
  assert_true(begin(&good, NULL) == 0);
  assert_int_equal(ask(), 502);
  keeper.settings_of_named.offers_starttls = true;
  assert_int_equal(ask(), 503);
}

static void not_in_a_transaction(void **state) {
  (void)state;
  keeper.state = DOORKEEPER_GRANTED;
  assert_int_equal(ask(), 503);
  keeper.state = DOORKEEPER_IDLE;
}

static void nor_where_it_is_not_offered(void **state) {
  (void)state;
  settings.offers_starttls = false;
  assert_int_equal(ask(), 502);
}

/* The socket may have been left by a daemon that died. */
static void nor_while_nobody_listens(void **state) {
  (void)state;
  close(testtlsd_listen());
  assert_int_equal(ask(), 454);
  assert_false(secure_is_granted(&keeper));
}

static void a_handshake_that_fails_leaves_nothing(void **state) {
  struct tls_facts failed = {.error = "unable to shake hands: no shared cipher"};
  (void)state;
  assert_int_equal(begin(&failed, NULL), -1);
  assert_null(keeper.secure.facts);
  assert_false(keeper.settings->is_secured);
}

static const struct {
  const char *line, *verified;
  bool relays;
} certificates[] = {
  {"00FF\n", "", true},
  {"11ee\n", "", true},
  {"joe (smtp)\n", "authority", true},
  {"joe (smtp)\n", "", false},
  {"authority\n", "authority", false},
  {"00fe\n", "authority", false},
};

static void certificates_let_relay(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(certificates); i++) {
    struct list l = {0};
    struct tls_facts f = good;
    strcpy(f.verified, certificates[i].verified);
    assert_int_equal(list_parse(&l, text_of(certificates[i].line)), 0);
    if (certified_has(&l, &f) != certificates[i].relays) fail_msg("%s %s", certificates[i].line, f.verified);
    list_free(&l);
  }
}

#define HEX8 "abababab"
#define HEX_WITH_COLONS                                                                                                \
  "AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB"

static bool asks_for_one(const struct tls_request *r) { return r->peer_asked == 1; }

static void whoever_has_one_may_relay(void **state) {
  (void)state;
  assert_int_equal(list_parse(&settings.tlsclients, text_of("00ff\n")), 0);
  assert_null(keeper.settings->relayclient.s);
  assert_true(begin(&good, asks_for_one) == 0);
  assert_text(keeper.settings->relayclient, text_of(""));
}

static void fingerprints_may_be_as_openssl_shows_them(void **state) {
  static const struct tls_facts vouched = {.ok = 1, .verified = "authority", .peer = HEX_WITH_COLONS};
  static const struct tls_facts whole = {.ok = 1, .fingerprint = HEX8 HEX8 HEX8 HEX8 HEX8 HEX8 HEX8 HEX8};
  struct list l = {0};
  (void)state;
  assert_int_equal(list_parse(&l, text_of("00:FF\n" HEX_WITH_COLONS "\n")), 0);
  assert_true(certified_has(&l, &good));
  assert_true(certified_has(&l, &whole));
  assert_false(certified_has(&l, &vouched)); /* the name of somebody */
  list_free(&l);
}

static void without_it_mail_is_not_taken_where_it_is_needed(void **state) {
  struct outcome o;
  (void)state;
  settings.needs_tls = true;
  assert_false(secure_allows(&keeper, DOOR_MAIL, &o));
  assert_int_equal(o.answer.result.reply_code, 530);
  assert_true(secure_allows(&keeper, DOOR_TLS, &o));
  settings.offers_starttls = false;
  assert_false(secure_allows(&keeper, DOOR_AUTH, &o));
  assert_int_equal(o.answer.result.reply_code, 454);
  settings.offers_starttls = true;
  assert_true(begin(&good, NULL) == 0);
  assert_true(secure_allows(&keeper, DOOR_MAIL, &o));
}

#define IN_FOLDER(TEST) cmocka_unit_test_setup_teardown(TEST, set_up, tear_down)

int main(void) {
  alarm(120);
  const struct CMUnitTest tests[] = {
    IN_FOLDER(facts_are_for_envelope_trace_and_programs),
    IN_FOLDER(what_a_server_in_front_says_stays),
    IN_FOLDER(facts_cannot_forge_a_trace_field),
    IN_FOLDER(it_goes_once),
    IN_FOLDER(not_in_a_transaction),
    IN_FOLDER(nor_where_it_is_not_offered),
    IN_FOLDER(nor_while_nobody_listens),
    IN_FOLDER(a_handshake_that_fails_leaves_nothing),
    IN_FOLDER(certificates_let_relay),
    IN_FOLDER(whoever_has_one_may_relay),
    IN_FOLDER(fingerprints_may_be_as_openssl_shows_them),
    IN_FOLDER(without_it_mail_is_not_taken_where_it_is_needed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
