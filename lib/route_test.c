#include "config.h"
#include "lib/route.h"
#include "lib/testfolder.h"

#define LOCALS "here.example\nalso.example\n"
#define VIRTUAL                                                                                  \
  "virtual.example:vprefix\n"                                                                    \
  "special@virtual.example:sprefix\n"                                                            \
  "exception@virtual.example:\n"                                                                 \
  ".wild.example:wprefix\n"                                                                      \
  "not.wild.example:\n"                                                                          \
  "ignored.wild.example\n"                                                                       \
  "also.example:never\n"
#define ROUTES                                                                                   \
  "routed.example:relay.example\n"                                                               \
  "ported.example:relay.example:2525\n"                                                          \
  "colon.example:relay.example:\n"                                                               \
  "six.example:[2001:db8::1]:2626\n"                                                             \
  "six25.example:[2001:db8::1]\n"                                                                \
  "mx.example:\n"                                                                                \
  "mxport.example::2727\n"                                                                       \
  ".sub.example:sub.relay\n"                                                                     \
  "plain.sub.example:\n"                                                                         \
  "b\303\274cher.example:book.relay\n"

#define LMTP                                                                                     \
  "store.example:/run/dovecot/lmtp\n"                                                           \
  "unix.example:unix:/run/Store/lmtp\n"                                                         \
  ".tcp.example:store.relay\n"                                                                  \
  "plain.tcp.example:\n"                                                                        \
  "routed.example:[::1]:2424\n"                                                                 \
  "here.example:/run/never\n"                                                                   \
  "virtual.example:/run/never\n"

#define SENDERS                                                                                  \
  "special@customer.example:own.relay\n"                                                        \
  "customer.example:relay.customer:587\n"                                                       \
  ".customer.example:sub.relay\n"                                                               \
  "mx.customer.example:\n"                                                                      \
  ":never\n"

static const char *lmtp_lines = "", *sender_lines = "", *qmtp_lines = "";

static int load(struct route_table *t, const char *routes, const char *virtual, const char *more) {
  struct control c;
  char route_lines[1024], virtual_lines[1024];
  snprintf(route_lines, sizeof route_lines, "%s%s", routes, more);
  snprintf(virtual_lines, sizeof virtual_lines, "%s", virtual);
  test_write("me", TEXT("here.example\n"), 0644);
  test_write("envnoathost", TEXT("noat.example\n"), 0644);
  test_write("locals", TEXT(LOCALS), 0644);
  test_write("percenthack", TEXT("here.example\nhack.example\n"), 0644);
  test_write("virtualdomains", text_of(virtual_lines), 0644);
  test_write("smtproutes", text_of(route_lines), 0644);
  test_write("lmtproutes", text_of(lmtp_lines), 0644);
  test_write("qmtproutes", text_of(qmtp_lines), 0644);
  test_write("senderroutes", text_of(sender_lines), 0644);
  setenv("OWLPOST_CONTROL", test_folder, 1);
  assert_int_equal(control_open(&c), 0);
  int r = route_load(t, &c);
  control_free(&c);
  return r;
}

struct expected {
  const char *address, *rewritten, *host; /* host NULL: local */
  uint64_t port;
  bool use_mx;
};

static void check_all(const struct route_table *t, const struct expected *cases, size_t count,
                      enum route_protocol protocol) {
  struct route r = {0};
  for (size_t i = 0; i < count; i++) {
    const struct expected *x = &cases[i];
    assert_int_equal(route_find(t, TEXT_ABSENT, text_of(x->address), &r), 0);
    struct text rewritten = text_of_stralloc(&r.address), host = text_of_stralloc(&r.host);
    if (!text_equals(rewritten, x->rewritten) || !text_equals(host, x->host ? x->host : "") ||
        r.channel != (x->host ? CHANNEL_REMOTE : CHANNEL_LOCAL) ||
        r.protocol != protocol || (x->host && (r.port != x->port || r.use_mx != x->use_mx)))
      fail_msg("%s became %.*s at %.*s:%u", x->address, (int)rewritten.len, rewritten.s,
               (int)host.len, host.s, (unsigned)r.port);
  }
  route_free(&r);
}

