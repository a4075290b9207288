#include "config.h"
#include "queue/inject/input.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "lib/unittest.h"

static int file_of(struct text t) {
  int fd = memfd_create("message", MFD_CLOEXEC);
  assert_true(fd >= 0);
  assert_int_equal(io_write_all(fd, t.s, t.len, IO_FOREVER), 0);
  assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
  return fd;
}

static void read_body(struct injectinput *in, stralloc *body) {
  struct text octets;
  do {
    assert_int_equal(injectinput_body(in, &octets), INJECTINPUT_OK);
    assert_int_equal(text_cat(body, octets), 0);
  } while (octets.len);
}

static enum injectinput_status read_message(int fd, bool dot_ends, stralloc *header, stralloc *body) {
  struct injectinput in;
  injectinput_start(&in, fd, dot_ends);
  enum injectinput_status s = injectinput_header(&in, header);
  if (s == INJECTINPUT_OK) read_body(&in, body);
  injectinput_free(&in);
  close(fd);
  return s;
}

static void parts_header_and_body(void **state) {
  (void)state;
  const struct {
    const char *what;
    bool dot_ends;
    struct text message, header, body;
  } cases[] = {
    {"plain", false, TEXT("A: b\n\nc\n"), TEXT("A: b\n"), TEXT("c\n")},
    {"nothing", false, TEXT(""), TEXT(""), TEXT("")},
    {"no header", false, TEXT("\nA: b\n"), TEXT(""), TEXT("A: b\n")},
    {"no empty line", false, TEXT("A: b\nhello\nB: c\n"), TEXT("A: b\n"), TEXT("hello\nB: c\n")},
    {"no header and no empty line", false, TEXT("hello\n"), TEXT(""), TEXT("hello\n")},
    {"folded first line", false, TEXT(" a\nB: c\n"), TEXT(""), TEXT(" a\nB: c\n")},
    {"folded", false, TEXT("A: b\n\tc\n d\n\ne\n"), TEXT("A: b\n\tc\n d\n"), TEXT("e\n")},
    {"no body", false, TEXT("A: b\n"), TEXT("A: b\n"), TEXT("")},
    {"no last line end", false, TEXT("A: b\n\nc"), TEXT("A: b\n"), TEXT("c\n")},
    {"no last line end in the header", false, TEXT("A: b"), TEXT("A: b\n"), TEXT("")},
    {"mbox line", false, TEXT("From a Mon\nA: b\n\nc\n"), TEXT("A: b\n"), TEXT("c\n")},
    {"mbox line, quoted", false, TEXT(">From a\nA: b\n\nc\n"), TEXT("A: b\n"), TEXT("c\n")},
    {"mbox line further on", false, TEXT("A: b\nFrom a\n"), TEXT("A: b\n"), TEXT("From a\n")},
    {"CRLF", false, TEXT("A: b\r\n\r\nc\r\n\r\nd\n"), TEXT("A: b\n"), TEXT("c\n\nd\n")},
    {"CR alone stays", false, TEXT("A: b\r\n\r\nc\rd\r\r\n"), TEXT("A: b\n"), TEXT("c\rd\r\n")},
    {"CR at the end", false, TEXT("A: b\n\nc\r"), TEXT("A: b\n"), TEXT("c\r\n")},
    {"CRLF after LF stays", false, TEXT("A: b\n\nc\r\n"), TEXT("A: b\n"), TEXT("c\r\n")},
    {"NUL", false, TEXT("A: \0b\n\n\0\n"), TEXT("A: \0b\n"), TEXT("\0\n")},
    {"dot is a line", false, TEXT("A: b\n\n.\n..\n"), TEXT("A: b\n"), TEXT(".\n..\n")},
    {"dot ends", true, TEXT("A: b\n\nc\n.\nd\n"), TEXT("A: b\n"), TEXT("c\n")},
    {"dot ends, CRLF", true, TEXT("A: b\r\n\r\nc\r\n.\r\nd\r\n"), TEXT("A: b\n"), TEXT("c\n")},
    {"dot with more", true, TEXT("A: b\n\n..\n.x\nx.\n. \n"), TEXT("A: b\n"), TEXT("..\n.x\nx.\n. \n")},
    {"dot CR LF among LF", true, TEXT("A: b\n\n.\r\nc\n"), TEXT("A: b\n"), TEXT(".\r\nc\n")},
    {"dot at the very end", true, TEXT("A: b\n\nc\n."), TEXT("A: b\n"), TEXT("c\n")},
    {"dot in the header", true, TEXT("A: b\n.\nC: d\n"), TEXT("A: b\n"), TEXT("")},
    {"dot at once", true, TEXT(".\r\nA: b\n"), TEXT(""), TEXT("")},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    stralloc header = {0}, body = {0};
    int fd = file_of(cases[i].message);
    assert_int_equal(read_message(fd, cases[i].dot_ends, &header, &body), INJECTINPUT_OK);
    if (!text_equal(text_of_stralloc(&header), cases[i].header) ||
        !text_equal(text_of_stralloc(&body), cases[i].body))
      fail_msg("%s: header %.*s body %.*s", cases[i].what, (int)header.len, header.s, (int)body.len, body.s);
    stralloc_free(&header);
    stralloc_free(&body);
  }
}

