#include "config.h"
#include "lib/injector.h"
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include "lib/claim.h"
#include "lib/clock.h"
#include "lib/injectorreply.h"
#include "lib/sample.h"
#include "lib/testfolder.h"

static struct envelope envelope;

static int set_up(void **state) {
  sample_envelope(&envelope);
  unsetenv("ERROR_FD");
  return test_folder_make(state);
}

static int tear_down(void **state) {
  envelope_free(&envelope);
  return test_folder_remove(state);
}

/* QMAILQUEUE becomes a shell script, run in the test's folder. */
static void use_script(const char *body) {
  char script[2048];
  snprintf(script, sizeof script, "#!/bin/sh\ncd '%s' || exit 81\n%s\n", test_folder, body);
  test_write("filter", text_of(script), 0700);
  setenv("QMAILQUEUE", test_path("filter"), 1);
}

static int inject(struct injector *i, struct text message) {
  assert_int_equal(injector_start(i, &envelope), 0);
  (void)io_write_all(i->message_fd, message.s, message.len, IO_FOREVER);
  return injector_finish(i, &envelope);
}

static void assert_file(const char *name, struct text content) {
  stralloc octets = {0};
  int fd = open(test_path(name), O_RDONLY | O_CLOEXEC);
  assert_true(fd >= 0);
  assert_int_equal(io_slurp(fd, &octets, 1000000, IO_FOREVER), 0);
  assert_text(text_of_stralloc(&octets), content);
  stralloc_free(&octets);
  close(fd);
}

static void the_program_gets_message_and_envelopes(void **state) {
  (void)state;
  struct injector i;
  struct envelope back = {0};
  stralloc octets = {0};
  unsigned before = open_descriptors();
  use_script("cat > message; cat <&1 > envelope; cat /proc/self/fd/$OWLPOST_ENVELOPE > extra");
  assert_int_equal(inject(&i, TEXT("Subject: x\n\nbody\n")), 0);
  assert_file("message", TEXT("Subject: x\n\nbody\n"));
  assert_file("envelope",
              TEXT("Fsender@example.org\0Tone@example.com\0T\xc3\xb6ne@example.com\0\0"));
  int fd = open(test_path("extra"), O_RDONLY | O_CLOEXEC);
  assert_int_equal(io_slurp(fd, &octets, 100000, IO_FOREVER), 0);
  close(fd);
  assert_int_equal(envelope_decode(&back, text_of_stralloc(&octets)), ENVELOPE_OK);
  assert_same_envelope(&back, &envelope);
  envelope_free(&back);
  stralloc_free(&octets);
  injector_free(&i);
  assert_int_equal(open_descriptors(), before);
}

static void the_program_holds_nothing_else(void **state) {
  (void)state;
  struct injector i;
  int stray = fcntl(0, F_DUPFD_CLOEXEC, 50);
  use_script("ls /proc/$$/fd | grep -v '^[0-2]$' | tr '\\n' ' ' > descriptors");
  assert_int_equal(inject(&i, TEXT("x")), 0);
  /* 4, 6, the extra envelope, and what sh keeps for the script itself, 10 */
  stralloc list = {0};
  int fd = open(test_path("descriptors"), O_RDONLY | O_CLOEXEC);
  assert_int_equal(io_slurp(fd, &list, 1000, IO_FOREVER), 0);
  assert_true(stralloc_0(&list));
  assert_non_null(strstr(list.s, "4 "));
  assert_null(strstr(list.s, "50 "));
  stralloc_free(&list);
  close(fd);
  close(stray);
  injector_free(&i);
}

static void exit_codes_come_back(void **state) {
  (void)state;
  static const int codes[] = {0, 1, 11, 31, 53, 71, 81, 91, 115, 120, 255};
  for (size_t n = 0; n < COUNT(codes); n++) {
    char body[64];
    struct injector i;
    snprintf(body, sizeof body, "cat > /dev/null; cat <&1 > /dev/null; exit %d", codes[n]);
    use_script(body);
    assert_int_equal(inject(&i, TEXT("x")), codes[n]);
    assert_int_equal(i.text.len, 0);
    injector_free(&i);
  }
}

static void a_signal_and_a_missing_program_are_temporary(void **state) {
  (void)state;
  struct injector i;
  use_script("kill -9 $$");
  assert_int_equal(inject(&i, TEXT("x")), INJECTOR_BUG);
  setenv("QMAILQUEUE", test_path("missing"), 1);
  assert_int_equal(inject(&i, TEXT("x")), INJECTOR_EXEC);
}

