/* stack.h - for processes that are many and wait for long */
#ifndef OWL_STACK_H
#define OWL_STACK_H

/* stack_forget(): gives the kernel back the pages below the caller's frame,
 * which earlier and deeper calls have written. */
void stack_forget(void);

#endif
