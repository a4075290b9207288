/* credential.h - what is asked of owl-authd, and what it answers (owlpost-auth(7))
 *
 * Who wants to know whether somebody is who they say connects to
 * RUNDIR/auth/socket, and asks one question at a time, one ANSWER each, as many
 * as it likes.  A question that is not formed as its kind wants it ends the
 * connection without an answer.  Both directions are hostile to each other:
 * what is asked comes from a client, what is answered perhaps from a program
 * of the site's.
 *
 * The answer's class tells right (SUCCESS) from wrong (FAILURE) from "try again
 * later" (DEFERRAL: back end down, no time, too many failures); its status and
 * text can be told the client, and never say which of user and secret was
 * wrong.  owl-authd delays what it refuses.
 */
#ifndef OWL_CREDENTIAL_H
#define OWL_CREDENTIAL_H

#include "lib/frame.h"
#include "lib/pass.h"
#include "lib/result.h"

enum credential_frame {
  CREDENTIAL_PASSWORD = 1,   /* USER, SECRET: PLAIN, LOGIN, POP3's PASS, IMAP's LOGIN */
  CREDENTIAL_RESPONSE = 2,   /* USER, CHALLENGE, RESPONSE: CRAM-MD5, APOP */
  CREDENTIAL_SCRAM = 3,      /* USER: SUCCESS with SALT and ITERATIONS, for unknown users, too */
  CREDENTIAL_PROOF = 4,      /* AUTH_MESSAGE, PROOF, right after a SCRAM: SUCCESS with SIGNATURE */
  CREDENTIAL_EXTERNAL = 5,   /* CERTIFICATE, CERTIFICATE_NAME, USER or none: SUCCESS with USER */
  CREDENTIAL_MECHANISMS = 6, /* which mechanisms may be offered: SUCCESS with MECHANISMS */
  CREDENTIAL_ANSWER = 7
};

enum {
  CREDENTIAL_FRAME_MAX = 16384,
  CREDENTIAL_USER_MAX = 255,
  CREDENTIAL_SECRET_MAX = 1024,
  CREDENTIAL_CHALLENGE_MAX = 512,
  CREDENTIAL_RESPONSE_MAX = 64,
  CREDENTIAL_AUTH_MESSAGE_MAX = 4096,
  CREDENTIAL_SALT_MAX = 64,
  CREDENTIAL_MECHANISMS_MAX = 255,
  CREDENTIAL_FINGERPRINT_DIGITS = 64, /* SHA-256 */
  CREDENTIAL_SCRAM_OCTETS = 32, /* SHA-256: of a proof, of a signature */
  CREDENTIAL_ANSWER_MS = 120000 /* owl-authd answers within this, delays included, or is to be given up */
};

extern const struct frame_protocol credential_protocol;

/* Texts are clean (lib/text.h): a user name with a control octet in it is no
 * user's, and cannot be asked about (credential_put_request(): EILSEQ). */
struct credential_request {
  /* of every question, where it is known */
  struct text service; /* "smtp", "submission", "pop3", "imap" */
  struct text client_address, local_address;
  uint64_t client_port, local_port;
  struct text tls;       /* as in TAG_TLS; absent: no TLS */
  struct text mechanism; /* "PLAIN", "SCRAM-SHA-256-PLUS": for the log */
  /* by its kind */
  struct text user;         /* 1 to 255 octets */
  struct text secret;       /* 1 to 1024 octets, no NUL among them */
  struct text challenge;    /* RESPONSE: the challenge as the client got it, decoded from base64, no NUL */
  struct text response;     /* RESPONSE: lower-case hexadecimal digits */
  struct text auth_message; /* PROOF: RFC 5802 3 */
  struct text proof;        /* PROOF: ClientProof, decoded, 32 octets */
  struct text certificate;  /* EXTERNAL: SHA-256 of the client's certificate, 64 lower-case hexadecimal digits */
  struct text certificate_name; /* the name that a trusted authority vouches for; absent: none */
};

struct credential_answer {
  struct result result;
  struct text user;       /* who it is, as the back end knows them: for the log, the trace, sendermap */
  struct text salt;       /* SCRAM: any octets */
  uint64_t iterations;    /* SCRAM */
  struct text signature;  /* PROOF: ServerSignature, 32 octets */
  struct text mechanisms; /* "PLAIN LOGIN SCRAM-SHA-256"; what needs TLS is the asker's to know */
  struct text pass;       /* of who is in, where the service is a mailbox's (lib/pass.h); absent: there is none to be had */
};

/* Encoders append a payload: 0, or -1 with record_put()'s errno, or EINVAL for a
 * request that its kind does not allow.  The payload may hold secrets: wipe it. */
int credential_put_request(stralloc *out, unsigned kind, const struct credential_request *r);
int credential_put_answer(stralloc *out, const struct credential_answer *a);

/* Decoders make views into the payload: 0, or -1 with errno EPROTO. */
int credential_read_request(struct credential_request *r, unsigned kind, struct text payload);
int credential_read_answer(struct credential_answer *a, struct text payload);

/* ---- the asker's side */

struct credential_link {
  int sock; /* -1: none */
  struct frame_reader reader;
};

/* credential_connect(): 0, or -1 with errno; ENOENT and ECONNREFUSED: owl-authd
 * does not run. */
int credential_connect(struct credential_link *l, const char *rundir, int limit_ms);

/* credential_ask(): 0 and *a, views that are valid until the link is used again,
 * or -1 with errno: EILSEQ, EMSGSIZE or EINVAL (nothing was asked: by what the
 * client said it is nobody, and the answer is "wrong"); EPROTO, ETIMEDOUT and
 * others: no answer, the link is of no more use, and the client is to try
 * later.  credential_send() and frame_poll() on the link's reader are its two
 * halves, for who must not wait. */
int credential_ask(struct credential_link *l, unsigned kind, const struct credential_request *r,
                   struct credential_answer *a, int limit_ms);
int credential_send(struct credential_link *l, unsigned kind, const struct credential_request *r, int limit_ms);

/* What came in is wiped. */
void credential_close(struct credential_link *l);

/* credential_is_like_fingerprint(): whether a certificate's name looks like the SHA-256
 * of one, with colons or without.  Who chooses a name must not get what somebody else's fingerprint gets. */
bool credential_is_like_fingerprint(struct text name);

/* credential_wipe(): empties a stralloc after wiping all that it ever held. */
void credential_wipe(stralloc *secret);

#endif
