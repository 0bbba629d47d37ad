// A ray-traced scene in reproducible 32-bit floats: every rf_ operation gives the same bits on every device.
// Spheres stand on an endless chequered floor under an evening sky; light is reflected up to four times and casts soft shadows.
// Output: one RGBA pixel an invocation, 8 bits a channel, red in the lowest byte.

@group(0) @binding(0) var<storage, read> P: array<u32>;
@group(0) @binding(1) var<storage, read> I: array<u32>;
@group(0) @binding(2) var<storage, read_write> O: array<u32>;

// The Job's parameters. Floats are given by their bits.
const SAMPLES = 16u; // along each axis of a pixel
const SPHERES = 17u;
const EYE = 18u;     // where the camera stands
const FORWARD = 21u; // where it looks,
const RIGHT = 24u;   // and half a picture to the right,
const UP = 27u;      // and up, at the distance of `forward`
const SUN = 30u;     // unit vector toward the sun
const FIRST_SPHERE = 33u; // centre, radius, colour, mirror: 8 words each

const FAR = 1e9;
const NOTHING = -1;
const FLOOR = -2;

fn number(at: u32) -> f32 {
  return rf_load(P[at]);
}

fn vector(at: u32) -> vec3f {
  return vec3f(number(at), number(at + 1u), number(at + 2u));
}

fn add(a: vec3f, b: vec3f) -> vec3f {
  return vec3f(rf_add(a.x, b.x), rf_add(a.y, b.y), rf_add(a.z, b.z));
}

fn subtract(a: vec3f, b: vec3f) -> vec3f {
  return vec3f(rf_sub(a.x, b.x), rf_sub(a.y, b.y), rf_sub(a.z, b.z));
}

fn multiply(a: vec3f, b: vec3f) -> vec3f {
  return vec3f(rf_mul(a.x, b.x), rf_mul(a.y, b.y), rf_mul(a.z, b.z));
}

fn scale(a: vec3f, by: f32) -> vec3f {
  return vec3f(rf_mul(a.x, by), rf_mul(a.y, by), rf_mul(a.z, by));
}

fn inner(a: vec3f, b: vec3f) -> f32 {
  return rf_add(rf_add(rf_mul(a.x, b.x), rf_mul(a.y, b.y)), rf_mul(a.z, b.z));
}

fn unit(a: vec3f) -> vec3f {
  return scale(a, rf_inverse_sqrt(inner(a, a)));
}

// a where t is 0, b where t is 1
fn blend(a: vec3f, b: vec3f, t: f32) -> vec3f {
  return add(a, scale(subtract(b, a), t));
}

// Of the angle between two vectors of about unit length, from 0 to 1: a little more than 1 would be vast when raised to a power.
fn cosine(a: vec3f, b: vec3f) -> f32 {
  return rf_min(rf_max(inner(a, b), 0.0), 1.0);
}

// x to the power 2^squarings
fn power(x: f32, squarings: u32) -> f32 {
  var y = x;
  for (var i = 0u; i < squarings; i++) {
    y = rf_mul(y, y);
  }
  return y;
}

// The distance at which a ray enters a sphere, FAR where it does not.
fn meet(origin: vec3f, direction: vec3f, centre: vec3f, radius: f32) -> f32 {
  let offset = subtract(origin, centre);
  let half = inner(offset, direction);
  let rest = rf_sub(inner(offset, offset), rf_mul(radius, radius));
  let discriminant = rf_sub(rf_mul(half, half), rest);
  var distance = FAR;
  if (discriminant > 0.0 && half < 0.0) {
    let near = rf_sub(rf_neg(half), rf_sqrt(discriminant));
    distance = select(FAR, near, near > 0.0);
  }
  return distance;
}

struct Hit {
  distance: f32,
  what: i32, // NOTHING, FLOOR, or the number of a sphere
}

fn nearest(origin: vec3f, direction: vec3f) -> Hit {
  var hit = Hit(FAR, NOTHING);
  if (direction.y < -0.0001) {
    hit = Hit(rf_neg(rf_div(origin.y, direction.y)), FLOOR);
  }
  for (var i = 0u; i < P[SPHERES]; i++) {
    let at = FIRST_SPHERE + 8u * i;
    let distance = meet(origin, direction, vector(at), number(at + 3u));
    if (distance < hit.distance) {
      hit = Hit(distance, i32(i));
    }
  }
  return hit;
}

fn in_shadow(origin: vec3f, direction: vec3f) -> bool {
  var shadow = false;
  for (var i = 0u; i < P[SPHERES]; i++) {
    let at = FIRST_SPHERE + 8u * i;
    shadow = shadow || meet(origin, direction, vector(at), number(at + 3u)) < FAR;
  }
  return shadow;
}

const HORIZON = vec3f(0.95, 0.42, 0.17);
const DUSK = vec3f(0.36, 0.18, 0.30);
const ZENITH = vec3f(0.015, 0.04, 0.16);
const SUNLIGHT = vec3f(1.9, 1.35, 0.95);

