#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include "lib/unittest.h"
#include "queue/owlq/attempts.h"
#include "queue/owlq/describe.h"
#include "queue/owlq/listrow.h"
#include "queue/owlq/listsort.h"
#include "queue/owlq/options.h"
#include "queue/owlq/screen.h"

#define ID "1795438835383624.80fc9ebc9f3b888e94de"
#define ARRIVAL_US UINT64_C(1795438835383624)
#define NOW_US (ARRIVAL_US + UINT64_C(11520) * 1000000) /* 3h12m later */

static void assert_octets(const stralloc *out, const char *expected) {
  if (!text_equals(text_of_stralloc(out), expected)) fail_msg("\"%.*s\"", (int)out->len, out->s);
}

/* ---- ages, sizes, columns */

static void ages_and_sizes_are_short(void **state) {
  static const struct {
    uint64_t number;
    const char *age, *size;
  } cases[] = {
    {0, "0s", "0"},
    {59, "59s", "59"},
    {60, "1m", "60"},
    {3599, "59m59s", "3599"},
    {3600, "1h", "3600"},
    {9999, "2h46m", "9999"},
    {10000, "2h46m", "9.7K"},
    {86399, "23h59m", "84K"},
    {90000, "1d1h", "87K"},
    {8639999, "99d23h", "8.2M"},
    {8640000, "100d", "8.2M"},
    {1023 * 1024, "12d2h", "0.9M"},
    {1024 * 1024, "12d3h", "1.0M"},
    {UINT64_MAX, "213503982334601d", "15E"},
  };
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    stralloc age = {0}, size = {0};
    assert_int_equal(screen_cat_age(&age, cases[i].number), 0);
    assert_int_equal(screen_cat_size(&size, cases[i].number), 0);
    assert_octets(&age, cases[i].age);
    assert_octets(&size, cases[i].size);
    stralloc_free(&age);
    stralloc_free(&size);
  }
}

static void columns_are_filled_or_cut(void **state) {
  static const struct {
    const char *text;
    size_t width;
    const char *column;
  } cases[] = {
    {"joe", 5, "joe  "},
    {"joe@a", 5, "joe@a"},
    {"joe@ab", 5, "joe@>"},
    {"joe@ab", 1, ">"},
    {"", 2, "  "},
    {"joe@ab", 0, "joe@ab"},
    {"a\033[2Jb", 0, "a?[2Jb"},
    {"a\nb\x7f", 0, "a?b?"},
    {"\xc2\x9b" "31m", 0, "?31m"},          /* CSI as one character */
    {"\xe2\x80\xae" "gro.x@eoj", 0, "?gro.x@eoj"}, /* writes backward */
    {"a\xff", 3, "a? "},
    {"j\xc3\xb6rg", 5, "j\xc3\xb6rg "},
    {"j\xc3\xb6rg@x", 4, "j\xc3\xb6r>"},
    {"\xe9\x82\xae\xe4\xbb\xb6", 5, "\xe9\x82\xae\xe4\xbb\xb6 "}, /* two wide ones */
    {"\xe9\x82\xae\xe4\xbb\xb6", 3, "\xe9\x82\xae>"},
    {"\xe9\x82\xae\xe4\xbb\xb6", 2, "> "},
  };
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    stralloc column = {0};
    assert_int_equal(screen_cat_column(&column, text_of(cases[i].text), cases[i].width), 0);
    assert_octets(&column, cases[i].column);
    stralloc_free(&column);
  }
}

/* ---- a row */

struct sample {
  struct message message;
  struct recipient_state states[3];
  struct queueid id;
  struct selected selected;
};

/* Delivered to joe; ann has been deferred, later than bob. */
static void make_sample(struct sample *s) {
  static const char *const addresses[] = {"joe@a.test", "ann@b.test", "bob@b.test"};
  *s = (struct sample){.message = {.states = s->states, .waiting = 2, .has_log = true}};
  struct envelope *e = &s->message.file.envelope;
  for (size_t i = 0; i < 3; i++) envelope_add(e)->address = text_of(addresses[i]);
  e->sender = text_of("s@c.test");
  e->arrival_us = ARRIVAL_US;
  s->message.last_us = ARRIVAL_US + 600000000;
  s->message.last_age_s = 600;
  s->states[0].progress = RECIPIENT_DONE;
  for (uint64_t i = 1; i < 3; i++) {
    s->states[i] = (struct recipient_state){.attempts = i, .next_age_s = 1000 * i};
    s->states[i].last = (struct logrecord){
      .time_us = ARRIVAL_US + 700000000 - i, .recipient = i, .result = {.class = RESULT_DEFERRAL}};
  }
  struct result *r = &s->states[1].last.result;
  r->status = text_of("4.3.2");
  r->reply_code = 450;
  r->host = text_of("mx.b.test");
  r->text = text_of("try later");
  assert_true(queueid_parse(&s->id, text_of(ID)));
  s->selected = (struct selected){.id = &s->id,
                                  .state = state_of(&s->message),
                                  .message = &s->message,
                                  .place = PLACE_WAIT,
                                  .arrival_us = ARRIVAL_US,
                                  .octets = 12345};
}

