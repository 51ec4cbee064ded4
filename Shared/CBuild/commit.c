#include "CBuild.h"

const char *csp_commit(void) { return CSP_COMMIT; }
