import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { P, packParams } from '../../src/job/abi.ts'
import type { Compute, WgslProgram } from '../../src/ports.ts'
import { BINDINGS, BUDGET, block, ENDLESS, openCompute, program, words } from './support.ts'

let compute: Compute

before(async () => {
  compute = await openCompute()
})
after(() => compute.stop())

async function wordsOf(shape: Parameters<Compute['run']>[0], input = block()): Promise<number[]> {
  const [result] = await compute.run(shape, [input], BUDGET)
  return [...words(result!.output)]
}

describe('the calling convention', () => {
  test('an invocation sees its index, the parameters and the input; the output comes back with its hash', async () => {
    const [result] = await compute.run(program('O[i] = I[i] * P[16] + i;'), [block(Array(64).fill(5), [7])], BUDGET)
    const expected = Uint32Array.from({ length: 64 }, (_, index) => 35 + index)
    assert.deepEqual(words(result!.output), expected)
    const hash = createHash('sha256').update(new Uint8Array(expected.buffer)).digest()
    assert.deepEqual(Buffer.from(result!.hash), hash)
    assert.ok(result!.deviceMs > 0)
  })

  test('the header is the caller’s, but for the words that the child writes', async () => {
    const params = packParams({ blockWidth: 11, x: 44, inputHeight: 55 }, [99])
    for (const word of [P.zero, P.firstInvocation, P.invocations]) params[word] = 1234
    const found = await wordsOf(program('if (i < 17u) { O[i] = P[i]; }'), { params, input: new Uint8Array(0) })
    assert.deepEqual(found.slice(0, 17), [0, 11, 0, 0, 44, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 55, 99])
  })

  test('invocations beyond the number asked for do not write', async () => {
    assert.deepEqual((await wordsOf(program('O[i] = 1u;', { invocations: 65, outputBytes: 512 }))).lastIndexOf(1), 64)
  })

  test('an empty input is one zero word', async () => {
    assert.deepEqual((await wordsOf(program('O[i] = arrayLength(&I) + I[0];')))[3], 1)
  })

  test('the bindings have the size of the block, not of a buffer used again', async () => {
    await wordsOf(program('O[i] = I[i];', { outputBytes: 40_000 }), block(Array(9000).fill(0xdead)))
    const lengths = 'O[0] = arrayLength(&P); O[1] = arrayLength(&I); O[2] = arrayLength(&O);'
    assert.deepEqual((await wordsOf(program(lengths, { invocations: 3 }), block([1, 2], [3]))).slice(0, 3), [17, 2, 3])
  })

  test('a binding may stay unused, and the output is atomic where the program says so', async () => {
    const code = `@group(0) @binding(2) var<storage, read_write> O: array<atomic<u32>>;
      @compute @workgroup_size(32, 1) fn main() { atomicAdd(&O[0], 1u); }`
    const shape = program('', { code, workgroupSize: 32, invocations: 320, outputBytes: 4 })
    assert.deepEqual(await wordsOf(shape), [320])
  })

  test('the output is zero at the start of each block, whatever the block before left', async () => {
    const shape = program('if (I[0] == 1u) { O[i] = 0xffffffffu; }')
    const results = await compute.run(shape, [block([1]), block([0]), block([1]), block([0])], BUDGET)
    assert.deepEqual(
      results.map(({ output }) => words(output)[63]),
      [0xffffffff, 0, 0xffffffff, 0],
    )
  })

  test('reading out of bounds gives zeros or the block’s own data', async () => {
    const secret = 0x5ec7e700
    await wordsOf(program('O[i] = I[i];', { outputBytes: 256 * 1024 }), block(Array(65536).fill(secret)))
    const reads = 'O[i] = I[1000u + i * 97u] | P[40u + i * 131u] | O[2000u + i * 17u];'
    const found = await wordsOf(program(reads), block([1, 2, 3, 4]))
    assert.ok(found.every((word) => word <= 64))
  })

  test('results of f32 have one NaN and no minus zero, those of u32 stay as they are', async () => {
    const input = block([0x7fc00000, 0xffc00001, 0x7f800001, 0x80000000, 0xff800000, 0x3f800000, 1])
    const copy = (outputElement: 'f32' | 'u32') => wordsOf(program('O[i] = I[i];', { invocations: 7, outputElement }), input)
    const nan = 0x7fc00000
    assert.deepEqual(await copy('f32'), [nan, nan, nan, 0, 0xff800000, 0x3f800000, 1])
    assert.deepEqual(await copy('u32'), [...words(input.input)])
  })
})

