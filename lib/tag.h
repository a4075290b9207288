/* tag.h - every tag that stands in an owlpost carrier
 *
 * One number space for queue files, logs, agent jobs, doorkeeper requests and
 * the control socket, so that one value has one number everywhere.  Numbers
 * are never used again for something else.
 *
 * Bit 15 (TAG_CRITICAL): who does not know the tag must not act on the
 * message: it is held and logged.  Bit 14 (TAG_RECIPIENT): the item belongs to
 * the recipient that the last TAG_RECIPIENT_ADDRESS began.
 */
#ifndef OWL_TAG_H
#define OWL_TAG_H

enum {
  TAG_CRITICAL = 0x8000,
  TAG_RECIPIENT = 0x4000,

  /* the message: what the sender asked for */
  TAG_SENDER = 0x0001,         /* reverse-path without <>, may be empty */
  TAG_ENVID = 0x0002,          /* RFC 3461 4.4, decoded from xtext */
  TAG_RET = 0x0003,            /* enum envelope_ret */
  TAG_BODY = 0x0004,           /* enum envelope_body */
  TAG_SMTPUTF8 = 0x0005,       /* flag, RFC 6531 */
  TAG_REQUIRETLS = 0x8006,     /* flag, RFC 8689 */
  TAG_PRIORITY = 0x0007,       /* RFC 6710, -9 to 9, stored plus 10 */
  TAG_HOLD_UNTIL = 0x0008,     /* RFC 4865, wall clock, us */
  TAG_DEADLINE = 0x0009,       /* RFC 2852, wall clock, us */
  TAG_DEADLINE_MODE = 0x000a,  /* enum envelope_deadline */
  TAG_FORWARDER = 0x000b,      /* domain of the mailbox that sends it on */
  /* the message: where it came from */
  TAG_AUTH_USER = 0x0010,
  TAG_CLIENT_ADDRESS = 0x0011, /* IP address as text */
  TAG_CLIENT_PORT = 0x0012,
  TAG_CLIENT_NAME = 0x0013,    /* reverse DNS, as tcpserver found it */
  TAG_HELO = 0x0014,
  TAG_TLS = 0x0015,            /* version, cipher, peer as text */
  TAG_SUBMITTER_UID = 0x0016,
  TAG_ARRIVAL = 0x0017,        /* wall clock, us */
  TAG_INSTANCE = 0x0018,       /* name of the instance that took it */
  TAG_KIND = 0x0019,           /* enum envelope_kind */
  TAG_SUBMITTER_PID = 0x001a,
  TAG_PARENT = 0x001b,         /* queue id of the message that a DSN is about */
  TAG_PROTOCOL = 0x001c,       /* RFC 3848: SMTP, ESMTP, ESMTPSA, local... */

  /* a recipient */
  TAG_RECIPIENT_ADDRESS = 0x4001, /* begins a recipient */
  TAG_ORCPT = 0x4002,             /* RFC 3461 4.2, type;address, decoded */
  TAG_NOTIFY = 0x4003,            /* enum envelope_notify, a set */
  TAG_RECIPIENT_INDEX = 0x4004,   /* its place in the queue file's envelope, from 0 */

  /* what became of a recipient */
  TAG_CLASS = 0x0100,      /* enum result_class */
  TAG_STATUS = 0x0101,     /* RFC 3463, "5.1.1" */
  TAG_REPLY_CODE = 0x0102, /* the SMTP reply, 0 when there was none */
  TAG_TEXT = 0x0103,       /* the remote's words, or ours */
  TAG_HOST = 0x0104,       /* who said it */
  TAG_ADDRESS = 0x0105,    /* its IP address */
  TAG_ACTION = 0x0106,     /* enum result_action */

