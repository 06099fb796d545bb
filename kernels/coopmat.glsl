// Cooperative matrices: NV types, which kernels/coopmat.py turns into KHR ones (`// rewrite coopmat` in the .comp). The scope of a type says
// what NV types lack: which operand it is, and whether its 16-bit elements are bfloat16 (written as float16_t that holds the bits).
// Loads take the layout as a constant: false = row major. Do not use length() as an array size.
#ifndef MLXC_COOPMAT_GLSL
#define MLXC_COOPMAT_GLSL

#extension GL_NV_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_EXT_shader_explicit_arithmetic_types : require
#extension GL_EXT_shader_16bit_storage : require
#extension GL_KHR_shader_subgroup_basic : require

// SpecId = 1000 + use + 4 * encoding; the value, 3, is the subgroup scope. Never specialized.
layout(constant_id = 1000) const uint kScopeA = 3;
layout(constant_id = 1001) const uint kScopeB = 3;
layout(constant_id = 1002) const uint kScopeSum = 3;
layout(constant_id = 1004) const uint kScopeBf16A = 3;
layout(constant_id = 1005) const uint kScopeBf16B = 3;
layout(constant_id = 1006) const uint kScopeBf16Sum = 3;

#define F16MatA(m, k) fcoopmatNV<16, kScopeA, m, k>
#define F16MatB(k, n) fcoopmatNV<16, kScopeB, k, n>
#define F16MatSum(m, n) fcoopmatNV<16, kScopeSum, m, n>  // results rounded to 16 bits, for storing
#define Bf16MatA(m, k) fcoopmatNV<16, kScopeBf16A, m, k>
#define Bf16MatB(k, n) fcoopmatNV<16, kScopeBf16B, k, n>
#define Bf16MatSum(m, n) fcoopmatNV<16, kScopeBf16Sum, m, n>
#define F32MatSum(m, n) fcoopmatNV<32, kScopeSum, m, n>

// Two numbers rounded to 16 bits, for elements of matrices; coopmat.py makes a conversion to bfloat16 of the second.
#define ROUND_F16(two) packFloat2x16(f16vec2(two))
#define ROUND_BF16(two) packSnorm2x16(two)

// Elements i, i + 1 of a fragment of 16-bit elements, whose layout kernels/linear_probe.comp found.
#define SET(m, i, word) { const f16vec2 pair_ = unpackFloat2x16(word); m[i] = pair_.x; m[(i) + 1] = pair_.y; }

#endif
