#include "mlxc/module.h"

#include <cmath>

#include "capi/array_arguments.h"
#include "mlxc/elementwise.h"

namespace mlxc::capi {
namespace {

namespace layers = nn::layers;
using Select = nn::Parameters::Select;

template <class Build>
mlxc_status make_module(mlxc_module** out, mlxc_error* error, Build build) {
  return guard(error, [&] {
    clear(out, "out");
    *out = put<mlxc_module>(build());
  });
}

// Works on the parameters while nobody else does.
template <class Body>
mlxc_status with(mlxc_parameters* parameters, mlxc_error* error, Body body) {
  return guard(error, [&] {
    auto object = get(parameters);
    std::lock_guard lock(object->mutex);
    body(object->parameters);
  });
}

Select select_of(int32_t select) { return operation_upto(Select::buffers, select, "select"); }

Shape window_of(const int64_t* kernel, int32_t axes) {
  in_range(axes, 1, 3, "spatial_axes");
  return shape_of(kernel, axes, "kernel");
}
ConvolutionShape convolution_of(const int64_t* stride, const int64_t* padding, const int64_t* dilation, int32_t axes, int64_t groups) {
  return {dims_or_none(stride, axes, "stride"), dims_or_none(padding, axes, "padding"), dims_or_none(dilation, axes, "dilation"), groups};
}
PoolShape pool_of(const int64_t* kernel, const int64_t* stride, const int64_t* padding, int32_t axes) {
  return {window_of(kernel, axes), dims_or_none(stride, axes, "stride"), dims_or_none(padding, axes, "padding"), {}};
}

void give_count(int64_t* out, int64_t count) {
  if (out) *out = count;
}

}  // namespace

extern "C" {

mlxc_status mlxc_module_linear(mlxc_module** out, int64_t in, int64_t out_features, int32_t bias, mlxc_error* error) {
  return make_module(out, error, [&] { return layers::linear(in, out_features, flag_of(bias, "bias")); });
}

mlxc_status mlxc_module_convolution(mlxc_module** out, int64_t in, int64_t out_channels, const int64_t* kernel, const int64_t* stride,
                                    const int64_t* padding, const int64_t* dilation, int32_t spatial_axes, int64_t groups, int32_t bias,
                                    mlxc_error* error) {
  return make_module(out, error, [&] {
    return layers::convolution(in, out_channels, window_of(kernel, spatial_axes),
                               convolution_of(stride, padding, dilation, spatial_axes, groups), flag_of(bias, "bias"));
  });
}

mlxc_status mlxc_module_transposed_convolution(mlxc_module** out, int64_t in, int64_t out_channels, const int64_t* kernel,
                                               const int64_t* stride, const int64_t* padding, const int64_t* dilation,
                                               const int64_t* output_padding, int32_t spatial_axes, int64_t groups, int32_t bias,
                                               mlxc_error* error) {
  return make_module(out, error, [&] {
    return layers::transposed_convolution(in, out_channels, window_of(kernel, spatial_axes),
                                          convolution_of(stride, padding, dilation, spatial_axes, groups),
                                          dims_or_none(output_padding, spatial_axes, "output_padding"), flag_of(bias, "bias"));
  });
}

mlxc_status mlxc_module_max_pool(mlxc_module** out, const int64_t* kernel, const int64_t* stride, const int64_t* padding,
                                 int32_t spatial_axes, mlxc_error* error) {
  return make_module(out, error, [&] { return layers::max_pool(pool_of(kernel, stride, padding, spatial_axes)); });
}

mlxc_status mlxc_module_average_pool(mlxc_module** out, const int64_t* kernel, const int64_t* stride, const int64_t* padding,
                                     int32_t spatial_axes, mlxc_error* error) {
  return make_module(out, error, [&] { return layers::average_pool(pool_of(kernel, stride, padding, spatial_axes)); });
}

mlxc_status mlxc_module_batch_norm(mlxc_module** out, int64_t channels, double eps, double momentum, mlxc_error* error) {
  return make_module(out, error, [&] { return layers::batch_norm(channels, eps, momentum); });
}

mlxc_status mlxc_module_layer_norm(mlxc_module** out, int64_t size, double eps, mlxc_error* error) {
  return make_module(out, error, [&] { return layers::layer_norm(size, eps); });
}

mlxc_status mlxc_module_rms_norm(mlxc_module** out, int64_t size, double eps, mlxc_error* error) {
  return make_module(out, error, [&] { return layers::rms_norm(size, eps); });
}

mlxc_status mlxc_module_group_norm(mlxc_module** out, int64_t groups, int64_t channels, double eps, mlxc_error* error) {
  return make_module(out, error, [&] { return layers::group_norm(groups, channels, eps); });
}

mlxc_status mlxc_module_dropout(mlxc_module** out, double probability, mlxc_error* error) {
  return make_module(out, error, [&] { return layers::dropout(probability); });
}

mlxc_status mlxc_module_embedding(mlxc_module** out, int64_t count, int64_t size, mlxc_error* error) {
  return make_module(out, error, [&] { return layers::embedding(count, size); });
}

mlxc_status mlxc_module_positions(mlxc_module** out, int64_t count, int64_t size, mlxc_error* error) {
  return make_module(out, error, [&] { return layers::positions(count, size); });
}

mlxc_status mlxc_module_activation(mlxc_module** out, int32_t op, double parameter, mlxc_error* error) {
  return make_module(out, error, [&] {
    const auto function = operation_upto(ActivationOp::step, op, "op");
    return layers::activation(function, std::isnan(parameter) ? default_parameter(function) : parameter);
  });
}

mlxc_status mlxc_module_softmax(mlxc_module** out, int32_t axis, int32_t log, mlxc_error* error) {
  return make_module(out, error, [&] { return layers::softmax(axis, flag_of(log, "log")); });
}

mlxc_status mlxc_module_flatten(mlxc_module** out, mlxc_error* error) {
  return make_module(out, error, [&] { return layers::flatten(); });
}

mlxc_status mlxc_module_attention(mlxc_module** out, int64_t size, int64_t heads, int32_t causal, int32_t bias, mlxc_error* error) {
  return make_module(out, error,
                     [&] { return layers::multi_head_attention(size, heads, flag_of(causal, "causal"), flag_of(bias, "bias")); });
}

mlxc_status mlxc_module_recurrent(mlxc_module** out, int32_t kind, int64_t in, int64_t hidden, int32_t bias, mlxc_error* error) {
  return make_module(out, error, [&] {
    return layers::recurrent(operation_upto(CellKind::lstm, kind, "kind"), {.in = in, .hidden = hidden, .bias = flag_of(bias, "bias")});
  });
}

void mlxc_recurrent_options_init(mlxc_recurrent_options* options, uint32_t struct_size) {
  init_struct(options, struct_size, mlxc_recurrent_options MLXC_RECURRENT_OPTIONS_INIT);
}

mlxc_status mlxc_module_recurrent_layers(mlxc_module** out, int32_t kind, int64_t in, int64_t hidden, const mlxc_recurrent_options* options,
                                         mlxc_error* error) {
  return make_module(out, error, [&] {
    const auto given = read_options(options, mlxc_recurrent_options MLXC_RECURRENT_OPTIONS_INIT, "options");
    return layers::recurrent(operation_upto(CellKind::lstm, kind, "kind"), {.in = in,
                                                                            .hidden = hidden,
                                                                            .layers = given.layers,
                                                                            .bias = flag_of(given.bias, "bias"),
                                                                            .batch_first = flag_of(given.batch_first, "batch_first"),
                                                                            .bidirectional = flag_of(given.bidirectional, "bidirectional"),
                                                                            .last = flag_of(given.last, "last"),
                                                                            .dropout = given.dropout});
  });
}

mlxc_status mlxc_module_sequential(mlxc_module** out, mlxc_module* const* modules, int64_t count, mlxc_error* error) {
  return make_module(out, error, [&] {
    std::vector<nn::LayerPtr> parts;
    for (mlxc_module* module : list_of(modules, count, "modules", kMaxItems)) parts.push_back(get(module));
    return layers::sequential(std::move(parts));
  });
}

mlxc_status mlxc_module_residual(mlxc_module** out, mlxc_module* body, mlxc_error* error) {
  return make_module(out, error, [&] { return layers::residual(get(body)); });
}

mlxc_status mlxc_module_forward(mlxc_array** out, mlxc_module* module, mlxc_parameters* parameters, mlxc_array* x, mlxc_array* key,
                                int32_t training, mlxc_error* error) {
  return make(out, error, [&] {
    auto layer = get(module);
    auto object = get(parameters);
    auto input = get(x);
    nn::Pass pass{flag_of(training, "training"), optional_array(key)};
    std::lock_guard lock(object->mutex);
    return layer->forward({object->parameters, ""}, *input, pass);
  });
}

void mlxc_module_free(mlxc_module* module) { take(module); }

mlxc_status mlxc_parameters_new(mlxc_parameters** out, mlxc_device* device, uint64_t seed, mlxc_error* error) {
  return guard(error, [&] {
    clear(out, "out");
    *out = put<mlxc_parameters>(std::make_shared<ParametersObject>(nn::Parameters(device_of(device), seed)));
  });
}

mlxc_status mlxc_parameters_copy(mlxc_parameters** out, mlxc_parameters* parameters, mlxc_error* error) {
  return guard(error, [&] {
    clear(out, "out");
    auto object = get(parameters);
    std::lock_guard lock(object->mutex);
    *out = put<mlxc_parameters>(std::make_shared<ParametersObject>(object->parameters));
  });
}

mlxc_status mlxc_parameters_count(mlxc_parameters* parameters, int32_t select, int64_t* names, int64_t* elements, mlxc_error* error) {
  return with(parameters, error, [&](const nn::Parameters& object) {
    give_count(names, int64_t(object.names(select_of(select)).size()));
    give_count(elements, object.count(select_of(select)));
  });
}

mlxc_status mlxc_parameters_name(mlxc_parameters* parameters, int32_t select, int64_t index, char* buffer, size_t capacity, size_t* needed,
                                 mlxc_error* error) {
  return with(parameters, error, [&](const nn::Parameters& object) {
    const auto names = object.names(select_of(select));
    give_text(names[size_t(in_range(index, 0, int64_t(names.size()) - 1, "index"))], buffer, capacity, needed);
  });
}

mlxc_status mlxc_parameters_values(mlxc_parameters* parameters, int32_t select, mlxc_array** values, int64_t count, mlxc_error* error) {
  return with(parameters, error, [&](const nn::Parameters& object) {
    clear_list(values, count);
    put_list(values, count, object.values(select_of(select)));
  });
}

mlxc_status mlxc_parameters_set_values(mlxc_parameters* parameters, int32_t select, mlxc_array* const* values, int64_t count,
                                       mlxc_error* error) {
  return with(parameters, error, [&](nn::Parameters& object) { object.set_values(select_of(select), arrays_of(values, count, "values")); });
}

mlxc_status mlxc_parameters_freeze(mlxc_parameters* parameters, const char* prefix, size_t prefix_bytes, int32_t frozen, int64_t* count,
                                   mlxc_error* error) {
  return with(parameters, error, [&](nn::Parameters& object) {
    give_count(count, object.freeze(std::string(text_of(prefix, prefix_bytes, "prefix")), flag_of(frozen, "frozen")));
  });
}

mlxc_status mlxc_parameters_draw(mlxc_parameters* parameters, const char* prefix, size_t prefix_bytes, int32_t initial, double value,
                                 int64_t* count, mlxc_error* error) {
  return with(parameters, error, [&](nn::Parameters& object) {
    const Initializer initializer{operation_upto(Initializer::Kind::kaiming_normal, initial, "initial"), value};
    give_count(count, object.draw(std::string(text_of(prefix, prefix_bytes, "prefix")), initializer));
  });
}

mlxc_status mlxc_parameters_to_device(mlxc_parameters* parameters, mlxc_device* device, mlxc_error* error) {
  return with(parameters, error, [&](nn::Parameters& object) { object.to_device(device_of(device)); });
}

mlxc_status mlxc_parameters_save(mlxc_parameters* parameters, const char* path, mlxc_error* error) {
  return with(parameters, error, [&](const nn::Parameters& object) { object.save(path_of(path)); });
}

mlxc_status mlxc_parameters_load(mlxc_parameters* parameters, const char* path, int32_t strict, mlxc_error* error) {
  return with(parameters, error, [&](nn::Parameters& object) { object.load(path_of(path), flag_of(strict, "strict")); });
}

void mlxc_parameters_free(mlxc_parameters* parameters) { take(parameters); }

}  // extern "C"
}  // namespace mlxc::capi
