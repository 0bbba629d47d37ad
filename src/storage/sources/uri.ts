import type { Cid } from '../../ports.ts'
import { InvalidUriError, UnsupportedUriError } from '../errors.ts'
import { parseIpfsUri } from './ipfs.ts'
import { redactUri } from './redact.ts'

/** What storage reads from itself; `https`, `sftp` and `ws` are sources of their own. */
const SUPPORTED = ['ipfs', 'file'] as const
/** Longer than any link in use, and short enough to keep in a record. */
const MAX_URI_LENGTH = 2048

export type Source = { kind: 'ipfs'; cid: Cid } | { kind: 'file'; path: string }

/**
 * Where a URI or local path points to. `file:` and bare paths are for the command line only: a Job of a stranger must never reach them,
 * so they need `allowFiles`. Throws UnsupportedUriError, InvalidUriError, InvalidCidError.
 */
export function parseSource(uri: string, { allowFiles = false } = {}): Source {
  if (uri.length === 0 || uri.length > MAX_URI_LENGTH || uri.includes('\0'))
    throw new InvalidUriError(redactUri(uri).slice(0, 200), 'it is empty, too long or holds a NUL')
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(uri)?.[1]?.toLowerCase()
  if (scheme === 'ipfs') return { kind: 'ipfs', cid: parseIpfsUri(uri) }
  if (scheme === 'file' && allowFiles) return { kind: 'file', path: pathOf(uri) }
  if (scheme === undefined && allowFiles) return { kind: 'file', path: uri }
  throw new UnsupportedUriError(scheme ?? 'path', allowFiles ? SUPPORTED : ['ipfs'])
}

/** The path of `file:///a/b`; a host would be another machine. A drive letter keeps its place: `file:///C:/a` is `C:/a`. */
function pathOf(uri: string): string {
  const url = URL.canParse(uri) ? new URL(uri) : undefined
  if (url === undefined || url.host !== '' || url.search !== '' || url.hash !== '')
    throw new InvalidUriError(redactUri(uri), 'expected file:///<path>')
  const path = decoded(url.pathname)
  if (path === undefined || path.includes('\0')) throw new InvalidUriError(redactUri(uri), 'its path does not decode')
  return path.replace(/^\/(?=[A-Za-z]:\/)/, '')
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
