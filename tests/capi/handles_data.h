/* Part of handles_test.c: datasets, loaders, trainers. */

static int32_t fill_nothing(const int64_t* samples, int64_t count, void* const* fields, void* user_data) {
  (void)samples, (void)count, (void)fields, (void)user_data;
  return 0;
}

static void dataset_functions(void) {
  mlxc_dataset *out, *other;
  mlxc_array* list[2];
  mlxc_csv_options options = MLXC_CSV_OPTIONS_INIT;
  mlxc_field field = {MLXC_DTYPE_FLOAT32, 0, {0}};
  const char *nowhere = "/nowhere/x", *names[1] = {"x"};
  int64_t shape[1] = {2}, number = 0;
  int32_t tokens[3] = {1, 2, 3};
  size_t needed;
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_dataset_new_arrays, &out, &h, 1, &error);
  NULLS(mlxc_dataset_new_arrays, NULL, &array, 1, &error);
  NULLS(mlxc_dataset_new_arrays, &out, NULL, 0, &error);
  NULLS(mlxc_dataset_new_random, NULL, 1, shape, 1, 0, 0, &error);
  NULLS(mlxc_dataset_new_random, &out, -1, shape, 1, 0, 0, &error);
  NULLS(mlxc_dataset_new_random, &out, 1, shape, 1, -1, 0, &error);
  NULLS(mlxc_dataset_new_callback, NULL, 1, &field, 1, fill_nothing, NULL, NULL, &error);
  NULLS(mlxc_dataset_new_callback, &out, 1, &field, 1, NULL, NULL, NULL, &error);
  NULLS(mlxc_dataset_new_callback, &out, 1, NULL, 1, fill_nothing, NULL, NULL, &error);
  field.rank = MLXC_FIELD_MAX_RANK + 1;
  NULLS(mlxc_dataset_new_callback, &out, 1, &field, 1, fill_nothing, NULL, NULL, &error);
  NULLS(mlxc_dataset_open_npy, NULL, &nowhere, 1, &error);
  NULLS(mlxc_dataset_open_npy, &out, NULL, 1, &error);
  EXPECT(MLXC_NOT_FOUND, mlxc_dataset_open_npy(&out, &nowhere, 1, &error));
  NULLS(mlxc_dataset_open_safetensors, NULL, nowhere, names, 1, &error);
  NULLS(mlxc_dataset_open_safetensors, &out, NULL, names, 1, &error);
  NULLS(mlxc_dataset_open_safetensors, &out, nowhere, NULL, 1, &error);
  note("mlxc_csv_options_init");
  mlxc_csv_options_init(NULL, 8);
  NULLS(mlxc_dataset_open_csv, NULL, nowhere, NULL, &error);
  NULLS(mlxc_dataset_open_csv, &out, NULL, NULL, &error);
  options.separator = '"';
  NULLS(mlxc_dataset_open_csv, &out, nowhere, &options, &error);
  BAD(MLXC_HANDLE_DATASET, mlxc_dataset, mlxc_dataset_class_count, h, &number, &error);
  NULLS(mlxc_dataset_class_count, dataset, NULL, &error);
  BAD(MLXC_HANDLE_DATASET, mlxc_dataset, mlxc_dataset_class_name, h, 0, NULL, 0, &needed, &error);
  NULLS(mlxc_dataset_class_name, dataset, 0, NULL, 0, &needed, &error); /* there is none */
  NULLS(mlxc_dataset_new_tokens, NULL, tokens, 3, 1, 1, &error);
  NULLS(mlxc_dataset_new_tokens, &out, tokens, 3, 0, 1, &error);
  NULLS(mlxc_dataset_new_tokens, &out, NULL, 3, 1, 1, &error);
  BAD(MLXC_HANDLE_TOKENIZER, mlxc_tokenizer, mlxc_dataset_new_text, &out, h, "a", 1, 1, 1, &error);
  NULLS(mlxc_dataset_new_text, &out, tokenizer, NULL, 1, 1, 1, &error);
  number = 4;
  BAD(MLXC_HANDLE_DATASET, mlxc_dataset, mlxc_dataset_select, &out, h, &number, 1, &error);
  NULLS(mlxc_dataset_select, NULL, dataset, &number, 1, &error);
  NULLS(mlxc_dataset_select, &out, dataset, &number, 1, &error); /* it has 4 */
  BAD(MLXC_HANDLE_DATASET, mlxc_dataset, mlxc_dataset_split, &out, &other, h, 0.5, 0, &error);
  NULLS(mlxc_dataset_split, NULL, &other, dataset, 0.5, 0, &error);
  NULLS(mlxc_dataset_split, &out, &other, dataset, 1.5, 0, &error);
  BAD(MLXC_HANDLE_DATASET, mlxc_dataset, mlxc_dataset_samples, h, &number, &error);
  NULLS(mlxc_dataset_samples, dataset, NULL, &error);
  BAD(MLXC_HANDLE_DATASET, mlxc_dataset, mlxc_dataset_fields, h, NULL, 0, &number, &error);
  NULLS(mlxc_dataset_fields, dataset, NULL, 0, NULL, &error);
  number = 4;
  BAD(MLXC_HANDLE_DATASET, mlxc_dataset, mlxc_dataset_read, list, 2, h, NULL, &number, 1, &error);
  BAD_BUT_NULL(MLXC_HANDLE_DEVICE, mlxc_device, mlxc_dataset_read, list, 2, dataset, h, &number, 1, &error);
  NULLS(mlxc_dataset_read, NULL, 2, dataset, NULL, &number, 1, &error);
  NULLS(mlxc_dataset_read, list, 2, dataset, NULL, &number, 1, &error);
  BAD_FREE(MLXC_HANDLE_DATASET, mlxc_dataset, mlxc_dataset_free);
}

