import type { Logger } from '../../log.ts'
import type { Abortable, Clock } from '../../ports.ts'
import {
  ChainSourcesDisagreeError,
  ChainUnavailableError,
  NoChainError,
  RpcFailedError,
  RpcRefusedError,
  WrongChainError,
} from '../errors.ts'
import type { Parse } from './fields.ts'
import { createSource, isNodesFault } from './source.ts'
import { createTransport } from './transport.ts'

/** More endpoints than this give no more safety, only more load. */
const MAX_SOURCES = 5
/** Endpoints are a block or two apart all the time: they are asked again this often before it counts as a lie. */
const AGREE_TRIES = 5
/** When one has answered, how long the others are waited for. */
const GRACE_MS = 2_000

export interface Rpc {
  readonly hosts: readonly string[]
  /**
   * The first usable answer, endpoint after endpoint. For what can be checked afterwards or harms nobody when wrong. Throws
   * ChainUnavailableError, and RpcRefusedError where the endpoints that answer refuse.
   */
  ask<T>(method: string, params: readonly unknown[], parse: Parse<T>, options?: Abortable): Promise<T>
  /**
   * What the endpoints agree on; where only one answers, its word. For all that decides about money. Throws ChainSourcesDisagreeError
   * after some tries, ChainUnavailableError, RpcRefusedError.
   */
  agree<T>(method: string, params: readonly unknown[], parse: Parse<T>, options?: Abortable): Promise<T>
  /** Asks all that answer, in parallel; each one's outcome. Throws ChainUnavailableError where none may be asked. */
  all<T>(method: string, params: readonly unknown[], parse: Parse<T>, options?: Abortable): Promise<PromiseSettledResult<T>[]>
}

export interface RpcInit {
  urls: readonly string[]
  chainId: number
  /** For one call to one endpoint. */
  timeoutMs: number
  /** Between two tries to agree. */
  pollingIntervalMs: number
}

/** Throws RpcUrlError, NoChainError. */
export function createRpc({ clock, logger }: { clock: Clock; logger: Logger }, init: RpcInit): Rpc {
  const { chainId, timeoutMs, pollingIntervalMs } = init
  const urls = [...new Set(init.urls)].slice(0, MAX_SOURCES)
  if (urls.length === 0) throw new NoChainError(['chain.rpc'])
  const sources = urls.map((url) => createSource({ transport: createTransport(url, { timeoutMs }), clock, logger }, { chainId }))
  const hosts = sources.map(({ host }) => host)
  // The one that answered last is asked first: a dead first URL does not cost its timeout each time.
  let preferred = 0

  const inOrder = () => sources.map((_, index) => (preferred + index) % sources.length)

  const all = async <T>(method: string, params: readonly unknown[], parse: Parse<T>, { signal }: Abortable = {}) => {
    const asked = sources.filter((source) => source.allows())
    if (asked.length === 0) throw new ChainUnavailableError([])
    const slow = asked.map(() => new AbortController())
    const dismiss = () => {
      for (const [index, { host }] of asked.entries()) slow[index]!.abort(new RpcFailedError(host, 'timeout', 'others to be faster by far'))
    }
    let timer: ReturnType<typeof setTimeout> | undefined
    const outcomes = await Promise.allSettled(
      asked.map(async (source, index) => {
        const own = slow[index]!.signal
        const value = await source.ask(method, params, parse, { signal: signal === undefined ? own : AbortSignal.any([signal, own]) })
        timer ??= setTimeout(dismiss, GRACE_MS)
        return value
      }),
    )
    clearTimeout(timer)
    signal?.throwIfAborted()
    return outcomes
  }

  return {
    hosts,
    all,
    async ask(method, params, parse, options = {}) {
      const failures: Error[] = []
      for (const index of inOrder()) {
        const source = sources[index]!
        if (!source.allows()) continue
        try {
          const value = await source.ask(method, params, parse, options)
          preferred = index
          return value
        } catch (error) {
          options.signal?.throwIfAborted()
          failures.push(error as Error)
        }
      }
      // One that lies may refuse what is right, so a refusal counts when nobody does better.
      throw nobodys(failures)
    },
    async agree(method, params, parse, options = {}) {
      for (let tries = 1; ; tries++) {
        const verdict = await poll(await all(method, params, parse, options))
        if (verdict !== undefined) return verdict()
        if (tries === AGREE_TRIES) throw new ChainSourcesDisagreeError(method, hosts)
        await clock.sleep(pollingIntervalMs, options)
      }
    },
  }
}

/** What it means that no endpoint gave what was asked: the refusal of one that answers, or that none does. */
export function nobodys(failures: readonly Error[]): Error {
  const refusal = failures.find(isAnswer)
  if (refusal !== undefined) return refusal
  // Where all serve another chain, that is the whole story.
  const wrong = failures.find((error) => error instanceof WrongChainError)
  return wrong !== undefined && failures.every((error) => error instanceof WrongChainError) ? wrong : new ChainUnavailableError(failures)
}

const isAnswer = (error: Error) => error instanceof RpcRefusedError && !isNodesFault(error)

/** What more than half of those that answered say; undefined where they are split. Throws ChainUnavailableError where none answered. */
function poll<T>(outcomes: readonly PromiseSettledResult<T>[]): (() => T) | undefined {
  const votes = new Map<string, { give: () => T; votes: number }>()
  let voters = 0
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected' && !isAnswer(outcome.reason as Error)) continue
    voters++
    const [key, give] = outcome.status === 'fulfilled' ? accepted(outcome.value) : refused(outcome.reason as RpcRefusedError)
    const entry = votes.get(key) ?? { give, votes: 0 }
    entry.votes++
    votes.set(key, entry)
  }
  if (voters === 0) {
    throw nobodys(outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as Error] : [])))
  }
  return [...votes.values()].find((entry) => entry.votes * 2 > voters)?.give
}

function accepted<T>(value: T): [key: string, give: () => T] {
  return [`value ${JSON.stringify(value, plain)}`, () => value]
}

function refused(error: RpcRefusedError): [key: string, give: () => never] {
  const give = () => {
    throw error
  }
  return [`refused ${error.data ?? ''}`, give]
}

function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}
