// A deep zoom into the Mandelbrot set, in signed 64-bit fixed point (Q4.60): no floating point, so every device gives the same bits.
// Output: one RGBA pixel an invocation, 8 bits a channel, red in the lowest byte.

@group(0) @binding(0) var<storage, read> P: array<u32>;
@group(0) @binding(1) var<storage, read> I: array<u32>;
@group(0) @binding(2) var<storage, read_write> O: array<u32>;

// The Job's parameters; 64-bit values are two words, the low one first.
const CENTRE_X = 16u;       // Q4.60
const CENTRE_Y = 18u;       // Q4.60
const HALF_STEP = 20u;      // half the distance of two samples, Q4.60
const MAX_ITERATIONS = 22u;
const SAMPLES = 23u;        // along each axis of a pixel
const PALETTE_CYCLE = 24u;  // 2^32 divided by the iterations of one cycle of colours
const PALETTE_START = 25u;  // in 2^-16 of a cycle

// ---- unsigned 32 × 32 → 64 bits, and signed 64 bits as (low, high)

fn wide_mul(a: u32, b: u32) -> vec2u {
  let al = a & 0xffffu;
  let ah = a >> 16u;
  let bl = b & 0xffffu;
  let bh = b >> 16u;
  let low = al * bl;
  let middle = ah * bl + (low >> 16u);
  let cross = al * bh + (middle & 0xffffu);
  return vec2u((cross << 16u) | (low & 0xffffu), ah * bh + (middle >> 16u) + (cross >> 16u));
}

fn add(a: vec2u, b: vec2u) -> vec2u {
  let low = a.x + b.x;
  return vec2u(low, a.y + b.y + select(0u, 1u, low < a.x));
}

fn subtract(a: vec2u, b: vec2u) -> vec2u {
  return vec2u(a.x - b.x, a.y - b.y - select(0u, 1u, a.x < b.x));
}

fn negate(a: vec2u) -> vec2u {
  let low = ~a.x + 1u;
  return vec2u(low, ~a.y + select(0u, 1u, low == 0u));
}

fn is_negative(a: vec2u) -> bool {
  return (a.y >> 31u) == 1u;
}

fn magnitude(a: vec2u) -> vec2u {
  return select(a, negate(a), is_negative(a));
}

// a² as 64 bits
fn wide_square(a: u32) -> vec2u {
  let low = a & 0xffffu;
  let high = a >> 16u;
  let cross = low * high;
  let square = low * low;
  let sum = square + (cross << 17u);
  return vec2u(sum, high * high + (cross >> 15u) + select(0u, 1u, sum < square));
}

// The square of a Q4.60 magnitude, cut to Q4.60: bits 60 to 123 of the 128-bit square. A magnitude below 4 fits.
fn square(a: vec2u) -> vec2u {
  let low = wide_square(a.x);
  let cross = wide_mul(a.x, a.y);
  let high = wide_square(a.y);
  let word1 = low.y + (cross.x << 1u);
  let carry1 = select(0u, 1u, word1 < low.y);
  let doubled = (cross.y << 1u) | (cross.x >> 31u);
  let word2 = high.x + doubled;
  let carry2 = select(0u, 1u, word2 < doubled);
  let word2c = word2 + carry1;
  let word3 = high.y + (cross.y >> 31u) + carry2 + select(0u, 1u, word2c < carry1);
  return vec2u((word1 >> 28u) | (word2c << 4u), (word2c >> 28u) | (word3 << 4u));
}

fn with_sign(a: vec2u, negative: bool) -> vec2u {
  return select(a, negate(a), negative);
}

// ---- logarithms

// log2 of a value with its highest bit at position `top` and `mantissa` shifted up to bit 31: Q.16
fn log2_of(top: u32, mantissa_: u32) -> u32 {
  var mantissa = mantissa_;
  var bits = 0u;
  for (var i = 0u; i < 16u; i++) {
    let square = wide_mul(mantissa, mantissa);
    let carry = square.y >> 31u;
    bits = (bits << 1u) | carry;
    mantissa = select((square.y << 1u) | (square.x >> 31u), square.y, carry == 1u);
  }
  return (top << 16u) | bits;
}

fn log2_u32(a: u32) -> u32 {
  let zeros = countLeadingZeros(a);
  return log2_of(31u - zeros, a << zeros);
}

fn log2_u64(a: vec2u) -> u32 {
  if (a.y == 0u) {
    return log2_u32(a.x);
  }
  let zeros = countLeadingZeros(a.y);
  return log2_of(63u - zeros, select((a.y << zeros) | (a.x >> (32u - zeros)), a.y, zeros == 0u));
}

// ---- the escape time, smooth: iterations as Q16.16, 0 for a point of the set

// Q4.60 → Q12.19 in 32 bits, and its product
fn narrow(a: vec2u) -> i32 {
  let m = magnitude(a);
  let narrowed = bitcast<i32>(m.y >> 9u);
  return select(narrowed, -narrowed, is_negative(a));
}

