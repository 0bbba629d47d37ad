import { createHash } from 'node:crypto'
import type { Patience } from '../../../src/job/patience.ts'
import type { JobRecord } from '../../../src/job/records.ts'
import type { BlockResult, Chain, Compute, ComputeBlock, WalletStake } from '../../../src/ports.ts'
import type { EscrowComponents } from '../../../src/roles/escrow-worker.ts'
import type { JobSession } from '../../../src/roles/job-session.ts'
import type { JobSessions } from '../../../src/roles/job-sessions.ts'

/** In what a peer of a test differs from an honest one; it travels as JSON on the command line. */
export interface Behaviour {
  /** Shorter than an operator's, for a test that waits for it. */
  patience?: Partial<Patience>
  /** Each call of the device takes so much longer, so that a test has time to interfere. */
  slowMs?: number
  /** Returns wrong results: always, or only where it judges others. */
  lies?: 'always' | 'as-validator'
  /** Adds this to each number of its results. */
  noise?: number
  /** Says that its device computes floats like this. */
  fingerprint?: string
  /** Never writes records of these kinds. */
  withholds?: JobRecord['kind'][]
  /** Never opens what it has committed to in these MacroJobs. */
  hides?: number[]
  /** Publishes the Job's code in the place of the report, before anybody else has its turn. */
  forgesReport?: boolean
  /** Makes its results known under a name that nobody has. */
  unserved?: boolean
  /** Fills the logs of its Jobs without end. */
  bombs?: boolean
  /** Takes part in paid Jobs as if its wallet had a bond, which it has not. */
  bondless?: boolean
}

/** The compute service between the peer and its device; it tells of each call that the device has answered. */
export function misbehavingCompute(
  compute: Compute,
  { slowMs = 0, lies, noise = 0, fingerprint }: Behaviour,
  onComputed: () => void,
): Compute {
  const falsify = ({ output, deviceMs }: BlockResult): BlockResult => {
    const wrong = Uint8Array.from(output)
    if (lies !== undefined) wrong[0] = (wrong[0] as number) ^ 1
    if (noise !== 0) addTo(wrong, noise)
    return { output: wrong, hash: new Uint8Array(createHash('sha256').update(wrong).digest()), deviceMs }
  }
  return {
    device: async () => ({ ...(await compute.device()), ...(fingerprint !== undefined && { fingerprint }) }),
    check: (...call) => compute.check(...call),
    stop: () => compute.stop(),
    async run(program, blocks, options) {
      if (slowMs > 0) await new Promise((resolve) => setTimeout(resolve, slowMs))
      const results = await compute.run(program, blocks, options)
      onComputed()
      const lying = noise !== 0 || lies === 'always' || (lies === 'as-validator' && judges(blocks))
      return lying ? results.map(falsify) : results
    },
  }
}

/** Only a validator runs blocks of several MicroJobs in one call. */
function judges(blocks: readonly ComputeBlock[]): boolean {
  return new Set(blocks.map(({ params }) => params[9])).size > 1
}

function addTo(bytes: Uint8Array, noise: number) {
  const values = new Float32Array(bytes.buffer)
  for (const [index, value] of values.entries()) values[index] = value + noise
}

/** The chain as a peer would like to see it: its own wallet has all the bond that anybody may ask for. */
export function boastfulEscrow(escrow: EscrowComponents, { bondless = false }: Behaviour): EscrowComponents {
  if (!bondless) return escrow
  const { chain } = escrow
  const boast = <S extends WalletStake>(wallet: string, found: S): S =>
    wallet.toLowerCase() === chain.wallet.toLowerCase() ? { ...found, bondWei: BOAST_WEI } : found
  const balances: Chain['balances'] = async (wallet = chain.wallet, options) => boast(wallet, await chain.balances(wallet, options))
  const stake: Chain['stake'] = async (wallet, options) => boast(wallet, await chain.stake(wallet, options))
  return { ...escrow, chain: { ...chain, balances, stake } }
}

/** More than the escrow's type of a bond could hold of anything else. */
const BOAST_WEI = 1n << 95n

/** The sessions of a peer that keeps records of some kinds back, or writes false ones. */
export function withholdingSessions(
  sessions: JobSessions,
  { withholds = [], hides = [], forgesReport = false, unserved = false }: Behaviour,
): JobSessions {
  const isKept = (record: JobRecord) => withholds.includes(record.kind) || (record.kind === 'reveal' && hides.includes(record.macro))
  const falsify = (session: JobSession, record: JobRecord): JobRecord => {
    if (record.kind === 'report' && forgesReport) return { ...record, cid: session.view.info?.code.cid as string }
    const isResult = record.kind === 'reveal' && record.micro < (session.view.info?.slicing.microJobs ?? 0)
    return isResult && unserved ? { ...record, cid: `bafkrei${'a'.repeat(52)}` } : record
  }
  const wrap = (session: JobSession): JobSession => ({
    ...session,
    append: (...records) => session.append(...records.filter((record) => !isKept(record)).map((record) => falsify(session, record))),
  })
  return { open: async (...call) => wrap(await sessions.open(...call)) }
}