static void refusals_come_on_every_descriptor(void **state) {
  (void)state;
  static const struct {
    const char *error_fd, *body;
    int code;
    const char *text;
  } cases[] = {
    {NULL, "echo spam >&4; exit 31", 31, "spam"},
    {NULL, "echo spam >&6; exit 82", 82, "spam"},
    {NULL, "printf 'two\\nlines\\r\\n' >&6; exit 88", 88, "two?lines"},
    {NULL, "printf a >&4; printf b >&6; exit 71", 71, "ab"},
    {"7", "echo seven >&7; exit 82", 82, "seven"},
    {"7", "echo four >&4; exit 82", 82, "four"},
    {"4", "echo both >&4; exit 82", 82, "both"},
    {"200", "echo high >&4; exit 82", 82, "high"},
    {"2", "echo not two >&6; exit 82", 82, "not two"},
    {"nonsense", "echo six >&6; exit 82", 82, "six"},
    {NULL, "exit 82", 82, ""},
    {NULL, "echo unasked >&6; exit 51", 51, ""},
  };
  for (size_t n = 0; n < COUNT(cases); n++) {
    struct injector i;
    if (cases[n].error_fd) setenv("ERROR_FD", cases[n].error_fd, 1);
    else unsetenv("ERROR_FD");
    use_script(cases[n].body);
    assert_int_equal(inject(&i, TEXT("x")), cases[n].code);
    assert_text(text_of_stralloc(&i.text), text_of(cases[n].text));
    injector_free(&i);
  }
}

static void a_long_refusal_is_cut_and_holds_nobody(void **state) {
  (void)state;
  struct injector i;
  use_script("head -c 1000000 /dev/zero | tr '\\0' x >&6 2> /dev/null; exit 82");
  assert_int_equal(inject(&i, TEXT("x")), 82);
  assert_int_equal(i.text.len, 1024);
  injector_free(&i);
}

static void a_background_child_with_the_descriptor_holds_nobody(void **state) {
  (void)state;
  struct injector i;
  uint64_t start = clock_boot_us(&clock_system);
  use_script("sleep 20 & echo $! > child; echo no >&6; exit 82");
  assert_int_equal(inject(&i, TEXT("x")), 82);
  assert_text(text_of_stralloc(&i.text), TEXT("no"));
  assert_true(clock_boot_us(&clock_system) - start < 10000000);
  FILE *f = fopen(test_path("child"), "r");
  int child = 0;
  assert_int_equal(fscanf(f, "%d", &child), 1);
  fclose(f);
  kill(child, SIGKILL);
  injector_free(&i);
}

static void a_filter_may_lose_the_extra_envelope(void **state) {
  (void)state;
  struct injector i;
  use_script("unset OWLPOST_ENVELOPE; cat > m; cat <&1 > e");
  assert_int_equal(inject(&i, TEXT("x")), 0);
  assert_file("m", TEXT("x"));
}

static void the_caller_hears_whether_its_arrival_is_used(void **state) {
  (void)state;
  struct injector i;
  use_script("cat >/dev/null; cat <&1 >/dev/null");
  assert_int_equal(inject(&i, TEXT("x\n")), 0);
  assert_false(i.arrival_taken);
  injector_free(&i);
  assert_int_equal(injector_start(&i, &envelope), 0);
  assert_true(claim_take(i.extra_fd)); /* as the program would */
  assert_int_equal(injector_finish(&i, &envelope), 0);
  assert_true(i.arrival_taken);
  assert_int_equal(i.extra_fd, -1);
  injector_free(&i);
}

static void an_early_death_neither_kills_nor_hangs(void **state) {
  (void)state;
  static char big[1000000];
  struct injector i;
  use_script("exit 31");
  memset(big, 'x', sizeof big);
  assert_int_equal(inject(&i, (struct text){big, sizeof big}), 31);
  injector_free(&i);
}

static void an_aborted_message_has_no_envelope(void **state) {
  (void)state;
  struct injector i;
  unsigned before = open_descriptors();
  use_script("cat > message; cat <&1 > envelope");
  assert_int_equal(injector_start(&i, &envelope), 0);
  assert_int_equal(io_write_all(i.message_fd, "part", 4, IO_FOREVER), 0);
  injector_abort(&i);
  assert_file("message", TEXT("part"));
  assert_file("envelope", TEXT(""));
  injector_free(&i);
  assert_int_equal(open_descriptors(), before);
}

static void an_address_cannot_smuggle_in_another(void **state) {
  (void)state;
  struct injector i;
  use_script("cat > message; cat <&1 > envelope; exit 54");
  assert_int_equal(injector_start(&i, &envelope), 0);
  envelope.recipients[1].address = TEXT("a@b\0Tevil@example.net");
  assert_int_equal(injector_finish(&i, &envelope), 54);
  assert_file("envelope", TEXT(""));
  injector_free(&i);
  errno = 0;
  unsigned before = open_descriptors();
  assert_int_equal(injector_start(&i, &envelope), -1);
  assert_int_equal(errno, EILSEQ);
  assert_int_equal(open_descriptors(), before);
}

static void ignored_children_still_have_exit_codes(void **state) {
  (void)state;
  struct injector i;
  signal(SIGCHLD, SIG_IGN);
  use_script("cat > /dev/null; cat <&1 > /dev/null; exit 0");
  assert_int_equal(inject(&i, TEXT("x")), 0);
}

