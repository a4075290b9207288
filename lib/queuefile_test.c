#include "config.h"
#include "lib/queuefile.h"
#include <sys/mman.h>
#include <unistd.h>
#include "lib/bigendian.h"
#include "lib/crc32c.h"
#include "lib/iofd.h"
#include "lib/sample.h"

#define BODY "Subject: test\n\nwords\n"

/* Appends a whole queue file with this envelope. */
static void cat_file(stralloc *out, struct text body, struct text envelope) {
  assert_int_equal(text_cat(out, body), 0);
  assert_int_equal(text_cat(out, envelope), 0);
  assert_int_equal(queuefile_cat_trailer(out, body.len, crc32c(0, body.s, body.len), envelope), 0);
}

static void cat_sample(stralloc *out, struct text body) {
  struct envelope e;
  stralloc octets = {0};
  sample_envelope(&e);
  assert_int_equal(envelope_encode(&octets, &e), 0);
  cat_file(out, body, text_of_stralloc(&octets));
  envelope_free(&e);
  stralloc_free(&octets);
}

static enum queuefile_status read_octets(struct queuefile *q, struct text octets, int *kept) {
  int fd = memfd_create("queue", MFD_CLOEXEC);
  assert_int_equal(io_write_all(fd, octets.s, octets.len, IO_FOREVER), 0);
  enum queuefile_status s = queuefile_read(q, fd);
  if (kept) *kept = fd;
  else close(fd);
  return s;
}

static void a_file_comes_back(void **state) {
  (void)state;
  static char big[200001];
  const struct text bodies[] = {TEXT(BODY), TEXT(""), {big, sizeof big}};
  for (size_t i = 0; i < COUNT(bodies); i++) {
    stralloc file = {0};
    struct queuefile q = {0};
    struct envelope e;
    int fd;
    memset(big, 'b', sizeof big);
    sample_envelope(&e);
    cat_sample(&file, bodies[i]);
    assert_int_equal(read_octets(&q, text_of_stralloc(&file), &fd), QUEUEFILE_OK);
    assert_int_equal(q.body_octets, bodies[i].len);
    assert_same_envelope(&q.envelope, &e);
    assert_int_equal(queuefile_check_body(&q, fd), QUEUEFILE_OK);
    envelope_free(&e);
    queuefile_free(&q);
    stralloc_free(&file);
    close(fd);
  }
}

static void the_trailer_is_these_octets(void **state) {
  (void)state;
  stralloc out = {0};
  uint64_t octets = 0x0102030405060708;
  assert_int_equal(queuefile_cat_trailer(&out, octets, 0x11121314, TEXT("envelope")), 0);
  assert_int_equal(out.len, QUEUEFILE_TRAILER_OCTETS);
  assert_memory_equal(out.s, "\1\2\3\4\5\6\7\x08\0\0\0\0\0\0\0\x08\x11\x12\x13\x14", 20);
  assert_int_equal(get_u32(out.s + 20), crc32c(crc32c(0, "envelope", 8), out.s, 20));
  assert_memory_equal(out.s + 24, "\0\1\0\0owlpostqueue", 16);
  stralloc_free(&out);
}

/* Whatever octet changes, no changed content passes for a message. */
static void every_changed_octet_is_noticed(void **state) {
  (void)state;
  stralloc file = {0};
  cat_sample(&file, TEXT(BODY));
  for (size_t i = 0; i < file.len; i++)
    for (unsigned bit = 1; bit <= 256; bit <<= 1) {
      char flip = bit < 256 ? (char)bit : (char)0xff, good = file.s[i];
      struct queuefile q = {0};
      int fd;
      file.s[i] = (char)(good ^ flip);
      enum queuefile_status s = read_octets(&q, text_of_stralloc(&file), &fd);
      if (i < sizeof BODY - 1) {
        assert_int_equal(s, QUEUEFILE_OK);
        assert_int_equal(queuefile_check_body(&q, fd), QUEUEFILE_BAD_CHECKSUM);
      } else {
        assert_int_not_equal(s, QUEUEFILE_OK);
        assert_null(q.octets.s);
      }
      file.s[i] = good;
      queuefile_free(&q);
      close(fd);
    }
  stralloc_free(&file);
}

static void no_part_of_a_file_is_a_message(void **state) {
  (void)state;
  stralloc file = {0};
  struct queuefile q = {0};
  cat_sample(&file, TEXT(BODY));
  for (size_t len = 0; len < file.len; len++) {
    assert_int_equal(read_octets(&q, (struct text){file.s, len}, NULL), QUEUEFILE_NO_TRAILER);
    if (len == 0) continue;
    struct text tail = {file.s + len, file.len - len};
    assert_int_equal(read_octets(&q, tail, NULL), QUEUEFILE_NO_TRAILER);
  }
  assert_true(stralloc_cats(&file, "x"));
  assert_int_equal(read_octets(&q, text_of_stralloc(&file), NULL), QUEUEFILE_NO_TRAILER);
  stralloc_free(&file);
}

