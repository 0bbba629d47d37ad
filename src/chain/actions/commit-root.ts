import type { ActionOptions, ChainOutcome, RootCommit } from '../../ports.ts'
import { type ActionComponents, act } from './act.ts'

/** Fixes the leaves of an attempt. Another root that stands there already is refused, as AttemptTaken. */
export function commitRoot(components: ActionComponents, commit: RootCommit, options?: ActionOptions): Promise<ChainOutcome> {
  const { escrowId, chunk, attempt, root, proposal, signatures } = commit
  const isDone = async (at: ActionOptions) => {
    const found = await components.state.attempt(commit, at)
    return found?.root === root && found.proposal === proposal.toLowerCase()
  }
  return act(components, { name: 'commitRoot', args: [escrowId, chunk, attempt, root, proposal, signatures], isDone }, options)
}
