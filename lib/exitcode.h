/* exitcode.h - exit codes that are interfaces between programs
 *
 * Injector codes are qmail-queue's (owl-queue(8)): 11 to 40 are permanent,
 * everything else that is not 0 is temporary.  Delivery programs and
 * command-line tools have codes of their own, below.
 */
#ifndef OWL_EXITCODE_H
#define OWL_EXITCODE_H

enum injector_exit {
  INJECTOR_OK = 0,
  INJECTOR_ADDRESS_TOO_LONG = 11,
  INJECTOR_REFUSED = 31,      /* for good: control bytes in an address, too large... */
  INJECTOR_NO_MEMORY = 51,
  INJECTOR_TIMEOUT = 52,
  INJECTOR_WRITE_ERROR = 53,  /* or too little free space */
  INJECTOR_READ_ERROR = 54,   /* or the envelope ended early */
  INJECTOR_CONFIGURATION = 55,
  INJECTOR_NETWORK = 56,
  INJECTOR_HOME = 61,
  INJECTOR_QUEUE_FOLDER = 62,
  INJECTOR_QUEUE_FILE = 63,
  INJECTOR_REFUSED_NOW = 71,
  INJECTOR_BUG = 81,
  INJECTOR_TEXT = 82,           /* temporary, with text on the error descriptor */
  INJECTOR_TEXT_PERMANENT = 88, /* permanent, with text on the error descriptor */
  INJECTOR_ENVELOPE = 91,       /* malformed envelope */
  INJECTOR_EXEC = 120
};

enum delivery_exit {
  DELIVERY_OK = 0,
  DELIVERY_STOP = 99, /* delivered; skip the remaining instructions */
  DELIVERY_FAILURE = 100,
  DELIVERY_DEFERRAL = 111
};

enum tool_exit {
  TOOL_OK = 0,
  TOOL_USAGE = 100,  /* the caller's mistake */
  TOOL_SYSTEM = 111  /* the system's */
};

#endif
