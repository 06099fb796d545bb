/* What an example does about errors: one line on stderr, and the end. */
#ifndef MLXC_EXAMPLES_CHECK_H
#define MLXC_EXAMPLES_CHECK_H

#include <mlxc/mlxc.h>
#include <stdio.h>
#include <stdlib.h>

static mlxc_error error = MLXC_ERROR_INIT;

static void check(mlxc_status status) {
  if (status == MLXC_OK) return;
  fprintf(stderr, "%s: %s\n", mlxc_status_name(status), error.message);
  exit(1);
}

#endif