static void check(const struct route_table *t, const struct expected *cases, size_t count) {
  check_all(t, cases, count, PROTOCOL_SMTP);
}

static void follows_qmail_s_rules(void **state) {
  (void)state;
  static const struct expected cases[] = {
    /* locals */
    {"user@here.example", "user@here.example", NULL, 0, false},
    {"User@HERE.Example", "User@HERE.Example", NULL, 0, false},
    {"user@sub.here.example", "user@sub.here.example", "sub.here.example", 25, true},
    /* without a host */
    {"user", "user@noat.example", "noat.example", 25, true},
    {"", "@noat.example", "noat.example", 25, true},
    /* the percent hack, again and again, but only where it is allowed */
    {"user%routed.example@here.example", "user@routed.example", "relay.example", 25, false},
    {"a%b%c@here.example", "a%b@c", "c", 25, true},
    {"a%b%hack.example@here.example", "a@b", "b", 25, true},
    {"a%b@other.example", "a%b@other.example", "other.example", 25, true},
    {"user%also.example@hack.example", "user@also.example", NULL, 0, false},
    {"%@here.example", "@", "", 25, true},
    /* virtual domains: the address, the domain, the suffixes; locals win */
    {"user@virtual.example", "vprefix-user@virtual.example", NULL, 0, false},
    {"SPECIAL@virtual.example", "sprefix-SPECIAL@virtual.example", NULL, 0, false},
    {"exception@virtual.example", "exception@virtual.example", "virtual.example", 25, true},
    {"user@a.wild.example", "wprefix-user@a.wild.example", NULL, 0, false},
    {"user@b.a.wild.example", "wprefix-user@b.a.wild.example", NULL, 0, false},
    {"user@wild.example", "user@wild.example", "wild.example", 25, true},
    {"user@not.wild.example", "user@not.wild.example", "not.wild.example", 25, true},
    {"user@ignored.wild.example", "wprefix-user@ignored.wild.example", NULL, 0, false},
    {"user@also.example", "user@also.example", NULL, 0, false},
    /* routes */
    {"user@routed.example", "user@routed.example", "relay.example", 25, false},
    {"user@ROUTED.example", "user@ROUTED.example", "relay.example", 25, false},
    {"user@ported.example", "user@ported.example", "relay.example", 2525, false},
    {"user@colon.example", "user@colon.example", "relay.example", 25, false},
    {"user@six.example", "user@six.example", "[2001:db8::1]", 2626, false},
    {"user@six25.example", "user@six25.example", "[2001:db8::1]", 25, false},
    {"user@mx.example", "user@mx.example", "mx.example", 25, true},
    {"user@mxport.example", "user@mxport.example", "mxport.example", 2727, true},
    {"user@x.sub.example", "user@x.sub.example", "sub.relay", 25, false},
    {"user@plain.sub.example", "user@plain.sub.example", "plain.sub.example", 25, true},
    {"user@elsewhere.example", "user@elsewhere.example", "elsewhere.example", 25, true},
    /* either form of a domain */
    {"user@b\303\274cher.example", "user@b\303\274cher.example", "book.relay", 25, false},
    {"user@XN--bcher-kva.example", "user@XN--bcher-kva.example", "book.relay", 25, false},
    {"user@b\303\274cher.test", "user@b\303\274cher.test", "xn--bcher-kva.test", 25, true},
    {"user@\377.test", "user@\377.test", "\377.test", 25, true},
    /* strange addresses have an answer, too */
    {"user@", "user@", "", 25, true},
    {"@here.example", "@here.example", NULL, 0, false},
    {"a@b@here.example", "a@b@here.example", NULL, 0, false},
    {"user@[192.0.2.1]", "user@[192.0.2.1]", "[192.0.2.1]", 25, true},
  };
  struct route_table t;
  assert_int_equal(load(&t, ROUTES, VIRTUAL, ""), 0);
  check(&t, cases, COUNT(cases));
  route_unload(&t);
}

