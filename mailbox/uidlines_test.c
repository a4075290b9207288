#include "config.h"
#include "mailbox/uidlines.h"
#include <stdio.h>
#include "lib/unittest.h"

static int set_up(void **state) {
  static struct uidlines u;
  u = (struct uidlines){0};
  *state = &u;
  return 0;
}

static int tear_down(void **state) {
  uidlines_free(*state);
  return 0;
}

static void put(stralloc *out, uint32_t uid, const char *base, const char *uidl, uint64_t size) {
  struct roster r = {0};
  size_t n = roster_add(&r, uid, text_of(base), text_of(uidl));
  assert_int_equal(n, 0);
  r.entries[n].size = size;
  assert_int_equal(uidlines_put_message(out, &r, n), 0);
  roster_free(&r);
}

static void messages_come_back(void **state) {
  struct uidlines *u = *state;
  stralloc out = {0};
  assert_int_equal(uidlines_put_first(&out, 1700000000, 5), 0);
  put(&out, 5, "1.a b%\x80\n", "", SIZE_UNKNOWN);
  put(&out, 9, "2.c", "old-uidl", 77);
  assert_int_equal(uidlines_put_mark(&out, 12), 0);
  put(&out, 12, "3.d", "", 0);
  assert_int_equal(uidlines_read(u, text_of_stralloc(&out)), 0);
  assert_int_equal(u->validity, 1700000000);
  assert_int_equal(u->next, 13);
  assert_int_equal(u->read, out.len);
  assert_true(u->unmarked);
  assert_int_equal(u->wrong, 0);
  assert_int_equal(u->roster.count, 3);
  assert_text(roster_base(&u->roster, 0), TEXT("1.a b%\x80\n"));
  assert_text(roster_uidl(&u->roster, 0), TEXT(""));
  assert_int_equal(u->roster.entries[0].size, SIZE_UNKNOWN);
  assert_text(roster_uidl(&u->roster, 1), TEXT("old-uidl"));
  assert_int_equal(u->roster.entries[1].size, 77);
  assert_int_equal(u->roster.entries[2].size, 0);
  assert_int_equal(roster_find(&u->roster, TEXT("2.c")), 1);
  assert_int_equal(roster_find(&u->roster, TEXT("2.")), ROSTER_NONE);
  stralloc_free(&out);
}

static void a_second_line_gives_the_sizes(void **state) {
  struct uidlines *u = *state;
  stralloc out = {0};
  assert_int_equal(uidlines_put_first(&out, 1, 1), 0);
  put(&out, 1, "a", "", SIZE_UNKNOWN);
  put(&out, 1, "a", "", 42);
  assert_int_equal(uidlines_read(u, text_of_stralloc(&out)), 0);
  assert_int_equal(u->roster.count, 1);
  assert_int_equal(u->roster.entries[0].size, 42);
  assert_int_equal(u->superfluous, 1);
  stralloc_free(&out);
}

/* However the octets come in pieces; a line without its end waits. */
static void lines_come_in_pieces(void **state) {
  struct uidlines *u = *state;
  stralloc out = {0};
  assert_int_equal(uidlines_put_first(&out, 1, 1), 0);
  put(&out, 1, "a", "", 1);
  put(&out, 2, "b", "", 2);
  for (size_t cut = 0; cut <= out.len; cut++) {
    uidlines_free(u);
    assert_int_equal(uidlines_read(u, (struct text){out.s, cut}), 0);
    assert_true(u->read <= cut);
    assert_int_equal(uidlines_read(u, (struct text){out.s + u->read, out.len - u->read}), 0);
    assert_int_equal(u->roster.count, 2);
    assert_int_equal(u->wrong, 0);
  }
  stralloc_free(&out);
}

/* One octet, anywhere: its line is lost, and no other but one that a lost end of
 * line joins to it. */
static void a_wrong_octet_costs_its_line(void **state) {
  struct uidlines *u = *state;
  stralloc out = {0};
  assert_int_equal(uidlines_put_first(&out, 1, 1), 0);
  size_t first = out.len;
  put(&out, 1, "a", "", 1);
  put(&out, 2, "b", "", 2);
  put(&out, 3, "c", "", 3);
  for (size_t at = 0; at < out.len; at++) {
    char right = out.s[at];
    out.s[at] = 'Z';
    uidlines_free(u);
    assert_int_equal(uidlines_read(u, text_of_stralloc(&out)), 0);
    out.s[at] = right;
    size_t lost = 3 - u->roster.count;
    if (at < first) assert_true(u->validity == 0 && lost == 3);
    else assert_int_equal(lost, right == '\n' && at + 1 < out.len ? 2 : 1);
  }
  stralloc_free(&out);
}

