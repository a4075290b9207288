/* What the listener decides by itself: addresses, limits, the table of sessions. */
#include "config.h"
#include <limits.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/testfolder.h"
#include "lib/unittest.h"
#include "listen/endpoint.h"
#include "listen/limits.h"
#include "listen/service.h"
#include "listen/strain.h"

const struct listen_service listen_service = {
  .program = "test", .word = "smtp", .sessions = CONTROL_MAXSESSIONS, .sessions_per_client = CONTROL_MAXSESSIONSPERIP,
  .ports = {25, [ENDPOINT_TLS] = 465, [ENDPOINT_SUBMISSION] = 587, [ENDPOINT_TLS | ENDPOINT_SUBMISSION] = 465}};

static const struct {
  const char *in, *ip; /* NULL: none */
  unsigned port, words;
} endpoints[] = {
  {"0.0.0.0:25", "0.0.0.0", 25, 0},
  {"[::]:2525", "::", 2525, 0},
  {"192.0.2.1", "192.0.2.1", 25, 0},
  {"2001:db8::1", "2001:db8::1", 25, 0},
  {"[2001:db8::1]", "2001:db8::1", 25, 0},
  {"[192.0.2.1]:587", "192.0.2.1", 587, 0},
  {"127.0.0.1:0", "127.0.0.1", 0, 0},
  {"192.0.2.1/tls", "192.0.2.1", 465, ENDPOINT_TLS},
  {"[::]:2465/tls", "::", 2465, ENDPOINT_TLS},
  {"192.0.2.1/smtp", "192.0.2.1", 25, 0},
  {"192.0.2.1/submission", "192.0.2.1", 587, ENDPOINT_SUBMISSION},
  {"192.0.2.1/submission/tls", "192.0.2.1", 465, ENDPOINT_TLS | ENDPOINT_SUBMISSION},
  {"[::]:2587/tls/submission", "::", 2587, ENDPOINT_TLS | ENDPOINT_SUBMISSION},
  {"192.0.2.1/ssl", NULL, 0, 0},
  {"192.0.2.1/", NULL, 0, 0},
  {"192.0.2.1/tls/", NULL, 0, 0},
  {"/tls", NULL, 0, 0},
  {"127.0.0.1:65536", NULL, 0, 0},
  {"127.0.0.1:", NULL, 0, 0},
  {"127.0.0.1:x", NULL, 0, 0},
  {"[::1]25", NULL, 0, 0},
  {"[::1", NULL, 0, 0},
  {":25", NULL, 0, 0},
  {"localhost:25", NULL, 0, 0},
  {"", NULL, 0, 0},
};

static void endpoints_are_parsed(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++) {
    struct endpoint e;
    char ip[IP_TEXT_MAX];
    print_message("%s\n", endpoints[i].in);
    assert_int_equal(endpoint_parse(&e, text_of(endpoints[i].in)), endpoints[i].ip != NULL);
    if (!endpoints[i].ip) continue;
    ip_format(&e.ip, ip);
    assert_string_equal(ip, endpoints[i].ip);
    assert_int_equal(e.port, endpoints[i].port);
    assert_int_equal(e.words, endpoints[i].words);
  }
}

static void words_survive_an_upgrade(void **state) {
  char text[ENDPOINT_WORDS_MAX];
  unsigned words;
  (void)state;
  for (unsigned set = 0; set <= ENDPOINT_TLS; set++) {
    endpoint_format_words(set, text);
    assert_true(endpoint_parse_words(&words, text_of(text)));
    assert_int_equal(words, set);
  }
  assert_false(endpoint_parse_words(&words, text_of("owl-smtpd.socket")));
  assert_int_equal(words, 0);
}

static struct ip client_of(const struct limits *l, const char *address) {
  struct ip ip;
  assert_true(ip_parse_literal(&ip, text_of(address), true));
  return limits_client(l, &ip);
}

static void add(struct sessions *s, pid_t pid, const struct ip *client) {
  struct sessions_row *row = sessions_add(s, client);
  assert_non_null(row);
  row->pid = pid;
}

