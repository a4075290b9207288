#include "config.h"
#include "lib/queuefile.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include "lib/bigendian.h"
#include "lib/crc32c.h"
#include "lib/iofd.h"

enum {
  AT_BODY_OCTETS = 0,
  AT_ENVELOPE_OCTETS = 8,
  AT_BODY_CRC = 16,
  AT_ENVELOPE_CRC = 20,
  AT_VERSION = 24,
  AT_ZERO = 26,
  AT_MAGIC = 28,
  MAGIC_OCTETS = 12,
  HOLES_FROM = 1 << 20 /* smaller bodies are read as fast as asked about */
};
static const char magic[MAGIC_OCTETS + 1] = "owlpostqueue";

int queuefile_cat_trailer(stralloc *out, uint64_t body_octets, uint32_t body_crc,
                          struct text envelope) {
  char t[QUEUEFILE_TRAILER_OCTETS];
  put_u64(t + AT_BODY_OCTETS, body_octets);
  put_u64(t + AT_ENVELOPE_OCTETS, envelope.len);
  put_u32(t + AT_BODY_CRC, body_crc);
  put_u32(t + AT_ENVELOPE_CRC, crc32c(crc32c(0, envelope.s, envelope.len), t, AT_ENVELOPE_CRC));
  put_u16(t + AT_VERSION, QUEUEFILE_VERSION);
  put_u16(t + AT_ZERO, 0);
  memcpy(t + AT_MAGIC, magic, MAGIC_OCTETS);
  return stralloc_catb(out, t, sizeof t) ? 0 : -1;
}

static enum queuefile_status check_lengths(const char *t, uint64_t file_octets, uint64_t *body,
                                           uint64_t *envelope) {
  if (memcmp(t + AT_MAGIC, magic, MAGIC_OCTETS) != 0) return QUEUEFILE_NO_TRAILER;
  if (get_u16(t + AT_VERSION) != QUEUEFILE_VERSION || get_u16(t + AT_ZERO) != 0)
    return QUEUEFILE_BAD_VERSION;
  *body = get_u64(t + AT_BODY_OCTETS);
  *envelope = get_u64(t + AT_ENVELOPE_OCTETS);
  uint64_t rest = file_octets - QUEUEFILE_TRAILER_OCTETS;
  if (*body > rest || *envelope != rest - *body || *envelope > QUEUEFILE_ENVELOPE_MAX)
    return QUEUEFILE_NO_TRAILER;
  return QUEUEFILE_OK;
}

static enum queuefile_status decode(struct queuefile *q) {
  switch (envelope_decode(&q->envelope, text_of_stralloc(&q->octets))) {
    case ENVELOPE_OK: return q->envelope.sender.s ? QUEUEFILE_OK : QUEUEFILE_BAD_ENVELOPE;
    case ENVELOPE_BAD_VERSION: return QUEUEFILE_BAD_VERSION;
    case ENVELOPE_MALFORMED: return QUEUEFILE_BAD_ENVELOPE;
    case ENVELOPE_NO_MEMORY: errno = ENOMEM; break;
  }
  return QUEUEFILE_IO_ERROR;
}

static enum queuefile_status read_parts(struct queuefile *q, int fd) {
  char t[QUEUEFILE_TRAILER_OCTETS];
  struct stat st;
  uint64_t envelope;
  if (fstat(fd, &st) == -1) return QUEUEFILE_IO_ERROR;
  if (st.st_size < QUEUEFILE_TRAILER_OCTETS) return QUEUEFILE_NO_TRAILER;
  if (io_pread_all(fd, t, sizeof t, st.st_size - QUEUEFILE_TRAILER_OCTETS) == -1)
    return QUEUEFILE_IO_ERROR;
  enum queuefile_status s = check_lengths(t, (uint64_t)st.st_size, &q->body_octets, &envelope);
  if (s != QUEUEFILE_OK) return s;
  q->body_crc = get_u32(t + AT_BODY_CRC);
  if (!stralloc_ready(&q->octets, envelope + 1)) return errno = ENOMEM, QUEUEFILE_IO_ERROR;
  if (io_pread_all(fd, q->octets.s, envelope, (off_t)q->body_octets) == -1)
    return QUEUEFILE_IO_ERROR;
  q->octets.len = envelope;
  uint32_t crc = crc32c(crc32c(0, q->octets.s, envelope), t, AT_ENVELOPE_CRC);
  if (crc != get_u32(t + AT_ENVELOPE_CRC)) return QUEUEFILE_BAD_CHECKSUM;
  return decode(q);
}

enum queuefile_status queuefile_read(struct queuefile *q, int fd) {
  enum queuefile_status s = read_parts(q, fd);
  int saved = errno;
  if (s != QUEUEFILE_OK) queuefile_free(q);
  errno = saved;
  return s;
}

/* Somebody in the injectors' group can make a file of terabytes without having
 * them: its holes are not read. */
static uint64_t pass_hole(const struct queuefile *q, int fd, uint64_t at, uint32_t *crc) {
  if (q->body_octets < HOLES_FROM) return at;
  uint64_t data = io_next_data(fd, at, q->body_octets);
  if (data > at) *crc = crc32c_zeroes(*crc, data - at);
  return data;
}

enum queuefile_status queuefile_check_body(const struct queuefile *q, int fd) {
  char chunk[65536];
  uint32_t crc = 0;
  uint64_t at = 0;
  while ((at = pass_hole(q, fd, at, &crc)) < q->body_octets) {
    uint64_t left = q->body_octets - at;
    size_t n = left < sizeof chunk ? (size_t)left : sizeof chunk;
    if (io_pread_all(fd, chunk, n, (off_t)at) == -1) return QUEUEFILE_IO_ERROR;
    crc = crc32c(crc, chunk, n);
    at += n;
  }
  return crc == q->body_crc ? QUEUEFILE_OK : QUEUEFILE_BAD_CHECKSUM;
}

const char *queuefile_explain(enum queuefile_status s) {
  switch (s) {
    case QUEUEFILE_OK: return "in order";
    case QUEUEFILE_NO_TRAILER: return "no valid trailer: the file is not a whole message";
    case QUEUEFILE_BAD_VERSION: return "written by an unknown version of owlpost";
    case QUEUEFILE_BAD_CHECKSUM: return "the checksum does not fit";
    case QUEUEFILE_BAD_ENVELOPE: return "the envelope is malformed";
    case QUEUEFILE_IO_ERROR: return "it cannot be read";
  }
  return "unknown";
}

void queuefile_free(struct queuefile *q) {
  envelope_free(&q->envelope);
  stralloc_free(&q->octets);
  *q = (struct queuefile){0};
}
