#include "config.h"
#include "queue/owlq/select.h"
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "lib/exitcode.h"
#include "lib/unittest.h"
#include "queue/owlq/ids.h"
#include "queue/testqueue.h"

static const char *const joe[] = {"joe@a.test"};

struct found {
  size_t count, enough, good;
  struct queueid last;
  enum queue_state state;
  bool in_bad_folder;
};

static int note(void *context, const struct selected *m) {
  struct found *f = context;
  f->count++;
  if (m->message) f->good++;
  f->last = *m->id;
  f->state = m->state;
  f->in_bad_folder = m->in_bad_folder;
  return f->count == f->enough ? -1 : 0;
}

static int select_all(struct testqueue *q, const struct filter *f, struct found *found) {
  *found = (struct found){.enough = found->enough};
  return select_messages(&(struct selection){
    .store = &q->store, .filter = f, .now_us = UINT64_MAX, .found = note, .context = found});
}

static void write_file(struct testqueue *q, const char *folder, const char *id) {
  char path[64];
  snprintf(path, sizeof path, "%s/%s", folder, id);
  int fd = openat(q->store.queue_fd, path, O_WRONLY | O_CREAT | O_EXCL, 0600);
  assert_int_equal(write(fd, "rubbish", 7), 7);
  close(fd);
}

/* Three messages: the second one has moved to wait/. */
static void fill(struct testqueue *q, struct queueid id[3]) {
  for (int i = 0; i < 3; i++) id[i] = testqueue_inject(q, "Subject: x\n\n", "s@c.test", joe, 1);
  assert_int_equal(store_move_to_wait(&q->store, &id[1]), 0);
}

static void all_are_found_once_in_order(void **state) {
  struct testqueue *q = *state;
  struct queueid id[3];
  struct filter f = {0};
  struct found found = {0};
  fill(q, id);
  assert_int_equal(select_all(q, &f, &found), TOOL_OK);
  assert_int_equal(found.count, 3);
  assert_string_equal(found.last.s, id[2].s);
  assert_int_equal(found.state, STATE_NEW);
  found.enough = 2;
  assert_int_equal(select_all(q, &f, &found), TOOL_OK);
  assert_int_equal(found.count, 2);
  assert_string_equal(found.last.s, id[1].s);
}

/* As when it moves on between the reading of the two folders. */
static void one_that_is_in_both_folders_is_found_once(void **state) {
  struct testqueue *q = *state;
  struct queueid id[3];
  char from[64], to[64];
  struct ids list = {0};
  fill(q, id);
  snprintf(from, sizeof from, "todo/%s", id[0].s);
  snprintf(to, sizeof to, "wait/%02x/%s", queueid_folder(&id[0]), id[0].s);
  assert_int_equal(linkat(q->store.queue_fd, from, q->store.queue_fd, to, 0), 0);
  assert_int_equal(ids_scan(&list, &q->store), TOOL_OK);
  assert_int_equal(list.count, 3);
  ids_free(&list);
}

static const char bad_id[] = "0000000000000001.00000000000000000000";

static void what_does_not_check_is_bad(void **state) {
  struct testqueue *q = *state;
  struct queueid id[3];
  struct filter f = {0};
  struct found found = {0};
  fill(q, id);
  write_file(q, "todo", bad_id);
  assert_int_equal(select_all(q, &f, &found), TOOL_OK);
  assert_int_equal(found.count, 4);
  assert_int_equal(found.good, 3);
  f.states = 1u << STATE_BAD;
  assert_int_equal(select_all(q, &f, &found), TOOL_OK);
  assert_int_equal(found.count, 1);
  assert_string_equal(found.last.s, bad_id);
  assert_false(found.in_bad_folder);
}

static void the_bad_folder_is_for_those_who_ask(void **state) {
  struct testqueue *q = *state;
  struct filter f = {0};
  struct found found = {0};
  write_file(q, "bad", bad_id);
  assert_int_equal(select_all(q, &f, &found), TOOL_OK);
  assert_int_equal(found.count, 0);
  f.states = 1u << STATE_BAD;
  assert_int_equal(select_all(q, &f, &found), TOOL_OK);
  assert_int_equal(found.count, 1);
  assert_int_equal(found.state, STATE_BAD);
  assert_true(found.in_bad_folder);
  const char *word = "0000000000000001";
  f = (struct filter){.ids = {&word, 1}};
  assert_int_equal(select_all(q, &f, &found), TOOL_OK);
  assert_int_equal(found.count, 1);
}

static void beginnings_of_ids_are_enough(void **state) {
  struct testqueue *q = *state;
  static const char *const names[] = {"0000000000000001.00000000000000000000",
                                      "0000000000000001.00000000000000000001",
                                      "0000000000000012.abcdef0000000000000a",
                                      "0000000000000020.0000000000000000000b"};
  static const struct {
    const char *word;
    int code, at;
  } cases[] = {
    {"000000000000001", TOOL_OK, 2},
    {"0000000000000012", TOOL_OK, 2},
    {"0000000000000012.", TOOL_OK, 2},
    {"0000000000000012.abcdef0000000000000a", TOOL_OK, 2},
    {"0000000000000001.00000000000000000001", TOOL_OK, 1},
    {"00000000000000020", TOOL_SYSTEM, 0},
    {"0000000000000001", TOOL_USAGE, 0},
    {"0", TOOL_USAGE, 0},
    {"7", TOOL_SYSTEM, 0},
    {"", TOOL_USAGE, 0},
    {"../etc", TOOL_USAGE, 0},
    {"0000000000000012.abcdef0000000000000a0", TOOL_USAGE, 0},
  };
  for (size_t i = 0; i < COUNT(names); i++) write_file(q, "todo", names[i]);
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct queueid id;
    if (ids_find(&id, &q->store, cases[i].word) != cases[i].code) fail_msg("\"%s\"", cases[i].word);
    if (cases[i].code == TOOL_OK) assert_string_equal(id.s, names[cases[i].at]);
  }
}

static void an_id_that_is_gone_is_said(void **state) {
  struct testqueue *q = *state;
  struct queueid id[3];
  struct found found = {0};
  fill(q, id);
  const char *words[] = {id[2].s, bad_id, id[0].s};
  struct filter f = {.ids = {words, 3}};
  assert_int_equal(select_all(q, &f, &found), TOOL_SYSTEM);
  assert_int_equal(found.count, 2);
  assert_string_equal(found.last.s, id[0].s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(all_are_found_once_in_order, testqueue_set_up, testqueue_tear_down),
    cmocka_unit_test_setup_teardown(one_that_is_in_both_folders_is_found_once, testqueue_set_up, testqueue_tear_down),
    cmocka_unit_test_setup_teardown(what_does_not_check_is_bad, testqueue_set_up, testqueue_tear_down),
    cmocka_unit_test_setup_teardown(the_bad_folder_is_for_those_who_ask, testqueue_set_up, testqueue_tear_down),
    cmocka_unit_test_setup_teardown(beginnings_of_ids_are_enough, testqueue_set_up, testqueue_tear_down),
    cmocka_unit_test_setup_teardown(an_id_that_is_gone_is_said, testqueue_set_up, testqueue_tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
