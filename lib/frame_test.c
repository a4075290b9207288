#include "config.h"
#include "lib/frame.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/iofd.h"
#include "lib/unittest.h"
#include "lib/unixsock.h"

static const struct frame_protocol protocol = {'T', 3, 300000};

struct line {
  int a, b;
  struct frame_reader reader; /* reads from b */
  unsigned before;            /* descriptors open before it was set up */
};

static int connect_line(void **state) {
  static struct line l;
  int pair[2];
  l = (struct line){.reader = {.protocol = &protocol}, .before = open_descriptors()};
  if (unixsock_pair(pair) == -1) return -1;
  l.a = pair[0];
  l.b = pair[1];
  *state = &l;
  return 0;
}

static int hang_up(void **state) {
  struct line *l = *state;
  if (l->a >= 0) close(l->a);
  close(l->b);
  frame_reader_free(&l->reader);
  assert_int_equal(open_descriptors(), l->before);
  return 0;
}

static void close_a(struct line *l) {
  close(l->a);
  l->a = -1;
}

static void put(struct line *l, struct text octets) {
  assert_int_equal(io_write_all(l->a, octets.s, octets.len, 1000), 0);
}

static enum frame_status poll_line(struct line *l, struct frame *f) {
  return frame_poll(&l->reader, l->b, f);
}

static void assert_frame(struct line *l, unsigned type, struct text payload) {
  struct frame f;
  assert_int_equal(poll_line(l, &f), FRAME_READY);
  assert_int_equal(f.type, type);
  assert_text(f.payload, payload);
  assert_int_equal(f.fd, -1);
}

static int memory_file(const char *text) {
  int fd = memfd_create("test", MFD_CLOEXEC);
  assert_int_equal(io_write_all(fd, text, strlen(text), IO_FOREVER), 0);
  return fd;
}

/* Takes a frame and checks that its descriptor is the file with this text. */
static void assert_passed(struct line *l, unsigned type, const char *text) {
  struct frame f;
  char octets[64];
  assert_int_equal(poll_line(l, &f), FRAME_READY);
  assert_int_equal(f.type, type);
  assert_true(f.fd >= 0);
  assert_int_equal(fcntl(f.fd, F_GETFD), FD_CLOEXEC);
  ssize_t n = pread(f.fd, octets, sizeof octets, 0);
  assert_int_equal(n, strlen(text));
  assert_memory_equal(octets, text, strlen(text));
  close(f.fd);
}

static void a_frame_is_these_octets(void **state) {
  struct line *l = *state;
  char octets[64];
  assert_int_equal(frame_send(l->a, &protocol, 9, TEXT("abc"), -1, 1000), 0);
  assert_int_equal(read(l->b, octets, sizeof octets), 11);
  assert_memory_equal(octets, "\0\0\0\3T\3\0\x09" "abc", 11);
}

static void sends_and_receives(void **state) {
  struct line *l = *state;
  assert_int_equal(frame_send(l->a, &protocol, 1, TEXT("one"), -1, 1000), 0);
  assert_int_equal(frame_send(l->a, &protocol, 255, TEXT_ABSENT, -1, 1000), 0);
  assert_int_equal(frame_send(l->a, &protocol, 0, TEXT("\0"), -1, 1000), 0);
  assert_frame(l, 1, TEXT("one"));
  assert_frame(l, 255, TEXT(""));
  assert_frame(l, 0, TEXT("\0"));
  struct frame f;
  assert_int_equal(poll_line(l, &f), FRAME_AGAIN);
  close_a(l);
  assert_int_equal(poll_line(l, &f), FRAME_EOF);
}

static void takes_a_frame_octet_by_octet(void **state) {
  struct line *l = *state;
  struct text octets = TEXT("\0\0\0\2T\3\0\7xy" "\0\0\0\0T\3\0\x08");
  struct frame f;
  for (size_t i = 0; i < octets.len; i++) {
    put(l, (struct text){octets.s + i, 1});
    enum frame_status s = poll_line(l, &f);
    assert_int_equal(s, i == 9 || i == 17 ? FRAME_READY : FRAME_AGAIN);
    if (i == 9) assert_text(f.payload, TEXT("xy"));
    if (i == 17) assert_int_equal(f.type, 8);
  }
}

