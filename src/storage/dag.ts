import * as dagPb from '@ipld/dag-pb'
import type { CID } from 'multiformats/cid'
import { isRaw, whyRefused } from './cid.ts'
import { MalformedDagError } from './errors.ts'
import { MAX_LINKS } from './limits.ts'
import { decodeUnixFsData, protobufFields } from './unixfs-data.ts'

const TYPE_RAW = 0
const TYPE_FILE = 2
/** Field number of `Links` in a dag-pb node. */
const LINKS_FIELD = 2

export interface DagChild {
  cid: CID
  /** Bytes of the file below this link, as its parent declares. A reader must check it against the child itself. */
  sizeBytes: number
}

/** One node of a file: its own bytes come first, then those of its children in order. */
export interface DagNode {
  sizeBytes: number
  data: Uint8Array
  children: DagChild[]
}

/**
 * The file node in a block: a raw leaf is all data, a dag-pb block must be a UnixFS file. The hash must have been checked before.
 * Throws MalformedDagError for directories, lying sizes, too many links and links to CIDs that are not accepted.
 */
export function decodeNode(cid: CID, bytes: Uint8Array): DagNode {
  if (isRaw(cid)) return { sizeBytes: bytes.length, data: bytes, children: [] }
  try {
    return decodeFile(bytes)
  } catch (cause) {
    throw new MalformedDagError(cid.toString(), cause instanceof Error ? cause.message : 'it does not decode', cause)
  }
}

function decodeFile(bytes: Uint8Array): DagNode {
  refuseManyLinks(bytes)
  const { Data, Links } = dagPb.decode(bytes)
  if (Data === undefined) throw new RangeError('it is dag-pb without UnixFS data')
  const { type, data, fileSizeBytes, blockSizes } = decodeUnixFsData(Data)
  if (type !== TYPE_FILE && type !== TYPE_RAW) throw new RangeError(`it is UnixFS of type ${type}, not a file`)
  if (blockSizes.length !== Links.length) throw new RangeError(`it has ${Links.length} links and ${blockSizes.length} sizes`)
  const children = Links.map((link, index) => ({ cid: acceptedLink(link.Hash), sizeBytes: blockSizes[index] ?? 0 }))
  const sizeBytes = children.reduce((sum, child) => sum + child.sizeBytes, data.length)
  if (!Number.isSafeInteger(sizeBytes)) throw new RangeError('its size is beyond 2^53')
  if (fileSizeBytes !== undefined && fileSizeBytes !== sizeBytes)
    throw new RangeError(`it declares ${fileSizeBytes} bytes and lists ${sizeBytes}`)
  return { sizeBytes, data, children }
}

function acceptedLink(cid: CID): CID {
  const refusal = whyRefused(cid)
  if (refusal !== undefined) throw new RangeError(`a link is refused: ${refusal}`)
  return cid.toV1()
}

/** Counts links before the real decoder allocates them: 2 MiB can hold a quarter of a million. */
function refuseManyLinks(bytes: Uint8Array): void {
  let links = 0
  for (const { field } of protobufFields(bytes)) {
    if (field === LINKS_FIELD && ++links > MAX_LINKS) throw new RangeError(`it has more than ${MAX_LINKS} links`)
  }
}