static void a_client_is_a_network(void **state) {
  struct limits l = {.sessions = 3, .sessions_per_client = 2, .bits4 = 24, .bits6 = 64};
  struct ip a = client_of(&l, "192.0.2.1"), b = client_of(&l, "192.0.2.200"), c = client_of(&l, "192.0.3.1");
  struct ip v6 = client_of(&l, "2001:db8::1"), near = client_of(&l, "2001:db8::ffff:0:0:1");
  struct sessions s;
  (void)state;
  assert_int_equal(sessions_open(&s), 0);
  assert_true(ip_equal(&a, &b) && ip_equal(&v6, &near));
  add(&s, 10, &a);
  assert_null(limits_refuse(&l, &s, &b));
  add(&s, 11, &b);
  assert_string_equal(limits_refuse(&l, &s, &a), "too many sessions of this client");
  assert_false(limits_exceeds(&l, &s, &a));
  assert_null(limits_refuse(&l, &s, NULL));
  assert_null(limits_refuse(&l, &s, &c));
  add(&s, 12, &c);
  assert_string_equal(limits_refuse(&l, &s, NULL), "too many sessions");
  assert_true(sessions_end(&s, 10));
  assert_false(sessions_end(&s, 10));
  assert_null(limits_refuse(&l, &s, &a));
  sessions_close(&s);
}

/* As a doorkeeper does. */
static void a_session_may_turn_out_to_be_of_another_client(void **state) {
  struct limits l = {.sessions_per_client = 1, .bits4 = 32};
  struct ip proxy = client_of(&l, "192.0.2.1"), a = client_of(&l, "192.0.3.1");
  struct sessions s;
  (void)state;
  assert_int_equal(sessions_open(&s), 0);
  add(&s, 10, &a);
  struct sessions_row *row = sessions_add(&s, &proxy);
  assert_false(limits_exceeds(&l, &s, &a));
  pid_t pid = fork();
  if (pid == 0) {
    row->client = a;
    _exit(limits_exceeds(&l, &s, &a) ? 0 : 1);
  }
  int status;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
  assert_int_equal(sessions_of(&s, &a), 2);
  assert_int_equal(sessions_of(&s, &proxy), 0);
  sessions_drop(&s, row);
  assert_int_equal(s.count, 1);
  assert_ptr_equal(sessions_add(&s, &proxy), row);
  sessions_close(&s);
}

static void there_is_an_end_of_rows(void **state) {
  struct ip a = {0};
  struct sessions s;
  (void)state;
  assert_int_equal(sessions_open(&s), 0);
  for (unsigned i = 0; i < 3; i++) add(&s, 1 + (pid_t)i, &a);
  while (s.count < SESSIONS_MAX && sessions_add(&s, &a)) continue;
  assert_int_equal(s.count, SESSIONS_MAX);
  assert_null(sessions_add(&s, &a));
  assert_true(sessions_end(&s, 2));
  assert_non_null(sessions_add(&s, &a));
  sessions_close(&s);
}

/* As long as rows before them are taken, rows stay where they are; behind the
 * last one that is taken nobody looks. */
static void after_a_peak_rows_are_not_looked_at(void **state) {
  struct ip a = {0};
  struct sessions s;
  struct sessions_row *rows[4];
  (void)state;
  assert_int_equal(sessions_open(&s), 0);
  for (unsigned i = 0; i < 4; i++) rows[i] = sessions_add(&s, &a), rows[i]->pid = 1 + (pid_t)i;
  sessions_drop(&s, rows[2]);
  assert_true(sessions_end(&s, 4));
  rows[2]->pid = rows[3]->pid = 9;
  assert_int_equal(sessions_of(&s, &a), 2);
  assert_false(sessions_end(&s, 9));
  assert_ptr_equal(sessions_add(&s, &a), rows[2]);
  sessions_drop(&s, rows[0]);
  assert_int_equal(sessions_of(&s, &a), 2);
  assert_ptr_equal(sessions_add(&s, &a), rows[0]);
  assert_ptr_equal(sessions_add(&s, &a), rows[3]);
  assert_int_equal(s.count, 4);
  sessions_close(&s);
}

