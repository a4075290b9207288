#include "config.h"
#include "queue/queued/guest.h"
#include <dirent.h>
#include <sys/socket.h>
#include "lib/injectordoor.h"
#include "lib/testfolder.h"
#include "lib/unixsock.h"
#include "queue/queued/batch.h"
#include "queue/testqueue.h"

enum { NOW_US = 1000000 };

static struct testqueue queue;
static int queue_fd;

static int set_up(void **state) {
  if (test_folder_make(state) == -1) return -1;
  setenv("OWLPOST_CONTROL", test_folder, 1);
  test_write("minfree", TEXT("0\n"), 0600);
  testqueue_make(&queue);
  queue_fd = open(queue.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  return queue_fd >= 0 ? 0 : -1;
}

static int tear_down(void **state) {
  close(queue_fd);
  testqueue_remove(&queue);
  return test_folder_remove(state);
}

/* A guest, and what its caller holds. */
struct visit {
  struct guest guest;
  int door, pipe, pipe_end;
};

static void visit_begin(struct visit *v) {
  int doors[2], ends[2];
  assert_int_equal(unixsock_pair(doors), 0);
  assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
  v->door = doors[0];
  v->pipe = ends[1];
  v->pipe_end = ends[0];
  guest_open(&v->guest, doors[1], getuid(), NOW_US);
}

static void say(struct visit *v, unsigned type, struct text payload, int fd) {
  assert_int_equal(frame_send(v->door, &injectordoor_protocol, type, payload, fd, 1000), 0);
}

static void say_message(struct visit *v) {
  struct envelope e = {.arrival_us = 0};
  stralloc octets = {0};
  e.client_address = TEXT("192.0.2.1");
  assert_int_equal(envelope_encode(&octets, &e), 0);
  say(v, INJECTORDOOR_MESSAGE, text_of_stralloc(&octets), v->pipe_end);
  stralloc_free(&octets);
}

static void write_body(struct visit *v, const char *body) {
  assert_int_equal(io_write_all(v->pipe, body, strlen(body), 1000), 0);
}

static void end_body(struct visit *v) {
  if (v->pipe >= 0) close(v->pipe);
  v->pipe = -1;
}

static void hear(struct visit *v) {
  guest_hear(&v->guest, queue_fd, NOW_US);
  if (v->guest.state == GUEST_COMES && !v->guest.is_read) guest_read(&v->guest);
}

/* The code that was answered, or -1; the text is kept. */
static stralloc answer_text;
static int answer_of(struct visit *v) {
  struct frame_reader r = {.protocol = &injectordoor_protocol, .no_descriptors = true};
  struct injectordoor_answer a;
  struct frame f;
  int code = -1;
  if (frame_poll(&r, v->door, &f) == FRAME_READY && f.type == INJECTORDOOR_ANSWER &&
      injectordoor_read(&a, f.payload) == 0 && a.pid == (uint64_t)getpid()) {
    code = (int)a.code;
    assert_true(stralloc_copys(&answer_text, "") && text_cat(&answer_text, a.text) == 0);
  }
  frame_reader_free(&r);
  return code;
}

static void visit_end(struct visit *v) {
  guest_close(&v->guest);
  end_body(v);
  close(v->pipe_end);
  if (v->door >= 0) close(v->door);
}

static unsigned messages(void) {
  int fd = openat(queue_fd, "todo", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *d = fdopendir(fd);
  unsigned count = 0;
  assert_non_null(d);
  for (struct dirent *e; (e = readdir(d));) count += e->d_name[0] != '.';
  closedir(d);
  return count;
}

#define CLASSIC TEXT("Fann@a.test\0Tjoe@b.test\0\0")

/* Whatever comes last. */
static void nothing_is_whole_without_all_its_parts(void **state) {
  (void)state;
  static const char *orders[] = {"MBEV", "MVBE", "MBVE", "MEV", "MVE"};
  for (size_t n = 0; n < COUNT(orders); n++) {
    struct visit v;
    visit_begin(&v);
    for (const char *step = orders[n]; *step; step++) {
      assert_int_not_equal(v.guest.state, GUEST_WHOLE);
      switch (*step) {
        case 'M': say_message(&v); break;
        case 'B': write_body(&v, "Subject: x\n\nbody\n"); break;
        case 'E': end_body(&v); break;
        case 'V': say(&v, INJECTORDOOR_ENVELOPE, CLASSIC, -1); break;
      }
      hear(&v);
    }
    assert_int_equal(v.guest.state, GUEST_WHOLE);
    struct guest *list[] = {&v.guest};
    batch_settle(list, 1, queue_fd);
    assert_int_equal(answer_of(&v), INJECTOR_OK);
    assert_int_equal(v.guest.state, GUEST_OVER);
    assert_int_equal(messages(), n + 1);
    visit_end(&v);
  }
}

static void what_breaks_the_form_ends_the_visit(void **state) {
  (void)state;
  static const char *cases[] = {"V", "m", "MM", "Mv", "MVV!", "M?", "a", "Mc", "c"};
  for (size_t n = 0; n < COUNT(cases); n++) {
    struct visit v;
    visit_begin(&v);
    for (const char *step = cases[n]; *step; step++) {
      switch (*step) {
        case 'M': say_message(&v); break;
        case 'm': say(&v, INJECTORDOOR_MESSAGE, TEXT(""), -1); break;
        case 'V': say(&v, INJECTORDOOR_ENVELOPE, CLASSIC, -1); break;
        case 'v': say(&v, INJECTORDOOR_ENVELOPE, CLASSIC, v.pipe_end); break;
        case '?': assert_int_equal(io_write_all(v.door, "GET / HTTP/1.0\r\n\r\n", 18, 1000), 0); break;
        case 'a': say(&v, INJECTORDOOR_ANSWER, TEXT(""), -1); break;
        case 'c': shutdown(v.door, SHUT_WR); break;
        case '!': /* it had all: what follows does not matter */
          end_body(&v);
          hear(&v);
          assert_int_equal(v.guest.state, GUEST_WHOLE);
          continue;
      }
      hear(&v);
    }
    if (!strchr(cases[n], '!')) {
      assert_int_equal(v.guest.state, GUEST_OVER);
      assert_int_equal(answer_of(&v), INJECTOR_READ_ERROR);
    }
    visit_end(&v);
    assert_int_equal(messages(), 0);
  }
}

static void refusals_come_before_the_end(void **state) {
  (void)state;
  const struct {
    const char *control, *value;
    struct text envelope;
    int code;
    const char *text;
  } cases[] = {
    {"queuebytes", "100\n", TEXT_ABSENT, INJECTOR_REFUSED, "the message is larger than the queue takes"},
    {"queuebytes", "much\n", TEXT_ABSENT, INJECTOR_CONFIGURATION, ""},
    {"minfree", "1000000000000000\n", TEXT_ABSENT, INJECTOR_WRITE_ERROR, "too little free space in the queue"},
    {"maxrecipients", "1\n", TEXT("Fa@a\0Tb@b\0Tc@c\0\0"), INJECTOR_REFUSED, "too many recipients"},
    {"maxrecipients", "9\n", TEXT("Fa@a\0Tb\r@b\0\0"), INJECTOR_REFUSED, "a control octet in an envelope address"},
    {"maxrecipients", "9\n", TEXT("Fa@a\0Tb@b\0"), INJECTOR_READ_ERROR, ""},
    {"maxrecipients", "9\n", TEXT("Fa@a\0\0"), INJECTOR_ENVELOPE, ""},
    {"maxrecipients", "9\n", TEXT(""), INJECTOR_READ_ERROR, ""},
  };
  for (size_t n = 0; n < COUNT(cases); n++) {
    struct visit v;
    visit_begin(&v);
    test_write(cases[n].control, text_of(cases[n].value), 0600);
    say_message(&v);
    hear(&v);
    if (v.guest.state == GUEST_COMES) write_body(&v, "a line of many that make it too large for a queue that takes little\n\n"
                                                     "and another one that makes it so\n");
    hear(&v);
    if (cases[n].envelope.s) say(&v, INJECTORDOOR_ENVELOPE, cases[n].envelope, -1);
    hear(&v);
    assert_int_equal(v.guest.state, GUEST_OVER);
    assert_int_equal(answer_of(&v), cases[n].code);
    assert_text(text_of_stralloc(&answer_text), text_of(cases[n].text));
    visit_end(&v);
    test_write(cases[n].control, TEXT("0\n"), 0600);
    assert_int_equal(messages(), 0);
  }
}

static void bring_all(struct visit *v) {
  visit_begin(v);
  say_message(v);
  write_body(v, "body\n");
  say(v, INJECTORDOOR_ENVELOPE, CLASSIC, -1);
  end_body(v);
  hear(v);
  assert_int_equal(v->guest.state, GUEST_WHOLE);
}

static void a_limit_of_zero_is_none(void **state) {
  (void)state;
  static const struct {
    const char *seconds;
    uint64_t limit_us;
  } cases[] = {{"0\n", UINT64_MAX}, {"5\n", NOW_US + 5000000}};
  for (size_t n = 0; n < COUNT(cases); n++) {
    struct visit v;
    test_write("timeoutqueue", text_of(cases[n].seconds), 0600);
    visit_begin(&v);
    say_message(&v);
    hear(&v);
    assert_int_equal(v.guest.limit_us, cases[n].limit_us);
    visit_end(&v);
  }
}

static void one_that_cannot_be_synced_spoils_no_other(void **state) {
  (void)state;
  enum { VISITS = 5, BAD = 2 };
  struct visit v[VISITS];
  struct guest *list[VISITS];
  for (int i = 0; i < VISITS; i++) {
    bring_all(&v[i]);
    list[i] = &v[i].guest;
  }
  int unwritable = open("/dev/null", O_RDONLY | O_CLOEXEC);
  assert_true(dup3(unwritable, v[BAD].guest.message.message.fd, O_CLOEXEC) >= 0);
  batch_settle(list, VISITS, queue_fd);
  for (int i = 0; i < VISITS; i++) {
    assert_int_equal(answer_of(&v[i]), i == BAD ? INJECTOR_WRITE_ERROR : INJECTOR_OK);
    visit_end(&v[i]);
  }
  close(unwritable);
  assert_int_equal(messages(), VISITS - 1);
}

static void who_goes_before_the_answer_has_his_message(void **state) {
  (void)state;
  struct visit v;
  bring_all(&v);
  close(v.door);
  v.door = -1;
  struct guest *list[] = {&v.guest};
  batch_settle(list, 1, queue_fd);
  assert_int_equal(messages(), 1);
  visit_end(&v);
}

#define WITH_QUEUE(TEST) cmocka_unit_test_setup_teardown(TEST, set_up, tear_down)

int main(void) {
  alarm(120);
  umask(0);
  const struct CMUnitTest tests[] = {
    WITH_QUEUE(nothing_is_whole_without_all_its_parts),
    WITH_QUEUE(what_breaks_the_form_ends_the_visit),
    WITH_QUEUE(refusals_come_before_the_end),
    WITH_QUEUE(a_limit_of_zero_is_none),
    WITH_QUEUE(one_that_cannot_be_synced_spoils_no_other),
    WITH_QUEUE(who_goes_before_the_answer_has_his_message),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  stralloc_free(&answer_text);
  return failed;
}
