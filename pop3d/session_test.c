#include "config.h"
#include "pop3d/session.h"
#include "mailbox/testmaildir.h"

static struct mailbox mailbox;
static stralloc sent;

/* A file system that gives little at a time. */
static size_t most = SIZE_MAX;
static size_t reads;

ssize_t __real_read(int fd, void *to, size_t size);
ssize_t __wrap_read(int fd, void *to, size_t size);

ssize_t __wrap_read(int fd, void *to, size_t size) {
  reads++;
  return __real_read(fd, to, size < most ? size : most);
}

static int keep(void *context, stralloc *out) {
  (void)context;
  assert_true(stralloc_cat(&sent, out));
  stralloc_zero(out);
  return 0;
}

static struct pop3_session begin(void) {
  struct pop3_session s = {.mailbox = &mailbox, .flush = keep};
  stralloc_zero(&sent);
  assert_int_equal(mailbox_open(&mailbox, test_maildir), 0);
  mailbox_measure(&mailbox);
  assert_int_equal(session_begin(&s), 0);
  return s;
}

static void end(struct pop3_session *s) {
  session_free(s);
  mailbox_close(&mailbox);
}

/* lines: "C: " what the client sends, others what it gets; RFC 1939 10. */
static void play(struct pop3_session *s, const char *const *lines) {
  stralloc expected = {0};
  for (; *lines; lines++) {
    if (strncmp(*lines, "C: ", 3) == 0) assert_int_equal(session_run(s, text_of(*lines + 3)), 0);
    else assert_true(stralloc_cats(&expected, *lines) && stralloc_cats(&expected, "\r\n"));
  }
  assert_int_equal(keep(NULL, &s->out), 0);
  if (!text_equal(text_of_stralloc(&sent), text_of_stralloc(&expected)))
    fail_msg("sent:\n%.*s\nexpected:\n%.*s", (int)sent.len, sent.s, (int)expected.len, expected.s);
  stralloc_free(&expected);
}

static void two_messages(void) {
  char first[121], second[201];
  memset(first, 'x', 120);
  memset(second, 'y', 200);
  memcpy(first, "A: b\n\n", 6);
  first[116] = '\n';
  first[117] = 0; /* 114 octets in 3 lines and 117 */
  second[198] = '\n';
  second[199] = 0;
  test_maildir_write("new/1.a", first);
  test_maildir_write("new/2.b", second);
}

static void the_session_of_the_rfc(void **state) {
  (void)state;
  two_messages();
  struct pop3_session s = begin();
  play(&s, (const char *const[]){
    "+OK 2 messages, 320 octets", "C: STAT", "+OK 2 320", "C: LIST", "+OK", "1 120", "2 200", ".",
    "C: DELE 1", "+OK marked as deleted", "C: DELE 2", "+OK marked as deleted", "C: QUIT", "+OK", NULL});
  assert_true(s.is_over);
  assert_int_equal(s.removed, 2);
  assert_int_equal(access(test_maildir_path("new/1.a"), F_OK), -1);
  assert_int_equal(access(test_maildir_path("new/2.b"), F_OK), -1);
  end(&s);
}

static void a_lost_connection_deletes_nothing(void **state) {
  (void)state;
  two_messages();
  struct pop3_session s = begin();
  play(&s, (const char *const[]){"+OK 2 messages, 320 octets", "C: DELE 1", "+OK marked as deleted", NULL});
  end(&s);
  assert_int_equal(access(test_maildir_path("new/1.a"), F_OK), 0);
}

static void what_is_marked_is_not_there(void **state) {
  (void)state;
  two_messages();
  struct pop3_session s = begin();
  play(&s, (const char *const[]){
    "+OK 2 messages, 320 octets", "C: dele 1", "+OK marked as deleted", "C: LIST 1",
    "-ERR that message is marked as deleted", "C: RETR 1", "-ERR that message is marked as deleted", "C: DELE 1",
    "-ERR that message is marked as deleted", "C: STAT", "+OK 1 200", "C: UIDL", "+OK", "2 2.b", ".", "C: LIST 2",
    "+OK 2 200", "C: RSET", "+OK 2 320", "C: UIDL 1", "+OK 1 1.a", "C: QUIT", "+OK", NULL});
  end(&s);
  assert_int_equal(access(test_maildir_path("cur/1.a:2,"), F_OK), 0); /* and no longer new */
}

static void messages_are_shown(void **state) {
  (void)state;
  test_maildir_write("cur/1.a:2,S", "From: a\n\none\n.two\n\nend");
  struct pop3_session s = begin();
  play(&s, (const char *const[]){
    "+OK 1 messages, 27 octets", "C: RETR 1", "+OK", "From: a", "", "one", "..two", "", "end", ".", "C: TOP 1 2", "+OK",
    "From: a", "", "one", "..two", ".", "C: TOP 1 0", "+OK", "From: a", "", ".", NULL});
  assert_true(s.retrieved == 1 && s.sent == 27);
  end(&s);
}

