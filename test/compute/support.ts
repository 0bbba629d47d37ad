import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ComputeInit, createCompute } from '../../src/compute/compute.ts'
import { silentLogger } from '../../src/log.ts'
import type { Compute, ComputeBlock, WgslProgram } from '../../src/ports.ts'

/** Shared by all test files, so that the driver is unpacked once on a machine. */
export const cacheDirectory = join(tmpdir(), 'minga-test-cache')

export const openCompute = (init: ComputeInit = {}): Promise<Compute> =>
  createCompute({ logger: silentLogger }, { adapter: 'software', cacheDirectory, ...init })

export const BINDINGS = `@group(0) @binding(0) var<storage, read> P: array<u32>;
@group(0) @binding(1) var<storage, read> I: array<u32>;
@group(0) @binding(2) var<storage, read_write> O: array<u32>;
`

/** A program of 64-wide workgroups around `body`, which sees `i`, the invocation's index. */
export function program(body: string, { invocations = 64, ...more }: Partial<WgslProgram> = {}): WgslProgram {
  const code = `${BINDINGS}
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) g: vec3u) {
  let i = g.x + P[12];
  if (i >= P[13]) { return; }
  ${body}
}`
  const defaults = { prelude: [], workgroupSize: 64, outputBytes: invocations * 4, exact: true, outputElement: 'u32' } as const
  return { code, invocations, ...defaults, ...more }
}

/** A block of `input` words and `parameters` after an empty header. */
export function block(input: ArrayLike<number> = [], parameters: ArrayLike<number> = []): ComputeBlock {
  const params = new Uint32Array(16 + parameters.length)
  params.set(parameters, 16)
  return { params, input: new Uint8Array(Uint32Array.from(input).buffer) }
}

/** The output's words. */
export const words = (output: Uint8Array): Uint32Array => new Uint32Array(new Uint8Array(output).buffer)

export const BUDGET = { budgetMs: 10_000 }

/** A kernel that never ends and that no compiler can prove to. */
export const ENDLESS = 'loop { O[i] = O[i] + 1u; if (P[0] == 1u) { break; } }'
