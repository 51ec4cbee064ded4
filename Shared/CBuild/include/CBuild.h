#pragma once

/// The commit that this was built from, as the build was told (CSP_COMMIT).
const char *csp_commit(void);
