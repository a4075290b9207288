/* From a file of aliases to what is done with mail: the database is a real one. */
#include "config.h"
#include "local/alias/aliasplan.h"
#include "lib/testfolder.h"
#include "local/alias/db.h"
#include "local/alias/table.h"
#include "local/alias/dotforward.h"

enum { STRANGER = 12345 };

static void no_complaint(void *context, size_t line, const char *why, struct text at) {
  (void)context;
  fail_msg("line %zu: %s: %.*s", line, why, (int)at.len, at.s);
}

/* % stands for the folder. */
static void expand_folder(stralloc *out, const char *source) {
  stralloc_zero(out);
  for (const char *p = source; *p; p++)
    assert_true(*p == '%' ? stralloc_cats(out, test_folder) : stralloc_append(out, p));
  assert_true(stralloc_0(out));
  out->len--;
}

static const char *database(void) {
  static char path[600];
  snprintf(path, sizeof path, "%s/aliases.cdb", test_folder);
  return path;
}

static void make_database(const char *source, struct aliasdb_rules rules) {
  struct aliastable t = {0};
  struct cdbfile_maker m;
  stralloc octets = {0};
  expand_folder(&octets, source);
  assert_int_equal(aliastable_parse(&t, text_of_stralloc(&octets), no_complaint, NULL), 0);
  assert_int_equal(cdbfile_make(&m, database()), 0);
  assert_int_equal(aliasdb_put_rules(&m, rules), 0);
  for (size_t i = 0; i < t.count; i++)
    assert_int_equal(cdbfile_add(&m, t.rows[i].name, t.rows[i].values), 0);
  assert_int_equal(cdbfile_commit(&m, 0644), 0);
  cdbfile_abandon(&m);
  aliastable_free(&t);
  stralloc_free(&octets);
}

static struct mailbox box_of(const char *local) {
  struct mailbox box = {.user = "joe", .home = test_folder, .local = local, .dash = "", .ext = "", .host = "here.test"};
  box.default_delivery = "./Maildir/";
  return box;
}

/* "forward x, maildir y", or the deferral. */
static void describe(stralloc *out, int loaded, const struct plan *p, const struct verdict *v) {
  stralloc_zero(out);
  if (loaded == -1) assert_int_equal(v->class, RESULT_DEFERRAL);
  if (loaded == -1) assert_int_equal(text_cat(out, text_of_stralloc(&v->text)), 0);
  for (size_t i = 0; loaded == 0 && i < p->instructions.count; i++) {
    if (i) assert_true(stralloc_cats(out, ", "));
    assert_true(stralloc_cats(out, instruction_name(p->instructions.list[i].kind)) && stralloc_cats(out, " "));
    assert_int_equal(text_cat(out, p->instructions.list[i].value), 0);
  }
}

static void expect(const struct mailbox *box, int (*load)(struct plan *, const struct mailbox *, struct verdict *),
                   int result, const char *expected) {
  struct plan p = {0};
  struct verdict v = {0};
  stralloc got = {0}, wanted = {0};
  expand_folder(&wanted, expected);
  int r = load(&p, box, &v);
  if (r != result) fail_msg("%s: %d: %.*s", box->local, r, (int)v.text.len, v.text.s);
  describe(&got, r == -1 ? -1 : 0, &p, &v);
  if (!text_equal(text_of_stralloc(&got), text_of_stralloc(&wanted)))
    fail_msg("%s: %.*s", box->local, (int)got.len, got.s);
  plan_free(&p);
  verdict_free(&v);
  stralloc_free(&got);
  stralloc_free(&wanted);
}

static void expect_alias(const char *local, int result, const char *expected) {
  struct mailbox box = box_of(local);
  box.aliases = database();
  expect(&box, aliasplan_load, result, expected);
}

static const struct aliasdb_rules ordinary = {ALIASDB_ALIASES, ALIASDB_ALIASES};

static void names_are_expanded(void **state) {
  (void)state;
  make_database("a: b\nb: c@x.test\n"
                "both: b, a, c@X.Test, C@x.test\n"
                "joe: Joe, other\n"
                "away: \\joe, \\Joe, joe\n"
                "sink: /dev/null\nmixed: \"|run it\", /m/, /box, \"A b\"@c.d, \"a b\"\n"
                "in: list, ann\nlist: x@y.z\nowner-list: boss\n"
                "owner-owner: postmaster\nx-request: a\npostmaster: ann",
                ordinary);
  expect_alias("a", 0, "forward c@x.test");
  expect_alias("A", 0, "forward c@x.test");
  expect_alias("both", 0, "forward c@x.test, forward C@x.test");
  expect_alias("joe", 0, "forward \\joe, forward other");
  expect_alias("away", 0, "forward \\joe, forward other");
  expect_alias("sink", 0, "");
  expect_alias("mixed", 0, "program run it, maildir /m/, mbox /box, forward A b@c.d, forward a b");
  expect_alias("in", 0, "forward list, forward ann"); /* the list's mail comes from its owner */
  expect_alias("list", 0, "forward x@y.z");
  expect_alias("nobody", -1, "the aliases have changed this moment");
}

