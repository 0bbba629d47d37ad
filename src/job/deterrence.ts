/**
 * The rule of deterrence of docs/PROTOCOL.md: with check probability p, a stake of S fees and an honest cost share c of the fee,
 * cheating pays only if p < c / (1 + S). Gives the largest honest cost share at which honesty still pays, 1 at most.
 */
export function deterredCostShare(checkProbability: number, stakeInFees: number): number {
  return Math.min(1, checkProbability * (1 + stakeInFees))
}

/** The chance that a MicroJob with `badBlocks` of `blocks` wrong is caught when one of its blocks is run again. */
export function checkProbability(badBlocks: number, blocks: number): number {
  return Math.min(1, badBlocks / blocks)
}
