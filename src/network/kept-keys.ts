/** What `make` makes of a public key, made once and kept for the `max` keys that were asked for last. */
export function keepKeys<Key>(max: number, make: (publicKey: Uint8Array) => Key): (publicKey: Uint8Array) => Key {
  const kept = new Map<string, Key>()
  return (publicKey) => {
    const id = String.fromCharCode(...publicKey)
    const key = kept.get(id) ?? make(publicKey)
    kept.delete(id)
    kept.set(id, key)
    if (kept.size > max) kept.delete(kept.keys().next().value as string)
    return key
  }
}
