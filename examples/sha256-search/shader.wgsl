// A search for the nonce whose SHA-256 begins with the most zero bits: SHA-256(prefix of 32 bytes ‖ nonce, 4 bytes, big-endian).
// All invocations of a block meet in atomics that do not mind the order, so every device gives the same bits.
// Output of a block: words 0 … 32 count the nonces by the zero bits their hash begins with; word 33 holds the best one,
// (zero bits << 26) | (2^26 − 1 − its place in the block), of which the greatest is the first of the best.

@group(0) @binding(0) var<storage, read> P: array<u32>;
@group(0) @binding(1) var<storage, read> I: array<u32>;
@group(0) @binding(2) var<storage, read_write> O: array<atomic<u32>>;

// The Job's parameters.
const PREFIX = 16u;           // 8 words, big-endian
const NONCES = 24u;           // tried by each invocation

const BEST = 33u;
const LAST_PLACE = 0x3ffffffu;

// FIPS 180-4, section 4.2.2
const K = array<u32, 64>(
  0x428a2f98u, 0x71374491u, 0xb5c0fbcfu, 0xe9b5dba5u, 0x3956c25bu, 0x59f111f1u, 0x923f82a4u, 0xab1c5ed5u,
  0xd807aa98u, 0x12835b01u, 0x243185beu, 0x550c7dc3u, 0x72be5d74u, 0x80deb1feu, 0x9bdc06a7u, 0xc19bf174u,
  0xe49b69c1u, 0xefbe4786u, 0x0fc19dc6u, 0x240ca1ccu, 0x2de92c6fu, 0x4a7484aau, 0x5cb0a9dcu, 0x76f988dau,
  0x983e5152u, 0xa831c66du, 0xb00327c8u, 0xbf597fc7u, 0xc6e00bf3u, 0xd5a79147u, 0x06ca6351u, 0x14292967u,
  0x27b70a85u, 0x2e1b2138u, 0x4d2c6dfcu, 0x53380d13u, 0x650a7354u, 0x766a0abbu, 0x81c2c92eu, 0x92722c85u,
  0xa2bfe8a1u, 0xa81a664bu, 0xc24b8b70u, 0xc76c51a3u, 0xd192e819u, 0xd6990624u, 0xf40e3585u, 0x106aa070u,
  0x19a4c116u, 0x1e376c08u, 0x2748774cu, 0x34b0bcb5u, 0x391c0cb3u, 0x4ed8aa4au, 0x5b9cca4fu, 0x682e6ff3u,
  0x748f82eeu, 0x78a5636fu, 0x84c87814u, 0x8cc70208u, 0x90befffau, 0xa4506cebu, 0xbef9a3f7u, 0xc67178f2u,
);

fn rotate(x: u32, bits: u32) -> u32 {
  return (x >> bits) | (x << (32u - bits));
}

fn mix(e: u32, f: u32, g: u32) -> u32 {
  return (rotate(e, 6u) ^ rotate(e, 11u) ^ rotate(e, 25u)) + ((e & f) ^ (~e & g));
}

fn majority(a: u32, b: u32, c: u32) -> u32 {
  return (rotate(a, 2u) ^ rotate(a, 13u) ^ rotate(a, 22u)) + ((a & b) ^ (a & c) ^ (b & c));
}

fn spread(w1: u32, w9: u32, w14: u32) -> u32 {
  return (rotate(w1, 7u) ^ rotate(w1, 18u) ^ (w1 >> 3u)) + w9 + (rotate(w14, 17u) ^ rotate(w14, 19u) ^ (w14 >> 10u));
}

// The first word of the hash; the message is one block of 512 bits: prefix, nonce, a one, zeros, and the length of 288 bits.
// Sixteen rounds are written out, with the variables' roles moving on by one each: an array indexed by the round lives in slow memory.
fn first_word(nonce: u32) -> u32 {
  var w = array<u32, 16>(
    P[PREFIX], P[PREFIX + 1u], P[PREFIX + 2u], P[PREFIX + 3u], P[PREFIX + 4u], P[PREFIX + 5u], P[PREFIX + 6u], P[PREFIX + 7u],
    nonce, 0x80000000u, 0u, 0u, 0u, 0u, 0u, 288u,
  );
  var a = 0x6a09e667u;
  var b = 0xbb67ae85u;
  var c = 0x3c6ef372u;
  var d = 0xa54ff53au;
  var e = 0x510e527fu;
  var f = 0x9b05688cu;
  var g = 0x1f83d9abu;
  var h = 0x5be0cd19u;
  for (var i = 0u; i < 64u; i++) {
    let word = w[i & 15u];
    let t = h + mix(e, f, g) + K[i] + word;
    h = g;
    g = f;
    f = e;
    e = d + t;
    let rest = majority(a, b, c);
    d = c;
    c = b;
    b = a;
    a = t + rest;
    w[i & 15u] = word + spread(w[(i + 1u) & 15u], w[(i + 9u) & 15u], w[(i + 14u) & 15u]);
  }
  return a + 0x6a09e667u;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let index = id.x + P[12];
  if (index >= P[13]) {
    return;
  }
  let nonces = P[NONCES];
  let first_of_block = P[11] * P[13] * nonces;
  var best = 0u;
  for (var i = 0u; i < nonces; i++) {
    let place = index * nonces + i;
    let zeros = countLeadingZeros(first_word(first_of_block + place));
    atomicAdd(&O[zeros], 1u);
    best = max(best, (zeros << 26u) | (LAST_PLACE - place));
  }
  atomicMax(&O[BEST], best);
}
