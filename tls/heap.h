/* heap.h - where children find memory
 *
 * After a start the heap is full of gaps.  An allocation from one of them writes to its page
 * and to those beside it in the allocator's lists, each of which a child that has been
 * forked pays for with a page of its own.  heap_settle(): takes the gaps away for good,
 * so that children allocate in one piece, behind all that they share.  Call it once, last
 * before the first fork.
 */
#ifndef OWL_TLS_HEAP_H
#define OWL_TLS_HEAP_H

void heap_settle(void);

#endif
