// The volume of the six-dimensional unit ball by throwing points: how many of them, out of a cube, fall into the ball?
// Random numbers, squares and counts are all whole numbers, so every device throws the same points.
// Output: one invocation's hits. Its points come from a stream of random numbers of its own.

@group(0) @binding(0) var<storage, read> P: array<u32>;
@group(0) @binding(1) var<storage, read> I: array<u32>;
@group(0) @binding(2) var<storage, read_write> O: array<u32>;

// The Job's parameters.
const SEED = 16u;
const POINTS = 17u; // thrown by each invocation

const DIMENSIONS = 6u;
const RADIUS_SQUARED = 268435456u; // 2^28: the radius is 2^14, coordinates are the odd numbers below it

// PCG RXS M XS, 32 bits: a linear congruential step, and a permutation of its state for the output.
// M. E. O'Neill, "PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms for Random Number Generation", 2014
fn step(state: u32) -> u32 {
  return state * 747796405u + 2891336453u;
}

fn permute(state: u32) -> u32 {
  let word = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
  return (word >> 22u) ^ word;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let index = id.x + P[12];
  if (index >= P[13]) {
    return;
  }
  let points = P[POINTS];
  // P[4] is the number of the block's first element: no two invocations of the Job have the same start
  var state = permute(step(P[SEED] ^ permute(step(P[4] + index))));
  var hits = 0u;
  for (var i = 0u; i < points; i++) {
    var distance_squared = 0u;
    for (var axis = 0u; axis < DIMENSIONS; axis++) {
      state = step(state);
      // the middle of one of 2^13 cells: its lower edge would make the ball 0.07 % larger
      let coordinate = ((permute(state) >> 19u) << 1u) | 1u;
      distance_squared += coordinate * coordinate;
    }
    hits += select(0u, 1u, distance_squared < RADIUS_SQUARED);
  }
  O[index] = hits;
}