  /* the message's log */
  TAG_TIME = 0x0200,       /* wall clock, us */
  TAG_AGE = 0x0201,        /* the message's age at the attempt, s */
  TAG_RECIPIENT_NUMBER = 0x0202,
  TAG_NEXT_AGE = 0x0203,   /* the age at which the next attempt is due, s */
  TAG_HELD = 0x0204,       /* flag: held by the operator */
  TAG_TOLD = 0x0205,       /* flag: a DSN has been made about what was recorded before */
  TAG_DSN = 0x0206,        /* that DSN's queue id */
  TAG_EVENT = 0x0207,      /* enum logevent: what the operator has ordered */
  TAG_ROUTE = 0x0208,      /* next hop or local user that a deferred recipient is for */
  TAG_DELAY_TOLD = 0x0209, /* flag: with TOLD: of those that wait, too */

  /* agents */
  TAG_JOB = 0x0300,        /* number of the job on this worker */
  TAG_MESSAGE = 0x0301,    /* queue id */
  TAG_SIZE = 0x0302,       /* octets of the body */
  TAG_CONTENT = 0x0303,    /* the body itself, when small */
  TAG_CHANNEL = 0x0304,    /* enum route_channel */
  TAG_PORT = 0x0305,
  TAG_USE_MX = 0x0306,     /* flag: HOST is a domain with MX records, not a relay */
  TAG_DESTINATION = 0x0307,
  TAG_SPOKEN = 0x8308,     /* enum route_protocol, where it is not SMTP */
  TAG_SOCKET_PATH = 0x8309, /* in place of HOST and PORT: a Unix socket's */
  TAG_SOURCE = 0x030a,     /* number of the addresses to connect from */
  TAG_TLS_OPTIONAL = 0x030b, /* flag: "TLS-Required: No", RFC 8689 */
  TAG_STAGE = 0x030c,      /* enum smtp_stage */
  TAG_HELLO = 0x030d,      /* a server's answer to EHLO, lines divided by LF */
  TAG_PRELUDE_END = 0x030e, /* enum prelude_end */
  TAG_EXPORTER = 0x030f,   /* channel bindings, hexadecimal: RFC 9266, */
  TAG_ENDPOINT = 0x0310,   /* RFC 5929 */
  TAG_VERIFIED = 0x0311,   /* flag: the server's certificate has been checked */
  TAG_HOST_WAITS = 0x0312, /* flag: a host of the next hop could not be asked now */

  /* doorkeeper */
  TAG_OCTETS = 0x0400,     /* octets that the talker put into the data pipe */
  TAG_ENDS_SESSION = 0x0401, /* flag: after this reply hang up */
  TAG_SECRET = 0x0402,     /* credentials */
  TAG_MECHANISM = 0x0403,
  TAG_LOCAL_ADDRESS = 0x0404, /* that the client has reached */
  TAG_LOCAL_PORT = 0x0405,
  TAG_NODE = 0x0406,       /* of ETRN */
  TAG_ATTRIBUTES = 0x0408, /* of SCRAM (lib/sasl.h) */
  TAG_BINDING = 0x0409,    /* SCRAM's GS2 header */
  TAG_MESSAGE_ID = 0x040a, /* for a message that has none */
  TAG_MAY_ETRN = 0x0407,   /* flag: the client that was named may use ETRN */

  /* ready injectors */
  TAG_EXIT_CODE = 0x0800,
  TAG_ARRIVAL_TAKEN = 0x0801, /* flag: the message has the caller's time of arrival */

  /* credentials */
  TAG_SERVICE = 0x0600,    /* "smtp", "imap" */
  TAG_CHALLENGE = 0x0601,  /* CRAM-MD5's or APOP's, as the client got it */
  TAG_RESPONSE = 0x0602,   /* to it, hexadecimal */
  TAG_AUTH_MESSAGE = 0x0603, /* RFC 5802 3 */
  TAG_PROOF = 0x0604,      /* ClientProof */
  TAG_SIGNATURE = 0x0605,  /* ServerSignature */
  TAG_SALT = 0x0606,
  TAG_ITERATIONS = 0x0607,
  TAG_MECHANISMS = 0x0608, /* that may be offered */
  TAG_CERTIFICATE = 0x0609, /* SHA-256 of the client's, hexadecimal */
  TAG_CERTIFICATE_NAME = 0x060a,
  TAG_PASS = 0x060b,       /* lib/pass.h */

