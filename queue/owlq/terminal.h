/* terminal.h - a screen of one's own on the terminal of descriptors 0 and 1
 *
 * ECMA-48 control sequences that every terminal of today knows; keys come one
 * at a time.  What was on the screen comes back.
 */
#ifndef OWL_OWLQ_TERMINAL_H
#define OWL_OWLQ_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>
#include "lib/text.h"

struct terminal {
  struct termios before;
};

struct terminal_size {
  size_t columns, rows;
};

/* terminal_begin(): 0, or -1 with errno: there is none. */
int terminal_begin(struct terminal *t);
struct terminal_size terminal_size(void);

/* terminal_draw(): shows lines, each with its LF, from the top; what they do
 * not cover becomes blank.  They must be clean, and not wider than the screen. */
void terminal_draw(struct text lines);

enum { TERMINAL_NOTHING = -1, TERMINAL_GONE = -2 };

/* terminal_key(): waits for a key so long at most.  TERMINAL_NOTHING too when
 * the size has changed; TERMINAL_GONE at the end of input, or when a signal
 * asks the process to end. */
int terminal_key(int limit_ms);

void terminal_end(const struct terminal *t);

#endif
