/* attendant.h - a process that owl-lspawn keeps beside it, and starts again when it ends */
#ifndef OWL_LOCAL_ATTENDANT_H
#define OWL_LOCAL_ATTENDANT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct attendant {
  void (*run)(void); /* in the child, which it ends when it returns; NULL: not wanted */
  pid_t pid;         /* 0: not running */
  uint64_t due_us;   /* when to start it again: boot clock */
  uint64_t pause_s;
};

/* attendant_start(): when it is due.  The child is killed when this process ends, has
 * /dev/null as descriptor 0, not the descriptor signals, and those signals blocked: one
 * that comes before it waits for them (local/signals.h) does not end it.  0, or -1 with
 * errno: it will be due again. */
int attendant_start(struct attendant *a, int signals);

/* attendant_note_end(): whether it was this one's. */
bool attendant_note_end(struct attendant *a, pid_t pid);

/* attendant_due_ms(): how long until it is due; -1: it runs, or is not wanted. */
int attendant_due_ms(const struct attendant *a);

/* attendant_end(): kills it and waits for it. */
void attendant_end(struct attendant *a);

#endif
