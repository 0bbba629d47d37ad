import * as Y from 'yjs'
import type { Signer } from '../../src/ports.ts'
import { ByteWriter } from '../../src/replica/bytes.ts'
import { type JobContext, sealEnvelope, signedBytes } from '../../src/replica/envelope.ts'
import { clientIdOf } from '../../src/replica/hash.ts'
import { ROOT } from '../../src/replica/update.ts'
import { bytesOf, sha256 } from './support.ts'

export interface ForgeInit {
  incarnation?: number
  from?: number
  to?: number
  totalBytes?: number
  /** Signs instead of the author. */
  by?: Signer
}

/** An envelope around any bytes, with a good signature: what an author can do that has its own program. */
export async function forge({ job }: JobContext, author: Signer, update: Uint8Array, init: ForgeInit = {}): Promise<Uint8Array> {
  const { incarnation = 1, from = 0, to = from + 1, totalBytes = update.length, by = author } = init
  const statement = { publicKey: author.publicKey, author: author.peer, incarnation, from, to, totalBytes, updateHash: sha256(update) }
  const signature = await by.sign(signedBytes(job, statement))
  const header = new ByteWriter().u8(1).raw(author.publicKey).u64(incarnation).u64(from).u64(to).u64(totalBytes)
  return header.raw(signature).raw(update).done().slice()
}

/** An honest envelope of one entry. */
export async function honest(
  context: JobContext,
  author: Signer,
  key: string,
  value = key,
  place: Partial<{ incarnation: number; from: number; totalBytes: number }> = {},
) {
  return sealEnvelope(context, author, { incarnation: 1, from: 0, totalBytes: 0, ...place }, [{ key, value: bytesOf(value) }])
}

/** Envelopes of one entry each, one after another. */
export async function chain(context: JobContext, author: Signer, keys: readonly string[], incarnation = 1) {
  const envelopes = []
  let [from, totalBytes] = [0, 0]
  for (const key of keys) {
    const envelope = await honest(context, author, key, key, { incarnation, from, totalBytes })
    envelopes.push(envelope)
    ;[from, totalBytes] = [envelope.to, envelope.totalBytes]
  }
  return envelopes
}

/** What Yjs itself writes when a client with this id does `change`, on top of `base`. */
export function yjsUpdate(clientId: number, change: (map: Y.Map<unknown>, doc: Y.Doc) => void, base?: Uint8Array): Uint8Array {
  const doc = new Y.Doc()
  if (base) Y.applyUpdate(doc, base)
  doc.clientID = clientId
  const updates: Uint8Array[] = []
  doc.on('update', (update: Uint8Array) => updates.push(update))
  doc.transact(() => change(doc.getMap(ROOT), doc))
  doc.destroy()
  return updates[0]!
}

export function clientOf({ job }: JobContext, author: Signer, incarnation = 1): number {
  return clientIdOf(author.publicKey, job, incarnation)
}
