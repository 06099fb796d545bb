// What both reductions share. The text around this file, written by reduce_glsl.cpp, has
//   Value         what is kept of the elements of one or several reductions, with identity(), lift(x, base, index), combine(a, b), follow(a, b) where
//                 b comes after all of a, fold(v, x, base, index, step), which takes several elements, and finish(out, at, value, count).
//                 base: the first element of all that are combined. Combining goes in a fixed order: results repeat bit by bit.
//   Row           where the elements of a row lie or what they are computed of, with ROW(number, elements of a row), advanced(row, by),
//                 element(row, at), and for PER elements at once load_words(row, at / PER) and unpack_words(row, words, x); phase(row) is by how many
//                 elements that is not aligned, PER where operands differ in it.
//   OPERANDS, OUTS, CONSTANTS   arguments; VALUE, the type of an element
#ifndef MLXC_REDUCE_GLSL
#define MLXC_REDUCE_GLSL

layout(buffer_reference, scalar, buffer_reference_align = VALUE_ALIGN) coherent buffer Partials { Value v[]; };

// address + row * length elements
uvec2 row_address(uvec2 address, uint row, uint length, uint item) {
  uint high, low, carry;
  umulExtended(row, length, high, low);
  uint shift = item == 8 ? 3 : item == 4 ? 2 : item == 2 ? 1 : 0;
  if (shift != 0) {
    high = (high << shift) | (low >> (32 - shift));
    low <<= shift;
  }
  low = uaddCarry(address.x, low, carry);
  return uvec2(low, address.y + high + carry);
}

shared Value values[256];

// Of `lanes` neighbouring threads, a power of two, `apart` threads apart; in the first of them.
Value combine_lanes(Value v, uint lane, uint lanes, uint apart) {
  uint me = gl_LocalInvocationIndex;
  values[me] = v;
  for (uint half_way = lanes / 2; half_way > 0; half_way /= 2) {
    barrier();
    if (lane < half_way) {
      v = combine(v, values[me + half_way * apart]);
      values[me] = v;
    }
  }
  barrier();
  return v;
}

#endif
