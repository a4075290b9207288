#include "config.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "remote/answer.h"

/* id, flags (a response of a server that recurses), one question */
#define HEADER_OF(FLAGS, ANSWERS) "\0\7" FLAGS "\0\1\0" ANSWERS "\0\0\0\0"
#define HEADER(ANSWERS) HEADER_OF("\201\200", ANSWERS)
#define NO_SUCH_NAME "\201\203"
#define VOUCHED_FOR "\201\240"
#define QUESTION "\1a\4test\0\0\17\0\1"           /* a.test MX, its name at 12, "test" at 14 */
#define FIXED(TYPE, LEN) "\0" TYPE "\0\1\0\0\0\1\0" LEN
#define A_IS_B "\300\14" FIXED("\5", "\4") "\1b\300\16"
#define B_IS_C "\1b\300\16" FIXED("\5", "\4") "\1c\300\16"
#define B_IS_A "\1b\300\16" FIXED("\5", "\2") "\300\14"
#define A_BY_M "\300\14" FIXED("\17", "\6") "\0\12\1m\300\16" /* a.test MX 10 m.test */
#define B_BY_M "\1b\300\16" FIXED("\17", "\6") "\0\12\1m\300\16"
#define UPPER_BY_M "\1A\4TEST\0" FIXED("\17", "\6") "\0\12\1m\300\16"
#define A_ADDRESS "\300\14" FIXED("\1", "\4") "\1\2\3\4"

static const struct {
  const char *name, *packet;
  size_t len;
  enum answer_status status;
  const char *found; /* the alias, or the hosts with a blank behind each */
} cases[] = {
#define CASE(NAME, PACKET, STATUS, ALIAS) {NAME, PACKET, sizeof(PACKET) - 1, ANSWER_##STATUS, ALIAS}
  CASE("a host", HEADER("\1") QUESTION A_BY_M, FOUND, "10 m.test "),
  CASE("another case", HEADER("\1") QUESTION UPPER_BY_M, FOUND, "10 m.test "),
  CASE("null MX", HEADER("\1") QUESTION "\300\14" FIXED("\17", "\3") "\0\0\0", FOUND, "0  "),
  CASE("of another name", HEADER("\1") QUESTION B_BY_M, NONE, "a.test"),
  CASE("of another class", HEADER("\1") QUESTION "\300\14\0\17\0\3\0\0\0\1\0\6\0\12\1m\300\16", NONE,
       "a.test"),
  CASE("of another type", HEADER("\1") QUESTION A_ADDRESS, NONE, "a.test"),
  CASE("a host with a blank", HEADER("\2") QUESTION "\300\14" FIXED("\17", "\6") "\0\12\1 \300\16" A_BY_M,
       FOUND, "10 m.test "),
  CASE("a host with a dot in a label",
       HEADER("\1") QUESTION "\300\14" FIXED("\17", "\6") "\0\12\1.\300\16", FOUND, ""),
  CASE("a preference alone", HEADER("\1") QUESTION "\300\14" FIXED("\17", "\2") "\0\12", FOUND, ""),
  CASE("no preference", HEADER("\1") QUESTION "\300\14" FIXED("\17", "\0"), FOUND, ""),
  CASE("data behind the host", HEADER("\1") QUESTION "\300\14" FIXED("\17", "\7") "\0\12\1m\300\16!", FOUND,
       ""),
  CASE("an alias and its host", HEADER("\2") QUESTION A_IS_B B_BY_M, FOUND, "10 m.test "),
  CASE("the host before the alias", HEADER("\2") QUESTION B_BY_M A_IS_B, FOUND, "10 m.test "),
  CASE("alias alone", HEADER("\1") QUESTION A_IS_B, ALIAS, "b.test"),
  CASE("alias of an alias", HEADER("\2") QUESTION A_IS_B B_IS_C, ALIAS, "c.test"),
  CASE("alias of no name", HEADER_OF(NO_SUCH_NAME, "\1") QUESTION A_IS_B, NO_NAME, "b.test"),
  CASE("alias of a blank", HEADER("\1") QUESTION "\300\14" FIXED("\5", "\4") "\1 \300\16", BAD, NULL),
  CASE("in a circle", HEADER("\2") QUESTION A_IS_B B_IS_A, BAD, NULL),
  CASE("nothing", HEADER("\0") QUESTION, NONE, "a.test"),
  CASE("nothing, of an authoritative server", HEADER_OF("\205\0", "\0") QUESTION, NONE, "a.test"),
  CASE("a referral", HEADER_OF("\201\0", "\0") QUESTION, FAILED, NULL),
  CASE("no name", HEADER_OF(NO_SUCH_NAME, "\0") QUESTION, NO_NAME, "a.test"),
  CASE("no name, of a lame server", HEADER_OF("\201\3", "\0") QUESTION, FAILED, NULL),
  CASE("SERVFAIL", HEADER_OF("\201\202", "\0") QUESTION, FAILED, NULL),
  CASE("cut off", HEADER_OF("\203\200", "\0") QUESTION, BAD, NULL),
  CASE("no response", HEADER_OF("\1\200", "\0") QUESTION, BAD, NULL),
  CASE("another operation", HEADER_OF("\211\200", "\0") QUESTION, BAD, NULL),
  CASE("another question's name", HEADER("\0") "\1b\4test\0\0\17\0\1", BAD, NULL),
  CASE("another question's type", HEADER("\0") "\1a\4test\0\0\1\0\1", BAD, NULL),
  CASE("two questions", "\0\7\201\200\0\2\0\0\0\0\0\0" QUESTION QUESTION, BAD, NULL),
  CASE("more answers promised", HEADER("\3") QUESTION A_IS_B, BAD, NULL),
  CASE("a pointer to itself", HEADER("\1") QUESTION "\300\30" FIXED("\17", "\2") "\0\12", BAD, NULL),
  CASE("a pointer ahead", HEADER("\1") QUESTION "\300\40" FIXED("\17", "\2") "\0\12", BAD, NULL),
  CASE("half a pointer", HEADER("\1") QUESTION "\300", BAD, NULL),
  CASE("a label of an unknown kind", HEADER("\1") QUESTION "\100" FIXED("\17", "\2") "\0\12", BAD, NULL),
  CASE("no question", HEADER("\1"), BAD, NULL),
  CASE("no header", "\0\7\205", BAD, NULL),
#undef CASE
};