static void free_sample(struct sample *s) { envelope_free(&s->message.file.envelope); }

static void assert_row(const struct selected *m, size_t columns, const char *expected) {
  stralloc line = {0};
  assert_int_equal(row_cat_line(&line, m, NOW_US, columns), 0);
  assert_octets(&line, expected);
  if (columns) assert_true(screen_width(text_of_stralloc(&line)) <= columns);
  stralloc_free(&line);
}

static void a_row_fits_the_terminal(void **state) {
  struct sample s;
  (void)state;
  make_sample(&s);
  assert_row(&s.selected, 80, "1795438835383624   3h12m   12K waiting s@c.test    ann@b.t> +1 mx.b.test: 450 t>");
  assert_row(&s.selected, 120, "1795438835383624   3h12m   12K waiting s@c.test                "
                               "ann@b.test +1           mx.b.test: 450 try later");
  assert_row(&s.selected, 0, "1795438835383624   3h12m   12K waiting s@c.test                 "
                             "ann@b.test +1            mx.b.test: 450 try later");
  s.message.file.envelope.sender = text_of("");
  s.message.file.envelope.recipients[1].address = text_of("an-address-that-is-longer-than-that@b.test");
  assert_row(&s.selected, 72, "1795438835383624   3h12m   12K waiting <>        an-ad> +1 mx.b.test: 4>");
  assert_row(&s.selected, 0, "1795438835383624   3h12m   12K waiting <>                       "
                             "an-address-that-is-longer-than-that@b.test +1 mx.b.test: 450 try later");
  free_sample(&s);
}

static void a_bad_row_says_why(void **state) {
  struct sample s;
  (void)state;
  make_sample(&s);
  s.selected.message = NULL;
  s.selected.state = STATE_BAD;
  s.selected.reason = "the checksum does not fit";
  assert_row(&s.selected, 0, "1795438835383624   3h12m   12K bad     -                        "
                             "-                        the checksum does not fit");
  free_sample(&s);
}

static void the_heading_stands_above_its_columns(void **state) {
  stralloc line = {0};
  (void)state;
  assert_int_equal(row_cat_heading(&line, 80), 0);
  assert_octets(&line, "ID                   AGE  SIZE STATE   FROM        TO          LAST ERROR");
  stralloc_free(&line);
}

static void json_of_a_recipient(void **state) {
  struct sample s;
  struct jsonline j;
  stralloc line = {0};
  (void)state;
  make_sample(&s);
  jsonline_begin(&j);
  describe_recipient(&j, &s.message, 1);
  describe_last(&j, &s.message, 1);
  assert_int_equal(jsonline_cat(&line, &j), 0);
  assert_octets(&line, "{\"address\":\"ann@b.test\",\"state\":\"waiting\",\"attempts\":1,"
                       "\"next\":\"2026-11-23T13:17:15Z\",\"last\":{\"at\":\"2026-11-23T13:12:15Z\","
                       "\"result\":\"deferral\",\"status\":\"4.3.2\",\"code\":450,\"text\":\"try later\","
                       "\"host\":\"mx.b.test\"}}");
  stralloc_free(&line);
  free_sample(&s);
}

/* ---- the order */