static void empty_keys_are_for_all(void **state) {
  (void)state;
  static const struct expected cases[] = {
    {"user@here.example", "user@here.example", NULL, 0, false},
    {"user@elsewhere.example", "user@elsewhere.example", "all.relay", 2828, false},
    {"user@mx.example", "user@mx.example", "mx.example", 25, true},
    {"user@x.sub.example", "user@x.sub.example", "sub.relay", 25, false},
    {"user@virtual.example", "vprefix-user@virtual.example", NULL, 0, false},
  };
  static const struct expected virtual_for_all[] = {
    {"user@here.example", "user@here.example", NULL, 0, false},
    {"user@elsewhere.example", "all-user@elsewhere.example", NULL, 0, false},
    {"user@remote.example", "user@remote.example", "remote.example", 25, true},
  };
  struct route_table t;
  assert_int_equal(load(&t, ROUTES, VIRTUAL, ":all.relay:2828\n"), 0);
  check(&t, cases, COUNT(cases));
  route_unload(&t);
  assert_int_equal(load(&t, "", ":all\nremote.example:\n", ""), 0);
  check(&t, virtual_for_all, COUNT(virtual_for_all));
  route_unload(&t);
}

static void lmtproutes_come_before_smtproutes(void **state) {
  (void)state;
  static const struct expected by_lmtp[] = {
    {"user@store.example", "user@store.example", "/run/dovecot/lmtp", 0, false},
    {"user@unix.example", "user@unix.example", "/run/Store/lmtp", 0, false},
    {"user@x.tcp.example", "user@x.tcp.example", "store.relay", 24, false},
    {"user@routed.example", "user@routed.example", "[::1]", 2424, false},
    {"exception@virtual.example", "exception@virtual.example", "/run/never", 0, false},
  };
  static const struct expected others[] = {
    {"user@plain.tcp.example", "user@plain.tcp.example", "plain.tcp.example", 25, true},
    {"user@ported.example", "user@ported.example", "relay.example", 2525, false},
    {"user@here.example", "user@here.example", NULL, 0, false},
    {"user@virtual.example", "vprefix-user@virtual.example", NULL, 0, false},
  };
  struct route_table t;
  lmtp_lines = LMTP;
  assert_int_equal(load(&t, ROUTES, VIRTUAL, ""), 0);
  check_all(&t, by_lmtp, COUNT(by_lmtp), PROTOCOL_LMTP);
  check(&t, others, COUNT(others));
  route_unload(&t);
}

static void qmtproutes_come_behind_lmtproutes(void **state) {
  static const struct expected by_qmtp[] = {
    {"user@q.example", "user@q.example", "host.qmtp", 209, false},
    {"user@x.q.example", "user@x.q.example", "[::1]", 2209, false},
  };
  static const struct expected by_lmtp[] = {{"user@store.example", "user@store.example", "/run/dovecot/lmtp", 0, false}};
  static const struct expected others[] = {
    {"user@plain.q.example", "user@plain.q.example", "plain.q.example", 25, true},
    {"user@here.example", "user@here.example", NULL, 0, false},
  };
  struct route_table t;
  (void)state;
  lmtp_lines = LMTP;
  qmtp_lines = "q.example:host.qmtp\n.q.example:[::1]:2209\nplain.q.example:\nstore.example:never\nhere.example:never\n";
  assert_int_equal(load(&t, "", "", ""), 0);
  check_all(&t, by_qmtp, COUNT(by_qmtp), PROTOCOL_QMTP);
  check_all(&t, by_lmtp, COUNT(by_lmtp), PROTOCOL_LMTP);
  check(&t, others, COUNT(others));
  route_unload(&t);
  qmtp_lines = "q.example:host:qmtp\n";
  assert_int_equal(load(&t, "", "", ""), -1);
  qmtp_lines = lmtp_lines = "";
}