static void refuses_strange_frames(void **state) {
  const struct text cases[] = {
    TEXT("\0\0\0\0U\3\0\1"),         /* protocol */
    TEXT("\0\0\0\0T\4\0\1"),         /* version */
    TEXT("\0\0\0\0T\3\2\1"),         /* flags */
    TEXT("\0\0\0\0T\3\x81\1"),
    TEXT("\0\4\x93\xe1T\3\0\1"),     /* one over the max */
    TEXT("\xff\xff\xff\xffT\3\0\1"),
    TEXT("\0\0\0\0T\3\1\1"),         /* a descriptor is missing */
  };
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    void *line;
    struct frame f;
    connect_line(&line);
    put(line, cases[i]);
    assert_int_equal(poll_line(line, &f), FRAME_MALFORMED);
    hang_up(&line);
  }
}

static void the_end_within_a_frame_is_malformed(void **state) {
  struct text octets = TEXT("\0\0\0\2T\3\0\7xy");
  (void)state;
  for (size_t len = 0; len <= octets.len; len++) {
    void *line;
    struct frame f;
    connect_line(&line);
    put(line, (struct text){octets.s, len});
    if (len == octets.len) assert_frame(line, 7, TEXT("xy"));
    close_a(line);
    bool whole = len == 0 || len == octets.len;
    assert_int_equal(poll_line(line, &f), whole ? FRAME_EOF : FRAME_MALFORMED);
    hang_up(&line);
  }
}

static void a_reset_is_an_end(void **state) {
  struct line *l = *state;
  struct frame f;
  assert_int_equal(write(l->b, "unread", 6), 6);
  assert_int_equal(frame_send(l->a, &protocol, 1, TEXT("last words"), -1, 1000), 0);
  close_a(l);
  assert_frame(l, 1, TEXT("last words"));
  assert_int_equal(poll_line(l, &f), FRAME_EOF);
  assert_int_equal(poll_line(l, &f), FRAME_EOF);
}

static void passes_descriptors_back_to_back(void **state) {
  struct line *l = *state;
  struct frame_writer w = {0};
  assert_int_equal(frame_queue(&w, &protocol, 1, TEXT("none"), -1), 0);
  assert_int_equal(frame_queue(&w, &protocol, 2, TEXT("x"), memory_file("two")), 0);
  assert_int_equal(frame_queue(&w, &protocol, 3, TEXT(""), memory_file("three")), 0);
  assert_int_equal(frame_queue(&w, &protocol, 4, TEXT("none"), -1), 0);
  assert_int_equal(frame_queue(&w, &protocol, 5, TEXT("y"), memory_file("five")), 0);
  assert_true(frame_pending(&w));
  assert_int_equal(frame_flush(&w, l->a), 0);
  assert_false(frame_pending(&w));
  assert_frame(l, 1, TEXT("none"));
  assert_passed(l, 2, "two");
  assert_passed(l, 3, "three");
  assert_frame(l, 4, TEXT("none"));
  assert_passed(l, 5, "five");
  frame_writer_free(&w);
}

static void frame_send_passes_and_keeps_a_descriptor(void **state) {
  struct line *l = *state;
  int fd = memory_file("sent");
  assert_int_equal(frame_send(l->a, &protocol, 6, TEXT("z"), fd, 1000), 0);
  assert_passed(l, 6, "sent");
  assert_int_equal(close(fd), 0);
}

static void unread_descriptors_are_closed(void **state) {
  struct line *l = *state;
  struct frame_writer w = {0};
  struct frame f;
  for (int i = 0; i < FRAME_DESCRIPTORS_MAX; i++)
    assert_int_equal(frame_queue(&w, &protocol, 1, TEXT("x"), memory_file("x")), 0);
  int more = memory_file("one too many");
  errno = 0;
  assert_int_equal(frame_queue(&w, &protocol, 1, TEXT("x"), more), -1);
  assert_int_equal(errno, EMFILE);
  assert_int_equal(frame_flush(&w, l->a), 0);
  assert_int_equal(frame_queue(&w, &protocol, 1, TEXT("x"), more), 0);
  frame_writer_free(&w); /* closes it */
  assert_passed(l, 1, "x");
  /* the head of a frame brings one that its reader never gets */
  put(l, TEXT("\0"));
  assert_passed(l, 1, "x");
  assert_passed(l, 1, "x");
  assert_passed(l, 1, "x");
  assert_int_equal(poll_line(l, &f), FRAME_AGAIN);
}

