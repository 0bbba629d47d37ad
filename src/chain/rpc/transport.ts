import type { Abortable } from '../../ports.ts'
import { RpcFailedError, RpcRefusedError } from '../errors.ts'
import { parseHttpUrl } from './http-url.ts'

/** The largest answer that a source may give: a thousand blocks' logs of one contract are below 2 MiB. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024
/** More of a stranger's text than a reader would want. */
const MAX_MESSAGE_CHARS = 300
/** A contract's error has a few words of arguments. */
const MAX_REVERT_CHARS = 8192

export interface Transport {
  /** Host and port. */
  readonly host: string
  /** The result of the call as JSON. Throws RpcFailedError where the answer is unusable and RpcRefusedError where it is an error of JSON-RPC. */
  send(method: string, params: readonly unknown[], options?: Abortable): Promise<unknown>
}

/** JSON-RPC over HTTP to one URL: one request a call, no redirects, a bounded answer in bounded time. Throws RpcUrlError. */
export function createTransport(
  url: string,
  { timeoutMs, maxBytes = MAX_ANSWER_BYTES }: { timeoutMs: number; maxBytes?: number },
): Transport {
  const endpoint = parseHttpUrl(url)
  let id = 0
  return {
    host: endpoint.host,
    async send(method, params, { signal } = {}) {
      const timeout = AbortSignal.timeout(timeoutMs)
      const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout])
      const body = JSON.stringify({ jsonrpc: '2.0', id: ++id, method, params })
      try {
        const answer = await post(endpoint, body, { signal: either, maxBytes })
        return unwrap(answer, method, endpoint)
      } catch (error) {
        signal?.throwIfAborted()
        if (error instanceof RpcFailedError || error instanceof RpcRefusedError) throw error
        if (timeout.aborted) throw new RpcFailedError(endpoint.host, 'timeout', `none within ${timeoutMs} ms`)
        throw new RpcFailedError(endpoint.host, 'unreachable', codeOf(error), error)
      }
    },
  }
}

type Endpoint = ReturnType<typeof parseHttpUrl>

async function post(
  { url, host, headers }: Endpoint,
  body: string,
  { signal, maxBytes }: { signal: AbortSignal; maxBytes: number },
): Promise<unknown> {
  const request = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body, signal, redirect: 'error' } as const
  const response = await fetch(url, request)
  const text = await readBounded(response, host, maxBytes)
  try {
    return JSON.parse(text)
  } catch (error) {
    if (!response.ok) throw new RpcFailedError(host, 'http-status', `HTTP status ${response.status}`)
    throw new RpcFailedError(host, 'malformed', 'something that is no JSON', error)
  }
}

/** The body as text; stops reading where it is more than it may be. */
async function readBounded({ body }: Response, host: string, maxBytes: number): Promise<string> {
  if (body === null) return ''
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  // Leaving the loop early cancels the stream, and with it the connection.
  for await (const part of body) {
    bytes += part.byteLength
    if (bytes > maxBytes) throw new RpcFailedError(host, 'too-large', `more than ${maxBytes} bytes`)
    text += decoder.decode(part, { stream: true })
  }
  return text + decoder.decode()
}

function unwrap(answer: unknown, method: string, { host, secrets }: Endpoint): unknown {
  if (!isRecord(answer)) throw new RpcFailedError(host, 'malformed', 'no answer of JSON-RPC')
  if (isRecord(answer.error)) throw refusal(answer.error, method, secrets)
  if (!('result' in answer)) throw new RpcFailedError(host, 'malformed', 'an answer without a result')
  return answer.result
}

function refusal(error: Record<string, unknown>, method: string, secrets: readonly string[]): RpcRefusedError {
  const code = Number.isSafeInteger(error.code) ? (error.code as number) : 0
  const message = typeof error.message === 'string' ? printable(withoutSecrets(error.message, secrets)) : 'no reason'
  return new RpcRefusedError(method, code, message, revertData(error.data))
}

/** Some nodes wrap the data in an object. */
function revertData(data: unknown): string | undefined {
  const hex = isRecord(data) ? data.data : data
  return typeof hex === 'string' && hex.length <= MAX_REVERT_CHARS && /^0x([0-9a-fA-F]{2})+$/.test(hex) ? hex : undefined
}

/** Providers repeat a key that they refuse. */
function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, '…'), text)
}

function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not reach a terminal
  return text.slice(0, MAX_MESSAGE_CHARS).replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** undici hides why below its "fetch failed". */
function codeOf(error: unknown): string {
  const { code } = ((error as Error).cause ?? error) as { code?: unknown }
  return typeof code === 'string' ? code : 'no connection'
}
