#include "config.h"
#include "queue/injection.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "lib/claim.h"
#include "lib/clock.h"

enum { SPACE_CHECK_OCTETS = 1 << 20 };

/* minfree keeps files free as well: a waiting message needs one for its log. */
enum { OCTETS_PER_FILE = 65536 };

static int fail(struct injection *in, int code, const char *text) {
  in->text = text;
  return code;
}

static int code_of(enum newmessage_status s) {
  switch (s) {
    case NEWMESSAGE_OK: return INJECTOR_OK;
    case NEWMESSAGE_NO_MEMORY: return INJECTOR_NO_MEMORY;
    case NEWMESSAGE_NOT_CREATED: return INJECTOR_QUEUE_FILE;
    case NEWMESSAGE_NOT_WRITTEN: return INJECTOR_WRITE_ERROR;
    case NEWMESSAGE_EXISTS:
    case NEWMESSAGE_UNKNOWN: break;
  }
  return INJECTOR_BUG;
}

int injection_configure(struct injection *in, struct control *c) {
  struct injection_limits *l = &in->limits;
  bool read = control_number(c, CONTROL_QUEUEBYTES, &l->message_octets) == 0 &&
              control_number(c, CONTROL_MAXRECIPIENTS, &l->recipients) == 0 &&
              control_number(c, CONTROL_MINFREE, &l->free_octets) == 0 &&
              control_number(c, CONTROL_TIMEOUTQUEUE, &l->seconds) == 0 &&
              control_text(c, CONTROL_INSTANCE, &l->instance) == 0;
  return read ? INJECTOR_OK : INJECTOR_CONFIGURATION;
}

int injection_open_queue(struct control *c, int *fd) {
  stralloc folder = {0};
  int code = control_text(c, CONTROL_QUEUEDIR, &folder) == 0 ? INJECTOR_OK : INJECTOR_CONFIGURATION;
  if (code == INJECTOR_OK && (*fd = open(folder.s, O_PATH | O_DIRECTORY | O_CLOEXEC)) == -1) code = INJECTOR_QUEUE_FOLDER;
  int saved = errno;
  stralloc_free(&folder);
  errno = saved;
  return code;
}

int injection_check_space(struct injection *in, int queue_fd) {
  uint64_t wanted = in->limits.free_octets;
  struct statvfs v;
  if (fstatvfs(queue_fd, &v) == -1) return INJECTOR_QUEUE_FOLDER;
  if ((uint64_t)v.f_bavail * v.f_frsize < wanted)
    return fail(in, INJECTOR_WRITE_ERROR, "too little free space in the queue");
  if (v.f_files && v.f_favail < wanted / OCTETS_PER_FILE)
    return fail(in, INJECTOR_WRITE_ERROR, "too few free files in the queue");
  return INJECTOR_OK;
}

static int put_trace(struct injection *in, uint64_t now_us, bool from_network) {
  stralloc field = {0};
  int code = INJECTOR_NO_MEMORY;
  if (stralloc_cats(&field, "Received: (owlpost ") && text_cat_uint(&field, (uint64_t)getpid()) == 0 &&
      stralloc_cats(&field, from_network ? " invoked from network" : " invoked by uid ") &&
      (from_network || text_cat_uint(&field, in->caller_uid) == 0) && stralloc_cats(&field, "); ") &&
      clock_cat_date(&field, now_us) == 0 && stralloc_cats(&field, "\n"))
    code = code_of(newmessage_write(&in->message, field.s, field.len));
  stralloc_free(&field);
  return code;
}

