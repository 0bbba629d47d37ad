/** The bytes behind their length, as gossip's streams carry an RPC. */
export function framed(bytes: Uint8Array): Uint8Array {
  const header: number[] = []
  for (let rest = bytes.length; ; rest >>>= 7) {
    header.push(rest > 127 ? (rest & 127) | 128 : rest)
    if (rest <= 127) return new Uint8Array([...header, ...bytes])
  }
}
