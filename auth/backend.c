#include "config.h"
#include "auth/backend.h"

void backend_answer(const struct settings *s, struct remembered *before, const struct question *q, struct log *log,
                    struct reply *r) {
  switch (s->kind) {
    case BACKEND_PROGRAM: program_answer(s, q, log, r); break;
    case BACKEND_PASSWORDS: passwords_answer(s, before, q, log, r); break;
    case BACKEND_DOVECOT: dovecot_answer(s, q, log, r); break;
  }
}