/* QUEUE/door belongs to the user that the doorkeeper runs as. */
static bool caller_is_doorkeeper(const struct injection *in, int queue_fd) {
  struct stat st;
  return fstatat(queue_fd, "door", &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_uid == in->caller_uid;
}

static bool may_use_arrival(uint64_t arrival_us, uint64_t now_us, int shared_fd) {
  if (!callerenvelope_is_recent(arrival_us, now_us)) return false;
  return shared_fd == INJECTION_SOLE_OWNER || claim_take(shared_fd);
}

/* The log's number of the message, which is its time of arrival: the
 * doorkeeper's, so that its log has the same, or now. */
int injection_begin(struct injection *in, int queue_fd, int shared_fd) {
  uint64_t now_us = clock_wall_us(&clock_system);
  struct callerenvelope_facts facts = {0};
  struct queueid id;
  in->is_doorkeeper = caller_is_doorkeeper(in, queue_fd);
  if (in->is_doorkeeper) facts = callerenvelope_facts(&in->envelope);
  in->arrival_taken = may_use_arrival(facts.arrival_us, now_us, shared_fd);
  in->arrival_us = in->arrival_taken ? facts.arrival_us : now_us;
  if (queueid_make(&id, in->arrival_us) == -1) return INJECTOR_BUG;
  int code = code_of(newmessage_open(&in->message, queue_fd, &id));
  in->is_open = code == INJECTOR_OK;
  return in->is_open ? put_trace(in, now_us, facts.names_client) : code;
}

/* One message can be larger than all that was free at its start. */
int injection_take(struct injection *in, const void *octets, size_t len) {
  struct newmessage *m = &in->message;
  int code = code_of(newmessage_write(m, octets, len));
  if (code != INJECTOR_OK) return code;
  if (in->limits.message_octets && m->octets > in->limits.message_octets)
    return fail(in, INJECTOR_REFUSED, "the message is larger than the queue takes");
  if (m->octets - in->space_checked < SPACE_CHECK_OCTETS) return INJECTOR_OK;
  in->space_checked = m->octets;
  return injection_check_space(in, m->queue_fd);
}

static int explain(struct injection *in, enum callerenvelope_status s) {
  switch (s) {
    case CALLERENVELOPE_OK: return INJECTOR_OK;
    case CALLERENVELOPE_TRUNCATED:
    case CALLERENVELOPE_READ_ERROR: return INJECTOR_READ_ERROR;
    case CALLERENVELOPE_MALFORMED:
    case CALLERENVELOPE_UNKNOWN: return INJECTOR_ENVELOPE;
    case CALLERENVELOPE_TOO_LONG: return INJECTOR_ADDRESS_TOO_LONG;
    case CALLERENVELOPE_CONTROL: return fail(in, INJECTOR_REFUSED, "a control octet in an envelope address");
    case CALLERENVELOPE_TOO_MANY: return fail(in, INJECTOR_REFUSED, "too many recipients");
    case CALLERENVELOPE_NO_MEMORY: break;
  }
  return INJECTOR_NO_MEMORY;
}

int injection_address(struct injection *in, enum callerenvelope_status read) {
  struct envelope *e = &in->envelope.envelope;
  if (read == CALLERENVELOPE_OK) read = callerenvelope_merge(&in->envelope, in->is_doorkeeper);
  e->arrival_us = in->arrival_us;
  e->submitter_uid = in->caller_uid;
  e->submitter_pid = (uint64_t)getpid();
  e->instance = text_of_stralloc(&in->limits.instance);
  return explain(in, read);
}

int injection_commit(struct injection *in) {
  in->is_open = false;
  return code_of(newmessage_commit(&in->message, &in->envelope.envelope));
}

int injection_write(struct injection *in) {
  return code_of(newmessage_complete(&in->message, &in->envelope.envelope));
}

int injection_name(struct injection *in, bool synced) {
  return synced ? code_of(newmessage_name(&in->message)) : INJECTOR_WRITE_ERROR;
}

int injection_settle(struct injection *in, bool synced) {
  in->is_open = false;
  return code_of(newmessage_settle(&in->message, synced));
}

void injection_close(struct injection *in) {
  if (in->is_open) newmessage_abort(&in->message);
  callerenvelope_free(&in->envelope);
  stralloc_free(&in->limits.instance);
  *in = (struct injection){0};
}