static void pass_many(int sock, const char *octets, size_t len, unsigned count) {
  union {
    struct cmsghdr align;
    char octets[CMSG_SPACE(sizeof(int) * 16)];
  } control = {.octets = {0}};
  int fds[16];
  struct iovec v = {(void *)(uintptr_t)octets, len};
  struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control.octets};
  m.msg_controllen = CMSG_SPACE(sizeof(int) * count);
  struct cmsghdr *c = CMSG_FIRSTHDR(&m);
  *c = (struct cmsghdr){CMSG_LEN(sizeof(int) * count), SOL_SOCKET, SCM_RIGHTS};
  for (unsigned i = 0; i < count; i++) fds[i] = sock;
  memcpy(CMSG_DATA(c), fds, sizeof(int) * count);
  assert_int_equal(sendmsg(sock, &m, 0), len);
}

static void too_many_descriptors_are_malformed(void **state) {
  (void)state;
  for (unsigned count = 1; count <= 16; count++) {
    void *line;
    struct frame f;
    connect_line(&line);
    pass_many(((struct line *)line)->a, "\0\0", 2, count);
    enum frame_status s = poll_line(line, &f);
    assert_int_equal(s, count > FRAME_DESCRIPTORS_MAX ? FRAME_MALFORMED : FRAME_AGAIN);
    hang_up(&line);
  }
}

static void hoarding_descriptors_is_malformed(void **state) {
  struct line *l = *state;
  struct frame f;
  for (unsigned i = 0; i < FRAME_DESCRIPTORS_MAX; i++) {
    pass_many(l->a, "\0\0\0\0T\3\0\1", 8, 1);
    assert_frame(l, 1, TEXT(""));
  }
  pass_many(l->a, "\0\0\0\0T\3\0\1", 8, 1);
  assert_int_equal(poll_line(l, &f), FRAME_MALFORMED);
}

static void a_reader_may_refuse_descriptors(void **state) {
  struct line *l = *state;
  struct frame f;
  l->reader.no_descriptors = true;
  assert_int_equal(frame_send(l->a, &protocol, 1, TEXT("fine"), -1, 1000), 0);
  assert_frame(l, 1, TEXT("fine"));
  assert_int_equal(frame_send(l->a, &protocol, 1, TEXT("not so"), l->a, 1000), 0);
  assert_int_equal(poll_line(l, &f), FRAME_MALFORMED);
}

static void frames_over_the_max_are_not_sent(void **state) {
  struct line *l = *state;
  struct frame_writer w = {0};
  static char octets[300001];
  struct text over = {octets, sizeof octets};
  struct frame f;
  assert_int_equal(frame_send(l->a, &protocol, 1, over, -1, 1000), -1);
  assert_int_equal(errno, EMSGSIZE);
  assert_int_equal(frame_queue(&w, &protocol, 1, over, l->a), -1);
  assert_int_equal(frame_queue(&w, &protocol, 256, TEXT("type"), -1), -1);
  assert_int_equal(errno, EMSGSIZE);
  assert_false(frame_pending(&w));
  frame_writer_free(&w); /* the descriptor is still the caller's: hang_up() closes it */
  assert_int_equal(poll_line(l, &f), FRAME_AGAIN);
}

static struct text big_payload(void) {
  static char octets[300000];
  for (size_t i = 0; i < sizeof octets; i++) octets[i] = (char)(i * 7 + (i >> 8));
  return (struct text){octets, sizeof octets};
}