static void what_cannot_be(void **state) {
  struct uidlines *u = *state;
  stralloc out = {0};
  assert_int_equal(uidlines_put_first(&out, 1, 10), 0);
  put(&out, 20, "a", "", 1);
  put(&out, 20, "b", "", 1);   /* a UID twice */
  put(&out, 19, "c", "", 1);   /* that falls */
  put(&out, 22, "x/y", "", 1); /* no file's name */
  put(&out, 23, ".x", "", 1);
  put(&out, 24, "x:2,S", "", 1);
  assert_int_equal(uidlines_put_first(&out, 2, 1), 0); /* a second beginning */
  assert_int_equal(uidlines_put_mark(&out, (uint64_t)UINT32_MAX + 2), 0);
  assert_int_equal(uidlines_read(u, text_of_stralloc(&out)), 0);
  assert_int_equal(u->wrong, 7);
  assert_int_equal(u->roster.count, 1);
  assert_int_equal(u->validity, 1);
  assert_int_equal(u->next, 21);
  stralloc_free(&out);
}

/* A file that comes back is another message. */
static void who_is_gone_is_not_found(void **state) {
  struct uidlines *u = *state;
  stralloc out = {0};
  assert_int_equal(uidlines_put_first(&out, 1, 1), 0);
  put(&out, 1, "a", "", 1);
  put(&out, 2, "b", "", 1);
  assert_int_equal(uidlines_put_mark(&out, 3), 0);
  assert_int_equal(uidlines_put_gone(&out, 1), 0);
  assert_int_equal(uidlines_put_gone(&out, 1), 0); /* it is, already */
  assert_int_equal(uidlines_put_gone(&out, 7), 0); /* nobody */
  assert_int_equal(uidlines_read(u, text_of_stralloc(&out)), 0);
  assert_int_equal(u->wrong, 2);
  assert_false(u->unmarked);
  assert_int_equal(roster_find(&u->roster, TEXT("a")), ROSTER_NONE);
  assert_int_equal(roster_find_uid(&u->roster, 1), ROSTER_NONE);
  assert_int_equal(roster_find_uid(&u->roster, 2), 1);
  stralloc_zero(&out);
  put(&out, 3, "a", "", 1);
  assert_int_equal(uidlines_read(u, text_of_stralloc(&out)), 0);
  assert_int_equal(roster_find(&u->roster, TEXT("a")), 2);
  assert_true(u->unmarked);
  stralloc_free(&out);
}

/* Its line was lost, and the later UID is the one that was told. */
static void a_base_that_comes_again_is_another_message(void **state) {
  struct uidlines *u = *state;
  stralloc out = {0};
  assert_int_equal(uidlines_put_first(&out, 1, 1), 0);
  put(&out, 1, "a", "", 1);
  put(&out, 2, "b", "", 1);
  put(&out, 3, "a", "", 1);
  assert_int_equal(uidlines_read(u, text_of_stralloc(&out)), 0);
  assert_int_equal(u->wrong, 0);
  assert_int_equal(roster_find(&u->roster, TEXT("a")), 2);
  assert_int_equal(roster_find_uid(&u->roster, 1), ROSTER_NONE);
  stralloc_free(&out);
}

static void many_are_found(void **state) {
  struct uidlines *u = *state;
  stralloc out = {0};
  char base[32];
  assert_int_equal(uidlines_put_first(&out, 1, 1), 0);
  for (uint32_t i = 1; i <= 5000; i++) {
    snprintf(base, sizeof base, "%u.M%uP1.host", i * 7, i);
    put(&out, i, base, "", i);
  }
  assert_int_equal(uidlines_read(u, text_of_stralloc(&out)), 0);
  assert_int_equal(u->roster.count, 5000);
  for (uint32_t i = 1; i <= 5000; i++) {
    snprintf(base, sizeof base, "%u.M%uP1.host", i * 7, i);
    assert_int_equal(roster_find(&u->roster, text_of(base)), i - 1);
  }
  stralloc_free(&out);
}

#define TESTED(F) cmocka_unit_test_setup_teardown(F, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
    TESTED(messages_come_back), TESTED(a_second_line_gives_the_sizes), TESTED(lines_come_in_pieces),
    TESTED(a_wrong_octet_costs_its_line), TESTED(what_cannot_be), TESTED(who_is_gone_is_not_found),
    TESTED(a_base_that_comes_again_is_another_message), TESTED(many_are_found),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