/* SIGPIPE, which we ignore, and whatever the caller blocks, end it as usual. */
static void the_program_starts_with_ordinary_signals(void **state) {
  (void)state;
  struct injector i;
  sigset_t all, old;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &old);
  use_script("kill -PIPE $$; exit 31");
  int code = inject(&i, TEXT("x"));
  sigprocmask(SIG_SETMASK, &old, NULL);
  assert_int_equal(code, INJECTOR_BUG);
}

static void few_descriptors_are_enough(void **state) {
  (void)state;
  struct injector i;
  struct rlimit old, few;
  use_script("cat > m; cat <&1 > e");
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
  few = (struct rlimit){32, old.rlim_max};
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
  int code = inject(&i, TEXT("x"));
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
  assert_int_equal(code, 0);
}

static void explains_codes(void **state) {
  (void)state;
  const struct {
    int code;
    struct text custom;
    uint64_t class, reply;
    const char *status, *text;
  } cases[] = {
    {0, TEXT_ABSENT, RESULT_SUCCESS, 250, "2.0.0", NULL},
    {11, TEXT_ABSENT, RESULT_FAILURE, 550, "5.1.0", NULL},
    {115, TEXT_ABSENT, RESULT_FAILURE, 550, "5.1.0", NULL},
    {31, TEXT("spam"), RESULT_FAILURE, 554, "5.7.0", "spam"},
    {35, TEXT_ABSENT, RESULT_FAILURE, 554, "5.3.0", NULL},
    {40, TEXT_ABSENT, RESULT_FAILURE, 554, "5.3.0", NULL},
    {41, TEXT_ABSENT, RESULT_DEFERRAL, 451, "4.3.0", NULL},
    {10, TEXT_ABSENT, RESULT_DEFERRAL, 451, "4.3.0", NULL},
    {53, TEXT_ABSENT, RESULT_DEFERRAL, 452, "4.3.1", NULL},
    {82, TEXT("later"), RESULT_DEFERRAL, 451, "4.7.0", "later"},
    {88, TEXT("never"), RESULT_FAILURE, 554, "5.7.0", "never"},
    {82, TEXT("Dspam"), RESULT_FAILURE, 554, "5.7.0", "spam"},
    {82, TEXT("Zbusy"), RESULT_DEFERRAL, 451, "4.7.0", "busy"},
    {88, TEXT("Dspam"), RESULT_FAILURE, 554, "5.7.0", "spam"},
    {88, TEXT("Zbusy"), RESULT_DEFERRAL, 451, "4.7.0", "busy"},
    {82, TEXT("D"), RESULT_DEFERRAL, 451, "4.7.0", "D"},
    {31, TEXT("Dspam"), RESULT_FAILURE, 554, "5.7.0", "Dspam"},
    {88, TEXT(""), RESULT_FAILURE, 554, "5.7.0", "a filter refuses this message"},
    {-1, TEXT_ABSENT, RESULT_DEFERRAL, 451, "4.3.0", NULL},
  };
  for (size_t n = 0; n < COUNT(cases); n++) {
    struct result r = injector_explain(cases[n].code, cases[n].custom);
    assert_int_equal(r.class, cases[n].class);
    assert_int_equal(r.reply_code, cases[n].reply);
    assert_text(r.status, text_of(cases[n].status));
    if (cases[n].text) assert_text(r.text, text_of(cases[n].text));
    assert_true(r.text.len > 0 && result_is_valid(&r));
  }
  for (int code = 0; code < 256; code++) {
    struct result r = injector_explain(code, TEXT_ABSENT);
    bool permanent = (code >= 11 && code <= 40) || code == 88 || code == 115;
    uint64_t class = permanent ? RESULT_FAILURE : RESULT_DEFERRAL;
    assert_int_equal(r.class, code == 0 ? RESULT_SUCCESS : class);
  }
}

#define WITH_FILTER(TEST) cmocka_unit_test_setup_teardown(TEST, set_up, tear_down)

int main(void) {
  alarm(120);
  signal(SIGPIPE, SIG_IGN);
  const struct CMUnitTest tests[] = {
    WITH_FILTER(the_program_gets_message_and_envelopes),
    WITH_FILTER(the_program_holds_nothing_else),
    WITH_FILTER(exit_codes_come_back),
    WITH_FILTER(a_signal_and_a_missing_program_are_temporary),
    WITH_FILTER(refusals_come_on_every_descriptor),
    WITH_FILTER(a_long_refusal_is_cut_and_holds_nobody),
    WITH_FILTER(a_background_child_with_the_descriptor_holds_nobody),
    WITH_FILTER(a_filter_may_lose_the_extra_envelope),
    WITH_FILTER(the_caller_hears_whether_its_arrival_is_used),
    WITH_FILTER(an_early_death_neither_kills_nor_hangs),
    WITH_FILTER(an_aborted_message_has_no_envelope),
    WITH_FILTER(an_address_cannot_smuggle_in_another),
    WITH_FILTER(ignored_children_still_have_exit_codes),
    WITH_FILTER(the_program_starts_with_ordinary_signals),
    WITH_FILTER(few_descriptors_are_enough),
    cmocka_unit_test(explains_codes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
