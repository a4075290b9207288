#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/unittest.h"
#include "queue/owlq/askprogram.h"

static char folder[] = "/tmp/owlask.XXXXXX";
static char path[sizeof folder + 16];

static int make_folder(void **state) {
  (void)state;
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/owl-asked", folder);
  return setenv("OWLPOST_LIBEXEC", folder, 1);
}

static int remove_folder(void **state) {
  (void)state;
  unlink(path);
  return rmdir(folder);
}

/* What a program with this body says, ended by NUL. */
static int ask(const char *body, stralloc *said) {
  static const char *const arguments[] = {"owl-asked", NULL};
  FILE *script = fopen(path, "w");
  assert_non_null(script);
  assert_true(fprintf(script, "#!/bin/sh\n%s\n", body) > 0);
  assert_int_equal(fclose(script), 0);
  assert_int_equal(chmod(path, 0700), 0);
  int r = askprogram(arguments, NULL, said);
  assert_true(stralloc_0(said));
  return r;
}

static void what_a_program_says_is_taken_in(void **state) {
  stralloc said = {0};
  (void)state;
  assert_int_equal(ask("echo words; echo more >&2", &said), 0);
  assert_string_equal(said.s, "words\nmore\n");
  stralloc_zero(&said);
  assert_int_equal(ask("echo words; exit 3", &said), -1);
  assert_string_equal(said.s, "words\nowl-asked: it ended with an error\n");
  stralloc_free(&said);
}

/* Some of them run as users, who can make of their processes what they like. */
static void a_program_that_falls_silent_and_stays_is_not_waited_for(void **state) {
  stralloc said = {0};
  (void)state;
  assert_int_equal(ask("echo words; exec >&- 2>&-; exec sleep 100000", &said), -1);
  assert_string_equal(said.s, "words\nowl-asked: Killed\n");
  stralloc_free(&said);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_a_program_says_is_taken_in),
    cmocka_unit_test(a_program_that_falls_silent_and_stays_is_not_waited_for),
  };
  return cmocka_run_group_tests_name("askprogram", tests, make_folder, remove_folder);
}
