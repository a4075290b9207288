/* Whatever the header of a message: the reply's header consists of fields, has
 * the ones of ours and no other, and no line is over the limit. */
#include "config.h"
#include <string.h>
#include "lib/fuzz.h"
#include "lib/header.h"
#include "local/tools/replyrule.h"
#include "local/tools/replytext.h"

static void check_lines(struct text reply) {
  size_t n = 0;
  for (size_t i = 0; i < reply.len; i++) {
    n = reply.s[i] == '\n' ? 0 : n + 1;
    check(n <= REPLYTEXT_LINE_MAX);
  }
}

static void check_fields(struct text rest) {
  static const char *const names = " From To Subject Date Message-ID In-Reply-To References Auto-Submitted "
                                   "MIME-Version Content-Type Content-Transfer-Encoding ";
  struct header_field f;
  while (header_next(&rest, &f)) check(memmem(names, strlen(names), f.name.s, f.name.len) != NULL);
  check(text_equals(rest, "\nbody\n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  static const struct text own = {"joe@local.test", 14};
  struct text header = fuzz_input(octets, size);
  stralloc reply = {0};
  struct queueid id;
  const char *why;
  struct replycase c = {text_of("ann@x.test"), header, &own, 1};
  (void)replyrule_objection(&c);
  queueid_from(&id, 0, (const unsigned char[10]){0});
  struct replyorder o = {text_of("body\n"), TEXT_ABSENT, TEXT_ABSENT, own, text_of("ann@x.test"), header, 0, &id};
  check(replytext_make(&reply, &o, &why) == REPLYTEXT_OK);
  check_lines(text_of_stralloc(&reply));
  check_fields(text_of_stralloc(&reply));
  stralloc_free(&reply);
  return 0;
}
