// Philox4x32-10 (Salmon et al. 2011): four random words of a counter under a key.
#ifndef MLXC_PHILOX_GLSL
#define MLXC_PHILOX_GLSL

uvec4 philox(uvec4 counter, uvec2 key) {
  for (int round = 0; round < 10; ++round) {
    uint a_high, a_low, b_high, b_low;
    umulExtended(0xD2511F53u, counter.x, a_high, a_low);
    umulExtended(0xCD9E8D57u, counter.z, b_high, b_low);
    counter = uvec4(b_high ^ counter.y ^ key.x, b_low, a_high ^ counter.w ^ key.y, a_low);
    key += uvec2(0x9E3779B9u, 0xBB67AE85u);
  }
  return counter;
}

// Word `index` of a key's stream as a float32 in [0, 1). Neighbours share a block, which is kept.
uvec4 philox_words;
uvec3 philox_place = uvec3(0xffffffffu);
float philox_unit(uint low, uint high, uint index) {
  const uvec3 place = uvec3(low, high, index / 4);
  if (place != philox_place) philox_words = philox(uvec4(place.z, 0u, 0u, 0u), place.xy);
  philox_place = place;
  return float(philox_words[index % 4] >> 8) * 5.9604644775390625e-8;
}

#endif
