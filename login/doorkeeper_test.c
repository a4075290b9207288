/* What the doorkeeper of a log-in grants, with an owl-authd that knows joe and "secret". */
#include "config.h"
#include "login/doorkeeper.h"
#include <fcntl.h>
#include "lib/base64.h"
#include "lib/testauthd.h"
#include "lib/testfolder.h"

static struct login_settings settings;
static struct client client;
static struct login_doorkeeper keeper;
static struct log events;
static bool test_has_authd;

static struct credential_answer answer_to(unsigned kind, const struct credential_request *r, stralloc *text) {
  struct credential_answer a = {.result = {.class = RESULT_FAILURE, .status = text_of("5.7.8"), .text = text_of("user or password is wrong")}};
  bool right = kind == CREDENTIAL_PASSWORD && text_equals(r->user, "joe") && text_equals(r->secret, "secret");
  right |= kind == CREDENTIAL_RESPONSE && text_equals(r->mechanism, "APOP") && text_equals(r->response, "0123456789abcdef0123456789abcdef");
  (void)text;
  if (kind == CREDENTIAL_MECHANISMS) {
    a = (struct credential_answer){.result = {.class = RESULT_SUCCESS}, .mechanisms = text_of("PLAIN APOP")};
  } else if (right && text_equals(r->service, "pop3")) {
    a = (struct credential_answer){.result = {.class = RESULT_SUCCESS}, .user = text_of("joe"), .pass = text_of("a pass")};
  } else if (text_equals(r->user, "passless"))
    a = (struct credential_answer){.result = {.class = RESULT_SUCCESS}, .user = text_of("passless")};
  return a;
}

static void begin(bool without_tls) {
  login_doorkeeper_close(&keeper);
  settings.authwithouttls = without_tls;
  settings.maxauthtries = 2;
  keeper = (struct login_doorkeeper){.settings = &settings, .client = &client, .clock = &clock_system, .log = &events,
                                     .program = "test", .service = "pop3", .stream = -1};
  login_doorkeeper_open(&keeper);
}

/* The class of the answer; 0: that was malformed. */
static unsigned ask(unsigned kind, struct logindoor_request r, struct logindoor_answer *a) {
  stralloc payload = {0};
  assert_int_equal(logindoor_put_request(&payload, &r), 0);
  int got = login_doorkeeper_answer(&keeper, kind, text_of_stralloc(&payload), a);
  stralloc_free(&payload);
  return got == -1 ? 0 : (unsigned)a->result.class;
}

static unsigned plain(const char *user, const char *secret, struct logindoor_answer *a) {
  return ask(LOGINDOOR_AUTH, (struct logindoor_request){.mechanism = text_of("PLAIN"), .user = text_of(user), .secret = text_of(secret)}, a);
}

static void who_knows_the_password_is_let_in(void **state) {
  struct logindoor_answer a;
  (void)state;
  begin(true);
  assert_int_equal(plain("joe", "secret", &a), 0); /* nothing is offered yet */
  assert_int_equal(ask(LOGINDOOR_OFFER, (struct logindoor_request){0}, &a), RESULT_SUCCESS);
  assert_true(text_equals(a.offered, " PLAIN") && a.challenge.len > 10);
  assert_int_equal(plain("joe", "wrong", &a), RESULT_FAILURE);
  assert_false(a.ends_session);
  assert_int_equal(plain("joe", "secret", &a), RESULT_SUCCESS);
  assert_true(text_equal(text_of_stralloc(&keeper.user), text_of("joe")));
  assert_int_equal(plain("joe", "secret", &a), 0); /* once */
  assert_int_equal(ask(LOGINDOOR_OFFER, (struct logindoor_request){0}, &a), 0);
}

static void apop_is_about_the_stamp_of_the_greeting(void **state) {
  struct logindoor_request r = {.user = text_of("joe"), .response = text_of("0123456789abcdef0123456789abcdef")};
  struct logindoor_answer a;
  (void)state;
  begin(true);
  assert_int_equal(ask(LOGINDOOR_APOP, r, &a), 0);
  assert_int_equal(ask(LOGINDOOR_OFFER, (struct logindoor_request){0}, &a), RESULT_SUCCESS);
  assert_int_equal(ask(LOGINDOOR_APOP, r, &a), RESULT_SUCCESS);
}

static bool fails_to_encode, fails_to_list;

int __real_base64_cat(stralloc *out, struct text octets);
int __wrap_base64_cat(stralloc *out, struct text octets);