fn sky(direction: vec3f) -> vec3f {
  let height = rf_max(direction.y, 0.0);
  let low = rf_min(rf_mul(height, 4.0), 1.0);
  let high = rf_min(rf_mul(height, 1.4), 1.0);
  let air = blend(blend(HORIZON, DUSK, low), ZENITH, rf_mul(high, rf_sub(2.0, high)));
  let toward = cosine(direction, vector(SUN));
  let glow = rf_add(rf_mul(power(toward, 4u), 0.5), rf_mul(power(toward, 11u), 6.0));
  return add(air, scale(vec3f(1.0, 0.72, 0.42), glow));
}

// The light that comes back along a ray.
fn trace(eye: vec3f, towards: vec3f, sun: vec3f) -> vec3f {
  var origin = eye;
  var direction = towards;
  var share = vec3f(1.0, 1.0, 1.0);
  var light = vec3f(0.0, 0.0, 0.0);
  for (var bounce = 0; bounce < 4; bounce++) {
    let hit = nearest(origin, direction);
    if (hit.what == NOTHING) {
      light = add(light, multiply(share, sky(direction)));
      break;
    }
    let point = add(origin, scale(direction, hit.distance));
    var normal = vec3f(0.0, 1.0, 0.0);
    var colour = vec3f(0.0, 0.0, 0.0);
    var mirror = 0.1;
    if (hit.what == FLOOR) {
      let odd = ((i32(floor(point.x)) + i32(floor(point.z))) & 1) == 1;
      colour = select(vec3f(0.62, 0.58, 0.55), vec3f(0.07, 0.06, 0.08), odd);
      // the floor fades into the sky behind it
      let haze = rf_min(rf_mul(rf_mul(hit.distance, hit.distance), 0.0007), 1.0);
      light = add(light, scale(multiply(share, sky(direction)), haze));
      share = scale(share, rf_sub(1.0, haze));
    } else {
      let at = FIRST_SPHERE + 8u * u32(hit.what);
      normal = unit(subtract(point, vector(at)));
      colour = vector(at + 4u);
      mirror = number(at + 7u);
    }
    let outside = add(point, scale(normal, 0.001));
    let facing = rf_neg(inner(direction, normal));
    let reflected = add(direction, scale(normal, rf_mul(2.0, facing)));
    var received = scale(vec3f(0.42, 0.40, 0.52), rf_add(0.6, rf_mul(0.4, normal.y)));
    let slope = inner(normal, sun);
    if (slope > 0.0 && !in_shadow(outside, sun)) {
      received = add(received, scale(SUNLIGHT, slope));
      let shine = power(cosine(reflected, sun), 6u);
      light = add(light, scale(multiply(share, SUNLIGHT), rf_mul(shine, 0.6)));
    }
    // Schlick's approximation: what is seen at a flat angle reflects all
    let flat_ = rf_sub(1.0, rf_min(rf_max(facing, 0.0), 1.0));
    let reflects = rf_add(mirror, rf_mul(rf_sub(1.0, mirror), rf_mul(power(flat_, 2u), flat_)));
    light = add(light, scale(multiply(share, multiply(colour, received)), rf_sub(1.0, reflects)));
    share = scale(share, reflects);
    origin = outside;
    direction = reflected;
  }
  return light;
}

// x / (x + 0.9) · 1.45 lets bright light fade into white, and the square root for the display
fn tone(x: f32) -> u32 {
  let level = rf_min(rf_mul(rf_div(x, rf_add(x, 0.9)), 1.45), 1.0);
  return u32(rf_to_i32(rf_add(rf_mul(rf_sqrt(level), 255.0), 0.5)));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let index = id.x + P[12];
  if (index >= P[13]) {
    return;
  }
  let samples = P[SAMPLES];
  let columns = i32(P[6] * samples);
  let lines = i32(P[7] * samples);
  var sum = vec3f(0.0, 0.0, 0.0);
  for (var s = 0u; s < samples * samples; s++) {
    let i = i32(s % samples);
    let j = i32(s / samples);
    let column = 2 * (i32((P[4] + index % P[1]) * samples) + i) + 1 - columns;
    let line = lines - 2 * (i32((P[5] + index / P[1]) * samples) + j) - 1;
    let across = scale(vector(RIGHT), rf_div(rf_from_i32(column), rf_from_i32(columns)));
    let upward = scale(vector(UP), rf_div(rf_from_i32(line), rf_from_i32(lines)));
    // each sample sees the sun a little elsewhere, which makes shadows soft
    let n = i32(samples);
    let wander = vec3f(rf_mul(rf_from_i32(2 * i + 1 - n), 0.012), rf_mul(rf_from_i32(2 * j + 1 - n), 0.012), 0.0);
    let sun = unit(add(vector(SUN), wander));
    sum = add(sum, trace(vector(EYE), unit(add(vector(FORWARD), add(across, upward))), sun));
  }
  let mean = scale(sum, rf_div(1.0, rf_from_i32(i32(samples * samples))));
  O[index] = tone(mean.r) | (tone(mean.g) << 8u) | (tone(mean.b) << 16u) | 0xff000000u;
}