static void a_body_cut_off_later_is_an_error(void **state) {
  (void)state;
  stralloc file = {0};
  struct queuefile q = {0};
  int fd;
  cat_sample(&file, TEXT(BODY));
  assert_int_equal(read_octets(&q, text_of_stralloc(&file), &fd), QUEUEFILE_OK);
  assert_int_equal(ftruncate(fd, 5), 0);
  assert_int_equal(queuefile_check_body(&q, fd), QUEUEFILE_IO_ERROR);
  queuefile_free(&q);
  stralloc_free(&file);
  close(fd);
}

/* Which nobody would live to see read. */
static void a_body_of_terabytes_without_octets_is_checked_at_once(void **state) {
  (void)state;
  const off_t hole = (off_t)1 << 41, size = 2 * hole + 5;
  struct queuefile q = {0};
  stralloc envelope = {0}, end = {0};
  struct envelope e;
  int fd = memfd_create("queue", MFD_CLOEXEC);
  sample_envelope(&e);
  assert_int_equal(envelope_encode(&envelope, &e), 0);
  uint32_t crc = crc32c_zeroes(crc32c(crc32c_zeroes(0, (uint64_t)hole), "words", 5), (uint64_t)hole);
  assert_int_equal(text_cat(&end, text_of_stralloc(&envelope)), 0);
  assert_int_equal(queuefile_cat_trailer(&end, (uint64_t)size, crc, text_of_stralloc(&envelope)), 0);
  assert_int_equal(pwrite(fd, "words", 5, hole), 5);
  assert_int_equal(pwrite(fd, end.s, end.len, size), end.len);
  assert_int_equal(queuefile_read(&q, fd), QUEUEFILE_OK);
  assert_int_equal(queuefile_check_body(&q, fd), QUEUEFILE_OK);
  assert_int_equal(pwrite(fd, "W", 1, hole), 1);
  assert_int_equal(queuefile_check_body(&q, fd), QUEUEFILE_BAD_CHECKSUM);
  envelope_free(&e);
  queuefile_free(&q);
  stralloc_free(&envelope);
  stralloc_free(&end);
  close(fd);
}

static void envelopes_that_check_but_make_no_sense(void **state) {
  (void)state;
  const struct {
    struct text envelope;
    enum queuefile_status status;
  } cases[] = {
    {TEXT(""), QUEUEFILE_BAD_ENVELOPE},
    {TEXT("\0\2"), QUEUEFILE_BAD_VERSION},
    {TEXT("\0\1"), QUEUEFILE_BAD_ENVELOPE},                      /* no sender */
    {TEXT("\0\1\x40\1\0\0\0\1r"), QUEUEFILE_BAD_ENVELOPE},       /* no sender */
    {TEXT("\0\1\0\1\0\0\0\0"), QUEUEFILE_OK},                    /* no recipients */
    {TEXT("\0\1\0\1\0\0\0\0\x40\1\0\0\0\1r"), QUEUEFILE_OK},
    {TEXT("\0\1\0\1\0\0\0\1\n\x40\1\0\0\0\1r"), QUEUEFILE_BAD_ENVELOPE},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    stralloc file = {0};
    struct queuefile q = {0};
    cat_file(&file, TEXT(BODY), cases[i].envelope);
    assert_int_equal(read_octets(&q, text_of_stralloc(&file), NULL), cases[i].status);
    queuefile_free(&q);
    stralloc_free(&file);
  }
}

static void lengths_that_overflow_are_refused(void **state) {
  (void)state;
  static const uint64_t bodies[] = {UINT64_MAX, UINT64_MAX - 1, (uint64_t)1 << 63, 30, 0};
  for (size_t i = 0; i < COUNT(bodies); i++) {
    stralloc file = {0};
    struct queuefile q = {0};
    assert_int_equal(text_cat(&file, TEXT("body \0\1\0\1\0\0\0\0")), 0);
    size_t at = file.len;
    assert_int_equal(queuefile_cat_trailer(&file, bodies[i], 0, TEXT("\0\1\0\1\0\0\0\0")), 0);
    /* an envelope length that makes the sum fit again, modulo 2^64 */
    put_u64(file.s + at + 8, (uint64_t)at - bodies[i]);
    assert_int_not_equal(read_octets(&q, text_of_stralloc(&file), NULL), QUEUEFILE_OK);
    stralloc_free(&file);
  }
}

static void what_cannot_be_read_says_so(void **state) {
  (void)state;
  struct queuefile q = {0};
  assert_int_equal(queuefile_read(&q, -1), QUEUEFILE_IO_ERROR);
  for (int s = QUEUEFILE_OK; s <= QUEUEFILE_IO_ERROR; s++)
    assert_string_not_equal(queuefile_explain((enum queuefile_status)s), "unknown");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_file_comes_back),
    cmocka_unit_test(the_trailer_is_these_octets),
    cmocka_unit_test(every_changed_octet_is_noticed),
    cmocka_unit_test(no_part_of_a_file_is_a_message),
    cmocka_unit_test(a_body_cut_off_later_is_an_error),
    cmocka_unit_test(a_body_of_terabytes_without_octets_is_checked_at_once),
    cmocka_unit_test(envelopes_that_check_but_make_no_sense),
    cmocka_unit_test(lengths_that_overflow_are_refused),
    cmocka_unit_test(what_cannot_be_read_says_so),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
