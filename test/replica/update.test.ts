import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import * as Y from 'yjs'
import { createSigner } from '../../src/network/signatures-node.ts'
import { decodeEnvelope, sealEnvelope, signedBytes } from '../../src/replica/envelope.ts'
import { EnvelopeRefusedError } from '../../src/replica/errors.ts'
import { MAX_KEY_BYTES } from '../../src/replica/limits.ts'
import { decodeUpdate, encodeUpdate, ROOT, yjsKey } from '../../src/replica/update.ts'
import { yjsUpdate } from './forge.ts'
import { bytesOf, contextOf, verify } from './support.ts'

const AUTHOR = '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5'

const keys = fc.string({
  minLength: 1,
  maxLength: MAX_KEY_BYTES,
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
})
const entries = fc.uniqueArray(fc.record({ key: keys, value: fc.uint8Array({ maxLength: 300 }) }), {
  minLength: 1,
  maxLength: 20,
  selector: ({ key }) => key,
})
const clients = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
const plain = (list: readonly { key: string; value: Uint8Array }[]) => list.map(({ key, value }) => ({ key, value: [...value] }))

describe('updates', () => {
  it('are byte for byte what Yjs writes', () => {
    fc.assert(
      fc.property(clients, entries, (clientId, list) => {
        const byYjs = yjsUpdate(clientId, (map) => {
          for (const { key, value } of list) map.set(yjsKey(key, AUTHOR), value)
        })
        assert.deepEqual(encodeUpdate({ clientId, clock: 0, entries: list }, AUTHOR), byYjs)
      }),
      { numRuns: 100 },
    )
  })

  it('are read as Yjs reads them, from any clock', () => {
    fc.assert(
      fc.property(clients, entries, fc.integer({ min: 0, max: 2 ** 40 }), (clientId, list, clock) => {
        const update = encodeUpdate({ clientId, clock, entries: list }, AUTHOR)
        const decoded = decodeUpdate(update, AUTHOR)
        assert.deepEqual({ ...decoded, entries: plain(decoded.entries) }, { clientId, clock, entries: plain(list) })
        const { structs, ds } = Y.decodeUpdate(update)
        assert.equal(ds.clients.size, 0)
        assert.deepEqual(
          structs.map(({ id, length }) => [id.client, id.clock, length]),
          list.map((_, i) => [clientId, clock + i, 1]),
        )
        for (const [i, struct] of structs.entries()) {
          const item = struct as Y.Item
          assert.deepEqual(
            [item.parent as unknown, item.parentSub, item.origin, item.rightOrigin],
            [ROOT, yjsKey(list[i]!.key, AUTHOR), null, null],
          )
          assert.deepEqual([...(item.content.getContent()[0] as Uint8Array)], [...list[i]!.value])
        }
      }),
      { numRuns: 100 },
    )
  })

  it('of any other bytes are refused, never thrown on otherwise; what passes has one encoding', () => {
    const good = encodeUpdate({ clientId: 2 ** 52 + 1, clock: 3, entries: [{ key: 'k', value: bytesOf('value') }] }, AUTHOR)
    const mutated = fc.tuple(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), fc.boolean()).map(([at, byte, end, cut]) => {
      const bytes = good.slice()
      bytes[at] = byte
      return cut ? bytes.subarray(0, end) : bytes
    })
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated), (bytes) => {
        try {
          const decoded = decodeUpdate(bytes, AUTHOR)
          assert.deepEqual(encodeUpdate(decoded, AUTHOR), new Uint8Array(bytes))
        } catch (error) {
          assert.ok(error instanceof EnvelopeRefusedError, String(error))
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('envelopes', () => {
  const vector = JSON.parse(readFileSync(new URL('../vectors/log-envelope.json', import.meta.url), 'utf8'))
  const context = contextOf(vector.jobId)
  const signer = createSigner(Buffer.from(vector.privateKey, 'hex'))
  const list = vector.entries.map(({ key, value }: { key: string; value: string }) => ({ key, value: bytesOf(value) }))

  it('have the bytes that version 1 has always had', async () => {
    const { bytes, clientId, author } = await sealEnvelope(context, signer, vector.place, list)
    assert.equal(Buffer.from(bytes).toString('hex'), vector.envelope)
    assert.deepEqual({ clientId, author }, { clientId: vector.clientId, author: vector.author })
  })

  it('are read back, and every change of one byte is refused', async () => {
    const bytes = Buffer.from(vector.envelope, 'hex')
    const envelope = decodeEnvelope(context, bytes)
    assert.ok(await verify(envelope.publicKey, signedBytes(context.job, envelope), envelope.signature))
    assert.deepEqual(plain(envelope.entries), plain(list))
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes)
      changed[at] = changed[at]! ^ 1
      assert.ok(await isRefused(changed), `byte ${at}`)
    }
  })

  async function isRefused(bytes: Uint8Array): Promise<boolean> {
    try {
      const envelope = decodeEnvelope(context, bytes)
      return !(await verify(envelope.publicKey, signedBytes(context.job, envelope), envelope.signature))
    } catch (error) {
      return error instanceof EnvelopeRefusedError
    }
  }
})
