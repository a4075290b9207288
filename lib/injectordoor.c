#include "config.h"
#include "lib/injectordoor.h"
#include <errno.h>
#include "lib/record.h"

const struct frame_protocol injectordoor_protocol = {'Q', 1, INJECTORDOOR_FRAME_MAX};

static const struct field fields[] = {
  {TAG_EXIT_CODE, FIELD_UINT, offsetof(struct injectordoor_answer, code), 255, true},
  {TAG_SUBMITTER_PID, FIELD_UINT, offsetof(struct injectordoor_answer, pid), INT32_MAX, false},
  {TAG_ARRIVAL_TAKEN, FIELD_FLAG, offsetof(struct injectordoor_answer, arrival_taken), 0, false},
  {TAG_TEXT, FIELD_TEXT, offsetof(struct injectordoor_answer, text), INJECTORDOOR_TEXT_MAX, false},
  FIELD_END
};

int injectordoor_put(stralloc *out, const struct injectordoor_answer *a) { return record_put(out, fields, a); }

int injectordoor_read(struct injectordoor_answer *a, struct text payload) {
  *a = (struct injectordoor_answer){.code = UINT64_MAX};
  if (record_read(fields, a, payload) == -1) return -1;
  return a->code == UINT64_MAX ? (errno = EPROTO, -1) : 0;
}