/* One octet at a time: what is held back survives the end of a read. */
static void reads_in_pieces(void **state) {
  (void)state;
  struct text message = TEXT("A: b\r\n\r\nc\r\r\n.d\r\n.\r\n");
  int ends[2];
  stralloc header = {0}, body = {0};
  assert_int_equal(pipe2(ends, O_DIRECT | O_CLOEXEC), 0); /* each write is read alone */
  assert_true(fcntl(ends[1], F_SETPIPE_SZ, 1 << 20) > 0);   /* with room for all of them */
  for (size_t i = 0; i < message.len; i++) assert_int_equal(write(ends[1], message.s + i, 1), 1);
  close(ends[1]);
  assert_int_equal(read_message(ends[0], true, &header, &body), INJECTINPUT_OK);
  assert_text(text_of_stralloc(&header), TEXT("A: b\n"));
  assert_text(text_of_stralloc(&body), TEXT("c\r\n.d\n"));
  stralloc_free(&header);
  stralloc_free(&body);
}

static enum injectinput_status read_sized(const char *start, size_t size, stralloc *header, stralloc *body) {
  stralloc message = {0};
  assert_true(stralloc_copys(&message, start) && stralloc_readyplus(&message, size));
  memset(message.s + message.len, 'x', size);
  message.len += size;
  enum injectinput_status s = read_message(file_of(text_of_stralloc(&message)), false, header, body);
  stralloc_free(&message);
  return s;
}

static void a_header_is_limited_a_body_is_not(void **state) {
  (void)state;
  stralloc header = {0}, body = {0};
  enum { MAX = INJECTINPUT_HEADER_MAX };
  assert_int_equal(read_sized("A: ", MAX - 4, &header, &body), INJECTINPUT_OK);
  assert_int_equal(header.len, MAX); /* with the LF that is added */
  assert_int_equal(read_sized("A: ", MAX - 3, &header, &body), INJECTINPUT_TOO_LONG);
  assert_int_equal(read_sized("A: b\n ", MAX, &header, &body), INJECTINPUT_TOO_LONG);
  stralloc_zero(&body);
  assert_int_equal(read_sized("hello ", 3 * MAX, &header, &body), INJECTINPUT_OK);
  assert_int_equal(header.len, 0);
  assert_int_equal(body.len, 3 * MAX + 7);
  stralloc_free(&header);
  stralloc_free(&body);
}

static void tells_a_read_error(void **state) {
  (void)state;
  struct injectinput in;
  stralloc header = {0};
  injectinput_start(&in, open("/", O_RDONLY | O_CLOEXEC), false);
  assert_int_equal(injectinput_header(&in, &header), INJECTINPUT_READ_ERROR);
  close(in.fd);
  injectinput_free(&in);
  stralloc_free(&header);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(parts_header_and_body),
    cmocka_unit_test(reads_in_pieces),
    cmocka_unit_test(a_header_is_limited_a_body_is_not),
    cmocka_unit_test(tells_a_read_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