static void senders_have_routes(void **state) {
  static const struct {
    const char *sender, *recipient, *host;
    uint64_t port;
    bool use_mx;
  } cases[] = {
    {"any@customer.example", "user@elsewhere.example", "relay.customer", 587, false},
    {"list-@customer.example-@[]", "user@elsewhere.example", "relay.customer", 587, false},
    {"any@CUSTOMER.example", "user@elsewhere.example", "relay.customer", 587, false},
    {"special@customer.example", "user@elsewhere.example", "own.relay", 25, false},
    {"any@x.customer.example", "user@elsewhere.example", "sub.relay", 25, false},
    {"any@mx.customer.example", "user@elsewhere.example", "elsewhere.example", 25, true},
    {"any@other.example", "user@elsewhere.example", "all.relay", 2828, false},
    {"", "user@elsewhere.example", "all.relay", 2828, false},
    {"no-domain", "user@elsewhere.example", "all.relay", 2828, false},
    /* what names the recipient's domain goes first, and so does delivery here */
    {"any@customer.example", "user@routed.example", "[::1]", 2424, false},
    {"any@customer.example", "user@ported.example", "relay.example", 2525, false},
    {"any@customer.example", "user@mx.example", "mx.example", 25, true},
    {"any@customer.example", "user@here.example", "", 25, false},
  };
  struct route_table t;
  struct route r = {0};
  (void)state;
  sender_lines = SENDERS;
  lmtp_lines = LMTP;
  assert_int_equal(load(&t, ROUTES, "", ":all.relay:2828\n"), 0);
  for (size_t i = 0; i < COUNT(cases); i++) {
    print_message("%s to %s\n", cases[i].sender, cases[i].recipient);
    assert_int_equal(route_find(&t, text_of(cases[i].sender), text_of(cases[i].recipient), &r), 0);
    assert_text(text_of_stralloc(&r.host), text_of(cases[i].host));
    assert_int_equal(r.port, cases[i].port);
    assert_int_equal(r.use_mx, cases[i].use_mx);
  }
  route_free(&r);
  route_unload(&t);
  sender_lines = "a.example:relay:port\n";
  assert_int_equal(load(&t, ROUTES, "", ""), -1);
  sender_lines = "";
}

static void targets_that_are_none_are_found_when_loading(void **state) {
  (void)state;
  static const char *const lines[] = {"a:unix:b\n", "a:b:lmtp\n", "a:/\n", "a::24\n"};
  struct route_table t;
  for (size_t i = 0; i < COUNT(lines); i++) {
    lmtp_lines = lines[i];
    if (load(&t, "", "", "") == 0) fail_msg("%s", lines[i]);
    assert_null(t.locals.lines);
  }
}

/* Each rule of virtualdomains against the next one. */
static void virtual_domains_in_their_order(void **state) {
  (void)state;
  static const char virtual[] = ".example:one\n"
                                ".wild.example:two\n"
                                ".b.wild.example:\n"
                                "u@x.wild.example:three\n"
                                "U@B.wild.example:\n"
                                ".UPPER.test:four\n"
                                "none.test:\n"
                                "twice.test:first\n"
                                "Twice.test:last\n"
                                ":all\n";
  static const struct expected cases[] = {
    /* the address before the domain before suffixes, of those the longest, before the empty key */
    {"U@x.WILD.example", "three-U@x.WILD.example", NULL, 0, false},
    {"user@x.wild.example", "two-user@x.wild.example", NULL, 0, false},
    {"user@wild.example", "one-user@wild.example", NULL, 0, false},
    {"user@other.test", "all-user@other.test", NULL, 0, false},
    {"user@", "all-user@", NULL, 0, false},
    {"@x.wild.example", "two-@x.wild.example", NULL, 0, false},
    /* an empty value ends the search: what is shorter does not count */
    {"u@b.wild.example", "u@b.wild.example", "b.wild.example", 25, true},
    {"other@b.wild.example", "two-other@b.wild.example", NULL, 0, false},
    {"user@c.b.wild.example", "user@c.b.wild.example", "c.b.wild.example", 25, true},
    {"user@none.test", "user@none.test", "none.test", 25, true},
    {"user@a.none.test", "all-user@a.none.test", NULL, 0, false},
    /* case */
    {"user@a.upper.TEST", "four-user@a.upper.TEST", NULL, 0, false},
    {"user@TWICE.test", "last-user@TWICE.test", NULL, 0, false},
    /* envnoathost and percenthack come first, locals too */
    {"user", "one-user@noat.example", NULL, 0, false},
    {"a%x.wild.example@hack.example", "two-a@x.wild.example", NULL, 0, false},
    {"a%b@x.wild.example", "two-a%b@x.wild.example", NULL, 0, false},
    {"user@hack.example", "one-user@hack.example", NULL, 0, false},
    {"user@also.example", "user@also.example", NULL, 0, false},
  };
  struct route_table t;
  assert_int_equal(load(&t, "", virtual, ""), 0);
  check(&t, cases, COUNT(cases));
  route_unload(&t);
}

