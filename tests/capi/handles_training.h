/* Part of handles_test.c: gradients, modules, parameters, losses, optimizers. */

static void gradient_functions(void) {
  mlxc_array *out, *list[1];
  int32_t flag;
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_grad, list, &h, 1, &array, 1, NULL, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_grad, list, &array, 1, &h, 1, NULL, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_grad, list, &array, 1, &array, 1, &h, 1, &error);
  NULLS(mlxc_grad, NULL, &array, 1, &array, 1, NULL, 0, &error);
  NULLS(mlxc_grad, list, NULL, 1, &array, 1, NULL, 0, &error);
  NULLS(mlxc_grad, list, &array, 1, &array, 1, NULL, 0, &error); /* not one element */
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_set_requires_grad, h, 1, &error);
  NULLS(mlxc_array_set_requires_grad, array, 2, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_requires_grad, h, &flag, &error);
  NULLS(mlxc_array_requires_grad, array, NULL, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_stop_gradient, &out, h, &error);
  NULLS(mlxc_stop_gradient, NULL, array, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_checkpoint, list, &h, 1, &array, 1, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_checkpoint, list, &array, 1, &h, 1, &error);
  NULLS(mlxc_checkpoint, NULL, &array, 1, &array, 1, &error);
}

static void module_functions(void) {
  mlxc_module* out;
  mlxc_array* y;
  int64_t kernel[1] = {2};
  NULLS(mlxc_module_linear, NULL, 1, 1, 0, &error);
  NULLS(mlxc_module_linear, &out, 0, 1, 0, &error);
  NULLS(mlxc_module_convolution, NULL, 1, 1, kernel, NULL, NULL, NULL, 1, 1, 0, &error);
  NULLS(mlxc_module_convolution, &out, 3, 3, kernel, NULL, NULL, NULL, 1, 2, 0, &error);
  NULLS(mlxc_module_transposed_convolution, NULL, 1, 1, kernel, NULL, NULL, NULL, NULL, 1, 1, 0, &error);
  NULLS(mlxc_module_transposed_convolution, &out, 3, 3, kernel, NULL, NULL, NULL, NULL, 1, 2, 0, &error);
  NULLS(mlxc_module_transposed_convolution, &out, 3, 3, kernel, NULL, NULL, NULL, NULL, 4, 1, 0, &error);
  NULLS(mlxc_module_max_pool, NULL, kernel, NULL, NULL, 1, &error);
  NULLS(mlxc_module_max_pool, &out, NULL, NULL, NULL, 1, &error);
  NULLS(mlxc_module_average_pool, NULL, kernel, NULL, NULL, 1, &error);
  NULLS(mlxc_module_batch_norm, NULL, 1, 1e-5, 0.1, &error);
  NULLS(mlxc_module_layer_norm, NULL, 1, 1e-5, &error);
  NULLS(mlxc_module_rms_norm, NULL, 1, 1e-5, &error);
  NULLS(mlxc_module_group_norm, NULL, 1, 1, 1e-5, &error);
  NULLS(mlxc_module_dropout, NULL, 0.5, &error);
  NULLS(mlxc_module_dropout, &out, 1.5, &error);
  NULLS(mlxc_module_embedding, NULL, 1, 1, &error);
  NULLS(mlxc_module_positions, NULL, 1, 1, &error);
  NULLS(mlxc_module_positions, &out, 0, 1, &error);
  NULLS(mlxc_module_activation, NULL, MLXC_ACTIVATION_RELU, 0.0, &error);
  NULLS(mlxc_module_activation, &out, 99, 0.0, &error);
  NULLS(mlxc_module_softmax, NULL, -1, 0, &error);
  NULLS(mlxc_module_softmax, &out, -1, 2, &error);
  NULLS(mlxc_module_flatten, NULL, &error);
  NULLS(mlxc_module_attention, NULL, 4, 2, 0, 0, &error);
  NULLS(mlxc_module_attention, &out, 4, 3, 0, 0, &error);
  NULLS(mlxc_module_recurrent, NULL, MLXC_CELL_GRU, 1, 1, 0, &error);
  mlxc_recurrent_options recurrent = MLXC_RECURRENT_OPTIONS_INIT;
  recurrent.layers = 0;
  NULLS(mlxc_module_recurrent_layers, &out, MLXC_CELL_GRU, 1, 1, &recurrent, &error);
  note("mlxc_recurrent_options_init");
  mlxc_recurrent_options_init(NULL, 8);
  mlxc_recurrent_options_init(&recurrent, (uint32_t)sizeof recurrent);
  recurrent.dropout = 1;
  NULLS(mlxc_module_recurrent_layers, &out, MLXC_CELL_GRU, 1, 1, &recurrent, &error);
  NULLS(mlxc_module_recurrent_layers, NULL, MLXC_CELL_GRU, 1, 1, NULL, &error);
  BAD(MLXC_HANDLE_MODULE, mlxc_module, mlxc_module_sequential, &out, &h, 1, &error);
  NULLS(mlxc_module_sequential, NULL, &module, 1, &error);
  BAD(MLXC_HANDLE_MODULE, mlxc_module, mlxc_module_residual, &out, h, &error);
  NULLS(mlxc_module_residual, NULL, module, &error);
  BAD(MLXC_HANDLE_MODULE, mlxc_module, mlxc_module_forward, &y, h, parameters, array, NULL, 0, &error);
  BAD(MLXC_HANDLE_PARAMETERS, mlxc_parameters, mlxc_module_forward, &y, module, h, array, NULL, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_module_forward, &y, module, parameters, h, NULL, 0, &error);
  BAD_BUT_NULL(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_module_forward, &y, module, parameters, array, h, 0, &error);
  NULLS(mlxc_module_forward, NULL, module, parameters, array, NULL, 0, &error);
  BAD_FREE(MLXC_HANDLE_MODULE, mlxc_module, mlxc_module_free);
}