static void loader_functions(void) {
  mlxc_loader* out;
  mlxc_array* list[2];
  mlxc_loader_options options = MLXC_LOADER_OPTIONS_INIT;
  int64_t number;
  note("mlxc_loader_options_init");
  mlxc_loader_options_init(NULL, 8);
  BAD(MLXC_HANDLE_DATASET, mlxc_dataset, mlxc_loader_new, &out, h, NULL, &error);
  NULLS(mlxc_loader_new, NULL, dataset, NULL, &error);
  options.batch_size = 0;
  NULLS(mlxc_loader_new, &out, dataset, &options, &error);
  BAD(MLXC_HANDLE_LOADER, mlxc_loader, mlxc_loader_batches, h, &number, &error);
  NULLS(mlxc_loader_batches, loader, NULL, &error);
  BAD(MLXC_HANDLE_LOADER, mlxc_loader, mlxc_loader_start, h, 0, 0, &error);
  NULLS(mlxc_loader_start, loader, -1, 0, &error);
  BAD(MLXC_HANDLE_LOADER, mlxc_loader, mlxc_loader_next, list, 2, h, NULL, NULL, NULL, &error);
  BAD_BUT_NULL(MLXC_HANDLE_DEVICE, mlxc_device, mlxc_loader_next, list, 2, loader, h, NULL, NULL, &error);
  BAD_BUT_NULL(MLXC_HANDLE_CANCEL, mlxc_cancel, mlxc_loader_next, list, 2, loader, NULL, h, NULL, &error);
  NULLS(mlxc_loader_next, NULL, 2, loader, NULL, NULL, NULL, &error);
  NULLS(mlxc_loader_next, list, 1, loader, NULL, NULL, NULL, &error);
  BAD_FREE(MLXC_HANDLE_LOADER, mlxc_loader, mlxc_loader_free);
}

