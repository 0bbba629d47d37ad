import { formatTokens } from '../cli/amounts.ts'
import type { Abortable, Chain, ChainEvent } from '../ports.ts'

/** MacroJobs that one transaction paid for. */
export interface SettledFacts {
  /** Who settled, by name. */
  name: string
  chunk: number
  attempt: number
  macroJobs: number
  transaction: string
}

/** A bond that was cut. */
export interface ConvictedFacts {
  name: string
  burnedWei: bigint
  transaction: string
}

/** What the demo's chain tells of its one Job. */
export interface ChainStory {
  settled(): readonly SettledFacts[]
  convicted(): readonly ConvictedFacts[]
  /** All events up to this block have been told. */
  blockNumber(): number
  /** MicroJobs and MacroJobs that each peer was paid for, by its name. */
  paid(): ReadonlyMap<string, { processed: number; validated: number }>
  /** Resolves when `holds`; rejects with the signal's reason. */
  until(holds: () => boolean, options: Required<Abortable>): Promise<void>
  /** Ends it. */
  stop(): Promise<void>
}

export interface StoryInit {
  chain: Chain
  nameOf(wallet: string): string
  /** Hears each line as it comes. */
  onEvent(event: ChainEvent, line: string): void
}

/** Follows the chain from its first block on. */
export function followChain({ chain, nameOf, onEvent }: StoryInit): ChainStory {
  const stopping = new AbortController()
  const settled: SettledFacts[] = []
  const convicted: ConvictedFacts[] = []
  const paid = new Map<string, { processed: number; validated: number }>()
  let blockNumber = -1
  let wake = () => {}

  const hear = (event: ChainEvent) => {
    if (event.type === 'macrojobs:settled') {
      const { chunk, attempt, transaction } = event
      settled.push({ name: nameOf(event.finisher), chunk, attempt, macroJobs: bitsOf(event.counted), transaction })
      for (const { wallet, count } of event.payees) addTo(paid, nameOf(wallet), count)
    }
    if (event.type === 'wallet:convicted') {
      convicted.push({ name: nameOf(event.wallet), burnedWei: event.burnedWei, transaction: event.transaction })
    }
    if (event.type === 'chain:advanced') blockNumber = event.blockNumber
    const line = describe(event, nameOf)
    if (line !== undefined) onEvent(event, line)
    wake()
  }
  const follow = async () => {
    for await (const event of chain.events(0, { signal: stopping.signal })) hear(event)
  }
  const following = follow()
  following.catch(() => {})
  return {
    settled: () => settled,
    convicted: () => convicted,
    blockNumber: () => blockNumber,
    paid: () => paid,
    async until(holds, { signal }) {
      while (!holds()) {
        signal.throwIfAborted()
        const { promise, resolve } = Promise.withResolvers<void>()
        wake = resolve
        signal.addEventListener('abort', () => resolve(), { once: true })
        await promise
      }
    },
    async stop() {
      stopping.abort()
      await following
    },
  }
}

/** An event in one line; undefined for those that say nothing of the Job. */
function describe(event: ChainEvent, nameOf: (wallet: string) => string): string | undefined {
  switch (event.type) {
    case 'job:opened':
      return `the requester paid ${formatTokens(event.budgetWei)} tokens into escrow`
    case 'job:engaged':
      return `${nameOf(event.wallet)} says that work has begun: the Job cannot be cancelled any more`
    case 'root:committed':
      return `${nameOf(event.committer)} committed the root of all results of chunk ${event.chunk}${roundOf(event.attempt)}`
    case 'beacon:pinned':
      return `the hash of block ${event.ofBlock} is the beacon: it draws what is checked`
    case 'macrojobs:settled':
      return `${nameOf(event.finisher)} proved and settled ${macroJobsOf(event.counted)}`
    case 'job:settled':
      return 'the Job is settled'
    case 'wallet:convicted':
      return `${nameOf(event.wallet)} is convicted: ${formatTokens(event.burnedWei)} tokens of its bond are burned`
    default:
      return undefined
  }
}

const roundOf = (attempt: number) => (attempt === 0 ? '' : `, round ${attempt + 1}`)

const macroJobsOf = (bits: bigint) => (bitsOf(bits) === 1 ? '1 MacroJob' : `${bitsOf(bits)} MacroJobs`)

const bitsOf = (bits: bigint) => bits.toString(2).replaceAll('0', '').length

/** `count` is processed MicroJobs + 2^32 × validated MacroJobs. */
function addTo(paid: Map<string, { processed: number; validated: number }>, name: string, count: bigint) {
  const { processed, validated } = paid.get(name) ?? { processed: 0, validated: 0 }
  paid.set(name, { processed: processed + Number(count & 0xffff_ffffn), validated: validated + Number(count >> 32n) })
}