static void parameters_functions(void) {
  mlxc_parameters* out;
  mlxc_array* list[1];
  int64_t count;
  size_t needed;
  BAD_BUT_NULL(MLXC_HANDLE_DEVICE, mlxc_device, mlxc_parameters_new, &out, h, 1, &error);
  NULLS(mlxc_parameters_new, NULL, NULL, 1, &error);
  BAD(MLXC_HANDLE_PARAMETERS, mlxc_parameters, mlxc_parameters_copy, &out, h, &error);
  NULLS(mlxc_parameters_copy, NULL, parameters, &error);
  BAD(MLXC_HANDLE_PARAMETERS, mlxc_parameters, mlxc_parameters_count, h, 0, &count, NULL, &error);
  NULLS(mlxc_parameters_count, parameters, 3, &count, NULL, &error);
  BAD(MLXC_HANDLE_PARAMETERS, mlxc_parameters, mlxc_parameters_name, h, 0, 0, NULL, 0, &needed, &error);
  NULLS(mlxc_parameters_name, parameters, 0, 0, NULL, 0, &needed, &error); /* there is none */
  BAD(MLXC_HANDLE_PARAMETERS, mlxc_parameters, mlxc_parameters_values, h, 0, list, 0, &error);
  NULLS(mlxc_parameters_values, parameters, 0, NULL, 1, &error);
  BAD(MLXC_HANDLE_PARAMETERS, mlxc_parameters, mlxc_parameters_set_values, h, 0, NULL, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_parameters_set_values, parameters, 0, &h, 1, &error);
  NULLS(mlxc_parameters_set_values, parameters, 0, NULL, 1, &error);
  BAD(MLXC_HANDLE_PARAMETERS, mlxc_parameters, mlxc_parameters_freeze, h, "", 0, 1, &count, &error);
  NULLS(mlxc_parameters_freeze, parameters, NULL, 1, 1, &count, &error);
  BAD(MLXC_HANDLE_PARAMETERS, mlxc_parameters, mlxc_parameters_draw, h, "", 0, MLXC_INITIAL_NORMAL, 1.0, &count, &error);
  NULLS(mlxc_parameters_draw, parameters, "", 0, 7, 1.0, &count, &error);
  BAD(MLXC_HANDLE_PARAMETERS, mlxc_parameters, mlxc_parameters_to_device, h, NULL, &error);
  BAD_BUT_NULL(MLXC_HANDLE_DEVICE, mlxc_device, mlxc_parameters_to_device, parameters, h, &error);
  BAD(MLXC_HANDLE_PARAMETERS, mlxc_parameters, mlxc_parameters_save, h, "/nowhere/p", &error);
  NULLS(mlxc_parameters_save, parameters, NULL, &error);
  BAD(MLXC_HANDLE_PARAMETERS, mlxc_parameters, mlxc_parameters_load, h, "/nowhere/p", 1, &error);
  NULLS(mlxc_parameters_load, parameters, NULL, 1, &error);
  BAD_FREE(MLXC_HANDLE_PARAMETERS, mlxc_parameters, mlxc_parameters_free);
}

