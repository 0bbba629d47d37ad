import { budgetOfTerms, infoHashOf } from '../../job/payment.ts'
import type { ActionOptions, ChainOutcome, EscrowJob, EscrowTerms } from '../../ports.ts'
import { type ActionComponents, act } from './act.ts'

/** Pays the Job's whole price into escrow: permit and opening in one transaction. Done where the escrow has the Job on the same terms. */
export function openEscrow(components: ActionComponents, terms: EscrowTerms, options?: ActionOptions): Promise<ChainOutcome> {
  const { sender, state, permits } = components
  const escrowId = state.escrowIdOf(sender.address, terms.jobId)
  return act(
    components,
    {
      name: 'openWithPermit',
      args: async (at) => [contractTerms(terms), await permits.sign(budgetOfTerms(terms), at)],
      isDone: async (at) => {
        const job = await state.job(escrowId, at)
        return job !== undefined && isOn(job, terms)
      },
    },
    options,
  )
}

function isOn(job: EscrowJob, { jobId: _, ...terms }: EscrowTerms): boolean {
  return Object.entries(terms).every(([name, value]) => job[name as keyof typeof terms] === value)
}

function contractTerms(terms: EscrowTerms) {
  const { jobId, unitPriceWei, validationPriceWei, finisherPriceWei, minBondWei, ...rest } = terms
  const prices = { unitPrice: unitPriceWei, validationPrice: validationPriceWei, finisherPrice: finisherPriceWei, minBond: minBondWei }
  return { ...rest, ...prices, infoHash: infoHashOf(jobId) }
}
