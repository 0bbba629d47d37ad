import { chunkRoot, type SettlementChunk } from '../../src/job/settlement/chunk.ts'
import { type CircuitInput, circuitInput } from '../../src/job/settlement/circuit-input.ts'
import { drawOpenings, settlementChallenge } from '../../src/job/settlement/draw.ts'
import { wideHash } from '../../src/job/settlement/hashes.ts'
import { payoutsOf } from '../../src/job/settlement/payouts.ts'
import { publicSignalsOf, type SettlementDomain } from '../../src/job/settlement/public-signals.ts'
import type { Settlement } from '../../src/job/settlement/settle.ts'
import { encodeD } from '../../src/job/settlement/signals.ts'
import type { Shape } from '../../src/job/settlement/size-classes.ts'

/**
 * The inputs that a lying finalizer would try for `chunk`: root, draw, verdicts, payouts, D and the public signals all fit each other, and none of
 * the twin's checks was asked. `honest` gives what does not depend on the chunk.
 */
export function forgedInput(shape: Shape, chunk: SettlementChunk, honest: Settlement, domain: SettlementDomain): CircuitInput {
  const { seed, beacon, firstMacro, microJobs, blocks, macroJobs } = chunk
  const root = chunkRoot(shape, chunk)
  const challenge = settlementChallenge(seed, root, beacon)
  const drawn = drawOpenings({ seed, challenge, firstMacro, macroJobs: macroJobs.length, microJobs, blocks })
  const macros = macroJobs.map(({ counted }, i) =>
    counted === undefined ? { validator: 0n, verdict: 0n } : { validator: counted.validator, verdict: counted.opened[drawn[i]!.block]! },
  )
  const statement = { ...honest.statement, root, beacon, macros, payees: payoutsOf(macroJobs) }
  const d = encodeD(shape, statement)
  const settlement = { statement, d, c: wideHash(d), drawn }
  return circuitInput(shape, chunk, settlement, publicSignalsOf(settlement, domain))
}