/* A socketpair holds less than one of these frames. */
static void a_slow_reader_gets_everything_in_order(void **state) {
  struct line *l = *state;
  struct frame_writer w = {0};
  struct frame f;
  unsigned queued = 0, got = 0;
  while (got < 40) {
    if (queued < 40 && w.passing_count < FRAME_DESCRIPTORS_MAX) {
      int fd = queued % 3 ? -1 : memory_file("slow");
      assert_int_equal(frame_queue(&w, &protocol, queued, big_payload(), fd), 0);
      queued++;
    }
    assert_int_equal(frame_flush(&w, l->a), 0);
    enum frame_status s = poll_line(l, &f);
    if (s == FRAME_AGAIN) continue;
    assert_int_equal(s, FRAME_READY);
    assert_int_equal(f.type, got);
    assert_text(f.payload, big_payload());
    assert_int_equal(f.fd >= 0, got % 3 == 0);
    if (f.fd >= 0) close(f.fd);
    got++;
  }
  assert_false(frame_pending(&w));
  frame_writer_free(&w);
}

static void a_writer_that_is_never_empty_does_not_grow(void **state) {
  struct line *l = *state;
  struct frame_writer w = {0};
  struct frame f;
  for (int i = 0; i < 3; i++) assert_int_equal(frame_queue(&w, &protocol, 1, big_payload(), -1), 0);
  for (int i = 0; i < 50; i++) {
    assert_int_equal(frame_queue(&w, &protocol, 1, big_payload(), -1), 0);
    do assert_int_equal(frame_flush(&w, l->a), 0);
    while (poll_line(l, &f) != FRAME_READY);
    assert_true(frame_pending(&w));
  }
  assert_true(w.out.a < 4000000);
  frame_writer_free(&w);
}

static void limits_hold(void **state) {
  struct line *l = *state;
  struct frame f;
  uint64_t start = clock_boot_us(&clock_system);
  assert_int_equal(frame_receive(&l->reader, l->b, &f, 30), FRAME_AGAIN);
  assert_int_equal(frame_send(l->a, &protocol, 1, big_payload(), -1, 30), -1);
  assert_int_equal(errno, ETIMEDOUT);
  uint64_t took = clock_boot_us(&clock_system) - start;
  assert_true(took >= 60000 && took < 5000000);
}

static void sending_to_nobody_raises_no_signal(void **state) {
  struct line *l = *state;
  struct frame_writer w = {0};
  close(l->b);
  l->b = dup(0);
  assert_int_equal(frame_send(l->a, &protocol, 1, TEXT("x"), -1, 1000), -1);
  assert_int_equal(errno, EPIPE);
  assert_int_equal(frame_queue(&w, &protocol, 1, TEXT("x"), memory_file("x")), 0);
  assert_int_equal(frame_flush(&w, l->a), -1);
  frame_writer_free(&w);
}

static void flushing_nothing_does_nothing(void **state) {
  struct line *l = *state;
  struct frame_writer w = {0};
  assert_int_equal(frame_flush(&w, l->a), 0);
  assert_false(frame_pending(&w));
  frame_writer_free(&w);
}

#define ON_LINE(TEST) cmocka_unit_test_setup_teardown(TEST, connect_line, hang_up)

int main(void) {
  alarm(60); /* a limit that fails to hold shows as a death */
  const struct CMUnitTest tests[] = {
    ON_LINE(a_frame_is_these_octets),
    ON_LINE(sends_and_receives),
    ON_LINE(takes_a_frame_octet_by_octet),
    cmocka_unit_test(refuses_strange_frames),
    cmocka_unit_test(the_end_within_a_frame_is_malformed),
    ON_LINE(a_reset_is_an_end),
    ON_LINE(passes_descriptors_back_to_back),
    ON_LINE(frame_send_passes_and_keeps_a_descriptor),
    ON_LINE(unread_descriptors_are_closed),
    cmocka_unit_test(too_many_descriptors_are_malformed),
    ON_LINE(hoarding_descriptors_is_malformed),
    ON_LINE(a_reader_may_refuse_descriptors),
    ON_LINE(frames_over_the_max_are_not_sent),
    ON_LINE(a_slow_reader_gets_everything_in_order),
    ON_LINE(a_writer_that_is_never_empty_does_not_grow),
    ON_LINE(limits_hold),
    ON_LINE(sending_to_nobody_raises_no_signal),
    ON_LINE(flushing_nothing_does_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
