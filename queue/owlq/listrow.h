/* listrow.h - one message as owlq list shows it */
#ifndef OWL_OWLQ_LISTROW_H
#define OWL_OWLQ_LISTROW_H

#include "queue/owlq/select.h"

enum row_form { ROW_LINE, ROW_LONG, ROW_JSON };

/* row_cat_line(): a line without its end; columns is the terminal's width, or 0:
 * nothing is cut.  row_cat_heading(): what stands above such lines. */
int row_cat_line(stralloc *out, const struct selected *m, uint64_t now_us, size_t columns);
int row_cat_heading(stralloc *out, size_t columns);

/* row_print(): on standard output, in any form.  event is what has happened to
 * the message, with --follow; else NULL.  An exit code. */
int row_print(const struct selected *m, enum row_form form, const char *event, uint64_t now_us, size_t columns);

/* row_print_heading(): where the form has one. */
void row_print_heading(enum row_form form, size_t columns);

/* row_print_recipients(): as in the long form; all, or those that wait. */
void row_print_recipients(const struct message *m, bool all, uint64_t now_us);

#endif
