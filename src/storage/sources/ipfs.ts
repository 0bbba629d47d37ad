import type { Cid } from '../../ports.ts'
import { parseCid } from '../cid.ts'
import { InvalidUriError } from '../errors.ts'
import { redactUri } from './redact.ts'

/**
 * The CID, as version 1, that an `ipfs://<cid>` URI names. Paths below it are refused: a Job names the file itself.
 * Throws InvalidUriError, InvalidCidError.
 */
export function parseIpfsUri(uri: string): Cid {
  const match = /^ipfs:\/\/([^/?#@:]+)\/?$/i.exec(uri)
  if (match?.[1] === undefined) throw new InvalidUriError(redactUri(uri).slice(0, 200), 'expected ipfs://<cid> with nothing behind the CID')
  return parseCid(match[1]).toString()
}
