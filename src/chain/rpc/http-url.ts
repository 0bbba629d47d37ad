import { RpcUrlError } from '../errors.ts'

export interface HttpEndpoint {
  /** Without credentials: fetch refuses a URL that has some. */
  url: string
  /** Host and port alone: operators' keys stand in paths and queries, which must not reach a log. */
  host: string
  headers: Readonly<Record<string, string>>
}

/** The endpoint behind `text`. Throws RpcUrlError on all but http and https. */
export function parseHttpUrl(text: string): HttpEndpoint {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined) throw new RpcUrlError('no URL')
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new RpcUrlError(`one with ${url.protocol}`)
  const credentials = url.username === '' ? undefined : `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  url.username = ''
  url.password = ''
  const headers: Record<string, string> = credentials === undefined ? {} : { authorization: `Basic ${toBase64(credentials)}` }
  return { url: url.href, host: url.host, headers }
}

/** btoa knows bytes alone. */
function toBase64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)))
}
