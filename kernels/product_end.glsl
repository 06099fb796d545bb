// What stands behind a float32 product: a bias, an activation, then dropout or a residual. Needs `args` with bias, low, high, probability
// and scale; with a residual, low is its address: elements like those of the whole result.
#ifndef MLXC_PRODUCT_END_GLSL
#define MLXC_PRODUCT_END_GLSL

#include "math.glsl"
#include "philox.glsl"

layout(constant_id = 8) const bool BIAS = false;
layout(constant_id = 9) const uint ACTIVATION = 0;  // 1 silu, 2 gelu_tanh, 3 gelu_erf, 4 relu
layout(constant_id = 10) const bool DROP = false;
layout(constant_id = 11) const bool RESIDUAL = false;
const bool ENDS = BIAS || ACTIVATION != 0 || DROP || RESIDUAL;
#define ENDS_SHORT (!DROP && (ACTIVATION == 0 || ACTIVATION == 4))  // few instructions: they may stand at every result

float relu(float x) { return is_nan(x) || x > 0 ? x : 0; }

float activated(float x) {
  if (ACTIVATION == 1) return silu_f32(x);
  if (ACTIVATION == 2) return gelu_tanh_f32(x);
  if (ACTIVATION == 3) return gelu_erf_f32(x);
  return relu(x);
}

float short_end(float x, float bias, float residual) {
  precise float value = x;
  if (BIAS) value += bias;
  if (ACTIVATION != 0) value = relu(value);
  if (RESIDUAL) value += residual;
  return value;
}

// As the operations compute one by one. index: of the element in the whole result, for dropout and residual.
float ended(float x, uint column, uint index) {
  precise float value = x;
  if (BIAS) value += args.bias.v[column];
  if (ACTIVATION != 0) value = activated(value);
  if (DROP) {
    value *= args.scale;
    value = philox_unit(args.low.v[0], args.high.v[0], index) >= args.probability ? value : 0;
  }
  if (RESIDUAL) value += F32(uvec2(args.low)).v[index];
  return value;
}

#endif
