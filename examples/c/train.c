/* Fits a small network to a sine with a hand-written loop: forward, loss, gradients, step.
 *
 *   cc train.c $(pkg-config --cflags --libs mlxc) -lm -o train
 *   ./train
 */
#include <math.h>
#include <mlxc/mlxc.h>
#include <stdio.h>

#include "check.h"

enum { POINTS = 64, WIDTH = 32, PARAMETERS = 4, STATES = 1 + 2 * PARAMETERS, STEPS = 300 };

int main(void) {
  float inputs[POINTS], outputs[POINTS];
  for (int i = 0; i < POINTS; i++) {
    inputs[i] = (float)(6.28 * i / POINTS - 3.14);
    outputs[i] = sinf(inputs[i]);
  }
  int64_t column[2] = {POINTS, 1};
  mlxc_array *x, *target;
  check(mlxc_array_new(&x, NULL, inputs, sizeof inputs, column, 2, MLXC_DTYPE_FLOAT32, &error));
  check(mlxc_array_new(&target, NULL, outputs, sizeof outputs, column, 2, MLXC_DTYPE_FLOAT32, &error));

  mlxc_module *layers[3], *network;
  check(mlxc_module_linear(&layers[0], 1, WIDTH, 1, &error));
  check(mlxc_module_activation(&layers[1], MLXC_ACTIVATION_TANH, NAN, &error));
  check(mlxc_module_linear(&layers[2], WIDTH, 1, 1, &error));
  check(mlxc_module_sequential(&network, layers, 3, &error));
  for (int i = 0; i < 3; i++) mlxc_module_free(layers[i]);

  mlxc_parameters* parameters;
  mlxc_optimizer* optimizer;
  mlxc_array *y, *loss, *values[PARAMETERS], *states[STATES];
  check(mlxc_parameters_new(&parameters, NULL, 1, &error));
  check(mlxc_module_forward(&y, network, parameters, x, NULL, 0, &error)); /* parameters begin when they are first asked for */
  mlxc_array_free(y);
  check(mlxc_optimizer_new(&optimizer, NULL, &error));
  check(mlxc_parameters_values(parameters, MLXC_PARAMETERS_TRAINED, values, PARAMETERS, &error));
  check(mlxc_optimizer_initial_states(optimizer, values, PARAMETERS, states, STATES, &error));

  mlxc_schedule schedule = MLXC_SCHEDULE_INIT;
  schedule.kind = MLXC_SCHEDULE_COSINE;
  schedule.rate = 0.02;
  schedule.total_steps = STEPS;
  float last = 0;
  for (int step = 0; step < STEPS; step++) {
    mlxc_array *gradients[PARAMETERS], *new_values[PARAMETERS], *new_states[STATES], *rate;
    double current;
    check(mlxc_schedule_rate(&schedule, step, &current, &error));
    check(mlxc_array_full(&rate, NULL, current, NULL, 0, MLXC_DTYPE_FLOAT32, &error));
    check(mlxc_module_forward(&y, network, parameters, x, NULL, 1, &error));
    check(mlxc_loss_squared_error(&loss, y, target, MLXC_REDUCTION_MEAN, &error));
    check(mlxc_grad(gradients, &loss, 1, values, PARAMETERS, NULL, 0, &error));
    check(mlxc_optimizer_update(optimizer, values, gradients, PARAMETERS, states, STATES, rate, new_values, new_states, &error));

    /* Nothing has been computed so far. One evaluation shares what loss, parameters and states have in common. */
    mlxc_array* results[1 + PARAMETERS + STATES] = {loss};
    for (int i = 0; i < PARAMETERS; i++) results[1 + i] = new_values[i];
    for (int i = 0; i < STATES; i++) results[1 + PARAMETERS + i] = new_states[i];
    check(mlxc_array_eval(results, 1 + PARAMETERS + STATES, &error));
    check(mlxc_array_read(loss, &last, sizeof last, NULL, &error));
    if (step % 50 == 0) printf("step %3d  rate %.4f  loss %.5f\n", step, current, last);

    check(mlxc_parameters_set_values(parameters, MLXC_PARAMETERS_TRAINED, new_values, PARAMETERS, &error));
    for (int i = 0; i < PARAMETERS; i++) {
      mlxc_array_free(gradients[i]);
      mlxc_array_free(new_values[i]);
      mlxc_array_free(values[i]);
    }
    check(mlxc_parameters_values(parameters, MLXC_PARAMETERS_TRAINED, values, PARAMETERS, &error));
    for (int i = 0; i < STATES; i++) {
      mlxc_array_free(states[i]);
      states[i] = new_states[i];
    }
    mlxc_array_free(rate);
    mlxc_array_free(y);
    mlxc_array_free(loss);
  }
  printf("step %3d  loss %.5f\n", STEPS, last);

  for (int i = 0; i < PARAMETERS; i++) mlxc_array_free(values[i]);
  for (int i = 0; i < STATES; i++) mlxc_array_free(states[i]);
  mlxc_array_free(x);
  mlxc_array_free(target);
  mlxc_optimizer_free(optimizer);
  mlxc_parameters_free(parameters);
  mlxc_module_free(network);
  return last < 0.01f ? 0 : 1;
}