static void train_functions(void) {
  mlxc_optimizer* out;
  mlxc_optimizer_options options = MLXC_OPTIMIZER_OPTIONS_INIT;
  mlxc_schedule schedule = MLXC_SCHEDULE_INIT;
  mlxc_array *loss, *list[3], *states[3];
  int64_t count;
  double rate;
#define LOSS(function, ...)                                                                                  \
  do {                                                                                                       \
    BAD(MLXC_HANDLE_ARRAY, mlxc_array, function, &loss, h, array, __VA_ARGS__, MLXC_REDUCTION_MEAN, &error); \
    BAD(MLXC_HANDLE_ARRAY, mlxc_array, function, &loss, array, h, __VA_ARGS__, MLXC_REDUCTION_MEAN, &error); \
    NULLS(function, NULL, array, array, __VA_ARGS__, MLXC_REDUCTION_MEAN, &error);                           \
    NULLS(function, &loss, array, array, __VA_ARGS__, 4, &error);                                            \
  } while (0)
  LOSS(mlxc_loss_huber, 1.0);
  LOSS(mlxc_loss_cross_entropy, 0.0, -100);
  LOSS(mlxc_loss_binary_cross_entropy, NULL);
#undef LOSS
#define LOSS(function)                                                                          \
  do {                                                                                          \
    BAD(MLXC_HANDLE_ARRAY, mlxc_array, function, &loss, h, array, MLXC_REDUCTION_MEAN, &error); \
    BAD(MLXC_HANDLE_ARRAY, mlxc_array, function, &loss, array, h, MLXC_REDUCTION_MEAN, &error); \
    NULLS(function, NULL, array, array, MLXC_REDUCTION_MEAN, &error);                           \
    NULLS(function, &loss, array, array, 4, &error);                                            \
  } while (0)
  LOSS(mlxc_loss_squared_error);
  LOSS(mlxc_loss_absolute_error);
  LOSS(mlxc_loss_kl_divergence);
#undef LOSS
  NULLS(mlxc_optimizer_new, NULL, NULL, &error);
  options.kind = 99;
  NULLS(mlxc_optimizer_new, &out, &options, &error);
  BAD(MLXC_HANDLE_OPTIMIZER, mlxc_optimizer, mlxc_optimizer_state_count, h, 1, &count, &error);
  NULLS(mlxc_optimizer_state_count, optimizer, 1, NULL, &error);
  BAD(MLXC_HANDLE_OPTIMIZER, mlxc_optimizer, mlxc_optimizer_initial_states, h, &array, 1, states, 3, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_optimizer_initial_states, optimizer, &h, 1, states, 3, &error);
  NULLS(mlxc_optimizer_initial_states, optimizer, &array, 1, states, 2, &error);
  OK(mlxc_optimizer_initial_states(optimizer, &array, 1, states, 3, &error));
  BAD(MLXC_HANDLE_OPTIMIZER, mlxc_optimizer, mlxc_optimizer_update, h, &array, &array, 1, states, 3, array, list, list, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_optimizer_update, optimizer, &h, &array, 1, states, 3, array, list, list, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_optimizer_update, optimizer, &array, &h, 1, states, 3, array, list, list, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_optimizer_update, optimizer, &array, &array, 1, states, 3, h, list, list, &error);
  NULLS(mlxc_optimizer_update, optimizer, &array, &array, 1, states, 3, array, NULL, list, &error);
  NULLS(mlxc_optimizer_update, optimizer, &array, &array, 1, states, 3, array, list, list, &error); /* not one learning rate */
  for (int i = 0; i < 3; ++i) mlxc_array_free(states[i]);
  BAD_FREE(MLXC_HANDLE_OPTIMIZER, mlxc_optimizer, mlxc_optimizer_free);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_clip_norm, list, NULL, &h, 1, 1.0, &error);
  NULLS(mlxc_clip_norm, NULL, NULL, &array, 1, 1.0, &error);
  NULLS(mlxc_clip_norm, list, NULL, &array, 1, 0.0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_clip_value, list, &h, 1, 1.0, &error);
  NULLS(mlxc_clip_value, NULL, &array, 1, 1.0, &error);
  NULLS(mlxc_schedule_rate, NULL, 0, &rate, &error);
  NULLS(mlxc_schedule_rate, &schedule, -1, &rate, &error);
  NULLS(mlxc_schedule_rate, &schedule, 0, NULL, &error);
}

