/* A progress bar for training, drawn by the callback of mlxc_trainer_fit. */
#ifndef MLXC_EXAMPLES_PROGRESS_H
#define MLXC_EXAMPLES_PROGRESS_H

#include <math.h>
#include <mlxc/mlxc.h>
#include <stdio.h>

#include "check.h"

/* One line an epoch: the bar fills while it runs, the numbers of the whole epoch replace it. */
static int32_t show_progress(const mlxc_train_event* event, void* user_data) {
  enum { WIDTH = 24 };
  char bar[WIDTH + 1];
  (void)user_data;
  if (event->kind == MLXC_TRAIN_STEP) {
    int filled = (int)(event->batch * WIDTH / event->batches);
    for (int i = 0; i < WIDTH; i++) bar[i] = i < filled ? '#' : '.';
    bar[WIDTH] = '\0';
    printf("\repoch %2d [%s] loss %.4f", (int)event->epoch + 1, bar, event->loss);
  } else {
    printf("\repoch %2d  loss %.4f", (int)event->epoch + 1, event->loss);
    if (!isnan(event->accuracy)) printf("  accuracy %5.1f %%", 100 * event->accuracy);
    if (!isnan(event->validation_loss)) printf("  validation loss %.4f", event->validation_loss);
    if (!isnan(event->validation_accuracy)) printf("  accuracy %5.1f %%", 100 * event->validation_accuracy);
    printf("  %.0f samples/s   \n", event->samples_per_second);
  }
  fflush(stdout);
  return 0; /* anything else stops */
}

#endif
