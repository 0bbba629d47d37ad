import type { JobDraft } from '../../../src/index.ts'
import { BINDINGS } from '../../compute/support.ts'

const WIDTH = 96
const HEIGHT = 64

/** A Job over 6,144 words; `rounds` says how hard each is worked on: 10,000 take a software adapter some ten milliseconds a block. */
export function slowJob({ name = 'slow', rounds = 100, macroJobs = 3, microJobs = 4 } = {}): JobDraft {
  const data = Uint32Array.from({ length: WIDTH * HEIGHT }, (_, i) => Math.imul(i, 2_654_435_761) >>> 0)
  return {
    name,
    code: `${BINDINGS}
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) g: vec3u) {
  let i = g.x + P[12];
  if (i >= P[13]) { return; }
  var x = I[i];
  for (var round = 0u; round < P[16]; round++) { x = x * 1664525u + 1013904223u + (x >> 15u); }
  O[i] = x;
}`,
    data: new Uint8Array(data.buffer),
    slicing: { width: WIDTH, height: HEIGHT, macroJobs, microJobs, blocks: 4 },
    params: [rounds],
  }
}

/** What its result must be, computed here, without blocks and shaders. */
export function slowResult({ data, params = [] }: JobDraft): Uint8Array {
  const words = new Uint32Array((data as Uint8Array).slice().buffer)
  const [rounds = 0] = params
  const result = words.map((word) => {
    let x = word
    for (let round = 0; round < rounds; round++) x = (Math.imul(x, 1_664_525) + 1_013_904_223 + (x >>> 15)) >>> 0
    return x
  })
  return new Uint8Array(result.buffer)
}
