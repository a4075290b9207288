/* assignfile.h - the lines of users/assign, checked (owlpost-users(5))
 *
 * The file is the operator's: nothing in it is hostile, but all of it may be
 * wrong, and each line that is gets told.
 */
#ifndef OWL_USERS_ASSIGNFILE_H
#define OWL_USERS_ASSIGNFILE_H

#include "lib/text.h"

/* assignfile_complaint: number counts from 1; 0: about the whole file.
 * about: what of the line, or absent. */
typedef void assignfile_complaint(void *context, size_t number, const char *what, struct text about);

struct assignfile_entry {
  size_t number;    /* of its line */
  size_t at;        /* in keys */
  size_t key_len;   /* '!', then the local part in lower case and NUL, or the prefix */
  size_t data, data_len; /* in datas: the fields, parted by NUL */
};

struct assignfile {
  stralloc keys, datas; /* owned */
  struct assignfile_entry *entries; /* owned; of each key one, sorted by key */
  size_t count, space;
  stralloc wildcards; /* owned: the last octets of the prefixes, each once */
};

/* assignfile_parse(): *f must be zeroed; free it whatever comes back.  Every
 * line that is wrong goes to wrong; a line for an address that an earlier one
 * has goes to passed_over, which counts as none.  0; 1 when a line is wrong;
 * -1 without memory. */
int assignfile_parse(struct assignfile *f, struct text octets, assignfile_complaint *wrong,
                     assignfile_complaint *passed_over, void *context);

struct text assignfile_key(const struct assignfile *f, size_t i);
struct text assignfile_data(const struct assignfile *f, size_t i);

void assignfile_free(struct assignfile *f);

#endif
