/* line.h - read one line from a peer within a fixed amount of memory
 *
 * line_read() empties *line, reads through the next CRLF and stores the
 * line without it, not NUL-terminated.  max is in octets and counts the
 * CRLF (RFC 5321 4.5.3.1.4).  The caller owns *line, which is valid only
 * after LINE_OK.  Input is hostile: NUL and 8-bit octets pass through.
 *
 * The reader gets octets through a function of its owner, which may send what
 * it holds back before it waits (RFC 2920 3.2).  What has been read and is no
 * line yet is in octets[at..end): owners may take it from there, as SMTP's
 * data does.
 */
#ifndef OWL_LINE_H
#define OWL_LINE_H

#include "lib/text.h"

enum { LINE_BUFFER_OCTETS = 65536 };

/* Waits, then reads once, at most size octets: octets, 0 at the end, or -1
 * with errno. */
typedef ssize_t line_source(void *context, char *to, size_t size);

struct line_reader {
  line_source *source;
  void *context;
  size_t at, end;
  char octets[LINE_BUFFER_OCTETS];
};

enum line_status {
  LINE_OK,
  LINE_EOF,      /* peer closed, perhaps in mid-line */
  LINE_TOO_LONG, /* consumed and dropped: reply 500, go on */
  LINE_BARE_CR,  /* CR without LF, RFC 5321 2.3.8; consumed through the next CRLF */
  LINE_BARE_LF,  /* LF without CR; consumed through it.  What follows may be anything: give up */
  LINE_ERROR     /* read failure, timeout or no memory: see errno */
};

enum line_status line_read(struct line_reader *r, stralloc *line, size_t max);

/* line_fill(): reads once, when at == end.  As line_source. */
ssize_t line_fill(struct line_reader *r);

#endif
