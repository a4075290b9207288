/* outcome.h - what a talker's request led to */
#ifndef OWL_OUTCOME_H
#define OWL_OUTCOME_H

#include "lib/door.h"

struct outcome {
  struct door_answer answer;
  int fd;         /* -1, or passed on and closed after the answer */
  bool malformed; /* end the session without an answer */
};

/* The texts are literals, or live until the answer has been sent. */
struct outcome outcome_grant(uint64_t code, const char *status, const char *text);
struct outcome outcome_refuse(uint64_t code, const char *status, const char *text);
struct outcome outcome_not_now(void);
struct outcome outcome_no_memory(void);
extern const struct outcome outcome_malformed;

#endif
