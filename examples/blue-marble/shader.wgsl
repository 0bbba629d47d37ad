// A relief map out of a photograph: the picture's brightness is taken as a landscape, lit from the north-west, and its tones are opened.
// Whole numbers only, so every device gives the same bits. Input and output: RGBA, 8 bits a channel, red in the lowest byte.

@group(0) @binding(0) var<storage, read> P: array<u32>;
@group(0) @binding(1) var<storage, read> I: array<u32>;
@group(0) @binding(2) var<storage, read_write> O: array<u32>;

// The Job's parameters.
const REACH = 16u;  // distance of the 5 × 5 taps from each other; a block needs an overlap of twice that
const RELIEF = 17u; // strength of the light, in 1/256
const DETAIL = 18u; // strength of the sharpening, in 1/256

fn pixel_at(x: i32, y: i32) -> u32 {
  let overlap = i32(P[3]);
  return I[u32(y + overlap) * P[14] + u32(x + overlap)];
}

fn channels(pixel: u32) -> vec3i {
  return vec3i(i32(pixel & 0xffu), i32((pixel >> 8u) & 0xffu), i32((pixel >> 16u) & 0xffu));
}

fn brightness(colour: vec3i) -> i32 {
  return (54 * colour.r + 183 * colour.g + 19 * colour.b) >> 8u;
}

// Slope of the brightness to the east and to the south, and its mean, over 5 × 5 taps: binomial weights and their derivative.
fn landscape(x: i32, y: i32) -> vec3i {
  let reach = i32(P[REACH]);
  var sum = vec3i();
  for (var j = -2; j <= 2; j++) {
    let row = vec2i(binomial(j), slope(j));
    for (var i = -2; i <= 2; i++) {
      let height = brightness(channels(pixel_at(x + i * reach, y + j * reach)));
      sum += height * vec3i(slope(i) * row.x, binomial(i) * row.y, binomial(i) * row.x);
    }
  }
  return vec3i(sum.xy, sum.z >> 8u);
}

// 1 4 6 4 1
fn binomial(i: i32) -> i32 {
  return select(select(1, 4, abs(i) == 1), 6, i == 0);
}

// −1 −2 0 2 1
fn slope(i: i32) -> i32 {
  return select(i / 2, i * 2, abs(i) == 1);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let index = id.x + P[12];
  if (index >= P[13]) {
    return;
  }
  let x = i32(index % P[1]);
  let y = i32(index / P[1]);
  let colour = channels(pixel_at(x, y));
  let level = brightness(colour);
  let land = landscape(x, y);
  let light = clamp(((land.x + land.y) * i32(P[RELIEF])) >> 8u, -70, 90);
  let sharp = ((level - land.z) * i32(P[DETAIL])) >> 8u;
  let opened = colour + ((colour * (255 - colour) * 3) >> vec3u(10u)); // shadows brighter, white stays white
  let vivid = level + (((opened - level) * 5) >> vec3u(2u));           // away from grey
  let result = vec3u(clamp(vivid + light + sharp, vec3i(0), vec3i(255)));
  O[index] = result.r | (result.g << 8u) | (result.b << 16u) | 0xff000000u;
}
