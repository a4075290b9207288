/* classic.h - a program that is called as qmail-remote is, as an agent
 *
 * Takes jobs from the runner (owlpost-agent(7)) and runs the program HOST
 * SENDER RECIPIENT... for the recipients of each domain in turn; what it
 * reports (remote/report.h) are their results.
 */
#ifndef OWL_CLASSIC_H
#define OWL_CLASSIC_H

enum classic_end { CLASSIC_DONE, CLASSIC_BAD_FRAME, CLASSIC_FAILED };

/* classic_serve(): until CLOSE or the end of file from the runner.  The program
 * is a path. */
enum classic_end classic_serve(int runner, const char *program);

#endif
