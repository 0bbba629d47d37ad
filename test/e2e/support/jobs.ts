import type { JobDraft } from '../../../src/job/draft.ts'

/** Each element depends on where it lies, on a parameter and, where there is data, on the data: no two blocks are alike. */
const FROM_NUMBERS = `
@group(0) @binding(0) var<storage, read> P: array<u32>;
@group(0) @binding(1) var<storage, read> I: array<u32>;
@group(0) @binding(2) var<storage, read_write> O: array<u32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  let index = id.x + P[12];
  if (index >= P[13]) { return; }
  O[index] = (P[11] * P[13] + index) * P[16] + 7u;
}`

const ELEMENTS = 16
const FACTOR = 2_654_435_761

export interface Shape {
  macroJobs: number
  microJobs: number
  blocks: number
}

/** A Job that computes numbers from its parameters, and what must come out of it. */
export function numbersJob(shape: Shape, draft: Partial<JobDraft> = {}): { draft: JobDraft; expected: Uint8Array } {
  const words = new Uint32Array(shape.macroJobs * shape.microJobs * shape.blocks * ELEMENTS)
  for (const index of words.keys()) words[index] = Math.imul(index, FACTOR) + 7
  return {
    draft: {
      name: 'numbers',
      code: FROM_NUMBERS,
      slicing: { layout: 'sequence', ...shape, blockElements: ELEMENTS },
      params: [FACTOR],
      ...draft,
    },
    expected: new Uint8Array(words.buffer),
  }
}

const FLOATS = FROM_NUMBERS.replace(/O\[index\] = .*/, 'O[index] = bitcast<u32>(sqrt(f32(P[11] * P[13] + index)) + 1.0);')

/** A Job of plain floats, which devices compute alike only nearly, and what comes out where nothing is rounded. */
export function floatsJob(shape: Shape, draft: Partial<JobDraft>): { draft: JobDraft; expected: Float64Array } {
  const elements = shape.macroJobs * shape.microJobs * shape.blocks * ELEMENTS
  const slicing = { layout: 'sequence', ...shape, blockElements: ELEMENTS } as const
  return {
    draft: { name: 'floats', code: FLOATS, slicing, program: { outputElement: 'f32' }, ...draft },
    expected: Float64Array.from({ length: elements }, (_, index) => Math.sqrt(index) + 1),
  }
}

const FROM_DATA = FROM_NUMBERS.replace(/O\[index\] = .*/, 'O[index] = I[index] * P[16];')

/** A Job that multiplies each word of its data; `width` × `height` of them. */
export function dataJob(
  width: number,
  height: number,
  draft: Partial<JobDraft> = {},
): { draft: JobDraft; data: Uint8Array; expected: Uint8Array } {
  const words = new Uint32Array(width * height)
  for (const index of words.keys()) words[index] = Math.imul(index, 40_503) + 11
  const expected = words.map((word) => Math.imul(word, FACTOR))
  const data = new Uint8Array(words.buffer)
  const slicing = { width, height, macroJobs: 2, microJobs: 4, blocks: 4, input: {} }
  return {
    draft: { name: 'data', code: FROM_DATA, data, slicing, params: [FACTOR], presentation: { kind: 'bytes' }, ...draft },
    data,
    expected: new Uint8Array(expected.buffer),
  }
}

/** The job file of such a Job, its code in `codeFile`, its data in `dataFile`. */
export function jobFileOf({ code: _, data: _data, ...rest }: JobDraft, codeFile: string, dataFile?: string): string {
  return JSON.stringify({ ...rest, code: codeFile, ...(dataFile !== undefined && { data: { file: dataFile } }) })
}
