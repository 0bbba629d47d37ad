import { bytesToHex } from '../job/bytes.ts'
import type { EscrowDuty } from '../job/escrow-duties.ts'
import type { JobInfo } from '../job/info.ts'
import { escrowIdOf, type Paid, sizeClassOf } from '../job/payment.ts'
import { fieldToWallet } from '../job/settlement/hashes.ts'
import { type ProvenSettlement, proveChunk } from '../job/settlement/prove-chunk.ts'
import { countOf } from '../job/settlement/signals.ts'
import { type PlannedSettlement, planSettlements } from '../job/settlement-plan.ts'
import type { Logger } from '../log.ts'
import type { Abortable, Chain, Prover } from '../ports.ts'
import { SettlementRefusedError } from './errors.ts'
import type { LoadedJob } from './loaded-job.ts'
import { shortForm } from './short-form.ts'

export interface SettlerComponents {
  chain: Chain
  prover: Pick<Prover, 'prove'>
  logger: Logger
}

/** Pays what is agreed, for one Job. */
export interface Settler {
  /** Throws SettlementRefusedError where the escrow takes none of it, and what Chain and Prover throw. */
  settle(duty: Extract<EscrowDuty, { kind: 'settle' }>, options: Required<Abortable>): Promise<void>
}

/** A settlement that was refused is offered again after this, doubled each time: what the chain holds may have changed. */
const OFFER_AGAIN_MS = 10_000
/** A Job lasts seven days at most: at worst 168 questions about gas, and no proof. */
const MAX_OFFER_AGAIN_MS = 3_600_000

/** What is known of one settlement: a proof costs seconds of two cores, and holds for as long as what it is about. */
interface Offer {
  key: string
  proven: ProvenSettlement
  refusals: number
}

/** Proves and sends what is agreed (seeds/001 "Job Finalization"): usually one proof a chunk, and one only for however many tries. */
export function createSettler({ chain, prover, logger }: SettlerComponents, job: LoadedJob, info: Paid<JobInfo>): Settler {
  const { session, jobId } = job
  const escrowId = escrowIdOf(info, jobId)
  const domain = { chainId: BigInt(chain.chainId), escrow: chain.escrow, finisher: chain.wallet }
  /** By chunk, attempt and MacroJobs: the last of each. */
  const offers = new Map<string, Offer>()

  const offerOf = async (plan: PlannedSettlement, options: Abortable): Promise<Offer> => {
    const { chunk, attempt, counted } = plan
    const place = `${chunk}/${attempt}/${counted}`
    const known = offers.get(place)
    if (known?.key === keyOf(plan)) return known
    const proven = await proveChunk(prover, sizeClassOf(info), plan.statement, domain, options)
    const { tookMs: proofMs } = proven
    // Told before it is sent: once it is settled, the Job is soon over, and this duty called off.
    logger.info('proved', { jobId, chunk, attempt, macroJobs: plan.validations.length, proofMs })
    const offer = { key: keyOf(plan), proven, refusals: 0 }
    offers.set(place, offer)
    return offer
  }

  const refused = ({ chunk, attempt, counted }: PlannedSettlement, offer: Offer, reason: Error) => {
    const retryMs = Math.min(MAX_OFFER_AGAIN_MS, OFFER_AGAIN_MS * 2 ** offer.refusals++)
    const error = new SettlementRefusedError(jobId, chunk, reason, retryMs)
    logger.warn('the escrow refused a settlement; the same proof is offered again later', {
      jobId,
      chunk,
      attempt,
      counted: counted.toString(2),
      times: offer.refusals,
      retryMs,
      error,
    })
    return error
  }

  const send = (plan: PlannedSettlement, { proven }: Offer, options: Abortable) => {
    const { chunk, attempt, counted } = plan
    const validations = plan.validations.map(({ verdict, signature }) => ({ verdict, signature: shortForm(signature) }))
    const payees = proven.statement.payees.map(({ wallet, processed, validated }) => ({
      wallet: fieldToWallet(wallet),
      count: countOf(processed, validated),
    }))
    return chain.settle({ escrowId, chunk, attempt, counted, validations, payees, commitment: proven.c, proof: proven.proof }, options)
  }

  return {
    async settle({ chunk, attempt, macros }, options) {
      for (const plan of planSettlements(session.view, info, chunk, attempt, macros)) {
        const offer = await offerOf(plan, options)
        const outcome = await send(plan, offer, options).catch((error: unknown) => {
          throw isRefusal(error) ? refused(plan, offer, error as Error) : error
        })
        const gas = outcome.outcome === 'done' ? { gasUsed: outcome.gasUsed, transaction: outcome.transaction } : {}
        logger.info('settled', { jobId, chunk, attempt, macroJobs: plan.validations.length, outcome: outcome.outcome, ...gas })
      }
    },
  }
}

/** The contract's own word: ports.ts names the two that it comes as, the second for a wallet without a bond. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && ['CallRevertedError', 'InsufficientTokensError'].includes(error.name)
}

/** All that a proof is about and that may come out another way: a reorganisation draws anew, another validator signs. */
function keyOf({ statement, validations }: PlannedSettlement): string {
  return [statement.beacon, ...validations.map(({ signature }) => bytesToHex(signature))].join('/')
}
