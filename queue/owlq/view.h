/* view.h - commands that show single messages: show, body, why */
#ifndef OWL_OWLQ_VIEW_H
#define OWL_OWLQ_VIEW_H

#include "queue/owlq/select.h"

struct view {
  struct control *control;
  struct store *store;
  uint64_t now_us;
  bool json;
  int code; /* found() sets it when something goes wrong, and has said so */
};

/* view_messages(): takes --json and one or more ids (or whatever a filter takes)
 * from the command line and calls found(view, m) for each message.  An exit
 * code. */
int view_messages(struct control *c, int argc, char **argv, const char *usage,
                  int (*found)(void *view, const struct selected *m));

#endif