int __wrap_base64_cat(stralloc *out, struct text octets) { return fails_to_encode ? -1 : __real_base64_cat(out, octets); }

int __real_sasl_cat_set(stralloc *out, unsigned set);
int __wrap_sasl_cat_set(stralloc *out, unsigned set);

int __wrap_sasl_cat_set(stralloc *out, unsigned set) { return fails_to_list ? -1 : __real_sasl_cat_set(out, set); }

static void without_memory_one_comes_again(void **state) {
  struct logindoor_answer a;
  (void)state;
  begin(true);
  fails_to_list = true;
  assert_int_equal(ask(LOGINDOOR_OFFER, (struct logindoor_request){0}, &a), RESULT_DEFERRAL);
  assert_false(a.offered.s || a.challenge.s);
  fails_to_list = false;
  assert_int_equal(ask(LOGINDOOR_OFFER, (struct logindoor_request){0}, &a), RESULT_SUCCESS);
  assert_true(a.offered.len > 0);
}

static void half_a_stamp_is_none(void **state) {
  struct logindoor_answer a;
  (void)state;
  begin(true);
  fails_to_encode = true;
  assert_int_equal(ask(LOGINDOOR_OFFER, (struct logindoor_request){0}, &a), RESULT_SUCCESS);
  assert_false(a.challenge.s);
  fails_to_encode = false;
  assert_int_equal(ask(LOGINDOOR_OFFER, (struct logindoor_request){0}, &a), RESULT_SUCCESS);
  assert_true(a.challenge.len > 30 && a.challenge.s[0] == '<' && a.challenge.s[a.challenge.len - 1] == '>');
}

static void tries_have_an_end(void **state) {
  struct logindoor_answer a;
  (void)state;
  begin(true);
  ask(LOGINDOOR_OFFER, (struct logindoor_request){0}, &a);
  assert_int_equal(plain("joe", "1", &a), RESULT_FAILURE);
  assert_int_equal(plain("nobody", "2", &a), RESULT_FAILURE);
  assert_true(a.ends_session);
  assert_int_equal(plain("joe", "secret", &a), 0); /* whatever the talker makes of it */
}

static void nobody_is_let_in_otherwise(void **state) {
  struct logindoor_answer a;
  (void)state;
  begin(true);
  ask(LOGINDOOR_OFFER, (struct logindoor_request){0}, &a);
  assert_int_equal(plain("passless", "secret", &a), RESULT_DEFERRAL);
  assert_int_equal(keeper.user.len, 0);
  assert_int_equal(ask(LOGINDOOR_OPEN, (struct logindoor_request){0}, &a), 0);
  assert_int_equal(ask(LOGINDOOR_TLS, (struct logindoor_request){0}, &a), RESULT_FAILURE);
  begin(false);
  assert_int_equal(ask(LOGINDOOR_OFFER, (struct logindoor_request){0}, &a), RESULT_SUCCESS);
  assert_false(a.offered.s || a.challenge.s);
  keeper.guard.offered = SASL_ALL;
  keeper.may_apop = true;
  assert_int_equal(plain("joe", "secret", &a), 0); /* there is no TLS */
}

static void each_kind_has_what_it_may(void **state) {
  const struct logindoor_request user = {.user = text_of("joe")}, secret = {.secret = text_of("x")}, utf8 = {.utf8 = true};
  struct logindoor_answer a;
  (void)state;
  begin(true);
  ask(LOGINDOOR_OFFER, (struct logindoor_request){0}, &a);
  assert_int_equal(ask(LOGINDOOR_OFFER, user, &a), 0);
  assert_int_equal(ask(LOGINDOOR_OFFER, utf8, &a), 0);
  assert_int_equal(ask(LOGINDOOR_TLS, secret, &a), 0);
  assert_int_equal(ask(LOGINDOOR_AUTH, user, &a), 0);
  assert_int_equal(ask(LOGINDOOR_APOP, user, &a), 0);
  assert_int_equal(ask(LOGINDOOR_ANSWER, (struct logindoor_request){0}, &a), 0);
  assert_int_equal(login_doorkeeper_answer(&keeper, LOGINDOOR_OFFER, text_of("junk"), &a), -1);
}

static void requests_have_an_end(void **state) {
  struct logindoor_answer a;
  (void)state;
  begin(false); /* nobody is asked */
  for (unsigned i = 0; i < 1000; i++) assert_int_equal(ask(LOGINDOOR_OFFER, (struct logindoor_request){0}, &a), RESULT_SUCCESS);
  assert_int_equal(ask(LOGINDOOR_OFFER, (struct logindoor_request){0}, &a), 0);
}

