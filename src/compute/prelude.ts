import type { WgslProgram } from '../ports.ts'

/**
 * Reproducible 32-bit floats: the same bits on every driver.
 *
 * WGSL lets a compiler reorder, fuse and approximate float expressions, and a device flush small numbers. So each operation here stands
 * alone: its result passes through integer arithmetic with P[0], a zero that no compiler knows. Numbers below 2^-125 are zero (one binade
 * above the denormals, as devices differ in flushing what only rounds up to the least normal number), zero is positive and there is one
 * NaN. A float made of bits enters by `rf_load`, which does the same to it. Division and square root take the device's approximation,
 * correct it by the exact remainder in integers and round it to nearest, ties to even; the other functions follow the polynomials
 * of Moshier's Cephes library (netlib.org/cephes, single precision).
 */
const REPRODUCIBLE_FLOAT = /* wgsl */ `
fn rf_load(bits: u32) -> f32 {
  let b = bits ^ P[0];
  let flushed = select(b, 0u, (b & 0x7f800000u) <= 0x00800000u);
  return bitcast<f32>(select(flushed, 0x7fc00000u, (b & 0x7fffffffu) > 0x7f800000u));
}
fn rf_fix(x: f32) -> f32 { return rf_load(bitcast<u32>(x)); }
fn rf_add(a: f32, b: f32) -> f32 { return rf_fix(a + b); }
fn rf_sub(a: f32, b: f32) -> f32 { return rf_fix(a - b); }
fn rf_mul(a: f32, b: f32) -> f32 { return rf_fix(a * b); }
fn rf_neg(x: f32) -> f32 { return rf_load(bitcast<u32>(x) ^ 0x80000000u); }
fn rf_abs(x: f32) -> f32 { return rf_load(bitcast<u32>(x) & 0x7fffffffu); }
fn rf_is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }
fn rf_order(x: f32) -> i32 {
  let b = bitcast<u32>(rf_fix(x));
  return select(bitcast<i32>(b), -bitcast<i32>(b & 0x7fffffffu), (b >> 31u) == 1u);
}
fn rf_less(a: f32, b: f32) -> bool { return !rf_is_nan(a) && !rf_is_nan(b) && rf_order(a) < rf_order(b); }
fn rf_min(a: f32, b: f32) -> f32 { return rf_fix(select(a, b, rf_is_nan(a) || rf_less(b, a))); }
fn rf_max(a: f32, b: f32) -> f32 { return rf_fix(select(a, b, rf_is_nan(a) || rf_less(a, b))); }
fn rf_from_u32(value: u32) -> f32 {
  if (value == 0u) { return 0.0; }
  let shift = countLeadingZeros(value);
  let whole = value << shift;
  let rest = whole & 0xffu;
  let up = select(0u, 1u, rest > 0x80u || (rest == 0x80u && (whole & 0x100u) != 0u));
  return rf_load(((157u - shift) << 23u) + (whole >> 8u) + up);
}
fn rf_from_i32(value: i32) -> f32 {
  let size = select(bitcast<u32>(value), 0u - bitcast<u32>(value), value < 0);
  return rf_load(bitcast<u32>(rf_from_u32(size)) | (bitcast<u32>(value) & 0x80000000u));
}
fn rf_to_i32(x: f32) -> i32 {
  let b = bitcast<u32>(x) ^ P[0];
  let exponent = i32((b >> 23u) & 0xffu) - 127;
  if (exponent < 0 || rf_is_nan(x)) { return 0; }
  let negative = (b >> 31u) == 1u;
  if (exponent > 30) { return select(2147483647, -2147483647 - 1, negative); }
  let whole = (b & 0x7fffffu) | 0x800000u;
  let size = bitcast<i32>(select(whole >> u32(max(23 - exponent, 0)), whole << u32(max(exponent - 23, 0)), exponent > 23));
  return select(size, -size, negative);
}
fn rf_floor(x: f32) -> f32 { return rf_fix(floor(rf_fix(x))); }
fn rf_pack(sign: u32, exponent: i32, rounding: u32, rest: u32) -> f32 {
  if (exponent < 1) { return 0.0; }
  if (exponent > 254) { return rf_load(sign | 0x7f800000u); }
  let whole = rounding >> 1u;
  let up = rounding & (select(0u, 1u, rest != 0u) | (whole & 1u));
  return rf_load(sign | ((u32(exponent) << 23u) + (whole - 0x800000u) + up));
}
fn rf_div(a: f32, b: f32) -> f32 {
  let n = bitcast<u32>(rf_fix(a));
  let d = bitcast<u32>(rf_fix(b));
  let sign = (n ^ d) & 0x80000000u;
  let top = n & 0x7fffffffu;
  let low = d & 0x7fffffffu;
  if (max(top, low) > 0x7f800000u || (top == low && (top == 0u || top == 0x7f800000u))) { return rf_load(0x7fc00000u); }
  if (top == 0u || low == 0x7f800000u) { return 0.0; }
  if (low == 0u || top == 0x7f800000u) { return rf_load(sign | 0x7f800000u); }
  let divisor = (low & 0x7fffffu) | 0x800000u;
  let begin = (top & 0x7fffffu) | 0x800000u;
  let less = begin < divisor;
  let dividend = select(begin, begin << 1u, less);
  var quotient = u32(f32(dividend) / f32(divisor) * 16777216.0);
  var rest = bitcast<i32>((dividend << 24u) - quotient * divisor);
  let correction = i32(floor(f32(rest) / f32(divisor)));
  quotient += bitcast<u32>(correction);
  rest -= correction * i32(divisor);
  let down = rest < 0;
  quotient -= select(0u, 1u, down);
  rest += select(0, i32(divisor), down);
  let up = rest >= i32(divisor);
  quotient += select(0u, 1u, up);
  rest -= select(0, i32(divisor), up);
  return rf_pack(sign, i32(top >> 23u) - i32(low >> 23u) + select(127, 126, less), quotient, u32(rest));
}
fn rf_sqrt(x: f32) -> f32 {
  let b = bitcast<u32>(rf_fix(x));
  if (b == 0u || b == 0x7f800000u) { return rf_load(b); }
  if (b > 0x7f800000u) { return rf_load(0x7fc00000u); }
  let exponent = i32(b >> 23u) - 127;
  let odd = (exponent & 1) != 0;
  let whole = (b & 0x7fffffu) | 0x800000u;
  let square = select(whole, whole << 1u, odd);
  var root = u32(sqrt(f32(square)) * 5792.6187514801984);
  root += bitcast<u32>(i32(floor(f32(bitcast<i32>((square << 25u) - root * root)) / f32(2u * root))));
  var rest = bitcast<i32>((square << 25u) - root * root);
  let down = rest < 0;
  root -= select(0u, 1u, down);
  rest += select(0, i32(2u * root + 1u), down);
  let up = rest > i32(2u * root);
  rest -= select(0, i32(2u * root + 1u), up);
  root += select(0u, 1u, up);
  return rf_pack(0u, (select(exponent, exponent - 1, odd) >> 1u) + 127, root, u32(rest));
}
fn rf_inverse_sqrt(x: f32) -> f32 { return rf_div(1.0, rf_sqrt(x)); }
fn rf_power_of_two(exponent: i32) -> f32 { return bitcast<f32>(u32(exponent + 127) << 23u); }
fn rf_exp(a: f32) -> f32 {
  let x = rf_fix(a);
  if (rf_is_nan(x)) { return rf_load(0x7fc00000u); }
  if (x > 88.75) { return rf_load(0x7f800000u); }
  if (x < -87.5) { return 0.0; }
  let n = floor(rf_add(rf_mul(x, 1.44269504), 0.5));
  let r = rf_sub(rf_sub(x, rf_mul(n, 0.693359375)), rf_mul(n, -0.000212194440));
  var p = 0.00019875691500;
  p = rf_add(rf_mul(p, r), 0.0013981999507);
  p = rf_add(rf_mul(p, r), 0.0083334519073);
  p = rf_add(rf_mul(p, r), 0.041665795894);
  p = rf_add(rf_mul(p, r), 0.16666665459);
  p = rf_add(rf_mul(p, r), 0.50000001201);
  p = rf_add(rf_add(rf_mul(p, rf_mul(r, r)), r), 1.0);
  let k = i32(n);
  let half = k / 2;
  return rf_mul(rf_mul(p, rf_power_of_two(half)), rf_power_of_two(k - half));
}
fn rf_log(x: f32) -> f32 {
  let b = bitcast<u32>(rf_fix(x));
  if (b == 0u) { return rf_load(0xff800000u); }
  if (b == 0x7f800000u) { return rf_load(b); }
  if (b > 0x7f800000u) { return rf_load(0x7fc00000u); }
  let low = (b & 0x7fffffu) < 0x3504f3u;
  let e = f32(i32(b >> 23u) - select(126, 127, low));
  let m = rf_sub(bitcast<f32>((b & 0x7fffffu) | select(0x3f000000u, 0x3f800000u, low)), 1.0);
  let z = rf_mul(m, m);
  var p = 0.070376836292;
  p = rf_add(rf_mul(p, m), -0.11514610310);
  p = rf_add(rf_mul(p, m), 0.11676998740);
  p = rf_add(rf_mul(p, m), -0.12420140846);
  p = rf_add(rf_mul(p, m), 0.14249322787);
  p = rf_add(rf_mul(p, m), -0.16668057665);
  p = rf_add(rf_mul(p, m), 0.20000714765);
  p = rf_add(rf_mul(p, m), -0.24999993993);
  p = rf_add(rf_mul(p, m), 0.33333331174);
  p = rf_mul(rf_mul(p, m), z);
  p = rf_add(p, rf_mul(e, -0.000212194440));
  p = rf_add(p, rf_mul(z, -0.5));
  return rf_add(rf_add(m, p), rf_mul(e, 0.693359375));
}
fn rf_wave(x: f32, quarter: u32, sign: u32) -> f32 {
  let size = rf_abs(x);
  if (rf_is_nan(size) || size > 8192.0) { return rf_load(0x7fc00000u); }
  var octant = u32(rf_mul(size, 1.27323954));
  octant += octant & 1u;
  let n = f32(octant);
  let r = rf_sub(rf_sub(rf_sub(size, rf_mul(n, 0.78515625)), rf_mul(n, 0.00024187564849853515625)), rf_mul(n, 0.0000000377489497744594108));
  let turn = octant + quarter;
  let z = rf_mul(r, r);
  var y = 0.0;
  if ((turn & 2u) != 0u) {
    y = rf_add(rf_mul(0.00002443315711809948, z), -0.001388731625493765);
    y = rf_add(rf_mul(y, z), 0.04166664568298827);
    y = rf_add(rf_add(rf_mul(rf_mul(y, z), z), rf_mul(z, -0.5)), 1.0);
  } else {
    y = rf_add(rf_mul(-0.00019515295891, z), 0.0083321608736);
    y = rf_add(rf_mul(y, z), -0.16666654611);
    y = rf_add(rf_mul(rf_mul(y, z), r), r);
  }
  return rf_load(bitcast<u32>(y) ^ (((turn & 4u) << 29u) ^ sign));
}
fn rf_sin(x: f32) -> f32 { return rf_wave(x, 0u, bitcast<u32>(x) & 0x80000000u); }
fn rf_cos(x: f32) -> f32 { return rf_wave(x, 2u, 0u); }
`

/** WGSL that is appended to a program's source, by the name it asks for. */
export const PRELUDES: Record<WgslProgram['prelude'][number], string> = { 'reproducible-float': REPRODUCIBLE_FLOAT }