static void places_run_short_above_three_quarters(void **state) {
  static const struct {
    uint64_t taken, places;
    bool is_on;
  } cases[] = {{0, 4, false}, {3, 4, false}, {4, 4, true},  {3, 5, false},         {4, 5, true},
               {0, 1, false}, {1, 1, true},  {0, 0, false}, {750, 1000, false},    {751, 1000, true},
               {1000, 0, true}, {1, UINT64_MAX, false}};
  struct strain *s = strain_share();
  (void)state;
  assert_false(strain_holds(NULL));
  assert_false(strain_holds(s));
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    strain_set(s, cases[i].taken, cases[i].places);
    assert_int_equal(strain_holds(s), cases[i].is_on);
  }
}

static void strain_shortens_a_wait_that_is_under_way(void **state) {
  static const struct {
    bool is_on;
    int limit_ms;
    uint64_t waited_us;
    int left_ms;
  } cases[] = {{false, 4000, 0, 4000},    {true, 4000, 0, 1000},   {false, 4000, 999999, 3001}, {true, 4000, 999999, 1},
               {true, 4000, 1000000, 0},  {false, 4000, 4000000, 0}, {true, 4000, UINT64_MAX, 0}, {true, -1, 5, -1},
               {false, INT_MAX, 0, INT_MAX}, {false, 0, 0, 0}};
  struct strain s = {0};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    s.is_on = cases[i].is_on;
    int left = strain_left_ms(&s, cases[i].limit_ms, cases[i].waited_us);
    assert_int_equal(left, cases[i].left_ms);
    assert_true(strain_slice_ms(&s, cases[i].limit_ms, left) <= left);
    assert_int_equal(strain_slice_ms(NULL, cases[i].limit_ms, left), left);
  }
  assert_int_equal(strain_slice_ms(&s, 16000, 16000), 1001);
}

static void the_table_comes_back(void **state) {
  struct limits l = {.bits4 = 32, .bits6 = 64};
  struct sessions s, back;
  stralloc lines = {0};
  struct ip v6 = client_of(&l, "2001:db8::1");
  (void)state;
  assert_int_equal(sessions_open(&s), 0);
  assert_int_equal(sessions_open(&back), 0);
  for (pid_t pid = 1; pid <= 200; pid++) add(&s, pid, &v6);
  assert_true(sessions_end(&s, 7));
  assert_int_equal(sessions_save(&s, &lines), 0);
  assert_int_equal(sessions_restore(&back, text_of_stralloc(&lines)), 0);
  assert_int_equal(sessions_of(&back, &v6), 199);
  assert_true(sessions_end(&back, 200));
  assert_int_equal(sessions_restore(&back, text_of("7\n")), -1);
  assert_int_equal(sessions_restore(&back, text_of("0 ::1\n")), -1);
  assert_int_equal(sessions_restore(&back, text_of("7 host\n")), -1);
  stralloc_free(&lines);
  sessions_close(&s);
  sessions_close(&back);
}

static void limits_are_checked(void **state) {
  struct control c;
  struct limits l;
  (void)state;
  setenv("OWLPOST_CONTROL", test_folder, 1);
  assert_int_equal(control_open(&c), 0);
  assert_int_equal(limits_load(&l, &c), 0);
  assert_int_equal(l.bits4, 32);
  assert_int_equal(l.bits6, 64);
  test_write("sessionsprefix4", text_of("33\n"), 0644);
  assert_int_equal(limits_load(&l, &c), -1);
  test_write("sessionsprefix4", text_of("32\n"), 0644);
  test_write("maxsessions", text_of("65536\n"), 0644);
  assert_int_equal(limits_load(&l, &c), 0);
  test_write("maxsessions", text_of("65537\n"), 0644);
  assert_int_equal(limits_load(&l, &c), -1);
  control_free(&c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(endpoints_are_parsed),
    cmocka_unit_test(words_survive_an_upgrade),
    cmocka_unit_test(a_client_is_a_network),
    cmocka_unit_test(a_session_may_turn_out_to_be_of_another_client),
    cmocka_unit_test(there_is_an_end_of_rows),
    cmocka_unit_test(after_a_peak_rows_are_not_looked_at),
    cmocka_unit_test(places_run_short_above_three_quarters), cmocka_unit_test(strain_shortens_a_wait_that_is_under_way),
    cmocka_unit_test(the_table_comes_back),
    cmocka_unit_test_setup_teardown(limits_are_checked, test_folder_make, test_folder_remove),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