static void ports_that_are_none_are_found_when_loading(void **state) {
  (void)state;
  lmtp_lines = "";
  static const char *const lines[] = {"a:b:0\n", "a:b:65536\n", "a:b:smtp\n", "a:b:25 \nb:c: 25\n",
                                      "a:b:99999999999999999999\n", "a:[::1:25\n", "a:b:587|u|p\n"};
  for (size_t i = 0; i < COUNT(lines); i++) {
    struct route_table t;
    if (load(&t, lines[i], "", "") == 0) fail_msg("%s", lines[i]);
    assert_null(t.locals.lines);
  }
}

/* Every rule that counted, and every one that was looked for before it. */
static void each_rule_is_noted(void **state) {
  (void)state;
  static const struct {
    const char *address, *notes;
  } cases[] = {
    {"joe@here.example",
     "percenthack\tit has \"here.example\": there is no %\tfound=yes\tkey=here.example\n"
     "locals\tit has \"here.example\": delivered here\tfound=yes\tkey=here.example\n"
     "route\tlocal, to joe@here.example\tchannel=local\taddress=joe@here.example\n"},
    {"user",
     "envnoathost\tthere is no @; now it is user@noat.example\n"
     "percenthack\tit has no line for noat.example\tfound=no\n"
     "locals\tit has no line for noat.example\tfound=no\n"
     "virtualdomains\tit has no line for noat.example\tfound=no\n"
     "smtproutes\tit has no line for noat.example\tfound=no\n"
     "route\tremote, to the mail exchangers of noat.example, port 25\tchannel=remote\t"
     "address=user@noat.example\thost=noat.example\tport=25\tby=mx\n"},
    {"a%b.wild.example@hack.example",
     "percenthack\tit has \"hack.example\": the last % becomes the @\tfound=yes\tkey=hack.example\n"
     "rewritten\tnow it is a@b.wild.example\n"
     "percenthack\tit has no line for b.wild.example\tfound=no\n"
     "locals\tit has no line for b.wild.example\tfound=no\n"
     "virtualdomains\tit has \".wild.example:wprefix\": delivered here, that put in front\t"
     "found=yes\tkey=.wild.example\tvalue=wprefix\n"
     "route\tlocal, to wprefix-a@b.wild.example\tchannel=local\taddress=wprefix-a@b.wild.example\n"},
    {"x@ported.example",
     "percenthack\tit has no line for ported.example\tfound=no\n"
     "locals\tit has no line for ported.example\tfound=no\n"
     "virtualdomains\tit has no line for ported.example\tfound=no\n"
     "smtproutes\tit has \"ported.example:relay.example:2525\": to this relay\tfound=yes\t"
     "key=ported.example\tvalue=relay.example:2525\n"
     "route\tremote, to relay.example, port 2525\tchannel=remote\taddress=x@ported.example\t"
     "host=relay.example\tport=2525\tby=relay\n"},
  };
  struct route_table t;
  struct route r = {0};
  struct facts f = {.fd = -1};
  lmtp_lines = "";
  assert_int_equal(load(&t, ROUTES, VIRTUAL, ""), 0);
  for (size_t i = 0; i < COUNT(cases); i++) {
    stralloc_zero(&f.lines);
    assert_int_equal(route_explain(&t, TEXT_ABSENT, text_of(cases[i].address), &r, &f), 0);
    if (!text_equals(text_of_stralloc(&f.lines), cases[i].notes))
      fail_msg("%.*s", (int)f.lines.len, f.lines.s);
  }
  stralloc_free(&f.lines);
  route_free(&r);
  route_unload(&t);
}

