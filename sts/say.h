/* say.h - lines on descriptor 2: "owl-sts: OBJECT: REASON" */
#ifndef OWL_STS_SAY_H
#define OWL_STS_SAY_H

void say(const char *reason, const char *object);

/* say_errno(): "owl-sts: WHAT OBJECT: REASON" of errno. */
void say_errno(const char *what, const char *object);

#endif
