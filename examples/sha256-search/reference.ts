import { createHash } from 'node:crypto'
import { BLOCK_WORDS, type SearchInit } from './job.ts'

/** The Job's result as Node's own SHA-256 gives it, nonce by nonce. */
export function referenceResult({ prefix, macroJobs, microJobs, blocks, invocations, nonces }: SearchInit): Uint8Array {
  const message = Buffer.concat([Buffer.from(prefix, 'ascii'), Buffer.alloc(4)])
  const perBlock = invocations * nonces
  const words = new Uint32Array(macroJobs * microJobs * blocks * BLOCK_WORDS)
  for (let nonce = 0; nonce < macroJobs * microJobs * blocks * perBlock; nonce++) {
    message.writeUInt32BE(nonce, 32)
    const zeroBits = Math.clz32(createHash('sha256').update(message).digest().readUInt32BE(0))
    const block = Math.floor(nonce / perBlock) * BLOCK_WORDS
    words[block + zeroBits]!++
    const key = zeroBits * 2 ** 26 + (2 ** 26 - 1 - (nonce % perBlock))
    words[block + 33] = Math.max(words[block + 33]!, key)
  }
  return new Uint8Array(words.buffer)
}