static void finetune_functions(void) {
  mlxc_module* out;
  mlxc_parameters* loaded;
  mlxc_lora_options options = MLXC_LORA_OPTIONS_INIT;
  NULLS(mlxc_module_language_model, NULL, "/nowhere", &error);
  NULLS(mlxc_module_language_model, &out, NULL, &error);
  BAD_BUT_NULL(MLXC_HANDLE_DEVICE, mlxc_device, mlxc_parameters_load_model, &loaded, h, "/nowhere", 0, MLXC_PRECISION_HIGH, 0, &error);
  NULLS(mlxc_parameters_load_model, NULL, NULL, "/nowhere", 0, MLXC_PRECISION_HIGH, 0, &error);
  NULLS(mlxc_parameters_load_model, &loaded, NULL, NULL, 0, MLXC_PRECISION_HIGH, 0, &error);
  NULLS(mlxc_parameters_load_model, &loaded, NULL, "/nowhere", 2, MLXC_PRECISION_HIGH, 0, &error);
  NULLS(mlxc_parameters_load_model, &loaded, NULL, "/nowhere", 0, 2, 0, &error);
  BAD(MLXC_HANDLE_PARAMETERS, mlxc_parameters, mlxc_parameters_save_model, h, "/nowhere", "/nowhere/p", &error);
  NULLS(mlxc_parameters_save_model, parameters, NULL, "/nowhere/p", &error);
  NULLS(mlxc_parameters_save_model, parameters, "/nowhere", NULL, &error);
  BAD(MLXC_HANDLE_PARAMETERS, mlxc_parameters, mlxc_parameters_add_lora, h, NULL, &error);
  options.rank = 0;
  NULLS(mlxc_parameters_add_lora, parameters, &options, &error);
  note("mlxc_lora_options_init");
  mlxc_lora_options_init(NULL, 8);
  mlxc_lora_options_init(&options, (uint32_t)sizeof options);
  CHECK(options.rank == 8);
  options.targets = "q_proj,,v_proj";
  NULLS(mlxc_parameters_add_lora, parameters, &options, &error);
  BAD(MLXC_HANDLE_PARAMETERS, mlxc_parameters, mlxc_parameters_load_adapter, h, "/nowhere", &error);
  NULLS(mlxc_parameters_load_adapter, parameters, NULL, &error);
  BAD(MLXC_HANDLE_PARAMETERS, mlxc_parameters, mlxc_parameters_save_adapter, h, "/nowhere", NULL, &error);
  NULLS(mlxc_parameters_save_adapter, parameters, NULL, NULL, &error);
  NULLS(mlxc_parameters_save_adapter, parameters, "/nowhere", NULL, &error); /* there is none */
  BAD(MLXC_HANDLE_PARAMETERS, mlxc_parameters, mlxc_parameters_merge_adapter, h, &error);
  NULLS(mlxc_parameters_merge_adapter, parameters, &error);
  BAD_BUT_NULL(MLXC_HANDLE_DEVICE, mlxc_device, mlxc_adapter_merge, h, "/nowhere", "/nowhere", "/nowhere/p", &error);
  NULLS(mlxc_adapter_merge, NULL, NULL, "/nowhere", "/nowhere/p", &error);
  NULLS(mlxc_adapter_merge, NULL, "/nowhere", NULL, "/nowhere/p", &error);
  NULLS(mlxc_adapter_merge, NULL, "/nowhere", "/nowhere", NULL, &error);
}
