/* Gradients and training through the C interface: a gradient after evaluation, a checkpoint, and a network trained by one captured
 * function. */
#include <math.h>
#include <unistd.h>

#include "check.h"

#define F32 MLXC_DTYPE_FLOAT32

static mlxc_array* floats(const float* values, int64_t rows, int64_t columns) {
  mlxc_array* array = NULL;
  int64_t shape[2] = {rows, columns};
  OK(mlxc_array_new(&array, NULL, values, (size_t)(rows * columns) * sizeof *values, shape, 2, F32, &error));
  return array;
}

static mlxc_array* number(float value) {
  mlxc_array* array = NULL;
  OK(mlxc_array_new(&array, NULL, &value, sizeof value, NULL, 0, F32, &error));
  return array;
}

static float first_of(mlxc_array* array) {
  float values[64] = {0};
  OK(mlxc_array_read(array, values, sizeof values, NULL, &error));
  return values[0];
}

static void gradients(void) {
  const float values[] = {2, 3};
  mlxc_array *x = floats(values, 1, 2), *square, *marked, *loss, *gradient, *constant, *none;
  int32_t flag = -1;
  OK(mlxc_array_binary(&square, MLXC_BINARY_MULTIPLY, x, x, &error));
  OK(mlxc_checkpoint(&marked, &square, 1, &x, 1, &error));
  OK(mlxc_array_reduce(&loss, MLXC_REDUCE_SUM, marked, NULL, 0, 0, &error));
  OK(mlxc_grad(&gradient, &loss, 1, &x, 1, NULL, 0, &error));
  CHECK(first_of(gradient) == 4);
  mlxc_array_free(gradient);
  OK(mlxc_stop_gradient(&constant, x, &error));
  OK(mlxc_grad(&gradient, &square, 1, &constant, 1, &x, 1, &error)); /* does not depend on it */
  CHECK(first_of(gradient) == 0);
  mlxc_array_free(gradient);
  OK(mlxc_array_eval(&loss, 1, &error));
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_grad(&none, &loss, 1, &x, 1, NULL, 0, &error));
  CHECK(none == NULL);
  mlxc_array_free(loss);

  OK(mlxc_array_set_requires_grad(x, 1, &error));
  OK(mlxc_array_requires_grad(x, &flag, &error));
  CHECK(flag == 1);
  mlxc_array_free(square);
  OK(mlxc_array_binary(&square, MLXC_BINARY_MULTIPLY, x, x, &error));
  OK(mlxc_array_reduce(&loss, MLXC_REDUCE_SUM, square, NULL, 0, 0, &error));
  OK(mlxc_array_eval(&loss, 1, &error));
  OK(mlxc_grad(&gradient, &loss, 1, &x, 1, NULL, 0, &error));
  CHECK(first_of(gradient) == 4);
  mlxc_array* all[] = {x, square, marked, loss, gradient, constant};
  for (size_t i = 0; i < sizeof all / sizeof *all; ++i) mlxc_array_free(all[i]);
}

static mlxc_module* network(void) {
  mlxc_module *parts[3], *whole;
  OK(mlxc_module_linear(&parts[0], 2, 8, 1, &error));
  OK(mlxc_module_activation(&parts[1], MLXC_ACTIVATION_TANH, NAN, &error));
  OK(mlxc_module_linear(&parts[2], 8, 2, 1, &error));
  OK(mlxc_module_sequential(&whole, parts, 3, &error));
  for (int i = 0; i < 3; ++i) mlxc_module_free(parts[i]);
  return whole;
}