static void owners_are_found(void **state) {
  const struct {
    const char *local, *owner;
  } cases[] = {{"list", "owner-list@here.test"},
               {"List", "owner-List@here.test"},
               {"a", NULL},
               {"owner-list", "owner-owner@here.test"},
               {"x-request", "owner-owner@here.test"}};
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct mailbox box = box_of(cases[i].local);
    struct verdict v = {0};
    stralloc owner = {0};
    box.aliases = database();
    assert_int_equal(aliasplan_owner(&owner, &box, &v), cases[i].owner ? 1 : 0);
    if (cases[i].owner) assert_text(text_of_stralloc(&owner), text_of(cases[i].owner));
    stralloc_free(&owner);
    verdict_free(&v);
  }
}

static void files_are_included(void **state) {
  (void)state;
  test_write("list", TEXT("# members\nann\n  sue@x.test (far), ann\n\n b\n"), 0644);
  test_write("program", TEXT("ann\n|run\n"), 0644);
  test_write("file", TEXT("/m/\n"), 0644);
  test_write("mistake", TEXT("ann\nsue bob\n"), 0644);
  test_write("null", TEXT("/dev/null\n"), 0644);
  stralloc octets = {0};
  expand_folder(&octets, ":include:%/self\n");
  test_write("self", text_of_stralloc(&octets), 0644);
  stralloc_free(&octets);
  const char source[] = "l: :include:%/list, ann\nb: l, bob\np: :include:%/program\nf: :include:%/file\n"
                        "m: :include:%/mistake\ns: :include:%/self\nn: :include:%/null\ngone: :include:%/gone\n";
  make_database(source, ordinary);
  expect_alias("l", 0, "forward ann, forward sue@x.test, forward bob"); /* a circle through a file ends */
  expect_alias("n", 0, "");
  expect_alias("p", -1, "programs are not allowed in included files: %/program");
  expect_alias("f", -1, "files are not allowed in included files: %/file");
  expect_alias("m", -1, "a comma is missing between two addresses: line 2 of %/mistake");
  expect_alias("s", -1, "files that include one another too deeply: %/self");
  expect_alias("gone", -1, "unable to open %/gone: No such file or directory");
  make_database(source, (struct aliasdb_rules){ALIASDB_INCLUDES, ALIASDB_INCLUDES});
  expect_alias("p", 0, "forward ann, program run");
  expect_alias("f", 0, "maildir /m/");
}

static void what_others_can_write_is_not_included(void **state) {
  (void)state;
  test_write("list", TEXT("ann\n"), 0644);
  make_database("l: :include:%/list\nk: :include:%/link\nd: :include:%\np: :include:%/pipe", ordinary);
  expect_alias("l", 0, "forward ann");
  assert_int_equal(chmod(test_path("list"), 0664), 0);
  expect_alias("l", -1, "can be written by others: %/list");
  assert_int_equal(chmod(test_path("list"), 0646), 0);
  expect_alias("l", -1, "can be written by others: %/list");
  assert_int_equal(chmod(test_path("list"), 0644), 0);
  if (geteuid() == 0) {
    assert_int_equal(chown(test_path("list"), STRANGER, STRANGER), 0);
    expect_alias("l", -1, "belongs to somebody else: %/list");
    assert_int_equal(chown(test_path("list"), 0, 0), 0);
  }
  assert_int_equal(symlink("list", test_path("link")), 0);
  expect_alias("k", -1, "a symbolic link: %/link");
  expect_alias("d", -1, "not a file: %");
  assert_int_equal(mkfifo(test_path("pipe"), 0644), 0);
  expect_alias("p", -1, "not a file: %/pipe");
}

static void too_much_is_deferred(void **state) {
  stralloc list = {0};
  (void)state;
  for (int i = 0; i < 100000; i++)
    assert_true(stralloc_cats(&list, "u") && text_cat_uint(&list, (uint64_t)i) == 0 && stralloc_cats(&list, "\n"));
  test_write("list", text_of_stralloc(&list), 0644);
  stralloc_free(&list);
  make_database("l: :include:%/list\n", ordinary);
  expect_alias("l", -1, "this alias stands for too much");
}

