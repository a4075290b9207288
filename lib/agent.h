/* agent.h - the protocol between runner, spawners and agents (owlpost-agent(7))
 *
 * Runner to spawner: one WORKER frame per worker that is wanted, with one end
 * of a socketpair.  On that socket the runner then talks with the worker, or
 * with the spawner itself where it can start none:
 *
 *   runner: JOB*, CLOSE          worker: (RESULT | SILENT | HEARD)*, or REFUSE
 *
 * Jobs may be sent ahead (at most AGENT_JOBS_AHEAD unanswered ones); results
 * come in any order, one per recipient of a job, each sent only when what it
 * says is durable.  A worker that ends is done with; what it did not report is
 * deferred.
 */
#ifndef OWL_AGENT_H
#define OWL_AGENT_H

#include "lib/envelope.h"
#include "lib/frame.h"
#include "lib/result.h"

enum agent_frame {
  AGENT_WORKER = 1,
  AGENT_JOB = 2,
  AGENT_RESULT = 3,
  AGENT_REFUSE = 4,
  AGENT_CLOSE = 5,
  AGENT_SILENT = 6, /* the next hop has said nothing for AGENT_SILENCE_MS that the worker waited */
  AGENT_HEARD = 7   /* it has, after that or for the first time */
};

enum {
  AGENT_CONTENT_MAX = 65536, /* octets of a body that travels in its job */
  AGENT_RECIPIENTS_MAX = 1000, /* recipients of one job */
  AGENT_JOBS_AHEAD = 64,
  AGENT_SILENCE_MS = 500,
  AGENT_FRAME_MAX = 4 * 1024 * 1024
};

extern const struct frame_protocol agent_protocol;

/* What kind of worker: all that a spawner is told. */
struct agent_worker {
  uint64_t channel;    /* enum route_channel, lib/route.h */
  struct text address; /* local: the address to find the user of */
  uint64_t protocol;   /* remote: enum route_protocol */
  struct text host;    /* remote: domain or relay */
  uint64_t port;       /* remote */
  bool use_mx;         /* remote: host is a domain, look for its MX records */
  struct text socket_path; /* remote, LMTP: a Unix socket's, in place of host and port */
};

struct agent_job {
  uint64_t job;        /* its number, comes back in the results */
  struct text message; /* queue id, for trace fields and logs */
  uint64_t size;       /* octets of the body, LF line ends */
  struct text content; /* the body; absent: it is in the frame's descriptor, from offset 0 */
  struct envelope envelope; /* sender, terms, recipients with their index; no client facts */
};

struct agent_result {
  uint64_t job;
  uint64_t index; /* the recipient's index from the job */
  struct result result;
};

/* Encoders append a payload: 0, or -1 with record_put()'s errno; EPROTO: a
 * worker that no decoder would take. */
int agent_put_worker(stralloc *out, const struct agent_worker *w);
int agent_put_job(stralloc *out, const struct agent_job *j);
int agent_put_result(stralloc *out, const struct agent_result *r);

/* Decoders check everything and make views into the payload: 0, or -1 with
 * errno EPROTO.  A worker has an address, a host and a port, or a path; a job has a
 * sender, a recipient, a queue id, and its body in one of the two places.
 * agent_read_job() allocates the recipients; free them with envelope_free(). */
int agent_read_worker(struct agent_worker *w, struct text payload);
int agent_read_job(struct agent_job *j, struct text payload, bool has_descriptor);
int agent_read_result(struct agent_result *r, struct text payload);
int agent_read_refuse(struct result *r, struct text payload);

/* agent_send_result(), agent_send_refuse(): encode and send, for workers. */
int agent_send_result(int sock, const struct agent_result *r, int limit_ms);
int agent_send_refuse(int sock, const struct result *r, int limit_ms);

#endif
