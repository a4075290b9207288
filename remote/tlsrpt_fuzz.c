/* A line of notes that is read has no text longer than itself. */
#include "config.h"
#include "lib/fuzz.h"
#include "remote/tlsrpt.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  static stralloc space;
  struct tlsrpt_line line;
  struct text in = fuzz_input(octets, size);
  if (tlsrpt_read_line(&line, in, &space) == -1) return 0;
  const struct tlsrpt_session *s = &line.session;
  check(s->policy <= TLSRPT_STS);
  check(s->policy_lines.len + s->result.len + s->mx.len + s->helo.len + s->code.len <= 5 * size);
  for (size_t i = 0; i < s->mx.len; i++) check(s->mx.s >= space.s && s->mx.s + s->mx.len <= space.s + space.len);
  return 0;
}
