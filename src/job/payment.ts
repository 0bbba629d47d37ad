import { keccak_256 } from '@noble/hashes/sha3.js'
import { z } from 'zod'
import type { EscrowId, EscrowTerms } from '../ports.ts'
import { bytesToBigInt, concatBytes } from './bytes.ts'
import type { Problem } from './errors.ts'
import { fieldToBytes, hexToField } from './field.ts'
import { seedCommitmentOf } from './settlement/hashes.ts'
import { MAX_BLOCKS, SIZE_CLASS_NAMES, SIZE_CLASSES, type SizeClass, sizeClassFor } from './settlement/size-classes.ts'

/**
 * Chunks of a paid Job. Each is read from the chain for itself, some three calls: 4,096 that are drawn once take a minute and a quarter at 50 ms a call, eight at
 * a time. In chunks of the largest circuit, 16 MacroJobs, this is still every MacroJob that a Job can have.
 */
export const MAX_CHUNKS = 4096

const wallet = z.string().regex(/^0x[0-9a-fA-F]{40}$/, 'expected an address such as 0x12…')
/** A whole number below 2^`bits`; `digits` is how many decimal ones that has at most. */
const below = (bits: number, digits: number) => {
  const amount = new RegExp(`^(0|[1-9][0-9]{0,${digits - 1}})$`)
  return z
    .string()
    .regex(amount, 'expected a whole number in decimal digits')
    .refine((text) => !amount.test(text) || BigInt(text) < 1n << BigInt(bits), `must be below 2^${bits}`)
}
/** The escrow keeps prices in 80 bits and bonds in 96, so that a Job fills few words of storage. */
const price = below(80, 25)
const bond = below(96, 29)

/** What a paid Job says of its escrow; its unit price and deadline stand in JobInfo itself. */
export const paymentSchema = z.strictObject({
  chainId: z.int().min(1),
  /** The contract that holds the money. */
  escrow: wallet,
  /** For validating one MacroJob, in the token's smallest unit. */
  validationPriceWei: price,
  /** For settling one MacroJob. */
  finisherPriceWei: price,
  /** What a wallet must have at stake to work, validate or settle. */
  minBondWei: bond,
  /** So many workers sign a root before it counts. */
  quorum: z.int().min(1).max(16),
})

export type Payment = z.infer<typeof paymentSchema>

/** What this file reads of a JobInfo. */
export interface Payable {
  seed: string
  wallet: string | null
  unitPriceWei: string
  deadline: number | null
  slicing: { macroJobs: number; microJobs: number; blocks: number; chunkMacroJobs: number }
  payment?: Payment | undefined
}

/** A Job that an escrow pays. */
export type Paid<Info extends Payable> = Info & { payment: Payment; wallet: string; deadline: number }

export function isPaid<Info extends Payable>(info: Info): info is Paid<Info> {
  return info.payment !== undefined
}

/** True where `chain` is the one that pays, through the escrow that it knows. */
export function isPaidBy({ chainId, escrow }: Pick<Payment, 'chainId' | 'escrow'>, chain: Pick<Payment, 'chainId' | 'escrow'>): boolean {
  return chainId === chain.chainId && escrow.toLowerCase() === chain.escrow.toLowerCase()
}

/** What one MicroJob pays: what no escrow holds is a promise, and counts as nothing. */
export function paidPriceOf({ payment, unitPriceWei }: Pick<Payable, 'payment' | 'unitPriceWei'>): bigint {
  return payment === undefined ? 0n : BigInt(unitPriceWei)
}

