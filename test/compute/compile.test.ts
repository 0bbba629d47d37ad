import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { ShaderCompileError } from '../../src/compute/errors.ts'
import type { Compute, WgslProgram } from '../../src/ports.ts'
import { BINDINGS, BUDGET, block, openCompute, program } from './support.ts'

let compute: Compute

before(async () => {
  compute = await openCompute()
})
after(() => compute.stop())

const errorsOf = async (shape: WgslProgram) => (await compute.check(shape)).filter(({ severity }) => severity === 'error')

test('a correct program has no findings', async () => {
  assert.deepEqual(await compute.check(program('O[i] = i;')), [])
})

describe('an error is at the author’s line and column', () => {
  const code = `${BINDINGS}@compute @workgroup_size(64) fn main() {\n    O[0] = nothing;\n}`

  test('as check reports it', async () => {
    const [error] = await errorsOf(program('', { code }))
    assert.deepEqual([error!.line, error!.column], [5, 12])
    assert.match(error!.message, /nothing/)
  })

  test('with the prelude behind', async () => {
    const [error] = await errorsOf(program('', { code, prelude: ['reproducible-float'] }))
    assert.deepEqual([error!.line, error!.column], [5, 12])
  })

  test('as run throws it', async () => {
    const failed = (error: unknown) =>
      error instanceof ShaderCompileError && error.diagnostics[0]!.line === 5 && error.message.includes('5:12')
    await assert.rejects(compute.run(program('', { code }), [block()], BUDGET), failed)
  })

  test('or nowhere, where the source runs into the prelude', async () => {
    const [error] = await errorsOf(program('', { code: `${program('').code} fn rf_add() {}`, prelude: ['reproducible-float'] }))
    assert.equal(error!.line, 0)
    assert.match(error!.message, /rf_add/)
  })
})

describe('refused', () => {
  const refusals: [name: string, code: string][] = [
    [
      'a binding outside the convention',
      `@group(0) @binding(3) var<storage, read_write> X: array<u32>; ${BINDINGS} @compute @workgroup_size(64) fn main() { X[0] = 1u; }`,
    ],
    [
      'a writable parameter block',
      `@group(0) @binding(0) var<storage, read_write> P: array<u32>; @compute @workgroup_size(64) fn main() { P[0] = 1u; }`,
    ],
    ['a texture', `@group(0) @binding(0) var t: texture_2d<f32>; @compute @workgroup_size(64) fn main() { _ = textureDimensions(t); }`],
    ['an extension', `enable f16; ${BINDINGS} @compute @workgroup_size(64) fn main() { }`],
    ['a fragment shader', `@fragment fn main() { }`],
    ['another workgroup size', `${BINDINGS} @compute @workgroup_size(32) fn main() { }`],
    ['a second dimension', `${BINDINGS} @compute @workgroup_size(64, 2) fn main() { }`],
    ['a workgroup size by name', `const N = 64; @compute @workgroup_size(N) fn main() { }`],
    ['a NUL', `${program('O[i] = 1u;').code}\0`],
    ['a lone surrogate', `// \ud800\n@compute @workgroup_size(64) fn main() { let \ud800 = 1; }`],
    ['a comment without end', `${program('O[i] = 1u;').code} /*`],
  ]
  for (const [name, code] of refusals) {
    test(name, async () => {
      const shape = program('', { code })
      assert.notDeepEqual(await errorsOf(shape), [])
      await assert.rejects(compute.run(shape, [block()], BUDGET), { name: 'ShaderCompileError' })
    })
  }
})

test('a source above 64 KiB is refused unread', async () => {
  const code = `${program('O[i] = i;').code}\n//${' '.repeat(64 * 1024)}`
  await assert.rejects(compute.check(program('', { code })), {
    name: 'ShaderTooLargeError',
    maxBytes: 65536,
    bytes: Buffer.byteLength(code),
  })
})

test('mangled programs are refused or compile; the child outlives them', async () => {
  const seed = program('var s = I[0]; for (var k = 0u; k < 3u; k++) { s += atomicLoad(&w) ^ (k << 3u); } O[i] = s;').code
  const mangled = fc
    .array(
      fc.tuple(fc.nat(seed.length), fc.nat(30), fc.constantFrom('', '(', '}', '<', 'u32', '-1', '@', '0x', ';', 'array<', '\u0000', '/*')),
      { maxLength: 4 },
    )
    .map((edits) => edits.reduce((code, [at, drop, put]) => code.slice(0, at) + put + code.slice(at + drop), seed))
  await fc.assert(
    fc.asyncProperty(mangled, async (code) => {
      await compute.check(program('', { code }))
    }),
    { numRuns: 150 },
  )
})

test('after many programs the oldest compiles again', async () => {
  const small = await openCompute({ maxPipelines: 2 })
  try {
    for (const value of [1, 2, 3, 4, 1, 3]) {
      const [result] = await small.run(program(`O[i] = ${value}u;`), [block()], BUDGET)
      assert.equal(result!.output[0], value)
    }
  } finally {
    await small.stop()
  }
})
