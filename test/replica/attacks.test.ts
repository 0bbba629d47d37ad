import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import * as Y from 'yjs'
import { systemClock } from '../../src/clock.ts'
import { silentLogger } from '../../src/log.ts'
import { sealEnvelope } from '../../src/replica/envelope.ts'
import { EnvelopeRefusedError } from '../../src/replica/errors.ts'
import { JobCore } from '../../src/replica/job-core.ts'
import { createJournal } from '../../src/replica/journal.ts'
import { DEFAULT_LIMITS, MAX_ENVELOPE_ENTRIES, MAX_VALUE_BYTES } from '../../src/replica/limits.ts'
import { createMemoryStore } from '../../src/replica/store-memory.ts'
import { yjsKey } from '../../src/replica/update.ts'
import { clientOf, type ForgeInit, forge, honest, yjsUpdate } from './forge.ts'
import { bytesOf, contextOf, newSigner, verify } from './support.ts'

const context = contextOf('job-7')
const victim = newSigner()
const mallory = newSigner()
const outsider = newSigner()
const value = bytesOf('value')

function newCore() {
  const journal = createJournal({ store: createMemoryStore(), clock: systemClock, logger: silentLogger })
  const allow = (author: string) => author !== outsider.peer
  return new JobCore({ context, limits: DEFAULT_LIMITS, verify, allow, journal, logger: silentLogger })
}

const honestEnvelope = await honest(context, victim, 'result')
const honestState = honestEnvelope.update
const theirs = yjsKey('result', victim.peer)
const ours = yjsKey('result', mallory.peer)
const client = clientOf(context, mallory)

const byMallory = (update: Uint8Array, init: ForgeInit = {}) => forge(context, mallory, update, init)
const setOwn = (map: Y.Map<unknown>) => map.set(ours, value)

/** Each: what is sent to a peer that holds the victim's entry, and the code that it is refused with. */
const ATTACKS: Record<string, [envelope: Uint8Array | Promise<Uint8Array>, code: string]> = {
  'delete the victim’s entry, beside one’s own': [
    byMallory(
      yjsUpdate(
        client,
        (map) => {
          setOwn(map)
          map.delete(theirs)
        },
        honestState,
      ),
    ),
    'malformed',
  ],
  'nothing but a delete set': [byMallory(yjsUpdate(client, (map) => map.delete(theirs), honestState)), 'malformed'],
  'overwrite the victim’s entry (the victim’s Item as origin)': [
    byMallory(yjsUpdate(client, (map) => map.set(theirs, value), honestState)),
    'malformed',
  ],
  'overwrite it concurrently (no origin, empty delete set)': [byMallory(yjsUpdate(client, (map) => map.set(theirs, value))), 'wrong-key'],
  'write under the victim’s clientID, with one’s own signature': [byMallory(yjsUpdate(clientOf(context, victim), setOwn)), 'wrong-client'],
  'continue the victim’s log with one’s own signature': [
    forge(
      context,
      victim,
      yjsUpdate(clientOf(context, victim), (map) => map.set(yjsKey('x', victim.peer), value)),
      { by: mallory },
    ),
    'bad-signature',
  ],
  'a clientID of one’s choice': [byMallory(yjsUpdate(12345, setOwn)), 'wrong-client'],
  'the highest clientID there is': [byMallory(yjsUpdate(Number.MAX_SAFE_INTEGER, setOwn)), 'wrong-client'],
  'another root type': [byMallory(yjsUpdate(client, (_map, doc) => doc.getMap('config').set(ours, value))), 'malformed'],
  'a root array': [byMallory(yjsUpdate(client, (_map, doc) => doc.getArray('list').insert(0, [value]))), 'malformed'],
  'a nested map': [byMallory(yjsUpdate(client, (map) => map.set(ours, new Y.Map()))), 'malformed'],
  'a nested document': [byMallory(yjsUpdate(client, (map) => map.set(ours, new Y.Doc()))), 'malformed'],
  text: [byMallory(yjsUpdate(client, (map) => map.set(ours, new Y.Text('text')))), 'malformed'],
  'content that is no bytes': [byMallory(yjsUpdate(client, (map) => map.set(ours, { __proto__: { polluted: true } }))), 'malformed'],
  'a key without the author': [byMallory(yjsUpdate(client, (map) => map.set('result', value))), 'wrong-key'],
  'a key that only ends like the author': [byMallory(yjsUpdate(client, (map) => map.set(`result${mallory.peer}`, value))), 'wrong-key'],
  'an empty key': [byMallory(yjsUpdate(client, (map) => map.set(`/${mallory.peer}`, value))), 'wrong-key'],
  'a key with a line break': [byMallory(yjsUpdate(client, (map) => map.set(yjsKey('a\nb', mallory.peer), value))), 'malformed'],
  'a key beyond its length': [byMallory(yjsUpdate(client, (map) => map.set(yjsKey('k'.repeat(300), mallory.peer), value))), 'wrong-key'],
  'a value off the schema': [byMallory(yjsUpdate(client, (map) => map.set(ours, bytesOf('bad')))), 'schema'],
  'a huge value': [byMallory(yjsUpdate(client, (map) => map.set(ours, new Uint8Array(MAX_VALUE_BYTES + 1)))), 'malformed'],
  'a huge envelope': [byMallory(new Uint8Array(2 ** 20)), 'too-large'],
  'too many entries': [
    byMallory(
      yjsUpdate(client, (map) => {
        for (let i = 0; i <= MAX_ENVELOPE_ENTRIES; i++) map.set(yjsKey(`k${i}`, mallory.peer), value)
      }),
      { to: MAX_ENVELOPE_ENTRIES + 1 },
    ),
    'malformed',
  ],
  'an envelope of another Job': [honest(contextOf('job-8'), mallory, 'result').then(({ bytes }) => bytes), 'wrong-client'],
  'another Job’s signature under this Job’s clientID': [forge(contextOf('job-8'), mallory, yjsUpdate(client, setOwn)), 'bad-signature'],
  'a truncated update': [byMallory(yjsUpdate(client, setOwn).subarray(0, 40)), 'malformed'],
  'bytes after the update': [byMallory(new Uint8Array([...yjsUpdate(client, setOwn), 0])), 'malformed'],
  'an empty update': [byMallory(new Uint8Array()), 'malformed'],
  noise: [byMallory(crypto.getRandomValues(new Uint8Array(60))), 'malformed'],
  'an end of clocks beyond the update’s': [byMallory(yjsUpdate(client, setOwn), { to: 99 }), 'wrong-clock'],
  'a start of clocks before the update’s': [byMallory(yjsUpdate(client, setOwn), { from: 1, to: 2 }), 'wrong-clock'],
  'a range of clocks that is empty': [byMallory(yjsUpdate(client, setOwn), { from: 1, to: 1 }), 'wrong-clock'],
  'clocks near 2⁵³': [byMallory(yjsUpdate(client, setOwn), { from: 2 ** 53 - 2, to: 2 ** 53 - 1 }), 'wrong-clock'],
  'a count of 2²⁸ structs': [byMallory(new Uint8Array([1, 0xff, 0xff, 0xff, 0x7f, 1, 0])), 'malformed'],
  'a count of 2⁶³ clients': [byMallory(new Uint8Array([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])), 'malformed'],
  'GC structs': [byMallory(new Uint8Array([1, 1, ...varUint(client), 0, 0, 1, 0])), 'malformed'],
  'a Skip struct': [byMallory(new Uint8Array([1, 1, ...varUint(client), 0, 10, 1, 0])), 'malformed'],
  'a false count of bytes': [byMallory(yjsUpdate(client, setOwn), { totalBytes: 7 }), 'wrong-total'],
  'a key twice in one envelope': [twice(), 'duplicate-key'],
  'an author that is not allowed': [honest(context, outsider, 'result').then(({ bytes }) => bytes), 'author-not-allowed'],
  'another version': [honest(context, mallory, 'result').then(({ bytes }) => new Uint8Array([2, ...bytes.subarray(1)])), 'malformed'],
}