/** Why an escrow could not pay such a Job. */
export function paymentProblems(info: Payable): Problem[] {
  if (info.payment === undefined) return []
  const { slicing, unitPriceWei } = info
  const problems: Problem[] = []
  const expect = (holds: boolean, path: string, message: string) => void (holds || problems.push({ path, message }))
  expect(info.wallet !== null, 'wallet', 'a paid Job names the wallet that pays')
  expect(info.deadline !== null, 'deadline', 'a paid Job has a deadline: what is not settled by then is refunded')
  expect(unitPriceWei !== '0' && price.safeParse(unitPriceWei).success, 'unitPriceWei', 'a paid Job pays at least 1 and less than 2^80')
  expect(slicing.blocks <= MAX_BLOCKS, 'slicing.blocks', `a paid Job has at most ${MAX_BLOCKS} blocks a MicroJob, found ${slicing.blocks}`)
  const largest = SIZE_CLASSES[SIZE_CLASS_NAMES.at(-1)!]
  const fits = chunkMacroJobsOf(info) <= largest.macroJobs && slicing.microJobs <= largest.microJobs
  expect(fits, 'slicing', `a paid Job settles at most ${largest.name} MacroJobs × MicroJobs together`)
  const chunks = Math.ceil(slicing.macroJobs / slicing.chunkMacroJobs)
  const tooMany = `a paid Job has at most ${MAX_CHUNKS} chunks, found ${chunks}: settle more MacroJobs together`
  expect(chunks <= MAX_CHUNKS, 'slicing.chunkMacroJobs', tooMany)
  return problems
}

/** The circuit that settles the Job's chunks: the smallest with room for one. Throws NoSizeClassError where `paymentProblems` finds one. */
export function sizeClassOf(info: Payable): SizeClass {
  return sizeClassFor({ macroJobs: chunkMacroJobsOf(info), microJobs: info.slicing.microJobs })
}

function chunkMacroJobsOf({ slicing }: Payable): number {
  return Math.min(slicing.chunkMacroJobs, slicing.macroJobs)
}

/** What the requester opens the escrow with. */
export function escrowTermsOf(info: Paid<Payable>, jobId: string): EscrowTerms {
  const { slicing, payment } = info
  return {
    jobId,
    seedCommitment: seedCommitmentOf(hexToField(info.seed), escrowIdOf(info, jobId)),
    deadline: info.deadline,
    sizeClass: SIZE_CLASS_NAMES.indexOf(sizeClassOf(info).name),
    quorum: payment.quorum,
    macroJobs: slicing.macroJobs,
    chunkMacroJobs: chunkMacroJobsOf(info),
    microJobs: slicing.microJobs,
    blocks: slicing.blocks,
    unitPriceWei: BigInt(info.unitPriceWei),
    validationPriceWei: BigInt(payment.validationPriceWei),
    finisherPriceWei: BigInt(payment.finisherPriceWei),
    minBondWei: BigInt(payment.minBondWei),
  }
}

/** What the escrow takes in for the whole Job. */
export function budgetOf({ slicing, unitPriceWei, payment }: Paid<Payable>): bigint {
  const { validationPriceWei, finisherPriceWei } = payment
  return budgetOfTerms({
    macroJobs: slicing.macroJobs,
    microJobs: slicing.microJobs,
    unitPriceWei: BigInt(unitPriceWei),
    validationPriceWei: BigInt(validationPriceWei),
    finisherPriceWei: BigInt(finisherPriceWei),
  })
}

/** The same, of the terms that an escrow is opened on: in the token's smallest unit. */
export function budgetOfTerms(
  terms: Pick<EscrowTerms, 'macroJobs' | 'microJobs' | 'unitPriceWei' | 'validationPriceWei' | 'finisherPriceWei'>,
): bigint {
  const { macroJobs, microJobs, unitPriceWei, validationPriceWei, finisherPriceWei } = terms
  return BigInt(macroJobs) * (BigInt(microJobs) * unitPriceWei + validationPriceWei + finisherPriceWei)
}

/** The Job's id in the escrow that pays it. */
export function escrowIdOf({ payment, wallet }: Paid<Payable>, jobId: string): EscrowId {
  return escrowIdIn(payment, wallet, jobId)
}

/** The id of `requester`'s Job in an escrow, as `jobIdOf` there: 31 bytes of keccak256(chain, escrow, requester, infoHash). */
export function escrowIdIn({ chainId, escrow }: Pick<Payment, 'chainId' | 'escrow'>, requester: string, jobId: string): EscrowId {
  // Four words of 32 bytes, as abi.encode writes them.
  const words = [BigInt(chainId), BigInt(escrow), BigInt(requester), BigInt(infoHashOf(jobId))]
  return bytesToBigInt(keccak_256(concatBytes(...words.map(fieldToBytes)))) >> 8n
}

/** The protocol's id of a Job is the hash of JobInfo already: 31 bytes, here in a word, so that it is an element of the field as it stands. */
export function infoHashOf(jobId: string): string {
  return `0x${jobId.padStart(64, '0')}`
}
