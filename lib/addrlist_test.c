#include "config.h"
#include "lib/addrlist.h"
#include "lib/unittest.h"

static const struct addrlist_completion completion = {
  {"host", 4}, {"dom.example", 11}, {"plus.example", 12}};

struct addrlist_case {
  const char *what;
  struct text source;
  const char *addresses; /* completed, a space behind each; NULL: syntax error */
  const char *rewritten; /* NULL: as the source */
};

static void cat_all(stralloc *out, const struct addrlist *l) {
  for (size_t i = 0; i < l->count; i++) {
    assert_int_equal(addrlist_cat_address(out, &l->mailboxes[i], &completion), 0);
    assert_true(stralloc_cats(out, " "));
  }
}

static void run(const struct addrlist_case *c) {
  struct addrlist l = {0};
  stralloc addresses = {0}, rewritten = {0};
  enum addrlist_status s = addrlist_parse(&l, c->source);
  if (s != (c->addresses ? ADDRLIST_OK : ADDRLIST_SYNTAX)) fail_msg("%s: status %d", c->what, s);
  if (c->addresses) {
    cat_all(&addresses, &l);
    assert_int_equal(addrlist_cat_rewritten(&rewritten, c->source, &l, &completion), 0);
    if (!text_equal(text_of_stralloc(&addresses), text_of(c->addresses)))
      fail_msg("%s: addresses %.*s", c->what, (int)addresses.len, addresses.s);
    if (!text_equal(text_of_stralloc(&rewritten), c->rewritten ? text_of(c->rewritten) : c->source))
      fail_msg("%s: rewritten %.*s", c->what, (int)rewritten.len, rewritten.s);
  } else
    assert_int_equal(l.count, 0);
  addrlist_free(&l);
  stralloc_free(&addresses);
  stralloc_free(&rewritten);
}

