import * as Y from 'yjs'
import type { Envelope } from './envelope.ts'
import type { UpdateItem } from './update.ts'

/** The envelope's items with values that keep one copy of its update alive, and not the frame that it came in. */
export function keptItems({ update, entries }: Pick<Envelope, 'update' | 'entries'>): UpdateItem[] {
  const kept = update.slice()
  return entries.map(({ key, yjsKey, value }) => {
    // An envelope of our own has the values that the caller gave.
    const isInside = value.buffer === update.buffer && value.length > 0
    const at = value.byteOffset - update.byteOffset
    return { key, yjsKey, value: isInside ? kept.subarray(at, at + value.length) : value.slice() }
  })
}

/**
 * Adds the items to the document, as `Y.applyUpdate` adds those of the update that they were decoded from (a test holds both to be equal), but
 * without decoding it a second time, which was half the cost.
 */
export function integrateItems(
  transaction: Y.Transaction,
  map: Y.Map<Uint8Array>,
  { clientId, from }: Pick<Envelope, 'clientId' | 'from'>,
  items: readonly UpdateItem[],
): void {
  items.forEach(({ yjsKey, value }, i) => {
    const item = new Y.Item(Y.createID(clientId, from + i), null, null, null, null, map, yjsKey, new Y.ContentBinary(value))
    item.integrate(transaction, 0)
  })
}