static void cat_hosts(struct answer *a, stralloc *to) {
  struct name_text host;
  unsigned preference;
  stralloc_zero(to);
  while (answer_next_mx(a, &preference, &host)) {
    assert_int_equal(text_cat_uint(to, preference), 0);
    assert_true(stralloc_cats(to, " ") && stralloc_cats(to, host.s) && stralloc_cats(to, " "));
  }
  assert_true(stralloc_0(to));
}

static void table(void **state) {
  stralloc hosts = {0};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct answer a;
    print_message("%s\n", cases[i].name);
    assert_int_equal(
      answer_read(&a, (struct text){cases[i].packet, cases[i].len}, text_of("a.test."), ANSWER_MX),
      cases[i].status);
    assert_false(a.authenticated);
    if (cases[i].status == ANSWER_FOUND) {
      cat_hosts(&a, &hosts);
      assert_string_equal(hosts.s, cases[i].found);
    } else if (cases[i].found)
      assert_string_equal(a.alias.s, cases[i].found);
  }
  stralloc_free(&hosts);
}

static void every_truncation(void **state) {
  static const char whole[] = HEADER("\3") QUESTION A_IS_B B_IS_C A_BY_M;
  (void)state;
  for (size_t len = 0; len < sizeof whole - 1; len++) {
    struct answer a;
    char *cut = malloc(len + 1);
    assert_non_null(cut);
    memcpy(cut, whole, len);
    assert_int_equal(answer_read(&a, (struct text){cut, len}, text_of("a.test"), ANSWER_MX), ANSWER_BAD);
    free(cut);
  }
}

static void dnssec_is_told(void **state) {
  static const char packet[] = HEADER_OF(VOUCHED_FOR, "\1") QUESTION A_BY_M;
  struct answer a;
  (void)state;
  assert_int_equal(answer_read(&a, (struct text){packet, sizeof packet - 1}, text_of("a.test"), ANSWER_MX),
                   ANSWER_FOUND);
  assert_true(a.authenticated);
}