  /* mailboxes */
  TAG_EXPIRES = 0x0700,    /* boot clock, us */
  TAG_HAS_ACCOUNT = 0x0701, /* flag: UID, GID and HOME are given */
  TAG_UID = 0x0702,
  TAG_GID = 0x0703,
  TAG_HOME = 0x0704,
  TAG_UTF8 = 0x0705,       /* flag: RFC 6856 */
  TAG_LANGUAGE = 0x0706,   /* the same */
  TAG_SEEN = 0x0707,       /* messages that a session found, */
  TAG_RETRIEVED = 0x0708,  /* sent, */
  TAG_REMOVED = 0x0709,    /* and deleted */
  TAG_SENT = 0x070a,       /* octets of these messages */

  /* control socket */
  TAG_LOCAL_RUNNING = 0x0500,
  TAG_LOCAL_LIMIT = 0x0501,
  TAG_REMOTE_RUNNING = 0x0502,
  TAG_REMOTE_LIMIT = 0x0503,
  TAG_WAITING = 0x0504,    /* messages that wait for their next attempt */
  TAG_ACTIVE = 0x0505,     /* messages with deliveries under way or due */
  TAG_MESSAGES = 0x0510,   /* queue ids, one behind the other */
  TAG_OUTCOMES = 0x0511,   /* a letter for each of them: enum outcome */
  TAG_OPERATOR = 0x0512,   /* uid of who gave an order */
  TAG_HELD_COUNT = 0x0513, /* messages that are held */
  TAG_REMOTE_SILENT = 0x0514, /* remote deliveries whose next hop says nothing */
  /* what has happened since the runner's start */
  TAG_STARTED = 0x0530,    /* wall clock, us */
  TAG_TAKEN = 0x0531,      /* messages seen for the first time */
  TAG_FINISHED = 0x0532,   /* messages that left the queue */
  TAG_BOUNCED = 0x0533,    /* DSNs made about failures */
  TAG_LOCAL_DELIVERED = 0x0534, /* recipients */
  TAG_LOCAL_DEFERRED = 0x0535,
  TAG_LOCAL_FAILED = 0x0536,
  TAG_REMOTE_DELIVERED = 0x0537,
  TAG_REMOTE_DEFERRED = 0x0538,
  TAG_REMOTE_FAILED = 0x0539,
  TAG_DESTINATIONS = 0x053a,
  TAG_LOCAL_CROWDED = 0x053b,  /* messages that wait for room in the channel */
  TAG_REMOTE_CROWDED = 0x053c,
  /* a destination */
  TAG_PARKED = 0x0540,     /* messages that it fetches when it has room */
  TAG_WORKERS = 0x0541,
  TAG_WINDOW = 0x0542,     /* deliveries at one time */
  TAG_WINDOW_MOST = 0x0543,
  TAG_DOWN = 0x0544,       /* flag: cannot be reached, is probed */
  TAG_OPENS = 0x0545,      /* s until its next job may go */
  TAG_BACKOFF = 0x0546,    /* s */
  TAG_RATE = 0x0547,       /* jobs in ... */
  TAG_RATE_TIME = 0x0548,  /* ... so many s */
  TAG_DELIVERED = 0x0549,  /* recipients */
  TAG_DEFERRED = 0x054a,
  TAG_FAILED = 0x054b,
  TAG_OLDEST = 0x054c,     /* arrival of the oldest message that waits: wall clock, us */
  TAG_SILENT = 0x054d,     /* jobs that wait for a word of the next hop */
  TAG_UNREACHED = 0x054e,  /* recipients that were deferred as no connection was had, or it broke */
  /* how the runner sees a message: struct ctl_why */
  TAG_WHY_STATE = 0x0550,
  TAG_WHY_JOBS = 0x0551,
  TAG_WHY_NEVER = 0x0552,
  TAG_WHY_DUE = 0x0553,
  TAG_WHY_REFUSAL = 0x0554,
  TAG_WHY_OPENS = 0x0555,
  TAG_WHY_WINDOW = 0x0556,
  TAG_WHY_RUNNING = 0x0557,
  TAG_WHY_PARKED = 0x0558
};

#endif