static void trainer_functions(void) {
  mlxc_trainer* out;
  mlxc_array* y;
  mlxc_parameters* copy;
  mlxc_trainer_options options = MLXC_TRAINER_OPTIONS_INIT;
  mlxc_fit_options fit = MLXC_FIT_OPTIONS_INIT;
  mlxc_schedule schedule = MLXC_SCHEDULE_INIT;
  mlxc_train_event event;
  double low, high;
  int64_t number;
  note("mlxc_trainer_options_init");
  note("mlxc_fit_options_init");
  mlxc_trainer_options_init(NULL, 8);
  mlxc_fit_options_init(NULL, 8);
  BAD(MLXC_HANDLE_MODULE, mlxc_module, mlxc_trainer_new, &out, h, parameters, NULL, NULL, &error);
  BAD(MLXC_HANDLE_PARAMETERS, mlxc_parameters, mlxc_trainer_new, &out, module, h, NULL, NULL, &error);
  BAD_BUT_NULL(MLXC_HANDLE_OPTIMIZER, mlxc_optimizer, mlxc_trainer_new, &out, module, parameters, h, NULL, &error);
  NULLS(mlxc_trainer_new, NULL, module, parameters, NULL, NULL, &error);
  options.loss = 99;
  NULLS(mlxc_trainer_new, &out, module, parameters, NULL, &options, &error);
  options.loss = 0, options.precision = 3;
  NULLS(mlxc_trainer_new, &out, module, parameters, NULL, &options, &error);
  options.precision = 0, options.schedule = &schedule, schedule.kind = MLXC_SCHEDULE_COSINE; /* of no steps */
  NULLS(mlxc_trainer_new, &out, module, parameters, NULL, &options, &error);
  BAD(MLXC_HANDLE_TRAINER, mlxc_trainer, mlxc_trainer_fit, h, loader, NULL, NULL, NULL, NULL, &error);
  BAD(MLXC_HANDLE_LOADER, mlxc_loader, mlxc_trainer_fit, trainer, h, NULL, NULL, NULL, NULL, &error);
  BAD_BUT_NULL(MLXC_HANDLE_LOADER, mlxc_loader, mlxc_trainer_fit, trainer, loader, h, NULL, NULL, NULL, &error);
  BAD_BUT_NULL(MLXC_HANDLE_CANCEL, mlxc_cancel, mlxc_trainer_fit, trainer, loader, NULL, (fit.cancel = h, &fit), NULL, NULL, &error);
  fit.cancel = NULL, fit.epochs = -1;
  NULLS(mlxc_trainer_fit, trainer, loader, NULL, &fit, NULL, NULL, &error);
  NULLS(mlxc_trainer_fit, trainer, loader, NULL, NULL, NULL, NULL, &error); /* a module without parameters */
  BAD(MLXC_HANDLE_TRAINER, mlxc_trainer, mlxc_trainer_begin, h, loader, NULL, NULL, &error);
  BAD(MLXC_HANDLE_LOADER, mlxc_loader, mlxc_trainer_begin, trainer, h, NULL, NULL, &error);
  BAD(MLXC_HANDLE_TRAINER, mlxc_trainer, mlxc_trainer_next, h, &event, &error);
  NULLS(mlxc_trainer_next, trainer, NULL, &error);
  NULLS(mlxc_trainer_next, trainer, &event, &error); /* nothing was begun */
  BAD(MLXC_HANDLE_TRAINER, mlxc_trainer, mlxc_trainer_step, h, array, array, NULL, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_trainer_step, trainer, h, array, NULL, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_trainer_step, trainer, array, h, NULL, &error);
  BAD(MLXC_HANDLE_TRAINER, mlxc_trainer, mlxc_trainer_evaluate, h, loader, NULL, &low, &high, &error);
  BAD(MLXC_HANDLE_LOADER, mlxc_loader, mlxc_trainer_evaluate, trainer, h, NULL, &low, &high, &error);
  BAD_BUT_NULL(MLXC_HANDLE_CANCEL, mlxc_cancel, mlxc_trainer_evaluate, trainer, loader, h, &low, &high, &error);
  BAD(MLXC_HANDLE_TRAINER, mlxc_trainer, mlxc_trainer_predict, &y, h, array, 1, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_trainer_predict, &y, trainer, h, 1, &error);
  NULLS(mlxc_trainer_predict, NULL, trainer, array, 1, &error);
  NULLS(mlxc_trainer_predict, &y, trainer, array, 0, &error);
  BAD(MLXC_HANDLE_TRAINER, mlxc_trainer, mlxc_trainer_learning_rate, h, &low, &error);
  NULLS(mlxc_trainer_learning_rate, trainer, NULL, &error);
  BAD(MLXC_HANDLE_TRAINER, mlxc_trainer, mlxc_trainer_set_learning_rate, h, 1.0, &error);
  NULLS(mlxc_trainer_set_learning_rate, trainer, -1.0, &error);
  BAD(MLXC_HANDLE_TRAINER, mlxc_trainer, mlxc_trainer_position, h, &number, NULL, NULL, &error);
  BAD(MLXC_HANDLE_TRAINER, mlxc_trainer, mlxc_trainer_parameters_copy, &copy, h, &error);
  NULLS(mlxc_trainer_parameters_copy, NULL, trainer, &error);
  BAD(MLXC_HANDLE_TRAINER, mlxc_trainer, mlxc_trainer_histogram, h, "x", 1, &number, 1, &low, &high, &error);
  NULLS(mlxc_trainer_histogram, trainer, "x", 1, NULL, 1, &low, &high, &error);
  NULLS(mlxc_trainer_histogram, trainer, "x", 1, &number, 0, &low, &high, &error);
  EXPECT(MLXC_NOT_FOUND, mlxc_trainer_histogram(trainer, "x", 1, &number, 1, &low, &high, &error));
  BAD(MLXC_HANDLE_TRAINER, mlxc_trainer, mlxc_trainer_save, h, "/nowhere/p", &error);
  NULLS(mlxc_trainer_save, trainer, NULL, &error);
  BAD(MLXC_HANDLE_TRAINER, mlxc_trainer, mlxc_trainer_load, h, "/nowhere/p", &error);
  NULLS(mlxc_trainer_load, trainer, NULL, &error);
  BAD_FREE(MLXC_HANDLE_TRAINER, mlxc_trainer, mlxc_trainer_free);
}