static void for_each_case(void (*test)(const struct addrlist_case *)) {
  const struct addrlist_case cases[] = {
    {"nothing", TEXT(""), "", NULL},
    {"blanks", TEXT(" \t\n "), "", NULL},
    {"one", TEXT("a@b.c"), "a@b.c ", NULL},
    {"several", TEXT(" a@b.c, d@e.f,\n\tg@h.i"), "a@b.c d@e.f g@h.i ", NULL},
    {"display names", TEXT("A B <a@b.c>, \"C, D\" <c@d.e>"), "a@b.c c@d.e ", NULL},
    {"dots in a display name", TEXT("John Q. Public Jr. <j@q.p>"), "j@q.p ", NULL},
    {"address as display name", TEXT("a@b.c <d@e.f>"), "d@e.f ", NULL},
    {"brackets in a display name", TEXT("[List] x\\y] <d@e.f>"), "d@e.f ", NULL},
    {"encoded word", TEXT("=?utf-8?q?J=C3=B6rg?= <j@x.y>"), "j@x.y ", NULL},
    {"UTF-8", TEXT("J\xc3\xb6rg <j\xc3\xb6@x.y>"), "j\xc3\xb6@x.y ", NULL},
    {"comments", TEXT("(x) a(y)@(z)b.c (a\\)(b)), d@e.f"), "a@b.c d@e.f ", NULL},
    {"quoted local-part", TEXT("\"a b\"@c.d, <\"x\\\"y\"@c.d>"), "a b@c.d x\"y@c.d ", NULL},
    {"quoted special octets", TEXT("\"a,b;c@d\"@e.f"), "a,b;c@d@e.f ", NULL},
    {"blanks around dots", TEXT("a . b @ c . d"), "a.b@c.d ", NULL},
    {"dots at the ends", TEXT("a.@b.c, .a@b.c, a..b@b.c"), "a.@b.c .a@b.c a..b@b.c ", NULL},
    {"literal", TEXT("a@[127.0.0.1], a@[IPv6:::1]"), "a@[127.0.0.1] a@[IPv6:::1] ", NULL},
    {"empty literal", TEXT("<#@[]>"), "#@[] ", NULL},
    {"group", TEXT("g: a@b.c, d@e.f;, h@i.j"), "a@b.c d@e.f h@i.j ", NULL},
    {"empty group", TEXT("undisclosed-recipients:;"), "", NULL},
    {"group with a quoted name", TEXT("\"a: b\": ;"), "", NULL},
    {"group that is not closed", TEXT("g: a@b.c"), "a@b.c ", NULL},
    {"semicolon for a comma", TEXT("a@b.c; d@e.f"), "a@b.c d@e.f ", NULL},
    {"empty members", TEXT(",, a@b.c,,"), "a@b.c ", NULL},
    {"null", TEXT("<>"), " ", NULL},
    {"no host", TEXT("a, <b>, C <d>"), "a@host.dom.example b@host.dom.example d@host.dom.example ",
     "a@host.dom.example, <b@host.dom.example>, C <d@host.dom.example>"},
    {"no dot", TEXT("a@b (c), d"), "a@b.dom.example d@host.dom.example ",
     "a@b.dom.example (c), d@host.dom.example"},
    {"plus", TEXT("a@b+, c@d.e+"), "a@b.plus.example c@d.e.plus.example ",
     "a@b.plus.example, c@d.e.plus.example"},
    {"localhost stays", TEXT("a@LocalHost"), "a@LocalHost ", NULL},
    {"final dot", TEXT("a@b.c., d@e."), "a@b.c d@e. ", "a@b.c, d@e."},
    {"plus and a final dot", TEXT("a@b.+."), "a@b.+. ", NULL},
    {"quoted when completed", TEXT("\"a b\", <\"c\\\"\">"), "a b@host.dom.example c\"@host.dom.example ",
     "\"a b\"@host.dom.example, <\"c\\\"\"@host.dom.example>"},
    {"source route", TEXT("<@a.b,@c.d:e@f.g>, X <@a.b:h>"), "e@f.g h@host.dom.example ",
     "<e@f.g>, X <h@host.dom.example>"},
    {"missing commas", TEXT("a@b.c d@e.f (x) <g@h.i>"), "g@h.i ", NULL},
    {"missing comma between bare ones", TEXT("a@b.c (x)  d@e.f"), "a@b.c d@e.f ", "a@b.c (x),  d@e.f"},
    {"missing comma behind <>", TEXT("<a@b.c><d@e.f> X <g@h.i> j@k.l"),
     "a@b.c d@e.f g@h.i j@k.l ", "<a@b.c>,<d@e.f>, X <g@h.i>, j@k.l"},
    {"words", TEXT("joe ann"), "joe@host.dom.example ann@host.dom.example ",
     "joe@host.dom.example, ann@host.dom.example"},
    {"open quote", TEXT("\"a <b@c.d>"), NULL, NULL},
    {"open comment", TEXT("a@b.c (d"), NULL, NULL},
    {"open comment, escaped end", TEXT("(\\)"), NULL, NULL},
    {"backslash at the end", TEXT("\"a\\"), NULL, NULL},
    {"open <", TEXT("X <a@b.c"), NULL, NULL},
    {"two in <>", TEXT("<a@b.c, d@e.f>"), NULL, NULL},
    {"words in <>", TEXT("<a b@c.d>"), NULL, NULL},
    {"< in <>", TEXT("<<a@b.c>>"), NULL, NULL},
    {"stray >", TEXT("a@b.c>"), NULL, NULL},
    {"stray ) in a display name", TEXT("x) <d@e.f>"), NULL, NULL},
    {"stray )", TEXT("a@b.c), d@e.f"), NULL, NULL},
    {"no local-part", TEXT("@b.c"), NULL, NULL},
    {"empty quoted local-part", TEXT("\"\"@b.c"), NULL, NULL},
    {"nothing in quotes behind another's dot", TEXT("a@b.c., \"\" d@e.f"), NULL, NULL},
    {"no domain", TEXT("a@"), NULL, NULL},
    {"empty label", TEXT("a@b..c"), NULL, NULL},
    {"empty label in front", TEXT("a@.b"), NULL, NULL},
    {"no domain in <>", TEXT("<a@>"), NULL, NULL},
    {"two @", TEXT("a@b@c.d"), NULL, NULL},
    {"quoted domain", TEXT("a@\"b.c\""), NULL, NULL},
    {"route without address", TEXT("<@a.b:>"), NULL, NULL},
    {"open literal", TEXT("a@[127.0.0.1"), NULL, NULL},
    {"@ in a literal", TEXT("a@[b@c]"), NULL, NULL},
    {"backslash in a local-part", TEXT("a\\b@c.d"), NULL, NULL},
    {"NUL in a local-part", TEXT("a\0b@c.d"), NULL, NULL},
    {"control octet in a domain", TEXT("a@b\1.d"), NULL, NULL},
  };
  for (size_t i = 0; i < COUNT(cases); i++) test(&cases[i]);
}

static void parses_and_rewrites(void **state) {
  (void)state;
  for_each_case(run);
}

static void run_rewritten(const struct addrlist_case *c) {
  struct addrlist_case again = {c->what, text_of(c->rewritten), c->addresses, NULL};
  if (c->rewritten) run(&again);
}

static void rewriting_twice_changes_nothing_more(void **state) {
  (void)state;
  for_each_case(run_rewritten);
}

static void a_domain_is_not_added_to_itself(void **state) {
  (void)state;
  const struct addrlist_completion single = {{"mx", 2}, {"MX", 2}, {"mx", 2}};
  stralloc out = {0};
  assert_int_equal(addrlist_cat_domain(&out, TEXT_ABSENT, &single), 0);
  assert_text(text_of_stralloc(&out), TEXT("mx"));
  stralloc_free(&out);
}

static void deep_comments_do_not_use_up_the_stack(void **state) {
  (void)state;
  enum { DEPTH = 1000000 };
  stralloc nested = {0};
  struct addrlist l = {0};
  for (int i = 0; i < DEPTH; i++) assert_true(stralloc_cats(&nested, "("));
  assert_int_equal(addrlist_parse(&l, text_of_stralloc(&nested)), ADDRLIST_SYNTAX);
  for (int i = 0; i < DEPTH; i++) assert_true(stralloc_cats(&nested, ")"));
  assert_int_equal(addrlist_parse(&l, text_of_stralloc(&nested)), ADDRLIST_OK);
  addrlist_free(&l);
  stralloc_free(&nested);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(parses_and_rewrites),
    cmocka_unit_test(rewriting_twice_changes_nothing_more),
    cmocka_unit_test(a_domain_is_not_added_to_itself),
    cmocka_unit_test(deep_comments_do_not_use_up_the_stack),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
