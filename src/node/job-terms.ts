import type { Config } from '../config.ts'
import type { JobInfo } from '../job/info.ts'
import { formatTokens } from '../job/tokens.ts'

/** What this peer's operator asks of a Job: what it has instead, as a noun for JobRefusedError; undefined for a Job that is welcome. */
export function termsOf({ compute, jobs }: Pick<Config, 'compute' | 'jobs'>): (info: JobInfo) => string | undefined {
  return (info) => {
    const { code, limits } = info
    if (!jobs.kinds.includes(code.kind)) return `a Job of kind ${code.kind}; this peer takes ${jobs.kinds.join(', ')}`
    const tooLow = tooLowAPrice(info, jobs)
    if (tooLow !== undefined) return tooLow
    if (limits.blockMs > compute.blockBudgetMs) return `blocks of up to ${limits.blockMs} ms; this peer grants ${compute.blockBudgetMs} ms`
    if (limits.memoryBytes > compute.maxBytes) return `blocks of up to ${limits.memoryBytes} B; this peer grants ${compute.maxBytes} B`
    return undefined
  }
}

function tooLowAPrice({ unitPriceWei, payment }: JobInfo, jobs: Config['jobs']): string | undefined {
  // What no escrow holds is a promise and no price.
  const prices: [found: string | undefined, least: bigint, what: string][] = [
    [payment && unitPriceWei, jobs.minUnitPrice, 'a MicroJob'],
    [payment?.validationPriceWei, jobs.minValidationPrice, 'for validating a MacroJob'],
    [payment?.finisherPriceWei, jobs.minFinisherPrice, 'for settling a MacroJob'],
  ]
  for (const [found, least, what] of prices) {
    const price = BigInt(found ?? 0)
    if (price < least) return `a price of ${formatTokens(price)} tokens ${what}; this peer asks for ${formatTokens(least)}`
  }
  return undefined
}
