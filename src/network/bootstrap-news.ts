import type { Logger } from '../log.ts'

const MAX_WHY = 160

export interface BootstrapNews {
  /** A dial of `address` has failed. Where each has failed now and none is connected, it says so, once. */
  failed(address: string, error: unknown): void
  /** The last connection is lost: from here it is told anew. */
  lostAll(): void
  /** What each address was found to be, as `address (why)`. */
  tried(): string[]
  /** Aborted when each address has failed once, with none connected since the start. */
  readonly noneAnswered: AbortSignal
}

/** Tells an operator that a peer has no network: a peer that knows nobody is not broken, only mute. */
export function createBootstrapNews(addresses: readonly string[], isConnected: () => boolean, log: Logger): BootstrapNews {
  const failures = new Map<string, string>()
  const noneAnswered = new AbortController()
  let isTold = false
  const tried = () => addresses.map((address) => `${address} (${failures.get(address) ?? 'not dialled yet'})`)
  return {
    tried,
    noneAnswered: noneAnswered.signal,
    failed(address, error) {
      failures.set(address, whyOf(error))
      if (isTold || isConnected() || addresses.some((each) => !failures.has(each))) return
      isTold = true
      noneAnswered.abort()
      log.warn('no bootstrap node answers: this peer has no network yet, and keeps trying', {
        tried: tried(),
        hint: 'check the addresses given with -b (--bootstrap), that a bootstrap node runs there, and that no firewall is between',
      })
    },
    lostAll() {
      isTold = false
      failures.clear()
    },
  }
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses: nothing listens there',
  ENOTFOUND: 'there is no such name',
  EAI_AGAIN: 'the name cannot be looked up now',
  EHOSTUNREACH: 'no way leads there',
  ENETUNREACH: 'no way leads there',
  ETIMEDOUT: 'no answer',
  TimeoutError: 'no answer',
  AbortError: 'no answer',
  NoValidAddressesError: 'not an address of a kind that this peer dials',
  UnexpectedPeerError: 'another peer is there',
}

/** Why a dial failed, for a person. */
function whyOf(error: unknown): string {
  const { name = '', code = '', type, message } = error as { name?: string; code?: string; type?: string; message?: string }
  // The event of a WebSocket that failed: what programs may learn of it is that it did.
  if (type === 'error' && !message) return 'no WebSocket answers there'
  return WORDS[code] ?? WORDS[name] ?? String(message || error).slice(0, MAX_WHY)
}
