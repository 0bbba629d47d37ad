import type { ActionOptions, ChainOutcome, Conviction, Statement } from '../../ports.ts'
import { CallRevertedError } from '../errors.ts'
import { type Action, type ActionComponents, act } from './act.ts'

/** Burns a share of the culprit's bond. Done where it was convicted of the same before. */
export async function convict(components: ActionComponents, conviction: Conviction, options?: ActionOptions): Promise<ChainOutcome> {
  try {
    return await act(components, callOf(conviction), options)
  } catch (error) {
    if (error instanceof CallRevertedError && error.error === 'ConvictedBefore') return { outcome: 'already-done' }
    throw error
  }
}

const WRONG = { 'leaf-commit': 'convictWrongLeaf', verdict: 'convictWrongVerdict', recheck: 'convictWrongRecheck' } as const

function callOf(conviction: Conviction): Action {
  switch (conviction.offence) {
    case 'two-leaves':
      return { name: 'convictTwoLeaves', args: [contractStatement(conviction.commit), conviction.otherLeaf, conviction.signatures] }
    case 'two-verdicts':
      return { name: 'convictTwoVerdicts', args: [contractStatement(conviction.verdict), conviction.otherVerdict, conviction.signatures] }
    case 'two-rechecks':
      return { name: 'convictTwoRechecks', args: [contractStatement(conviction.recheck), conviction.otherBlockHash, conviction.signatures] }
    case 'wrong-statement': {
      const { statement, signature, recheck, witnesses } = conviction
      return { name: WRONG[statement.kind], args: [contractStatement(statement), signature, contractStatement(recheck), witnesses] }
    }
  }
}

/** The statement as the contract names its fields. */
function contractStatement({ kind: _, escrowId, ...fields }: Statement): Record<string, unknown> {
  return { jobId: escrowId, ...fields }
}