fn multiply_narrow(a: i32, b: i32) -> i32 {
  let product = wide_mul(u32(abs(a)), u32(abs(b)));
  let cut = bitcast<i32>((product.y << 13u) | (product.x >> 19u));
  return select(cut, -cut, (a < 0) != (b < 0));
}

// Two more iterations bring |z| so far out that log2(log2|z|) no longer shows where the iteration stopped.
fn smooth_time(iterations: u32, x_: vec2u, y_: vec2u, cx: vec2u, cy: vec2u) -> u32 {
  var x = narrow(x_);
  var y = narrow(y_);
  for (var i = 0u; i < 2u; i++) {
    let xy = multiply_narrow(x, y);
    x = multiply_narrow(x, x) - multiply_narrow(y, y) + narrow(cx);
    y = 2 * xy + narrow(cy);
  }
  let ax = u32(abs(x));
  let ay = u32(abs(y));
  let square = add(wide_mul(ax, ax), wide_mul(ay, ay)); // |z|² · 2^38
  let log_z = (log2_u64(square) - (38u << 16u)) >> 1u;  // log2|z|, Q16
  let log_log_z = log2_u32(log_z) - (16u << 16u);       // Q16; |z| ≥ 4 makes it ≥ 1
  return ((iterations + 3u) << 16u) - log_log_z;
}

fn escape_time(cx: vec2u, cy: vec2u) -> u32 {
  let max_iterations = P[MAX_ITERATIONS];
  var x = vec2u();
  var y = vec2u();
  var i = 0u;
  for (; i < max_iterations; i++) {
    let ax = magnitude(x);
    let ay = magnitude(y);
    let xx = square(ax);
    let yy = square(ay);
    let zz = add(xx, yy);
    // |x| or |y| ≥ 2 escapes whatever the squares say: only below are they sure to fit
    if ((((ax.y | ay.y) >> 29u) | (zz.y >> 30u)) != 0u) {
      break;
    }
    // 2·|xy| = (|x| + |y|)² − x² − y²
    let xy2 = subtract(square(add(ax, ay)), zz);
    y = add(with_sign(xy2, ((x.y ^ y.y) >> 31u) == 1u), cy);
    x = add(subtract(xx, yy), cx);
  }
  if (i == max_iterations) {
    return 0u;
  }
  return smooth_time(i, x, y, cx, cy);
}

// ---- colours

const STOPS = 6u;

fn stop(i: u32) -> vec4u { // position in 2^-16 of a cycle, then red, green, blue
  switch (i) {
    case 0u: { return vec4u(0u, 0u, 7u, 100u); }
    case 1u: { return vec4u(10486u, 32u, 107u, 203u); }
    case 2u: { return vec4u(27525u, 237u, 255u, 255u); }
    case 3u: { return vec4u(42107u, 255u, 170u, 0u); }
    case 4u: { return vec4u(56197u, 0u, 2u, 0u); }
    default: { return vec4u(65536u, 0u, 7u, 100u); }
  }
}

fn colour(time: u32) -> vec3u {
  if (time == 0u) {
    return vec3u();
  }
  let position = (wide_mul(time, P[PALETTE_CYCLE]).y + P[PALETTE_START]) & 0xffffu;
  var i = 0u;
  while (i + 2u < STOPS && stop(i + 1u).x <= position) {
    i++;
  }
  let from_stop = stop(i);
  let to_stop = stop(i + 1u);
  let t = ((position - from_stop.x) << 8u) / (to_stop.x - from_stop.x);
  return (from_stop.yzw * (256u - t) + to_stop.yzw * t) >> vec3u(8u);
}

// centre + k · half step, for a signed k
fn coordinate(centre: u32, k: i32) -> vec2u {
  let step = vec2u(P[HALF_STEP], P[HALF_STEP + 1u]);
  let low = wide_mul(step.x, u32(abs(k)));
  let offset = vec2u(low.x, low.y + step.y * u32(abs(k)));
  return add(vec2u(P[centre], P[centre + 1u]), with_sign(offset, k < 0));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let index = id.x + P[12];
  if (index >= P[13]) {
    return;
  }
  let samples = P[SAMPLES];
  let left = i32(2u * samples * (P[4] + index % P[1]) + 1u) - i32(P[6] * samples);
  let top = i32(2u * samples * (P[5] + index / P[1]) + 1u) - i32(P[7] * samples);
  var sum = vec3u();
  for (var j = 0u; j < samples; j++) {
    for (var i = 0u; i < samples; i++) {
      let x = coordinate(CENTRE_X, left + i32(2u * i));
      let y = coordinate(CENTRE_Y, -(top + i32(2u * j)));
      sum += colour(escape_time(x, y));
    }
  }
  let pixel = (sum + samples * samples / 2u) / (samples * samples);
  O[index] = pixel.r | (pixel.g << 8u) | (pixel.b << 16u) | 0xff000000u;
}