static void lmtp_is_noted(void **state) {
  (void)state;
  static const struct {
    const char *address, *notes;
  } cases[] = {
    {"x@store.example",
     "lmtproutes\tit has \"store.example:/run/dovecot/lmtp\": by LMTP to this server\tfound=yes\t"
     "key=store.example\tvalue=/run/dovecot/lmtp\n"
     "route\tby LMTP, to /run/dovecot/lmtp\tchannel=remote\taddress=x@store.example\t"
     "host=/run/dovecot/lmtp\tby=lmtp\n"},
    {"x@routed.example",
     "lmtproutes\tit has \"routed.example:[::1]:2424\": by LMTP to this server\tfound=yes\t"
     "key=routed.example\tvalue=[::1]:2424\n"
     "route\tby LMTP, to [::1], port 2424\tchannel=remote\taddress=x@routed.example\t"
     "host=[::1]\tport=2424\tby=lmtp\n"},
    {"x@here.example",
     "lmtproutes\tit has \"here.example:/run/never\": passed over, as the domain is delivered here\t"
     "found=yes\tkey=here.example\tvalue=/run/never\n"
     "route\tlocal, to x@here.example\tchannel=local\taddress=x@here.example\n"},
  };
  struct route_table t;
  struct route r = {0};
  struct facts f = {.fd = -1};
  lmtp_lines = LMTP;
  assert_int_equal(load(&t, ROUTES, VIRTUAL, ""), 0);
  for (size_t i = 0; i < COUNT(cases); i++) {
    stralloc_zero(&f.lines);
    assert_int_equal(route_explain(&t, TEXT_ABSENT, text_of(cases[i].address), &r, &f), 0);
    assert_true(stralloc_0(&f.lines));
    const char *notes = strstr(f.lines.s, "lmtproutes");
    if (!notes || strcmp(notes, cases[i].notes) != 0) fail_msg("%s", f.lines.s);
  }
  stralloc_free(&f.lines);
  route_free(&r);
  route_unload(&t);
}

static void some_lead_nowhere(void **state) {
  (void)state;
  struct route_table t;
  struct route r = {0};
  char longest[300] = "a@", too_long[300] = "a@";
  memset(longest + 2, 'h', 255);
  memset(too_long + 2, 'h', 256);
  const struct {
    const char *address;
    bool nowhere;
  } cases[] = {{"user@", true}, {"%@here.example", true}, {"@here.example", false},
               {"user@b", false}, {longest, false}, {too_long, true}};
  assert_int_equal(load(&t, ROUTES, VIRTUAL, ""), 0);
  for (size_t i = 0; i < COUNT(cases); i++) {
    assert_int_equal(route_find(&t, TEXT_ABSENT, text_of(cases[i].address), &r), 0);
    if (route_leads_nowhere(&r) != cases[i].nowhere) fail_msg("%s", cases[i].address);
  }
  route_free(&r);
  route_unload(&t);
}

/* As qmail-remote: what is delivered here makes no difference. */
static void a_domain_alone_has_a_route(void **state) {
  (void)state;
  struct route_table t;
  struct route r = {0};
  assert_int_equal(load(&t, ROUTES, VIRTUAL, ""), 0);
  assert_int_equal(route_domain(&t, text_of("here.example"), &r), 0);
  assert_int_equal(r.channel, CHANNEL_REMOTE);
  assert_int_equal(route_domain(&t, text_of("mxport.example"), &r), 0);
  assert_true(r.use_mx && r.port == 2727);
  assert_text(text_of_stralloc(&r.host), TEXT("mxport.example"));
  assert_int_equal(r.address.len, 0);
  route_free(&r);
  route_unload(&t);
}

#define IN_FOLDER(TEST) cmocka_unit_test_setup_teardown(TEST, test_folder_make, test_folder_remove)

int main(void) {
  const struct CMUnitTest tests[] = {
    IN_FOLDER(follows_qmail_s_rules),
    IN_FOLDER(each_rule_is_noted),
    IN_FOLDER(lmtp_is_noted),
    IN_FOLDER(some_lead_nowhere),
    IN_FOLDER(a_domain_alone_has_a_route),
    IN_FOLDER(empty_keys_are_for_all),
    IN_FOLDER(virtual_domains_in_their_order),
    IN_FOLDER(lmtproutes_come_before_smtproutes),
    IN_FOLDER(qmtproutes_come_behind_lmtproutes),
    IN_FOLDER(senders_have_routes),
    IN_FOLDER(targets_that_are_none_are_found_when_loading),
    IN_FOLDER(ports_that_are_none_are_found_when_loading),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
