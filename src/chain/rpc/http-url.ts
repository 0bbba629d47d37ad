import { RpcUrlError } from '../errors.ts'

export interface HttpEndpoint {
  /** Without credentials: fetch refuses a URL that has some. */
  url: string
  /** Host and port alone: operators' keys stand in paths and queries, which must not reach a log. */
  host: string
  headers: Readonly<Record<string, string>>
  /** What may be a key: an endpoint's own words may repeat it. */
  secrets: readonly string[]
}

/** Shorter parts, such as `v2`, are no keys, and words of many messages. */
const MIN_SECRET_CHARS = 8

/** The endpoint behind `text`. Throws RpcUrlError on all but http and https. */
export function parseHttpUrl(text: string): HttpEndpoint {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined) throw new RpcUrlError('no URL')
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new RpcUrlError(`one with ${url.protocol}`)
  const credentials = url.username === '' ? undefined : `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  const secrets = secretsOf(url)
  url.username = ''
  url.password = ''
  const headers: Record<string, string> = credentials === undefined ? {} : { authorization: `Basic ${toBase64(credentials)}` }
  return { url: url.href, host: url.host, headers, secrets }
}

/** Longest first: one may contain another. */
function secretsOf(url: URL): string[] {
  const { username, password, pathname, search } = url
  const segments = pathname.split('/')
  const parts = [
    username,
    password,
    ...segments,
    ...[username, password, ...segments].map(decoded),
    pathname,
    search,
    ...url.searchParams.values(),
  ]
  return [...new Set(parts)].filter((part) => part.length >= MIN_SECRET_CHARS).sort((a, b) => b.length - a.length)
}

/** As it stands where its escapes are none. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** btoa knows bytes alone. */
function toBase64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)))
}
