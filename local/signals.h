/* signals.h - SIGCHLD and SIGHUP as something to poll for */
#ifndef OWL_LOCAL_SIGNALS_H
#define OWL_LOCAL_SIGNALS_H

enum { SIGNALS_CHILD = 1, SIGNALS_HUP = 2 };

/* signals_open(): blocks both and gives a descriptor (close-on-exec) that is
 * readable when one has come; ignores SIGPIPE.  -1 with errno. */
int signals_open(void);

/* signals_read(): the set that has come, without waiting. */
int signals_read(int fd);

/* signals_release(): for a child that goes on to something else: nothing is
 * blocked, nothing ignored, whatever the starter left. */
void signals_release(void);

#endif
