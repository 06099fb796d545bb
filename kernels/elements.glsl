// Elements of every dtype: how they lie in memory, and the values that kernels compute with (booleans and small integers as 32 bits, 16-bit floats
// as float32). load_T and store_T move one element, unpack_T and pack_T convert a piece of a loaded word. For kernels written at run time:
// they define HAS_INT8, HAS_INT64, HAS_FLOAT64 for what their operands need.
#ifndef MLXC_ELEMENTS_GLSL
#define MLXC_ELEMENTS_GLSL

#include "common.glsl"
#include "math.glsl"

REFERENCE(U32x2, uvec2, 8);

// The sign goes its own way: LLVM 15 behind Mesa 22.3 compares in 16 bits what it sees to come from there, and gets it wrong.
float half_to_float(uint bits) {
  return uintBitsToFloat(floatBitsToUint(unpackHalf2x16(bits & 0x7fffu).x) | bitfieldExtract(bits, 15, 1) << 31);
}
float brain_to_float(uint bits) { return uintBitsToFloat(bits << 16); }
float round_f16(float x) { return half_to_float(to_half(x)); }
float round_bf16(float x) { return brain_to_float(to_bf16(x)); }

#ifdef HAS_INT8
#extension GL_EXT_shader_8bit_storage : require
#extension GL_EXT_shader_explicit_arithmetic_types_int8 : require
REFERENCE(U8, uint8_t, 1);
uint load_bool(uvec2 address, uint i) { return uint(U8(address).v[i]); }
uint load_u8(uvec2 address, uint i) { return uint(U8(address).v[i]); }
int load_i8(uvec2 address, uint i) { return bitfieldExtract(int(uint(U8(address).v[i])), 0, 8); }
void store_bool(uvec2 address, uint i, uint x) { U8(address).v[i] = uint8_t(x); }
void store_u8(uvec2 address, uint i, uint x) { U8(address).v[i] = uint8_t(x); }
void store_i8(uvec2 address, uint i, int x) { U8(address).v[i] = uint8_t(uint(x) & 0xffu); }
#endif
uint unpack_bool(uint word, int at) { return bitfieldExtract(word, 8 * at, 8); }
uint unpack_u8(uint word, int at) { return bitfieldExtract(word, 8 * at, 8); }
int unpack_i8(uint word, int at) { return bitfieldExtract(int(word), 8 * at, 8); }
uint pack_bool(uint x) { return x & 0xffu; }
uint pack_u8(uint x) { return x & 0xffu; }
uint pack_i8(int x) { return uint(x) & 0xffu; }

uint load_u16(uvec2 address, uint i) { return uint(U16(address).v[i]); }
int load_i16(uvec2 address, uint i) { return bitfieldExtract(int(uint(U16(address).v[i])), 0, 16); }
float load_f16(uvec2 address, uint i) { return half_to_float(uint(U16(address).v[i])); }
float load_bf16(uvec2 address, uint i) { return brain_to_float(uint(U16(address).v[i])); }
void store_u16(uvec2 address, uint i, uint x) { U16(address).v[i] = uint16_t(x); }
void store_i16(uvec2 address, uint i, int x) { U16(address).v[i] = uint16_t(uint(x) & 0xffffu); }
void store_f16(uvec2 address, uint i, float x) { U16(address).v[i] = uint16_t(to_half(x)); }
void store_bf16(uvec2 address, uint i, float x) { U16(address).v[i] = uint16_t(to_bf16(x)); }
uint unpack_u16(uint word, int at) { return bitfieldExtract(word, 16 * at, 16); }
int unpack_i16(uint word, int at) { return bitfieldExtract(int(word), 16 * at, 16); }
float unpack_f16(uint word, int at) { return half_to_float(bitfieldExtract(word, 16 * at, 16)); }
float unpack_bf16(uint word, int at) { return brain_to_float(bitfieldExtract(word, 16 * at, 16)); }
uint pack_u16(uint x) { return x & 0xffffu; }
uint pack_i16(int x) { return uint(x) & 0xffffu; }
uint pack_f16(float x) { return to_half(x); }
uint pack_bf16(float x) { return to_bf16(x); }

uint load_u32(uvec2 address, uint i) { return U32(address).v[i]; }
int load_i32(uvec2 address, uint i) { return I32(address).v[i]; }
float load_f32(uvec2 address, uint i) { return uintBitsToFloat(U32(address).v[i]); }
void store_u32(uvec2 address, uint i, uint x) { U32(address).v[i] = x; }
void store_i32(uvec2 address, uint i, int x) { I32(address).v[i] = x; }
void store_f32(uvec2 address, uint i, float x) { U32(address).v[i] = floatBitsToUint(x); }
uint unpack_u32(uint word) { return word; }
int unpack_i32(uint word) { return int(word); }
float unpack_f32(uint word) { return uintBitsToFloat(word); }
uint pack_u32(uint x) { return x; }
uint pack_i32(int x) { return uint(x); }
uint pack_f32(float x) { return floatBitsToUint(x); }

#ifdef HAS_INT64
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
// int64_t(x), of which Mesa 22.3 takes x < 0 ? -x : x for x.
int64_t widened(int x) { return packInt2x32(ivec2(x, x >> 31)); }
uint64_t unpack_u64(uvec2 word) { return packUint2x32(word); }
int64_t unpack_i64(uvec2 word) { return int64_t(packUint2x32(word)); }
uvec2 pack_u64(uint64_t x) { return unpackUint2x32(x); }
uvec2 pack_i64(int64_t x) { return unpackUint2x32(uint64_t(x)); }
uint64_t load_u64(uvec2 address, uint i) { return unpack_u64(U32x2(address).v[i]); }
int64_t load_i64(uvec2 address, uint i) { return unpack_i64(U32x2(address).v[i]); }
void store_u64(uvec2 address, uint i, uint64_t x) { U32x2(address).v[i] = pack_u64(x); }
void store_i64(uvec2 address, uint i, int64_t x) { U32x2(address).v[i] = pack_i64(x); }
#endif

#ifdef HAS_FLOAT64
double unpack_f64(uvec2 word) { return packDouble2x32(word); }
uvec2 pack_f64(double x) { return unpackDouble2x32(x); }
double load_f64(uvec2 address, uint i) { return unpack_f64(U32x2(address).v[i]); }
void store_f64(uvec2 address, uint i, double x) { U32x2(address).v[i] = pack_f64(x); }
uvec2 magnitude_words(double x) { return unpackDouble2x32(x) & uvec2(0xffffffffu, 0x7fffffffu); }
bool is_nan(double x) {
  uvec2 w = magnitude_words(x);
  return w.y > 0x7ff00000u || (w.y == 0x7ff00000u && w.x != 0u);
}
bool is_inf(double x) { return magnitude_words(x) == uvec2(0u, 0x7ff00000u); }
bool is_finite(double x) { return magnitude_words(x).y < 0x7ff00000u; }
#endif

#endif
