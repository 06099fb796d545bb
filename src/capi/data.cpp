#include "mlxc/data.h"

#include <algorithm>

#include "capi/array_arguments.h"

namespace mlxc::capi {
namespace {

template <class Build>
mlxc_status make_dataset(mlxc_dataset** out, mlxc_error* error, Build build) {
  return guard(error, [&] {
    clear(out, "out");
    *out = put<mlxc_dataset>(build());
  });
}

train::Field field_of(const mlxc_field& field) {
  in_range(field.rank, 0, MLXC_FIELD_MAX_RANK, "rank");
  return {checked_shape(field.shape, field.rank), dtype_of(field.dtype)};
}

mlxc_field describe(const train::Field& field) {
  if (field.shape.rank() > MLXC_FIELD_MAX_RANK)
    fail(Status::unsupported, "a field has ", field.shape.rank(), " axes, mlxc_field holds ", MLXC_FIELD_MAX_RANK);
  mlxc_field result{int32_t(field.dtype), field.shape.rank(), {}};
  std::copy(field.shape.begin(), field.shape.end(), result.shape);
  return result;
}

// Ends with the dataset, or with the call that did not make one.
std::shared_ptr<void> keeper_of(void (*release)(void* user_data), void* user_data) {
  return {user_data, [release](void* data) {
            if (release) release(data);
          }};
}

std::vector<std::string> texts_of(const char* const* texts, int64_t count, const char* name) {
  std::vector<std::string> result;
  for (const char* text : list_of(texts, count, name, kMaxItems)) result.push_back(path_of(text, name));
  return result;
}

std::unique_lock<std::mutex> turn_of(LoaderObject& loader) {
  std::unique_lock lock(loader.mutex, std::try_to_lock);
  if (!lock) fail(Status::busy, "another thread is using the loader");
  return lock;
}

}  // namespace

extern "C" {

mlxc_status mlxc_dataset_new_arrays(mlxc_dataset** out, mlxc_array* const* fields, int64_t field_count, mlxc_error* error) {
  return make_dataset(out, error, [&] { return train::array_dataset(arrays_of(fields, field_count, "fields")); });
}

mlxc_status mlxc_dataset_new_random(mlxc_dataset** out, int64_t samples, const int64_t* shape, int32_t rank, int64_t classes, uint64_t seed,
                                    mlxc_error* error) {
  return make_dataset(out, error, [&] { return train::random_dataset(samples, checked_shape(shape, rank), classes, seed); });
}

mlxc_status mlxc_dataset_new_callback(mlxc_dataset** out, int64_t samples, const mlxc_field* fields, int64_t field_count,
                                      mlxc_dataset_callback read, void (*release)(void* user_data), void* user_data, mlxc_error* error) {
  return guard(error, [&] {
    // Made first: whatever fails afterwards, user_data is released.
    auto keeper = keeper_of(release, user_data);
    clear(out, "out");
    require(read, "read");
    std::vector<train::Field> types;
    for (const mlxc_field& field : list_of(fields, field_count, "fields", kMaxItems)) types.push_back(field_of(field));
    auto call = [read, keeper](std::span<const int64_t> numbers, std::span<std::byte* const> places) {
      std::vector<void*> plain(places.begin(), places.end());
      return read(numbers.data(), int64_t(numbers.size()), plain.data(), keeper.get()) == 0;
    };
    *out = put<mlxc_dataset>(train::callback_dataset(samples, std::move(types), std::move(call)));
  });
}

mlxc_status mlxc_dataset_open_npy(mlxc_dataset** out, const char* const* paths, int64_t field_count, mlxc_error* error) {
  return make_dataset(out, error, [&] { return train::npy_dataset(texts_of(paths, field_count, "paths")); });
}

mlxc_status mlxc_dataset_open_safetensors(mlxc_dataset** out, const char* path, const char* const* names, int64_t field_count,
                                          mlxc_error* error) {
  return make_dataset(out, error, [&] { return train::safetensors_dataset(path_of(path), texts_of(names, field_count, "names")); });
}

void mlxc_csv_options_init(mlxc_csv_options* options, uint32_t struct_size) {
  init_struct(options, struct_size, mlxc_csv_options MLXC_CSV_OPTIONS_INIT);
}

mlxc_status mlxc_dataset_open_csv(mlxc_dataset** out, const char* path, const mlxc_csv_options* options, mlxc_error* error) {
  return make_dataset(out, error, [&] {
    const auto given = read_options(options, mlxc_csv_options MLXC_CSV_OPTIONS_INIT, "options");
    train::CsvOptions read;
    read.target = operation_upto(train::CsvTarget::classes, given.target, "target");
    read.header = flag_of(given.header, "header");
    read.separator = char(in_range(given.separator, 1, 127, "separator"));
    if (read.separator == '"' || read.separator == '\n' || read.separator == '\r')
      fail(Status::invalid_argument, "`separator` is a quote or the end of a line");
    if (given.target_columns) {
      const auto columns = list_of(given.target_columns, given.target_column_count, "target_columns", kMaxItems);
      read.target_columns.assign(columns.begin(), columns.end());
    }
    return train::csv_dataset(path_of(path), read);
  });
}

mlxc_status mlxc_dataset_class_count(mlxc_dataset* dataset, int64_t* count, mlxc_error* error) {
  return guard(error, [&] {
    clear(count, "count");
    *count = int64_t(get(dataset)->classes().size());
  });
}

mlxc_status mlxc_dataset_class_name(mlxc_dataset* dataset, int64_t index, char* buffer, size_t capacity, size_t* needed,
                                    mlxc_error* error) {
  return guard(error, [&] {
    auto object = get(dataset);
    const auto names = object->classes();
    give_text(names[size_t(in_range(index, 0, int64_t(names.size()) - 1, "index"))], buffer, capacity, needed);
  });
}

mlxc_status mlxc_dataset_new_tokens(mlxc_dataset** out, const int32_t* tokens, int64_t token_count, int64_t length, int64_t stride,
                                    mlxc_error* error) {
  return make_dataset(out, error, [&] {
    const auto list = list_of(tokens, token_count, "tokens");
    return train::token_dataset({list.begin(), list.end()}, length, stride);
  });
}

mlxc_status mlxc_dataset_new_text(mlxc_dataset** out, mlxc_tokenizer* tokenizer, const char* text, size_t text_bytes, int64_t length,
                                  int64_t stride, mlxc_error* error) {
  return make_dataset(out, error, [&] { return train::text_dataset(*get(tokenizer), text_of(text, text_bytes, "text"), length, stride); });
}

mlxc_status mlxc_dataset_select(mlxc_dataset** out, mlxc_dataset* dataset, const int64_t* samples, int64_t count, mlxc_error* error) {
  return make_dataset(out, error, [&] {
    const auto list = list_of(samples, count, "samples");
    return train::select(get(dataset), {list.begin(), list.end()});
  });
}

mlxc_status mlxc_dataset_split(mlxc_dataset** first, mlxc_dataset** second, mlxc_dataset* dataset, double fraction, uint64_t seed,
                               mlxc_error* error) {
  return guard(error, [&] {
    clear(first, "first"), clear(second, "second");
    train::Split parts = train::split(get(dataset), fraction, seed);
    *first = put<mlxc_dataset>(std::move(parts.first));
    try {
      *second = put<mlxc_dataset>(std::move(parts.second));
    } catch (...) {
      take(std::exchange(*first, nullptr));
      throw;
    }
  });
}

mlxc_status mlxc_dataset_samples(mlxc_dataset* dataset, int64_t* samples, mlxc_error* error) {
  return guard(error, [&] {
    clear(samples, "samples");
    *samples = get(dataset)->samples();
  });
}

mlxc_status mlxc_dataset_fields(mlxc_dataset* dataset, mlxc_field* fields, int64_t capacity, int64_t* needed, mlxc_error* error) {
  return guard(error, [&] {
    std::vector<mlxc_field> all;
    for (const train::Field& field : get(dataset)->fields()) all.push_back(describe(field));
    give_list(std::span<const mlxc_field>(all), fields, capacity, needed);
  });
}

mlxc_status mlxc_dataset_read(mlxc_array** fields, int64_t field_count, mlxc_dataset* dataset, mlxc_device* device, const int64_t* samples,
                              int64_t count, mlxc_error* error) {
  return guard(error, [&] {
    clear_list(fields, field_count);
    put_list(fields, field_count, train::read_batch(*get(dataset), device_of(device), list_of(samples, count, "samples")));
  });
}

void mlxc_dataset_free(mlxc_dataset* dataset) { take(dataset); }

void mlxc_loader_options_init(mlxc_loader_options* options, uint32_t struct_size) {
  init_struct(options, struct_size, mlxc_loader_options MLXC_LOADER_OPTIONS_INIT);
}

mlxc_status mlxc_loader_new(mlxc_loader** out, mlxc_dataset* dataset, const mlxc_loader_options* options, mlxc_error* error) {
  return guard(error, [&] {
    clear(out, "out");
    const auto given = read_options(options, mlxc_loader_options MLXC_LOADER_OPTIONS_INIT, "options");
    const train::LoaderOptions read{given.batch_size, flag_of(given.shuffle, "shuffle"), given.seed, flag_of(given.drop_last, "drop_last"),
                                    given.prefetch};
    *out = put<mlxc_loader>(std::make_shared<LoaderObject>(get(dataset), read));
  });
}

mlxc_status mlxc_loader_batches(mlxc_loader* loader, int64_t* batches, mlxc_error* error) {
  return guard(error, [&] {
    clear(batches, "batches");
    *batches = get(loader)->plan.batches();
  });
}

mlxc_status mlxc_loader_start(mlxc_loader* loader, int64_t epoch, int64_t batch, mlxc_error* error) {
  return guard(error, [&] {
    auto object = get(loader);
    const auto lock = turn_of(*object);
    in_range(epoch, 0, INT64_MAX, "epoch"), in_range(batch, 0, INT64_MAX, "batch");
    object->batches.reset();
    object->epoch = epoch, object->batch = batch;
  });
}

mlxc_status mlxc_loader_next(mlxc_array** fields, int64_t field_count, mlxc_loader* loader, mlxc_device* device, mlxc_cancel* cancel,
                             int64_t* samples, mlxc_error* error) {
  return guard(error, [&] {
    clear_list(fields, field_count);
    if (samples) *samples = 0;
    auto object = get(loader);
    const auto lock = turn_of(*object);
    Device& place = device_of(device);
    const CancelFlag flag(get_optional(cancel));
    if (field_count != int64_t(object->plan.dataset->fields().size()))
      fail(Status::invalid_argument, "room for ", field_count, " fields is given, a batch has ", object->plan.dataset->fields().size());
    Arrays batch;
    try {
      if (!object->batches || object->device != &place)
        object->batches = std::make_unique<train::Batches>(object->plan, place, object->epoch, object->batch);
      object->device = &place;
      batch = object->batches->next(flag.get());
    } catch (...) {
      object->batches.reset();  // another call makes this batch again
      throw;
    }
    if (batch.empty()) fail(Status::end, "the epoch is over; mlxc_loader_start begins another");
    put_list(fields, field_count, batch);
    ++object->batch;
    if (samples) *samples = batch[0].dim(0);
  });
}

void mlxc_loader_free(mlxc_loader* loader) { take(loader); }

}  // extern "C"
}  // namespace mlxc::capi