function varUint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 128, ...varUint(Math.floor(value / 128))]
}

async function twice(): Promise<Uint8Array> {
  const one = yjsUpdate(client, setOwn)
  const header = 1 + 1 + varUint(client).length + 1
  const struct = one.subarray(header, -1)
  return byMallory(new Uint8Array([1, 2, ...varUint(client), 0, ...struct, ...struct, 0]), { to: 2 })
}

describe('attacks on a log', () => {
  it('plain Yjs loses the victim’s value without any delete: why keys end in the author', () => {
    const doc = new Y.Doc()
    Y.applyUpdate(
      doc,
      yjsUpdate(1, (map) => map.set('shared', 'of the victim')),
    )
    Y.applyUpdate(
      doc,
      yjsUpdate(2, (map) => map.set('shared', 'of mallory')),
    )
    assert.equal(doc.getMap('entries').get('shared'), 'of mallory')
  })

  for (const [name, [sent, code]] of Object.entries(ATTACKS)) {
    it(`refuses ${name}`, async () => {
      const core = newCore()
      const first = await core.ingest([honestEnvelope.bytes])
      assert.deepEqual(first.outcomes, ['applied'])
      const before = [...core.state.entries()]
      const digest = core.state.digest()
      const { outcomes, newEntries } = await core.ingest([await sent])
      assert.ok(outcomes[0] instanceof EnvelopeRefusedError, `expected a refusal, found ${outcomes[0]}`)
      assert.equal(outcomes[0].code, code)
      assert.equal(newEntries, 0)
      assert.deepEqual([...core.state.entries()], before)
      assert.deepEqual(core.state.digest(), digest)
      assert.deepEqual([...core.state.convicted.keys()], [])
      // Nothing half applied: both can still write.
      const next = await honest(context, victim, 'next', 'next', { from: 1, totalBytes: honestEnvelope.totalBytes })
      const own = await honest(context, mallory, 'result')
      assert.deepEqual((await core.ingest([next.bytes, own.bytes])).outcomes, ['applied', 'applied'])
    })
  }

  it('refuses whatever becomes of an envelope on its way, and applies nothing of it', async () => {
    const core = newCore()
    const { bytes } = await sealEnvelope(
      context,
      mallory,
      { incarnation: 1, from: 0, totalBytes: 0 },
      ['a', 'b', 'c'].map((key) => ({ key, value })),
    )
    const digest = core.state.digest()
    const flips = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 })
    const damaged = fc.tuple(flips, fc.integer({ min: 0, max: bytes.length }), fc.uint8Array({ maxLength: 8 })).map(([at, end, tail]) => {
      const copy = bytes.slice()
      for (const [index, mask] of at) copy[index] = copy[index]! ^ mask
      return new Uint8Array([...copy.subarray(0, end), ...tail])
    })
    await fc.assert(
      fc.asyncProperty(fc.oneof(damaged, fc.uint8Array({ maxLength: 400 })), async (sent) => {
        if (Buffer.compare(sent, bytes) === 0) return
        const [outcome] = (await core.ingest([sent])).outcomes
        assert.ok(outcome instanceof EnvelopeRefusedError)
        assert.deepEqual(core.state.digest(), digest)
      }),
      { numRuns: 500 },
    )
    assert.deepEqual((await core.ingest([bytes])).outcomes, ['applied'])
    assert.equal([...core.state.entries()].length, 3)
  })
})
