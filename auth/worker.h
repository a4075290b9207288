/* worker.h - a process for each question, so that no back end keeps others waiting */
#ifndef OWL_AUTH_WORKER_H
#define OWL_AUTH_WORKER_H

#include "auth/links.h"

enum { WORKER_ANSWER_MAX = 8192 };

/* worker_start(): 0, k->worker and k->pipe; or -1 with errno. */
int worker_start(const struct links *l, struct link *k);

/* worker_end(): kills what is left of it and its program, and closes the pipe. */
void worker_end(struct link *k);

/* worker_read(): appends to k->payload what has come.  1: it is whole, and *a made of it; 0: more
 * is to come; -1: it was no answer. */
int worker_read(struct link *k, struct credential_answer *a);

#endif
