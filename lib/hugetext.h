/* hugetext.h - for a program whose children are many and live for milliseconds
 *
 * A child begins without the pages of the program's file, meets a page fault for
 * each sixteen of them that it uses, and the processor has to look each one up.
 * hugetext_settle() puts copies of code and constants on pages of 2 MB in the place
 * of the file's: fork() hands these on, and two or three entries stand for all.
 *
 * It costs the size of code and constants in memory, once for a program and all
 * of its children.  Nothing is ever writable and executable at the same time.  Only
 * a static program that is linked with OWL_STATIC_HUGE is laid out for it; in all
 * others, and where the kernel or the site does not let memory become executable,
 * all stays as it was.  To be called before there are threads.
 */
#ifndef OWL_HUGETEXT_H
#define OWL_HUGETEXT_H

void hugetext_settle(void);

#endif