/* In a child: the door of mailboxes, which lets one in. */
static pid_t open_one_mailbox(void) {
  assert_int_equal(mkdir(test_path("mailbox"), 0700), 0);
  int listener = unixsock_listen(test_path("mailbox/socket"), 0600, 1);
  assert_true(listener >= 0);
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid > 0) return close(listener), pid;
  struct frame_reader in = {.protocol = &mailboxdoor_protocol};
  struct frame f;
  int sock = accept(listener, NULL, NULL);
  bool good = frame_receive(&in, sock, &f, IO_FOREVER) == FRAME_READY && f.fd >= 0;
  if (good) good = mailboxdoor_send_answer(sock, &(struct result){.class = RESULT_SUCCESS}) == 0;
  _exit(good ? 0 : 1);
}

static void close_mailbox(pid_t server) {
  int status;
  assert_int_equal(waitpid(server, &status, 0), server);
  assert_int_equal(status, 0);
  unlink(test_path("mailbox/socket"));
}

/* Though the talker keeps its end of the door. */
static void behind_the_log_in_nobody_is_heard_or_kept(void **state) {
  struct logindoor_answer a;
  int door[2], stream[2];
  (void)state;
  begin(true);
  pid_t server = open_one_mailbox();
  assert_int_equal(unixsock_pair(door), 0);
  assert_int_equal(unixsock_pair(stream), 0);
  keeper.stream = stream[0];
  ask(LOGINDOOR_OFFER, (struct logindoor_request){0}, &a);
  assert_int_equal(plain("joe", "secret", &a), RESULT_SUCCESS);
  for (unsigned i = 0; i < 2; i++) /* the second would be malformed */
    assert_int_equal(frame_send(door[1], &logindoor_protocol, LOGINDOOR_OPEN, TEXT_ABSENT, -1, IO_FOREVER), 0);
  assert_int_equal(login_doorkeeper_serve(&keeper, door[0]), LOGIN_DOORKEEPER_TALKER_LEFT);
  assert_true(keeper.session.sock >= 0);
  assert_false(keeper.guard.is_linked);
  close_mailbox(server);
  for (unsigned i = 0; i < 2; i++) close(door[i]), close(stream[i]);
}

static void without_owl_lspawn_or_owl_authd_one_comes_again(void **state) {
  struct logindoor_answer a;
  (void)state;
  begin(true);
  ask(LOGINDOOR_OFFER, (struct logindoor_request){0}, &a);
  assert_int_equal(plain("joe", "secret", &a), RESULT_SUCCESS);
  assert_int_equal(ask(LOGINDOOR_OPEN, (struct logindoor_request){0}, &a), RESULT_DEFERRAL);
  assert_int_equal(keeper.user.len, 0);
  assert_int_equal(plain("joe", "secret", &a), RESULT_SUCCESS); /* once more */
  test_authd_stop(test_folder);
  test_has_authd = false;
  begin(true);
  assert_int_equal(ask(LOGINDOOR_OFFER, (struct logindoor_request){0}, &a), RESULT_DEFERRAL);
}

static int set_up(void **state) {
  if (test_folder_make(state) == -1) return -1;
  test_authd_start(test_folder, answer_to);
  test_has_authd = true;
  events.fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
  bool ok = stralloc_copys(&settings.rundir, test_folder) && stralloc_0(&settings.rundir) && stralloc_copys(&settings.me, "me.example") &&
            stralloc_0(&settings.me);
  return ok ? 0 : -1;
}

static int tear_down(void **state) {
  if (test_has_authd) test_authd_stop(test_folder);
  login_doorkeeper_close(&keeper);
  login_settings_free(&settings);
  stralloc_free(&events.line);
  close(events.fd);
  return test_folder_remove(state);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(who_knows_the_password_is_let_in), cmocka_unit_test(apop_is_about_the_stamp_of_the_greeting),
    cmocka_unit_test(half_a_stamp_is_none), cmocka_unit_test(without_memory_one_comes_again),
    cmocka_unit_test(tries_have_an_end), cmocka_unit_test(nobody_is_let_in_otherwise), cmocka_unit_test(each_kind_has_what_it_may), cmocka_unit_test(requests_have_an_end),
    cmocka_unit_test(behind_the_log_in_nobody_is_heard_or_kept),
    cmocka_unit_test(without_owl_lspawn_or_owl_authd_one_comes_again),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
