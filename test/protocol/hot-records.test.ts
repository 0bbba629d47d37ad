import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { commitRecord, type JobRecord, MAX_ATTEMPTS, nonceRecord, recordSchema, revealRecord } from '../../src/job/records.ts'
import { MAX_MACRO_JOBS, MAX_MICRO_JOBS } from '../../src/job/slicing.ts'
import { decodeCbor, encodeCbor } from '../../src/protocol/codec.ts'
import { readHotRecord } from '../../src/protocol/hot-records.ts'

const LIMITS = { maxBytes: 160 * 1024, maxDepth: 8, allowFloats: true }

/** What decoder and schema say, without the short way. */
function arbiter(bytes: Uint8Array): JobRecord | undefined {
  try {
    return recordSchema.safeParse(decodeCbor(bytes, LIMITS)).data
  } catch {
    return undefined
  }
}

/** Mostly good, now and then just beyond a bound. */
const number = (max: number) => fc.oneof(fc.integer({ min: 0, max }), fc.constantFrom(0, 23, 24, 255, 256, max, max + 1, -1, 65_536, 0.5))
const bytes = fc.oneof(
  { arbitrary: fc.uint8Array({ minLength: 32, maxLength: 32 }), weight: 12 },
  { arbitrary: fc.uint8Array({ maxLength: 40 }), weight: 1 },
)
const macro = number(MAX_MACRO_JOBS - 1)
const micro = number(MAX_MICRO_JOBS)
const attempt = number(MAX_ATTEMPTS - 1)
const text = fc.oneof(
  fc.string({ minLength: 18, maxLength: 130 }),
  fc.string({ unit: 'grapheme', minLength: 18, maxLength: 60 }),
  fc.constant(`bafk${'a'.repeat(55)}`),
)
const wallet = fc.oneof(
  fc.stringMatching(/^0x[0-9a-fA-F]{40}$/),
  fc.constantFrom(`0x${'g'.repeat(40)}`, `0x${'1'.repeat(39)}`, `0x${'1'.repeat(40)}\n`),
)
const records = fc.oneof(
  fc.record({ kind: fc.constant('commit'), macro, micro, attempt, commit: bytes, chainHead: bytes, root: fc.option(bytes) }),
  fc.record({ kind: fc.constant('nonce'), chunk: macro, attempt, root: bytes, nonce: bytes }),
  fc.record({
    kind: fc.constant('reveal'),
    macro,
    micro,
    attempt,
    blockHashes: fc.array(bytes, { maxLength: 30 }),
    salt: bytes,
    cid: text,
    verdicts: fc.option(fc.array(fc.boolean(), { maxLength: 30 })),
    wallet,
    checksum: bytes,
  }),
)

function assertSame(encoded: Uint8Array): JobRecord | undefined {
  const hot = readHotRecord(encoded)
  if (hot !== undefined) assert.deepEqual(hot, arbiter(encoded))
  return hot
}

describe('records read straight from their bytes', () => {
  it('are those of the schema, and what is refused there is never read', () => {
    fc.assert(
      fc.property(records, (record) => void assertSame(encodeCbor(record, LIMITS))),
      { numRuns: 2000 },
    )
  })

  it('and no change of a byte, cut or addition passes that the schema refuses', () => {
    const change = fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom('set', 'cut', 'insert', 'append'))
    fc.assert(
      fc.property(records, fc.array(change, { minLength: 1, maxLength: 3 }), (record, changes) => {
        let encoded = [...encodeCbor(record, LIMITS)]
        for (const [where, byte, how] of changes) {
          const at = where % (encoded.length + 1)
          if (how === 'set') encoded[at % encoded.length] = byte
          else if (how === 'insert') encoded.splice(at, 0, byte)
          else if (how === 'append') encoded.push(byte)
          else encoded = encoded.slice(0, at || 1)
        }
        assertSame(Uint8Array.from(encoded))
      }),
      { numRuns: 5000 },
    )
  })

  it('are read so at all, from a Buffer too, and share no memory with it', () => {
    const hash = new Uint8Array(32).fill(7)
    const commit = { kind: 'commit', macro: 300, micro: 24, attempt: 1, commit: hash, chainHead: hash, challenge: null }
    const nonce = { kind: 'nonce', chunk: 0, attempt: 15, root: hash, nonce: hash }
    const reveal = {
      ...{ kind: 'reveal', macro: 1, micro: 2, attempt: 0, blockHashes: Array.from({ length: 300 }, () => hash), salt: hash },
      ...{ cid: `bafk${'a'.repeat(55)}`, verdicts: [true, false], wallet: `0x${'aB'.repeat(20)}`, checksum: hash },
    }
    for (const record of [commit, nonce, reveal]) {
      const encoded = Buffer.from(encodeCbor(record, LIMITS))
      const hot = readHotRecord(encoded)
      encoded.fill(0)
      assert.deepEqual(hot, record)
    }
    // Where a schema gets a field the short way is closed, and this test says so.
    assert.deepEqual(
      [commitRecord, nonceRecord, revealRecord].map(({ shape }) => Object.keys(shape).length),
      [8, 5, 10],
    )
  })
})
