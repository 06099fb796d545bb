/* Training of language models: a published family as a module, its weights as parameters, and low-rank adapters (LoRA: Hu et al. 2022) in
 * the folders of the PEFT library.
 *
 *   fine-tuning      mlxc_module_language_model, mlxc_parameters_load_model, mlxc_parameters_add_lora, then mlxc_trainer_fit
 * (mlxc/trainer.h) or a loop of your own, then mlxc_parameters_save_adapter serving          mlxc_model_load with options.adapter, or
 * mlxc_adapter_merge and load the merged folder from scratch     mlxc_module_language_model of a folder with config.json,
 * mlxc_parameters_new, training, mlxc_parameters_save_model
 *
 * Low-rank adaptation works on the parameters of any module: wherever a linear layer finds its weight, it finds the matrices beside it.
 *
 * As mlxc/array.h: every `out` is a new handle that the caller frees, and the shared errors are INVALID_HANDLE, INVALID_ARGUMENT,
 * OUT_OF_MEMORY. Paths are UTF-8, NUL-terminated. */
#ifndef MLXC_FINETUNE_H
#define MLXC_FINETUNE_H

#include "mlxc/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Language models */

/* The forward pass that config.json in the folder describes: token ids [B, T] (an integer type) -> logits [B, T, vocabulary] float32 of B
 * whole sequences. Nothing else of the folder is read. Names of parameters are those of published folders. The same formulas serve
 * mlxc_generate; here keys and values are not kept, so gradients pass.
 * Threads: any. Errors: shared, NOT_FOUND, IO, FORMAT, UNSUPPORTED (an unknown family; an encoder). */
MLXC_API mlxc_status mlxc_module_language_model(mlxc_module **out, const char *folder, mlxc_error *error);

/* The weights of a model folder. trained 0: as they lie in the files, mapped and frozen, for an adapter beside them; 1: float32 in memory
 * of their own, to be trained themselves. precision: MLXC_PRECISION_... of mlxc/model.h, for products with 16-bit weights. seed: of what
 * begins later, an adapter's matrices. device NULL: the default. Threads: any. Errors: shared, NOT_FOUND, IO, FORMAT, UNSUPPORTED. */
MLXC_API mlxc_status mlxc_parameters_load_model(mlxc_parameters **out, mlxc_device *device, const char *folder, int32_t trained,
                                                int32_t precision, uint64_t seed, mlxc_error *error);

/* Writes a folder that mlxc_model_load takes: the weights in their present dtypes, and config, tokenizer and other small files of the
 * folder `like`. An adapter's matrices are left out: merge them first. `folder` is made where it is missing, and may not be `like`.
 * Threads: any. Errors: shared, NOT_FOUND, IO. */
MLXC_API mlxc_status mlxc_parameters_save_model(mlxc_parameters *parameters, const char *like, const char *folder, mlxc_error *error);

/* Adapters: beside a weight W [out, in] stand A [rank, in] and B [out, rank], and a linear layer gives W x + scale * B (A x). */

typedef struct mlxc_lora_options {
  uint32_t struct_size;
  int32_t rank_stabilized; /* 0: scale = alpha / rank; 1: alpha / sqrt(rank) (Kalajdzievski 2023) */
  int64_t rank;
  double alpha;
  double dropout;      /* of what goes into A, in training passes, which need a key then; 0 up to 1 */
  const char *targets; /* ends of the layers' names, separated by commas: "q_proj,v_proj", "mlp.down_proj". NULL: every linear layer but
                          the output head lm_head, as "all-linear" */
} mlxc_lora_options;

#define MLXC_LORA_OPTIONS_INIT \
  { (uint32_t)sizeof(mlxc_lora_options), 0, 8, 16, 0, NULL }

/* Writes the defaults, as mlxc_model_options_init does. Threads: any. */
MLXC_API void mlxc_lora_options_init(mlxc_lora_options *options, uint32_t struct_size);

/* Freezes all parameters; from now on only an adapter's matrices are trained, as parameters NAME.lora_A.weight and NAME.lora_B.weight,
 * float32. Each linear layer that is targeted gets them when a forward pass meets it: A uniform within 1 / sqrt(in), B zero, so nothing
 * changes at first. options NULL: the defaults. Threads: any. Errors: shared (also when there is an adapter already). */
MLXC_API mlxc_status mlxc_parameters_add_lora(mlxc_parameters *parameters, const mlxc_lora_options *options, mlxc_error *error);

/* The same with the matrices of a folder (adapter_config.json, adapter_model.safetensors), to be trained further. The weights that it
 * adapts must be there. Nothing changes on failure. Threads: any. Errors: shared, NOT_FOUND, IO, FORMAT (malformed, or of another model),
 * UNSUPPORTED (PEFT's other methods and additions; named). */
MLXC_API mlxc_status mlxc_parameters_load_adapter(mlxc_parameters *parameters, const char *folder, mlxc_error *error);

/* Writes the adapter as a folder that PEFT and mlxc_model_load take; of other modules than mlxc_module_language_model without PEFT's
 * task_type, for PeftModel over a module with the same names. base_model: the name of the model that it belongs to, for the reader's
 * information; NULL: none. Threads: any. Errors: shared (no adapter), IO. */
MLXC_API mlxc_status mlxc_parameters_save_adapter(mlxc_parameters *parameters, const char *folder, const char *base_model,
                                                  mlxc_error *error);

/* Adds scale * B A to each weight, rounded to its dtype; the matrices go, and another adapter may come. Threads: any. Errors: shared (no
 * adapter), NOT_FOUND. */
MLXC_API mlxc_status mlxc_parameters_merge_adapter(mlxc_parameters *parameters, mlxc_error *error);

/* The same from folder to folder: `model` with `adapter` merged becomes the model folder `folder`, file by file, in the weights' dtypes.
 * device NULL: the default. Threads: any. Errors: shared, NOT_FOUND, IO, FORMAT, UNSUPPORTED. */
MLXC_API mlxc_status mlxc_adapter_merge(mlxc_device *device, const char *model, const char *adapter, const char *folder, mlxc_error *error);

#ifdef __cplusplus
}
#endif
#endif
