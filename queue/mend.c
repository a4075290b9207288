#include "config.h"
#include "queue/mend.h"
#include <errno.h>
#include <unistd.h>

/* ---- looking */

static const char *look_into(const struct queuefile *file, int fd, int *error) {
  const struct envelope *e = &file->envelope;
  if (e->unknown_critical) return "its envelope asks for something that this version does not know";
  if (e->recipient_count == 0 || !e->sender.s) return "its envelope has no sender or no recipient";
  enum queuefile_status status = queuefile_check_body(file, fd);
  if (status == QUEUEFILE_IO_ERROR) *error = errno;
  return status == QUEUEFILE_OK ? NULL : "the message does not fit its checksum";
}

const char *mend_look_at_message(int fd, int *error) {
  struct queuefile file = {0};
  *error = 0;
  enum queuefile_status status = queuefile_read(&file, fd);
  if (status == QUEUEFILE_IO_ERROR) *error = errno;
  if (status != QUEUEFILE_OK) return queuefile_explain(status);
  const char *why = look_into(&file, fd, error);
  queuefile_free(&file);
  return why;
}

/* The magic, too, can have been cut off. */
enum log_state mend_look_at_log(struct text log, uint64_t *keep) {
  struct text rest;
  struct logrecord r;
  enum msglog_status status;
  *keep = 0;
  if (!msglog_first(log, &rest)) return log.len < MSGLOG_MAGIC_OCTETS ? LOG_TORN : LOG_ALIEN;
  while ((status = msglog_next(&rest, &r)) == MSGLOG_RECORD) {}
  *keep = log.len - rest.len;
  return status == MSGLOG_TORN ? LOG_TORN : LOG_WHOLE;
}

/* ---- mending */

static enum outcome set_aside(struct store *s, const struct queueid *id, enum store_place place,
                              bool *moved) {
  if (store_move_to_bad(s, id, place) == -1) return OUTCOME_FAILED;
  *moved = true;
  return OUTCOME_DONE;
}

/* errno is ENOENT where there is none */
static enum outcome look_at(struct store *s, const struct queueid *id, enum store_place place) {
  int error;
  int fd = store_open_at(s, id, place);
  if (fd == -1) return errno == EBADMSG || errno == ELOOP ? OUTCOME_DONE : OUTCOME_FAILED;
  const char *why = mend_look_at_message(fd, &error);
  close(fd);
  if (error) return errno = error, OUTCOME_FAILED;
  return why ? OUTCOME_DONE : OUTCOME_ALREADY;
}

static enum outcome mend_log(struct store *s, const struct queueid *id, enum store_place place,
                             bool *moved) {
  stralloc log = {0};
  uint64_t keep;
  if (store_read_log(s, id, &log) == -1) return stralloc_free(&log), OUTCOME_FAILED;
  enum log_state state = mend_look_at_log(text_of_stralloc(&log), &keep);
  stralloc_free(&log);
  switch (state) {
    case LOG_WHOLE: return OUTCOME_ALREADY;
    case LOG_ALIEN: return set_aside(s, id, place, moved);
    case LOG_TORN: break;
  }
  return store_append_log(s, id, text_of(""), keep) == 0 ? OUTCOME_DONE : OUTCOME_FAILED;
}

static enum outcome mend_one(struct store *s, const struct queueid *id, enum store_place place,
                             bool *moved) {
  enum outcome o = look_at(s, id, place);
  if (o == OUTCOME_DONE) return set_aside(s, id, place, moved);
  return o == OUTCOME_ALREADY ? mend_log(s, id, place, moved) : o;
}

/* The log is beside the one in wait/. */
static enum outcome mend_double(struct store *s, const struct queueid *id, bool *moved) {
  enum outcome o = look_at(s, id, PLACE_WAIT);
  if (o == OUTCOME_FAILED) return o;
  if (o == OUTCOME_DONE) return set_aside(s, id, PLACE_WAIT, moved);
  return store_remove_copy(s, id) == 0 ? OUTCOME_DONE : OUTCOME_FAILED;
}

enum outcome mend_message(struct store *s, const struct queueid *id, bool *set_aside_now) {
  enum store_place place;
  *set_aside_now = false;
  if (store_find(s, id, &place) == -1) {
    if (errno != ENOENT) return OUTCOME_FAILED;
    if (store_remove_log(s, id) == 0) return OUTCOME_DONE;
    return errno == ENOENT ? OUTCOME_GONE : OUTCOME_FAILED;
  }
  if (place == PLACE_TODO && store_is_at(s, id, PLACE_WAIT)) return mend_double(s, id, set_aside_now);
  return mend_one(s, id, place, set_aside_now);
}
