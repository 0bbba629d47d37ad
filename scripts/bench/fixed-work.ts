import type { JobDraft } from '../../src/job/draft.ts'

/** Invocations of a block: four workgroups, so that a device of few cores is kept busy. */
const INVOCATIONS = 256

/** A Job without input whose blocks all cost the same: each invocation steps a linear congruential generator `steps` times. */
export interface FixedWork {
  macroJobs: number
  microJobs: number
  blocks: number
  steps: number
}

const CODE = `@group(0) @binding(0) var<storage, read> P: array<u32>;
@group(0) @binding(1) var<storage, read> I: array<u32>;
@group(0) @binding(2) var<storage, read_write> O: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let index = id.x + P[12];
  if (index >= P[13]) {
    return;
  }
  var state = P[4] + index;
  for (var i = 0u; i < P[16]; i++) {
    state = state * 747796405u + 2891336453u;
  }
  O[index] = state;
}
`

export function fixedWorkDraft({ macroJobs, microJobs, blocks, steps }: FixedWork): JobDraft {
  return {
    name: 'fixed work',
    code: CODE,
    slicing: { layout: 'sequence', macroJobs, microJobs, blocks, blockElements: INVOCATIONS },
    params: [steps],
    program: { invocations: INVOCATIONS },
  }
}
