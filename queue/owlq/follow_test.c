#include "config.h"
#include "queue/owlq/follow.h"
#include <stdio.h>
#include "lib/exitcode.h"
#include "lib/unittest.h"
#include "queue/owlq/qmailq.h"
#include "queue/testqueue.h"

static const char *const joe[] = {"joe@a.test"};

struct heard {
  char words[256]; /* "came:0 left:1 " */
  const struct queueid *ids;
  size_t enough;
};

static int hear(void *context, const char *event, const struct queueid *id, const struct selected *m) {
  struct heard *h = context;
  size_t len = strlen(h->words), n = 0;
  while (strcmp(h->ids[n].s, id->s) != 0) n++;
  snprintf(h->words + len, sizeof h->words - len, "%s:%zu ", event, n);
  assert_int_equal(!m, strcmp(event, "left") == 0);
  return h->enough && --h->enough == 0 ? -1 : 0;
}

static void assert_heard(struct follower *f, struct heard *h, int going_on, const char *words) {
  h->words[0] = 0;
  assert_int_equal(follow_step(f, false), going_on);
  assert_string_equal(h->words, words);
}

static void defer(struct testqueue *q, const struct queueid *id) {
  stralloc octets = {0};
  struct logrecord r = {.time_us = 1, .result = {.class = RESULT_DEFERRAL}};
  assert_int_equal(msglog_cat(&octets, &r), 0);
  assert_int_equal(store_append_log(&q->store, id, text_of_stralloc(&octets), UINT64_MAX), 0);
  stralloc_free(&octets);
}

static void messages_come_change_and_leave(void **state) {
  struct testqueue q;
  struct follower f;
  struct filter all = {0};
  struct queueid id[3];
  struct heard h = {.ids = id};
  (void)state;
  testqueue_make(&q);
  assert_int_equal(follow_open(&f, &q.store, &all), TOOL_OK);
  f.happened = hear;
  f.context = &h;
  assert_heard(&f, &h, 1, "");
  for (int i = 0; i < 3; i++) id[i] = testqueue_inject(&q, "\n", "s@c.test", joe, 1);
  assert_heard(&f, &h, 1, "came:0 came:1 came:2 ");
  assert_int_equal(store_move_to_wait(&q.store, &id[1]), 0);
  defer(&q, &id[1]);
  assert_heard(&f, &h, 1, "changed:1 ");
  defer(&q, &id[1]);
  assert_heard(&f, &h, 1, "changed:1 ");
  assert_int_equal(store_remove(&q.store, &id[0], PLACE_TODO), 0);
  assert_int_equal(store_remove(&q.store, &id[1], PLACE_WAIT), 0);
  assert_heard(&f, &h, 1, "left:0 left:1 ");
  assert_int_equal(store_move_to_bad(&q.store, &id[2], PLACE_TODO), 0);
  h.enough = 1;
  assert_heard(&f, &h, 0, "left:2 ");
  follow_close(&f);
  testqueue_remove(&q);
}

/* A message that is delivered before we look has neither come nor left. */
static void only_what_fits_is_reported(void **state) {
  struct testqueue q;
  struct follower f;
  struct filter waiting = {.states = 1u << STATE_WAITING};
  struct queueid id[2];
  struct heard h = {.ids = id};
  (void)state;
  testqueue_make(&q);
  assert_int_equal(follow_open(&f, &q.store, &waiting), TOOL_OK);
  f.happened = hear;
  f.context = &h;
  for (int i = 0; i < 2; i++) id[i] = testqueue_inject(&q, "\n", "s@c.test", joe, 1);
  assert_int_equal(store_remove(&q.store, &id[0], PLACE_TODO), 0);
  assert_heard(&f, &h, 1, "");
  assert_int_equal(store_move_to_wait(&q.store, &id[1]), 0);
  defer(&q, &id[1]);
  assert_heard(&f, &h, 1, "came:1 ");
  follow_close(&f);
  testqueue_remove(&q);
}

/* ---- qmail's formats */

static void assert_octets(stralloc *out, const char *expected) {
  assert_true(stralloc_0(out));
  assert_string_equal(out->s, expected);
  stralloc_free(out);
}

static void qread_prints_as_qmail_does(void **state) {
  struct recipient_state states[4] = {{.progress = RECIPIENT_WAITING}, {.progress = RECIPIENT_DONE},
                                      {.progress = RECIPIENT_FAILED}, {.progress = RECIPIENT_WAITING}};
  static const char *const addresses[] = {"joe@there.test", "ann@here.test", "j\xc3\xb6@there.test", "bob@here.test"};
  struct list_line here = {.key = TEXT("here.test")};
  struct route_table routes = {.locals = {.lines = &here, .count = 1}};
  struct message m = {.states = states};
  stralloc out = {0};
  (void)state;
  assert_true(queueid_parse(&m.id, text_of("1795438835383624.80fc9ebc9f3b888e94de")));
  m.file.envelope.arrival_us = UINT64_C(1795438835383624);
  m.file.envelope.sender = text_of("s@c.test");
  m.file.body_octets = 1234;
  for (size_t i = 0; i < 4; i++) envelope_add(&m.file.envelope)->address = text_of(addresses[i]);
  assert_int_equal(qmailq_cat_message(&out, &m, &routes), 0);
  assert_octets(&out, "23 Nov 2026 13:00:35 GMT  #1795438835383624  1234  <s@c.test>  bouncing\n"
                      "  done\tlocal\tann@here.test\n\tlocal\tbob@here.test\n"
                      "\tremote\tjoe@there.test\n  done\tremote\tj__@there.test\n");
  states[2].told = true;
  out = (stralloc){0};
  assert_int_equal(qmailq_cat_message(&out, &m, &routes), 0);
  assert_true(stralloc_0(&out));
  assert_non_null(strstr(out.s, "<s@c.test> \n"));
  stralloc_free(&out);
  envelope_free(&m.file.envelope);
}

static void qstat_prints_as_qmail_does(void **state) {
  stralloc out = {0};
  (void)state;
  assert_int_equal(qmailq_cat_counts(&out, 42, 3), 0);
  assert_octets(&out, "messages in queue: 42\nmessages in queue but not yet preprocessed: 3\n");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(messages_come_change_and_leave),
    cmocka_unit_test(only_what_fits_is_reported),
    cmocka_unit_test(qread_prints_as_qmail_does),
    cmocka_unit_test(qstat_prints_as_qmail_does),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
