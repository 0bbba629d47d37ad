import type { SizeClassName } from '../../src/job/settlement/size-classes.ts'
import type { Logger } from '../../src/log.ts'
import type { Prover } from '../../src/ports.ts'
import { parsePinnedKey } from '../../src/proof/pinned-key.ts'
import { createProver } from '../../src/proof/prover.ts'
import { buildArtifacts } from './artifacts.ts'
import { readPinned } from './pin.ts'

/** A prover with the INSECURE development keys of these size classes, which are built where they are missing. For tests, demo and devnet. */
export async function createInsecureDevProver(
  components: { logger?: Logger },
  { names }: { names: readonly SizeClassName[] },
): Promise<Prover> {
  const circuits = []
  for (const name of names) circuits.push([name, { ...(await buildArtifacts(name)), key: parsePinnedKey(readPinned(name)) }] as const)
  return createProver(components, { circuits: Object.fromEntries(circuits) })
}
