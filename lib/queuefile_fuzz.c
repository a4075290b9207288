/* The first octet chooses: a file as it stands, or one that gets a trailer
 * with good checksums, so that the envelope behind them is reached. */
#include "config.h"
#include "lib/queuefile.h"
#include <sys/mman.h>
#include <unistd.h>
#include "lib/crc32c.h"
#include "lib/fuzz.h"
#include "lib/iofd.h"

static void cat_with_trailer(stralloc *file, struct text input) {
  size_t body = input.len ? (unsigned char)input.s[0] % input.len : 0;
  struct text envelope = {input.s + body, input.len - body};
  check(text_cat(file, input) == 0);
  check(queuefile_cat_trailer(file, body, crc32c(0, input.s, body), envelope) == 0);
}

static void read_file(struct text file, bool whole_body) {
  struct queuefile q = {0};
  int fd = memfd_create("fuzz", MFD_CLOEXEC);
  check(fd >= 0 && io_write_all(fd, file.s, file.len, IO_FOREVER) == 0);
  enum queuefile_status s = queuefile_read(&q, fd);
  check(s != QUEUEFILE_IO_ERROR);
  if (s == QUEUEFILE_OK) {
    check(q.body_octets + q.octets.len + QUEUEFILE_TRAILER_OCTETS == file.len);
    check(q.envelope.sender.s != NULL);
    s = queuefile_check_body(&q, fd);
    check(s == QUEUEFILE_OK || (!whole_body && s == QUEUEFILE_BAD_CHECKSUM));
  } else
    check(!q.octets.s && !q.envelope.recipients);
  queuefile_free(&q);
  close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  struct text input = fuzz_input(octets, size);
  stralloc file = {0};
  bool trailer = fuzz_choice(&input) & 1;
  if (trailer) cat_with_trailer(&file, input);
  else check(text_cat(&file, input) == 0);
  read_file(text_of_stralloc(&file), trailer);
  stralloc_free(&file);
  return 0;
}
