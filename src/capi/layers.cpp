#include "mlxc/layers.h"

#include "capi/array_arguments.h"
#include "ops/attention.h"
#include "ops/batch_norm.h"
#include "ops/convolution.h"
#include "ops/normalization.h"
#include "ops/pool.h"
#include "ops/recurrent.h"

namespace mlxc::capi {

extern "C" {

mlxc_status mlxc_array_convolution(mlxc_array** out, mlxc_array* x, mlxc_array* weight, mlxc_array* bias, const int64_t* stride,
                                   const int64_t* padding, const int64_t* dilation, int32_t spatial_axes, int64_t groups,
                                   mlxc_error* error) {
  return make(out, error, [&] {
    auto object = get(x);
    auto filter = get(weight);
    const ConvolutionShape shape{dims_or_none(stride, spatial_axes, "stride"), dims_or_none(padding, spatial_axes, "padding"),
                                 dims_or_none(dilation, spatial_axes, "dilation"), groups};
    return convolution(*object, *filter, optional_array(bias), shape);
  });
}

mlxc_status mlxc_array_transposed_convolution(mlxc_array** out, mlxc_array* x, mlxc_array* weight, mlxc_array* bias, const int64_t* stride,
                                              const int64_t* padding, const int64_t* dilation, const int64_t* output_padding,
                                              int32_t spatial_axes, int64_t groups, mlxc_error* error) {
  return make(out, error, [&] {
    auto object = get(x);
    auto filter = get(weight);
    const ConvolutionShape shape{dims_or_none(stride, spatial_axes, "stride"), dims_or_none(padding, spatial_axes, "padding"),
                                 dims_or_none(dilation, spatial_axes, "dilation"), groups};
    return transposed_convolution(*object, *filter, optional_array(bias), shape,
                                  dims_or_none(output_padding, spatial_axes, "output_padding"));
  });
}

mlxc_status mlxc_array_max_pool(mlxc_array** out, mlxc_array* x, const int64_t* kernel, const int64_t* stride, const int64_t* padding,
                                const int64_t* dilation, int32_t spatial_axes, mlxc_error* error) {
  return make(out, error, [&] {
    auto object = get(x);
    return max_pool(*object, {shape_of(kernel, spatial_axes, "kernel"), dims_or_none(stride, spatial_axes, "stride"),
                              dims_or_none(padding, spatial_axes, "padding"), dims_or_none(dilation, spatial_axes, "dilation")});
  });
}

mlxc_status mlxc_array_average_pool(mlxc_array** out, mlxc_array* x, const int64_t* kernel, const int64_t* stride, const int64_t* padding,
                                    int32_t spatial_axes, int32_t count_padding, mlxc_error* error) {
  return make(out, error, [&] {
    auto object = get(x);
    const PoolShape shape{shape_of(kernel, spatial_axes, "kernel"), dims_or_none(stride, spatial_axes, "stride"),
                          dims_or_none(padding, spatial_axes, "padding"), Dims()};
    return average_pool(*object, shape, flag_of(count_padding, "count_padding"));
  });
}

mlxc_status mlxc_array_layer_norm(mlxc_array** out, mlxc_array* x, mlxc_array* weight, mlxc_array* bias, int32_t last_axes, double eps,
                                  mlxc_error* error) {
  return make(out, error, [&] { return layer_normalization(*get(x), optional_array(weight), optional_array(bias), last_axes, eps); });
}

mlxc_status mlxc_array_rms_norm(mlxc_array** out, mlxc_array* x, mlxc_array* weight, double eps, mlxc_error* error) {
  return make(out, error, [&] { return rms_normalization(*get(x), optional_array(weight), eps); });
}

mlxc_status mlxc_array_batch_norm(mlxc_array** out, mlxc_array** batch_mean, mlxc_array** batch_variance, mlxc_array* x, mlxc_array* mean,
                                  mlxc_array* variance, mlxc_array* weight, mlxc_array* bias, double eps, mlxc_error* error) {
  return guard(error, [&] {
    clear_wanted({out, batch_mean, batch_variance});
    require(out, "out");
    auto object = get(x);
    if (!mean != !variance) fail(Status::invalid_argument, "batch_norm: give a mean and a variance, or neither");
    if (mean)
      return put_array(out, batch_normalization(*object, *get(mean), *get(variance), optional_array(weight), optional_array(bias), eps));
    const BatchNormResult result = batch_normalization(*object, optional_array(weight), optional_array(bias), eps);
    put_all({{out, result.y}, {batch_mean, result.mean}, {batch_variance, result.variance}});
  });
}

mlxc_status mlxc_array_group_norm(mlxc_array** out, mlxc_array* x, int64_t groups, mlxc_array* weight, mlxc_array* bias, double eps,
                                  mlxc_error* error) {
  return make(out, error, [&] { return group_normalization(*get(x), groups, optional_array(weight), optional_array(bias), eps); });
}

mlxc_status mlxc_array_dropout(mlxc_array** out, mlxc_array* x, mlxc_array* key, double probability, mlxc_error* error) {
  return make(out, error, [&] { return dropout(*get(x), *get(key), probability); });
}

mlxc_status mlxc_array_attention(mlxc_array** out, mlxc_array* q, mlxc_array* k, mlxc_array* v, mlxc_array* mask, double scale,
                                 int32_t causal, mlxc_error* error) {
  return make(out, error, [&] { return attention(*get(q), *get(k), *get(v), optional_array(mask), scale, flag_of(causal, "causal")); });
}

mlxc_status mlxc_array_recurrent(mlxc_array** outputs, mlxc_array** last_hidden, mlxc_array** last_cell, int32_t kind, mlxc_array* x,
                                 mlxc_array* hidden, mlxc_array* cell, mlxc_array* const* weights, int32_t reverse, mlxc_error* error) {
  return guard(error, [&] {
    clear_wanted({outputs, last_hidden, last_cell});
    require(outputs, "outputs");
    auto object = get(x);
    require(weights, "weights");
    const CellWeights given{*get(weights[0]), *get(weights[1]), optional_array(weights[2]), optional_array(weights[3])};
    const CellState first{optional_array(hidden), optional_array(cell)};
    const RecurrentSequence result =
        recurrent_sequence(operation_upto(CellKind::lstm, kind, "kind"), *object, first, given, flag_of(reverse, "reverse"));
    put_all({{outputs, result.outputs}, {last_hidden, result.state.hidden}, {last_cell, result.state.cell}});
  });
}

}  // extern "C"
}  // namespace mlxc::capi
