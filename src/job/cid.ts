import { CID } from 'multiformats/cid'
import type { Cid } from '../ports.ts'

/** The codecs of a file's blocks, raw and dag-pb, and the hashes that name them: sha2-256, or the bytes themselves (docs/PROTOCOL.md). */
const CODECS: readonly number[] = [0x55, 0x70]
const SHA2_256 = 0x12
const HASHES: readonly number[] = [SHA2_256, 0x00]
const SHA2_256_BYTES = 32

/** Why `text` cannot be the CID of a Job's data; undefined where it can. Whether anybody has it shows when it is looked for. */
export function whyNoCid(text: Cid): string | undefined {
  try {
    const { code, multihash } = CID.parse(text)
    if (!CODECS.includes(code)) return 'one that names no file'
    const isHash = HASHES.includes(multihash.code) && (multihash.code !== SHA2_256 || multihash.size === SHA2_256_BYTES)
    return isHash ? undefined : 'one of another hash than sha2-256'
  } catch {
    return 'what does not parse as one'
  }
}
