/* stack.h - for processes that are many and wait for long */
#ifndef OWL_STACK_H
#define OWL_STACK_H

/* stack_forget(): gives the kernel back the pages below the caller's frame,
 * which earlier and deeper calls have written. */
void stack_forget(void);

/* stack_on_new_page(): calls run(context) with a stack that begins at the top of a
 * page, so that it is no matter of luck how many pages its frames lie in.  What
 * run() returns. */
int stack_on_new_page(int (*run)(const void *context), const void *context);

#endif
