/* mailbox.h - a folder of a Maildir as a mailbox server sees it
 *
 * Its messages, in the order of their UIDs, as they were when it was last
 * looked at; which other programs deliver to, rename in, and delete from
 * meanwhile.  A file that is renamed is found again by its base name.  A file
 * that is missed is looked for again, and taken for deleted where nobody renamed
 * anything while it was.
 *
 * Runs as the mailbox's user.  Names and files are his, and say anything.
 */
#ifndef OWL_MAILBOX_MAILBOX_H
#define OWL_MAILBOX_MAILBOX_H

#include "mailbox/sightings.h"
#include "mailbox/uidlog.h"

struct mailbox_message {
  uint64_t size, wire_size; /* or SIZE_UNKNOWN */
  uint32_t uid;
  uint32_t name_at; /* of its file: in names, NUL-terminated */
  uint32_t uidl_at; /* what another server called it: in uidls, NUL-terminated, or empty */
  uint8_t base_len; /* of its name */
  bool is_new;     /* in new/, not in cur/ */
  bool is_removed; /* by mailbox_remove() */
  bool is_gone;    /* another program has deleted it */
};

/* What it was when: as long as none of it is another, nobody has changed anything. */
struct mailbox_time {
  struct folder_times folders;
  struct uidlog_time log;
};

struct mailbox {
  int folder;          /* the Maildir */
  struct text uidl_format; /* of what is taken over from Dovecot; absent: the usual one */
  struct uidlog log;   /* read only where it was needed: mailbox_read_log() */
  bool is_uncertain;   /* the disk is full: new messages have UIDs in this process alone, not to be told */
  unsigned looks;      /* for files that others have renamed */
  struct mailbox_message *messages;
  size_t count;
  stralloc names, uidls;
  bool is_dated, is_kept; /* time is that of the list; it is in the index */
  struct mailbox_time time;
  int events;           /* mailbox/changes.h; or -1 */
  uint64_t own_changes; /* since then */
};

/* All return 0, or -1 with errno. */

/* mailbox_open(): of a Maildir, or a folder in one; then mailbox_look().
 * mailbox_close() must follow, whatever comes back. */
int mailbox_open(struct mailbox *m, const char *path);

/* mailbox_take_over(): the same of one that has no log yet (or EEXIST), where UIDLs
 * that Dovecot has written nowhere follow its pop3_uidl_format (mailbox/uidlformat.h). */
int mailbox_take_over(struct mailbox *m, const char *path, struct text uidl_format);

void mailbox_close(struct mailbox *m);

/* mailbox_look(): which messages there are; new ones get their UIDs, which then
 * are on the disk, or is_uncertain: who has no room must be able to delete.  Indexes of messages change. */
int mailbox_look(struct mailbox *m);

/* mailbox_read_log(): log is read, if it was not. */
int mailbox_read_log(struct mailbox *m);

/* mailbox_keep(): what was found need not be looked for by the next who opens it; and
 * what only a look needs leaves memory. */
void mailbox_keep(struct mailbox *m);

/* mailbox_settle(): after mailbox_remove() and mailbox_seen(): these cause the next who
 * opens it no work either.  Waits 60 ms.  Then only mailbox_close() may follow. */
void mailbox_settle(struct mailbox *m);

/* mailbox_measure_file(): its octets, and how many they are with CRLF line ends. */
int mailbox_measure_file(int fd, uint64_t *size, uint64_t *wire_size);

/* mailbox_measure(): all sizes are known, as far as files can be read. */
void mailbox_measure(struct mailbox *m);

/* mailbox_uidl(): appends what POP3 calls the message by (RFC 1939 7), 1 to 70
 * octets that hold for its life: the one that it had from another server, or
 * the base name, as of qmail-pop3d, or where that is too long, its SHA-256. */
int mailbox_uidl(const struct mailbox *m, size_t message, stralloc *out);

/* mailbox_file(): a descriptor of its file, for reading; ENOENT: it is gone; EAGAIN: it
 * was not met, and nobody can tell.  mailbox_file_at_once() does not wait for the
 * moment in which one can. */
int mailbox_file(struct mailbox *m, size_t message);
int mailbox_file_at_once(struct mailbox *m, size_t message);

/* mailbox_remove(): deletes the file.  One that is gone already is no error, one that
 * was not met is (EAGAIN).
 * mailbox_sync(): what was removed stays so, whatever breaks off. */
int mailbox_remove(struct mailbox *m, size_t message);
int mailbox_sync(const struct mailbox *m);

/* mailbox_seen(): moves what is in new/ to cur/, without flags: a server has shown
 * it.  What cannot be moved stays. */
void mailbox_seen(struct mailbox *m);

/* mailbox_clean(): removes files from tmp/ that nobody has touched for 36 hours, at this
 * time of the wall clock. */
void mailbox_clean(const struct mailbox *m, uint64_t now_us);

#endif