static void assert_order(enum sort_key key, bool reverse, const char *expected) {
  struct sample s[3];
  struct sorter sorter = {.key = key};
  struct ids order = {0};
  static const char *const senders[] = {"b@x", "A@x", "c@x"};
  for (unsigned i = 0; i < 3; i++) {
    make_sample(&s[i]);
    s[i].id.s[QUEUEID_LENGTH - 1] = (char)('0' + i);
    s[i].selected.octets = i ? 5 : 9; /* the latter two are equal */
    s[i].message.file.envelope.sender = text_of(senders[i]);
    s[i].states[1].attempts = i == 1 ? 7 : 1;
    s[i].states[2].next_age_s = 1500 - i * 100;
    s[i].states[1].next_age_s = 3000;
  }
  s[2].selected.state = STATE_NEW;
  s[1].selected.message = key == SORT_NEXT ? NULL : s[1].selected.message; /* a bad one */
  for (unsigned i = 0; i < 3; i++) assert_int_equal(sorter_add(&sorter, &s[i].selected), 0);
  assert_int_equal(sorter_take(&sorter, reverse, &order), 0);
  assert_int_equal(order.count, 3);
  for (unsigned i = 0; i < 3; i++) assert_int_equal(order.each[i].s[QUEUEID_LENGTH - 1], expected[i]);
  ids_free(&order);
  for (unsigned i = 0; i < 3; i++) free_sample(&s[i]);
}

static void rows_are_sorted_by_any_key(void **state) {
  (void)state;
  assert_order(SORT_SIZE, false, "120");
  assert_order(SORT_SIZE, true, "012"); /* equal ones keep the order of arrival */
  assert_order(SORT_SENDER, false, "102");
  assert_order(SORT_SENDER, true, "201");
  assert_order(SORT_ATTEMPTS, false, "021");
  assert_order(SORT_NEXT, false, "201"); /* the bad one waits for nothing */
  assert_order(SORT_STATE, false, "201");
}

/* ---- attempts */

static void cat_record(stralloc *log, uint64_t recipient, uint64_t time_us, bool told) {
  struct logrecord r = {.time_us = time_us, .recipient = recipient, .told = told};
  if (!told) r.result.class = RESULT_DEFERRAL;
  assert_int_equal(msglog_cat(log, &r), 0);
}

static void attempts_are_found_by_recipient(void **state) {
  struct message m = {0};
  struct attempts a;
  size_t first;
  (void)state;
  assert_int_equal(msglog_cat_magic(&m.log), 0);
  for (uint64_t n = 0; n < 6; n++) cat_record(&m.log, n % 2, 100 + n, false);
  cat_record(&m.log, 0, 200, true);
  cat_record(&m.log, 0, 201, false);
  assert_true(stralloc_cats(&m.log, "torn"));
  assert_int_equal(attempts_read(&a, &m), 0);
  assert_int_equal(attempts_of(&a, 0, &first), 4);
  assert_int_equal(a.each[first].record.time_us, 100);
  assert_int_equal(a.each[first + 3].record.time_us, 201);
  assert_int_equal(attempts_of(&a, 1, &first), 3);
  assert_int_equal(a.each[first + 1].record.time_us, 103);
  assert_int_equal(attempts_of(&a, 2, &first), 0);
  assert_int_equal(attempts_of(&a, ATTEMPTS_MESSAGE, &first), 1);
  assert_true(a.each[first].record.told);
  attempts_free(&a);
  stralloc_free(&m.log);
}

/* ---- options */

static void options_stand_apart_or_behind_a_sign(void **state) {
  char *argv[] = {(char *)(uintptr_t)"--sort", (char *)(uintptr_t)"size", (char *)(uintptr_t)"--sort=next",
                  (char *)(uintptr_t)"--sorted", (char *)(uintptr_t)"--sort"};
  const char *value;
  int at = 0;
  (void)state;
  assert_true(option_value(5, argv, &at, "--sort", &value));
  assert_string_equal(value, "size");
  assert_true(option_value(5, argv, &at, "--sort", &value));
  assert_string_equal(value, "next");
  assert_int_equal(at, 3);
  assert_false(option_value(5, argv, &at, "--sort", &value));
  assert_true(option_flag(argv, &at, "--sorted"));
  assert_true(option_value(5, argv, &at, "--sort", &value));
  assert_null(value);
  assert_int_equal(at, 5);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(ages_and_sizes_are_short),
    cmocka_unit_test(columns_are_filled_or_cut),
    cmocka_unit_test(a_row_fits_the_terminal),
    cmocka_unit_test(a_bad_row_says_why),
    cmocka_unit_test(the_heading_stands_above_its_columns),
    cmocka_unit_test(json_of_a_recipient),
    cmocka_unit_test(rows_are_sorted_by_any_key),
    cmocka_unit_test(attempts_are_found_by_recipient),
    cmocka_unit_test(options_stand_apart_or_behind_a_sign),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