/* Ten in each of eight, one below the other, would be a hundred million. */
static void files_that_include_many_which_include_many_are_deferred(void **state) {
  stralloc lines = {0}, octets = {0};
  (void)state;
  test_write("many7", TEXT("ann\n"), 0644);
  for (char name[] = "many6"; name[4] >= '0'; name[4]--) {
    stralloc_zero(&lines);
    for (int i = 0; i < 10; i++) {
      const char next[] = {(char)(name[4] + 1), '\n', 0};
      assert_true(stralloc_cats(&lines, ":include:%/many") && stralloc_cats(&lines, next));
    }
    assert_true(stralloc_0(&lines));
    expand_folder(&octets, lines.s);
    test_write(name, text_of_stralloc(&octets), 0644);
  }
  stralloc_free(&lines);
  stralloc_free(&octets);
  make_database("l: :include:%/many0\nk: :include:%/many5\n", ordinary);
  expect_alias("l", -1, "this alias includes too many files");
  expect_alias("k", 0, "forward ann");
}

static void a_database_that_others_can_write_defers(void **state) {
  (void)state;
  make_database("a: ann\n", ordinary);
  assert_int_equal(chmod(database(), 0646), 0);
  expect_alias("a", -1, "the database of aliases can be written by others");
  assert_int_equal(chmod(database(), 0644), 0);
  expect_alias("a", 0, "forward ann");
}

static void a_database_that_is_none_defers(void **state) {
  static const char *const contents[] = {"", "rubbish"};
  struct cdbfile_maker m;
  (void)state;
  for (size_t i = 0; i < COUNT(contents); i++) {
    test_write("aliases.cdb", text_of(contents[i]), 0644);
    expect_alias("a", -1, "the database of aliases is broken, or not made by owl-newaliases");
  }
  assert_int_equal(cdbfile_make(&m, database()), 0); /* somebody else's */
  assert_int_equal(cdbfile_add(&m, TEXT("a"), TEXT("=joe\0")), 0);
  assert_int_equal(cdbfile_commit(&m, 0644), 0);
  cdbfile_abandon(&m);
  expect_alias("a", -1, "the database of aliases is broken, or not made by owl-newaliases");
  assert_int_equal(cdbfile_make(&m, database()), 0);
  assert_int_equal(aliasdb_put_rules(&m, ordinary), 0);
  assert_int_equal(cdbfile_add(&m, TEXT("a"), TEXT("=joe")), 0); /* no NUL */
  assert_int_equal(cdbfile_commit(&m, 0644), 0);
  cdbfile_abandon(&m);
  expect_alias("a", -1, "the database of aliases is broken, or not made by owl-newaliases");
  unlink(database());
  expect_alias("a", -1, "the aliases have changed this moment");
}

static void expect_forward(const char *content, int result, const char *expected) {
  struct mailbox box = box_of("joe");
  if (content) test_write(".forward", text_of(content), 0644);
  expect(&box, dotforward_load, result, expected);
}

static void forward_files_are_read(void **state) {
  char folder[4096];
  (void)state;
  assert_non_null(getcwd(folder, sizeof folder));
  assert_int_equal(chdir(test_folder), 0);
  expect_forward(NULL, 0, "");
  expect_forward("", 0, "");
  expect_forward("# nothing\n", 0, "");
  expect_forward("ann@x.test\n", 1, "forward ann@x.test");
  expect_forward("\\joe, ann@x.test\n", 1, "forward ann@x.test, maildir ./Maildir/");
  expect_forward("joe\nann\n", 1, "forward ann, maildir ./Maildir/");
  expect_forward("Joe@Here.Test, \\ann", 1, "forward \\ann, maildir ./Maildir/");
  expect_forward("\"|vacation joe\", \\joe", 1, "program vacation joe, maildir ./Maildir/");
  expect_forward("/dev/null\n", 1, "");
  expect_forward("/tmp/box\n", 1, "mbox /tmp/box");
  expect_forward("a b\n", -1, "a comma is missing between two addresses: line 1 of .forward");
  expect_forward("ann\n", 1, "forward ann");
  assert_int_equal(chmod(".forward", 0646), 0);
  expect_forward(NULL, -1, "can be written by others: .forward");
  assert_int_equal(chmod(".forward", 0600), 0);
  if (geteuid() == 0) {
    assert_int_equal(chown(".forward", STRANGER, STRANGER), 0);
    expect_forward(NULL, -1, "belongs to somebody else: .forward");
  }
  unlink(".forward");
  assert_int_equal(mkdir(".forward", 0700), 0);
  expect_forward(NULL, 0, "");
  rmdir(".forward");
  assert_int_equal(chdir(folder), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(names_are_expanded),
    cmocka_unit_test(owners_are_found),
    cmocka_unit_test(files_are_included),
    cmocka_unit_test(what_others_can_write_is_not_included),
    cmocka_unit_test(files_that_include_many_which_include_many_are_deferred),
    cmocka_unit_test(a_database_that_others_can_write_defers),
    cmocka_unit_test(too_much_is_deferred),
    cmocka_unit_test(a_database_that_is_none_defers),
    cmocka_unit_test(forward_files_are_read),
  };
  return cmocka_run_group_tests(tests, test_folder_make, test_folder_remove);
}