static void a_file_that_comes_in_pieces_is_whole(void **state) {
  static const char *const dialog[] = {
    "+OK 1 messages, 27 octets", "C: RETR 1", "+OK", "From: a", "", "one", "..two", "", "end", ".", NULL};
  static const struct {
    const char *name;
    size_t most, reads;
  } cases[] = {
    {"cur/1.a,S=22,W=27:2,S", SIZE_MAX, 1}, {"cur/1.a,S=22,W=27:2,S", 7, 4}, {"cur/1.a:2,S", 7, 4},
    {"cur/1.a,S=20,W=27:2,S", SIZE_MAX, 2}, {"cur/1.a,S=99,W=27:2,S", 7, 5},
  };
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    test_maildir_write(cases[i].name, "From: a\n\none\n.two\n\nend");
    struct pop3_session s = begin();
    most = cases[i].most;
    reads = 0;
    play(&s, dialog);
    most = SIZE_MAX;
    assert_int_equal(reads, cases[i].reads);
    end(&s);
    assert_int_equal(unlink(test_maildir_path(cases[i].name)), 0);
  }
}

static void what_cannot_be_done(void **state) {
  (void)state;
  two_messages();
  struct pop3_session s = begin();
  assert_int_equal(unlink(test_maildir_path("new/2.b")), 0);
  play(&s, (const char *const[]){
    "+OK 2 messages, 320 octets", "C: RETR", "-ERR wrong number of arguments", "C: RETR 3",
    "-ERR there is no such message", "C: RETR 0", "-ERR there is no such message", "C: RETR x",
    "-ERR that is no message number", "C: RETR -1", "-ERR that is no message number", "C: RETR 18446744073709551617",
    "-ERR that is no message number", "C: TOP 1", "-ERR TOP takes a message number and a number of lines", "C: TOP 1 x",
    "-ERR TOP takes a message number and a number of lines", "C: STAT 1", "-ERR wrong number of arguments", "C: ",
    "-ERR unknown command", "C: XYZZY 1", "-ERR unknown command", "C: USER joe", "-ERR unknown command", "C: RETR 2",
    "-ERR [SYS/TEMP] another program has deleted that message", "C: LAST", "+OK 0", "C: NOOP", "+OK", "C: LIST 1 ", "+OK 1 120",
    "C: DELE 2", "+OK marked as deleted", "C: QUIT", "+OK", NULL});
  assert_true(s.retrieved == 0 && s.sent == 0);
  end(&s);
}

static void the_last_message(void **state) {
  (void)state;
  two_messages();
  struct pop3_session s = begin();
  play(&s, (const char *const[]){
    "+OK 2 messages, 320 octets", "C: LAST", "+OK 0", "C: DELE 2", "+OK marked as deleted", "C: LAST", "+OK 2", "C: DELE 1",
    "+OK marked as deleted", "C: LAST", "+OK 2", "C: RSET", "+OK 2 320", "C: LAST", "+OK 0", "C: RSET", "+OK 2 320",
    "C: LIST", "+OK", "1 120", "2 200", ".", NULL});
  end(&s);
}

static void what_is_offered(void **state) {
  (void)state;
  struct pop3_session s = begin();
  play(&s, (const char *const[]){
    "+OK 0 messages, 0 octets", "C: CAPA", "+OK", "TOP", "UIDL", "RESP-CODES", "PIPELINING", "EXPIRE NEVER", "LANG",
    "IMPLEMENTATION owlpost", ".", "C: UTF8", "-ERR UTF8 comes before the login", "C: LANG", "+OK languages", "en English",
    "i-default Default language", ".", "C: LANG en", "+OK en is spoken", "C: LANG EN-gb", "+OK en is spoken", "C: LANG *",
    "+OK en is spoken", "C: LANG I-Default", "+OK i-default is spoken", "C: LANG eno",
    "-ERR that language is not spoken here", "C: LANG -", "-ERR that language is not spoken here", NULL});
  s.is_behind_door = true;
  s.login_delay_s = 60;
  stralloc_zero(&sent);
  play(&s, (const char *const[]){
    "C: CAPA", "+OK", "USER", "LOGIN-DELAY 60", "TOP", "UIDL", "RESP-CODES", "PIPELINING", "EXPIRE NEVER", "LANG",
    "AUTH-RESP-CODE", "UTF8 USER", "IMPLEMENTATION owlpost", ".", NULL});
  end(&s);
}

static void long_replies_leave_in_pieces(void **state) {
  enum { MANY = 20000 };
  char name[32];
  (void)state;
  for (int i = 0; i < MANY; i++) {
    snprintf(name, sizeof name, "new/%d.x,S=1,W=2", 100000 + i);
    test_maildir_write(name, "");
  }
  struct pop3_session s = begin();
  stralloc_zero(&s.out);
  assert_int_equal(session_run(&s, TEXT("LIST")), 0);
  assert_true(sent.len > 2 * POP3_OUT_OCTETS && s.out.len < POP3_OUT_OCTETS + 100);
  end(&s);
}

#define TESTED(F) cmocka_unit_test_setup_teardown(F, test_maildir_make, test_maildir_remove)

int main(void) {
  const struct CMUnitTest tests[] = {
    TESTED(the_session_of_the_rfc), TESTED(a_lost_connection_deletes_nothing), TESTED(what_is_marked_is_not_there),
    TESTED(messages_are_shown), TESTED(a_file_that_comes_in_pieces_is_whole),
    TESTED(what_cannot_be_done), TESTED(the_last_message), TESTED(what_is_offered), TESTED(long_replies_leave_in_pieces),
  };
  int r = cmocka_run_group_tests(tests, NULL, NULL);
  stralloc_free(&sent);
  return r;
}