describe('a block in many dispatches has the result of one dispatch', () => {
  const shadow = `@group(0) @binding(2) var<storage, read_write> O: array<u32>; var<private> P: array<u32, 13>;
    @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
      let i = id.x + P /* of another
        make */ [12u]; O[i] = i + P[I_AM]; } const I_AM = 12;`
  const workgroups = `${BINDINGS} struct In { @builtin(workgroup_id) w: vec3u, @builtin(local_invocation_index) l: u32 }
    @compute @workgroup_size(64) fn main(in: In) { let i = in.w.x * 64u + in.l + P[12]; if (i < P[13]) { O[i] = in.w.x + P[12] / 64u; } }`
  const bodies: [name: string, shape: WgslProgram][] = [
    [
      'where all is as it should be',
      program('var s = i * 747796405u + P[16]; for (var k = 0u; k < 50u; k++) { s = s * 747796405u; } O[i] = s ^ I[i % 64u];'),
    ],
    [
      'where parameters are read at an index that nobody foresees',
      program('let at = I[i % 64u] % 17u; let all = &P; O[i] = P[at] * 3u + (*all)[at];'),
    ],
    ['where P is something else', program('', { code: shadow })],
    ['where workgroups are counted', program('', { code: workgroups })],
  ]
  for (const [name, shape] of bodies) {
    test(name, async () => {
      const blocks = [block([...Array(64).keys()], [1]), block([...Array(64).keys()], [2])]
      const invocations = shape.code === shadow ? 20_032 : 20_011
      const sliced = await openCompute({ sliceTargetMs: 0 })
      try {
        const run = (one: Compute) => one.run({ ...shape, invocations, outputBytes: invocations * 4 }, blocks, BUDGET)
        const [whole, parts] = await Promise.all([compute, sliced].map(run))
        assert.deepEqual(
          parts!.map(({ hash }) => hash),
          whole!.map(({ hash }) => hash),
        )
      } finally {
        await sliced.stop()
      }
    })
  }
})

test('a block is cut into as many dispatches as are asked for', async () => {
  // The first workgroup takes its time: only in a later dispatch is its word sure to be found.
  const slow = 'var s = i; for (var k = 0u; k < 2000000u; k++) { s = s * 747796405u + P[1]; } O[i] = s | 1u;'
  const shape = program(`if (i < 64u) { ${slow} } else { O[i] = O[0]; }`, { invocations: 1024 })
  const [result] = await compute.run(shape, [block()], { ...BUDGET, leastDispatches: 16 })
  const found = words(result!.output)
  assert.ok(found.subarray(64).every((word) => word === found[0]))
})

test('payloads too large for a message arrive whole', async () => {
  const count = 3 * 2 ** 18
  const input = Uint32Array.from({ length: count }, (_, index) => (index * 2654435761) >>> 0)
  const results = await compute.run(program('O[i] = ~I[i];', { invocations: count }), [block(input), block(input)], BUDGET)
  for (const { output } of results) assert.ok(words(output).every((word, index) => word === ~input[index]! >>> 0))
})

test('results come in order, each told as it completes', async () => {
  const told: number[] = []
  const blocks = Array.from({ length: 40 }, (_, index) => block([index]))
  const onBlock = (index: number) => told.push(index)
  const results = await compute.run(program('O[i] = I[0];'), blocks, { ...BUDGET, onBlock })
  assert.deepEqual(told, [...blocks.keys()])
  assert.deepEqual(
    results.map(({ output }) => words(output)[0]),
    told,
  )
})

test('two runs take turns: the short one does not wait for the long one', async () => {
  const order: string[] = []
  const start = (name: string, count: number) =>
    compute.run(program('O[i] = i;'), Array(count).fill(block()), { ...BUDGET, onBlock: () => order.push(name) })
  await Promise.all([start('long', 60), start('short', 4)])
  assert.ok(order.lastIndexOf('short') < 20, order.join(' '))
})

describe('an abort', () => {
  test('before the start is the reason of the refusal', async () => {
    const reason = new Error('gone')
    await assert.rejects(compute.run(program('O[i] = i;'), [block()], { ...BUDGET, signal: AbortSignal.abort(reason) }), reason)
  })

  test('in the middle ends the run at once, and the next one works', async () => {
    const gone = new AbortController()
    const running = compute.run(program(ENDLESS), [block(), block()], { ...BUDGET, signal: gone.signal })
    // queued behind: shows that the child is rid of the aborted block
    const next = wordsOf(program('O[i] = 6u;'))
    gone.abort(new Error('gone'))
    await assert.rejects(running, /gone/)
    assert.equal((await next)[0], 6)
  })
})

test('the report names the device and its fingerprint', async () => {
  const [report, again] = await Promise.all([compute.device(), compute.device()])
  assert.deepEqual(report, again)
  assert.equal(report.kind, 'software')
  assert.match(report.fingerprint, /^[0-9a-f]{32}$/)
  assert.ok(report.limits.maxWorkgroupSize >= 128)
})

test('no program at all: what every invocation of BINDINGS alone gives is an error, not zeros', async () => {
  await assert.rejects(compute.run(program('', { code: BINDINGS }), [block()], BUDGET), { name: 'ShaderCompileError' })
})