static void addresses(void **state) {
  static const char four[] = HEADER("\3") "\1a\4test\0\0\1\0\1"
    "\300\14" FIXED("\1", "\3") "\1\2\3" A_ADDRESS "\300\14" FIXED("\1", "\4") "\5\6\7\10";
  static const char six[] = HEADER("\1") "\1a\4test\0\0\34\0\1"
    "\300\14" FIXED("\34", "\20") "\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0\1";
  char text[IP_TEXT_MAX];
  struct answer a;
  struct ip ip;
  (void)state;
  assert_int_equal(answer_read(&a, (struct text){four, sizeof four - 1}, text_of("a.test"), ANSWER_A),
                   ANSWER_FOUND);
  assert_true(answer_next_ip(&a, &ip));
  ip_format(&ip, text);
  assert_string_equal(text, "1.2.3.4");
  assert_true(answer_next_ip(&a, &ip));
  ip_format(&ip, text);
  assert_string_equal(text, "5.6.7.8");
  assert_false(answer_next_ip(&a, &ip));
  assert_int_equal(answer_read(&a, (struct text){six, sizeof six - 1}, text_of("a.test"), ANSWER_AAAA),
                   ANSWER_FOUND);
  assert_true(answer_next_ip(&a, &ip));
  ip_format(&ip, text);
  assert_string_equal(text, "2001:db8::1");
}

/* Each name a pointer to the one before it: bounded work, and no name. */
static void a_long_way_of_pointers(void **state) {
  enum { POINTERS = 200 };
  char packet[24 + 2 * POINTERS + 12] = HEADER("\1") QUESTION;
  struct answer a;
  size_t at = 24;
  (void)state;
  for (unsigned i = 0; i < POINTERS; i++, at += 2) {
    size_t target = i ? at - 2 : 12;
    packet[at] = (char)(0xc0 | target >> 8);
    packet[at + 1] = (char)(target & 255);
  }
  memmove(packet + 34, packet + 24, 2 * POINTERS); /* as the data of a record of another type */
  memcpy(packet + 24, "\300\14\0\1\0\1\0\0\0\1", 10);
  assert_int_equal(answer_read(&a, (struct text){packet, at}, text_of("a.test"), ANSWER_MX), ANSWER_BAD);
}

static const struct {
  const char *name;
  bool askable;
} names[] = {
  {"a.test", true},      {"a.test.", true},  {"_25._tcp.a.test", true},
  {"", false},           {".", false},       {"a..test", false},
  {".a", false},         {"a b.test", false}, {"a\\.test", false},
  {"b\303\274cher", false}, {"a..", false},
  {"123456789-123456789-123456789-123456789-123456789-123456789-123.test", true},
  {"123456789-123456789-123456789-123456789-123456789-123456789-1234.test", false},
};

static void askable_names(void **state) {
  char longest[NAME_TEXT_MAX + 3];
  (void)state;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    print_message("%s\n", names[i].name);
    assert_int_equal(name_is_askable(text_of(names[i].name)), names[i].askable);
  }
  for (size_t i = 0; i < sizeof longest; i++) longest[i] = i % 2 ? '.' : 'a';
  assert_true(name_is_askable((struct text){longest, NAME_TEXT_MAX}));
  assert_true(name_is_askable((struct text){longest, NAME_TEXT_MAX + 1}));
  assert_false(name_is_askable((struct text){longest, NAME_TEXT_MAX + 2}));
}

#define TLSA_QUESTION "\1a\4test\0\0\64\0\1"

static void certificates(void **state) {
  static const char packet[] = HEADER("\3") TLSA_QUESTION "\300\14" FIXED("\64", "\5") "\3\1\2\377a"
    "\300\14" FIXED("\64", "\3") "\3\1\1" "\300\14" FIXED("\64", "\4") "\0\0\0b";
  struct answer a;
  struct answer_tlsa t;
  (void)state;
  assert_int_equal(answer_read(&a, (struct text){packet, sizeof packet - 1}, text_of("a.test"), ANSWER_TLSA), ANSWER_FOUND);
  assert_true(answer_next_tlsa(&a, &t));
  assert_true(t.usage == 3 && t.selector == 1 && t.matching == 2 && text_equals(t.data, "\377a"));
  assert_true(answer_next_tlsa(&a, &t)); /* the one without data is passed over */
  assert_true(t.usage == 0 && text_equals(t.data, "b"));
  assert_false(answer_next_tlsa(&a, &t));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(table),          cmocka_unit_test(every_truncation),
    cmocka_unit_test(dnssec_is_told), cmocka_unit_test(addresses),
    cmocka_unit_test(a_long_way_of_pointers), cmocka_unit_test(askable_names), cmocka_unit_test(certificates)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