/* Exclusive or: four examples, one program a step. */
static void a_captured_step(void) {
  enum { P = 4, S = 1 + 2 * P, N = P + S };
  const float examples[] = {0, 0, 0, 1, 1, 0, 1, 1};
  const int32_t classes[] = {0, 1, 1, 0};
  int64_t four = 4, count = 0, elements = 0;
  mlxc_module* module = network();
  mlxc_parameters *parameters, *symbolic;
  mlxc_optimizer* optimizer;
  mlxc_function* step;
  mlxc_array *x = floats(examples, 4, 2), *target, *y, *loss, *gradients[P], *rate, *in[N + 1], *out[N + 1], *values[N + 1];
  mlxc_state_pair pairs[N];
  OK(mlxc_array_new(&target, NULL, classes, sizeof classes, &four, 1, MLXC_DTYPE_INT32, &error));
  OK(mlxc_parameters_new(&parameters, NULL, 3, &error));
  OK(mlxc_module_forward(&y, module, parameters, x, NULL, 0, &error));
  mlxc_array_free(y);
  OK(mlxc_parameters_draw(parameters, "0", 1, MLXC_INITIAL_XAVIER_UNIFORM, 1, &count, &error));
  CHECK(count == 1);
  OK(mlxc_parameters_count(parameters, MLXC_PARAMETERS_TRAINED, &count, &elements, &error));
  CHECK(count == P && elements == 2 * 8 + 8 + 8 * 2 + 2);

  mlxc_optimizer_options options = MLXC_OPTIMIZER_OPTIONS_INIT;
  options.kind = MLXC_OPTIMIZER_ADAM;
  OK(mlxc_optimizer_new(&optimizer, &options, &error));
  OK(mlxc_parameters_values(parameters, MLXC_PARAMETERS_TRAINED, values, P, &error));
  OK(mlxc_optimizer_state_count(optimizer, P, &count, &error));
  CHECK(count == S);
  OK(mlxc_optimizer_initial_states(optimizer, values, P, values + P, S, &error));
  for (int i = 0; i < N; ++i) {
    int64_t shape[2], rank;
    int32_t dtype;
    OK(mlxc_array_shape(values[i], shape, 2, &rank, &error));
    OK(mlxc_array_dtype(values[i], &dtype, &error));
    OK(mlxc_array_placeholder(&in[i], NULL, shape, (int32_t)rank, dtype, &error));
    pairs[i].input = pairs[i].output = i;
  }
  OK(mlxc_array_placeholder(&in[N], NULL, NULL, 0, F32, &error)); /* the learning rate */
  OK(mlxc_parameters_copy(&symbolic, parameters, &error));
  OK(mlxc_parameters_set_values(symbolic, MLXC_PARAMETERS_TRAINED, in, P, &error));
  OK(mlxc_module_forward(&y, module, symbolic, x, NULL, 1, &error));
  OK(mlxc_loss_cross_entropy(&loss, y, target, 0, -100, MLXC_REDUCTION_MEAN, &error));
  OK(mlxc_grad(gradients, &loss, 1, in, P, NULL, 0, &error));
  OK(mlxc_optimizer_update(optimizer, in, gradients, P, in + P, S, in[N], out, out + P, &error));
  out[N] = loss;
  OK(mlxc_function_new(&step, in, N + 1, out, N + 1, pairs, N, &error));
  for (int i = 0; i <= N; ++i) mlxc_array_free(in[i]), mlxc_array_free(out[i]);
  for (int i = 0; i < P; ++i) mlxc_array_free(gradients[i]);
  mlxc_array_free(y);

  float first = 0, last = 0;
  mlxc_schedule schedule = MLXC_SCHEDULE_INIT;
  schedule.kind = MLXC_SCHEDULE_COSINE, schedule.rate = 0.1, schedule.final_rate = 0.01, schedule.total_steps = 150;
  for (int i = 0; i < 150; ++i) {
    double current = 0;
    OK(mlxc_schedule_rate(&schedule, i, &current, &error));
    values[N] = rate = number((float)current);
    OK(mlxc_function_call(step, values, N + 1, out, N + 1, NULL, &error));
    last = first_of(out[N]);
    if (i == 0) first = last;
    mlxc_array_free(out[N]);
    mlxc_array_free(rate);
    for (int j = 0; j < N; ++j) mlxc_array_free(values[j]), values[j] = out[j];
  }
  CHECK(first > 0.5f && last < 0.05f);

  /* Back among the parameters, to a file and from it. */
  OK(mlxc_parameters_set_values(parameters, MLXC_PARAMETERS_TRAINED, values, P, &error));
  char path[] = "/tmp/mlxc-training-XXXXXX";
  int file = mkstemp(path);
  CHECK(file >= 0);
  OK(mlxc_parameters_save(parameters, path, &error));
  OK(mlxc_parameters_load(symbolic, path, 1, &error));
  OK(mlxc_module_forward(&y, module, symbolic, x, NULL, 0, &error));
  OK(mlxc_loss_cross_entropy(&loss, y, target, 0, -100, MLXC_REDUCTION_MEAN, &error));
  CHECK(first_of(loss) < 0.05f);
  remove(path);
  OK(mlxc_parameters_freeze(parameters, "0", 1, 1, &count, &error));
  CHECK(count == 2);
  char name[16];
  size_t needed;
  OK(mlxc_parameters_name(parameters, MLXC_PARAMETERS_TRAINED, 0, name, sizeof name, &needed, &error));
  CHECK(strcmp(name, "2.bias") == 0);

  for (int i = 0; i < N; ++i) mlxc_array_free(values[i]);
  mlxc_array_free(x), mlxc_array_free(target), mlxc_array_free(y), mlxc_array_free(loss);
  mlxc_function_free(step);
  mlxc_optimizer_free(optimizer);
  mlxc_parameters_free(parameters), mlxc_parameters_free(symbolic);
  mlxc_module_free(module);
}

int main(void) {
  gradients();
  a_captured_step();
  return report("training");
}
